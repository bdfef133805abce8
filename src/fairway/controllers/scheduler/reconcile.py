"""Reconcile: place all waiting pods at once, bind those that found a node, tell the others why not.

Shape: there is one key; a batch sees its own placements, and the next one begins when the caches show them.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from fairway.client.interface import STRATEGIC_PATCH
from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.scheduler.node_state import node_states
from fairway.controllers.scheduler.plan import Placement, plan
from fairway.controllers.scheduler.preemption import REASON, nominated
from fairway.controllers.scheduler.storage import Storage
from fairway.kinds import (
    NAMESPACE,
    NODE,
    PERSISTENT_VOLUME,
    PERSISTENT_VOLUME_CLAIM,
    POD,
    POD_DISRUPTION_BUDGET,
    STORAGE_CLASS,
)
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.informer import Change
from fairway.reconcile.times import rfc3339

NAME = "default-scheduler"
ALL_PODS: Key = ("", "")
WAITING = "waiting"
GATED = "Scheduling is blocked due to non-empty scheduling gates"


@dataclass(slots=True)
class Told:
    """The last message per pod that found no node, so that each is told once."""

    messages: dict[str, str] = field(default_factory=dict)


def is_waiting(pod: Object) -> bool:
    """Whether this scheduler has to find a node for ``pod``."""
    spec = pod["spec"]
    return (
        not spec.get("nodeName")
        and (spec.get("schedulerName") or NAME) == NAME
        and pod_rules.is_active(pod)
    )  # fmt: skip


def by_waiting(pod: Object) -> Iterable[str]:
    """An index of the pods that wait."""
    return (WAITING,) if is_waiting(pod) else ()


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Place every waiting pod that can be placed."""
    told: Told = cluster.state
    waiting = cluster.by_index(POD, WAITING, WAITING)
    present = {pod["metadata"]["uid"] for pod in waiting}
    told.messages = {uid: text for uid, text in told.messages.items() if uid in present}
    gated = [pod for pod in waiting if pod["spec"].get("schedulingGates")]
    ready = [pod for pod in waiting if not pod["spec"].get("schedulingGates")]
    if not waiting:
        return
    nodes = node_states(cluster.items(NODE), cluster.items(POD)) if ready else []
    budgets = list(cluster.items(POD_DISRUPTION_BUDGET)) if ready else []
    placements = plan(ready, nodes, lambda name: _labels(cluster, name), lambda pod: _storage(pod, cluster), budgets)
    answers = await asyncio.gather(
        *(_bind(one, cluster) for one in placements if one.node),
        *(_refuse(one, "Unschedulable", told, cluster) for one in placements if not one.node),
        *(_make_room(one, victim, cluster) for one, victim in _victims(placements)),
        *(_refuse(Placement(pod, "", GATED), "SchedulingGated", told, cluster) for pod in gated),
        return_exceptions=True,
    )
    for answer in answers:
        if isinstance(answer, BaseException) and not (isinstance(answer, StatusError) and answer.code == 404):
            raise answer


def _victims(placements: Iterable[Placement]) -> Iterable[tuple[Placement, Object]]:
    """Every victim once, with the most important pod that it leaves for."""
    found: dict[str, tuple[Placement, Object]] = {}
    for one in placements:
        for victim in one.victims:
            found.setdefault(victim["metadata"]["uid"], (one, victim))
    return found.values()


def _labels(cluster: Cluster, namespace: str) -> dict[str, str]:
    found = cluster.get(NAMESPACE, None, namespace)
    return (found or {"metadata": {}})["metadata"].get("labels") or {}


def _storage(pod: Object, cluster: Cluster) -> Storage:
    namespace = pod["metadata"]["namespace"]
    return Storage(
        lambda name: cluster.get(PERSISTENT_VOLUME_CLAIM, namespace, name),
        lambda name: cluster.get(PERSISTENT_VOLUME, None, name),
        lambda name: cluster.get(STORAGE_CLASS, None, name),
    )


