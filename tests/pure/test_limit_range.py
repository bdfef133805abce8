"""LimitRange: its own rules, what it fills in, and what it refuses, as tables."""

from typing import Any

import pytest
from kind_cases import made, refused

from fairway.apiserver.admission.limit_range import ANNOTATION, fill, problems
from fairway.kinds import LIMIT_RANGE
from fairway.objects import Object


def limits(*items: Object) -> Object:
    return made(LIMIT_RANGE, {"spec": {"limits": list(items)}})


def of_containers(**fields: Any) -> Object:
    return {"type": "Container", **fields}


def pod(*containers: Object, init: tuple[Object, ...] = ()) -> Object:
    found = [{"name": f"c{place}", "resources": one} for place, one in enumerate(containers)]
    first = [{"name": f"i{place}", "resources": one} for place, one in enumerate(init)]
    return {"metadata": {"name": "p"}, "spec": {"containers": found, "initContainers": first}}


@pytest.mark.parametrize(
    ("item", "default", "asked"),
    [
        (of_containers(max={"cpu": "1000m"}), {"cpu": "1"}, {"cpu": "1"}),
        (of_containers(min={"cpu": "0.1"}), None, {"cpu": "100m"}),
        (of_containers(max={"cpu": "2"}, default={"cpu": "1"}, min={"cpu": "1m"}), {"cpu": "1"}, {"cpu": "1"}),
        (of_containers(max={"cpu": "2"}, defaultRequest={"cpu": "1"}), {"cpu": "2"}, {"cpu": "1"}),
        ({"type": "Pod", "max": {"cpu": "2"}}, None, None),
    ],
)
def test_a_bound_is_a_default(item: Object, default: Object | None, asked: Object | None) -> None:
    found = limits(item)["spec"]["limits"][0]
    assert (found.get("default"), found.get("defaultRequest")) == (default, asked)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        ({"type": "Node"}, 'type: Invalid value: "Node": must be a standard limit type or fully qualified'),
        (
            of_containers(max={"pods": "1"}, default={}),
            'max[pods]: Invalid value: "pods": must be a standard resource for containers',
        ),
        (
            {"type": "Pod", "default": {"cpu": "1"}},
            "default: Forbidden: may not be specified when `type` is 'Pod'",
        ),
        (
            {"type": "PersistentVolumeClaim"},
            "limits: Required value: either minimum or maximum storage value is required, but neither was provided",
        ),
        (
            {"type": "Pod", "min": {"cpu": "2"}, "max": {"cpu": "1"}},
            'min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
        ),
        (
            of_containers(default={"cpu": "1"}, defaultRequest={"cpu": "2"}),
            'defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1',
        ),
        (
            of_containers(maxLimitRequestRatio={"cpu": "0.5"}),
            'maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
        ),
        (
            {"type": "Pod", "min": {"cpu": "1"}, "max": {"cpu": "2"}, "maxLimitRequestRatio": {"cpu": "3"}},
            'maxLimitRequestRatio[cpu]: Invalid value: "3": ratio 3 is greater than max/min = 2.000000',
        ),
    ],
)
def test_bounds_that_leave_nothing_are_refused(item: Object, text: str) -> None:
    assert f"spec.limits[0].{text}" in refused(LIMIT_RANGE, limits(item))


def test_each_type_stands_once() -> None:
    item = of_containers(max={"cpu": "1"})
    assert 'spec.limits[1].type: Duplicate value: "Container"' in refused(LIMIT_RANGE, limits(item, dict(item)))


def test_containers_get_what_they_leave_out_and_the_pod_says_so() -> None:
    found = limits(of_containers(default={"cpu": "500m", "memory": "1Gi"}, defaultRequest={"cpu": "100m"}))
    new = pod({"limits": {"cpu": "2"}, "requests": {"cpu": "1"}}, {}, init=({},))
    fill(new, found)
    first, second = (one["resources"] for one in new["spec"]["containers"])
    assert first == {"limits": {"cpu": "2", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}
    assert second == {"limits": {"cpu": "500m", "memory": "1Gi"}, "requests": {"cpu": "100m", "memory": "1Gi"}}
    assert new["metadata"]["annotations"][ANNOTATION] == (
        "LimitRanger plugin set: memory request for container c0; memory limit for container c0; "
        "cpu, memory request for container c1; cpu, memory limit for container c1; "
        "cpu, memory request for init container i0; cpu, memory limit for init container i0"
    )


@pytest.mark.parametrize(
    ("item", "resources", "text"),
    [
        (of_containers(max={"cpu": "1"}), {"limits": {"cpu": "1"}}, None),
        (
            of_containers(max={"cpu": "1"}),
            {"limits": {"cpu": "1500m"}},
            "maximum cpu usage per Container is 1, but limit is 1500m",
        ),
        (of_containers(max={"cpu": "1"}), {}, "maximum cpu usage per Container is 1.  No limit is specified"),
        (of_containers(min={"cpu": "1"}), {}, "minimum cpu usage per Container is 1.  No request is specified"),
        (
            of_containers(min={"memory": "1Gi"}),
            {"requests": {"memory": "512Mi"}},
            "minimum memory usage per Container is 1Gi, but request is 512Mi",
        ),
        (
            of_containers(maxLimitRequestRatio={"cpu": "2"}),
            {"requests": {"cpu": "1"}, "limits": {"cpu": "3"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000",
        ),
        (
            of_containers(maxLimitRequestRatio={"cpu": "2"}),
            {"limits": {"cpu": "3"}},
            "cpu max limit to request ratio per Container is 2, but no request is specified or request is 0",
        ),
        ({"type": "Pod", "max": {"cpu": "2"}}, {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}, None),
        (
            {"type": "Pod", "max": {"cpu": "1"}},
            {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}},
            "maximum cpu usage per Pod is 1, but limit is 2",
        ),
    ],
)
def test_what_is_beyond_a_bound_is_told(item: Object, resources: Object, text: str | None) -> None:
    new = pod(resources, resources)
    assert set(problems("pods", new, limits(item))) == ({text} if text else set())


def test_claims_have_bounds_of_their_own() -> None:
    found = limits({"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}, "max": {"storage": "2Gi"}})

    def told(size: str) -> list[str]:
        return [*problems("persistentvolumeclaims", {"spec": {"resources": {"requests": {"storage": size}}}}, found)]

    assert told("1Gi") == []
    assert told("3Gi") == ["maximum storage usage per PersistentVolumeClaim is 2Gi, but request is 3Gi"]
    assert told("1Mi") == ["minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi"]
