"""Columns of ``kubectl get services``."""

from fairway.kinds.kind import Column
from fairway.kinds.rules.cells import AGE, NONE, labels
from fairway.objects import Object


def _cluster_ip(service: Object, _now: float) -> str:
    ips = service["spec"].get("clusterIPs")
    return ips[0] if ips else NONE


def _external_ip(service: Object, _now: float) -> str:
    spec = service["spec"]
    type_ = spec.get("type")
    if type_ == "ExternalName":
        return spec.get("externalName") or ""
    shown = spec.get("externalIPs") or []
    if type_ == "LoadBalancer":
        ingress = ((service.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        shown = sorted({entry.get("ip") or entry.get("hostname") or "" for entry in ingress} - {""}) + shown
        return ",".join(shown) or "<pending>"
    return ",".join(shown) or NONE


def _ports(service: Object, _now: float) -> str:
    return ",".join(map(_port, service["spec"].get("ports") or ())) or NONE


def _port(port: Object) -> str:
    number = port.get("nodePort")
    return f"{port['port']}:{number}/{port['protocol']}" if number else f"{port['port']}/{port['protocol']}"


COLUMNS = (
    Column("Type", lambda service, _: service["spec"].get("type", "")),
    Column("Cluster-IP", _cluster_ip),
    Column("External-IP", _external_ip),
    Column("Port(s)", _ports),
    AGE,
    Column("Selector", lambda service, _: labels(service["spec"].get("selector")), priority=1),
)
