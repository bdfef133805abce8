"""Node object: what this machine's Node should say, and the least that must be written for it.  Pure.

Source: Kubernetes docs, "Nodes", "Node status"; API reference, "Node v1 core".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fairway.node.runtimes.interface import Image
from fairway.node.settings import Settings
from fairway.objects import Object
from fairway.objects.meta import micro_timestamp, timestamp

MAX_IMAGES = 50
LEASE_NAMESPACE = "kube-node-lease"
HEALTHY = (
    ("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
)


def node_labels(settings: Settings, architecture: str) -> dict[str, str]:
    """The labels that this node gives itself."""
    return {
        "beta.kubernetes.io/arch": architecture,
        "beta.kubernetes.io/os": "linux",
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": settings.node_name,
        "kubernetes.io/os": "linux",
        **settings.labels,
    }


def node_object(settings: Settings, architecture: str) -> Object:
    """A new Node; its status is written apart."""
    spec: Object = {}
    if settings.pod_cidrs:
        spec = {"podCIDR": settings.pod_cidrs[0], "podCIDRs": list(settings.pod_cidrs)}
    meta: Object = {"name": settings.node_name, "labels": node_labels(settings, architecture)}
    if settings.annotations:
        meta["annotations"] = dict(settings.annotations)
    return {"kind": "Node", "apiVersion": "v1", "metadata": meta, "spec": spec}


def node_patch(node: Object, settings: Settings, architecture: str) -> Object:
    """What must change in a Node that exists already: its own labels and annotations, pod ranges where it has none."""
    patch: Object = {}
    for field, wanted in (("labels", node_labels(settings, architecture)), ("annotations", settings.annotations)):
        present = node["metadata"].get(field) or {}
        if changed := {name: value for name, value in wanted.items() if present.get(name) != value}:
            patch.setdefault("metadata", {})[field] = changed
    if settings.pod_cidrs and not (node.get("spec") or {}).get("podCIDR"):
        patch["spec"] = node_object(settings, architecture)["spec"]
    return patch


def node_status(
    settings: Settings, old: Object, capacity: Mapping[str, str], info: Object, images: Iterable[Image],
    problem: str, now_s: float,
) -> Object:  # fmt: skip
    """The whole status.  ``problem`` says why the runtime is not ready, or is empty."""
    amounts = {**extended(old.get("capacity")), **capacity}
    return {
        "capacity": amounts,
        "allocatable": dict(amounts),
        "conditions": _conditions(old.get("conditions") or [], problem, now_s),
        "addresses": [
            *({"type": "InternalIP", "address": address} for address in settings.node_ips),
            {"type": "Hostname", "address": settings.node_name},
        ],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": settings.port}},
        "nodeInfo": info,
        "images": _images(images),
    }


def extended(amounts: Object | None) -> dict[str, str]:
    """What others say that the machine has; all of it can be allocated."""
    return {name: value for name, value in (amounts or {}).items() if "/" in name}


def _conditions(old: Sequence[Object], problem: str, now_s: float) -> list[Object]:
    before = {condition["type"]: condition for condition in old}
    ready = ("Ready", "True", "KubeletReady", "kubelet is posting ready status")
    if problem:
        ready = ("Ready", "False", "KubeletNotReady", f"container runtime is not ready: {problem}")
    made = []
    for type_, status, reason, message in (*HEALTHY, ready):
        was = before.get(type_) or {}
        changed = was["lastTransitionTime"] if was.get("status") == status else timestamp(now_s)
        made.append(
            {
                "type": type_, "status": status, "lastHeartbeatTime": timestamp(now_s), "lastTransitionTime": changed,
                "reason": reason, "message": message,
            }
        )  # fmt: skip
    return made


def _images(images: Iterable[Image]) -> list[Object]:
    """The largest first, as upstream lists them."""
    largest = sorted(images, key=lambda image: (-image.size_bytes, image.id))[:MAX_IMAGES]
    return [{"names": [*image.digests, *image.names], "sizeBytes": image.size_bytes} for image in largest]


def status_changes(old: Object, new: Object) -> Object:
    """The fields of a merge patch that bring ``old`` to ``new``; heartbeats alone are no change.

    Conditions of others are kept.
    """
    changes: dict[str, Any] = {}
    for name, value in new.items():
        if name != "conditions" and old.get(name) != value:
            changes[name] = value
    if gone := extended(old.get("allocatable")).keys() - new["allocatable"].keys():
        changes["allocatable"] = {**new["allocatable"], **dict.fromkeys(gone)}
    if _told(old.get("conditions") or [], new["conditions"]):
        changes["conditions"] = merged_conditions(old.get("conditions") or [], new["conditions"])
    return changes


def _told(old: Sequence[Object], new: Sequence[Object]) -> bool:
    quiet = {condition["type"]: _without_heartbeat(condition) for condition in old}
    return any(quiet.get(condition["type"]) != _without_heartbeat(condition) for condition in new)


def _without_heartbeat(condition: Object) -> Object:
    return {name: value for name, value in condition.items() if name != "lastHeartbeatTime"}


def merged_conditions(old: Sequence[Object], new: Sequence[Object]) -> list[Object]:
    """``new``, and what others have written."""
    own = {condition["type"] for condition in new}
    return [*(condition for condition in old if condition["type"] not in own), *new]


def lease_object(settings: Settings, node: Object, now_s: float) -> Object:
    """The Lease that says that this node lives."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": node["metadata"]["name"], "uid": node["metadata"]["uid"]}
    return {
        "kind": "Lease", "apiVersion": "coordination.k8s.io/v1",
        "metadata": {"name": settings.node_name, "namespace": LEASE_NAMESPACE, "ownerReferences": [owner]},
        "spec": {
            "holderIdentity": settings.node_name, "leaseDurationSeconds": settings.lease_seconds,
            "renewTime": micro_timestamp(now_s),
        },
    }  # fmt: skip
