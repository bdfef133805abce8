"""[sig-api-machinery] ValidatingAdmissionPolicy, MutatingAdmissionPolicy, AdmissionWebhook: what came after 1.20."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from ..hooks import listening
from .asking import Api

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
RULE = {"operations": ["CREATE", "UPDATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}


def workload(kind: str, name: str, replicas: int) -> dict[str, Any]:
    labels = {"app": "nginx"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "nginx", "image": "nginx:latest"}]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pod}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name, "labels": labels}, "spec": spec}


@contextmanager
def bound(api: Api, namespace: str, way: str, spec: dict[str, Any]) -> Iterator[None]:
    """A policy and its binding, for the objects of one namespace."""
    selector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}}
    policies, bindings = f"{ADMISSION}/{way}admissionpolicies", f"{ADMISSION}/{way}admissionpolicybindings"
    name = f"{namespace}.policy.example.com"
    policy = {"metadata": {"name": name}, "spec": {"matchConstraints": {**selector, "resourceRules": [RULE]}, **spec}}
    binding: dict[str, Any] = {"metadata": {"name": name}, "spec": {"policyName": name, "matchResources": selector}}
    if way == "validating":
        binding["spec"]["validationActions"] = ["Deny"]
    api.must("POST", policies, policy)
    try:
        api.must("POST", bindings, binding)
        yield
        api.must("DELETE", f"{bindings}/{name}")
    finally:
        api.must("DELETE", f"{policies}/{name}")


VARIABLES = [
    {"name": "replicas", "expression": "object.spec.replicas"},
    {"name": "oddReplicas", "expression": "variables.replicas % 2 == 1"},
]
SAID = {
    "expression": "object.spec.replicas > 1",
    "messageExpression": "'wants replicas > 1, got ' + string(object.spec.replicas)",
}


@pytest.mark.parametrize(
    ("spec", "enough", "message"),
    [
        ({"validations": [SAID]}, 2, "wants replicas > 1, got 1"),
        (
            {"variables": VARIABLES, "validations": [
                {"expression": "variables.replicas > 1"}, {"expression": "variables.oddReplicas"}]},
            3, "failed expression: variables.replicas > 1",
        ),
    ],
    ids=["should validate against a Deployment", "should allow expressions to refer variables"],
)  # fmt: skip
def test_validating_admission_policy(api: Api, namespace: str, spec: dict[str, Any], enough: int, message: str) -> None:
    where = f"/apis/apps/v1/namespaces/{namespace}"
    with bound(api, namespace, "validating", spec):
        refused = api.answered(422, "POST", f"{where}/deployments", workload("Deployment", "marker", 1))
        name = f"{namespace}.policy.example.com"
        assert refused["reason"] == "Invalid" and refused["message"] == (
            f"deployments.apps \"marker\" is forbidden: ValidatingAdmissionPolicy '{name}' with binding '{name}' "
            f"denied request: {message}"
        )
        api.must("POST", f"{where}/deployments", workload("Deployment", "replicated", enough))
        api.must("POST", f"{where}/replicasets", workload("ReplicaSet", "non-replicated", 1))


def mutation(expression: str) -> dict[str, Any]:
    change = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}
    return {"reinvocationPolicy": "Never", "mutations": [change]}


def test_mutating_admission_policy(api: Api, namespace: str) -> None:
    where = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    annotated = 'Object{metadata: Object.metadata{annotations: {"mutated-by": "admission-policy"}}}'
    with bound(api, namespace, "mutating", mutation(annotated)):
        made = api.must("POST", where, workload("Deployment", "annotated", 1), dryRun="All")
        assert made["metadata"]["annotations"]["mutated-by"] == "admission-policy"
    with bound(api, namespace, "mutating", mutation("Object{spec: Object.spec{replicas: 1337}}")):
        made = api.must("POST", where, workload("Deployment", "many", 1), dryRun="All")
        assert made["spec"]["replicas"] == 1337


@contextmanager
def hooked(api: Api, way: str, name: str, conditions: list[Any], **more: Any) -> Iterator[str]:
    """A webhook configuration; its path."""
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    hook = {
        "name": "hook.k8s.io", "sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": [rule],
        "clientConfig": {"url": "https://127.0.0.1:1/"}, "failurePolicy": "Ignore", "timeoutSeconds": 1,
        "matchConditions": conditions, "namespaceSelector": {"matchLabels": {"there": "none"}}, **more,
    }  # fmt: skip
    where = f"{ADMISSION}/{way}webhookconfigurations"
    api.must("POST", where, {"metadata": {"name": name}, "webhooks": [hook]})
    try:
        yield f"{where}/{name}"
    finally:
        api.must("DELETE", f"{where}/{name}")


@pytest.mark.parametrize("way", ["validating", "mutating"])
def test_admission_webhook_create_and_update_configuration_with_match_conditions(api: Api, way: str) -> None:
    first = {"name": "expression-1", "expression": "object.metadata.namespace == 'production'"}
    second = {"name": "expression-2", "expression": "object.metadata.namespace == 'staging'"}
    with hooked(api, way, f"{way}-conditions", [first]) as one:
        found = api.must("GET", one)
        assert found["webhooks"][0]["matchConditions"] == [first]
        found["webhooks"][0]["matchConditions"] = [first, second]
        api.must("PUT", one, found)
        assert api.must("GET", one)["webhooks"][0]["matchConditions"] == [first, second]


@pytest.mark.parametrize("way", ["validating", "mutating"])
def test_admission_webhook_reject_configurations_with_invalid_match_conditions(api: Api, way: str) -> None:
    condition = {"name": "invalid-expression-1", "expression": "... [] bad expression"}
    hook = {
        "name": "hook.k8s.io", "sideEffects": "None", "admissionReviewVersions": ["v1"], "matchConditions": [condition],
        "clientConfig": {"url": "https://127.0.0.1:1/"}, "failurePolicy": "Ignore",
    }  # fmt: skip
    body = {"metadata": {"name": "bad"}, "webhooks": [hook]}
    told = api.answered(422, "POST", f"{ADMISSION}/{way}webhookconfigurations", body)
    assert "compilation failed" in told["message"]
    assert told["details"]["causes"][0]["field"] == "webhooks[0].matchConditions[0].expression"


def test_mutating_admission_webhook_excluding_object_with_specific_name(
    api: Api, namespace: str, tmp_path: Path
) -> None:
    patch = b64encode(orjson.dumps([{"op": "add", "path": "/data/mutation-stage-1", "value": "yes"}])).decode()
    where = f"/api/v1/namespaces/{namespace}/configmaps"

    def created(name: str) -> Any:
        return api.must("POST", where, {"metadata": {"name": name}, "data": {"mutation-start": "yes"}})["data"]

    skip = {"name": "skip-me", "expression": "object.metadata.name != 'skip-me'"}
    mutated = {"allowed": True, "patchType": "JSONPatch", "patch": patch}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    with (
        listening(tmp_path, lambda _: mutated) as config,
        hooked(
            api, "mutating", "skip-me", [skip], clientConfig=config, namespaceSelector=selector,
            failurePolicy="Fail", timeoutSeconds=10,
        ),
    ):  # fmt: skip
        assert created("other") == {"mutation-start": "yes", "mutation-stage-1": "yes"}
        assert created("skip-me") == {"mutation-start": "yes"}
