"""Resolve: one Service and its EndpointSlices in, what the kernel should do with its ports out.

Shape: ``resolve(service, slices, node, settings)`` gives a ``ServicePort`` per port and family.  Pure.

How endpoints are chosen, per port:

1. Collect address and port from every slice that has a port of the same name and protocol; where one stands in
   several slices, one that is not terminating wins.
2. Everywhere: the ready ones, narrowed to this node or this zone if every ready one has hints for it.
3. Where none is ready: those that still serve while they terminate (KEP-1669).
4. For a policy Local: steps 2 and 3 again over this node's endpoints, without hints.

Source: Kubernetes docs, "Virtual IPs and Service Proxies"; KEP-2086, KEP-4444.
"""

from collections.abc import Iterable, Sequence

from fairway.proxy import words
from fairway.proxy.model import (
    CLUSTER_IP,
    EXTERNAL_IP,
    FAMILIES,
    HOST_PORT,
    IPV4,
    LOAD_BALANCER,
    NODE_PORT,
    READY,
    SERVING,
    TCP,
    TERMINATING,
    Address,
    Endpoint,
    Frontend,
    FrontendKey,
    NodeView,
    Port,
    Range,
    Resolved,
    Service,
    ServicePort,
    Settings,
    Slice,
    SliceEndpoint,
    family_of,
    frontend_key,
    merged,
    port_tail,
)

Candidates = dict[Endpoint, SliceEndpoint]


def resolve(service: Service, slices: Iterable[Slice], node: NodeView, settings: Settings) -> Resolved:
    """What each port of ``service`` should do, in both families."""
    known = list(slices)
    ports: dict[int, tuple[ServicePort, ...]] = {}
    for family in FAMILIES:
        cluster_ips = [at for at in service.cluster_ips if family_of(at) == family]
        if not cluster_ips:
            ports[family] = ()
            continue
        mine = [found for found in known if found.family == family]
        facing = _Facing(service, family, cluster_ips, node, settings)
        ports[family] = tuple(_service_port(port, service, mine, facing, node) for port in service.ports)
    return Resolved(*(ports[family] for family in FAMILIES))


def _service_port(
    port: Port, service: Service, slices: Sequence[Slice], facing: "_Facing", node: NodeView
) -> ServicePort:
    found = _candidates(port, slices)
    endpoints = _everywhere(found, node)
    local: tuple[Endpoint, ...] | None = None
    if service.internal_local or service.external_local:
        local = _usable({at: entry for at, entry in found.items() if entry.node == node.name})
    return ServicePort(
        protocol=port.protocol,
        port=port.port,
        frontends=facing.frontends(port),
        endpoints=endpoints[: words.MAX_ENDPOINTS],
        local_endpoints=local if local is None else local[: words.MAX_ENDPOINTS],
        affinity_s=service.affinity_s,
        hairpin=_hairpin(found, (*endpoints, *(local or ())), node),
        flows=None if port.protocol == TCP else _flows(found),
    )


def _candidates(port: Port, slices: Sequence[Slice]) -> Candidates:
    found: Candidates = {}
    for each in slices:
        for named in each.ports:
            if named.name != port.name or named.protocol != port.protocol:
                continue
            tail = port_tail(named.port)
            for entry in each.endpoints:
                at = Endpoint(entry.address + tail)
                known = found.get(at)
                if known is None or (known.state & TERMINATING and not entry.state & TERMINATING):
                    found[at] = entry
    return found


def _everywhere(found: Candidates, node: NodeView) -> tuple[Endpoint, ...]:
    ready = [(at, entry) for at, entry in found.items() if entry.state & READY]
    if not ready:
        return _usable(found)
    if all(entry.nodes for _, entry in ready):
        near = tuple(at for at, entry in ready if node.name in entry.nodes)
        if near:
            return near
    if node.zone and all(entry.zones for _, entry in ready):
        near = tuple(at for at, entry in ready if node.zone in entry.zones)
        if near:
            return near
    return tuple(at for at, _ in ready)


def _usable(found: Candidates) -> tuple[Endpoint, ...]:
    """The ready ones, or else those that serve while they terminate."""
    ready = tuple(at for at, entry in found.items() if entry.state & READY)
    if ready:
        return ready
    leaving = SERVING | TERMINATING
    return tuple(at for at, entry in found.items() if entry.state & leaving == leaving)


