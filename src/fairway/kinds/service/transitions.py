"""What an update of a Service keeps, carries over and wipes.

Shape: every function fills in the fresh ``new`` and leaves ``old`` alone.  ``prepare`` is the kind's hook; the
others are steps of the API server's allocation, in this order: ``carry_over``, ``sync_cluster_ips``, ``wipe``.
Source: KEP-563 (dual-stack), "Update" rules; the type transitions that Kubernetes 1.36 shows.
"""

from fairway.kinds.rules.status import keep_apart
from fairway.kinds.service.defaults import is_externally_accessible
from fairway.objects import Object

NO_ADDRESS = "None"
"""The clusterIP of a headless Service."""
_WITH_NODE_PORTS = ("NodePort", "LoadBalancer")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource, the spec to the main resource."""
    keep_apart(new, old, subresource, {"loadBalancer": {}})
    if subresource != "status" and new["spec"].get("type") != "LoadBalancer" and new["status"].get("loadBalancer"):
        new["status"] = new["status"] | {"loadBalancer": {}}


def is_headless(spec: Object) -> bool:
    """Whether the Service asks for no address."""
    return bool(spec.get("clusterIPs") == [NO_ADDRESS])


def needs_cluster_ip(spec: Object) -> bool:
    """Whether clusterIP has a value, even ``None``."""
    return bool(spec.get("type") != "ExternalName")


def allocates_node_ports(spec: Object) -> bool:
    """Whether a port without a nodePort is given one."""
    return spec.get("type") == "NodePort" or (
        spec.get("type") == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False
    )


def needs_health_check(spec: Object) -> bool:
    """Whether load balancers ask each node, at healthCheckNodePort, if it has a local endpoint."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def node_ports(spec: Object) -> list[int]:
    """The nodePort numbers in the order of the ports."""
    return [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]


def carry_over(new: Object, old: Object) -> None:
    """Give back the allocated values that the writer left out, so that sending the first manifest again works."""
    wanted, had = new["spec"], old["spec"]
    if needs_cluster_ip(had) and needs_cluster_ip(wanted):
        if not wanted.get("clusterIP") and had.get("clusterIP"):
            wanted["clusterIP"] = had["clusterIP"]
        if not wanted.get("clusterIPs") and had.get("clusterIPs"):
            wanted["clusterIPs"] = list(had["clusterIPs"])
    if allocates_node_ports(had) and allocates_node_ports(wanted):
        _carry_over_node_ports(wanted, had)
    if needs_health_check(had) and needs_health_check(wanted) and had.get("healthCheckNodePort"):
        wanted.setdefault("healthCheckNodePort", had["healthCheckNodePort"])


def _carry_over_node_ports(wanted: Object, had: Object) -> None:
    """By port name.  A number that another entry asks for is left to it, unless both are one port in two protocols:
    such entries were given one number, and upstream, which does not look, would then part them.
    """
    ports = wanted.get("ports") or []
    asked = [(port["nodePort"], port.get("port"), port.get("protocol")) for port in ports if port.get("nodePort")]
    by_name = {port.get("name", ""): port.get("nodePort") for port in had.get("ports") or ()}
    for port in ports:
        number = None if port.get("nodePort") else by_name.get(port.get("name", ""))
        rivals = [entry for entry in asked if entry[0] == number]
        if number and all(p == port.get("port") and protocol != port.get("protocol") for _, p, protocol in rivals):
            port["nodePort"] = number


def sync_cluster_ips(new: Object, old: Object | None) -> None:
    """Make clusterIPs follow clusterIP where the writer touched only the one."""
    wanted = new["spec"]
    single, several = wanted.get("clusterIP", ""), wanted.get("clusterIPs") or []
    if old is None:
        if single and not several:
            wanted["clusterIPs"] = [single]
        return
    had = old["spec"]
    if not several and single and single == had.get("clusterIP") and had.get("clusterIPs"):
        several = wanted["clusterIPs"] = list(had["clusterIPs"])
    if single == had.get("clusterIP", "") or several != (had.get("clusterIPs") or []):
        return
    if single:
        wanted["clusterIPs"] = [single]
    else:
        wanted.pop("clusterIPs", None)


def wipe(new: Object, old: Object) -> None:
    """Drop what the new type does not use and the writer did not change; what he did change, validation refuses."""
    wanted, had = new["spec"], old["spec"]
    if wanted.get("type") == had.get("type") and not had.get("healthCheckNodePort") and not had.get("externalIPs"):
        return
    if needs_cluster_ip(had) and not needs_cluster_ip(wanted):
        _wipe_addresses(wanted, had)
    if had.get("type") in _WITH_NODE_PORTS and wanted.get("type") not in _WITH_NODE_PORTS:
        _wipe_node_ports(wanted, had)
    if needs_health_check(had) and not needs_health_check(wanted):
        _drop_same(wanted, had, "healthCheckNodePort")
    if had.get("type") == "LoadBalancer" != wanted.get("type"):
        _drop_same(wanted, had, "allocateLoadBalancerNodePorts")
        _drop_same(wanted, had, "loadBalancerClass")
    if is_externally_accessible(had) and not is_externally_accessible(wanted):
        _drop_same(wanted, had, "externalTrafficPolicy")


def _wipe_addresses(wanted: Object, had: Object) -> None:
    if wanted.get("clusterIP") == had.get("clusterIP") and wanted.get("clusterIPs") == had.get("clusterIPs"):
        wanted.pop("clusterIP", None)
        wanted.pop("clusterIPs", None)
    _drop_same(wanted, had, "ipFamilies")
    _drop_same(wanted, had, "ipFamilyPolicy")


def _wipe_node_ports(wanted: Object, had: Object) -> None:
    if set(node_ports(wanted)) <= set(node_ports(had)):
        for port in wanted.get("ports") or ():
            port.pop("nodePort", None)


def _drop_same(wanted: Object, had: Object, name: str) -> None:
    if wanted.get(name) == had.get(name):
        wanted.pop(name, None)
