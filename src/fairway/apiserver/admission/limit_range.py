"""LimitRanger: containers get the limits of their namespace, and pods and claims that break them are refused.

Source: Kubernetes docs, "Limit Ranges", "Admission Controllers", LimitRanger.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import LIMIT_RANGE, POD
from fairway.kinds.limit_range import CLAIM, CONTAINER
from fairway.kinds.limit_range import POD as WHOLE_POD
from fairway.kinds.rules.pod_amounts import Amounts, amounts, of_pod
from fairway.objects import Object
from fairway.objects.errors import forbidden
from fairway.objects.quantity import Quantity

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

ANNOTATION = "kubernetes.io/limit-ranger"
_LISTS = (("containers", "container"), ("initContainers", "init container"))
_CLAIMS = "persistentvolumeclaims"
Rule = Callable[[str, Quantity, Quantity | None, Quantity | None], str]
"""(what of whom, the bound, request, limit) -> what is wrong, or nothing."""


def limit_range_defaults(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Complete the containers of a new pod."""
    if call.kind is POD and old is None:
        for found in _of_namespace(call, api):
            fill(new, found)


def limit_range_check(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Raises: ``StatusError`` 403 for a pod or claim beyond the bounds of its namespace."""
    is_pod = call.kind is POD and old is None
    is_claim = call.kind.plural == _CLAIMS and not new["metadata"].get("deletionTimestamp")
    if call.subresource or not (is_pod or is_claim):
        return
    for found in _of_namespace(call, api):
        texts = list(dict.fromkeys(problems(call.kind.plural, new, found)))
        if texts:
            why = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
            raise forbidden(call.kind.group, call.kind.plural, new["metadata"].get("name") or "", why)


def _of_namespace(call: Call, api: "Api") -> Iterator[Object]:
    ranges = api.cache.of(LIMIT_RANGE)
    if ranges.live:
        for key in ranges.keys(f"{LIMIT_RANGE.prefix}{call.namespace}/"):
            yield ranges.live[key].object


def fill(pod: Object, limit_range: Object) -> None:
    """Give the containers of ``pod`` what they leave out.  Pure; an annotation tells what was filled in."""
    limits: Object = {}
    requests: Object = {}
    for item in limit_range["spec"].get("limits") or ():
        if item.get("type") == CONTAINER:
            limits.update(item.get("default") or {})
            requests.update(item.get("defaultRequest") or {})
    told: list[str] = []
    for field, word in _LISTS:
        for container in pod["spec"].get(field) or ():
            told += _filled(container, "requests", requests, f"request for {word}")
            told += _filled(container, "limits", limits, f"limit for {word}")
    if told:
        annotations = pod["metadata"]["annotations"] = dict(pod["metadata"].get("annotations") or {})
        annotations[ANNOTATION] = f"LimitRanger plugin set: {'; '.join(told)}"


def _filled(container: Object, field: str, given: Object, what: str) -> Iterator[str]:
    resources = container["resources"]
    missing = sorted(given.keys() - (resources.get(field) or {}).keys())
    if missing:
        resources[field] = {**(resources.get(field) or {}), **{name: given[name] for name in missing}}
        yield f"{', '.join(missing)} {what} {container.get('name') or ''}"


def problems(plural: str, new: Object, limit_range: Object) -> Iterator[str]:
    """Every bound that a pod or claim breaks.  Pure."""
    for item in limit_range["spec"].get("limits") or ():
        if plural == _CLAIMS:
            if item.get("type") == CLAIM:
                resources = (new.get("spec") or {}).get("resources") or {}
                yield from _broken(item, amounts(resources.get("requests")), {}, most=_request_at_most)
        elif item.get("type") == CONTAINER:
            for field, _ in _LISTS:
                for container in new["spec"].get(field) or ():
                    own = container.get("resources") or {}
                    yield from _broken(item, amounts(own.get("requests")), amounts(own.get("limits")))
        elif item.get("type") == WHOLE_POD:
            spec = new["spec"]
            requests, limits = (of_pod(spec, field, with_overhead=False) for field in ("requests", "limits"))
            yield from _broken(item, requests, limits)


def _broken(item: Object, requests: Amounts, limits: Amounts, *, most: "Rule | None" = None) -> Iterator[str]:
    rules: tuple[tuple[str, Rule], ...] = (
        ("min", _at_least), ("max", most or _at_most), ("maxLimitRequestRatio", _ratio),
    )  # fmt: skip
    for field, rule in rules:
        if field == "maxLimitRequestRatio" and item["type"] == CLAIM:
            continue
        for name, bound in sorted(amounts(item.get(field)).items()):
            what = f"{name} max limit to request ratio" if rule is _ratio else f"{name} usage"
            text = rule(f"{what} per {item['type']} is {bound}", bound, requests.get(name), limits.get(name))
            if text:
                yield text


def _at_least(what: str, bound: Quantity, request: Quantity | None, limit: Quantity | None) -> str:
    if request is None:
        return f"minimum {what}.  No request is specified"
    if request < bound:
        return f"minimum {what}, but request is {request}"
    if limit is not None and limit < bound:
        return f"minimum {what}, but limit is {limit}"
    return ""


def _at_most(what: str, bound: Quantity, request: Quantity | None, limit: Quantity | None) -> str:
    if limit is None:
        return f"maximum {what}.  No limit is specified"
    if limit > bound:
        return f"maximum {what}, but limit is {limit}"
    if request is not None and request > bound:
        return f"maximum {what}, but request is {request}"
    return ""


def _request_at_most(what: str, bound: Quantity, request: Quantity | None, _: Quantity | None) -> str:
    if request is None:
        return f"maximum {what}.  No request is specified"
    return f"maximum {what}, but request is {request}" if request > bound else ""


def _ratio(what: str, bound: Quantity, request: Quantity | None, limit: Quantity | None) -> str:
    if not request:
        return f"{what}, but no request is specified or request is 0"
    if not limit:
        return f"{what}, but no limit is specified or limit is 0"
    ratio = limit.nano / request.nano
    return f"{what}, but provided ratio is {ratio:f}" if ratio > bound.nano / 10**9 else ""
