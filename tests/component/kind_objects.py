"""One small valid object of every kind that is stored, for tests that hold for all of them: a new kind is a row here.

``CHANGES`` are fields that an update may change where a label would show too little.
"""

from fairway.objects import Object

REQUEST = (
    "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlISU1IQUNBUUF3RGpFTU1Bb0dBMVVFQXd3RGIyNWxNRmt3RXdZSEtvWkl6ajBD"
    "QVFZSUtvWkl6ajBEQVFjRApRZ0FFWHYzMkQ0VzRScDUzTytRd0R5S2JoNWdVZkE3S05IVFltSU91ZVFhMTNLdDd1Z1lYY292OFI2OVpQTkl6ClpM"
    "WEhpUThlbER1RFA1aGVZZVdrVEdwbDdhQUFNQW9HQ0NxR1NNNDlCQU1DQTBnQU1FVUNJSEI1SDZtK1J3QVYKSzlOQVFoWW1LN0tTMGNTRGlEVzh4"
    "aS92ZUFoUVpBQUJBaUVBdnp4VG8rODdHRjg5K3NYcG0wcG1zbFVjR1pLTgpWVURwTlJtaVg1N01OWGs9Ci0tLS0tRU5EIENFUlRJRklDQVRFIFJF"
    "UVVFU1QtLS0tLQo="
)
"""A request for a certificate, as base64 of its PEM."""
_POD = {"containers": [{"name": "web", "image": "luksa/kubia"}]}
_TEMPLATE = {"metadata": {"labels": {"app": "web"}}, "spec": _POD}
_OWNER: Object = {"selector": {"matchLabels": {"app": "web"}}, "template": _TEMPLATE}
_ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
_RULES = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
_DEVICES = {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": "gpus"}}]}}
_MATCH: Object = {"apiGroups": ["example.com"], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["cars"]}

MINIMAL: dict[str, Object] = {
    "Namespace": {},
    "Node": {},
    "Pod": {"spec": _POD},
    "Service": {"spec": {"ports": [{"port": 80}]}},
    "Endpoints": {"metadata": {"name": "two"},
                  "subsets": [{"addresses": [{"ip": "10.1.2.3"}], "ports": [{"port": 80}]}]},
    "EndpointSlice": {"addressType": "IPv4", "endpoints": [{"addresses": ["10.1.2.3"]}], "ports": [{"port": 80}]},
    "IPAddress": {"metadata": {"name": "10.96.77.77"},
                  "spec": {"parentRef": {"resource": "services", "namespace": "default", "name": "web"}}},
    "ServiceCIDR": {"spec": {"cidrs": ["10.80.0.0/24"]}},
    "Ingress": {"spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}},
    "IngressClass": {"spec": {"controller": "example.com/ingress"}},
    "NetworkPolicy": {"spec": {"podSelector": {}}},
    "ReplicaSet": {"spec": _OWNER},
    "ReplicationController": {"spec": {"selector": {"app": "web"}, "template": _TEMPLATE}},
    "Deployment": {"spec": _OWNER},
    "DaemonSet": {"spec": _OWNER},
    "ControllerRevision": {"data": {}, "revision": 1},
    "ConfigMap": {"data": {"a": "b"}},
    "Secret": {"stringData": {"a": "b"}},
    "ServiceAccount": {},
    "Event": {"involvedObject": {"kind": "Pod", "namespace": "default", "name": "web"}, "reason": "Tried"},
    "Lease": {"spec": {"holderIdentity": "me"}},
    "Role": _RULES,
    "RoleBinding": {"roleRef": _ROLE, "subjects": []},
    "ClusterRole": _RULES,
    "ClusterRoleBinding": {"roleRef": _ROLE, "subjects": []},
    "Job": {"spec": {"template": {"spec": _POD | {"restartPolicy": "Never"}}}},
    "CronJob": {"spec": {"schedule": "* * * * *", "jobTemplate": {"spec": {
        "template": {"spec": _POD | {"restartPolicy": "Never"}}}}}},
    "StatefulSet": {"spec": _OWNER | {"serviceName": "web"}},
    "HorizontalPodAutoscaler": {"spec": {"maxReplicas": 3, "scaleTargetRef": {
        "apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}}},
    "PodDisruptionBudget": {"spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}}},
    "PersistentVolume": {"spec": {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"],
                                  "hostPath": {"path": "/tmp/one"}}},
    "PersistentVolumeClaim": {"spec": {"accessModes": ["ReadWriteOnce"],
                                       "resources": {"requests": {"storage": "1Gi"}}}},
    "StorageClass": {"provisioner": "example.com/disk"},
    "PriorityClass": {"value": 10},
    "LimitRange": {"spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}}]}},
    "ResourceQuota": {"spec": {"scopes": ["Terminating"]}},  # without a bound nothing is counted meanwhile
    "MutatingWebhookConfiguration": {"webhooks": []},
    "ValidatingWebhookConfiguration": {"webhooks": []},
    "ValidatingAdmissionPolicy": {"spec": {
        "matchConstraints": {"resourceRules": [_MATCH]}, "validations": [{"expression": "true"}]}},
    "ValidatingAdmissionPolicyBinding": {"spec": {"policyName": "one", "validationActions": ["Deny"]}},
    "MutatingAdmissionPolicy": {"spec": {
        "matchConstraints": {"resourceRules": [_MATCH]}, "reinvocationPolicy": "Never",
        "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": "Object{}"}}]}},
    "MutatingAdmissionPolicyBinding": {"spec": {"policyName": "one"}},
    "CustomResourceDefinition": {"metadata": {"name": "cars.example.com"}, "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"plural": "cars", "kind": "Car"},
        "versions": [{"name": "v1", "served": True, "storage": True,
                      "schema": {"openAPIV3Schema": {"type": "object"}}}]}},
    "PodTemplate": {"template": _TEMPLATE},
    "RuntimeClass": {"handler": "runsc"},
    "CSIDriver": {},
    "CSINode": {"spec": {"drivers": [{"name": "disk.example.com", "nodeID": "one"}]}},
    "CSIStorageCapacity": {"storageClassName": "fast", "capacity": "1Gi"},
    "VolumeAttachment": {"spec": {"attacher": "disk.example.com", "nodeName": "one",
                                  "source": {"persistentVolumeName": "pv"}}},
    "VolumeAttributesClass": {"driverName": "disk.example.com", "parameters": {"iops": "100"}},
    "CertificateSigningRequest": {"spec": {"request": REQUEST, "signerName": "example.com/signer",
                                           "usages": ["client auth"]}},
    "FlowSchema": {"spec": {"priorityLevelConfiguration": {"name": "exempt"}}},
    "PriorityLevelConfiguration": {"spec": {"type": "Limited", "limited": {"limitResponse": {"type": "Reject"}}}},
    "ResourceClaim": {"spec": _DEVICES},
    "ResourceClaimTemplate": {"spec": {"spec": _DEVICES}},
    "DeviceClass": {"spec": {}},
    "ResourceSlice": {"spec": {"driver": "gpu.example.com", "nodeName": "one",
                               "pool": {"name": "one", "resourceSliceCount": 1}}},
    "APIService": {"metadata": {"name": "v1.example.com"},
                   "spec": {"group": "example.com", "version": "v1", "groupPriorityMinimum": 100,
                            "versionPriority": 10}},
}  # fmt: skip
"""By kind; without apiVersion and kind, and without a name where any will do."""
