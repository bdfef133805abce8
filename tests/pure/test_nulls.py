"""A null is legal wherever a field is: no hook of any kind fails on one, or on a field that is missing."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kind_samples import SAMPLES as MORE_SAMPLES

from fairway.kinds import ALL
from fairway.kinds.kind import Kind
from fairway.objects import Object

CONTAINER = {
    "name": "web", "image": "nginx", "restartPolicy": "Always",
    "ports": [{"name": "http", "containerPort": 80, "hostPort": 80, "hostIP": "1.2.3.4", "protocol": "TCP"}],
    "env": [
        {"name": "A", "value": "x"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1"}}},
        {"name": "D", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ],
    "envFrom": [{"prefix": "X", "configMapRef": {"name": "c"}}],
    "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a", "subPathExpr": "b"}],
    "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1", "memory": "1Gi"}},
    "lifecycle": {"preStop": {"exec": {"command": ["x"]}}, "postStart": {"sleep": {"seconds": 1}}},
    "livenessProbe": {"httpGet": {"path": "/", "port": 80, "httpHeaders": [{"name": "A", "value": "b"}]}},
    "readinessProbe": {"tcpSocket": {"port": "http"}, "successThreshold": 1}, "startupProbe": {"grpc": {"port": 1}},
    "securityContext": {
        "runAsUser": 1, "capabilities": {"add": ["SYS_ADMIN"]}, "allowPrivilegeEscalation": False,
        "seccompProfile": {"type": "Localhost", "localhostProfile": "a"},
    },
}  # fmt: skip
TERM = {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}],
        "matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]}  # fmt: skip
POD_TERM = {"topologyKey": "a", "namespaces": ["b"], "labelSelector": {
    "matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}}  # fmt: skip
DEMANDED, WISHED = "requiredDuringSchedulingIgnoredDuringExecution", "preferredDuringSchedulingIgnoredDuringExecution"
POD_SPEC = {
    "containers": [CONTAINER], "initContainers": [CONTAINER | {"name": "init"}],
    "volumes": [
        {"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}, {"secret": {"name": "s"}}]}},
        {"name": "d", "downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        {"name": "c", "configMap": {"name": "c", "items": [{"key": "k", "path": "p", "mode": 1}]}},
        {"name": "h", "hostPath": {"path": "/x"}}, {"name": "e", "emptyDir": {"sizeLimit": "1Gi"}},
    ],
    "nodeSelector": {"a": "b"}, "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a"]}], "overhead": {"cpu": "1"},
    "tolerations": [{"key": "a", "operator": "Equal", "value": "b", "effect": "NoExecute", "tolerationSeconds": 1}],
    "affinity": {
        "nodeAffinity": {DEMANDED: {"nodeSelectorTerms": [TERM]}, WISHED: [{"weight": 1, "preference": TERM}]},
        "podAffinity": {DEMANDED: [POD_TERM], WISHED: [{"weight": 1, "podAffinityTerm": POD_TERM}]},
    },
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "a", "labelSelector": {"matchLabels": {"a": "b"}}}],
    "dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.2.3.4"], "searches": ["a.b"], "options": [{"name": "x"}]},
    "imagePullSecrets": [{"name": "s"}], "readinessGates": [{"conditionType": "a/b"}], "hostNetwork": True,
    "schedulingGates": [{"name": "a/b"}], "securityContext": {"sysctls": [{"name": "a.b", "value": "1"}],
                                                              "supplementalGroups": [1], "fsGroup": 1},
    "os": {"name": "linux"}, "hostname": "a", "subdomain": "b", "nodeName": "n", "restartPolicy": "OnFailure",
}  # fmt: skip
RULES = [
    {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"], "resourceNames": ["a"]},
    {"nonResourceURLs": ["/a"], "verbs": ["get"]},
]  # fmt: skip
BINDING = {
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
    "subjects": [{"kind": "User", "name": "a"}, {"kind": "ServiceAccount", "name": "a", "namespace": "n"}],
}  # fmt: skip
STATE = {"name": "web", "ready": True, "restartCount": 1, "state": {"terminated": {"exitCode": 1, "signal": 9}},
         "lastState": {"terminated": {"finishedAt": "2026-01-01T00:00:00Z"}}}  # fmt: skip
POD = {
    "spec": POD_SPEC,
    "status": {
        "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "podIP": "1.2.3.4",
        "podIPs": [{"ip": "1.2.3.4"}], "hostIP": "1.2.3.4", "hostIPs": [{"ip": "1.2.3.4"}],
        "containerStatuses": [STATE], "initContainerStatuses": [STATE | {"name": "init"}],
    },
}  # fmt: skip
TEMPLATE = {"metadata": {"labels": {"a": "b"}, "annotations": {"c": "d"}}, "spec": POD_SPEC}
OWNER = {
    "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE, "minReadySeconds": 1,
             "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}}},
    "status": {"replicas": 1, "readyReplicas": 1, "availableReplicas": 1},
}  # fmt: skip
CLAIM_SPEC = {
    "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}, "limits": {"storage": "2Gi"}},
    "selector": {"matchLabels": {"a": "b"}}, "storageClassName": "a", "volumeMode": "Filesystem", "volumeName": "v",
    "dataSource": {"apiGroup": "a.b", "kind": "A", "name": "b"}, "volumeAttributesClassName": "c",
}  # fmt: skip
JOB_SPEC = {
    "completions": 2, "parallelism": 1, "completionMode": "Indexed", "backoffLimit": 1, "backoffLimitPerIndex": 1,
    "maxFailedIndexes": 1, "activeDeadlineSeconds": 1, "ttlSecondsAfterFinished": 1, "suspend": True,
    "managedBy": "a.b/c", "manualSelector": False, "podReplacementPolicy": "Failed",
    "selector": {"matchLabels": {"a": "b"}}, "template": {**TEMPLATE, "spec": {**POD_SPEC, "restartPolicy": "Never"}},
    "podFailurePolicy": {"rules": [
        {"action": "FailJob", "onExitCodes": {"containerName": "web", "operator": "In", "values": [1]}},
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
    ]},
    "successPolicy": {"rules": [{"succeededIndexes": "0-1", "succeededCount": 1}]},
}  # fmt: skip
SAMPLES: dict[str, Object] = {
    "CustomResourceDefinition": {
        "spec": {
            "group": "a.b", "scope": "Namespaced",
            "names": {"plural": "cs", "singular": "c", "kind": "C", "listKind": "CList", "shortNames": ["x"]},
            "versions": [
                {"name": "v1", "served": True, "storage": True, "deprecated": True, "deprecationWarning": "old",
                 "schema": {"openAPIV3Schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
                 "subresources": {"status": {}, "scale": {"specReplicasPath": ".spec.a",
                                                         "statusReplicasPath": ".status.a"}},
                 "additionalPrinterColumns": [{"name": "A", "type": "integer", "jsonPath": ".a"}],
                 "selectableFields": [{"jsonPath": ".a"}]},
            ],
            "conversion": {"strategy": "Webhook", "webhook": {
                "conversionReviewVersions": ["v1"],
                "clientConfig": {"service": {"name": "a", "namespace": "b", "path": "/", "port": 443}}}},
        },
        "status": {"storedVersions": ["v1"], "acceptedNames": {"plural": "cs", "kind": "C"}},
    },
    "StatefulSet": {
        "spec": OWNER["spec"] | {
            "serviceName": "a", "podManagementPolicy": "Parallel", "ordinals": {"start": 1}, "revisionHistoryLimit": 1,
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1, "maxUnavailable": 1}},
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Delete"},
            "volumeClaimTemplates": [{"metadata": {"name": "v"}, "spec": CLAIM_SPEC}],
        },
        "status": {"replicas": 1, "readyReplicas": 1, "currentReplicas": 1, "availableReplicas": 1},
    },
    "PersistentVolumeClaim": {
        "spec": CLAIM_SPEC,
        "status": {"phase": "Bound", "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}},
    },
    "PersistentVolume": {
        "spec": {
            "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x", "type": ""},
            "local": {"path": "/y"}, "csi": {"driver": "a", "volumeHandle": "b"}, "storageClassName": "a",
            "persistentVolumeReclaimPolicy": "Retain", "volumeMode": "Block", "mountOptions": ["ro"],
            "claimRef": {"namespace": "d", "name": "c"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [TERM]}},
        },
        "status": {"phase": "Bound"},
    },
    "StorageClass": {
        "provisioner": "a.b/c", "parameters": {"a": "b"}, "reclaimPolicy": "Delete", "mountOptions": ["ro"],
        "volumeBindingMode": "Immediate", "allowVolumeExpansion": True,
    },
    "PodDisruptionBudget": {
        "spec": {
            "minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}, "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
        "status": {"disruptionsAllowed": 1, "currentHealthy": 1, "desiredHealthy": 1, "expectedPods": 1},
    },
    "HorizontalPodAutoscaler": {
        "spec": {
            "minReplicas": 1, "maxReplicas": 3, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "A", "name": "b"},
            "metrics": [
                {"type": "Resource", "resource": {"name": "cpu", "target": {
                    "type": "Utilization", "averageUtilization": 80}}},
                {"type": "Pods", "pods": {"metric": {"name": "a", "selector": {"matchLabels": {"a": "b"}}},
                                          "target": {"type": "AverageValue", "averageValue": "1"}}},
                {"type": "Object", "object": {"metric": {"name": "a"}, "describedObject": {"kind": "A", "name": "b"},
                                              "target": {"type": "Value", "value": "1"}}},
            ],
            "behavior": {"scaleUp": {"stabilizationWindowSeconds": 1, "selectPolicy": "Min",
                                     "policies": [{"type": "Pods", "value": 1, "periodSeconds": 1}]},
                         "scaleDown": {"selectPolicy": "Max"}},
        },
        "status": {"currentReplicas": 1, "desiredReplicas": 1, "currentMetrics": [
            {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 1}}}]},
    },
    "CronJob": {
        "spec": {
            "schedule": "* * * * *", "timeZone": "UTC", "startingDeadlineSeconds": 1, "concurrencyPolicy": "Forbid",
            "suspend": True, "successfulJobsHistoryLimit": 1, "failedJobsHistoryLimit": 1,
            "jobTemplate": {"metadata": {"labels": {"a": "b"}}, "spec": JOB_SPEC},
        },
        "status": {"active": [{"name": "a"}], "lastScheduleTime": "2026-01-01T00:00:00Z"},
    },
    "PriorityClass": {"value": 1, "globalDefault": True, "preemptionPolicy": "Never", "description": "x"},
    "Job": {
        "spec": JOB_SPEC,
        "status": {"conditions": [{"type": "Complete", "status": "True"}], "startTime": "2026-01-01T00:00:00Z",
                   "completionTime": "2026-01-01T00:00:00Z", "succeeded": 1},
    },
    "Namespace": {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}},
    "Node": {
        "spec": {"podCIDR": "10.0.0.0/24", "podCIDRs": ["10.0.0.0/24"], "unschedulable": True,
                 "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]},
        "status": {"capacity": {"cpu": "1"}, "conditions": [{"type": "Ready", "status": "True"}],
                   "addresses": [{"type": "InternalIP", "address": "1.2.3.4"}], "nodeInfo": {"osImage": "x"}},
    },
    "Pod": POD,
    "Service": {
        "spec": {
            "type": "LoadBalancer", "selector": {"a": "b"}, "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"],
            "ports": [{"name": "a", "port": 80, "targetPort": "x", "nodePort": 30000, "appProtocol": "a/b"},
                      {"name": "b", "port": 80, "protocol": "UDP"}],
            "externalIPs": ["1.2.3.4"], "loadBalancerSourceRanges": ["10.0.0.0/8"], "loadBalancerClass": "a/b",
            "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}},
            "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "externalTrafficPolicy": "Local",
            "healthCheckNodePort": 30001, "internalTrafficPolicy": "Local", "trafficDistribution": "PreferClose",
            "externalName": "a.b", "loadBalancerIP": "1.2.3.4", "allocateLoadBalancerNodePorts": True,
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "hostname": "a.b"}]}},
    },
    "Endpoints": {"subsets": [{
        "addresses": [{"ip": "1.2.3.4", "hostname": "a", "nodeName": "n"}], "notReadyAddresses": [{"ip": "1.2.3.5"}],
        "ports": [{"name": "a", "port": 80, "appProtocol": "a/b"}, {"port": 81}],
    }]},
    "EndpointSlice": {
        "addressType": "IPv6", "ports": [{"name": "a", "port": 80}],
        "endpoints": [{"addresses": ["FD00::1"], "conditions": {"ready": True}, "hints": {"forZones": [{"name": "a"}]},
                       "hostname": "a", "nodeName": "n", "deprecatedTopology": {"a": "b"}}],
    },
    "IPAddress": {"spec": {"parentRef": {"group": "a", "resource": "b", "namespace": "c", "name": "d"}}},
    "ServiceCIDR": {"spec": {"cidrs": ["10.0.0.0/8", "fd00::/112"]}, "status": {}},
    "Ingress": {
        "spec": {
            "ingressClassName": "c", "tls": [{"hosts": ["a.b"], "secretName": "s"}],
            "defaultBackend": {"resource": {"apiGroup": "a", "kind": "B", "name": "c"}},
            "rules": [{"host": "a.b", "http": {"paths": [{
                "path": "/", "pathType": "Exact", "backend": {"service": {"name": "s", "port": {"number": 80}}},
            }]}}],
        },
        "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "hostname": "a.b"}]}},
    },
    "IngressClass": {"spec": {"controller": "a.b/c", "parameters": {
        "apiGroup": "a", "kind": "B", "name": "c", "scope": "Namespace", "namespace": "n",
    }}},
    "NetworkPolicy": {"spec": {
        "podSelector": {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]},
        "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"protocol": "TCP", "port": 80, "endPort": 90}, {"port": "http"}],
                     "from": [{"podSelector": {"matchLabels": {"a": "b"}}, "namespaceSelector": {}}]}],
        "egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}]}],
    }},
    "ReplicaSet": OWNER, "Deployment": OWNER,
    "DaemonSet": {
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": TEMPLATE, "minReadySeconds": 1,
                 "revisionHistoryLimit": 3,
                 "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}},
        "status": {"numberReady": 1, "updatedNumberScheduled": 1, "collisionCount": 1},
    },
    "ControllerRevision": {"data": {"spec": {"template": TEMPLATE}}, "revision": 2},
    "ReplicationController": {"spec": {"selector": {"a": "b"}, "template": TEMPLATE}, "status": {"replicas": 1}},
    "ConfigMap": {"data": {"a": "b"}, "binaryData": {"c": "eA=="}, "immutable": False},
    "Secret": {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": "e30="}, "stringData": {"a": "b"}},
    "ServiceAccount": {"secrets": [{"name": "a"}], "imagePullSecrets": [{"name": "b"}]},
    "Event": {
        "involvedObject": {"kind": "Pod", "name": "a", "namespace": "default"}, "source": {"component": "c"},
        "series": {"count": 1, "lastObservedTime": "2026-01-01T00:00:00Z"}, "message": "m", "count": 1,
        "firstTimestamp": "2026-01-01T00:00:00Z", "eventTime": "2026-01-01T00:00:00Z", "reportingComponent": "x",
        "lastTimestamp": "2026-01-01T00:00:00Z", "reason": "r", "action": "a", "type": "Normal",
    },
    "Lease": {"spec": {"holderIdentity": "a", "leaseDurationSeconds": 1, "leaseTransitions": 1}},
    "Role": {"rules": RULES}, "ClusterRole": {"rules": RULES, "aggregationRule": {"clusterRoleSelectors": [
        {"matchLabels": {"a": "b"}, "matchExpressions": [{"key": "a", "operator": "Exists"}]}]}},
    "RoleBinding": BINDING, "ClusterRoleBinding": BINDING,
}  # fmt: skip

SAMPLES |= MORE_SAMPLES | {"PodTemplate": {"template": TEMPLATE}}

# Maps of texts and amounts: decoding leaves no null in them.
MAPS = {
    "labels", "annotations", "matchLabels", "nodeSelector", "limits", "requests", "capacity", "overhead", "data",
    "binaryData", "parameters", "stringData", "deprecatedTopology", "podFixed", "attributes",
}  # fmt: skip


def _holes(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every field of every object below ``found``."""
    if path and (path[-1] in MAPS or (path[-1] == "selector" and "matchLabels" not in found)):
        return []
    if isinstance(found, dict):
        below = [hole for key, value in found.items() for hole in _holes(value, (*path, key))]
        return [(*path, key) for key in found] + below
    if isinstance(found, list):
        return [hole for index, value in enumerate(found) for hole in _holes(value, (*path, index))]
    return []


