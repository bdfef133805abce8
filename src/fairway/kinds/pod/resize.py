"""The ``resize`` subresource of pods: CPU and memory of containers, changed while they run.

Source: KEP-1287; Kubernetes docs, "Resize CPU and Memory Resources assigned to Containers".
"""

from collections.abc import Iterator

from fairway.kinds.pod.lifecycle import quality
from fairway.kinds.rules.pod_spec import problems
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value

_LISTS = ("containers", "initContainers")
_CHANGEABLE = ("cpu", "memory")


def resized(new: Object, old: Object) -> Object:
    """The old spec with the resources that ``new`` has for containers of the same place and name."""
    spec = dict(old["spec"])
    for name in _LISTS:
        if not old["spec"].get(name):
            continue
        wanted = (new["spec"].get(name) or []) + [{}] * len(old["spec"][name])
        spec[name] = [_container(one, other) for one, other in zip(old["spec"][name], wanted, strict=False)]
    return spec


def _container(old: Object, wanted: Object) -> Object:
    if wanted.get("name") != old.get("name"):
        return old
    kept = {**old}
    kept.pop("resources", None)
    return {**kept, "resources": wanted["resources"]} if "resources" in wanted else kept


def resize_problems(new: Object, old: Object | None) -> Iterator[Problem]:
    """Only CPU and memory change, none is taken away, and the pod's class stays."""
    if old is None:
        return
    yield from problems("spec", new["spec"], is_pod=True)
    for name in _LISTS:
        for index, (now, was) in enumerate(zip(new["spec"].get(name) or (), old["spec"].get(name) or (), strict=False)):
            if name == "initContainers" and now.get("restartPolicy") != "Always":
                if now.get("resources") != was.get("resources"):
                    yield forbidden_value("spec", "resources for non-sidecar init containers are immutable")
                continue
            yield from _changes(f"spec.{name}[{index}].resources", now.get("resources"), was.get("resources"))
    if quality(new["spec"]) != quality(old["spec"]):
        detail = "Pod QOS Class may not change as a result of resizing"
        yield invalid_value("spec", (old.get("status") or {}).get("qosClass"), detail)


def _changes(path: str, now: Object | None, was: Object | None) -> Iterator[Problem]:
    for kind in ("limits", "requests"):
        amounts, before = (now or {}).get(kind) or {}, (was or {}).get(kind) or {}
        others = {name for name in {*amounts, *before} if amounts.get(name) != before.get(name)} - set(_CHANGEABLE)
        if others:
            yield forbidden_value("spec", "only cpu and memory resources are mutable")
        for name in _CHANGEABLE:
            if name in before and name not in amounts:
                yield forbidden_value(f"{path}.{kind}", f"resource {kind} cannot be removed")
