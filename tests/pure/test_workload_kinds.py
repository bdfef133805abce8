"""ReplicaSets, ReplicationControllers and Deployments: defaults by version, rules, columns."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import SELECTOR, cells, changed, container, made, owner, refused

from fairway.kinds import DEPLOYMENT, REPLICA_SET, REPLICATION_CONTROLLER
from fairway.kinds.kind import Kind, Served
from fairway.objects import Object

OWNERS = {"ReplicaSet": REPLICA_SET, "Deployment": DEPLOYMENT, "ReplicationController": REPLICATION_CONTROLLER}


def owned(kind: Kind, **spec: Any) -> Object:
    selector = {"app": "web"} if kind is REPLICATION_CONTROLLER else SELECTOR
    return owner(**({"selector": selector} | spec))


def version(kind: Kind, group: str, name: str) -> Served:
    return next(each for each in kind.also if (each.group, each.version) == (group, name))


def test_a_deployment_rolls_a_quarter_at_a_time() -> None:
    spec = made(DEPLOYMENT, owned(DEPLOYMENT))["spec"]
    assert {key: value for key, value in spec.items() if key not in ("template", "selector")} == {
        "replicas": 1,
        "revisionHistoryLimit": 10,
        "progressDeadlineSeconds": 600,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
    }


def test_recreate_has_no_rolling_update() -> None:
    spec = made(DEPLOYMENT, owned(DEPLOYMENT, strategy={"type": "Recreate"}))["spec"]
    assert spec["strategy"] == {"type": "Recreate"}


def test_a_half_given_rolling_update_is_completed() -> None:
    spec = made(DEPLOYMENT, owned(DEPLOYMENT, strategy={"rollingUpdate": {"maxSurge": 0}}))["spec"]
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": "25%"}}


@pytest.mark.parametrize("kind", OWNERS.values(), ids=OWNERS)
def test_one_replica_and_a_whole_template(kind: Kind) -> None:
    spec = made(kind, owned(kind))["spec"]
    assert (spec["replicas"], spec["template"]["spec"]["dnsPolicy"]) == (1, "ClusterFirst")
    assert "enableServiceLinks" not in spec["template"]["spec"]


@pytest.mark.parametrize("kind", OWNERS.values(), ids=OWNERS)
def test_zero_replicas_stay_zero(kind: Kind) -> None:
    assert made(kind, owned(kind, replicas=0))["spec"]["replicas"] == 0


def test_a_replication_controller_takes_selector_and_labels_from_its_template() -> None:
    new = made(REPLICATION_CONTROLLER, owner({"app": "web", "tier": "front"}))
    assert new["spec"]["selector"] == {"app": "web", "tier": "front"}
    assert new["metadata"]["labels"] == {"app": "web", "tier": "front"}


@pytest.mark.parametrize("kind", [REPLICA_SET, DEPLOYMENT], ids=["ReplicaSet", "Deployment"])
def test_the_oldest_version_takes_selector_and_labels_from_the_template(kind: Kind) -> None:
    new = owner()
    served = version(kind, "extensions", "v1beta1")
    assert served.to_storage is not None
    served.to_storage(new)
    assert made(kind, new)["spec"]["selector"] == {"matchLabels": {"app": "web"}}
    assert new["metadata"]["labels"] == {"app": "web"}
    assert served.warning == (
        f"extensions/v1beta1 {kind.name} is deprecated in v1.8+, unavailable in v1.16+; use apps/v1 {kind.name}"
    )


def test_the_oldest_deployments_roll_one_pod_at_a_time_without_a_deadline() -> None:
    new = owner()
    served = version(DEPLOYMENT, "extensions", "v1beta1")
    assert served.to_storage is not None
    served.to_storage(new)
    spec = made(DEPLOYMENT, new)["spec"]
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (2147483647, 2147483647)
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 1}


def test_the_beta_deployments_keep_two_revisions() -> None:
    new = owner()
    served = version(DEPLOYMENT, "apps", "v1beta1")
    assert served.to_storage is not None
    served.to_storage(new)
    assert made(DEPLOYMENT, new)["spec"]["revisionHistoryLimit"] == 2


def test_the_text_books_version_of_replica_sets_is_served_with_a_warning() -> None:
    served = version(REPLICA_SET, "apps", "v1beta2")
    assert (served.to_storage, served.warning) == (
        None, "apps/v1beta2 ReplicaSet is deprecated in v1.9+, unavailable in v1.16+; use apps/v1 ReplicaSet",
    )  # fmt: skip


MISMATCH = 'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`'


@pytest.mark.parametrize("kind", OWNERS.values(), ids=OWNERS)
def test_the_selector_selects_the_template(kind: Kind) -> None:
    other = {"app": "x"} if kind is REPLICATION_CONTROLLER else {"matchLabels": {"app": "x"}}
    assert refused(kind, owned(kind, selector=other)) == [MISMATCH]


@pytest.mark.parametrize("kind", [REPLICA_SET, DEPLOYMENT], ids=["ReplicaSet", "Deployment"])
def test_the_selector_is_required_and_says_something(kind: Kind) -> None:
    assert refused(kind, owner()) == ["spec.selector: Required value", MISMATCH]
    assert refused(kind, owned(kind, selector={})) == [
        "spec.selector: Invalid value: {}: empty selector is invalid for deployment"
    ]


@pytest.mark.parametrize("kind", [REPLICA_SET, DEPLOYMENT], ids=["ReplicaSet", "Deployment"])
def test_the_selector_stays(kind: Kind) -> None:
    old = made(kind, owned(kind))
    new = deepcopy(old)
    new["spec"]["selector"] = {"matchLabels": {"app": "x"}}
    new["spec"]["template"]["metadata"]["labels"] = {"app": "x"}
    assert changed(kind, old, new) == ['spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable']


def test_a_replication_controller_may_change_its_selector() -> None:
    old = made(REPLICATION_CONTROLLER, owned(REPLICATION_CONTROLLER))
    new = deepcopy(old)
    new["spec"]["selector"] = {"app": "x"}
    new["spec"]["template"]["metadata"]["labels"] = {"app": "x"}
    assert changed(REPLICATION_CONTROLLER, old, new) == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (REPLICA_SET, "activeDeadlineSeconds in ReplicaSet is not Supported"),
        (REPLICATION_CONTROLLER, "activeDeadlineSeconds in ReplicationController is not Supported"),
    ],
    ids=["ReplicaSet", "ReplicationController"],
)
def test_its_pods_run_for_ever(kind: Kind, text: str) -> None:
    new = owned(kind)
    new["spec"]["template"]["spec"] |= {"restartPolicy": "Never", "activeDeadlineSeconds": 5}
    assert refused(kind, new) == [
        'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        f"spec.template.spec.activeDeadlineSeconds: Forbidden: {text}",
    ]


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        ({"replicas": -1}, ["spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        (
            {"minReadySeconds": 600},
            ["spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"],
        ),
        (
            {"strategy": {"type": "X"}},
            [
                'spec.strategy: Unsupported value: {"Type":"X","RollingUpdate":null}: supported values: "Recreate",'
                ' "RollingUpdate"'
            ],
        ),
        (
            {"strategy": {"type": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
            ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "0%"}}},
            ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "0%": may not be 0 when `maxSurge` is 0'],
        ),
        (
            {"strategy": {"rollingUpdate": {"maxUnavailable": "101%"}}},
            ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
        ),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": "x"}}},
            [
                'spec.strategy.rollingUpdate.maxSurge: Invalid value: "x": a valid percent string must be a numeric'
                " string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
            ],
        ),
    ],
)
def test_deployments(spec: Object, problems: list[str]) -> None:
    assert refused(DEPLOYMENT, owned(DEPLOYMENT, **spec)) == problems


def test_a_template_is_judged_at_its_own_path() -> None:
    new = owned(REPLICA_SET)
    new["spec"]["template"]["spec"]["containers"] = [container(ports=[{"containerPort": 0}])]
    assert refused(REPLICA_SET, new) == ["spec.template.spec.containers[0].ports[0].containerPort: Required value"]


def test_counts_of_a_status_fit_together() -> None:
    old = made(REPLICA_SET, owned(REPLICA_SET))
    new = deepcopy(old)
    new["status"] = {"replicas": 1, "readyReplicas": 2, "availableReplicas": 3}
    assert changed(REPLICA_SET, old, new, "status") == [
        "status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas",
        "status.availableReplicas: Invalid value: 3: cannot be greater than readyReplicas",
    ]


@pytest.mark.parametrize("kind", OWNERS.values(), ids=OWNERS)
def test_spec_and_status_are_written_apart(kind: Kind) -> None:
    old = made(kind, owned(kind))
    new = deepcopy(old)
    new["status"] = {"replicas": 1}
    new["spec"]["replicas"] = 5
    assert changed(kind, old, deepcopy(new)) == []
    kind.prepare(new, old, "status")
    assert (new["spec"]["replicas"], new["status"]) == (1, {"replicas": 1})


def test_annotations_of_a_deployment_count_as_a_change() -> None:
    old = made(DEPLOYMENT, owned(DEPLOYMENT))
    old["metadata"]["generation"] = 3
    new = deepcopy(old)
    new["metadata"]["annotations"] = {"a": "b"}
    DEPLOYMENT.prepare(new, old, "")
    assert new["metadata"]["generation"] == 4


def test_the_row_of_a_replica_set() -> None:
    new = made(REPLICA_SET, owned(REPLICA_SET, replicas=3))
    new["metadata"]["creationTimestamp"] = "2023-11-14T22:08:20Z"
    new["status"] = {"replicas": 3, "readyReplicas": 2}
    assert cells(REPLICA_SET, new, wide=True) == {
        "Desired": 3, "Current": 3, "Ready": 2, "Age": "5m",
        "Containers": "web", "Images": "luksa/kubia", "Selector": "app=web",
    }  # fmt: skip


def test_the_row_of_a_deployment() -> None:
    new = made(DEPLOYMENT, owned(DEPLOYMENT, replicas=3))
    new["status"] = {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}
    shown = cells(DEPLOYMENT, new)
    assert (shown["Ready"], shown["Up-to-date"], shown["Available"]) == ("2/3", 3, 1)
