"""Judge: what one quota has to say to one new or changed object.  Pure.

Source: Kubernetes docs, "Resource Quotas"; the texts are upstream's, which clients show.
"""

from collections.abc import Container, Iterable

from fairway.apiserver.quota import usage
from fairway.apiserver.quota.scopes import matches
from fairway.kinds.kind import Kind
from fairway.kinds.rules.pod_amounts import Amounts, add, amounts
from fairway.objects import Object
from fairway.objects.quantity import ZERO

_MUST_BE_SAID = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")


class Exceeded(Exception):
    """There is not enough left, or not said how much is wanted; the text is what ends ``is forbidden: ...``."""


def taken(kind: Kind, new: Object, old: Object | None) -> Amounts:
    """What a write adds to what is in use; less never counts as more room."""
    found = usage.of(kind, new)
    if old is not None:
        before = usage.of(kind, old)
        found = {name: value - before.get(name, ZERO) for name, value in found.items()}
    return {name: value for name, value in found.items() if value > ZERO}


def charged(quota: Object, kind: Kind, new: Object, old: Object | None) -> Object | None:
    """The quota's ``status.used`` with the object, ``None`` if the quota is not about it.  Raises: ``Exceeded``."""
    status = quota.get("status") or {}
    names = usage.speaks_of(kind, status.get("hard") or {})
    if not names or not matches(quota, kind, new):
        return None
    name = quota["metadata"]["name"]
    if kind.plural == usage.PODS and not kind.group:
        _check_said(name, new["spec"], names)
    used = status.get("used") or {}
    unknown = [one for one in names if one not in used]
    if unknown:
        raise Exceeded(f"status unknown for quota: {name}, resources: {','.join(sorted(unknown))}")
    added = {one: value for one, value in taken(kind, new, old).items() if one in names}
    if not added:
        return None
    present, hard = amounts(used), amounts(status["hard"])
    after = {one: present[one] + value for one, value in added.items()}
    over = sorted(one for one, value in after.items() if value > hard[one])
    if over:
        raise Exceeded(
            f"exceeded quota: {name}, requested: {_shown(over, added)}, used: {_shown(over, present)}, "
            f"limited: {_shown(over, hard)}"
        )
    return {**used, **{one: str(value) for one, value in after.items()}}


def _shown(names: Iterable[str], found: Amounts) -> str:
    return ",".join(f"{name}={found.get(name, ZERO)}" for name in names)


def _check_said(quota: str, spec: Object, names: list[str]) -> None:
    """Where a quota counts CPU or memory, every container says how much it wants.  Raises: ``Exceeded``."""
    wanted = [name for name in _MUST_BE_SAID if name in names]
    whole = _said(spec)
    missing: dict[str, list[str]] = {}
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        said = whole | _said(container)
        for name in wanted:
            if name not in said:
                missing.setdefault(name, []).append(container.get("name") or "")
    if missing:
        listed = "; ".join(f"{name} for: {','.join(sorted(missing[name]))}" for name in sorted(missing))
        raise Exceeded(f"failed quota: {quota}: must specify {listed}")


def _said(part: Object) -> set[str]:
    resources = part.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    return {*requests, *(f"requests.{name}" for name in requests), *(f"limits.{name}" for name in limits)}


def add_up(quota: Object, kind: Kind, found: Iterable[Object], sums: Amounts) -> None:
    """Add what ``found`` take of the quota, those in its scopes, to ``sums``."""
    hard = quota["spec"].get("hard") or {}
    for one in found:
        if not _has_scopes(quota) or matches(quota, kind, one):
            add(sums, {name: value for name, value in usage.of(kind, one).items() if name in hard})


def status(quota: Object, sums: Amounts, counts: dict[str, int], known: Container[str]) -> Object:
    """What a quota's status should be: ``sums`` of what was weighed, ``counts`` of other objects by name.

    What no kind takes is in use only if it was before: ``known`` holds the other names.
    """
    hard = quota["spec"].get("hard") or {}
    if not hard:
        return {}
    numbers = {} if _has_scopes(quota) else {name: usage.pieces(count) for name, count in counts.items()}
    before = (quota.get("status") or {}).get("used") or {}
    used = {name: str(sums.get(name, numbers.get(name, ZERO))) for name in hard if name in known}
    used |= {name: before[name] for name in hard if name not in known and name in before}
    return {"hard": dict(hard), "used": used} if used else {"hard": dict(hard)}


def _has_scopes(quota: Object) -> bool:
    spec = quota["spec"]
    return bool(spec.get("scopes") or (spec.get("scopeSelector") or {}).get("matchExpressions"))
