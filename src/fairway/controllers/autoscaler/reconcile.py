"""Reconcile: have each autoscaler's target as large as its limits and its metrics say, and say what cannot be done."""

from collections.abc import Iterable

from fairway.controllers.autoscaler.pace import History
from fairway.controllers.autoscaler.plan import plan
from fairway.kinds import (
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    POD,
    POD_METRICS,
    REPLICA_SET,
    REPLICATION_CONTROLLER,
    STATEFUL_SET,
)
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.labels import from_label_selector, from_map
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.events import EventType
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change

BY_TARGET = "target"
_AGAIN_S = 15.0
"""How often it is asked what pods use; nothing is asked where nothing is scaled by that."""
_SCALED: dict[str, Kind] = {kind.name: kind for kind in (DEPLOYMENT, REPLICA_SET, REPLICATION_CONTROLLER, STATEFUL_SET)}


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Scale the target if that is called for, and tell the status."""
    autoscaler = cluster.get(HORIZONTAL_POD_AUTOSCALER, *key)
    histories: dict[Key, History] = cluster.state
    if autoscaler is None:
        histories.pop(key, None)
        return None
    reference = autoscaler["spec"]["scaleTargetRef"]
    kind = _SCALED.get(reference["kind"])
    target, why_not = None, f'no matches for kind "{reference["kind"]}" in group "{_group(reference)}"'
    if kind is not None and kind.group == _group(reference):
        target = cluster.get(kind, key[0], reference["name"])
        why_not = f'{kind.resource} "{reference["name"]}" not found'
    pods, usages = await _seen(autoscaler, target, cluster)
    step = plan(autoscaler, target, why_not, cluster.now(), pods, usages, histories.setdefault(key, History()))
    if step.replicas is not None and target is not None and kind is not None:
        await cluster.patch(kind, target, {"spec": {"replicas": step.replicas}}, subresource="scale")
    if step.event is not None:
        reason, message = step.event
        type_: EventType = "Normal" if reason == "SuccessfulRescale" else "Warning"
        cluster.event(HORIZONTAL_POD_AUTOSCALER, autoscaler, type_, reason, message)
    if step.status != autoscaler.get("status"):
        await cluster.update(HORIZONTAL_POD_AUTOSCALER, {**autoscaler, "status": step.status}, subresource="status")
    return None if target is None else _AGAIN_S


async def _seen(autoscaler: Object, target: Object | None, cluster: Cluster) -> tuple[list[Object], list[Object]]:
    """The target's pods, and what they use."""
    metrics = autoscaler["spec"].get("metrics") or ()
    if target is None or not any(one["type"] in ("Resource", "ContainerResource") for one in metrics):
        return [], []
    given = target["spec"].get("selector") or {}
    is_plain = target["kind"] == REPLICATION_CONTROLLER.name
    selector = str(from_map(given) if is_plain else from_label_selector(given))
    namespace = autoscaler["metadata"]["namespace"]
    pods, _ = await cluster.client.list(POD, namespace, labels=selector)
    usages, _ = await cluster.client.list(POD_METRICS, namespace, labels=selector)
    return pods, usages


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
    state=dict,
)  # fmt: skip
