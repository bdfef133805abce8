"""Objects in many states, made by hand, for the comparison of our descriptions with kubectl's.

Ages are in the middle of the unit that is shown, so that a second more or less changes no word.
"""

import base64
import time
from datetime import UTC, datetime
from typing import Any

from fairway.objects import Object

NOW_S = time.time()
DAY_S, HOUR_S = 86400, 3600


def ago(days: float = 0, hours: float = 0, *, micro: bool = False) -> str:
    """A time stamp of the past, half an hour further back than said."""
    at = datetime.fromtimestamp(NOW_S - days * DAY_S - hours * HOUR_S - 1800, UTC)
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


def make(kind: str, name: str, version: str = "v1", *, namespace: str | None = "shop", **rest: Any) -> Object:
    """An object; ``meta`` adds to its metadata."""
    metadata: Object = {"name": name, "uid": f"uid-{kind.lower()}-{name}", "creationTimestamp": ago(9)}
    if namespace is not None:
        metadata["namespace"] = namespace
    metadata |= rest.pop("meta", {})
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def owned(kind: str, name: str, version: str = "apps/v1") -> list[Object]:
    """ownerReferences to a controller."""
    uid = f"uid-{kind.lower()}-{name}"
    return [{"apiVersion": version, "kind": kind, "name": name, "uid": uid, "controller": True}]


def event(name: str, about: Object, reason: str, message: str, **rest: Any) -> Object:
    """An event about an object."""
    metadata = about["metadata"]
    involved = {"kind": about["kind"], "name": metadata["name"], "uid": metadata.get("uid", "")}
    if metadata.get("namespace"):
        involved["namespace"] = metadata["namespace"]
    fields = {"type": "Normal", "source": {"component": "maker"}, "firstTimestamp": ago(3), "lastTimestamp": ago(2)}
    namespace = metadata.get("namespace", "default")
    return make(
        "Event", name, namespace=namespace, involvedObject=involved, reason=reason, message=message, **(fields | rest)
    )


MARKED: Object = {
    "labels": {"app": "kubia", "tier": "web", "a.b/c": "", "zone": "ü"},
    "annotations": {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "short": "a word",
        "ends": "with a line end\n",
        "lines": "first\nsecond\n\nfourth",
        "long": "x" * 200,
        "just": "y" * 134,
        "over": "y" * 135,
        "colours": "\x1b[31mred\x1b[0m and\ra return",
        "wide": "äöü" * 60,
        "tabbed": "a\tb",
    },
}

_SERVICE: Object = {
    "type": "ClusterIP",
    "clusterIP": "10.96.0.7",
    "clusterIPs": ["10.96.0.7"],
    "sessionAffinity": "None",
}


def service(name: str, *, meta: Object | None = None, status: Object | None = None, **spec: Any) -> Object:
    """A Service."""
    return make("Service", name, meta=meta or {}, spec=_SERVICE | spec, status=status or {"loadBalancer": {}})


def endpoint(address: str, ready: bool | None = True, **rest: Any) -> Object:
    """One endpoint of a slice."""
    return {"addresses": [address], "conditions": {} if ready is None else {"ready": ready}, **rest}


def endpoint_slice(name: str, owner: str, ports: list[Object] | None, found: list[Object] | None) -> Object:
    """A slice of a Service."""
    meta = {"labels": {"kubernetes.io/service-name": owner}}
    return make(
        "EndpointSlice", name, "discovery.k8s.io/v1", meta=meta, addressType="IPv4", ports=ports, endpoints=found
    )


HTTP = {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}
METRICS = {"name": "metrics", "port": 9090, "targetPort": 9091, "protocol": "TCP", "nodePort": 30901}
BARE = {"port": 80, "targetPort": 8080, "protocol": "TCP"}
_TARGET = {"targetRef": {"kind": "Pod", "name": "kubia-1", "namespace": "shop"}, "nodeName": "n1", "zone": "east"}

SERVICES = [
    service("bare", selector={"app": "kubia"}, ports=[BARE]),
    service(
        "named",
        meta=MARKED,
        selector={"b": "2", "a": "1"},
        ports=[HTTP, METRICS],
        type="NodePort",
        ipFamilyPolicy="SingleStack",
        ipFamilies=["IPv4"],
        externalTrafficPolicy="Local",
        internalTrafficPolicy="Cluster",
        sessionAffinity="ClientIP",
        sessionAffinityConfig={"clientIP": {"timeoutSeconds": 50}},
    ),
    service(
        "dual",
        ipFamilyPolicy="PreferDualStack",
        ipFamilies=["IPv4", "IPv6"],
        clusterIPs=["10.96.0.8", "fd00::8"],
        clusterIP="10.96.0.8",
        ports=[BARE],
        selector={"app": "dual"},
        internalTrafficPolicy="Local",
        trafficDistribution="PreferClose",
    ),
    service(
        "balanced",
        type="LoadBalancer",
        ports=[HTTP | {"nodePort": 30080, "appProtocol": "http2"}],
        loadBalancerIP="192.0.2.9",
        loadBalancerSourceRanges=["10.0.0.0/8", "192.0.2.0/24"],
        externalIPs=["192.0.2.1", "192.0.2.2"],
        healthCheckNodePort=32000,
        externalTrafficPolicy="Local",
        loadBalancerClass="example.com/lb",
        allocateLoadBalancerNodePorts=True,
        status={
            "loadBalancer": {
                "ingress": [
                    {"ip": "192.0.2.9", "ipMode": "VIP"},
                    {"ip": "192.0.2.10"},
                    {"hostname": "lb.example.com"},
                ]
            }
        },
    ),
    service("headless", clusterIP="None", clusterIPs=["None"], selector={"app": "db"}, publishNotReadyAddresses=True),
    service("headless-ports", clusterIP="None", clusterIPs=["None"], ports=[BARE | {"name": "db", "protocol": "UDP"}]),
    make(
        "Service", "elsewhere", spec={"type": "ExternalName", "externalName": "example.com", "sessionAffinity": "None"}
    ),
    make("Service", "elsewhere-port", spec={"type": "ExternalName", "externalName": "example.com", "ports": [HTTP]}),
    service("many", ports=[HTTP, METRICS], selector={"app": "many"}),
    service("nobody-ready", ports=[BARE]),
    service("three", ports=[BARE]),
    service("three-and-one-not-ready", ports=[BARE]),
    service("six", ports=[BARE]),
    service("empty-slice", ports=[BARE]),
    service("sctp", ports=[BARE | {"protocol": "SCTP"}, BARE | {"name": "dns", "protocol": "UDP", "port": 53}]),
]

