"""NodeHealth: a node that no longer renews its Lease is lost: its conditions, taints and pods say so.

Shape: silence is measured by this process' own clock from the last renewal that it saw, so that clocks need not agree
and the time when this process was away does not count.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from fairway.controllers.node_lifecycle import plan
from fairway.controllers.rules.pods import is_terminal
from fairway.kinds import LEASE, NODE, POD
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_node
from fairway.reconcile.informer import Change
from fairway.reconcile.times import rfc3339

LEASES = "kube-node-lease"


@dataclass(slots=True)
class Heartbeats:
    """The last sign of life of each node, and when it was first seen here (Unix seconds)."""

    seen: dict[str, tuple[tuple[object, ...], float]] = field(default_factory=dict)

    def last_s(self, node: Object, lease: Object | None, now: float) -> float:
        """When the newest sign of life was first seen."""
        name = node["metadata"]["name"]
        renewed = ((lease or {}).get("spec") or {}).get("renewTime")
        sign = (node["metadata"]["uid"], renewed, (condition(node, "Ready") or {}).get("lastHeartbeatTime"))
        known = self.seen.get(name)
        if known is None or known[0] != sign:
            known = self.seen[name] = (sign, now)
        return known[1]


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Judge one node, and look again when its time would be over."""
    _, name = key
    heartbeats: Heartbeats = cluster.state
    node = cluster.get(NODE, None, name)
    if node is None:
        heartbeats.seen.pop(name, None)
        return None
    now = cluster.now()
    left_s: float = heartbeats.last_s(node, cluster.get(LEASE, LEASES, name), now) + cluster.settings.node_grace_s - now
    if left_s <= 0:
        node = await _silence(node, now, cluster)
    await _taint(node, now, cluster)
    if (condition(node, "Ready") or {}).get("status") != "True":
        await _mark_pods(name, now, cluster)
    return left_s + 0.001 if left_s > 0 else None


async def _silence(node: Object, now: float, cluster: Cluster) -> Object:
    wanted = plan.silenced(node, rfc3339(now))
    if wanted is None:
        return node
    name = node["metadata"]["name"]
    cluster.event(NODE, node, "Normal", "NodeNotReady", f"Node {name} status is now: NodeNotReady")
    status = {**(node.get("status") or {}), "conditions": wanted}
    return await cluster.update(NODE, {**node, "status": status}, subresource="status")


async def _taint(node: Object, now: float, cluster: Cluster) -> None:
    wanted = plan.taints(node, rfc3339(now))
    if wanted is not None:
        meta = {"uid": node["metadata"]["uid"], "resourceVersion": node["metadata"]["resourceVersion"]}
        await cluster.patch(NODE, node, {"metadata": meta, "spec": {"taints": wanted or None}})


async def _mark_pods(name: str, now: float, cluster: Cluster) -> None:
    """Nobody reports for these pods any more, so none of them counts as Ready."""
    writes = []
    for pod in cluster.by_index(POD, "node", name):
        ready = condition(pod, "Ready")
        if ready is not None and ready.get("status") == "True" and not is_terminal(pod):
            cluster.event(POD, pod, "Warning", "NodeNotReady", "Node is not ready")
            writes.append(_mark(pod, ready, now, cluster))
    await cluster.together(*writes)


async def _mark(pod: Object, ready: Object, now: float, cluster: Cluster) -> None:
    lost = {**ready, "status": "False", "lastTransitionTime": rfc3339(now)}
    conditions = [lost if one is ready else one for one in pod["status"]["conditions"]]
    meta = {"uid": pod["metadata"]["uid"], "resourceVersion": pod["metadata"]["resourceVersion"]}
    try:
        await cluster.patch(POD, pod, {"metadata": meta, "status": {"conditions": conditions}}, subresource="status")
    except StatusError as error:
        if error.code != 404:
            raise


def node_of_lease(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The node that renewed its Lease."""
    meta = change.object["metadata"]
    return (("", meta["name"]),) if meta["namespace"] == LEASES else ()


NODE_LIFECYCLE = Controller(
    name="node-controller", owns=NODE, reconcile=reconcile, wakes={LEASE: node_of_lease}, reads=(POD,),
    indexes={POD: {"node": by_node}}, state=Heartbeats,
)  # fmt: skip
