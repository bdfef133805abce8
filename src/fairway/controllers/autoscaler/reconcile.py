"""Reconcile: keep the target of each autoscaler within its limits, and say what cannot be done."""

from collections.abc import Iterable

from fairway.controllers.autoscaler.plan import plan
from fairway.kinds import (
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    STATEFUL_SET,
)
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.events import EventType
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change

BY_TARGET = "target"
_SCALED: dict[str, Kind] = {kind.name: kind for kind in (DEPLOYMENT, REPLICA_SET, REPLICATION_CONTROLLER, STATEFUL_SET)}


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Scale what is outside the limits, and tell the status."""
    autoscaler = cluster.get(HORIZONTAL_POD_AUTOSCALER, *key)
    if autoscaler is None:
        return
    reference = autoscaler["spec"]["scaleTargetRef"]
    kind = _SCALED.get(reference["kind"])
    target, why_not = None, f'no matches for kind "{reference["kind"]}" in group "{_group(reference)}"'
    if kind is not None and kind.group == _group(reference):
        target = cluster.get(kind, key[0], reference["name"])
        why_not = f'{kind.resource} "{reference["name"]}" not found'
    step = plan(autoscaler, target, why_not, cluster.now())
    if step.replicas is not None and target is not None and kind is not None:
        await cluster.patch(kind, target, {"spec": {"replicas": step.replicas}}, subresource="scale")
    if step.event is not None:
        reason, message = step.event
        type_: EventType = "Normal" if reason == "SuccessfulRescale" else "Warning"
        cluster.event(HORIZONTAL_POD_AUTOSCALER, autoscaler, type_, reason, message)
    if step.status != autoscaler.get("status"):
        await cluster.update(HORIZONTAL_POD_AUTOSCALER, {**autoscaler, "status": step.status}, subresource="status")


def _group(reference: Object) -> str:
    group, slash, _ = str(reference.get("apiVersion") or "").rpartition("/")
    return group if slash else ""


def by_target(autoscaler: Object) -> Iterable[str]:
    """``namespace/Kind/name`` of what is scaled."""
    reference = autoscaler["spec"]["scaleTargetRef"]
    return (f"{autoscaler['metadata']['namespace']}/{reference['kind']}/{reference['name']}",)


def of_target(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The autoscalers of a workload whose number of pods has changed."""
    old, new = change.old, change.new
    if old is not None and new is not None and _size(old) == _size(new):
        return ()
    namespace, name = object_key(change.object)
    value = f"{namespace}/{change.object['kind']}/{name}"
    return [object_key(one) for one in cluster.by_index(HORIZONTAL_POD_AUTOSCALER, BY_TARGET, value)]


def _size(workload: Object) -> tuple[object, object]:
    return workload["spec"].get("replicas"), (workload.get("status") or {}).get("replicas")


AUTOSCALERS = Controller(
    name="horizontal-pod-autoscaler", owns=HORIZONTAL_POD_AUTOSCALER, reconcile=reconcile,
    wakes=dict.fromkeys(_SCALED.values(), of_target), indexes={HORIZONTAL_POD_AUTOSCALER: {BY_TARGET: by_target}},
)  # fmt: skip