_MANY = [endpoint(f"10.0.0.{number}", number % 3 != 0) for number in range(1, 9)]
SLICES = [
    endpoint_slice(
        "bare-1", "bare", [{"name": "", "port": 8080, "protocol": "TCP"}], [endpoint("10.0.0.1", **_TARGET)]
    ),
    endpoint_slice("dual-4", "dual", [{"name": "", "port": 8080, "protocol": "TCP"}], [endpoint("10.0.0.1", None)]),
    endpoint_slice("dual-6", "dual", [{"name": "", "port": 8080, "protocol": "TCP"}], [endpoint("fd00::1")]),
    endpoint_slice("headless-1", "headless", None, [endpoint(f"10.0.1.{number}") for number in range(5)]),
    endpoint_slice(
        "many-1",
        "many",
        [
            {"name": "http", "port": 8080, "protocol": "TCP"},
            {"name": "metrics", "port": 9091, "protocol": "TCP"},
        ],
        _MANY,
    ),
    endpoint_slice("many-2", "many", [{"name": "http", "port": 8081, "protocol": "TCP"}], [endpoint("10.0.2.1")]),
    endpoint_slice(
        "nobody-1", "nobody-ready", [{"name": "", "port": 80, "protocol": "TCP"}], [endpoint("10.0.0.1", False)]
    ),
    endpoint_slice(
        "three-1",
        "three",
        [{"name": "", "port": 80, "protocol": "TCP"}],
        [endpoint(f"10.0.0.{number}") for number in range(3)],
    ),
    endpoint_slice(
        "three-not-1",
        "three-and-one-not-ready",
        [{"name": "", "port": 80, "protocol": "TCP"}],
        [endpoint(f"10.0.0.{number}", number < 3) for number in range(4)],
    ),
    endpoint_slice(
        "six-1",
        "six",
        [{"name": "", "port": 80, "protocol": "TCP"}],
        [endpoint(f"10.0.0.{number}") for number in range(6)],
    ),
    endpoint_slice("empty-1", "empty-slice", [{"name": "", "port": 80, "protocol": "TCP"}], []),
    make(
        "EndpointSlice",
        "told",
        "discovery.k8s.io/v1",
        meta=MARKED,
        addressType="FQDN",
        ports=[
            {"name": "https", "port": 443, "protocol": "TCP"},
            {"name": "any", "protocol": "UDP"},
            {"name": "", "port": 1, "protocol": "SCTP", "appProtocol": "http"},
        ],
        endpoints=[
            endpoint(
                "a.example.com", True, hostname="a", nodeName="n1", zone="west", hints={"forZones": [{"name": "west"}]}
            ),
            {
                "addresses": ["10.0.0.1", "10.0.0.2"],
                "conditions": {"ready": False, "serving": True, "terminating": True},
                "targetRef": {"kind": "Pod", "name": "p"},
            },
        ],
    ),
    make("EndpointSlice", "unset", "discovery.k8s.io/v1", addressType="IPv6"),
]

ENDPOINTS = [
    make("Endpoints", "bare"),
    make(
        "Endpoints",
        "full",
        meta=MARKED,
        subsets=[
            {
                "addresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2", "nodeName": "n1"}],
                "notReadyAddresses": [{"ip": "10.0.0.3"}],
                "ports": [{"name": "http", "port": 80, "protocol": "TCP"}, {"port": 1, "protocol": "UDP"}],
            },
            {"addresses": [{"ip": "fd00::1"}]},
            {"notReadyAddresses": [{"ip": "10.0.0.9"}, {"ip": "10.0.0.8"}], "ports": [{"port": 9, "protocol": "TCP"}]},
        ],
    ),
]

PROBES: Object = {
    "livenessProbe": {
        "httpGet": {"path": "/healthz?full=1 x", "port": "http", "scheme": "HTTPS", "host": "fd00::1"},
        "initialDelaySeconds": 3,
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    },
    "readinessProbe": {
        "exec": {"command": ["cat", "/tmp/a b"]},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    },
    "startupProbe": {"tcpSocket": {"port": 8080}, "timeoutSeconds": 1, "periodSeconds": 10},
}

ENVIRONMENT = [
    {"name": "PLAIN", "value": "a value"},
    {"name": "EMPTY"},
    {"name": "LINES", "value": "first\nsecond\nthird"},
    {"name": "NAME", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
    {"name": "SPACE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}},
    {"name": "IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}},
    {"name": "LABEL", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels['app']"}}},
    {"name": "ID", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.uid"}}},
    {"name": "NODE", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "spec.nodeName"}}},
    {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}},
    {"name": "CPU_M", "valueFrom": {"resourceFieldRef": {"resource": "requests.cpu", "divisor": "1m"}}},
    {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
    {"name": "DISK", "valueFrom": {"resourceFieldRef": {"resource": "requests.ephemeral-storage", "divisor": "0"}}},
    {"name": "HUGE", "valueFrom": {"resourceFieldRef": {"resource": "limits.hugepages-2Mi", "divisor": "0"}}},
    {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "tls"}}},
    {"name": "MAYBE", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "x", "optional": True}}},
    {"name": "MAP", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "k", "optional": False}}},
]
SOURCES = [
    {"configMapRef": {"name": "conf"}},
    {"secretRef": {"name": "keys", "optional": True}},
    {"prefix": "P_", "configMapRef": {"name": "conf2", "optional": False}},
    {"prefix": "S_", "secretRef": {"name": "keys2"}},
]
_AMOUNTS = {"cpu": "250m", "memory": "64Mi"}
CONTAINER: Object = {
    "name": "web",
    "image": "luksa/kubia",
    "command": ["sh", "-c"],
    "args": ["echo a\necho b", "--flag", ""],
    "ports": [
        {"containerPort": 8080, "name": "http", "protocol": "TCP"},
        {"containerPort": 9090, "hostPort": 9091, "protocol": "UDP"},
    ],
    "resources": {"limits": {"cpu": "0.5", "memory": "128Mi", "example.com/gpu": "2"}, "requests": _AMOUNTS},
    "env": ENVIRONMENT,
    "envFrom": SOURCES,
    **PROBES,
    "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"}},
    "volumeMounts": [
        {"name": "z", "mountPath": "/z", "readOnly": True},
        {"name": "a", "mountPath": "/a", "subPath": 's"u b'},
        {"name": "m", "mountPath": "/m", "readOnly": True, "subPath": "x"},
    ],
}

