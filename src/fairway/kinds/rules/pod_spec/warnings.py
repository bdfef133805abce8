"""What is legal in a pod spec but deprecated, doubtful or without effect.

Source: Kubernetes docs, "Well-Known Labels, Annotations and Taints"; the warnings that Kubernetes 1.36 sends.
"""

from collections.abc import Iterator
from typing import Any

from fairway.objects import Object, names

_NODE_LABELS = {
    "beta.kubernetes.io/arch": ("v1.14", "kubernetes.io/arch"),
    "beta.kubernetes.io/os": ("v1.14", "kubernetes.io/os"),
    "failure-domain.beta.kubernetes.io/region": ("v1.17", "topology.kubernetes.io/region"),
    "failure-domain.beta.kubernetes.io/zone": ("v1.17", "topology.kubernetes.io/zone"),
    "beta.kubernetes.io/instance-type": ("v1.17", "node.kubernetes.io/instance-type"),
}
_ANNOTATIONS = {
    "security.alpha.kubernetes.io/sysctls": ("v1.11", "sysctls"),
    "security.alpha.kubernetes.io/unsafe-sysctls": ("v1.11", "sysctls"),
    "scheduler.alpha.kubernetes.io/critical-pod": ("v1.16", "priorityClassName"),
    "seccomp.security.alpha.kubernetes.io/pod": ("v1.27", "seccompProfile"),
}
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
    """Every warning of one spec; ``path`` is that of the pod or template, without ``.spec``."""
    here = f"{path}.spec" if path else "spec"
    yield from _annotations(f"{path}.metadata" if path else "metadata", metadata)
    for key in spec.get("nodeSelector") or ():
        if key in _NODE_LABELS:
            since, successor = _NODE_LABELS[key]
            yield f'{here}.nodeSelector[{key}]: deprecated since {since}; use "{successor}" instead'
    for index, volume in enumerate(spec.get("volumes") or ()):
        for name, text in _DEPRECATED_VOLUMES.items():
            if volume.get(name) is not None:
                yield f"{here}.volumes[{index}].{name}: {text}"
    yield from _aliases(f"{here}.hostAliases", spec.get("hostAliases") or [])
    yield from _secrets(f"{here}.imagePullSecrets", spec.get("imagePullSecrets") or [])
    for name in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(name) or ()):
            yield from _container(f"{here}.{name}[{index}]", container)
    yield from _port_names(here, spec)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        field = f"{here}.terminationGracePeriodSeconds"
        yield f"{field}: must be >= 0; negative values are invalid and will be treated as 1"


def _annotations(path: str, metadata: Object) -> Iterator[str]:
    found = metadata.get("annotations") or {}
    for key, (since, field) in _ANNOTATIONS.items():
        if key in found:
            yield f'{path}.annotations[{key}]: non-functional in {since}+; use the "{field}" field instead'


def _aliases(path: str, found: list[Object]) -> Iterator[str]:
    seen: set[Any] = set()
    for index, alias in enumerate(found):
        if alias.get("ip") in seen:
            yield f'{path}[{index}].ip: duplicate alias with the same ip "{alias.get("ip")}"'
        seen.add(alias.get("ip"))


def _secrets(path: str, found: list[Object]) -> Iterator[str]:
    seen: set[str] = set()
    for index, reference in enumerate(found):
        name = reference.get("name") or ""
        if not name:
            yield f'{path}[{index}].name: invalid empty name ""'
        elif name in seen:
            yield f'{path}[{index}].name: duplicate name "{name}"'
        seen.add(name)


def _container(path: str, container: Object) -> Iterator[str]:
    seen: set[str] = set()
    for index, variable in enumerate(container.get("env") or ()):
        name = variable.get("name") or ""
        if name in seen:
            yield f'{path}.env[{index}]: hides previous definition of "{name}", which may be dropped when using apply'
        seen.add(name)
    yield from _same_ports(path, container.get("ports") or [])
    resources = container.get("resources") or {}
    for kind in ("limits", "requests"):
        for name in ("memory", "ephemeral-storage"):
            amount = str((resources.get(kind) or {}).get(name) or "")
            if amount.endswith("m"):
                yield (
                    f'{path}.resources.{kind}[{name}]: fractional byte value "{amount}" is invalid, must be an integer'
                )


def _same_ports(path: str, ports: list[Object]) -> Iterator[str]:
    seen: dict[tuple[Any, ...], int] = {}
    for index, port in enumerate(ports):
        identity = (port.get("containerPort"), port.get("protocol"), port.get("hostPort"), port.get("hostIP"))
        first = seen.setdefault(identity, index)
        if first != index:
            yield f"{path}.ports[{index}]: duplicate port definition with {path}.ports[{first}]"


def _port_names(path: str, spec: Object) -> Iterator[str]:
    """One name on several containers: which one a Service's targetPort means is then left to the order."""
    seen: dict[str, str] = {}
    for place, container in enumerate(spec.get("containers") or ()):
        mine: set[str] = set()
        for index, port in enumerate(container.get("ports") or ()):
            name, here = port.get("name"), f"{path}.containers[{place}].ports[{index}]"
            if not name or name in mine:
                continue
            mine.add(name)
            if name in seen:
                yield (
                    f'{here}: duplicate port name "{name}" with {seen[name]}, services and probes that select ports by'
                    f" name will use {seen[name]}"
                )
            else:
                seen[name] = here
