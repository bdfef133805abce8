"""Rules of ``os``: fields that a pod for Linux or for Windows may not have.

Source: KEP-2802; Kubernetes API reference, "PodOS v1 core".
"""

from collections.abc import Iterator

from fairway.kinds.rules.pod_spec.places import containers
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, not_supported, required

_NOT_ON_LINUX, _NOT_ON_WINDOWS = "windows options cannot be set for a linux pod", "cannot be set for a windows pod"
_OF_POD = (
    "appArmorProfile", "seLinuxOptions", "..hostUsers", "..hostPID", "..hostIPC", "seccompProfile", "fsGroup",
    "fsGroupChangePolicy", "sysctls", "..shareProcessNamespace", "runAsUser", "runAsGroup", "supplementalGroups",
    "supplementalGroupsPolicy", "seLinuxChangePolicy",
)  # fmt: skip
"""Fields of the security context, and with ``..`` those of the spec."""
_OF_CONTAINER = (
    "appArmorProfile", "seLinuxOptions", "seccompProfile", "capabilities", "readOnlyRootFilesystem", "privileged",
    "allowPrivilegeEscalation", "procMount", "runAsUser", "runAsGroup",
)  # fmt: skip
_FLAGS = ("hostPID", "hostIPC")


def of_pod(path: str, spec: Object) -> Iterator[Problem]:
    """The name of the system, and what does not go with it."""
    system = spec.get("os")
    if system is None:
        return
    name = system.get("name") or ""
    if not name:
        yield required(f"{path}.os.name")
    elif name == "linux":
        yield from _linux(path, spec)
    elif name == "windows":
        yield from _windows(path, spec)
    else:
        yield not_supported(f"{path}.os", name, ("linux", "windows"))


def _contexts(path: str, spec: Object) -> Iterator[tuple[str, Object]]:
    for here, container in containers(path, spec):
        if (context := container.get("securityContext")) is not None:
            yield f"{here}.securityContext", context


def _linux(path: str, spec: Object) -> Iterator[Problem]:
    own = (f"{path}.securityContext", spec.get("securityContext") or {})
    for here, context in (own, *_contexts(path, spec)):
        if context.get("windowsOptions") is not None:
            yield forbidden_value(f"{here}.windowsOptions", _NOT_ON_LINUX)


def _windows(path: str, spec: Object) -> Iterator[Problem]:
    context = spec.get("securityContext") or {}
    for field in _OF_POD:
        name = field.removeprefix("..")
        value = spec.get(name) if name != field else context.get(name)
        if value is None or (name in _FLAGS and not value) or value == []:
            continue
        yield forbidden_value(f"{path}.{name}" if name != field else f"{path}.securityContext.{name}", _NOT_ON_WINDOWS)
    for here, found in _contexts(path, spec):
        for field in _OF_CONTAINER:
            if found.get(field) is not None:
                yield forbidden_value(f"{here}.{field}", _NOT_ON_WINDOWS)