VOLUMES: list[Object] = [
    {"name": "host", "hostPath": {"path": "/var/log", "type": "Directory"}},
    {"name": "host2", "hostPath": {"path": "/var/log"}},
    {"name": "empty", "emptyDir": {}},
    {"name": "empty2", "emptyDir": {"medium": "Memory", "sizeLimit": "0.5Gi"}},
    {"name": "empty0", "emptyDir": {"sizeLimit": "0"}},
    {"name": "gce", "gcePersistentDisk": {"pdName": "d", "fsType": "ext4", "partition": 2, "readOnly": True}},
    {"name": "aws", "awsElasticBlockStore": {"volumeID": "v"}},
    {"name": "git", "gitRepo": {"repository": "https://example.com", "revision": "r"}},
    {"name": "secret", "secret": {"secretName": "keys"}},
    {"name": "secret2", "secret": {"secretName": "keys", "optional": True}},
    {"name": "map", "configMap": {"name": "conf", "optional": True}},
    {"name": "nfs", "nfs": {"server": "s", "path": "/p"}},
    {
        "name": "iscsi",
        "iscsi": {
            "targetPortal": "10.0.0.1:3260",
            "iqn": "iqn.x",
            "lun": 3,
            "iscsiInterface": "default",
            "portals": ["a", "b"],
            "chapAuthSession": True,
            "secretRef": {"name": "s"},
        },
    },
    {"name": "iscsi2", "iscsi": {"targetPortal": "t", "iqn": "i", "lun": 0, "initiatorName": "me"}},
    {"name": "gluster", "glusterfs": {"endpoints": "e", "path": "p", "readOnly": True}},
    {"name": "claim", "persistentVolumeClaim": {"claimName": "c"}},
    {
        "name": "ephemeral",
        "ephemeral": {
            "volumeClaimTemplate": {
                "metadata": {"labels": {"a": "1", "b": "2"}, "annotations": {"x": "1", "y": "2", "z": "line\nother"}},
                "spec": {
                    "accessModes": ["ReadWriteOnce"],
                    "storageClassName": "fast",
                    "volumeMode": "Filesystem",
                    "resources": {"requests": {"storage": "1Gi"}},
                    "dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "s"},
                },
            }
        },
    },
    {"name": "ephemeral2", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}},
    {
        "name": "rbd",
        "rbd": {
            "monitors": ["m1", "m2"],
            "image": "i",
            "pool": "p",
            "user": "u",
            "keyring": "k",
            "secretRef": {"name": "s"},
        },
    },
    {"name": "rbd2", "rbd": {"monitors": [], "image": "i"}},
    {"name": "quobyte", "quobyte": {"registry": "r", "volume": "v"}},
    {
        "name": "down",
        "downwardAPI": {
            "items": [
                {"path": "labels", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.labels"}},
                {"path": "cpu", "resourceFieldRef": {"containerName": "web", "resource": "limits.cpu", "divisor": "0"}},
            ]
        },
    },
    {
        "name": "azure",
        "azureDisk": {
            "diskName": "n",
            "diskURI": "u",
            "kind": "Shared",
            "fsType": "ext4",
            "cachingMode": "ReadWrite",
            "readOnly": False,
        },
    },
    {"name": "vsphere", "vsphereVolume": {"volumePath": "p", "storagePolicyName": "s"}},
    {"name": "cinder", "cinder": {"volumeID": "v", "secretRef": {"name": "s"}}},
    {"name": "photon", "photonPersistentDisk": {"pdID": "p"}},
    {"name": "portworx", "portworxVolume": {"volumeID": "v"}},
    {"name": "scale", "scaleIO": {"gateway": "g", "system": "s", "secretRef": {"name": "x"}, "volumeName": "v"}},
    {"name": "ceph", "cephfs": {"monitors": ["m"], "path": "/", "user": "u"}},
    {"name": "storageos", "storageos": {"volumeName": "v", "volumeNamespace": "n"}},
    {"name": "fc", "fc": {"targetWWNs": ["a", "b"], "lun": 2}},
    {"name": "fc2", "fc": {"wwids": ["a"]}},
    {"name": "file", "azureFile": {"secretName": "s", "shareName": "h"}},
    {"name": "flex", "flexVolume": {"driver": "d", "options": {"b": "2", "a": "1"}}},
    {"name": "flocker", "flocker": {"datasetName": "d"}},
    {
        "name": "projected",
        "projected": {
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
                {"configMap": {"name": "kube-root-ca.crt"}},
                {"downwardAPI": {"items": []}},
                {"secret": {"name": "s"}},
            ]
        },
    },
    {"name": "csi", "csi": {"driver": "d"}},
    {
        "name": "csi2",
        "csi": {
            "driver": "d",
            "fsType": "xfs",
            "readOnly": True,
            "volumeAttributes": {"b": "2", "a": "1", "long": "x" * 150},
        },
    },
    {"name": "image", "image": {"reference": "quay.io/x", "pullPolicy": "Always"}},
    {"name": "what", "newKind": {}},
]

_RUNNING = {
    "state": {"running": {"startedAt": ago(1)}},
    "ready": True,
    "restartCount": 2,
    "lastState": {
        "terminated": {
            "exitCode": 137,
            "reason": "OOMKilled",
            "signal": 9,
            "message": "died",
            "startedAt": ago(2),
            "finishedAt": ago(1),
        }
    },
    "imageID": "sha256:abc",
    "containerID": "crun://123",
}
_WAITING = {
    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
    "ready": False,
    "restartCount": 0,
}
_DONE = {
    "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": ago(3), "finishedAt": ago(3)}},
    "ready": True,
    "restartCount": 0,
}

