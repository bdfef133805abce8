"""Autoscalers: both versions, rules, columns, and what is done without metrics."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kind_cases import cells, made, refused

from fairway.controllers.autoscaler.plan import plan
from fairway.kinds import HORIZONTAL_POD_AUTOSCALER as AUTOSCALER
from fairway.kinds.autoscaler.version_one import METRICS, from_storage, to_storage
from fairway.objects import Object

NOW = 1_767_225_600.0
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}


def autoscaler(**spec: Any) -> Object:
    return {
        "metadata": {"name": "web", "namespace": "d"},
        "spec": {"scaleTargetRef": dict(TARGET), "maxReplicas": 4, **spec},
    }


def metric(name: str = "cpu", **target: Any) -> Object:
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def test_its_defaults() -> None:
    new = made(AUTOSCALER, autoscaler(behavior={"scaleUp": {}, "scaleDown": {}}))
    assert (new["spec"]["minReplicas"], new["spec"]["metrics"]) == (
        1, [metric(type="Utilization", averageUtilization=80)],
    )  # fmt: skip
    assert new["spec"]["behavior"] == {
        "scaleUp": {"stabilizationWindowSeconds": 0, "selectPolicy": "Max", "policies": [
            {"type": "Pods", "value": 4, "periodSeconds": 15}, {"type": "Percent", "value": 100, "periodSeconds": 15}]},
        "scaleDown": {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]},
    }  # fmt: skip
    assert new["status"] == {"desiredReplicas": 0, "currentMetrics": None}


HERE = "spec.metrics[0]"


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (autoscaler(), []),
        (autoscaler(minReplicas=0, maxReplicas=0), [
            "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
            "spec.maxReplicas: Invalid value: 0: must be greater than 0"]),
        (autoscaler(minReplicas=9), [
            "spec.maxReplicas: Invalid value: 4: must be greater than or equal to `minReplicas`"]),
        (autoscaler(scaleTargetRef={}), [
            "spec.scaleTargetRef.kind: Required value", "spec.scaleTargetRef.name: Required value"]),
        (autoscaler(metrics=[{"type": "Odd"}]), [
            f'{HERE}.type: Unsupported value: "Odd": supported values: "ContainerResource", "External", "Object",'
            ' "Pods", "Resource"'] * 2),
        (autoscaler(metrics=[{"type": "Pods", "resource": metric()["resource"]}]), [
            f"{HERE}.resource.target.type: Required value: must specify a metric target type",
            f'{HERE}.resource.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
            f"{HERE}.resource.target.averageUtilization: Required value: must set either a target raw value or a target"
            " utilization",
            f"{HERE}.pods: Required value: must populate information for the given metric source"]),
        (autoscaler(metrics=[metric(type="Utilization", averageUtilization=1) | {"pods": {}}]), [
            f"{HERE}.pods.metric.name: Required value: must specify a metric name",
            f"{HERE}.pods.target.type: Required value: must specify a metric target type",
            f'{HERE}.pods.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
            f"{HERE}.pods.target.averageValue: Required value: must specify a positive target averageValue",
            f"{HERE}.pods: Forbidden: must populate the given metric source only"]),
        (autoscaler(metrics=[metric(type="Utilization", averageUtilization=0)]), [
            f"{HERE}.resource.target.averageUtilization: Invalid value: 0: must be greater than 0"]),
        (autoscaler(metrics=[metric(type="Value", value="-1")]), [
            f'{HERE}.resource.target.value: Invalid value: "-1": must be positive',
            f"{HERE}.resource.target.averageUtilization: Required value: must set either a target raw value or a target"
            " utilization"]),
        (autoscaler(behavior={"scaleUp": {"selectPolicy": "Odd", "policies": [{"type": "Odd", "value": 0}]}}), [
            'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Odd": supported values: "Disabled", "Max", "Min"',
            'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Odd": supported values: "Percent", "Pods"',
            "spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero",
            "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 0: must be greater than zero"]),
    ],
)  # fmt: skip
def test_what_is_refused(new: Object, texts: list[str]) -> None:
    assert refused(AUTOSCALER, new) == texts


def test_columns() -> None:
    new = made(AUTOSCALER, autoscaler(metrics=[
        metric(type="Utilization", averageUtilization=70), metric("memory", type="AverageValue", averageValue="1Gi"),
        {"type": "Pods", "pods": {"metric": {"name": "x"}, "target": {"type": "AverageValue", "averageValue": "5"}}},
    ]))  # fmt: skip
    assert cells(AUTOSCALER, new) == {
        "Reference": "Deployment/web", "Targets": "cpu: <unknown>/70%, memory: <unknown>/1Gi + 1 more...",
        "MinPods": "1", "MaxPods": 4, "Replicas": 0, "Age": "<unknown>",
    }  # fmt: skip


def test_version_one_knows_the_cpu_and_keeps_the_rest() -> None:
    old = autoscaler(targetCPUUtilizationPercentage=50)
    to_storage(old)
    assert old["spec"]["metrics"] == [metric(type="Utilization", averageUtilization=50)]
    new = made(AUTOSCALER, autoscaler(metrics=[metric("memory", type="AverageValue", averageValue="1Gi")]))
    shown = deepcopy(new)
    from_storage(shown)
    assert "targetCPUUtilizationPercentage" not in shown["spec"]
    assert METRICS in shown["metadata"]["annotations"]
    to_storage(shown)
    assert (shown["spec"], shown["metadata"]) == (new["spec"], new["metadata"])


@given(st.none() | st.integers(1, 100), st.booleans(), st.booleans())
def test_there_and_back_nothing_is_lost(share: int | None, has_more: bool, has_behaviour: bool) -> None:
    metrics = [] if share is None else [metric(type="Utilization", averageUtilization=share)]
    metrics += [metric("memory", type="AverageValue", averageValue="1Gi")] if has_more else []
    more = {"behavior": {"scaleDown": {}}} if has_behaviour else {}
    new = made(AUTOSCALER, autoscaler(metrics=metrics, **more))
    shown = deepcopy(new)
    from_storage(shown)
    to_storage(shown)
    AUTOSCALER.defaults(shown)
    assert shown["spec"] == new["spec"]


@pytest.mark.parametrize(
    ("replicas", "wanted", "reason"),
    [
        (1, 2, "SuccessfulRescale"), (9, 4, "SuccessfulRescale"), (3, None, "FailedGetResourceMetric"),
        (0, None, None),
    ],
)  # fmt: skip
def test_the_limits_are_kept_without_metrics(replicas: int, wanted: int | None, reason: str | None) -> None:
    new = made(AUTOSCALER, autoscaler(minReplicas=2))
    step = plan(new, {"spec": {"replicas": replicas}, "status": {"replicas": replicas}}, "", NOW)
    assert (step.replicas, step.event[0] if step.event else None) == (wanted, reason)
    settled = {"spec": {"replicas": wanted or replicas}, "status": {"replicas": wanted or replicas}}
    second = plan({**new, "status": step.status}, settled, "", NOW + 9)
    assert second.replicas is None
    third = plan({**new, "status": second.status}, settled, "", NOW + 20)
    assert third.status == second.status


def test_a_target_that_is_not_there() -> None:
    step = plan(made(AUTOSCALER, autoscaler()), None, 'deployments.apps "web" not found', NOW)
    (told,) = step.status["conditions"]
    assert (told["type"], told["status"], told["reason"]) == ("AbleToScale", "False", "FailedGetScale")
