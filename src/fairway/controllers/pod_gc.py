"""Pods that nobody will ever finish are removed: those of vanished nodes, and the oldest of very many ended ones.

Source: Kubernetes docs, "Pod Lifecycle", "Garbage collection of Pods".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from fairway.controllers.rules.pods import is_terminal, is_terminating
from fairway.kinds import NODE, POD
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_node, object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.times import rfc3339

ENDED: Key = ("", "")
BY_END = "ended"


@dataclass(slots=True)
class Missing:
    """Since when each node has been missed, in Unix seconds."""

    since_s: dict[str, float] = field(default_factory=dict)


def by_end(pod: Object) -> Iterable[str]:
    """An index of the pods that ended."""
    return (BY_END,) if is_terminal(pod) else ()


def surplus(ended: Sequence[Object], limit: int) -> list[Object]:
    """The ended pods to remove: evicted ones first, then the oldest.  Pure."""
    count = len(ended) - limit
    if count <= 0:
        return []
    return sorted(
        ended,
        key=lambda pod: (
            (pod.get("status") or {}).get("reason") != "Evicted",
            pod["metadata"].get("creationTimestamp") or "", pod["metadata"]["name"],
        ),
    )[:count]  # fmt: skip


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Remove the pod of ``key`` if its node is gone for good; the empty key stands for all ended pods."""
    if key == ENDED:
        ended = cluster.by_index(POD, BY_END, BY_END)
        limit: int = cluster.settings.terminated_pods
        await cluster.together(*(_remove(pod, cluster) for pod in surplus(ended, limit)))
        return None
    pod = cluster.get(POD, *key)
    if pod is None:
        return None
    node_name = pod["spec"].get("nodeName")
    if not node_name:
        if is_terminating(pod):
            await _remove(pod, cluster)
        return None
    return await _remove_if_lost(pod, node_name, cluster)


async def _remove_if_lost(pod: Object, node_name: str, cluster: Cluster) -> float | None:
    missing: Missing = cluster.state
    if cluster.get(NODE, None, node_name) is not None:
        missing.since_s.pop(node_name, None)
        return None
    now = cluster.now()
    left_s: float = missing.since_s.setdefault(node_name, now) + cluster.settings.vanished_node_s - now
    if left_s > 0:
        return left_s
    if await cluster.read(NODE, None, node_name) is None:
        await _fail(pod, cluster)
        await _remove(pod, cluster)
    return None


async def _fail(pod: Object, cluster: Cluster) -> None:
    """Say in the status what became of the pod, so that its owner counts it as lost."""
    if is_terminal(pod):
        return
    lost = {
        "type": "DisruptionTarget", "status": "True", "lastProbeTime": None,
        "lastTransitionTime": rfc3339(cluster.now()), "reason": "DeletionByPodGC",
        "message": "PodGC: node no longer exists",
    }  # fmt: skip
    if generation := pod["metadata"].get("generation"):
        lost["observedGeneration"] = generation
    others = [one for one in (pod.get("status") or {}).get("conditions") or () if one["type"] != "DisruptionTarget"]
    conditions = [*others, condition(pod, "DisruptionTarget") or lost]
    patch = {
        "metadata": {"uid": pod["metadata"]["uid"], "resourceVersion": pod["metadata"]["resourceVersion"]},
        "status": {"phase": "Failed", "conditions": conditions},
    }  # fmt: skip
    try:
        await cluster.patch(POD, pod, patch, subresource="status")
    except StatusError as error:
        if error.code != 404:
            raise


async def _remove(pod: Object, cluster: Cluster) -> None:
    await cluster.delete(POD, pod, gracePeriodSeconds=0)


def pods_changed(change: Change, cluster: Cluster) -> Iterable[Key]:
    """A pod of a node that is not there, one that leaves without ever having had a node, or one that ended."""
    old, new = change.old, change.new
    if new is None:
        return
    node_name = new["spec"].get("nodeName")
    if (node_name and cluster.get(NODE, None, node_name) is None) or (not node_name and is_terminating(new)):
        yield object_key(new)
    if is_terminal(new) and (old is None or not is_terminal(old)):
        yield ENDED


def nodes_changed(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The pods of a node that went, or came back."""
    if change.old is None or change.new is None:
        for pod in cluster.by_index(POD, "node", change.object["metadata"]["name"]):
            yield object_key(pod)


POD_GC = Controller(
    name="pod-garbage-collector", owns=POD, reconcile=reconcile, wakes={POD: pods_changed, NODE: nodes_changed},
    indexes={POD: {"node": by_node, BY_END: by_end}}, state=Missing,
)  # fmt: skip