async def _bind(placement: Placement, cluster: Cluster) -> None:
    pod, meta = placement.pod, placement.pod["metadata"]
    binding = {
        "kind": "Binding", "apiVersion": "v1",
        "metadata": {"namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]},
        "target": {"apiVersion": "v1", "kind": "Node", "name": placement.node},
    }  # fmt: skip
    await cluster.client.create(POD, binding, subresource="binding", name=meta["name"])
    cluster.expect(POD, lambda: _is_settled(cluster, pod))
    text = f"Successfully assigned {meta['namespace']}/{meta['name']} to {placement.node}"
    cluster.event(POD, pod, "Normal", "Scheduled", text)


def _is_settled(cluster: Cluster, pod: Object) -> bool:
    found = cluster.get(POD, pod["metadata"]["namespace"], pod["metadata"]["name"])
    return found is None or found["metadata"]["uid"] != pod["metadata"]["uid"] or bool(found["spec"].get("nodeName"))


async def _refuse(placement: Placement, reason: str, told: Told, cluster: Cluster) -> None:
    """Say in the pod's status and in an Event why it waits, once per message."""
    pod, message = placement.pod, placement.message
    uid = pod["metadata"]["uid"]
    if told.messages.get(uid) != message:
        told.messages[uid] = message
        if reason == "Unschedulable":
            cluster.event(POD, pod, "Warning", "FailedScheduling", message)
    present = condition(pod, "PodScheduled") or {}
    told_before = (present.get("status"), present.get("reason"), present.get("message"))
    is_told = told_before == ("False", reason, message) and _observed(pod).items() <= present.items()
    if is_told and nominated(pod) == placement.nominated:
        return
    others = [one for one in (pod.get("status") or {}).get("conditions") or () if one.get("type") != "PodScheduled"]
    since = present.get("lastTransitionTime") if present.get("status") == "False" else None
    refused = {
        "type": "PodScheduled", "status": "False", "lastProbeTime": None,
        "lastTransitionTime": since or rfc3339(cluster.now()), "reason": reason, "message": message, **_observed(pod),
    }  # fmt: skip
    patch = {
        "metadata": {"uid": uid, "resourceVersion": pod["metadata"]["resourceVersion"]},
        "status": {"conditions": [*others, refused], "nominatedNodeName": placement.nominated or None},
    }
    await cluster.patch(POD, pod, patch, subresource="status")


def _observed(pod: Object) -> Object:
    """Which spec a condition speaks of."""
    generation = pod["metadata"].get("generation")
    return {} if generation is None else {"observedGeneration": generation}


async def _make_room(placement: Placement, victim: Object, cluster: Cluster) -> None:
    """Say to a pod that it has to leave for a more important one, and have it leave in its own time."""
    if pod_rules.is_terminating(victim):
        return
    target = {
        "type": "DisruptionTarget", "status": "True", "lastTransitionTime": rfc3339(cluster.now()), "reason": REASON,
        "message": f"{NAME}: preempting to accommodate a higher priority pod", **_observed(victim),
    }  # fmt: skip
    patch = {"metadata": {"uid": victim["metadata"]["uid"]}, "status": {"conditions": [target]}}
    await cluster.patch(POD, victim, patch, content_type=STRATEGIC_PATCH, subresource="status")
    await cluster.delete(POD, victim)
    text = f"Preempted by pod {placement.pod['metadata']['uid']} on node {placement.nominated}"
    cluster.event(POD, victim, "Normal", "Preempted", text)


def pods_changed(change: Change, cluster: Cluster) -> Iterable[Key]:
    """A pod that waits anew or differently, or, while some wait, one that leaves room or changes its labels."""
    old, new = change.old, change.new
    if new is not None and is_waiting(new):
        return (ALL_PODS,) if old is None or old["spec"] != new["spec"] or _labels_differ(old, new) else ()
    if old is None or not cluster.by_index(POD, WAITING, WAITING):
        return ()
    frees = new is None or (pod_rules.is_terminal(new) and not pod_rules.is_terminal(old))
    is_new_neighbour = new is not None and (not old["spec"].get("nodeName") or _labels_differ(old, new))
    return (ALL_PODS,) if frees or is_new_neighbour else ()


def _labels_differ(old: Object, new: Object) -> bool:
    return bool(old["metadata"].get("labels") != new["metadata"].get("labels"))


def nodes_changed(change: Change, cluster: Cluster) -> Iterable[Key]:
    """A node that may take pods which it did not take before."""
    if not cluster.by_index(POD, WAITING, WAITING):
        return ()
    views = [None if node is None else _view(node) for node in (change.old, change.new)]
    return (ALL_PODS,) if views[0] != views[1] else ()


def _view(node: Object) -> tuple[object, ...]:
    spec, status = node.get("spec") or {}, node.get("status") or {}
    ready = condition(node, "Ready") or {}
    return (
        node["metadata"].get("labels"), spec.get("taints"), spec.get("unschedulable"), status.get("allocatable"),
        ready.get("status"),
    )  # fmt: skip


def claims_changed(change: Change, cluster: Cluster) -> Iterable[Key]:
    """A claim that has come, or has got its volume, while pods wait."""
    if not cluster.by_index(POD, WAITING, WAITING):
        return ()
    phases = [None if one is None else (one.get("status") or {}).get("phase") for one in (change.old, change.new)]
    return (ALL_PODS,) if phases[0] != phases[1] else ()


SCHEDULER = Controller(
    name=NAME, owns=POD, reconcile=reconcile,
    wakes={POD: pods_changed, NODE: nodes_changed, PERSISTENT_VOLUME_CLAIM: claims_changed},
    reads=(NAMESPACE, PERSISTENT_VOLUME, STORAGE_CLASS, POD_DISRUPTION_BUDGET),
    indexes={POD: {WAITING: by_waiting}}, state=Told, workers=1,
)  # fmt: skip
