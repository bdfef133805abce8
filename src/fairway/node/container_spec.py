"""Container spec: turns a container of the API into what the runtime is asked to start.  Pure.

Source: Kubernetes API reference, "Container v1 core", "SecurityContext v1 core"; KEP-127 is not served.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairway.node.expansion import expanded
from fairway.node.pod_spec import all_containers, is_host_network, kernel_hostname, shown
from fairway.node.qos import cpu_quota_us, cpu_shares, memory_bytes, pod_limits
from fairway.node.runtimes.interface import ContainerSpec, HostPort, Image, Mount, RuntimeFailure, SandboxSpec
from fairway.objects import Object

HOSTNAME_MAX = 64
"""What the kernel takes (gethostname(2))."""


def sandbox_spec(pod: Object, cluster_domain: str) -> SandboxSpec:
    """The surroundings that a pod asks for.  Raises: ``RuntimeFailure`` if its name is too long for the kernel."""
    meta, spec = pod["metadata"], pod["spec"]
    context = spec.get("securityContext") or {}
    name = "" if is_host_network(pod) else kernel_hostname(pod, cluster_domain)
    if len(name) > HOSTNAME_MAX:
        raise RuntimeFailure(
            "FailedCreatePodSandBox",
            f"failed to construct FQDN from pod hostname and cluster domain, FQDN {name} is too long "
            f"({HOSTNAME_MAX} characters is the max, {len(name)} characters requested)",
        )
    return SandboxSpec(
        pod_uid=meta["uid"], namespace=meta["namespace"], name=meta["name"],
        hostname=name, host_network=is_host_network(pod), host_pid=bool(spec.get("hostPID")),
        host_ipc=bool(spec.get("hostIPC")), shares_processes=bool(spec.get("shareProcessNamespace")),
        sysctls={sysctl["name"]: sysctl["value"] for sysctl in context.get("sysctls") or []},
        host_ports=() if is_host_network(pod) else tuple(host_ports(pod)),
    )  # fmt: skip


def host_ports(pod: Object) -> Iterator[HostPort]:
    """Every port of the machine that is to lead into the pod."""
    for container in all_containers(pod):
        for port in container.get("ports") or []:
            if port.get("hostPort"):
                protocol = port.get("protocol") or "TCP"
                yield HostPort(port.get("hostIP") or "", protocol, port["hostPort"], port["containerPort"])


def security(pod: Object, container: Object, name: str) -> Any:
    """A field of the container's security context, or else of its pod's."""
    own = (container.get("securityContext") or {}).get(name)
    return own if own is not None else (pod["spec"].get("securityContext") or {}).get(name)


def container_spec(
    pod: Object, container: Object, attempt: int, image: Image, variables: Mapping[str, str], mounts: Sequence[Mount]
) -> ContainerSpec:  # fmt: skip
    """Everything about one attempt.  Raises: ``RuntimeFailure`` if the image may not run as it would."""
    _check_not_root(pod, container, image)
    own = container.get("securityContext") or {}
    capabilities = own.get("capabilities") or {}
    return ContainerSpec(
        pod_uid=pod["metadata"]["uid"], name=container["name"], attempt=attempt, image_id=image.id,
        command=[expanded(word, variables) for word in container.get("command") or []],
        args=[expanded(word, variables) for word in container.get("args") or []],
        env=dict(variables), working_dir=container.get("workingDir") or "", mounts=mounts,
        tty=bool(container.get("tty")), stdin=bool(container.get("stdin")),
        stdin_once=bool(container.get("stdinOnce")),
        user=security(pod, container, "runAsUser"), group=security(pod, container, "runAsGroup"),
        groups=supplementary_groups(pod), no_new_privileges=own.get("allowPrivilegeEscalation") is False,
        privileged=bool(own.get("privileged")), read_only_root=bool(own.get("readOnlyRootFilesystem")),
        capabilities_add=tuple(capabilities.get("add") or ()), capabilities_drop=tuple(capabilities.get("drop") or ()),
        target=container.get("targetContainerName") or "",
        cpu_shares=cpu_shares(container), cpu_quota_us=cpu_quota_us(container), memory_bytes=memory_bytes(container),
        pod_limits=pod_limits(pod),
    )  # fmt: skip


def supplementary_groups(pod: Object) -> tuple[int, ...]:
    """The groups that every process of the pod is in: those asked for, and the one that owns its volumes."""
    context = pod["spec"].get("securityContext") or {}
    asked = {*(context.get("supplementalGroups") or ()), context.get("fsGroup")}
    return tuple(sorted(group for group in asked if group is not None))


def _check_not_root(pod: Object, container: Object, image: Image) -> None:
    if not security(pod, container, "runAsNonRoot"):
        return
    where = f'(pod: "{shown(pod)}", container: {container["name"]})'
    user = security(pod, container, "runAsUser")
    if user is not None:
        if user == 0:
            raise _config_error(f"container's runAsUser breaks non-root policy {where}")
        return
    image_user = image.user.partition(":")[0]
    if image_user in ("", "0", "root"):
        raise _config_error(f"container has runAsNonRoot and image will run as root {where}")
    if not image_user.isdigit():
        raise _config_error(
            f"container has runAsNonRoot and image has non-numeric user ({image_user}), "
            f"cannot verify user is non-root {where}"
        )


def _config_error(message: str) -> RuntimeFailure:
    return RuntimeFailure("CreateContainerConfigError", message)