def _hairpin(found: Candidates, endpoints: Iterable[Endpoint], node: NodeView) -> tuple[Address, ...]:
    """The addresses of this node's endpoints: a pod among them may be sent to itself.

    A slice written by hand need not say where its endpoints are, so those may be here too.
    """
    return tuple(dict.fromkeys(found[at].address for at in endpoints if found[at].node in (node.name, "")))


def _flows(found: Candidates) -> frozenset[Endpoint]:
    """Where existing flows may stay: endpoints that serve, or, while none does, all that are still there.

    So a readiness probe that fails everywhere for a moment cuts no flow, and no flow outlives its endpoint.
    """
    serving = frozenset(at for at, entry in found.items() if entry.state & SERVING)
    return serving or frozenset(found)


class _Facing:
    """What clients connect to, as far as it is the same for all ports of a Service in one family."""

    def __init__(
        self, service: Service, family: int, cluster_ips: list[Address], node: NodeView, settings: Settings
    ) -> None:
        self._cluster_ips = cluster_ips
        self._ingress_ips = [at for at in service.ingress_ips if family_of(at) == family]
        self._external_ips = [at for at in service.external_ips if family_of(at) == family]
        self._ranges = _family_ranges(service.source_ranges, family) if self._ingress_ips else ()
        self._host_ports = [each for each in service.host_ports if not each.address
                            or family_of(each.address) == family]  # fmt: skip
        self._node = node
        pods_known = any((":" not in cidr) == (family == IPV4) for cidr in pod_cidrs(node, settings))
        self._internal = (
            (words.INTERNAL if pods_known else 0)
            | (words.MASQUERADE if settings.masquerade_all else 0)
            | (words.LOCAL_LIST if service.internal_local else 0)
        )
        self._external = words.LOCAL_LIST | words.EXTERNAL_LOCAL if service.external_local else words.MASQUERADE
        self._balanced = 0 if service.external_local and settings.balances_nodes else self._external

    def frontends(self, port: Port) -> tuple[Frontend, ...]:
        """Every frontend of one port; the first of two with the same address counts."""
        protocol, number = port.protocol, port.port
        found: dict[FrontendKey, Frontend] = {}
        for at in self._cluster_ips:
            key = frontend_key(at, protocol, number)
            found[key] = Frontend(key, CLUSTER_IP, self._internal)
        for at in self._ingress_ips:
            key = frontend_key(at, protocol, number)
            allowed = self._allowed(at)
            flags = self._balanced | (words.FIREWALL if allowed else 0)
            found.setdefault(key, Frontend(key, LOAD_BALANCER, flags, allowed))
        for at in self._external_ips:
            key = frontend_key(at, protocol, number)
            found.setdefault(key, Frontend(key, EXTERNAL_IP, self._external))
        if port.node_port:
            key = frontend_key(b"", protocol, port.node_port)
            found[key] = Frontend(key, NODE_PORT, self._external)
        for each in self._host_ports:
            if (each.protocol, each.port) == (protocol, number):
                found.setdefault(each.key, Frontend(each.key, HOST_PORT, self._external | words.HOST_PORT))
        return tuple(found.values())

    def _allowed(self, at: Address) -> tuple[Range, ...]:
        """The sources that may use a load balancer's address.

        Where the node itself is allowed, so is the address: a node that carries it uses it as its source.
        """
        if not self._ranges:
            return ()
        own = any(first <= mine <= last for mine in self._node.addresses for first, last in self._ranges
                  if len(mine) == len(first))  # fmt: skip
        return merged([*self._ranges, Range(at, at)]) if own else self._ranges


def _family_ranges(ranges: Iterable[Range], family: int) -> tuple[Range, ...]:
    """The ranges of one family; none if they let everyone pass."""
    mine = merged([found for found in ranges if family_of(found.first) == family])
    return () if any(found.is_everything for found in mine) else mine


def pod_cidrs(node: NodeView, settings: Settings) -> tuple[str, ...]:
    """Where pods live: as set, or as the Node says."""
    return settings.pod_cidrs or node.pod_cidrs
