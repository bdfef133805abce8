"""Limits, quotas, Pod Security, policies and webhooks as kubectl's users meet them."""

import json
import subprocess
from base64 import b64encode
from pathlib import Path
from typing import Any

from .conftest import Cluster
from .hooks import listening

CONTAINER = {"name": "c", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent"}
NO_TIME = "terminationGracePeriodSeconds"


def create(cluster: Cluster, namespace: str, *objects: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    return cluster.run("create", "-n", namespace, "-f", "-", text=json.dumps(listed))


def pod(name: str, **resources: Any) -> dict[str, Any]:
    spec = {NO_TIME: 0, "containers": [{**CONTAINER, "resources": resources}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def test_a_namespace_with_a_quota_and_limits(cluster: Cluster, namespace: str) -> None:
    here = ("-n", namespace)
    cluster.kubectl("create", "quota", "q", "--hard=pods=2,requests.cpu=1,services.nodeports=1", *here)
    item = {"type": "Container", "defaultRequest": {"cpu": "100m"}, "max": {"cpu": "500m"}}
    limits = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"}, "spec": {"limits": [item]}}
    create(cluster, namespace, limits)
    cluster.wait(lambda: cluster.get("quota", "q", *here)["status"].get("used"), "the quota is counted")
    refused = create(cluster, namespace, pod("big", limits={"cpu": "1"}))
    assert refused.returncode == 1
    assert 'pods "big" is forbidden: maximum cpu usage per Container is 500m, but limit is 1' in refused.stderr
    # What a ReplicaSet may not create is told by an event, and the two that fit run.
    cluster.kubectl("create", "deployment", "web", "--image=luksa/kubia", "--replicas=3", *here)
    chosen = "involvedObject.kind=ReplicaSet,reason=FailedCreate"
    told = cluster.wait(lambda: cluster.get("events", "--field-selector", chosen, *here)["items"], "it is told")
    text = "is forbidden: exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=2"
    assert text in told[0]["message"]
    lines = [line.split() for line in cluster.kubectl("describe", "quota", "q", *here).splitlines()[-3:]]
    assert lines == [["pods", "2", "2"], ["requests.cpu", "200m", "1"], ["services.nodeports", "0", "1"]]
    cluster.kubectl("expose", "deployment", "web", "--port=80", "--type=NodePort", *here)
    refused = cluster.run("expose", "deployment", "web", "--name=two", "--port=80", "--type=NodePort", *here)
    assert refused.stderr == (
        'Error from server (Forbidden): services "two" is forbidden: exceeded quota: q, requested: '
        "services.nodeports=1, used: services.nodeports=1, limited: services.nodeports=1\n"
    )
    cluster.kubectl("delete", "deployment", "web", *here)
    row = ["q", "pods:", "0/2,", "requests.cpu:", "0/1,", "services.nodeports:", "1/1"]
    cluster.wait(
        lambda: cluster.kubectl("get", "quota", *here).splitlines()[1].split()[:7] == row, "there is room again"
    )


def test_a_restricted_namespace(cluster: Cluster, namespace: str) -> None:
    here = ("-n", namespace)
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    refused = cluster.run("run", "p", "--image=luksa/kubia", *here)
    assert refused.returncode == 1
    assert refused.stderr.startswith(
        'Error from server (Forbidden): pods "p" is forbidden: violates PodSecurity "restricted:latest": '
        'allowPrivilegeEscalation != false (container "p" must set securityContext.allowPrivilegeEscalation=false), '
    )
    warned = cluster.run("create", "deployment", "d", "--image=luksa/kubia", "--replicas=0", *here)
    assert (warned.returncode, warned.stdout) == (0, "deployment.apps/d created\n")
    assert warned.stderr.startswith('Warning: would violate PodSecurity "restricted:latest": ')


def test_a_policy_in_cel(cluster: Cluster, namespace: str) -> None:
    rule = {
        "apiGroups": ["apps"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["deployments"],
    }
    group = "admissionregistration.k8s.io/v1"
    policy = {
        "apiVersion": group, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": f"few-{namespace}"},
        "spec": {
            "matchConstraints": {"resourceRules": [rule]},
            "validations": [{"expression": "object.spec.replicas <= 5"}],
        },
    }  # fmt: skip
    selector = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    binding = {
        "apiVersion": group, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {"name": f"few-{namespace}"},
        "spec": {
            "policyName": f"few-{namespace}", "validationActions": ["Deny"],
            "matchResources": {"namespaceSelector": selector},
        },
    }  # fmt: skip
    try:
        assert create(cluster, namespace, policy, binding).returncode == 0
        refused = cluster.run("create", "deployment", "d", "--image=luksa/kubia", "--replicas=6", "-n", namespace)
        assert refused.stderr == (
            'error: failed to create deployment: deployments.apps "d" is forbidden: ValidatingAdmissionPolicy '
            f"'few-{namespace}' with binding 'few-{namespace}' denied request: failed expression: "
            "object.spec.replicas <= 5\n"
        )
        cluster.kubectl("create", "deployment", "d", "--image=luksa/kubia", "--replicas=0", "-n", namespace)
    finally:
        cluster.run("delete", "validatingadmissionpolicy,validatingadmissionpolicybinding", f"few-{namespace}")


def _label(_: Any) -> dict[str, Any]:
    """A webhook that gives a label to every ConfigMap that is about to be created."""
    add = [{"op": "add", "path": "/metadata/labels", "value": {"by": "webhook"}}]
    patch = b64encode(json.dumps(add).encode()).decode()
    return {"allowed": True, "warnings": ["looked at"], "patchType": "JSONPatch", "patch": patch}


def _check(request: dict[str, Any]) -> dict[str, Any]:
    """A webhook that wants none of them to be called bad."""
    told: dict[str, Any] = {"allowed": request["name"] != "bad", "warnings": ["looked at"]}
    return told if told["allowed"] else {**told, "status": {"message": "no bad ones", "code": 403}}


def test_webhooks(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    here, name = ("-n", namespace), f"hooks-{namespace}"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["configmaps"]}
    with listening(tmp_path, _label) as label, listening(tmp_path, _check) as check:
        common = {
            "sideEffects": "None", "admissionReviewVersions": ["v1"], "rules": [rule],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "matchConditions": [{"name": "not-ours", "expression": "!object.metadata.name.startsWith('kube-')"}],
        }  # fmt: skip
        for kind, which, where in (("Mutating", "label", label), ("Validating", "check", check)):
            webhook = {**common, "name": f"{which}.example.com", "clientConfig": where}
            made = {
                "apiVersion": "admissionregistration.k8s.io/v1", "kind": f"{kind}WebhookConfiguration",
                "metadata": {"name": name}, "webhooks": [webhook],
            }  # fmt: skip
            assert create(cluster, namespace, made).returncode == 0
        try:
            good = cluster.run("create", "configmap", "good", *here)
            assert (good.stdout, good.stderr) == ("configmap/good created\n", "Warning: looked at\n")
            labels = cluster.get("configmap", "good", *here)["metadata"]["labels"]
            assert labels == {"by": "webhook"}
            bad = cluster.run("create", "configmap", "bad", *here)
            told = 'admission webhook "check.example.com" denied the request: no bad ones'
            assert bad.stderr == f"Warning: looked at\nerror: failed to create configmap: {told}\n"
        finally:
            both = "mutatingwebhookconfigurations,validatingwebhookconfigurations"
            cluster.run("delete", both, name)
