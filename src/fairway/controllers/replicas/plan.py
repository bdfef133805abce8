"""Plan: how many pods to make, which to delete, and what the status says.  Pure.

Source: Kubernetes docs, "ReplicaSet"; "ReplicationController".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fairway.controllers.replicas.ranking import victims
from fairway.controllers.rules import pods as pod_rules
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.reconcile.owners import controller_reference
from fairway.reconcile.times import rfc3339

BURST = 500
"""Pods made or deleted in one go; upstream's limit."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``create`` new pods, or ``delete`` these."""

    create: int
    delete: list[Object]


def plan(owner: Object, pods: Sequence[Object], related: Sequence[Object], now: float) -> Plan:
    """Bring the active ones among ``pods`` to the number that ``owner`` asks for."""
    active = [pod for pod in pods if pod_rules.is_active(pod)]
    missing = wanted_replicas(owner) - len(active)
    if missing >= 0:
        return Plan(min(missing, BURST), [])
    return Plan(0, victims(active, related, min(-missing, BURST), now))


def wanted_replicas(owner: Object) -> int:
    """What the spec asks for; 1 if it says nothing."""
    replicas = owner["spec"].get("replicas")
    return 1 if replicas is None else int(replicas)


def pod_of(kind: Kind, owner: Object) -> Object:
    """A new pod from the owner's template."""
    meta = owner["metadata"]
    template = owner["spec"].get("template") or {}
    given = template.get("metadata") or {}
    made: Object = {
        "generateName": f"{meta['name']}-", "namespace": meta["namespace"],
        "labels": dict(given.get("labels") or {}),
    }  # fmt: skip
    if given.get("annotations"):
        made["annotations"] = dict(given["annotations"])
    if given.get("finalizers"):
        made["finalizers"] = list(given["finalizers"])
    made["ownerReferences"] = [controller_reference(kind, owner)]
    return {"kind": "Pod", "apiVersion": "v1", "metadata": made, "spec": template.get("spec") or {}}


def status(
    owner: Object, pods: Sequence[Object], failure: tuple[str, str] | None, now: float, *, with_leaving: bool = False
) -> Object:  # fmt: skip
    """The status that the owner should have; ``failure`` is (reason, message) of a write that was refused.

    ``with_leaving`` counts the pods that are on their way out, too (KEP-3973).
    """
    active = [pod for pod in pods if pod_rules.is_active(pod)]
    ready = [pod for pod in active if pod_rules.is_ready(pod)]
    min_ready_s = owner["spec"].get("minReadySeconds") or 0
    template = ((owner["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    counts = {
        "replicas": len(active),
        "fullyLabeledReplicas": sum(
            template.items() <= (pod["metadata"].get("labels") or {}).items() for pod in active
        ),
        "readyReplicas": len(ready),
        "availableReplicas": sum(pod_rules.is_available(pod, min_ready_s, now) for pod in ready)
        if min_ready_s
        else len(ready),
    }
    found: Object = {name: count for name, count in counts.items() if count or name == "replicas"}
    if with_leaving:
        found["terminatingReplicas"] = sum(
            pod_rules.is_terminating(pod) and not pod_rules.is_terminal(pod) for pod in pods
        )  # fmt: skip
    if generation := owner["metadata"].get("generation"):
        found["observedGeneration"] = generation
    if conditions := _conditions(owner, failure, now):
        found["conditions"] = conditions
    return found


def _conditions(owner: Object, failure: tuple[str, str] | None, now: float) -> list[dict[str, Any]]:
    present = (owner.get("status") or {}).get("conditions") or []
    others = [one for one in present if one.get("type") != "ReplicaFailure"]
    if failure is None:
        return others
    for one in present:
        if one.get("type") == "ReplicaFailure" and (one.get("reason"), one.get("status")) == (failure[0], "True"):
            return list(present)
    reason, message = failure
    return [
        *others,
        {
            "type": "ReplicaFailure", "status": "True", "lastTransitionTime": rfc3339(now),
            "reason": reason, "message": message,
        },
    ]  # fmt: skip


def next_look_s(owner: Object, pods: Sequence[Object], now: float) -> float | None:
    """Seconds until another pod has been Ready for minReadySeconds; ``None`` if time alone changes nothing."""
    min_ready_s = owner["spec"].get("minReadySeconds") or 0
    if not min_ready_s:
        return None
    ages = [
        now - since for pod in pods if pod_rules.is_active(pod) and (since := pod_rules.ready_since(pod)) is not None
    ]
    waits = [min_ready_s - age for age in ages if age < min_ready_s]
    return max(min(waits), 0.001) if waits else None
