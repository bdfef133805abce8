"""Resizing: whether the CPU and memory that a running pod now asks for can be given, and what that changes.  Pure.

Words: *asked* is what the spec says, *granted* what this node has promised, *applied* what a running container has.
Source: KEP-1287; Kubernetes docs, "Resize CPU and Memory Resources assigned to Containers"; the kubelet's texts.
"""

from collections.abc import Iterable, Iterator, Mapping

import orjson

from fairway.node.pod_spec import all_containers, init_containers, is_sidecar
from fairway.node.pod_view import Waiting
from fairway.objects import Object
from fairway.objects.quantity import Quantity, parse

RESOURCES = ("cpu", "memory")
INFEASIBLE, DEFERRED = "Infeasible", "Deferred"
ZERO = Quantity(0)


def asked_of(container: Object) -> Object:
    """The resources in a container's spec."""
    found: Object = container.get("resources") or {}
    return found


def is_same(one: Object, other: Object) -> bool:
    """Whether two containers' resources are equal amounts of CPU and memory."""
    return not changed(one, other)


def changed(one: Object, other: Object) -> set[str]:
    """The resources of which the two have different amounts."""
    return {
        name
        for name in RESOURCES
        for kind in ("requests", "limits")
        if _amount(one, kind, name) != _amount(other, kind, name)
    }


def _amount(resources: Object, kind: str, name: str) -> Quantity | None:
    found = (resources.get(kind) or {}).get(name)
    return None if found is None else parse(str(found))


def is_resizable(pod: Object, name: str) -> bool:
    """Whether a container may be resized: main ones and sidecars, not what runs once before or beside them."""
    plain = [container["name"] for container in init_containers(pod) if not is_sidecar(container)]
    return name not in plain and any(container["name"] == name for container in all_containers(pod))


def restarts(container: Object, old: Object, new: Object) -> bool:
    """Whether the container wants to be started anew for this change."""
    policies = {entry.get("resourceName"): entry.get("restartPolicy") for entry in container.get("resizePolicy") or ()}
    return any(policies.get(name) == "RestartContainer" for name in changed(old, new))


def requested(pod: Object, granted: Mapping[str, Object]) -> dict[str, Quantity]:
    """What a pod takes of the node: what it says itself, or else the larger of what its init containers need in turn
    and all others together.

    ``granted``: by the container's name; of those without an entry what the spec asks for counts.
    """
    return {name: _requested(pod, granted, name) for name in RESOURCES}


def _requested(pod: Object, granted: Mapping[str, Object], name: str) -> Quantity:
    overhead = parse(str((pod["spec"].get("overhead") or {}).get(name) or 0))
    whole = _amount(asked_of(pod["spec"]), "requests", name)
    if whole is not None:
        return whole + overhead
    together, most = ZERO, ZERO
    for container in init_containers(pod):
        amount = _promised(container, granted, name)
        if is_sidecar(container):
            together += amount
            most = max(most, together)
        else:
            most = max(most, together + amount)
    for container in pod["spec"].get("containers") or ():
        together += _promised(container, granted, name)
    return max(most, together) + overhead


def _promised(container: Object, granted: Mapping[str, Object], name: str) -> Quantity:
    resources = granted.get(container["name"], asked_of(container))
    amount = _amount(resources, "requests", name)
    return (amount if amount is not None else _amount(resources, "limits", name)) or ZERO


def refusal(
    asked: Mapping[str, Quantity],
    had: Mapping[str, Quantity],
    others: Iterable[Mapping[str, Quantity]],
    allocatable: Mapping[str, str],
) -> Waiting | None:
    """Why a pod that takes ``had`` cannot take ``asked`` beside the others: never on this node, or not now.

    What does not grow is never refused.
    """
    taken = list(others)
    growing = [name for name in RESOURCES if asked[name] > had[name] and name in allocatable]
    for name in growing:
        if asked[name] > parse(allocatable[name]):
            amounts = f"requested: {_shown(name, asked[name])}, capacity: {_shown(name, parse(allocatable[name]))}"
            return Waiting(INFEASIBLE, f"Node didn't have enough capacity: {name}, {amounts}")
    for name in growing:
        used = sum((each[name] for each in taken), start=ZERO)
        if used + asked[name] > parse(allocatable[name]):
            amounts = (
                f"requested: {_shown(name, asked[name])}, used: {_shown(name, used)}, "
                f"capacity: {_shown(name, parse(allocatable[name]))}"
            )
            return Waiting(DEFERRED, f"Node didn't have enough resource: {name}, {amounts}")
    return None


def _shown(name: str, amount: Quantity) -> str:
    """CPU in thousandths, memory in bytes, as the kubelet counts."""
    return str(amount.milli if name == "cpu" else amount.whole)


def story(pod: Object, granted: Mapping[str, Object], prefix: str, error: str = "") -> str:
    """The text of an event about a resize: what the containers have by then."""
    containers = [
        {"name": container["name"], "resources": granted[container["name"]]}
        for container in _listed(pod)
        if container["name"] in granted
    ]
    told: Object = {"containers": containers}
    if (generation := pod["metadata"].get("generation")) is not None:
        told["generation"] = generation
    if error:
        told["error"] = error
    return f"{prefix}: {orjson.dumps(told).decode()}"


def _listed(pod: Object) -> Iterator[Object]:
    yield from (container for container in init_containers(pod) if is_sidecar(container))
    yield from pod["spec"].get("containers") or ()
