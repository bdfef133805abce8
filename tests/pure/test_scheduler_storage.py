"""Where a pod with claims can run, and what it is told while it cannot."""

from typing import Any

import pytest

from fairway.controllers.scheduler.node_state import node_states
from fairway.controllers.scheduler.plan import Placement, plan
from fairway.controllers.scheduler.storage import Storage
from fairway.objects import Object

POD: Object = {
    "metadata": {"namespace": "d", "name": "p", "uid": "p"},
    "spec": {"containers": [], "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]},
}


def node(name: str) -> Object:
    amounts = {"cpu": "4", "memory": "4Gi", "pods": "10"}
    labels = {"kubernetes.io/hostname": name}
    return {"metadata": {"name": name, "labels": labels}, "spec": {}, "status": {
        "allocatable": amounts, "conditions": [{"type": "Ready", "status": "True"}]}}  # fmt: skip


def placed(claim: Object | None, volume: Object | None = None, storage_class: Object | None = None) -> Placement:
    storage = Storage(lambda _: claim, lambda _: volume, lambda _: storage_class)
    nodes = node_states([node("n1"), node("n2")], [])
    (found,) = plan([POD], nodes, lambda _: {}, lambda _: storage)
    return found


def claim(phase: str, **meta: Any) -> Object:
    return {"metadata": {"name": "data", **meta}, "spec": {"storageClassName": "c", "volumeName": "pv"},
            "status": {"phase": phase}}  # fmt: skip


@pytest.mark.parametrize(
    ("found", "storage_class", "why_not"),
    [
        (None, None, 'persistentvolumeclaim "data" not found'),
        (claim("Bound", deletionTimestamp="x"), None, 'persistentvolumeclaim "data" is being deleted'),
        (claim("Lost"), None, 'persistentvolumeclaim "data" bound to non-existent persistentvolume "pv"'),
        (claim("Pending"), None, "pod has unbound immediate PersistentVolumeClaims"),
        (claim("Pending"), {"volumeBindingMode": "Immediate"}, "pod has unbound immediate PersistentVolumeClaims"),
    ],
)
def test_what_is_waited_for(found: Object | None, storage_class: Object | None, why_not: str) -> None:
    head = "0/2 nodes are available"
    assert placed(found, None, storage_class) == Placement(
        POD, "", f"{head}: {why_not}. preemption: {head}: 2 Preemption is not helpful for scheduling."
    )


def test_a_claim_that_waits_for_its_first_pod_is_no_obstacle() -> None:
    assert placed(claim("Pending"), None, {"volumeBindingMode": "WaitForFirstConsumer"}).node
    assert placed(claim("Bound")).node


def test_a_volume_of_one_node_draws_the_pod_there() -> None:
    wanted = {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n2"]}
    volume = {"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}}}}
    assert placed(claim("Bound"), volume).node == "n2"
    wanted["values"] = ["n9"]
    assert "2 node(s) had volume node affinity conflict" in placed(claim("Bound"), volume).message
