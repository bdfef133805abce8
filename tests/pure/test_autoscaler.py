"""Autoscalers: both versions, rules, columns, what they do without metrics and with them."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kind_cases import cells, made, refused

from fairway.controllers.autoscaler.pace import History, paced
from fairway.controllers.autoscaler.plan import plan
from fairway.controllers.autoscaler.readings import Unmeasured, wish_of
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
        (autoscaler(behavior={"scaleUp": {"tolerance": "-100m"}}), [
            'spec.behavior.scaleUp.tolerance: Invalid value: "-100m": must be greater than or equal to 0']),
        (autoscaler(behavior={"scaleUp": {"policies": []}}), [
            "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy"]),
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


def measured_pod(number: int, cpu: str | None = "100m", *, ready: str = "True", phase: str = "Running") -> Object:
    since = "2025-12-31T00:00:00Z"
    conditions = [{"type": "Ready", "status": ready, "lastTransitionTime": since}]
    requests = {} if cpu is None else {"requests": {"cpu": cpu, "memory": "100Mi"}}
    return {
        "metadata": {"name": f"p{number}"}, "spec": {"containers": [{"name": "c", "resources": requests}]},
        "status": {"phase": phase, "startTime": since, "conditions": conditions},
    }  # fmt: skip


def usage(number: int, cpu: str, memory: str = "10Mi") -> Object:
    containers = [{"name": "c", "usage": {"cpu": cpu, "memory": memory}}]
    return {"metadata": {"name": f"p{number}"}, "timestamp": "2026-01-01T00:00:00Z", "containers": containers}


SHARE = metric(type="Utilization", averageUtilization=50)


def wish(
    cpus: list[str | None], of: Object = SHARE, pods: list[Object] | None = None, present: int | None = None
) -> int:  # fmt: skip
    usages = [usage(number, cpu) for number, cpu in enumerate(cpus) if cpu is not None]
    pods = pods if pods is not None else [measured_pod(number) for number in range(len(cpus))]
    return wish_of(of, pods, usages, present or len(pods), NOW).replicas


@pytest.mark.parametrize(
    ("cpus", "replicas"),
    [
        (["50m", "50m"], 2),  # as it should be
        (["54m", "54m"], 2),  # near enough
        (["100m", "100m"], 4),
        (["10m", "10m"], 1),
        (["100m", None], 2),  # one is not measured: it counts as idle, and nothing is sure
        (["200m", None], 4),
        (["10m", None], 2),  # ... and as busy, where the rest would let some go
    ],
)
def test_replicas_follow_the_share_of_what_is_requested(cpus: list[str | None], replicas: int) -> None:
    assert wish(cpus) == replicas


def test_pods_that_are_not_ready_hold_growth_back_and_those_that_leave_do_not_count() -> None:
    pods = [measured_pod(0), measured_pod(1, phase="Pending"), measured_pod(2, phase="Failed")]
    assert wish(["200m", None, "900m"], pods=pods, present=2) == 4
    assert wish(["60m", None, None], pods=pods, present=2) == 2


def test_an_average_value_needs_no_requests() -> None:
    of = metric("memory", type="AverageValue", averageValue="5Mi")
    assert wish(["0", "0"], of, [measured_pod(0, None), measured_pod(1, None)]) == 4
    with pytest.raises(Unmeasured, match="missing request for cpu in container c of Pod p0"):
        wish(["10m"], SHARE, [measured_pod(0, None)])
    with pytest.raises(Unmeasured, match="did not receive metrics for targeted pods"):
        wish([None])
    with pytest.raises(Unmeasured, match="no pods returned by selector"):
        wish([])


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=8), st.integers(1, 200))
def test_more_use_never_asks_for_fewer(used: list[int], share: int) -> None:
    of = metric(type="Utilization", averageUtilization=share)
    some, more = ([f"{each + extra}m" for each in used] for extra in (0, 50))
    assert wish(some, of) <= wish(more, of)


def test_a_workload_grows_at_once_and_shrinks_when_that_has_lasted() -> None:
    new = made(AUTOSCALER, autoscaler(maxReplicas=10, metrics=[SHARE]))
    history, pods = History(), [measured_pod(0), measured_pod(1)]
    target = {"spec": {"replicas": 2}, "status": {"replicas": 2}}
    step = plan(new, target, "", NOW, pods, [usage(0, "300m"), usage(1, "300m")], history)
    assert (step.replicas, step.event) == (
        6, ("SuccessfulRescale", "New size: 6; reason: cpu resource utilization (percentage of request) above target"),
    )  # fmt: skip
    told = {one["type"]: (one["status"], one["reason"]) for one in step.status["conditions"]}
    assert told == {
        "AbleToScale": ("True", "SucceededRescale"), "ScalingActive": ("True", "ValidMetricFound"),
        "ScalingLimited": ("True", "ScaleUpLimit"),
    }  # fmt: skip
    assert step.status["currentMetrics"] == [
        {
            "type": "Resource",
            "resource": {"name": "cpu", "current": {"averageUtilization": 300, "averageValue": "300m"}},
        }
    ]
    target = {"spec": {"replicas": 6}, "status": {"replicas": 6}}
    pods, idle = [measured_pod(number) for number in range(6)], [usage(number, "0") for number in range(6)]
    for later, replicas in ((100, None), (299, None), (301, 1)):
        step = plan({**new, "status": step.status}, target, "", NOW + later, pods, idle, history)
        assert step.replicas == replicas, later
    assert step.event == ("SuccessfulRescale", "New size: 1; reason: All metrics below target")


def test_a_behaviour_bounds_how_fast() -> None:
    behaviour = {
        "scaleUp": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]},
        "scaleDown": {"selectPolicy": "Disabled"},
    }
    spec = made(AUTOSCALER, autoscaler(maxReplicas=9, behavior=behaviour))["spec"]
    history = History()
    assert paced(spec, 2, 8, history, NOW).replicas == 3
    history.changes.append((NOW, 1))
    assert paced(spec, 3, 8, history, NOW + 30).replicas == 3
    assert paced(spec, 3, 8, history, NOW + 61).replicas == 4
    assert paced(spec, 4, 1, History(), NOW).replicas == 4
