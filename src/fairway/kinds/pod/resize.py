"""The ``resize`` subresource of pods: CPU and memory of containers and of the pod, changed while it runs.

Source: KEP-1287, KEP-5419; Kubernetes docs, "Resize CPU and Memory Resources assigned to Containers".
"""

from collections.abc import Iterator

from fairway.kinds.pod.lifecycle import quality
from fairway.kinds.rules.pod_spec import annotations, problems
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value

_LISTS = ("initContainers", "containers")
_CHANGEABLE = ("cpu", "memory")
_KINDS = ("requests", "limits")
_ONLY_CHANGEABLE = "only cpu and memory resources are mutable"


def resized(new: Object, old: Object) -> Object:
    """The old spec with the resources that ``new`` has for the pod and for containers of the same names."""
    spec = _with_resources(old["spec"], new["spec"])
    for name in _LISTS:
        if old["spec"].get(name):
            wanted = {container.get("name"): container for container in new["spec"].get(name) or ()}
            spec[name] = [_with_resources(one, wanted.get(one.get("name"), one)) for one in old["spec"][name]]
    return spec


def _with_resources(old: Object, wanted: Object) -> Object:
    kept = {name: value for name, value in old.items() if name != "resources"}
    return {**kept, "resources": wanted["resources"]} if "resources" in wanted else kept


def resize_problems(new: Object, old: Object | None) -> Iterator[Problem]:
    """Only CPU and memory change, none is taken away, and the pod's class stays."""
    if old is None:
        return
    if refusal := _refusal(old):
        yield forbidden_value("", refusal)
        return
    yield from problems("spec", new["spec"], is_pod=True)
    if quality(new["spec"]) != quality(old["spec"]):
        detail = "Pod QOS Class may not change as a result of resizing"
        yield invalid_value("spec", (old.get("status") or {}).get("qosClass"), detail)
    if not _is_supported(old):
        yield forbidden_value("spec", "Pod running on node without support for resize")
    yield from _of_pod(new["spec"].get("resources"), old["spec"].get("resources"))
    for name, index, now, was in _pairs(new["spec"], old["spec"]):
        path = f"spec.{name}[{index}].resources"
        yield from _removed(path, now.get("resources"), was.get("resources"), "resource {} cannot be removed")
    for name, index, now, was in _pairs(new["spec"], old["spec"]):
        yield from _of_container(name, index, now, was)


def _refusal(pod: Object) -> str:
    if annotations.MIRROR in (pod["metadata"].get("annotations") or ()):
        return "static pods cannot be resized"
    is_windows = (pod["spec"].get("os") or {}).get("name") == "windows"
    return "windows pods cannot be resized" if is_windows else ""


def _is_supported(pod: Object) -> bool:
    """Whether the first container that runs says what it may use, as nodes that can change it do."""
    for status in (pod.get("status") or {}).get("containerStatuses") or ():
        if (status.get("state") or {}).get("running") is not None:
            return status.get("resources") is not None
    return True


def _pairs(new: Object, old: Object) -> Iterator[tuple[str, int, Object, Object]]:
    for name in _LISTS:
        for index, (now, was) in enumerate(zip(new.get(name) or (), old.get(name) or (), strict=False)):
            yield name, index, now, was


def _of_pod(now: Object | None, was: Object | None) -> Iterator[Problem]:
    if was is not None and now is None:
        yield forbidden_value("spec.resources", "pod-level resources cannot be removed")
        return
    yield from _removed("spec.resources", now, was, "pod-level resource {} cannot be removed")
    if _changes_others(now, was):
        yield forbidden_value("spec", f"{_ONLY_CHANGEABLE} at pod-level")


def _of_container(name: str, index: int, now: Object, was: Object) -> Iterator[Problem]:
    is_init = name == "initContainers"
    if _changes_others(now.get("resources"), was.get("resources")):
        if is_init:
            text = "only cpu and memory resources for init or sidecar containers are mutable"
            yield forbidden_value(f"spec.{name}[{index}]", text)
        else:
            yield forbidden_value("spec", _ONLY_CHANGEABLE)
    starts_anew = any(each.get("restartPolicy") == "RestartContainer" for each in was.get("resizePolicy") or ())
    if is_init and now != was and was.get("restartPolicy") != "Always" and starts_anew:
        text = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
        yield forbidden_value(f"spec.{name}[{index}]", text)


def _changes_others(now: Object | None, was: Object | None) -> bool:
    """Whether anything but amounts of CPU and memory differs."""
    return _fixed(now) != _fixed(was)


def _fixed(resources: Object | None) -> Object:
    left = {name: value for name, value in (resources or {}).items() if name not in _KINDS and value}
    for kind in _KINDS:
        amounts = {
            name: value for name, value in ((resources or {}).get(kind) or {}).items() if name not in _CHANGEABLE
        }
        if amounts:
            left[kind] = amounts
    return left


def _removed(path: str, now: Object | None, was: Object | None, text: str) -> Iterator[Problem]:
    for kind in _KINDS:
        if set((was or {}).get(kind) or ()) - set((now or {}).get(kind) or ()):
            yield forbidden_value(f"{path}.{kind}", text.format(kind))
