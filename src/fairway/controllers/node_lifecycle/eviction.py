"""Eviction: a pod leaves a node whose NoExecute taints it does not tolerate, or no longer.

Source: Kubernetes docs, "Taints and Tolerations", "Taint based Evictions".
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fairway.controllers.node_lifecycle.plan import eviction_s
from fairway.controllers.rules.pods import is_active
from fairway.kinds import NODE, POD
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_node, object_key
from fairway.reconcile.informer import Change


@dataclass(slots=True)
class Marked:
    """The pods that will have to leave, with their uids."""

    uids: dict[Key, str] = field(default_factory=dict)


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Delete the pod if its time on the node is over, or look again when it is."""
    marked: Marked = cluster.state
    pod = cluster.get(POD, *key)
    if pod is None or not is_active(pod):
        marked.uids.pop(key, None)
        return None
    node = cluster.get(NODE, None, pod["spec"].get("nodeName") or "")
    deadline = eviction_s(pod, _taints(node))
    uid, shown = pod["metadata"]["uid"], "/".join(key)
    if deadline is None:
        if marked.uids.pop(key, None) == uid:
            cluster.event(POD, pod, "Normal", "TaintManagerEviction", f"Cancelling deletion of Pod {shown}")
        return None
    left_s = deadline - cluster.now()
    if left_s > 0:
        marked.uids[key] = uid
        return left_s + 0.001
    marked.uids.pop(key, None)
    cluster.event(POD, pod, "Normal", "TaintManagerEviction", f"Marking for deletion Pod {shown}")
    await cluster.delete(POD, pod)
    return None


def _taints(node: Object | None) -> list[Object]:
    return ((node or {}).get("spec") or {}).get("taints") or []


def _is_tainted(node: Object | None) -> bool:
    return any(taint["effect"] == "NoExecute" for taint in _taints(node))


def pods_of_node(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The pods of a node whose taints changed."""
    if _taints(change.old) == _taints(change.new) or not (_is_tainted(change.old) or _is_tainted(change.new)):
        return
    for pod in cluster.by_index(POD, "node", change.object["metadata"]["name"]):
        yield object_key(pod)


def pod_on_tainted_node(change: Change, cluster: Cluster) -> Iterable[Key]:
    """A pod that came to a tainted node, or changed what it tolerates."""
    old, new = change.old, change.new
    if new is None:
        key = object_key(change.object)
        return (key,) if key in cluster.state.uids else ()
    if old is not None and old["spec"] == new["spec"]:
        return ()
    return (object_key(new),) if _is_tainted(cluster.get(NODE, None, new["spec"].get("nodeName") or "")) else ()


TAINT_EVICTION = Controller(
    name="taint-eviction-controller", owns=POD, reconcile=reconcile,
    wakes={POD: pod_on_tainted_node, NODE: pods_of_node}, indexes={POD: {"node": by_node}}, state=Marked,
)  # fmt: skip
