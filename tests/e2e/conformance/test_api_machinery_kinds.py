"""[sig-api-machinery] "... should support ... API operations": the kinds of admission and of fairness."""

import pytest

from .asking import Api
from .operations import Row, discovered, exercised

ADMISSION, FLOW = "admissionregistration.k8s.io", "flowcontrol.apiserver.k8s.io"
DEPLOYMENTS = {
    "resourceRules": [
        {"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}
    ]
}
NOBODY = {"kind": "User", "user": {"name": "example-e2e-non-existent-user"}}
ROWS = {
    "Priority and Fairness FlowSchema API": Row(
        FLOW, "flowschemas", "FlowSchema",
        {
            "matchingPrecedence": 10000, "priorityLevelConfiguration": {"name": "global-default"},
            "distinguisherMethod": {"type": "ByUser"},
            "rules": [{"subjects": [NOBODY], "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}]}],
        },
        {"spec": {"matchingPrecedence": 9999}}, {"spec": {"matchingPrecedence": 9000}},
    ),
    "Priority and Fairness PriorityLevelConfiguration API": Row(
        FLOW, "prioritylevelconfigurations", "PriorityLevelConfiguration",
        {"type": "Limited", "limited": {"nominalConcurrencyShares": 2, "limitResponse": {"type": "Reject"}}},
        {"spec": {"limited": {"nominalConcurrencyShares": 4}}}, {"spec": {"limited": {"nominalConcurrencyShares": 6}}},
    ),
    "ValidatingAdmissionPolicy API": Row(
        ADMISSION, "validatingadmissionpolicies", "ValidatingAdmissionPolicy",
        {"validations": [{"expression": "object.spec.replicas <= 100"}], "matchConstraints": DEPLOYMENTS},
        {"spec": {"failurePolicy": "Ignore"}}, {"spec": {"failurePolicy": "Fail"}},
    ),
    "ValidatingAdmissionPolicyBinding API": Row(
        ADMISSION, "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding",
        {"policyName": "replicalimit-policy.example.com", "validationActions": ["Deny"]},
        {"spec": {"validationActions": ["Warn"]}}, {"spec": {"validationActions": ["Deny"]}}, has_status=False,
    ),
    "MutatingAdmissionPolicy API": Row(
        ADMISSION, "mutatingadmissionpolicies", "MutatingAdmissionPolicy",
        {
            "reinvocationPolicy": "Never", "matchConstraints": DEPLOYMENTS,
            "mutations": [{
                "patchType": "ApplyConfiguration",
                "applyConfiguration": {"expression": "Object{spec: Object.spec{replicas: 100}}"},
            }],
        },
        {"spec": {"reinvocationPolicy": "IfNeeded"}}, {"spec": {"reinvocationPolicy": "Never"}}, has_status=False,
    ),
    "MutatingAdmissionPolicyBinding API": Row(
        ADMISSION, "mutatingadmissionpolicybindings", "MutatingAdmissionPolicyBinding",
        {"policyName": "replicalimit-policy.example.com"},
        {"spec": {"policyName": "other.example.com"}}, {"spec": {"policyName": "third.example.com"}}, has_status=False,
    ),
    "CRUD operations for VolumeAttributesClasses": Row(
        "storage.k8s.io", "volumeattributesclasses", "VolumeAttributesClass", {},
        {"metadata": {"labels": {"test": "patched"}}}, {"metadata": {"labels": {"test": "updated"}}},
        has_status=False, more={"driverName": "e2e-fake-csi-driver", "parameters": {"foo": "bar"}},
    ),
    "CRUD operations for StorageClasses": Row(
        "storage.k8s.io", "storageclasses", "StorageClass", {},
        {"metadata": {"labels": {"test": "patched"}}}, {"metadata": {"labels": {"test": "updated"}}},
        has_status=False, more={"provisioner": "e2e-fake-provisioner", "parameters": {"foo": "bar"}},
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_a_kind_supports_all_operations(api: Api, row: Row) -> None:
    discovered(api, row)
    exercised(api, row)
