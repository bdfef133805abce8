"""What is legal in a pod spec but deprecated, doubtful or without effect.

Source: Kubernetes docs, "Well-Known Labels, Annotations and Taints"; the warnings that Kubernetes 1.36 sends.
"""

from collections.abc import Iterator

from fairway.kinds.rules.address_forms import address_hint, address_hints
from fairway.kinds.rules.node_labels import required_hints, successor, term_hints
from fairway.kinds.rules.pod_spec.port_warnings import port_hints
from fairway.kinds.rules.pod_spec.virtual_paths import overlap_hints
from fairway.objects import Object, names

_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": ("v1.16", "priorityClassName"),
    "security.alpha.kubernetes.io/sysctls": ("v1.11", "sysctls"),
    "security.alpha.kubernetes.io/unsafe-sysctls": ("v1.11", "sysctls"),
}
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NO_SELECTOR = "a null labelSelector results in matching no pod"
DEPRECATED_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11, and disabled by default in v1.33+",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
VOLUME_PATHS = {"storageos": "storageOS"}
"""Volumes that upstream's warnings spell in another way."""


def pod_name(name: str, used_in: str) -> Iterator[str]:
    """A name with dots makes an odd host name."""
    messages = list(names.dns_label(name))
    if messages:
        yield (
            f"metadata.name: this is used in {used_in}, which can result in surprising behavior;"
            f" a DNS label is recommended: [{' '.join(messages)}]"
        )


def hints(path: str, metadata: Object, spec: Object) -> Iterator[str]:
    """Every warning of one spec, in upstream's order; ``path`` is that of the pod or template, without ``.spec``."""
    here = f"{path}.spec" if path else "spec"
    yield from _node_labels(here, spec)
    annotations, meta_path = metadata.get("annotations") or {}, f"{path}.metadata" if path else "metadata"
    for key, (since, field) in _ANNOTATIONS.items():
        if key in annotations:
            yield f'{meta_path}.annotations[{key}]: non-functional in {since}+; use the "{field}" field instead'
    yield from _volumes(f"{here}.volumes", spec.get("volumes") or [])
    yield from overlap_hints(spec.get("volumes") or [])
    yield from _aliases(f"{here}.hostAliases", spec.get("hostAliases") or [])
    yield from _secrets(f"{here}.imagePullSecrets", spec.get("imagePullSecrets") or [])
    yield from _fractions(f"{here}.overhead", spec.get("overhead"))
    yield from _annotations(f"{meta_path}.annotations", annotations, spec)
    for container_path, container in _containers(here, spec):
        yield from _container(container_path, container)
    yield from port_hints(list(_containers(here, spec)))
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        field = f"{here}.terminationGracePeriodSeconds"
        yield f"{field}: must be >= 0; negative values are invalid and will be treated as 1"
    yield from _affinity(f"{here}.affinity", spec.get("affinity") or {})
    servers = (spec.get("dnsConfig") or {}).get("nameservers") or []
    yield from address_hints(f"{here}.dnsConfig.nameservers", servers)
    for index, alias in enumerate(spec.get("hostAliases") or ()):
        yield from address_hint(f"{here}.hostAliases[{index}].ip", alias.get("ip") or "")


def _containers(path: str, spec: Object) -> Iterator[tuple[str, Object]]:
    for name in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(name) or ()):
            yield f"{path}.{name}[{index}]", container


def _node_labels(path: str, spec: Object) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if text := successor(key):
            yield f"{path}.nodeSelector[{key}]: {text}"
    rules, here = (spec.get("affinity") or {}).get("nodeAffinity") or {}, f"{path}.affinity.nodeAffinity"
    yield from required_hints(f"{here}.{_REQUIRED}", rules.get(_REQUIRED))
    for index, weighted in enumerate(rules.get(_PREFERRED) or ()):
        term = weighted.get("preference") or {}
        yield from term_hints(f"{here}.{_PREFERRED}[{index}].preference", term, is_lenient=True)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        key, here = constraint.get("topologyKey") or "", f"{path}.topologySpreadConstraints[{index}]"
        if text := successor(key):
            yield f"{here}.topologyKey: {key} is {text}"
        if constraint.get("labelSelector") is None:
            yield f"{here}.labelSelector: {_NO_SELECTOR}"


