"""Rules of a pod's containers: regular, init and ephemeral ones.

Source: Kubernetes API reference, "Container v1 core"; KEP-753 (sidecars), KEP-277 (ephemeral containers).
"""

from collections.abc import Iterator

from fairway.kinds.rules import restarts
from fairway.kinds.rules.pod_spec import environment, handlers, security
from fairway.kinds.rules.pod_spec.volumes import Volumes, devices, mounts
from fairway.kinds.rules.quantities import requirements
from fairway.kinds.rules.values import PROTOCOLS, dns_label, each, one_of, port_number
from fairway.objects import Object, names
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value, not_found_value, required

_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_EPHEMERAL = "cannot be set for an Ephemeral Container"
_NOT_EPHEMERAL = (
    "ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules",
    "livenessProbe", "readinessProbe", "startupProbe", "lifecycle",
)  # fmt: skip


def containers(path: str, spec: Object, volumes: Volumes) -> Iterator[Problem]:
    """The regular containers: one at least."""
    found = spec.get("containers") or []
    if not found:
        yield required(path)
        return
    seen: set[str] = set()
    for index, container in enumerate(found):
        here, name = f"{path}[{index}]", container.get("name") or ""
        yield from _any(here, container, volumes, spec)
        if name in seen:
            yield duplicate(f"{here}.name", name)
        seen.add(name)
        yield from handlers.lifecycle(f"{here}.lifecycle", container.get("lifecycle"), spec)
        yield from handlers.probes(here, container)
        yield from restarts.validate(here, container)
    yield from _host_ports(path, found)


def init_containers(path: str, spec: Object, volumes: Volumes) -> Iterator[Problem]:
    """The init containers; with restartPolicy Always (sidecars) they may have probes and hooks."""
    seen = {container.get("name") for container in spec.get("containers") or ()}
    for index, container in enumerate(spec.get("initContainers") or ()):
        here, name, policy = f"{path}[{index}]", container.get("name") or "", container.get("restartPolicy")
        yield from _any(here, container, volumes, spec)
        yield from restarts.validate(here, container)
        if name in seen:
            yield duplicate(f"{here}.name", name)
        elif name:
            seen.add(name)
        yield from _host_ports(path, [container])
        if policy == "Always":
            yield from handlers.lifecycle(f"{here}.lifecycle", container.get("lifecycle"), spec)
            yield from handlers.probes(here, container)
        else:
            yield from _ends_by_itself(here, container)


def _ends_by_itself(path: str, container: Object) -> Iterator[Problem]:
    for field in ("lifecycle", *_PROBES):
        if container.get(field) is not None:
            text = "may not be set for init containers without restartPolicy=Always"
            yield forbidden_value(f"{path}.{field}", text)
    for index, policy in enumerate(container.get("resizePolicy") or ()):
        if (wanted := policy.get("restartPolicy")) == "RestartContainer":
            text = "must not be set to 'RestartContainer' for non-sidecar initContainers"
            yield invalid_value(f"{path}.resizePolicy[{index}].restartPolicy", wanted, text)


def ephemeral_containers(path: str, spec: Object, volumes: Volumes) -> Iterator[Problem]:
    """Containers that were added for debugging."""
    regular = {one.get("name") for one in (spec.get("containers") or []) + (spec.get("initContainers") or [])}
    seen = set(regular)
    for index, container in enumerate(spec.get("ephemeralContainers") or ()):
        here, name, target = f"{path}[{index}]", container.get("name") or "", container.get("targetContainerName")
        yield from _any(here, container, volumes, spec)
        image = container.get("image") or ""
        if image != image.strip():
            yield invalid_value(f"{here}.image", image, "must not have leading or trailing whitespace")
        if name in seen:
            yield duplicate(f"{here}.name", name)
        seen.add(name)
        if target and target not in regular:
            yield not_found_value(f"{here}.targetContainerName", target)
        for field in _NOT_EPHEMERAL:
            if container.get(field):
                yield forbidden_value(f"{here}.{field}", _EPHEMERAL)
        for place, mount in enumerate(container.get("volumeMounts") or ()):
            for field in ("subPath", "subPathExpr"):
                if mount.get(field):
                    yield forbidden_value(f"{here}.volumeMounts[{place}].{field}", _EPHEMERAL)


def _any(path: str, container: Object, volumes: Volumes, spec: Object) -> Iterator[Problem]:
    name = container.get("name")
    if name:
        yield from dns_label(f"{path}.name", name)
    else:
        yield required(f"{path}.name")
    if not container.get("image"):
        yield required(f"{path}.image")
    yield from one_of(f"{path}.terminationMessagePolicy", container.get("terminationMessagePolicy"), _MESSAGE_POLICIES)
    yield from _ports(f"{path}.ports", container.get("ports") or [])
    yield from environment.variables(f"{path}.env", container.get("env") or [])
    yield from environment.groups(f"{path}.envFrom", container.get("envFrom") or [])
    yield from mounts(f"{path}.volumeMounts", container, volumes)
    yield from devices(f"{path}.volumeDevices", container, volumes)
    yield from one_of(f"{path}.imagePullPolicy", container.get("imagePullPolicy"), _PULL_POLICIES)
    yield from requirements(f"{path}.resources", container.get("resources"), claims=spec.get("resourceClaims"))
    yield from _resize(f"{path}.resizePolicy", container.get("resizePolicy") or [], spec.get("restartPolicy"))
    context, has_own_users = container.get("securityContext"), spec.get("hostUsers") is False
    yield from security.of_container(f"{path}.securityContext", context, has_own_users=has_own_users)


def _resize(path: str, found: list[Object], pod_policy: str | None) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, each_policy in enumerate(found):
        resource = each_policy.get("resourceName") or ""
        if resource in seen:
            yield duplicate(f"{path}[{index}]", resource)
        seen.add(resource)
        yield from one_of(path, resource, ("cpu", "memory"))
        policy = each_policy.get("restartPolicy") or ""
        yield from one_of(path, policy, ("NotRequired", "RestartContainer"))
        if pod_policy == "Never" and policy != "NotRequired":
            yield invalid_value(path, policy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'")


def _ports(path: str, ports: list[Object]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, port in enumerate(ports):
        here, name = f"{path}[{index}]", port.get("name")
        if name:
            faults = list(each(f"{here}.name", name, names.port_name(name)))
            yield from faults
            if not faults and name in seen:
                yield duplicate(f"{here}.name", name)
            seen.add(name)
        if port.get("containerPort"):
            yield from port_number(f"{here}.containerPort", port["containerPort"])
        else:
            yield required(f"{here}.containerPort")
        if port.get("hostPort"):
            yield from port_number(f"{here}.hostPort", port["hostPort"])
        yield from one_of(f"{here}.protocol", port.get("protocol"), PROTOCOLS)


def _host_ports(path: str, found: list[Object]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, container in enumerate(found):
        for index, port in enumerate(container.get("ports") or ()):
            if not port.get("hostPort"):
                continue
            text = f"{port.get('protocol')}/{port.get('hostIP') or ''}/{port['hostPort']}"
            if text in seen:
                yield duplicate(f"{path}[{place}].ports[{index}].hostPort", text)
            seen.add(text)
