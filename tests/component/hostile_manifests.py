"""Valid objects of every kind, and strategies that damage them."""

import copy
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

DEFAULT = "/namespaces/default"
LABELS = {"app": "web"}
PROBE = {"httpGet": {"path": "/", "port": "http"}, "periodSeconds": 5}
CONTAINER = {
    "name": "c", "image": "luksa/kubia", "command": ["sh"], "args": ["-c", "true"], "workingDir": "/tmp",
    "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
    "env": [{"name": "A", "value": "b"}, {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
    "envFrom": [{"configMapRef": {"name": "m", "optional": True}}],
    "resources": {"requests": {"cpu": "10m", "memory": "1Mi"}, "limits": {"cpu": "1", "memory": "64Mi"}},
    "volumeMounts": [{"name": "v", "mountPath": "/v", "readOnly": True}], "readinessProbe": PROBE,
    "livenessProbe": {"exec": {"command": ["true"]}}, "startupProbe": {"tcpSocket": {"port": 8080}},
    "lifecycle": {"preStop": {"exec": {"command": ["true"]}}}, "securityContext": {"runAsUser": 1000},
}  # fmt: skip
POD_SPEC = {
    "containers": [CONTAINER], "initContainers": [{"name": "i", "image": "i"}], "restartPolicy": "Always",
    "volumes": [{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}], "nodeSelector": {"a": "b"}, "hostname": "h",
    "tolerations": [{"key": "k", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}],
    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": LABELS}}]}},
    "terminationGracePeriodSeconds": 5, "dnsPolicy": "ClusterFirst", "securityContext": {"fsGroup": 5},
    "hostAliases": [{"ip": "10.0.0.1", "hostnames": ["a"]}],
}  # fmt: skip
TEMPLATE = {"metadata": {"labels": LABELS}, "spec": {**POD_SPEC, "restartPolicy": "Always"}}
OWNER_SPEC = {"replicas": 2, "selector": {"matchLabels": LABELS}, "template": TEMPLATE}
SERVICE_SPEC = {
    "type": "NodePort", "selector": LABELS, "sessionAffinity": "ClientIP", "clusterIP": "10.96.9.9",
    "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}, "externalIPs": ["192.0.2.9"],
    "ports": [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30999, "protocol": "TCP"},
              {"name": "dns", "port": 53, "targetPort": 53, "protocol": "UDP"}],
    "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack", "internalTrafficPolicy": "Cluster",
}  # fmt: skip
CONDITION = {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
TARGET = {"kind": "Pod", "namespace": "default", "name": "p", "uid": "u"}

MANIFESTS: dict[str, tuple[str, Any]] = {
    "Namespace": ("/api/v1/namespaces", {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}}),
    "Node": ("/api/v1/nodes", {
        "spec": {"podCIDR": "10.244.1.0/24", "podCIDRs": ["10.244.1.0/24"],
                 "taints": [{"key": "a", "value": "b", "effect": "NoSchedule"}]},
        "status": {"capacity": {"cpu": "2", "memory": "1Gi", "pods": "110"}, "conditions": [CONDITION],
                   "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}]},
    }),
    "Pod": (f"/api/v1{DEFAULT}/pods", {"spec": POD_SPEC, "status": {
        "phase": "Running", "conditions": [CONDITION], "podIP": "10.244.0.9", "podIPs": [{"ip": "10.244.0.9"}],
        "containerStatuses": [{"name": "c", "ready": True, "restartCount": 1, "image": "i", "imageID": "",
                               "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}}],
    }}),
    "Service": (f"/api/v1{DEFAULT}/services", {"spec": SERVICE_SPEC, "status": {"conditions": [CONDITION]}}),
    "Endpoints": (f"/api/v1{DEFAULT}/endpoints", {"subsets": [{
        "addresses": [{"ip": "10.1.1.1", "hostname": "h", "nodeName": "n1", "targetRef": TARGET}],
        "notReadyAddresses": [{"ip": "10.1.1.2"}], "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
    }]}),
    "EndpointSlice": (f"/apis/discovery.k8s.io/v1{DEFAULT}/endpointslices", {
        "addressType": "IPv4", "ports": [{"name": "http", "port": 80, "protocol": "TCP", "appProtocol": "h2c"}],
        "endpoints": [{"addresses": ["10.1.1.1"], "conditions": {"ready": True, "serving": True}, "hostname": "h",
                       "nodeName": "n1", "zone": "z", "targetRef": TARGET, "hints": {"forZones": [{"name": "z"}]}}],
    }),
    "IPAddress": ("/apis/networking.k8s.io/v1/ipaddresses", {
        "metadata": {"name": "10.96.200.1"},
        "spec": {"parentRef": {"group": "", "resource": "services", "namespace": "default", "name": "x"}},
    }),
    "ServiceCIDR": ("/apis/networking.k8s.io/v1/servicecidrs", {"spec": {"cidrs": ["10.77.0.0/24"]}}),
    "ReplicaSet": (f"/apis/apps/v1{DEFAULT}/replicasets", {"spec": {**OWNER_SPEC, "minReadySeconds": 1}}),
    "ReplicationController": (f"/api/v1{DEFAULT}/replicationcontrollers", {"spec": {**OWNER_SPEC, "selector": LABELS}}),
    "Deployment": (f"/apis/apps/v1{DEFAULT}/deployments", {"spec": {
        **OWNER_SPEC, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 1}},
        "revisionHistoryLimit": 3, "progressDeadlineSeconds": 60,
    }, "status": {"replicas": 1, "conditions": [CONDITION]}}),
    "ConfigMap": (f"/api/v1{DEFAULT}/configmaps", {"data": {"a": "b"}, "binaryData": {"c": "AAAA"}}),
    "Secret": (f"/api/v1{DEFAULT}/secrets", {"data": {"a": "AAAA"}, "stringData": {"b": "c"}, "type": "Opaque"}),
    "ServiceAccount": (f"/api/v1{DEFAULT}/serviceaccounts", {"secrets": [{"name": "s"}], "imagePullSecrets": [
        {"name": "p"}]}),
    "Event": (f"/api/v1{DEFAULT}/events", {
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"}, "reason": "Started", "message": "m",
        "firstTimestamp": "2026-01-01T00:00:00Z", "count": 2, "type": "Normal", "source": {"component": "c"},
        "series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"},
    }),
    "Lease": (f"/apis/coordination.k8s.io/v1{DEFAULT}/leases", {"spec": {
        "holderIdentity": "n1", "leaseDurationSeconds": 40, "renewTime": "2026-01-01T00:00:00.000000Z",
    }}),
}  # fmt: skip
"""Kind -> (collection, an object that uses most of its fields)."""

METADATA = {
    "name": "fuzzed", "labels": LABELS, "annotations": {"a.b/c": "d"}, "finalizers": ["example.com/hold"],
    "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u", "controller": True}],
}  # fmt: skip