def _volumes(path: str, found: list[Object]) -> Iterator[str]:
    for index, volume in enumerate(found):
        for name, text in DEPRECATED_VOLUMES.items():
            if volume.get(name) is not None:
                yield f"{path}[{index}].{VOLUME_PATHS.get(name, name)}: {text}"
        claim = ((volume.get("ephemeral") or {}).get("volumeClaimTemplate") or {}).get("spec") or {}
        yield from claim_hints(f"{path}[{index}].ephemeral.volumeClaimTemplate.spec", claim)


def claim_hints(path: str, spec: Object) -> Iterator[str]:
    """A claim of a fraction of a byte."""
    requests = (spec.get("resources") or {}).get("requests") or {}
    return _fraction(f"{path}.resources.requests", requests, "storage")


def _fractions(path: str, amounts: Object | None) -> Iterator[str]:
    for name in ("memory", "ephemeral-storage"):
        yield from _fraction(path, amounts or {}, name)


def _fraction(path: str, amounts: Object, name: str) -> Iterator[str]:
    if str(amounts.get(name) or "").endswith(("m", "u", "n")):
        yield f'{path}[{name}]: fractional byte value "{amounts[name]}" is invalid, must be an integer'


def _annotations(path: str, annotations: Object, spec: Object) -> Iterator[str]:
    """Seccomp and AppArmor by annotations, where no field says it."""
    text = 'non-functional in v1.27+; use the "seccompProfile" field instead'
    whole = spec.get("securityContext") or {}
    if _SECCOMP_POD in annotations and not whole.get("seccompProfile"):
        yield f"{path}[{_SECCOMP_POD}]: {text}"
    for _, container in _containers("", spec):
        name, own = container.get("name") or "", container.get("securityContext") or {}
        if f"{_SECCOMP_CONTAINER}{name}" in annotations and not own.get("seccompProfile"):
            yield f"{path}[{_SECCOMP_CONTAINER}{name}]: {text}"
        if f"{_APP_ARMOR}{name}" in annotations and not (whole.get("appArmorProfile") or own.get("appArmorProfile")):
            yield f'{path}[{_APP_ARMOR}{name}]: deprecated since v1.30; use the "appArmorProfile" field instead'


def _aliases(path: str, found: list[Object]) -> Iterator[str]:
    seen: set[str] = set()
    for index, alias in enumerate(found):
        address = alias.get("ip") or ""
        if address in seen:
            yield f'{path}[{index}].ip: duplicate ip "{address}"'
        seen.add(address)


def _secrets(path: str, found: list[Object]) -> Iterator[str]:
    seen: set[str] = set()
    for index, reference in enumerate(found):
        name = reference.get("name") or ""
        if name in seen:
            yield f'{path}[{index}].name: duplicate name "{name}"'
        seen.add(name)
    for index, reference in enumerate(found):
        if not reference.get("name"):
            yield f'{path}[{index}].name: invalid empty name ""'


def _container(path: str, container: Object) -> Iterator[str]:
    resources = container.get("resources") or {}
    for name in ("memory", "ephemeral-storage"):
        for kind in ("limits", "requests"):
            yield from _fraction(f"{path}.resources.{kind}", resources.get(kind) or {}, name)
    seen: set[str] = set()
    for index, variable in enumerate(container.get("env") or ()):
        name = variable.get("name") or ""
        if name in seen and _hides(name, variable):
            yield f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)


def _hides(name: str, variable: Object) -> bool:
    """Whether the second definition of a variable makes nothing of the first."""
    value, reference = variable.get("value") or "", f"$({name})"
    return variable.get("valueFrom") is not None or value == reference or reference not in value


def _affinity(path: str, found: Object) -> Iterator[str]:
    for name in ("podAffinity", "podAntiAffinity"):
        rules = found.get(name) or {}
        for index, term in enumerate(rules.get(_REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{path}.{name}.{_REQUIRED}[{index}].labelSelector: {_NO_SELECTOR}"
        for index, weighted in enumerate(rules.get(_PREFERRED) or ()):
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
                yield f"{path}.{name}.{_PREFERRED}[{index}].podAffinityTerm.labelSelector: {_NO_SELECTOR}"
