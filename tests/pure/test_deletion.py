"""What a delete does to an object."""

from dataclasses import replace
from typing import Any

import pytest

from fairway.apiserver.deletion import DeleteOptions, check_preconditions, decide, is_finished, read
from fairway.kinds import CONFIG_MAP, NAMESPACE, POD, REPLICA_SET
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError

NOW = 1_767_225_600.0
STAMP = "2026-01-01T00:00:00Z"


def found(**metadata: Any) -> Object:
    return {"metadata": {"name": "x", "uid": "u", "resourceVersion": "5", **metadata}}


def pod(**metadata: Any) -> Object:
    return {**found(**metadata), "spec": {"nodeName": "n1", "terminationGracePeriodSeconds": 30}}


def marked(kind: Kind, one: Object, options: DeleteOptions) -> Object:
    verdict = decide(kind, one, options, NOW)
    assert not verdict.removes
    assert verdict.marked is not None
    metadata: Object = verdict.marked["metadata"]
    return metadata


def test_an_object_that_nothing_holds_goes_at_once() -> None:
    assert decide(CONFIG_MAP, found(), DeleteOptions(), NOW).removes


def test_finalizers_hold_it() -> None:
    assert marked(CONFIG_MAP, found(finalizers=["a/b"]), DeleteOptions()) == {
        "name": "x", "uid": "u", "resourceVersion": "5", "finalizers": ["a/b"],
        "deletionTimestamp": STAMP, "deletionGracePeriodSeconds": 0,
    }  # fmt: skip


def test_a_second_delete_changes_nothing() -> None:
    going = found(finalizers=["a/b"], deletionTimestamp=STAMP, deletionGracePeriodSeconds=0)
    verdict = decide(CONFIG_MAP, going, DeleteOptions(), NOW + 60)
    assert (verdict.removes, verdict.marked) == (False, None)


@pytest.mark.parametrize(
    ("policy", "before", "after"),
    [
        ("Foreground", [], ["foregroundDeletion"]),
        ("Orphan", ["a/b"], ["a/b", "orphan"]),
        ("Orphan", ["foregroundDeletion"], ["orphan"]),
        ("Background", ["orphan", "a/b"], ["a/b"]),
        ("", ["orphan"], ["orphan"]),
    ],
)
def test_the_policy_decides_about_the_garbage_collectors_finalizers(
    policy: str, before: list[str], after: list[str]
) -> None:
    assert marked(REPLICA_SET, found(finalizers=before), DeleteOptions(policy=policy))["finalizers"] == after


def test_background_deletion_takes_the_garbage_collectors_finalizers_off() -> None:
    assert decide(REPLICA_SET, found(finalizers=["orphan"]), DeleteOptions(policy="Background"), NOW).removes


def test_a_pod_is_given_its_time() -> None:
    assert marked(POD, pod(generation=1), DeleteOptions())["deletionTimestamp"] == "2026-01-01T00:00:30Z"
    assert marked(POD, pod(), DeleteOptions(grace_s=5))["deletionGracePeriodSeconds"] == 5
    assert marked(POD, pod(), DeleteOptions(grace_s=-5))["deletionGracePeriodSeconds"] == 1
    assert marked(POD, pod(generation=1), DeleteOptions())["generation"] == 2


def test_a_pod_on_no_node_has_nothing_to_wait_for_whatever_is_asked() -> None:
    one = pod()
    del one["spec"]["nodeName"]
    assert decide(POD, one, DeleteOptions(grace_s=60), NOW).removes


def test_a_pod_without_grace_goes_at_once_and_says_so_before() -> None:
    verdict = decide(POD, pod(generation=1), DeleteOptions(grace_s=0), NOW)
    assert verdict.removes and verdict.marked is not None
    last = verdict.marked["metadata"]
    assert (last["deletionTimestamp"], last["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:00Z", 0)
    assert last["generation"] == 2


def test_a_pod_that_wants_no_time_is_given_what_is_asked_for_it() -> None:
    one = pod()
    one["spec"]["terminationGracePeriodSeconds"] = 0
    assert decide(POD, one, DeleteOptions(), NOW).removes
    assert marked(POD, one, DeleteOptions(grace_s=30))["deletionGracePeriodSeconds"] == 30


def test_the_time_left_can_be_shortened_and_not_lengthened() -> None:
    going = pod(deletionTimestamp="2026-01-01T00:00:30Z", deletionGracePeriodSeconds=30)
    shortened = marked(POD, going, DeleteOptions(grace_s=10))
    assert (shortened["deletionTimestamp"], shortened["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:10Z", 10)
    for asked in (None, 30, 60):
        verdict = decide(POD, going, DeleteOptions(grace_s=asked), NOW)
        assert (verdict.removes, verdict.marked) == (False, None)
    assert decide(POD, going, DeleteOptions(grace_s=0), NOW).removes


def test_a_namespace_is_held_by_its_own_finalizers() -> None:
    one = {**found(), "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}
    verdict = decide(NAMESPACE, one, DeleteOptions(), NOW)
    assert verdict.marked is not None
    assert verdict.marked["status"] == {"phase": "Terminating"}
    assert "deletionGracePeriodSeconds" not in verdict.marked["metadata"]
    assert not is_finished(NAMESPACE, verdict.marked)
    assert is_finished(NAMESPACE, {**verdict.marked, "spec": {}})


def test_the_object_is_not_changed_in_place() -> None:
    one = found(finalizers=["a/b"])
    decide(CONFIG_MAP, one, DeleteOptions(policy="Orphan"), NOW)
    assert one == found(finalizers=["a/b"])


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, DeleteOptions()),
        ({"gracePeriodSeconds": "0"}, DeleteOptions(grace_s=0)),
        ({"gracePeriodSeconds": 7, "dryRun": ["All"]}, DeleteOptions(grace_s=7, is_dry_run=True)),
        ({"orphanDependents": True}, DeleteOptions(policy="Orphan")),
        ({"orphanDependents": "false"}, DeleteOptions(policy="Background")),
        ({"preconditions": {"uid": "u", "resourceVersion": "5"}}, DeleteOptions(uid="u", revision="5")),
        # What is asked to be nothing is asked for.
        ({"preconditions": {"uid": "", "resourceVersion": ""}}, DeleteOptions(uid="", revision="")),
    ],
)
def test_options_are_read_from_bodies_and_queries(given: dict[str, Any], options: DeleteOptions) -> None:
    assert replace(read(given), given={}) == options


@pytest.mark.parametrize(
    "given",
    [
        {"propagationPolicy": "Sideways"},
        {"propagationPolicy": "Orphan", "orphanDependents": True},
        {"gracePeriodSeconds": "soon"},
        {"gracePeriodSeconds": True},
        {"dryRun": "true"},
    ],
)
def test_options_that_cannot_be_are_a_422(given: dict[str, Any]) -> None:
    with pytest.raises(StatusError) as refused:
        read(given)
    assert (refused.value.code, refused.value.details["kind"]) == (422, "DeleteOptions")


@pytest.mark.parametrize("options", [DeleteOptions(uid="other"), DeleteOptions(revision="4")])
def test_preconditions_must_hold(options: DeleteOptions) -> None:
    with pytest.raises(StatusError, match=r'fulfilled on ConfigMap "x": the .* in the precondition'):
        check_preconditions(CONFIG_MAP, found(), options)
    check_preconditions(CONFIG_MAP, found(), DeleteOptions(uid="u", revision="5"))
