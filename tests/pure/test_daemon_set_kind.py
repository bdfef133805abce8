"""DaemonSets and ControllerRevisions: defaults by version, rules, columns."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import SELECTOR, cells, changed, made, owner, refused

from fairway.kinds import CONTROLLER_REVISION, DAEMON_SET
from fairway.kinds.daemon_set import TEMPLATE_GENERATION
from fairway.objects import Object

ROLLING = "spec.updateStrategy.rollingUpdate"


def daemon_set(**spec: Any) -> Object:
    return owner(**({"selector": SELECTOR} | spec))


def rolling(**limits: Any) -> Object:
    return daemon_set(updateStrategy={"rollingUpdate": limits})


def test_it_rolls_one_node_at_a_time() -> None:
    new = made(DAEMON_SET, daemon_set())
    assert (new["spec"]["updateStrategy"], new["spec"]["revisionHistoryLimit"]) == (
        {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}, 10,
    )  # fmt: skip
    assert new["status"] == {
        "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
    }  # fmt: skip


def test_on_delete_has_no_rolling_update() -> None:
    new = made(DAEMON_SET, daemon_set(updateStrategy={"type": "OnDelete"}))
    assert new["spec"]["updateStrategy"] == {"type": "OnDelete"}
    assert refused(DAEMON_SET, daemon_set(updateStrategy={"type": "OnDelete"})) == []


def test_the_oldest_version_waits_for_deletion_and_takes_labels_from_the_template() -> None:
    new = owner(templateGeneration=3)
    served = next(one for one in DAEMON_SET.also if one.group == "extensions")
    assert served.to_storage is not None
    served.to_storage(new)
    spec = made(DAEMON_SET, new)["spec"]
    assert (spec["selector"], spec["updateStrategy"]) == (SELECTOR, {"type": "OnDelete"})
    assert "templateGeneration" not in spec
    assert [(one.group, one.version) for one in DAEMON_SET.also] == [("apps", "v1beta2"), ("extensions", "v1beta1")]


def test_changes_of_the_template_are_counted() -> None:
    old = made(DAEMON_SET, daemon_set())
    assert old["metadata"]["annotations"] == {TEMPLATE_GENERATION: "1"}
    same = deepcopy(old)
    same["spec"]["minReadySeconds"] = 3
    del same["metadata"]["annotations"]
    assert changed(DAEMON_SET, old, same) == []
    assert same["metadata"]["annotations"] == {TEMPLATE_GENERATION: "1"}
    new = deepcopy(old)
    new["spec"]["template"]["spec"]["containers"][0]["image"] = "v2"
    assert changed(DAEMON_SET, old, new) == []
    assert new["metadata"]["annotations"] == {TEMPLATE_GENERATION: "2"}


MISMATCH = 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'
NOT_A_PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%'"
    " (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (owner(), [MISMATCH]),
        (daemon_set(selector={"matchLabels": {"app": "x"}}), [MISMATCH]),
        (daemon_set(selector={}), ["spec.selector: Invalid value: {}: empty selector is invalid for daemonset"]),
        (daemon_set(minReadySeconds=-1), [
            "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0"]),
        (daemon_set(revisionHistoryLimit=-1), [
            "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0"]),
        (daemon_set(updateStrategy={"type": "Recreate"}), [
            'spec.updateStrategy: Unsupported value: {"Type":"Recreate","RollingUpdate":null}: '
            'supported values: "OnDelete", "RollingUpdate"']),
        (rolling(maxUnavailable=0), [f"{ROLLING}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]),
        (rolling(maxUnavailable="0%", maxSurge="0%"), [
            f"{ROLLING}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]),
        (rolling(maxSurge=1), [
            f"{ROLLING}.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]),
        (rolling(maxUnavailable="101%"), [
            f'{ROLLING}.maxUnavailable: Invalid value: "101%": must not be greater than 100%']),
        (rolling(maxUnavailable=0, maxSurge="200%"), [
            f'{ROLLING}.maxSurge: Invalid value: "200%": must not be greater than 100%']),
        (rolling(maxUnavailable="x"), [
            f'{ROLLING}.maxUnavailable: Invalid value: "x": {NOT_A_PERCENT}',
            f"{ROLLING}.maxUnavailable: Required value: cannot be 0 when maxSurge is 0"]),
        (rolling(maxUnavailable=0, maxSurge=-1), [
            f"{ROLLING}.maxSurge: Invalid value: -1: must be greater than or equal to 0"]),
    ],
)  # fmt: skip
def test_mistakes(new: Object, texts: list[str]) -> None:
    assert refused(DAEMON_SET, new) == texts


def test_its_pods_run_for_ever() -> None:
    new = daemon_set()
    new["spec"]["template"]["spec"] |= {"restartPolicy": "Never", "activeDeadlineSeconds": 5}
    assert refused(DAEMON_SET, new) == [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in DaemonSet is not Supported",
    ]


def test_the_selector_stays() -> None:
    old = made(DAEMON_SET, daemon_set())
    new = deepcopy(old)
    new["spec"]["selector"] = {"matchExpressions": [{"key": "app", "operator": "Exists"}]}
    assert changed(DAEMON_SET, old, new) == [
        'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable'
    ]


def test_counts_of_the_status_are_not_negative() -> None:
    old = made(DAEMON_SET, daemon_set())
    new = deepcopy(old)
    new["status"] |= {"numberReady": -1, "numberUnavailable": -2}
    assert changed(DAEMON_SET, old, new, "status") == [
        "status.numberReady: Invalid value: -1: must be greater than or equal to 0",
        "status.numberUnavailable: Invalid value: -2: must be greater than or equal to 0",
    ]


def test_columns() -> None:
    new = made(DAEMON_SET, daemon_set())
    new["metadata"]["creationTimestamp"] = "2023-11-14T22:13:10Z"
    new["status"] = {
        "desiredNumberScheduled": 3, "currentNumberScheduled": 2, "numberReady": 1, "numberAvailable": 1,
    }  # fmt: skip
    narrow = {
        "Desired": 3, "Current": 2, "Ready": 1, "Up-to-date": 0, "Available": 1, "Node Selector": "<none>",
        "Age": "10s",
    }  # fmt: skip
    assert list(cells(DAEMON_SET, new).items()) == list(narrow.items())
    wide = cells(DAEMON_SET, new, wide=True)
    assert list(wide.items())[7:] == [("Containers", "web"), ("Images", "luksa/kubia"), ("Selector", "app=web")]
    new["spec"]["template"]["spec"]["nodeSelector"] = {"b": "2", "a": "1"}
    assert cells(DAEMON_SET, new)["Node Selector"] == "a=1,b=2"


def test_a_revision_has_data_that_never_changes() -> None:
    assert refused(CONTROLLER_REVISION, {"revision": -1}) == [
        "data: Required value: data is mandatory", "revision: Invalid value: -1: must be greater than or equal to 0",
    ]  # fmt: skip
    old = made(CONTROLLER_REVISION, {"data": {"a": 1}})
    assert old["revision"] == 0
    assert changed(CONTROLLER_REVISION, old, {**old, "revision": 7}) == []
    assert changed(CONTROLLER_REVISION, old, {**old, "data": {"a": 2}}) == [
        'data: Invalid value: {"a":2}: field is immutable'
    ]


def test_columns_of_a_revision() -> None:
    reference = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "web", "uid": "u", "controller": True}
    found = {"metadata": {"ownerReferences": [reference]}, "data": {}, "revision": 4}
    assert cells(CONTROLLER_REVISION, found) == {"Controller": "daemonset.apps/web", "Revision": 4, "Age": "<unknown>"}
    assert cells(CONTROLLER_REVISION, {"metadata": {}, "revision": 1})["Controller"] == "<none>"