def manifest(kind: str) -> Any:
    """A fresh, valid object."""
    body = copy.deepcopy(MANIFESTS[kind][1])
    given = body.pop("metadata", {})
    usual = copy.deepcopy(METADATA)
    if kind in ("Namespace", "Node"):
        del usual["finalizers"]
    return {"metadata": {**usual, **given}, **body}


_NONSENSE = st.one_of(
    st.sampled_from([
        None, True, False, 0, -1, 1, 65536, 2**31, 2**63, -(2**63), 2**64 - 1, 1.5, 1e300, -0.0, "", "\0", "a", "A b",
        "..", "../x", "%", "None", "10.96.0.1", "::1", "10.96.0.0/16", "2026-01-01T00:00:00Z", "9999-99-99T99:99:99Z",
        "0001-01-01T00:00:00Z", "100%", "-5%", "1e99", "1Ki", "-1m", "$(A)", "a/b/c", "kubernetes", "\U0010ffff",
        "x" * 300, [], {}, [None], [[]], [{}], {"a": None}, {"": ""}, {"$patch": "delete"}, {"$patch": "x"},
    ]),
    st.integers(-(2**63), 2**64 - 1), st.text(max_size=20),
    st.recursive(st.none() | st.booleans() | st.text(max_size=5), lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)), max_leaves=8),
)  # fmt: skip


NONSENSE = _NONSENSE.map(copy.deepcopy)
"""Values of every type, few of which are right anywhere; each a fresh one."""


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) below ``value``."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(members):
        yield value, key
        yield from places(inner)


@st.composite
def damaged(draw: st.DrawFn, kind: str) -> Any:
    """A valid object with one to four things wrong."""
    body = manifest(kind)
    for _ in range(draw(st.integers(1, 4))):
        found = list(places(body))
        if not found:
            break
        container, key = found[draw(st.integers(0, len(found) - 1))]
        match draw(st.integers(0, 5)):
            case 0:
                del container[key]
            case 1 if isinstance(container, dict):
                container[draw(st.sampled_from(["unknown", "", "name", "metadata", "status", "$patch"]))] = draw(
                    NONSENSE
                )
            case 2 if isinstance(container, list):
                container.append(copy.deepcopy(container[key]))
            case 3:
                other, from_key = found[draw(st.integers(0, len(found) - 1))]
                container[key] = copy.deepcopy(other[from_key]) if _has(other, from_key) else draw(NONSENSE)
            case _:
                container[key] = draw(NONSENSE)
    return body


def _has(container: Any, key: Any) -> bool:
    return key in container if isinstance(container, dict) else key < len(container)


@st.composite
def operations(draw: st.DrawFn, kind: str) -> Any:
    """A JSON patch of operations on places that exist, more or less."""
    paths = ["", "/", "/metadata", "/nope/x", "/spec/ports/-", *pointers(manifest(kind))]
    path = st.sampled_from(paths)
    verbs = st.sampled_from(["add", "remove", "replace", "move", "copy", "test", "x"])
    count = draw(st.integers(1, 5))
    return [{"op": draw(verbs), "path": draw(path), "from": draw(path), "value": draw(NONSENSE)} for _ in range(count)]


def pointers(value: Any, above: str = "") -> Iterator[str]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in members:
        here = f"{above}/{str(key).replace('~', '~0').replace('/', '~1')}"
        yield here
        yield from pointers(inner, here)
