"""Names: what this cluster's things are called in the kernel, so that they are found again and swept.

Devices have at most 15 characters, so long names are shortened with a hash; the full owner stands in the device's
alias.  Pure.
"""

import hashlib

DEVICE_NAME_MAX = 15
"""IFNAMSIZ less its closing zero."""


def _hash(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def gateway_device(cluster: str) -> str:
    """The dummy device that carries the gateway address: ``fairway-<cluster>``, shortened when it must be."""
    name = f"fairway-{cluster}"
    return name if len(name) <= DEVICE_NAME_MAX else f"fw-{_hash(cluster, 12)}"


def pod_device_prefix(cluster: str) -> str:
    """What the names of all host-side pod devices of a cluster begin with."""
    return f"fw{_hash(cluster, 4)}"


def pod_device(cluster: str, pod_uid: str) -> str:
    """The host-side end of a pod's veth pair."""
    return pod_device_prefix(cluster) + _hash(pod_uid, 9)


def cluster_alias(cluster: str) -> str:
    """The device alias that says whose a device is."""
    return f"fairway {cluster}"


def is_of_cluster(alias: str) -> bool:
    """Whether a device with this alias belongs to any cluster on this machine."""
    return alias.startswith("fairway ")


def pod_alias(cluster: str, pod_uid: str) -> str:
    """The alias of a pod's device."""
    return f"{cluster_alias(cluster)} pod {pod_uid}"


def is_pod_alias(cluster: str, alias: str) -> bool:
    """Whether a device with this alias belongs to a pod of the cluster."""
    return alias.startswith(f"{cluster_alias(cluster)} pod ")


def node_device(cluster: str, number: int) -> str:
    """The machine's end of the link to a further node."""
    return f"fwn{_hash(f'{cluster}/{number}', 12)}"


def node_alias(cluster: str, number: int) -> str:
    """The alias of that device."""
    return f"{cluster_alias(cluster)} node {number}"


def masquerade_table(cluster: str) -> str:
    """The nftables table that hides pods behind the node when they talk to the world."""
    return f"fairway-{cluster}-pods"


def host_ports_table(cluster: str) -> str:
    """The nftables table of the ports of the node that lead to single pods."""
    return f"fairway-{cluster}-host-ports"


def cluster_cgroup(cluster: str) -> str:
    """The control group of everything the cluster runs here."""
    return f"/fairway/{cluster}"


def pod_cgroup(cluster: str, pod_uid: str) -> str:
    """The control group of one pod."""
    return f"{cluster_cgroup(cluster)}/pod{pod_uid}"


def monitors_cgroup(cluster: str) -> str:
    """The control group of the monitors, apart from the agent's so that they outlive it."""
    return f"{cluster_cgroup(cluster)}/monitors"


def pause_cgroup(cluster: str, pod_uid: str) -> str:
    """The control group of the process that keeps a pod's process namespace."""
    return f"{pod_cgroup(cluster, pod_uid)}/pause"


def container_cgroup(cluster: str, pod_uid: str, container_id: str) -> str:
    """The control group of one container attempt."""
    return f"{pod_cgroup(cluster, pod_uid)}/{container_id}"


def container_id(cluster: str, pod_uid: str, name: str, attempt: int) -> str:
    """The id of an attempt: 64 hex digits, as every container runtime has them, the same for the same attempt."""
    return _hash(f"{cluster}/{pod_uid}/{name}/{attempt}", 64)
