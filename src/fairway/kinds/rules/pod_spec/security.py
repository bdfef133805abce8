"""Rules of security contexts, of the pod and of its containers."""

import re
from collections.abc import Iterator

from fairway.kinds.rules.file_paths import descending
from fairway.kinds.rules.pod_spec import windows
from fairway.kinds.rules.pod_spec.places import containers
from fairway.kinds.rules.values import INT32_MAX
from fairway.objects import Object
from fairway.objects.errors import (
    Problem,
    duplicate,
    forbidden_value,
    invalid_value,
    not_supported,
    required,
    too_long,
)

_PROFILES = ("Localhost", "RuntimeDefault", "Unconfined")
_CHOICES = {
    "supplementalGroupsPolicy": ("Merge", "Strict"), "seLinuxChangePolicy": ("MountOption", "Recursive"),
}  # fmt: skip
_LONGEST_PATH = 4095
_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = rf"^({_SEGMENT}[\./])*{_SEGMENT}$"
_OF_IPC = ("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")
_is_sysctl = re.compile(_SYSCTL).match


def _identity(path: str, number: int | None) -> Iterator[Problem]:
    if number is not None and not 0 <= number <= INT32_MAX:
        yield invalid_value(path, number, f"must be between 0 and {INT32_MAX}, inclusive")


def of_pod(path: str, context: Object, spec: Object) -> Iterator[Problem]:
    """The pod's own context."""
    yield from _identity(f"{path}.fsGroup", context.get("fsGroup"))
    yield from _identity(f"{path}.runAsUser", context.get("runAsUser"))
    yield from _identity(f"{path}.runAsGroup", context.get("runAsGroup"))
    for index, group in enumerate(context.get("supplementalGroups") or ()):
        yield from _identity(f"{path}.supplementalGroups[{index}]", group)
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        yield invalid_value(
            f"{path}.shareProcessNamespace", True, "ShareProcessNamespace and HostPID cannot both be enabled"
        )
    yield from _sysctls(f"{path}.sysctls", context.get("sysctls") or [], spec)
    policy = context.get("fsGroupChangePolicy")
    if policy is not None and policy not in ("Always", "OnRootMismatch"):
        yield not_supported(f"{path}.fsGroupChangePolicy", policy, ("Always", "OnRootMismatch"))
    yield from _seccomp(path, context)
    yield from windows.options(f"{path}.windowsOptions", context.get("windowsOptions"))
    yield from _app_armor(path, context)
    for name, choices in _CHOICES.items():
        if (choice := context.get(name)) is not None and choice not in choices:
            yield not_supported(f"{path}.{name}", choice, choices)


def _sysctls(path: str, sysctls: list[Object], spec: Object) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, sysctl in enumerate(sysctls):
        here, name = f"{path}[{index}].name", sysctl.get("name") or ""
        if not name:
            yield required(here)
        elif len(name) > 253 or not _is_sysctl(name):
            yield invalid_value(here, name, f"must have at most 253 characters and match regex {_SYSCTL}")
        elif name in seen:
            yield duplicate(here, name)
        seen.add(name)
        if spec.get("hostNetwork") and name.replace("/", ".").startswith("net."):
            yield invalid_value(here, name, "may not be specified when 'hostNetwork' is true")
        elif spec.get("hostIPC") and name.replace("/", ".").startswith(_OF_IPC):
            yield invalid_value(here, name, "may not be specified when 'hostIPC' is true")


def of_container(path: str, context: Object | None, *, has_own_users: bool) -> Iterator[Problem]:
    """A container's context; ``has_own_users``: users of its pod are not those of the machine."""
    if context is None:
        return
    yield from _identity(f"{path}.runAsUser", context.get("runAsUser"))
    yield from _identity(f"{path}.runAsGroup", context.get("runAsGroup"))
    mount = context.get("procMount")
    if mount == "Unmasked" and not has_own_users:
        yield invalid_value(f"{path}.procMount", mount, "`hostUsers` must be false to use `Unmasked`")
    if mount is not None and mount not in ("Default", "Unmasked"):
        yield not_supported(f"{path}.procMount", mount, ("Default", "Unmasked"))
    yield from _seccomp(path, context)
    if context.get("allowPrivilegeEscalation") is False:
        if context.get("privileged"):
            yield invalid_value(
                path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            )
        if "CAP_SYS_ADMIN" in ((context.get("capabilities") or {}).get("add") or ()):
            yield invalid_value(
                path, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            )
    yield from windows.options(f"{path}.windowsOptions", context.get("windowsOptions"))
    yield from _app_armor(path, context)


def _seccomp(path: str, context: Object) -> Iterator[Problem]:
    yield from _profile(f"{path}.seccompProfile", context.get("seccompProfile"), "seccomp", "seccompProfile")


def _app_armor(path: str, context: Object) -> Iterator[Problem]:
    yield from _profile(f"{path}.appArmorProfile", context.get("appArmorProfile"), "AppArmor", "appArmorProfile")


def _profile(path: str, profile: Object | None, what: str, field: str) -> Iterator[Problem]:
    if profile is None:
        return
    type_, local = profile.get("type"), profile.get("localhostProfile")
    if not type_:
        yield required(f"{path}.type", f"type is required when {field} is set")
    elif type_ not in _PROFILES:
        yield not_supported(f"{path}.type", type_, _PROFILES)
    here, is_seccomp = f"{path}.localhostProfile", what == "seccomp"
    if type_ == "Localhost":
        yield from _local_profile(here, local, what)
    elif local is not None and (is_seccomp or type_ in _PROFILES):
        yield invalid_value(here, profile if is_seccomp else local, f"can only be set when {what} type is Localhost")


def _local_profile(path: str, local: str | None, what: str) -> Iterator[Problem]:
    if local is None or (what == "AppArmor" and not local):
        yield required(path, f"must be set when {what} type is Localhost")
    elif what == "seccomp":
        yield from descending(path, local)
    else:
        if local != local.strip():
            yield invalid_value(path, local, "must not be padded with whitespace")
        if len(local.encode(errors="surrogatepass")) > _LONGEST_PATH:
            yield too_long(path, _LONGEST_PATH)


def host_users(path: str, spec: Object) -> Iterator[Problem]:
    """A pod with users of its own may not share namespaces with the machine."""
    if spec.get("hostUsers") is not False:
        return
    for field, shown in (("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")):
        if spec.get(field):
            yield forbidden_value(f"{path}.{shown}", "when `hostUsers` is false")
    for here, container in containers(path, spec):
        if container.get("volumeDevices"):
            yield forbidden_value(f"{here}.volumeDevices", "when `hostUsers` is false")
