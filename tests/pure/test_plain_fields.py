"""Plain fields: what is empty and says nothing is not kept; what says something by being empty is."""

from copy import deepcopy

import pytest

from fairway.objects import Object, schema
from fairway.objects.plain import _plain, leave_out


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("v1 Pod", {"spec": {"hostNetwork": False, "hostname": "", "nodeSelector": {}, "volumes": []}}, {"spec": {}}),
        ("v1 Pod", {"spec": {"enableServiceLinks": False, "terminationGracePeriodSeconds": 0}}, ...),
        ("v1 Pod", {"spec": {"containers": [{"name": "a", "env": [{"name": "X", "value": ""}], "resources": {}}]}},
                   {"spec": {"containers": [{"name": "a", "env": [{"name": "X"}], "resources": {}}]}}),
        ("v1 Pod", {"spec": {"volumes": [{"name": "v", "emptyDir": {}}]}}, ...),
        ("v1 Pod", {"metadata": {"labels": {}, "annotations": {"a": ""}}}, {"metadata": {"annotations": {"a": ""}}}),
        ("v1 ConfigMap", {"data": {}, "immutable": False}, {"immutable": False}),
        ("v1 ConfigMap", {"data": {"a": ""}}, ...),
        ("apps/v1 Deployment", {"spec": {"paused": False, "replicas": 0, "minReadySeconds": 0}},
                               {"spec": {"replicas": 0}}),
        ("rbac.authorization.k8s.io/v1 Role", {"rules": [{"verbs": [], "resourceNames": []}]},
                                              {"rules": [{"verbs": []}]}),
        ("networking.k8s.io/v1 NetworkPolicy", {"spec": {"podSelector": {}, "ingress": [{"from": []}]}},
                                               {"spec": {"podSelector": {}, "ingress": [{}]}}),
        ("discovery.k8s.io/v1 EndpointSlice", {"endpoints": [{"addresses": []}]},
                                              {"endpoints": [{"addresses": [], "conditions": {}}]}),
        ("v1 PersistentVolumeClaim", {"spec": {"dataSource": {"kind": "A", "name": "b"}}},
                                     {"spec": {"dataSource": {"kind": "A", "name": "b", "apiGroup": None}}}),
        ("autoscaling/v2 HorizontalPodAutoscaler", {"spec": {"behavior": {"scaleUp": {"policies": []}}}}, ...),
        ("example.com/v1 Car", {"spec": {"doors": 0, "seats": []}}, ...),
    ],
)  # fmt: skip
def test_what_is_left_out(kind: str, given: Object, kept: Object) -> None:
    wanted = deepcopy(given if kept is ... else kept)
    leave_out(given, *kind.split())
    assert given == wanted
    leave_out(given, *kind.split())
    assert given == wanted


def test_every_plain_field_exists() -> None:
    for name, fields in _plain().items():
        found = schema.definition(schema.place_named(name))
        assert {field.lstrip("+!=") for field in fields} <= set(found.fields or ()), name