def _pierced(sample: Object, hole: tuple[Any, ...], *, is_null: bool) -> Object:
    found = deepcopy(sample)
    place: Any = found
    for step in hole[:-1]:
        place = place[step]
    if is_null:
        place[hole[-1]] = None
    else:
        del place[hole[-1]]
    return found


def _run(kind: Kind, written: Object, old: Object) -> None:
    for subresource, before in (("", None), ("", old), ("status", old)):
        new = deepcopy(written)
        new["metadata"] = {"name": "one", "namespace": "default", "labels": None, "annotations": None}
        kind.defaults(new)
        kind.prepare(new, before, subresource)
        list(kind.warnings(new, before))
        if list(kind.validate(new, before)):
            continue  # what is shown and selected was stored, and so was valid
        for column in kind.columns:
            column.cell(new, 0.0)
        for read in kind.fields.values():
            read(new)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_no_hook_fails_on_a_null_or_on_what_is_missing(kind: Kind) -> None:
    sample = SAMPLES[kind.name]
    old = deepcopy(sample) | {"metadata": {"name": "one", "namespace": "default"}}
    kind.defaults(old)
    kind.prepare(old, None, "")
    old["status"] = deepcopy(sample.get("status", {}))
    for hole in _holes(sample):
        for is_null in (True, False):
            _run(kind, _pierced(sample, hole, is_null=is_null), old)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_a_null_means_the_same_as_nothing(kind: Kind) -> None:
    @settings(max_examples=60, deadline=None)
    @given(hole=st.sampled_from(_holes(SAMPLES[kind.name]) or [()]))
    def check(hole: tuple[Any, ...]) -> None:
        shown = []
        for is_null in (True, False):
            new = _pierced(SAMPLES[kind.name], hole, is_null=is_null)
            new["metadata"] = {"name": "one", "namespace": "default"}
            kind.defaults(new)
            kind.prepare(new, None, "")
            shown.append([(problem.path, problem.reason) for problem in kind.validate(new, None)])
        assert shown[0] == shown[1]

    check()