PODS = [
    make("Pod", "bare", spec={"containers": [{"name": "c", "image": "i"}]}, status={"phase": "Pending"}),
    make("Pod", "no-status", spec={"containers": []}),
    make(
        "Pod",
        "kubia-1",
        meta=MARKED | {"ownerReferences": owned("ReplicaSet", "kubia")},
        spec={
            "priority": 0,
            "priorityClassName": "high",
            "runtimeClassName": "gvisor",
            "serviceAccountName": "default",
            "nodeName": "n1",
            "containers": [CONTAINER, {"name": "side", "image": "i2"}],
            "initContainers": [
                {"name": "init", "image": "i3", "restartPolicy": "Always"},
                {"name": "init2", "image": "i"},
            ],
            "ephemeralContainers": [{"name": "debug", "image": "busybox", "targetContainerName": "web"}],
            "volumes": VOLUMES,
            "nodeSelector": {"disk": "ssd", "arch": "arm"},
            "readinessGates": [{"conditionType": "example.com/ready"}, {"conditionType": "Ready"}],
            "securityContext": {"seccompProfile": {"type": "Localhost", "localhostProfile": "q.json"}},
            "tolerations": [
                {
                    "key": "node.kubernetes.io/unreachable",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                },
                {"key": "a", "operator": "Equal", "value": "v", "effect": "NoSchedule"},
                {"operator": "Exists"},
                {"key": "b", "operator": "Exists"},
                {"key": "c", "value": "x"},
                {"operator": "Exists", "effect": "NoExecute"},
            ],
            "topologySpreadConstraints": [
                {
                    "topologyKey": "zone",
                    "maxSkew": 1,
                    "whenUnsatisfiable": "DoNotSchedule",
                    "labelSelector": {"matchLabels": {"app": "kubia"}},
                },
                {"topologyKey": "host", "maxSkew": 2, "whenUnsatisfiable": "ScheduleAnyway"},
            ],
        },
        status={
            "phase": "Running",
            "hostIP": "10.0.0.100",
            "podIP": "10.0.0.1",
            "qosClass": "Burstable",
            "podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}],
            "startTime": ago(4),
            "nominatedNodeName": "n2",
            "reason": "Evicted",
            "message": "The node was low on resource: memory.",
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "x"},
                {"type": "PodScheduled", "status": "True"},
            ],
            "containerStatuses": [{"name": "web", **_RUNNING}, {"name": "side", **_WAITING}],
            "initContainerStatuses": [{"name": "init", **_DONE}, {"name": "init2", "state": {}}],
            "ephemeralContainerStatuses": [{"name": "debug", **_WAITING}],
        },
    ),
    make(
        "Pod",
        "leaving",
        meta={"deletionTimestamp": ago(hours=3), "deletionGracePeriodSeconds": 30},
        spec={"nodeName": "n1", "containers": [{"name": "c", "image": "i", "resources": {"requests": {"cpu": "1"}}}]},
        status={"phase": "Running"},
    ),
    make(
        "Pod",
        "soon-leaving",
        meta={"deletionTimestamp": ago(days=-1), "deletionGracePeriodSeconds": 30},
        spec={"containers": [{"name": "c", "image": "i"}]},
        status={"phase": "Running"},
    ),
    make(
        "Pod",
        "done",
        meta={"deletionTimestamp": ago(1), "deletionGracePeriodSeconds": 0},
        spec={
            "containers": [
                {
                    "name": "c",
                    "image": "i",
                    "livenessProbe": {"grpc": {"port": 9, "service": "s"}},
                    "readinessProbe": {},
                    "startupProbe": {"httpGet": {"port": 80, "path": "x"}},
                    "resources": {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}},
                    "volumeDevices": [{"name": "d", "devicePath": "/dev/x"}, {"name": "e", "devicePath": "/dev/a"}],
                }
            ]
        },
        status={"phase": "Succeeded"},
    ),
    make(
        "Pod",
        "guaranteed",
        spec={
            "containers": [
                {
                    "name": "c",
                    "image": "i",
                    "resources": {
                        "limits": {"cpu": "1", "memory": "1Gi"},
                        "requests": {"cpu": "1000m", "memory": "1024Mi"},
                    },
                    "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
                }
            ]
        },
        status={"phase": "Failed"},
    ),
    make(
        "Pod",
        "mirrored",
        meta={"annotations": {"kubernetes.io/config.mirror": "static-uid"}},
        spec={"containers": [{"name": "c", "image": "i"}]},
        status={"phase": "Running", "podIP": "10.0.0.9"},
    ),
]

