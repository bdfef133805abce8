"""Objects of the kinds that have little behaviour, with every field that a hook looks at."""

from fairway.objects import Object

_CONDITION = {"type": "A", "status": "True", "reason": "r", "message": "m"}
_QUEUING = {"queues": 64, "handSize": 6, "queueLengthLimit": 50}
_EXACTLY = {"deviceClassName": "gpu", "allocationMode": "ExactCount", "count": 1,
            "selectors": [{"cel": {"expression": "true"}}]}  # fmt: skip
_DEVICES = {
    "requests": [{"name": "a", "exactly": _EXACTLY}, {"name": "b", "firstAvailable": [_EXACTLY | {"name": "c"}]}],
    "constraints": [{"requests": ["a"], "matchAttribute": "a.b/c"}],
}  # fmt: skip
_WEBHOOK = {
    "name": "a.b.c", "clientConfig": {"url": "https://a/b", "caBundle": "eA=="}, "sideEffects": "None",
    "rules": [
        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "*"},
    ],
    "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "matchPolicy": "Exact", "timeoutSeconds": 5,
    "namespaceSelector": {"matchLabels": {"a": "b"}}, "objectSelector": {},
    "matchConditions": [{"name": "c", "expression": "true"}],
}  # fmt: skip
_MATCHING = {
    "resourceRules": [
        {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "*",
         "resourceNames": ["a"]},
    ],
    "namespaceSelector": {"matchLabels": {"a": "b"}}, "objectSelector": {}, "matchPolicy": "Exact",
}  # fmt: skip
_BOUND = {
    "policyName": "p", "paramRef": {"name": "a", "namespace": "n", "parameterNotFoundAction": "Deny"},
    "matchResources": {"objectSelector": {"matchLabels": {"a": "b"}}},
}  # fmt: skip
SAMPLES: dict[str, Object] = {
    "RuntimeClass": {
        "handler": "runsc", "overhead": {"podFixed": {"cpu": "1"}},
        "scheduling": {"nodeSelector": {"a": "b"}, "tolerations": [{"key": "a", "operator": "Exists"}]},
    },
    "CSIDriver": {"spec": {
        "attachRequired": True, "podInfoOnMount": True, "storageCapacity": True, "fsGroupPolicy": "File",
        "volumeLifecycleModes": ["Ephemeral"], "tokenRequests": [{"audience": "a", "expirationSeconds": 3600}],
        "requiresRepublish": True,
    }},
    "CSINode": {"spec": {"drivers": [
        {"name": "a.b", "nodeID": "n", "topologyKeys": ["a/b"], "allocatable": {"count": 1}},
    ]}},
    "CSIStorageCapacity": {
        "storageClassName": "fast", "capacity": "1Gi", "maximumVolumeSize": "1Gi",
        "nodeTopology": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]},
    },
    "VolumeAttachment": {
        "spec": {"attacher": "a.b", "nodeName": "n", "source": {"persistentVolumeName": "pv"}},
        "status": {"attached": True, "attachError": {"message": "m"}},
    },
    "VolumeAttributesClass": {"driverName": "a.b", "parameters": {"a": "b"}},
    "CertificateSigningRequest": {
        "spec": {"request": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tL"
                            "S0tCg==", "usages": ["client auth"], "signerName": "a.b/c", "expirationSeconds": 3600,
                 "username": "u", "groups": ["g"]},
        "status": {"conditions": [{"type": "Approved", "status": "True"}], "certificate": "x"},
    },
    "FlowSchema": {
        "spec": {
            "priorityLevelConfiguration": {"name": "a"}, "matchingPrecedence": 5,
            "distinguisherMethod": {"type": "ByUser"},
            "rules": [{
                "subjects": [{"kind": "User", "user": {"name": "u"}},
                             {"kind": "ServiceAccount", "serviceAccount": {"name": "s", "namespace": "n"}}],
                "resourceRules": [{"verbs": ["get"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["a"],
                                   "clusterScope": True}],
                "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["/a/*"]}],
            }],
        },
        "status": {"conditions": [_CONDITION | {"type": "Dangling"}]},
    },
    "PriorityLevelConfiguration": {
        "spec": {"type": "Limited", "limited": {
            "nominalConcurrencyShares": 5, "lendablePercent": 1, "borrowingLimitPercent": 1,
            "limitResponse": {"type": "Queue", "queuing": _QUEUING},
        }},
        "status": {"conditions": [_CONDITION]},
    },
    "ResourceClaim": {
        "spec": {"devices": _DEVICES},
        "status": {"allocation": {"devices": {}}, "reservedFor": [{"resource": "pods", "name": "a", "uid": "u"}]},
    },
    "ResourceClaimTemplate": {"spec": {"metadata": {"labels": {"a": "b"}}, "spec": {"devices": _DEVICES}}},
    "DeviceClass": {"spec": {
        "selectors": [{"cel": {"expression": "true"}}], "config": [{"opaque": {"driver": "a.b", "parameters": {}}}],
    }},
    "ResourceSlice": {"spec": {
        "driver": "a.b", "nodeName": "n", "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
        "devices": [{"name": "d", "attributes": {"a": {"string": "b"}}}],
    }},
    "APIService": {
        "spec": {"group": "a.b", "version": "v1", "groupPriorityMinimum": 1000, "versionPriority": 10,
                 "service": {"namespace": "n", "name": "s", "port": 443}, "caBundle": "eA=="},
        "status": {"conditions": [_CONDITION | {"type": "Available"}]},
    },
    "LimitRange": {"spec": {"limits": [
        {"type": "Container", "max": {"cpu": "2"}, "min": {"cpu": "1"}, "default": {"cpu": "2"},
         "defaultRequest": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "2"}},
        {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}},
    ]}},
    "ResourceQuota": {
        "spec": {"hard": {"pods": "1", "cpu": "1"}, "scopes": ["Terminating"], "scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "In", "values": ["a"]}]}},
        "status": {"hard": {"pods": "1"}, "used": {"pods": "0"}},
    },
    "MutatingWebhookConfiguration": {"webhooks": [_WEBHOOK | {"reinvocationPolicy": "Never"}]},
    "ValidatingWebhookConfiguration": {"webhooks": [
        _WEBHOOK | {"clientConfig": {"service": {"namespace": "n", "name": "s", "path": "/p", "port": 1}}}]},
    "ValidatingAdmissionPolicy": {"spec": {
        "failurePolicy": "Fail", "paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}, "matchConstraints": _MATCHING,
        "validations": [{"expression": "true", "message": "m", "messageExpression": "'a'", "reason": "Invalid"}],
        "auditAnnotations": [{"key": "a", "valueExpression": "'b'"}],
        "matchConditions": [{"name": "c", "expression": "true"}], "variables": [{"name": "v", "expression": "1"}],
    }},
    "ValidatingAdmissionPolicyBinding": {"spec": _BOUND | {"validationActions": ["Deny"]}},
    "MutatingAdmissionPolicy": {"spec": {
        "failurePolicy": "Fail", "matchConstraints": _MATCHING, "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "JSONPatch", "jsonPatch": {"expression": "[]"}}],
    }},
    "MutatingAdmissionPolicyBinding": {"spec": _BOUND},
}  # fmt: skip
"""By kind."""
