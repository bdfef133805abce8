"""What the specification says becomes of the first packet of a connection, from the objects alone.

Slow and plain on purpose, and without a line of the proxy's own: it is held against the elements that the proxy makes
(``packet_tracer``) and against the kernel.
"""

import ipaddress
from collections.abc import Iterator
from typing import Any

from packet_tracer import Fate, Packet
from service_worlds import HEADLESS, PROXY_NAME, SERVICE_CIDRS, World

from fairway.objects import Object
from fairway.proxy.model import PROTOCOLS, Endpoint, address, endpoint

CLUSTER_IP, BALANCER, EXTERNAL, NODE_PORT = range(4)


def expected(world: World, packet: Packet) -> Fate:
    """Refused, dropped, passed by, or sent to one of a set of endpoints."""
    claims = sorted(
        (kind, service["metadata"]["name"], number)
        for service in world.services if _is_served(service)
        for kind, at, number, port in _fronts(service)
        if kind != NODE_PORT and address(at) == packet.destination and _is(port, packet, port["port"])
    )  # fmt: skip
    if claims:
        return _sent(world, packet, *claims[0])
    if any(address(ip) == packet.destination for each in world.services if _is_served(each)
           for ip in each["spec"]["clusterIPs"]):  # fmt: skip
        return Fate("refuse")
    if _in(packet.destination, SERVICE_CIDRS):
        return Fate("drop")
    if packet.to_node and _answers_node_ports(world, packet.destination):
        for service in world.services:
            for kind, _, number, port in _fronts(service):
                if kind == NODE_PORT and _is_served(service) and _is(port, packet, port["nodePort"]):
                    return _sent(world, packet, kind, service["metadata"]["name"], number)
    return Fate("pass")


LOOPBACK = ("127.0.0.0/8", "::1/128")


def _answers_node_ports(world: World, at: bytes) -> bool:
    """Everywhere but on loopback, unless addresses are set; loopback only where a range within it is."""
    texts = world.here.node_port_addresses
    ranges = [ipaddress.ip_network(text) for text in texts if text != "primary"]
    if _in(at, LOOPBACK):
        homes = [net for net in map(ipaddress.ip_network, LOOPBACK) if ipaddress.ip_address(at) in net]
        return any(net.version == home.version and net.subnet_of(home) for net in ranges for home in homes)  # type: ignore[arg-type]
    primaries = [ip for ip in world.here.addresses if len(address(ip)) == len(at)][:1] if "primary" in texts else []
    return not texts or at in map(address, primaries) or any(ipaddress.ip_address(at) in net for net in ranges)


def _is_served(service: Object) -> bool:
    return not (service["metadata"].get("labels") or {}).keys() & PROXY_NAME.keys()


def _fronts(service: Object) -> Iterator[tuple[int, str, int, dict[str, Any]]]:
    """Kind, address, number of the port, and port of everything that clients may connect to."""
    spec = service["spec"]
    ingress = service["status"].get("loadBalancer", {}).get("ingress", [])
    for number, port in enumerate(spec["ports"]):
        for ip in spec["clusterIPs"]:
            yield CLUSTER_IP, ip, number, port
        for each in ingress:
            if each.get("ipMode", "VIP") == "VIP":
                yield BALANCER, each["ip"], number, port
        for ip in spec.get("externalIPs", []):
            yield EXTERNAL, ip, number, port
        if "nodePort" in port:
            yield NODE_PORT, "", number, port


def _is(port: dict[str, Any], packet: Packet, number: int) -> bool:
    return PROTOCOLS[port.get("protocol", "TCP")] == packet.protocol and number == packet.port