TEMPLATE: Object = {
    "metadata": {"labels": {"app": "kubia", "tier": "web"}, "annotations": {"note": "n", "two": "lines\nhere"}},
    "spec": {
        "serviceAccountName": "robot",
        "initContainers": [{"name": "init", "image": "i", "env": [{"name": "A", "value": "1"}]}],
        "containers": [CONTAINER, {"name": "side", "image": "i2"}],
        "volumes": VOLUMES,
        "priorityClassName": "high",
        "nodeSelector": {"disk": "ssd", "arch": "arm"},
        "tolerations": [{"key": "b", "operator": "Exists"}, {"key": "a", "value": "x", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [
            {"topologyKey": "zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"},
            {"topologyKey": "host", "maxSkew": 2, "whenUnsatisfiable": "ScheduleAnyway", "labelSelector": {}},
        ],
    },
}
SMALL: Object = {"metadata": {"labels": {"app": "kubia"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SELECTOR: Object = {"matchLabels": {"app": "kubia"}}
FUSSY: Object = {
    "matchLabels": {"tier": "web"},
    "matchExpressions": [
        {"key": "app", "operator": "In", "values": ["kubia", "b"]},
        {"key": "x", "operator": "Exists"},
        {"key": "y", "operator": "DoesNotExist"},
        {"key": "z", "operator": "NotIn", "values": ["q", "p"]},
    ],
}


def pod_of(kind: str, name: str, number: int, phase: str, labels: Object) -> Object:
    """A pod of a workload."""
    return make(
        "Pod",
        f"{name}-{kind.lower()}-{number}",
        meta={"labels": labels, "ownerReferences": owned(kind, name)},
        spec={"nodeName": "n2", "containers": [{"name": "c", "image": "i"}]},
        status={"phase": phase},
    )


_CONDITIONS = [
    {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
    {"type": "ReplicaFailure", "status": "False"},
]


def _hashed(template: Object, value: str) -> Object:
    labels = template["metadata"]["labels"] | {"pod-template-hash": value}
    return template | {"metadata": template["metadata"] | {"labels": labels, "creationTimestamp": None}}


WORKLOADS = [
    make(
        "ReplicaSet",
        "kubia",
        "apps/v1",
        meta=MARKED | {"ownerReferences": owned("Deployment", "web")},
        spec={"replicas": 3, "selector": SELECTOR, "template": TEMPLATE},
        status={"replicas": 2, "conditions": _CONDITIONS},
    ),
    make("ReplicaSet", "fussy", "apps/v1", spec={"replicas": 0, "selector": FUSSY, "template": SMALL}, status={}),
    make(
        "ReplicationController",
        "old",
        spec={"replicas": 1, "selector": {"b": "2", "a": "1"}, "template": SMALL},
        status={"replicas": 1, "conditions": _CONDITIONS},
    ),
    make(
        "DaemonSet",
        "agent",
        "apps/v1",
        meta=MARKED,
        spec={"selector": FUSSY, "template": TEMPLATE},
        status={
            "desiredNumberScheduled": 3,
            "currentNumberScheduled": 2,
            "numberAvailable": 1,
            "numberMisscheduled": 4,
            "updatedNumberScheduled": 5,
        },
    ),
    make(
        "Deployment",
        "web",
        "apps/v1",
        meta=MARKED,
        spec={
            "replicas": 3,
            "selector": SELECTOR,
            "template": TEMPLATE,
            "minReadySeconds": 5,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": 1}},
        },
        status={
            "replicas": 4,
            "updatedReplicas": 3,
            "availableReplicas": 2,
            "unavailableReplicas": 2,
            "conditions": _CONDITIONS,
        },
    ),
    make(
        "Deployment",
        "again",
        "apps/v1",
        spec={
            "replicas": 0,
            "selector": {"matchLabels": {"app": "again"}},
            "template": SMALL,
            "strategy": {"type": "Recreate"},
        },
    ),
    make(
        "ReplicaSet",
        "again-1",
        "apps/v1",
        meta={
            "labels": {"app": "again"},
            "ownerReferences": owned("Deployment", "again"),
            "creationTimestamp": ago(20),
        },
        spec={"replicas": 2, "selector": SELECTOR, "template": TEMPLATE},
        status={"replicas": 2},
    ),
    make(
        "ReplicaSet",
        "again-3",
        "apps/v1",
        meta={
            "labels": {"app": "again"},
            "ownerReferences": owned("Deployment", "again"),
            "creationTimestamp": ago(30),
        },
        spec={"replicas": 0, "selector": SELECTOR, "template": TEMPLATE},
        status={},
    ),
    make(
        "ReplicaSet",
        "again-2",
        "apps/v1",
        meta={"labels": {"app": "again"}, "ownerReferences": owned("Deployment", "again")},
        spec={"replicas": 1, "selector": SELECTOR, "template": _hashed(SMALL, "abc")},
        status={"replicas": 1},
    ),
    make(
        "Deployment",
        "alone",
        "apps/v1",
        spec={
            "replicas": 1,
            "selector": {"matchLabels": {"app": "alone"}},
            "template": SMALL,
            "strategy": {"type": "RollingUpdate"},
        },
    ),
    *(
        pod_of("ReplicaSet", "kubia", number, phase, {"app": "kubia"})
        for number, phase in enumerate(("Running", "Running", "Pending", "Failed", "Succeeded", "Unknown"))
    ),
    pod_of("ReplicaSet", "stranger", 0, "Running", {"app": "kubia"}),
    pod_of("ReplicationController", "old", 0, "Running", {"a": "1", "b": "2"}),
    pod_of("DaemonSet", "agent", 0, "Running", {"app": "b", "tier": "web", "x": "1"}),
]

_BIG = {
    "cpu": "2",
    "memory": "4039120Ki",
    "ephemeral-storage": "50Gi",
    "pods": "110",
    "hugepages-2Mi": "0",
    "hugepages-1Gi": "1Gi",
    "example.com/gpu": "4",
}
NODES = [
    make(
        "Node",
        "n1",
        namespace=None,
        meta={
            "labels": {
                "node-role.kubernetes.io/control-plane": "",
                "kubernetes.io/role": "web",
                "node-role.kubernetes.io/": "",
                "kubernetes.io/hostname": "n1",
            },
            "annotations": {"a": "b"},
        },
        spec={
            "podCIDR": "10.244.0.0/24",
            "podCIDRs": ["10.244.0.0/24", "fd00:1::/64"],
            "providerID": "fairway://n1",
            "unschedulable": True,
            "taints": [
                {"key": "b", "effect": "NoSchedule"},
                {"key": "a", "value": "v", "effect": "NoExecute"},
                {"key": "a", "value": "v", "effect": "NoSchedule"},
            ],
        },
        status={
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "lastHeartbeatTime": ago(1),
                    "lastTransitionTime": ago(2),
                    "reason": "KubeletReady",
                    "message": "all is well",
                },
                {"type": "MemoryPressure", "status": "False"},
            ],
            "addresses": [{"type": "InternalIP", "address": "10.0.0.100"}, {"type": "Hostname", "address": "n1"}],
            "capacity": _BIG,
            "allocatable": _BIG | {"cpu": "1900m"},
            "nodeInfo": {
                "machineID": "m",
                "systemUUID": "s",
                "bootID": "b",
                "kernelVersion": "6.1",
                "osImage": "Debian",
                "containerRuntimeVersion": "crun://1.8",
                "kubeletVersion": "v1.36",
                "operatingSystem": "linux",
                "architecture": "amd64",
                "kubeProxyVersion": "",
            },
        },
    ),
    make("Node", "n2", namespace=None),
    make(
        "Lease",
        "n1",
        "coordination.k8s.io/v1",
        namespace="kube-node-lease",
        spec={"holderIdentity": "n1", "renewTime": ago(micro=True), "leaseDurationSeconds": 40},
    ),
    make(
        "Pod",
        "heavy",
        spec={
            "nodeName": "n1",
            "overhead": {"cpu": "10m", "memory": "1Mi", "example.com/gpu": "1"},
            "containers": [
                {
                    "name": "a",
                    "image": "i",
                    "resources": {
                        "requests": {"cpu": "100m", "memory": "64Mi", "example.com/gpu": "1"},
                        "limits": {"cpu": "4", "ephemeral-storage": "1Gi"},
                    },
                },
                {
                    "name": "b",
                    "image": "i",
                    "resources": {"requests": {"cpu": "1.5"}, "limits": {"cpu": "0.5", "hugepages-1Gi": "1Gi"}},
                },
            ],
            "initContainers": [
                {"name": "first", "image": "i", "resources": {"requests": {"cpu": "3", "memory": "1Gi"}}},
                {
                    "name": "side",
                    "image": "i",
                    "restartPolicy": "Always",
                    "resources": {"requests": {"cpu": "200m"}, "limits": {"memory": "1G"}},
                },
                {"name": "last", "image": "i", "resources": {"requests": {"cpu": "2.9", "memory": "100M"}}},
            ],
        },
        status={"phase": "Running"},
    ),
    make(
        "Pod",
        "resized",
        namespace="other",
        spec={
            "nodeName": "n1",
            "containers": [{"name": "a", "image": "i", "resources": {"requests": {"cpu": "100m"}}}],
        },
        status={
            "phase": "Pending",
            "containerStatuses": [{"name": "a", "resources": {"requests": {"cpu": "300m", "memory": "1Mi"}}}],
        },
    ),
    make(
        "Pod",
        "over",
        spec={"nodeName": "n1", "containers": [{"name": "a", "image": "i", "resources": {"requests": {"cpu": "50"}}}]},
        status={"phase": "Succeeded"},
    ),
]


def _backend(name: str, port: Object) -> Object:
    return {"service": {"name": name, "port": port}}


INGRESSES = [
    make("Ingress", "bare", "networking.k8s.io/v1", spec={}),
    make("Ingress", "default", "networking.k8s.io/v1", spec={"defaultBackend": _backend("six", {"number": 80})}),
    make(
        "Ingress",
        "full",
        "networking.k8s.io/v1",
        meta=MARKED,
        spec={
            "ingressClassName": "haproxy",
            "defaultBackend": {"resource": {"apiGroup": "example.com", "kind": "Bucket", "name": "b"}},
            "tls": [{"hosts": ["a.example.com", "b.example.com"], "secretName": "keys"}, {"hosts": ["c"]}, {}],
            "rules": [
                {
                    "host": "a.example.com",
                    "http": {
                        "paths": [
                            {"path": "/", "pathType": "Prefix", "backend": _backend("bare", {"number": 80})},
                            {"path": "/metrics", "pathType": "Exact", "backend": _backend("many", {"name": "metrics"})},
                            {"pathType": "ImplementationSpecific", "backend": _backend("many", {"number": 80})},
                            {"path": "/none", "backend": _backend("missing", {"name": "http"})},
                            {"path": "/wrong", "backend": _backend("many", {"number": 1})},
                            {"path": "/res", "backend": {"resource": {"kind": "Bucket", "name": "b"}}},
                            {"path": "/x", "backend": {}},
                        ]
                    },
                },
                {"http": {"paths": [{"path": "/", "backend": _backend("named", {"name": "http"})}]}},
                {"host": "b.example.com"},
            ],
        },
        status={
            "loadBalancer": {
                "ingress": [{"ip": "192.0.2.2"}, {"hostname": "lb"}, {"ip": "192.0.2.10"}, {"ip": "192.0.2.2"}]
            }
        },
    ),
    make(
        "IngressClass",
        "haproxy",
        "networking.k8s.io/v1",
        namespace=None,
        meta=MARKED,
        spec={
            "controller": "fairway.dev/ingress",
            "parameters": {"apiGroup": "k8s.example.com", "kind": "P", "name": "n"},
        },
    ),
    make(
        "IngressClass",
        "plain",
        "networking.k8s.io/v1",
        namespace=None,
        spec={"controller": "c", "parameters": {"kind": "P", "name": "n"}},
    ),
    make("IngressClass", "bare", "networking.k8s.io/v1", namespace=None),
]

POLICIES = [
    make("NetworkPolicy", "bare", "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Ingress"]}),
    make("NetworkPolicy", "none", "networking.k8s.io/v1", spec={"podSelector": {}}),
    make(
        "NetworkPolicy",
        "full",
        "networking.k8s.io/v1",
        meta=MARKED,
        spec={
            "podSelector": FUSSY,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {},
                {
                    "ports": [
                        {"port": 80},
                        {"port": "http", "protocol": "UDP"},
                        {"port": 1, "endPort": 9},
                        {"protocol": "SCTP"},
                    ],
                    "from": [
                        {"podSelector": SELECTOR},
                        {"namespaceSelector": {}},
                        {"podSelector": {}, "namespaceSelector": SELECTOR},
                        {"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16", "10.2.0.0/16"]}},
                    ],
                },
            ],
            "egress": [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}],
        },
    ),
    make(
        "NetworkPolicy",
        "out",
        "networking.k8s.io/v1",
        spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": []},
    ),
]


