"""What a Service may leave out, and what is filled in for it.

Source: Kubernetes API reference, "ServiceSpec v1 core"; KEP-2086 (internal traffic policy).
"""

from typing import Any

from fairway.objects import Object

AFFINITY_TIMEOUT_S = 10800
_EMPTY: tuple[Any, ...] = (None, "", 0, [], {})
# Fields whose empty value means the same as none at all: they vanish from the stored object as they do upstream.
_OMITTED_WHEN_EMPTY = (
    "ports", "selector", "clusterIP", "clusterIPs", "type", "externalIPs", "sessionAffinity", "loadBalancerIP",
    "loadBalancerSourceRanges", "externalName", "externalTrafficPolicy", "healthCheckNodePort",
    "publishNotReadyAddresses", "ipFamilies",
)  # fmt: skip
_OMITTED_WHEN_NULL = (
    "sessionAffinityConfig", "ipFamilyPolicy", "allocateLoadBalancerNodePorts", "loadBalancerClass",
    "internalTrafficPolicy", "trafficDistribution",
)  # fmt: skip


def defaults(new: Object) -> None:
    """Fill in all that follows from the Service alone; addresses and node ports are allocated later."""
    spec = new.get("spec")
    if spec is None:
        spec = new["spec"] = {}
    _drop_empty(spec)
    _affinity(spec)
    type_ = spec.setdefault("type", "ClusterIP")
    for port in spec.get("ports", ()):
        _port(port)
    if type_ == "ExternalName":
        spec.pop("internalTrafficPolicy", None)
    if is_externally_accessible(spec):
        spec.setdefault("externalTrafficPolicy", "Cluster")
    if type_ in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec.setdefault("internalTrafficPolicy", "Cluster")
    _status(new, type_)


def is_externally_accessible(spec: Object) -> bool:
    """Whether traffic from outside the cluster can come in, so that externalTrafficPolicy has a meaning."""
    type_ = spec.get("type")
    return type_ in ("NodePort", "LoadBalancer") or (type_ == "ClusterIP" and bool(spec.get("externalIPs")))


def _drop_empty(spec: Object) -> None:
    for name in _OMITTED_WHEN_EMPTY:
        if name in spec and spec[name] in _EMPTY:
            del spec[name]
    for name in _OMITTED_WHEN_NULL:
        if name in spec and spec[name] is None:
            del spec[name]


def _affinity(spec: Object) -> None:
    affinity = spec.setdefault("sessionAffinity", "None")
    if affinity == "None":
        spec.pop("sessionAffinityConfig", None)
    elif affinity == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        if (config.get("clientIP") or {}).get("timeoutSeconds") is None:
            spec["sessionAffinityConfig"] = {"clientIP": {"timeoutSeconds": AFFINITY_TIMEOUT_S}}


def _port(port: Object) -> None:
    if not port.get("protocol"):
        port["protocol"] = "TCP"
    if not port.get("targetPort"):
        port["targetPort"] = port.get("port") or 0
    for name in ("name", "nodePort"):
        if name in port and not port[name]:
            del port[name]
    if "appProtocol" in port and port["appProtocol"] is None:
        del port["appProtocol"]


def _status(new: Object, type_: str) -> None:
    status = new.get("status")
    if status is None:
        status = new["status"] = {}
    balancer: Object | None = status.get("loadBalancer")
    if balancer is None:
        balancer = status["loadBalancer"] = {}
    if type_ != "LoadBalancer":
        return
    new["spec"].setdefault("allocateLoadBalancerNodePorts", True)
    for ingress in balancer.get("ingress") or ():
        if ingress.get("ip") and ingress.get("ipMode") is None:
            ingress["ipMode"] = "VIP"