def _sent(world: World, packet: Packet, kind: int, name: str, number: int) -> Fate:
    service = next(each for each in world.services if each["metadata"]["name"] == name)
    spec = service["spec"]
    from_pod = _in(packet.source, world.here.pod_cidrs)
    if kind == BALANCER and not _may_pass(world, spec, packet):
        return Fate("drop")
    policy = spec.get("internalTrafficPolicy" if kind == CLUSTER_IP else "externalTrafficPolicy", "Cluster")
    is_short = kind != CLUSTER_IP and (from_pod or packet.from_node)
    candidates = _candidates(world, name, spec["ports"][number], len(packet.source))
    everywhere = _everywhere(candidates, world)
    used = everywhere
    if policy == "Local" and not is_short:
        used = _ready_or_leaving({at: each for at, each in candidates.items() if each["nodeName"] == world.here.name})
        if not used and everywhere:
            return Fate("drop")
    if not used:
        return Fate("refuse")
    disguised = not from_pod if kind == CLUSTER_IP else policy == "Cluster" or packet.from_node
    looped = {at for at in used if at[:-4] == packet.source}
    seconds = 10800 if spec["sessionAffinity"] == "ClientIP" else 0
    return Fate("send", frozenset(used), frozenset(used if disguised else looped), seconds)


def _may_pass(world: World, spec: dict[str, Any], packet: Packet) -> bool:
    family = 4 if len(packet.source) == 4 else 6
    ranges = [net for text in spec.get("loadBalancerSourceRanges", [])
              if (net := ipaddress.ip_network(text)).version == family]  # fmt: skip
    source = ipaddress.ip_address(packet.source)
    if not ranges or any(source in net for net in ranges):
        return True
    nodes_own = any(ipaddress.ip_address(ip) in net for ip in world.here.addresses for net in ranges)
    return nodes_own and packet.source == packet.destination


def _candidates(world: World, name: str, port: dict[str, Any], size: int) -> dict[Endpoint, dict[str, Any]]:
    """Every endpoint of one port in one family; of two equal ones the first that is not terminating."""
    found: dict[Endpoint, dict[str, Any]] = {}
    for each in world.slices:
        labels = each["metadata"]["labels"]
        if labels["kubernetes.io/service-name"] != name or labels.keys() & HEADLESS.keys():
            continue
        if each["addressType"] != ("IPv4" if size == 4 else "IPv6"):
            continue
        for target in each["ports"]:
            if target["name"] == port["name"] and target.get("protocol", "TCP") == port.get("protocol", "TCP"):
                for entry in each["endpoints"]:
                    at = endpoint(address(entry["addresses"][0]), target["port"])
                    if at not in found or (_terminates(found[at]) and not _terminates(entry)):
                        found[at] = entry
    return found


def _everywhere(candidates: dict[Endpoint, dict[str, Any]], world: World) -> set[Endpoint]:
    ready = {at: each.get("hints") or {} for at, each in candidates.items() if _is_ready(each)}
    for hint, mine in (("forNodes", world.here.name), ("forZones", world.here.zone)):
        if ready and mine and all(hints.get(hint) for hints in ready.values()):
            near = {at for at, hints in ready.items() if mine in [each["name"] for each in hints[hint]]}
            if near:
                return near
    return _ready_or_leaving(candidates)


def _ready_or_leaving(candidates: dict[Endpoint, dict[str, Any]]) -> set[Endpoint]:
    return {at for at, each in candidates.items() if _is_ready(each)} or {
        at for at, each in candidates.items() if _terminates(each) and _serves(each)
    }


def _condition(entry: dict[str, Any], name: str) -> bool | None:
    found: bool | None = (entry.get("conditions") or {}).get(name)
    return found


def _is_ready(entry: dict[str, Any]) -> bool:
    return _condition(entry, "ready") is not False


def _serves(entry: dict[str, Any]) -> bool:
    serving = _condition(entry, "serving")
    return _is_ready(entry) if serving is None else serving


def _terminates(entry: dict[str, Any]) -> bool:
    return _condition(entry, "terminating") is True


def _in(packed: bytes, cidrs: tuple[str, ...]) -> bool:
    at = ipaddress.ip_address(packed)
    return any(at in net for net in map(ipaddress.ip_network, cidrs) if net.version == at.version)