def encoded(text: str) -> str:
    """Base64."""
    return base64.b64encode(text.encode()).decode()


KEPT = [
    make("ConfigMap", "bare"),
    make(
        "ConfigMap", "one", meta=MARKED, data={"file": "a: 1\n\tb: \x1b[1m2\n"}, binaryData={"blob": encoded("12345")}
    ),
    make("Secret", "bare", type="Opaque"),
    make("Secret", "keys", meta=MARKED, type="kubernetes.io/tls", data={"tls.crt": encoded("12345")}),
    make(
        "Secret",
        "token",
        type="kubernetes.io/service-account-token",
        data={"token": encoded("the.jwt")},
        meta={
            "annotations": {
                "kubernetes.io/service-account.name": "robot",
                "kubernetes.io/service-account.uid": "uid-serviceaccount-robot",
            }
        },
    ),
    make("ServiceAccount", "bare"),
    make(
        "ServiceAccount",
        "robot",
        meta=MARKED,
        secrets=[{"name": "keys"}, {"name": "gone"}],
        imagePullSecrets=[{"name": "pull"}, {"name": "token"}],
    ),
    make(
        "IPAddress",
        "10.96.0.7",
        "networking.k8s.io/v1beta1",
        namespace=None,
        meta={"labels": {"a": "b"}},
        spec={"parentRef": {"resource": "services", "namespace": "shop", "name": "bare"}},
    ),
    make("IPAddress", "10.96.0.8", "networking.k8s.io/v1beta1", namespace=None),
    make(
        "ServiceCIDR",
        "kubernetes",
        "networking.k8s.io/v1beta1",
        namespace=None,
        spec={"cidrs": ["10.96.0.0/12", "fd00::/112"]},
        status={
            "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": ago(1), "reason": "", "message": "m"}
            ]
        },
    ),
    make("ServiceCIDR", "other", "networking.k8s.io/v1beta1", namespace=None, spec={}),
    make("Namespace", "shop", namespace=None, meta={"labels": {"a": "b"}}, status={"phase": "Active"}),
    make(
        "Namespace",
        "leaving",
        namespace=None,
        status={
            "phase": "Terminating",
            "conditions": [
                {
                    "type": "NamespaceContentRemaining",
                    "status": "True",
                    "lastTransitionTime": ago(1),
                    "reason": "Some",
                    "message": "m n",
                }
            ],
        },
    ),
    make(
        "ResourceQuota",
        "all",
        spec={"scopes": ["NotTerminating", "BestEffort", "PriorityClass"]},
        status={
            "hard": {"pods": "10", "requests.memory": "1Gi", "cpu": "2"},
            "used": {"pods": "3", "requests.memory": "512000k"},
        },
    ),
    make("ResourceQuota", "a", spec={}),
    make(
        "LimitRange",
        "box",
        spec={
            "limits": [
                {
                    "type": "Container",
                    "max": {"cpu": "2"},
                    "default": {"cpu": "0.5"},
                    "maxLimitRequestRatio": {"cpu": "3"},
                },
                {"type": "Pod", "min": {"memory": "1024"}},
            ]
        },
    ),
]

_CLAIM = {
    "metadata": {"name": "data", "labels": {"a": "1", "b": "2"}, "annotations": {"x": "y"}},
    "spec": {
        "accessModes": ["ReadWriteOnce", "ReadOnlyMany"],
        "storageClassName": "fast",
        "resources": {"requests": {"storage": "1024Mi"}},
    },
}
_REQUIRED = {
    "nodeSelectorTerms": [
        {
            "matchExpressions": [
                {"key": "k", "operator": "In", "values": ["a", "b"]},
                {"key": "e", "operator": "Exists"},
            ]
        },
        {},
    ]
}
_JOB = {"template": SMALL, "parallelism": 2, "completions": 3}


def volume(name: str, **spec: Any) -> Object:
    """A PersistentVolume."""
    return make("PersistentVolume", name, namespace=None, spec=spec, status={"phase": "Bound", "message": "m"})


