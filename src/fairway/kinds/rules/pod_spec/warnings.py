"""What is legal in a pod spec but deprecated, doubtful or without effect.

Source: Kubernetes docs, "Well-Known Labels, Annotations and Taints"; the warnings that Kubernetes 1.36 sends.
"""

from collections.abc import Iterator

from fairway.kinds.rules.pod_spec.port_warnings import port_hints
from fairway.objects import Object, names

_NODE_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}
_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": ("v1.16", "priorityClassName"),
    "security.alpha.kubernetes.io/sysctls": ("v1.11", "sysctls"),
    "security.alpha.kubernetes.io/unsafe-sysctls": ("v1.11", "sysctls"),
}
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
_NO_SELECTOR = "a null labelSelector results in matching no pod"
_DEPRECATED_VOLUMES = {
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


def _containers(path: str, spec: Object) -> Iterator[tuple[str, Object]]:
    for name in ("initContainers", "containers", "ephemeralContainers"):
        for index, container in enumerate(spec.get(name) or ()):
            yield f"{path}.{name}[{index}]", container


def _deprecated(key: str) -> str:
    since, successor = _NODE_LABELS.get(key, ("", ""))
    return f'deprecated since {since}; use "{successor}" instead' if since else ""


def _node_labels(path: str, spec: Object) -> Iterator[str]:
    for key in spec.get("nodeSelector") or ():
        if text := _deprecated(key):
            yield f"{path}.nodeSelector[{key}]: {text}"
    rules, here = (spec.get("affinity") or {}).get("nodeAffinity") or {}, f"{path}.affinity.nodeAffinity"
    for index, term in enumerate((rules.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ()):
        yield from term_hints(f"{here}.{_REQUIRED}.nodeSelectorTerms[{index}]", term, is_lenient=False)
    for index, weighted in enumerate(rules.get(_PREFERRED) or ()):
        term = weighted.get("preference") or {}
        yield from term_hints(f"{here}.{_PREFERRED}[{index}].preference", term, is_lenient=True)
    for index, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        key, here = constraint.get("topologyKey") or "", f"{path}.topologySpreadConstraints[{index}]"
        if text := _deprecated(key):
            yield f"{here}.topologyKey: {key} is {text}"
        if constraint.get("labelSelector") is None:
            yield f"{here}.labelSelector: {_NO_SELECTOR}"


def term_hints(path: str, term: Object, *, is_lenient: bool) -> Iterator[str]:
    """Labels of nodes that have newer names; values that no label can have, where they are let pass."""
    for index, requirement in enumerate(term.get("matchExpressions") or ()):
        here, key = f"{path}.matchExpressions[{index}]", requirement.get("key") or ""
        if text := _deprecated(key):
            yield f"{here}.key: {key} is {text}"
        for place, value in enumerate(requirement.get("values") or () if is_lenient else ()):
            for message in names.label_value(value):
                yield f"{here}.values[{place}]: {value} is invalid, {message}"


def _volumes(path: str, found: list[Object]) -> Iterator[str]:
    for index, volume in enumerate(found):
        for name, text in _DEPRECATED_VOLUMES.items():
            if volume.get(name) is not None:
                yield f"{path}[{index}].{name}: {text}"
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
    """Seccomp by annotations, where no field says it."""
    text = 'non-functional in v1.27+; use the "seccompProfile" field instead'
    if _SECCOMP_POD in annotations and not (spec.get("securityContext") or {}).get("seccompProfile"):
        yield f"{path}[{_SECCOMP_POD}]: {text}"
    for _, container in _containers("", spec):
        key = f"{_SECCOMP_CONTAINER}{container.get('name') or ''}"
        if key in annotations and not (container.get("securityContext") or {}).get("seccompProfile"):
            yield f"{path}[{key}]: {text}"


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
