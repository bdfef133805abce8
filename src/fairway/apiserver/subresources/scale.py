"""The ``scale`` subresource: how many replicas, in one form for every kind that has them.

Source: Kubernetes API reference, "Scale v1 autoscaling".
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from fairway.apiserver import patching, write_options
from fairway.apiserver.call import Call
from fairway.apiserver.reply import Found, Made, Reply
from fairway.apiserver.stored import Stored
from fairway.apiserver.verbs.get import current
from fairway.objects import Object
from fairway.objects.errors import (
    Problem,
    StatusError,
    bad_request,
    conflict,
    invalid,
    invalid_value,
)
from fairway.objects.labels import from_label_selector, from_map

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_MAX = 2**31
WantedFor = Callable[[Stored], Object]
"""The Scale that is asked for, given the present state."""


def scale_of(found: Object) -> Object:
    """The Scale of an object with ``spec.replicas``."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {field: metadata[field] for field in kept if field in metadata},
        "spec": {"replicas": spec.get("replicas", 0)},
        "status": {"replicas": status.get("replicas", 0), "selector": _selector_text(spec.get("selector"))},
    }


def _selector_text(selector: Object | None) -> str:
    """A LabelSelector or, in ReplicationControllers, a plain map, as text."""
    if not selector:
        return ""
    if "matchLabels" in selector or "matchExpressions" in selector:
        return str(from_label_selector(selector))
    return str(from_map(selector))


def get_scale(call: Call, api: "Api") -> Reply:
    """Raises: ``StatusError`` 404."""
    return Made(scale_of(current(call, api).object))


async def update_scale(call: Call, api: "Api") -> Reply:
    """PUT.  Raises: ``StatusError`` 400, 404, 409, 422."""
    write_options.check(call.options, "UpdateOptions")
    if not isinstance(call.body, dict):
        raise bad_request("the body of a scale must be a Scale")
    return await _scale(call, api, lambda _: call.body or {})


async def patch_scale(call: Call, api: "Api") -> Reply:
    """PATCH.  Raises: ``StatusError`` 400, 404, 409, 415, 422."""
    write_options.check(call.options, "PatchOptions")
    media, given = patching.read(call)
    return await _scale(
        call, api, lambda old: patching.apply(scale_of(old.copy()), media, given, "autoscaling/v1", "Scale")
    )


async def _scale(call: Call, api: "Api", wanted_for: WantedFor) -> Reply:
    kind = call.kind
    for attempts_left in range(api.settings.limits.conflict_tries, 0, -1):
        old = current(call, api)
        wanted = wanted_for(old)
        replicas = _checked(call, wanted, old)
        new = old.copy()
        new.setdefault("spec", {})["replicas"] = replicas
        try:
            return _scaled(await api.write(_of_parent(call), new, old))
        except StatusError as error:
            named = (wanted.get("metadata") or {}).get("resourceVersion")
            if error.reason != "Conflict" or attempts_left == 1 or (named and call.verb == "update"):
                raise
        await api.cache.wait_newer(kind, call.namespace, call.name, old.revision)
    raise AssertionError("the last attempt returns or raises")


def _of_parent(call: Call) -> Call:
    """The write behind a scale is one of the whole object."""
    return Call(
        "update", call.kind, call.user, namespace=call.namespace, name=call.name,
        options=call.options, user_agent=call.user_agent, warnings=call.warnings,
    )  # fmt: skip


def _scaled(reply: Reply) -> Reply:
    match reply:
        case Found(stored):
            return Made(scale_of(stored.object))
        case Made(made):
            return Made(scale_of(made))
    raise TypeError("a write replies with an object")


def _checked(call: Call, wanted: Object, old: Stored) -> int:
    """The replicas that ``wanted`` asks for.  Raises: ``StatusError`` 400, 409, 422."""
    metadata, spec = wanted.get("metadata") or {}, wanted.get("spec") or {}
    if not isinstance(metadata, dict) or not isinstance(spec, dict):
        raise bad_request("metadata and spec of a Scale must be objects")
    name = metadata.get("name") or call.name
    if name != call.name:
        raise bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    problems = list(_problems(spec.get("replicas", 0)))
    if problems:
        raise invalid("autoscaling", "Scale", call.name, problems)
    asked = metadata.get("resourceVersion")
    if asked and asked != str(old.revision):
        raise conflict(call.kind.group, call.kind.plural, call.name)
    replicas: int = spec.get("replicas") or 0
    return replicas


def _problems(replicas: object) -> Iterator[Problem]:
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas >= _MAX:
        yield invalid_value("spec.replicas", replicas, "must be an integer")
    elif replicas < 0:
        yield invalid_value("spec.replicas", replicas, "must be greater than or equal to 0")