FOREIGN = [
    make(
        "StatefulSet",
        "db",
        "apps/v1",
        meta=MARKED,
        spec={
            "replicas": 2,
            "selector": FUSSY,
            "template": SMALL,
            "volumeClaimTemplates": [_CLAIM, {"metadata": {"name": "bare"}}],
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1, "maxUnavailable": "20%"}},
        },
        status={"replicas": 1},
    ),
    make(
        "StatefulSet",
        "bare",
        "apps/v1",
        spec={"replicas": 0, "selector": SELECTOR, "template": SMALL, "updateStrategy": {"type": "OnDelete"}},
    ),
    pod_of("StatefulSet", "bare", 0, "Running", {"app": "kubia"}),
    make(
        "Job",
        "sum",
        "batch/v1",
        meta=MARKED | {"ownerReferences": owned("CronJob", "nightly", "batch/v1")},
        spec=_JOB
        | {
            "selector": SELECTOR,
            "completionMode": "Indexed",
            "suspend": False,
            "backoffLimit": 6,
            "ttlSecondsAfterFinished": 9,
            "activeDeadlineSeconds": 100,
        },
        status={
            "startTime": "2026-01-01T00:00:00Z",
            "completionTime": "2026-01-01T00:03:20Z",
            "active": 1,
            "ready": 1,
            "succeeded": 2,
            "failed": 3,
            "completedIndexes": ",".join(map(str, range(40))),
        },
    ),
    make("Job", "bare", "batch/v1", spec={"template": SMALL, "selector": SELECTOR}, status={}),
    make(
        "Job",
        "few",
        "batch/v1",
        spec={"template": SMALL, "selector": SELECTOR, "completionMode": "Indexed", "suspend": True},
        status={"completedIndexes": "1-4,9", "startTime": ago(1)},
    ),
    make(
        "CronJob",
        "nightly",
        "batch/v1",
        meta=MARKED,
        spec={
            "schedule": "0 3 * * *",
            "concurrencyPolicy": "Forbid",
            "suspend": False,
            "successfulJobsHistoryLimit": 3,
            "failedJobsHistoryLimit": 1,
            "startingDeadlineSeconds": 60,
            "jobTemplate": {"spec": _JOB | {"selector": SELECTOR, "activeDeadlineSeconds": 5}},
        },
        status={"lastScheduleTime": ago(1), "active": [{"name": "a"}, {"name": "b"}]},
    ),
    make("CronJob", "bare", "batch/v1", spec={"schedule": "@daily", "jobTemplate": {"spec": {"template": SMALL}}}),
    make(
        "PersistentVolumeClaim",
        "c",
        meta=MARKED | {"finalizers": ["kubernetes.io/pvc-protection", "b"]},
        spec={
            "volumeName": "v",
            "volumeMode": "Block",
            "storageClassName": "fast",
            "dataSource": {"apiGroup": "x.io", "kind": "Snapshot", "name": "s"},
            "resources": {"requests": {"storage": "1Gi"}},
        },
        status={
            "phase": "Bound",
            "accessModes": ["ReadWriteMany", "ReadWriteOnce"],
            "capacity": {"storage": "2048Mi"},
            "conditions": [
                {"type": "Resizing", "status": "True", "lastTransitionTime": ago(1), "reason": "r", "message": "m"}
            ],
        },
    ),
    make(
        "PersistentVolumeClaim",
        "waits",
        meta={"annotations": {"volume.beta.kubernetes.io/storage-class": "old"}},
        spec={"resources": {"requests": {"storage": "1Gi"}}},
        status={"phase": "Pending"},
    ),
    make(
        "PersistentVolumeClaim",
        "leaving",
        meta={
            "deletionTimestamp": ago(1),
            "ownerReferences": [{"kind": "Pod", "name": "bare", "uid": "uid-pod-bare", "apiVersion": "v1"}],
        },
        spec={},
        status={},
    ),
    volume(
        "local",
        local={"path": "/p"},
        capacity={"storage": "1024Mi"},
        accessModes=["ReadWriteOnce", "ReadWriteOncePod"],
        persistentVolumeReclaimPolicy="Retain",
        storageClassName="fast",
        volumeMode="Block",
        claimRef={"namespace": "shop", "name": "c"},
        nodeAffinity={"required": _REQUIRED},
    ),
    volume(
        "csi",
        csi={
            "driver": "d",
            "volumeHandle": "h",
            "fsType": "xfs",
            "readOnly": True,
            "volumeAttributes": {"a": "1", "b": "2"},
        },
        nodeAffinity={"required": {"nodeSelectorTerms": []}},
    ),
    volume("host", hostPath={"path": "/p"}, nodeAffinity={}),
    volume("nfs", nfs={"server": "s", "path": "/"}),
    volume("none"),
    volume("azure", azureFile={"secretName": "s", "shareName": "h", "secretNamespace": "n"}),
    volume("gluster", glusterfs={"endpoints": "e", "path": "p"}),
    volume("scale", scaleIO={"gateway": "g", "secretRef": {"name": "s", "namespace": "n"}}),
    volume("ceph", cephfs={"monitors": ["a"], "secretRef": {"name": "s", "namespace": "n"}}),
    volume("rbd", rbd={"monitors": ["a"], "image": "i"}),
    volume("flex", flexVolume={"driver": "d"}),
    volume("iscsi", iscsi={"targetPortal": "t", "iqn": "i", "lun": 0}),
    volume("fc", fc={"targetWWNs": ["a"], "lun": 0}),
    make(
        "PodDisruptionBudget",
        "min",
        "policy/v1",
        spec={"minAvailable": "50%", "selector": FUSSY},
        status={"disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 3, "expectedPods": 4},
    ),
    make("PodDisruptionBudget", "max", "policy/v1", spec={"maxUnavailable": 1, "selector": {}}, status={}),
    make("PodDisruptionBudget", "bare", "policy/v1", spec={}),
    make(
        "PodDisruptionBudget",
        "wrong",
        "policy/v1",
        spec={"selector": {"matchExpressions": [{"key": "a", "operator": "In"}]}},
    ),
    make(
        "ClusterRole",
        "nothing",
        "rbac.authorization.k8s.io/v1",
        namespace=None,
        rules=[{"resources": ["pods"], "verbs": ["get"]}],
    ),
    make(
        "PriorityClass",
        "high",
        "scheduling.k8s.io/v1",
        namespace=None,
        meta={"annotations": {"a": "b"}},
        value=1000,
        globalDefault=True,
        preemptionPolicy="Never",
        description="for what matters",
    ),
    make(
        "PriorityClass",
        "low",
        "scheduling.k8s.io/v1",
        namespace=None,
        value=-5,
        preemptionPolicy="PreemptLowerPriority",
    ),
    make(
        "StorageClass",
        "fast",
        "storage.k8s.io/v1",
        namespace=None,
        provisioner="p",
        parameters={"b": "2", "a": "1"},
        meta={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        allowVolumeExpansion=True,
        mountOptions=["ro", "hard"],
        reclaimPolicy="Delete",
        volumeBindingMode="Immediate",
        allowedTopologies=[
            {"matchLabelExpressions": [{"key": "zone", "values": ["a", "b"]}, {"key": "rack", "values": ["r"]}]},
            {},
        ],
    ),
    make("StorageClass", "bare", "storage.k8s.io/v1", namespace=None, provisioner="p"),
    make(
        "Role",
        "reader",
        "rbac.authorization.k8s.io/v1",
        meta=MARKED,
        rules=[
            {"apiGroups": ["", "apps"], "resources": ["pods", "pods/log", "deployments"], "verbs": ["get", "list"]},
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["watch", "get"]},
            {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a", "b"], "verbs": ["get"]},
            {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]},
        ],
    ),
    make(
        "ClusterRole",
        "urls",
        "rbac.authorization.k8s.io/v1",
        namespace=None,
        rules=[
            {"nonResourceURLs": ["/healthz", "/metrics"], "verbs": ["get", "post"]},
            {"apiGroups": ["apps"], "resources": ["deployments/scale"], "verbs": ["update"]},
        ],
    ),
    make("ClusterRole", "bare", "rbac.authorization.k8s.io/v1", namespace=None),
    make(
        "RoleBinding",
        "readers",
        "rbac.authorization.k8s.io/v1",
        meta={"labels": {"a": "b"}},
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
        subjects=[{"kind": "ServiceAccount", "name": "robot", "namespace": "shop"}, {"kind": "User", "name": "jane"}],
    ),
    make(
        "ClusterRoleBinding",
        "bare",
        "rbac.authorization.k8s.io/v1",
        namespace=None,
        roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "urls"},
    ),
]

