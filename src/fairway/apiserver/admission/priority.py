"""Priority: a pod is given the number of its class once and for all; at most one class is that of pods without one.

Source: Kubernetes docs, "Pod Priority and Preemption"; "Admission Controllers", Priority.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import POD, PRIORITY_CLASS
from fairway.kinds.priority_class import SYSTEM_CLASSES
from fairway.objects import Object
from fairway.objects.errors import forbidden

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api


def priority(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Complete a new pod, check a new class.  Raises: ``StatusError`` 403."""
    if call.kind is POD and isinstance(new.get("spec"), dict):
        if old is None:
            _fill(new, new["spec"], api)
        else:
            _keep(new["spec"], old["spec"])
    elif call.kind is PRIORITY_CLASS and new.get("globalDefault") is True:
        _check_default(new, api)


def _fill(new: Object, spec: Object, api: "Api") -> None:
    name = new["metadata"].get("name") or ""
    asked = spec.get("priorityClassName") or ""
    found = _class_of(asked, api) if asked else _default(api)
    if asked and found is None:
        raise forbidden("", "pods", name, f"no PriorityClass with name {asked} was found")
    value = found["value"] if found else 0
    if spec.get("priority") not in (None, value):
        why = (
            f"the integer value of priority ({spec['priority']}) must not be provided in pod spec; "
            f"priority admission controller computed {value} from the given PriorityClass name"
        )
        raise forbidden("", "pods", name, why)
    policy = (found or {}).get("preemptionPolicy") or "PreemptLowerPriority"
    if spec.get("preemptionPolicy") not in (None, policy):
        why = (
            f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be provided in pod spec; "
            f"priority admission controller computed {policy} from the given PriorityClass name"
        )
        raise forbidden("", "pods", name, why)
    if found and not asked:
        spec["priorityClassName"] = found["metadata"]["name"]
    spec["priority"], spec["preemptionPolicy"] = value, policy


def _keep(spec: Object, old: Object) -> None:
    """Who writes a pod anew from its manifest need not know its number."""
    for field in ("priority", "preemptionPolicy"):
        if spec.get(field) is None and old.get(field) is not None:
            spec[field] = old[field]


def _class_of(name: str, api: "Api") -> Object | None:
    """The class of that name; the system's are there even when somebody has deleted them."""
    stored = api.cache.get(PRIORITY_CLASS, None, name)
    if stored is not None:
        return stored.object
    known = SYSTEM_CLASSES.get(name)
    return {"metadata": {"name": name}, "value": known[0]} if known else None


def _classes(api: "Api") -> Iterator[Object]:
    return (entry.object for entry in api.cache.of(PRIORITY_CLASS).live.values())


def _default(api: "Api") -> Object | None:
    """The class of pods that name none; of several the one of the lowest value."""
    marked = [each for each in _classes(api) if each.get("globalDefault")]
    return min(marked, key=lambda each: (each["value"], each["metadata"]["name"]), default=None)


def _check_default(new: Object, api: "Api") -> None:
    name = new["metadata"].get("name") or ""
    found = _default(api)
    if found is not None and found["metadata"]["name"] != name:
        why = f"PriorityClass {found['metadata']['name']} is already marked as default. Only one default can exist"
        raise forbidden(PRIORITY_CLASS.group, PRIORITY_CLASS.plural, name, why)
