"""Rules of annotations that mean something to pods: mirror pods, tolerations, the cost of deletion, seccomp, AppArmor.

Most of them are old forms of fields; where both are given to a new pod, they must say the same.
Source: Kubernetes docs, "Well-Known Labels, Annotations and Taints".
"""

from collections.abc import Iterator, Mapping

import orjson

from fairway.kinds.rules.file_paths import descending
from fairway.kinds.rules.pod_spec.places import containers
from fairway.kinds.rules.pod_spec.scheduling import tolerations
from fairway.kinds.rules.values import INT32_MAX
from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value

MIRROR = "kubernetes.io/config.mirror"
_TOLERATIONS, _COST = "scheduler.alpha.kubernetes.io/tolerations", "controller.kubernetes.io/pod-deletion-cost"
_SECCOMP_POD, _SECCOMP = "seccomp.security.alpha.kubernetes.io/pod", "container.seccomp.security.alpha.kubernetes.io/"
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_LOCAL = "localhost/"
_SECCOMP_NAMES = {"RuntimeDefault": ("runtime/default", "docker/default"), "Unconfined": ("unconfined",)}
_APP_ARMOR_NAMES = {"RuntimeDefault": ("runtime/default",), "Unconfined": ("unconfined",)}
_KEPT = {_APP_ARMOR: "AppArmor annotations", MIRROR: "mirror pod annotation"}


def problems(path: str, annotations: Object, spec: Object) -> Iterator[Problem]:
    """What is wrong with those that pods know, in a pod or a template."""
    if MIRROR in annotations and not spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        yield invalid_value(f"{path}[{MIRROR}]", annotations[MIRROR], text)
    if given := annotations.get(_TOLERATIONS):
        yield from _tolerations(path, given)
    if (cost := annotations.get(_COST)) is not None and not _is_int32(cost):
        yield invalid_value(f"{path}[{_COST}]", cost, "must be a 32bit integer")
    for name, value in annotations.items():
        if name == _SECCOMP_POD or name.startswith(_SECCOMP):
            yield from _seccomp(f"{path}.{name}", value)
    names = {container.get("name") for _, container in containers("", spec)}
    for name, value in annotations.items():
        if name.startswith(_APP_ARMOR):
            yield from _app_armor(f"{path}[{name}]", name.removeprefix(_APP_ARMOR), value, names)


def _tolerations(path: str, given: str) -> Iterator[Problem]:
    try:
        found = orjson.loads(given)
    except ValueError as error:
        yield invalid_value(path, _TOLERATIONS, str(error))
        return
    if isinstance(found, list) and all(isinstance(each, dict) for each in found):
        yield from tolerations(f"{path}.{_TOLERATIONS}", found)
    else:
        yield invalid_value(path, _TOLERATIONS, "json: cannot unmarshal into Go value of type []core.Toleration")


def _is_int32(text: str) -> bool:
    """Whether it is written as Go's JSON numbers are: without a plus and without zeros in front."""
    digits = text.removeprefix("-")
    is_plain = digits.isdecimal() and digits.isascii() and (digits == "0" or digits[0] != "0")
    return is_plain and -INT32_MAX - 1 <= int(text) <= INT32_MAX


def _seccomp(path: str, value: str) -> Iterator[Problem]:
    if value.startswith(_LOCAL):
        yield from descending(path, value.removeprefix(_LOCAL))
    elif value not in (*_SECCOMP_NAMES["RuntimeDefault"], *_SECCOMP_NAMES["Unconfined"]):
        yield invalid_value(path, value, "must be a valid seccomp profile")


def _app_armor(path: str, container: str, value: str, names: set[str | None]) -> Iterator[Problem]:
    if container not in names:
        yield invalid_value(path, container, "container not found")
    if value not in ("", "runtime/default", "unconfined") and not value.startswith(_LOCAL):
        yield invalid_value(path, value, f'invalid AppArmor profile name: "{value}"')


def beside_fields(path: str, annotations: Object, spec: Object) -> Iterator[Problem]:
    """Where annotation and field both name a profile, they must agree; ``path`` is the spec's.  For new pods."""
    if not annotations:
        return
    context = spec.get("securityContext") or {}
    here = f"{path}.securityContext.seccompProfile"
    yield from _agree(here, "seccomp", annotations.get(_SECCOMP_POD), context.get("seccompProfile"), _SECCOMP_NAMES)
    for at, container in containers(path, spec):
        profile = (container.get("securityContext") or {}).get("seccompProfile")
        said = annotations.get(f"{_SECCOMP}{container.get('name') or ''}")
        yield from _agree(f"{at}.securityContext.seccompProfile", "seccomp", said, profile, _SECCOMP_NAMES)
    if (spec.get("os") or {}).get("name") == "windows":
        return
    for at, container in containers(path, spec):
        profile = (container.get("securityContext") or {}).get("appArmorProfile") or context.get("appArmorProfile")
        said = annotations.get(f"{_APP_ARMOR}{container.get('name') or ''}")
        yield from _agree(f"{at}.securityContext.appArmorProfile", "apparmor", said, profile, _APP_ARMOR_NAMES)


def _agree(
    path: str, what: str, said: str | None, profile: Object | None, names: Mapping[str, tuple[str, ...]]
) -> Iterator[Problem]:  # fmt: skip
    if said is None or profile is None:
        return
    type_ = profile.get("type")
    if type_ == "Localhost" and said.startswith(_LOCAL):
        if said.removeprefix(_LOCAL) != profile.get("localhostProfile"):
            yield forbidden_value(f"{path}.localhostProfile", f"{what} profile in annotation and field must match")
    elif type_ == "Localhost" or said not in names.get(type_ or "", (said,)):
        yield forbidden_value(f"{path}.type", f"{what} type in annotation and field must match")


def changes(path: str, now: Object, was: Object) -> Iterator[Problem]:
    """Annotations that a pod keeps for life, and gets at its creation or never."""
    for name, value in was.items():
        if (kept := _kept(name)) and now.get(name) != value:
            yield forbidden_value(f"{path}[{name}]", f"may not remove or update {kept}")
    for name in now:
        if (kept := _kept(name)) and name not in was:
            yield forbidden_value(f"{path}[{name}]", f"may not add {kept}")


def _kept(name: str) -> str:
    return _KEPT.get(_APP_ARMOR if name.startswith(_APP_ARMOR) else name, "")
