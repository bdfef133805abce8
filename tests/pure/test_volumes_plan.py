"""Which volume a claim gets, what both then say, and what is left behind."""

from pathlib import Path
from typing import Any

import pytest

from fairway.controllers.volumes.plan import (
    Bind,
    Provision,
    Wait,
    bound,
    bound_status,
    grown,
    phase,
    plan,
    promised,
    provisioned,
)
from fairway.kinds import PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM
from fairway.node.volumes.claimed import claimed_path
from fairway.node.volumes.local_volumes import abandoned
from fairway.objects import Object

OURS = {
    "metadata": {"name": "standard"}, "provisioner": "fairway.dev/local", "reclaimPolicy": "Delete",
    "volumeBindingMode": "WaitForFirstConsumer",
}  # fmt: skip


def claim(storage: str = "1Gi", **spec: Any) -> Object:
    meta = {"namespace": "d", "name": "data", "uid": "c1", "resourceVersion": "7"}
    asked = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": storage}},
        "volumeMode": "Filesystem",
    }
    return {"metadata": meta, "spec": {**asked, **spec}, "status": {"phase": "Pending"}}


def volume(name: str, storage: str = "1Gi", **spec: Any) -> Object:
    base = {
        "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
        "capacity": {"storage": storage},
        "volumeMode": "Filesystem",
    }
    return {
        "metadata": {"name": name, "labels": {"size": storage}},
        "spec": {**base, "hostPath": {"path": "/x"}, **spec},
    }


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ({}, "small"),
        ({"storage": "2Gi"}, "large"),
        ({"storage": "9Gi"}, None),
        ({"accessModes": ["ReadWriteMany"]}, None),
        ({"selector": {"matchLabels": {"size": "5Gi"}}}, "large"),
        ({"volumeMode": "Block"}, None),
        ({"storageClassName": "fast"}, "fast"),
    ],
)
def test_the_smallest_that_fits(asked: Any, name: str | None) -> None:
    other = {"namespace": "d", "name": "other", "uid": "x"}
    fast, taken = volume("fast", storageClassName="fast"), volume("taken", claimRef=other)
    volumes = [volume("large", "5Gi"), volume("small"), taken, fast]
    step = plan(claim(**asked), volumes, None, is_used=False)
    assert (step.volume["metadata"]["name"] if isinstance(step, Bind) else None) == name


def test_a_promise_goes_before_what_fits() -> None:
    mine = volume("mine", "9Gi", claimRef={"namespace": "d", "name": "data"})
    assert plan(claim(), [volume("small"), mine], None, is_used=False) == Bind(mine)
    former = volume("former", claimRef={"namespace": "d", "name": "data", "uid": "before"})
    assert isinstance(plan(claim(), [former], None, is_used=False), Wait)


def test_a_volume_is_made_for_the_first_pod_that_has_a_node() -> None:
    asked = claim(storageClassName="standard")
    step = plan(asked, [], OURS, is_used=False)
    assert isinstance(step, Wait)
    assert step.reason == "WaitForFirstConsumer"
    assert plan(asked, [], OURS, is_used=True) == Provision(OURS)
    assert plan(asked, [], OURS | {"volumeBindingMode": "Immediate"}, is_used=False) == Provision(OURS | {
        "volumeBindingMode": "Immediate"})  # fmt: skip


@pytest.mark.parametrize(
    ("provisioner", "reason"), [("kubernetes.io/no-provisioner", "FailedBinding"), ("a/b", "ExternalProvisioning")]
)
def test_others_make_the_volumes_of_their_classes(provisioner: str, reason: str) -> None:
    step = plan(claim(storageClassName="x"), [], OURS | {"provisioner": provisioner}, is_used=True)
    assert isinstance(step, Wait)
    assert step.reason == reason


def test_what_is_made_is_valid_bound_and_then_left_alone() -> None:
    asked = claim(storageClassName="standard")
    made = provisioned(asked, OURS, "/var/volumes")
    PERSISTENT_VOLUME.defaults(made)
    PERSISTENT_VOLUME.prepare(made, None, "")
    assert list(PERSISTENT_VOLUME.validate(made, None)) == []
    assert made["spec"]["hostPath"]["path"] == "/var/volumes/pvc-c1_d_data"
    assert promised(made, asked) is None
    now = bound(asked, made)
    assert now is not None
    assert (now["spec"]["volumeName"], sorted(now["metadata"]["annotations"])) == (
        "pvc-c1", ["pv.kubernetes.io/bind-completed", "pv.kubernetes.io/bound-by-controller"],
    )  # fmt: skip
    assert list(PERSISTENT_VOLUME_CLAIM.validate(now, asked)) == []
    assert bound(now, made) is None
    assert bound_status(made)["phase"] == "Bound"


def test_what_is_ours_grows_with_its_claim() -> None:
    made = provisioned(claim(storageClassName="standard"), OURS, "/v")
    larger = grown(made, claim("3Gi"))
    assert larger is not None
    assert larger["spec"]["capacity"] == {"storage": "3Gi"}
    assert (grown(larger, claim("3Gi")), grown(volume("theirs"), claim("3Gi"))) == (None, None)


def test_what_a_volume_says_of_itself() -> None:
    free, asked = volume("v"), claim()
    assert phase(free, None) == "Available"
    taken = promised(free, asked)
    assert taken is not None
    assert [phase(taken, asked), phase(taken, None)] == ["Bound", "Released"]
    assert phase(taken, {"metadata": {"uid": "another"}}) == "Released"


def test_directories_without_a_volume_are_abandoned() -> None:
    found = [Path("/v/a"), Path("/v/b"), Path("/v/c")]
    assert abandoned(found, [volume("x", hostPath={"path": "/v/a"}), volume("y", local={"path": "/v/b"})]) == found[2:]


def test_a_pod_is_told_what_its_claim_waits_for(tmp_path: Path) -> None:
    mounted = {"name": "v", "persistentVolumeClaim": {"claimName": "data"}}
    key = ("PersistentVolumeClaim", "data")

    def refused(sources: Any) -> str:
        with pytest.raises(Exception, match="persistentvolume") as caught:
            claimed_path(mounted, sources, None)
        return str(caught.value)

    assert refused({key: None}) == 'persistentvolumeclaim "data" not found'
    assert refused({key: claim()}) == 'persistentvolumeclaim "data" is not bound to a volume yet'
    ready = {**claim(volumeName="pv"), "status": {"phase": "Bound"}}
    assert refused({key: ready}) == 'persistentvolume "pv" not found'
    made = provisioned(claim(), OURS, str(tmp_path))
    place = claimed_path(mounted, {key: ready, ("PersistentVolume", "pv"): made}, None)
    assert place == tmp_path / "pvc-c1_d_data"
    # A claim that is to go stays while a pod has it: containers that start again find it.
    ready["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert claimed_path(mounted, {key: ready, ("PersistentVolume", "pv"): made}, None) == place
    assert place.stat().st_mode & 0o777 == 0o777