_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Min",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 60},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
AUTOSCALERS = [
    make(
        "HorizontalPodAutoscaler",
        "web",
        "autoscaling/v2",
        meta=MARKED,
        spec={
            "scaleTargetRef": {"kind": "Deployment", "name": "web", "apiVersion": "apps/v1"},
            "minReplicas": 2,
            "maxReplicas": 9,
            "behavior": {"scaleUp": _UP, "scaleDown": {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 1}]}},
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                },
                {
                    "type": "Resource",
                    "resource": {"name": "memory", "target": {"type": "AverageValue", "averageValue": "1024Mi"}},
                },
                {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization"}}},
                {
                    "type": "ContainerResource",
                    "containerResource": {
                        "name": "cpu",
                        "container": "c",
                        "target": {"type": "Utilization", "averageUtilization": 5},
                    },
                },
                {
                    "type": "ContainerResource",
                    "containerResource": {
                        "name": "cpu",
                        "container": "c",
                        "target": {"type": "AverageValue", "averageValue": "0.5"},
                    },
                },
                {
                    "type": "Pods",
                    "pods": {"metric": {"name": "hits"}, "target": {"type": "AverageValue", "averageValue": "1k"}},
                },
                {
                    "type": "Object",
                    "object": {
                        "metric": {"name": "o"},
                        "describedObject": {"kind": "Service", "name": "s"},
                        "target": {"type": "Value", "value": "10"},
                    },
                },
                {
                    "type": "Object",
                    "object": {
                        "metric": {"name": "o"},
                        "describedObject": {"kind": "Service", "name": "s"},
                        "target": {"type": "AverageValue", "averageValue": "10"},
                    },
                },
                {"type": "External", "external": {"metric": {"name": "q"}, "target": {"type": "Value", "value": "30"}}},
                {
                    "type": "External",
                    "external": {"metric": {"name": "q"}, "target": {"type": "AverageValue", "averageValue": "3"}},
                },
            ],
        },
        status={
            "currentReplicas": 3,
            "desiredReplicas": 4,
            "conditions": [{"type": "AbleToScale", "status": "True", "reason": "r", "message": "m"}],
            "currentMetrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "current": {"averageUtilization": 50, "averageValue": "100m"}},
                },
                {"type": "Resource", "resource": {"name": "memory", "current": {"averageValue": "512Mi"}}},
                {},
                {},
                {},
                {"type": "Pods", "pods": {"metric": {"name": "hits"}, "current": {"averageValue": "500"}}},
                {
                    "type": "Object",
                    "object": {"metric": {"name": "o"}, "describedObject": {}, "current": {"value": "5"}},
                },
            ],
        },
    ),
    make(
        "HorizontalPodAutoscaler",
        "bare",
        "autoscaling/v2",
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 1},
    ),
]

STRANGE = [
    make("Lease", "mine", "coordination.k8s.io/v1", spec={"holderIdentity": "me", "renewTime": ago(micro=True)}),
    make("ControllerRevision", "r1", "apps/v1", data={"spec": {"template": {"a-b": 1, "x.y": "z"}}}, revision=1),
    make(
        "Gateway",
        "g",
        "example.com/v1",
        meta=MARKED | {"managedFields": [{"manager": "m"}], "generation": 3},
        spec={
            "listeners": [{"name": "http", "port": 80, "ratio": 0.5, "on": True, "nothing": None}, {"name": "b"}],
            "apiURL": "x",
            "podIPs": ["a", "b"],
            "uidOSBName": 1,
            "HTTPRoute": "r",
            "nested": {"deep": {"er": []}},
            "matrix": [[1, 2], ["a"]],
            "big": 1e21,
            "small": 1e-7,
            "whole": 3.0,
            "large": 123456789012,
            "x-kebab-Case": 1,
            "under_score": 2,
            "v1Name": 3,
            "empty": {},
            "text": "two\nlines",
        },
    ),
]

_KUBIA, _NODE = PODS[2], NODES[0]
EVENTS = [
    event("e1", SERVICES[0], "Second", "the second\n", type="Warning", lastTimestamp=ago(1)),
    event("e2", SERVICES[0], "First", "the first", lastTimestamp=ago(5), firstTimestamp=ago(5), count=1),
    event("e3", SERVICES[0], "Often", "many times", count=7, lastTimestamp=ago(hours=5)),
    event(
        "e4",
        _KUBIA,
        "Serial",
        "in series",
        eventTime=ago(3, micro=True),
        firstTimestamp=None,
        lastTimestamp=None,
        series={"count": 4, "lastObservedTime": ago(2, micro=True)},
        source={},
        reportingComponent="reporter",
    ),
    event(
        "e5",
        _KUBIA,
        "New",
        "\tnew style ",
        eventTime=ago(4, micro=True),
        firstTimestamp=None,
        lastTimestamp=None,
        source={},
        reportingComponent="reporter",
    ),
    event("e6", _NODE, "ByUid", "of the controller"),
    event("e7", make("Node", "n1", namespace=None, meta={"uid": "n1"}), "ByName", "of the agent", lastTimestamp=ago(7)),
    event("e8", make("Pod", "mirrored", meta={"uid": "static-uid"}), "Static", "of a static pod"),
    event("e9", make("Pod", "gone"), "Killed", "a pod that is no more"),
    *(
        event(f"w{number}", found, "Seen", f"by test {number}")
        for number, found in enumerate(
            (*WORKLOADS[:5], INGRESSES[2], KEPT[1], KEPT[6], STRANGE[2], STRANGE[0], ENDPOINTS[1], SLICES[-2])
        )
    ),
]

ALL = [
    *SERVICES,
    *SLICES,
    *ENDPOINTS,
    *PODS,
    *WORKLOADS,
    *NODES,
    *INGRESSES,
    *POLICIES,
    *KEPT,
    *FOREIGN,
    *AUTOSCALERS,
    *STRANGE,
    *EVENTS,
]
"""Everything, as one cluster would hold it."""
