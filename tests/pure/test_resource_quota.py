"""ResourceQuota: its own rules, what objects take, and what is refused, as tables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kind_cases import cells, made, refused

from fairway.apiserver.quota import usage
from fairway.apiserver.quota.judge import Exceeded, add_up, charged, status
from fairway.apiserver.quota.scopes import matches
from fairway.kinds import DEPLOYMENT, POD, RESOURCE_QUOTA, SECRET, SERVICE
from fairway.kinds.kind import Kind
from fairway.kinds.rules.pod_amounts import Amounts, amounts
from fairway.objects import Object


def quota(hard: Object, used: Object | None = None, **spec: Any) -> Object:
    found = made(RESOURCE_QUOTA, {"metadata": {"name": "q"}, "spec": {"hard": hard, **spec}})
    return {**found, "status": {"hard": found["spec"]["hard"], "used": dict.fromkeys(hard, "0") | (used or {})}}


def pod(*resources: Object, **spec: Any) -> Object:
    containers = [{"name": f"c{place}", "resources": one} for place, one in enumerate(resources or ({},))]
    return {"metadata": {"name": "p"}, "spec": {"containers": containers, **spec}}


def service(type_: str, ports: int = 1, **spec: Any) -> Object:
    return {
        "metadata": {"name": "s"},
        "spec": {"type": type_, "ports": [{"port": 80 + n} for n in range(ports)], **spec},
    }


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"hard": {"cats": "1"}}, 'hard[cats]: Invalid value: "cats": must be a standard resource for quota'),
        ({"hard": {"pods": "1.5"}}, 'hard[pods]: Invalid value: "1500m": must be an integer'),
        ({"hard": {"pods": "-1"}}, 'hard[pods]: Invalid value: "-1": must be greater than or equal to 0'),
        ({"scopes": ["Small"]}, 'scopes: Invalid value: ["Small"]: unsupported scope'),
        (
            {"scopes": ["BestEffort", "NotBestEffort"]},
            'scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
        ),
        (
            {"hard": {"cpu": "1"}, "scopes": ["BestEffort"]},
            'scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
        ),
        (
            {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}},
            "scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In'"
            " or 'NotIn' for scope selector",
        ),
    ],
)
def test_quotas_that_count_nothing_are_refused(spec: Object, text: str) -> None:
    assert f"spec.{text}" in refused(RESOURCE_QUOTA, {"spec": spec})


@pytest.mark.parametrize(
    ("kind", "found", "name", "amount"),
    [
        (POD, pod({"requests": {"cpu": "500m"}}, {"requests": {"cpu": "500m"}}), "requests.cpu", "1"),
        (POD, pod({"requests": {"cpu": "500m"}}), "cpu", "500m"),
        (POD, pod({"limits": {"memory": "1Gi"}}), "limits.memory", "1Gi"),
        (POD, pod({"requests": {"example.com/gpu": "2"}}), "requests.example.com/gpu", "2"),
        (POD, {**pod(), "status": {"phase": "Succeeded"}}, "count/pods", "1"),
        (SERVICE, service("NodePort", 2), "services.nodeports", "2"),
        (SERVICE, service("LoadBalancer", 2), "services.nodeports", "2"),
        (SERVICE, service("LoadBalancer", 2, allocateLoadBalancerNodePorts=False), "services.nodeports", "0"),
        (SERVICE, service("LoadBalancer"), "services.loadbalancers", "1"),
        (SERVICE, service("ClusterIP"), "services", "1"),
        (SECRET, {"metadata": {"name": "x"}}, "secrets", "1"),
        (DEPLOYMENT, {"metadata": {"name": "x"}}, "count/deployments.apps", "1"),
    ],
)
def test_what_an_object_takes(kind: Kind, found: Object, name: str, amount: str) -> None:
    assert str(usage.of(kind, found)[name]) == amount


def test_a_pod_that_has_ended_takes_no_more_than_its_place() -> None:
    assert usage.of(POD, {**pod({"requests": {"cpu": "1"}}), "status": {"phase": "Failed"}}).keys() == {"count/pods"}


@pytest.mark.parametrize(
    ("held", "kind", "new", "old", "text"),
    [
        (
            quota({"pods": "1", "requests.cpu": "1"}, {"pods": "1", "requests.cpu": "600m"}),
            POD,
            pod({"requests": {"cpu": "500m"}}),
            None,
            "exceeded quota: q, requested: pods=1,requests.cpu=500m, used: pods=1,requests.cpu=600m, "
            "limited: pods=1,requests.cpu=1",
        ),
        (
            quota({"requests.cpu": "1", "limits.memory": "1Gi"}),
            POD,
            pod({"requests": {"cpu": "1"}}, {}),
            None,
            "failed quota: q: must specify limits.memory for: c0,c1; requests.cpu for: c1",
        ),
        (
            quota({"services.nodeports": "1"}, {"services.nodeports": "1"}),
            SERVICE,
            service("NodePort"),
            None,
            "exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, "
            "limited: services.nodeports=1",
        ),
        (quota({"services.nodeports": "1"}, {"services.nodeports": "1"}), SERVICE, service("ClusterIP"), None, ""),
        (
            quota({"services.nodeports": "1"}, {"services.nodeports": "1"}),
            SERVICE,
            service("NodePort"),
            service("ClusterIP"),
            "exceeded quota: q, requested: services.nodeports=1, used: services.nodeports=1, "
            "limited: services.nodeports=1",
        ),
        (
            quota({"services.nodeports": "1"}, {"services.nodeports": "1"}),
            SERVICE,
            service("NodePort"),
            service("NodePort"),
            "",
        ),
        (
            quota({"count/deployments.apps": "0"}),
            DEPLOYMENT,
            {"metadata": {"name": "d"}},
            None,
            "exceeded quota: q, requested: count/deployments.apps=1, used: count/deployments.apps=0, "
            "limited: count/deployments.apps=0",
        ),
        (quota({"pods": "0"}, scopes=["Terminating"]), POD, pod(), None, ""),
        (
            {**quota({"pods": "1"}), "status": {"hard": {"pods": "1"}}},
            POD,
            pod(),
            None,
            "status unknown for quota: q, resources: pods",
        ),
    ],
)
def test_what_is_too_much_is_told(held: Object, kind: Kind, new: Object, old: Object | None, text: str) -> None:
    if not text:
        charged(held, kind, new, old)
        return
    with pytest.raises(Exceeded) as raised:
        charged(held, kind, new, old)
    assert str(raised.value) == text


def test_what_fits_is_charged() -> None:
    held = quota({"pods": "2", "requests.memory": "1Gi"}, {"pods": "1", "requests.memory": "512Mi"})
    assert charged(held, POD, pod({"requests": {"memory": "256Mi"}}), None) == {"pods": "2", "requests.memory": "768Mi"}


@pytest.mark.parametrize(
    ("scope", "found", "is_in"),
    [
        ({"scopes": ["Terminating"]}, pod(activeDeadlineSeconds=5), True),
        ({"scopes": ["NotTerminating"]}, pod(activeDeadlineSeconds=5), False),
        ({"scopes": ["BestEffort"]}, pod(), True),
        ({"scopes": ["BestEffort"]}, pod({"limits": {"cpu": "1"}}), False),
        ({"scopes": ["NotBestEffort", "NotTerminating"]}, pod({"limits": {"cpu": "1"}}), True),
        (
            {
                "scopeSelector": {
                    "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["a"]}]
                }
            },
            pod(priorityClassName="a"),
            True,
        ),
        (
            {"scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "Exists"}]}},
            pod(),
            False,
        ),
    ],
)
def test_a_scope_says_which_pods_are_meant(scope: Object, found: Object, is_in: bool) -> None:
    assert matches(quota({"pods": "1"}, **scope), POD, found) is is_in


def test_a_count_of_everything_agrees_with_what_was_charged() -> None:
    held = quota({"pods": "5", "cpu": "4", "secrets": "3", "count/deployments.apps": "2", "services": "1"})
    sums: Amounts = {}
    add_up(held, POD, [pod({"requests": {"cpu": "1"}}), pod({"requests": {"cpu": "500m"}})], sums)
    found = status(held, sums, {"secrets": 2, "count/secrets": 2, "count/deployments.apps": 1}, held["spec"]["hard"])
    assert found["used"] == {
        "pods": "2",
        "cpu": "1500m",
        "secrets": "2",
        "count/deployments.apps": "1",
        "services": "0",
    }


def test_what_no_kind_takes_is_in_use_only_if_it_was() -> None:
    names = ("count/cars.example.com", "count/trucks.example.com")
    held = quota(dict.fromkeys((*names, "secrets"), "5"))
    held["status"] = {"hard": held["spec"]["hard"], "used": {names[1]: "3"}}
    found = status(held, {}, {"secrets": 1}, ("secrets",))
    assert found["used"] == {names[1]: "3", "secrets": "1"}


@given(st.lists(st.tuples(st.integers(1, 4000), st.integers(1, 4096)), max_size=12))
def test_charging_one_by_one_is_counting_all(asked: list[tuple[int, int]]) -> None:
    held = quota({"pods": "10", "requests.cpu": "20", "requests.memory": "16Gi"})
    let_in: list[Object] = []
    for milli, mebi in asked:
        new = pod({"requests": {"cpu": f"{milli}m", "memory": f"{mebi}Mi"}})
        try:
            used = charged(held, POD, new, None)
        except Exceeded:
            continue
        let_in.append(new)
        held["status"]["used"] = used
    sums: Amounts = {}
    add_up(held, POD, let_in, sums)
    assert amounts(status(held, sums, {}, held["spec"]["hard"])["used"]) == amounts(held["status"]["used"])
    assert all(amounts(held["status"]["used"])[name] <= bound for name, bound in amounts(held["spec"]["hard"]).items())


def test_columns_show_what_is_used_of_what_there_may_be() -> None:
    held = quota({"pods": "5", "limits.cpu": "4"}, {"pods": "1"})
    assert cells(RESOURCE_QUOTA, held) | {"Age": ""} == {"Request": "pods: 1/5", "Limit": "limits.cpu: 0/4", "Age": ""}
