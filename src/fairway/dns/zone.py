"""Zone: every name of the cluster, and what there is under it.

Shape: Services and Slices are put in, ``find`` says what is under a name; ``topic_of`` says on which change an answer
depends, and each change tells the topics that it touches.  No I/O.
Source: Kubernetes DNS-Based Service Discovery, version 1.1.0; RFC 1034 section 4.3.2.
"""

import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from ipaddress import ip_network
from typing import Final, NamedTuple

from fairway.dns.headless import HeadlessView, srv
from fairway.dns.names import Labels, labels_of, packed_address, reverse_prefix, undashed, wire_name
from fairway.dns.records import Endpoint, Service, Slice
from fairway.dns.wire import AAAA, CNAME, NS, PTR, SOA, SRV, TXT, A

VERSION: Final = "1.1.0"
DEFAULT_TTL_S: Final = 5
_REFRESH_S, _RETRY_S, _EXPIRE_S = 7200, 1800, 86400

_LOCALHOST: Final = "localhost"
_LOOPBACK: Final = (bytes((127, 0, 0, 1)), bytes(15) + b"\x01")
"""What that name and all below it stand for, whoever asks; source: RFC 6761 section 6.3."""

Node = Mapping[int, list[bytes]]
"""The record data of one name, by type; empty for a name that only has names below it."""
Topic = str | bytes
"""What answers depend on: ``namespace/service``, ``namespace``, a packed address; empty for what never changes."""


class Place(NamedTuple):
    """Where a name lies: in which zone of ours, and what is there; ``node`` is ``None`` where nothing is."""

    apex: bytes
    node: Node | None


class LazyNode(Mapping[int, list[bytes]]):
    """Record data that is made when its type is asked for, where there may be very much of it."""

    __slots__ = ("_makers",)

    def __init__(self, makers: dict[int, Callable[[], list[bytes]]]) -> None:
        self._makers = makers

    def __getitem__(self, kind: int) -> list[bytes]:
        return self._makers[kind]()

    def __iter__(self) -> Iterator[int]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)


class Zone:
    """The cluster's domain and the reverse names of its address ranges.

    ``addresses`` are those of the server itself; ``cidrs`` are the ranges for whose addresses nobody else is asked.
    """

    def __init__(
        self, domain: str, *, addresses: Iterable[str] = (), cidrs: Iterable[str] = (), serial: int = 1
    ) -> None:
        self.apex = wire_name(domain)
        self.serial = serial
        self._labels = labels_of(self.apex)
        self._own = [packed for packed in map(packed_address, addresses) if packed]
        self._networks = [ip_network(cidr, strict=False) for cidr in cidrs]
        self._namespaces: dict[str, dict[str, Service]] = {}
        self._slices: dict[str, dict[str, Slice]] = {}
        self._views: dict[str, HeadlessView] = {}
        self._cluster_ips: dict[bytes, str] = {}
        self._hosts: dict[bytes, dict[tuple[str, str], int]] = {}

    # What changes

    def put_service(self, namespace: str, name: str, new: Service | None) -> set[Topic]:
        """Add, replace or remove a Service; the topics that this touches."""
        services = self._namespaces.setdefault(namespace, {})
        old = services.get(name)
        topic = f"{namespace}/{name}"
        touched: set[Topic] = {topic}
        if bool(services) != (new is not None or len(services) > (name in services)):
            touched.add(namespace)
        for address in old.addresses if old else ():
            if self._cluster_ips.get(address) == topic:
                del self._cluster_ips[address]
                touched.add(address)
        if new is not None:
            services[name] = new
            self._cluster_ips.update(dict.fromkeys(new.addresses, topic))
            touched.update(new.addresses)
        else:
            services.pop(name, None)
        if not services:
            del self._namespaces[namespace]
        if (old is not None and old.is_headless) != (new is not None and new.is_headless):
            self._views.pop(topic, None)
            for each in self._slices.get(topic, {}).values():
                touched.update(endpoint.address for endpoint in each.endpoints)
        self.serial += 1
        return touched

    def put_slice(self, key: str, old: Slice | None, new: Slice | None) -> set[Topic]:
        """Add, replace or remove an EndpointSlice; the topics that this touches."""
        touched: set[Topic] = {each.service for each in (old, new) if each is not None}
        for each, other, step in ((old, new, -1), (new, old, 1)):
            if each is not None:
                self._count_endpoints(each, other, step, touched)
        if old is not None:
            slices = self._slices[old.service]
            del slices[key]
            if not slices:
                del self._slices[old.service]
        if new is not None:
            self._slices.setdefault(new.service, {})[key] = new
        self.serial += 1
        return touched

    def _count_endpoints(self, each: Slice, other: Slice | None, step: int, touched: set[Topic]) -> None:
        """Count in or out what a slice holds and the other, which it replaces or is replaced by, does not."""
        endpoints = dict.fromkeys(each.endpoints)
        if other is not None and (other.service, other.ports) == (each.service, each.ports):
            for endpoint in other.endpoints:
                endpoints.pop(endpoint, None)
        view = self._views.get(each.service)
        for endpoint in endpoints:
            touched.add(endpoint.address)
            self._count_host(endpoint, each.service, step)
            if view is not None:
                view.count(endpoint, each.ports, step)

    def _count_host(self, endpoint: Endpoint, service: str, step: int) -> None:
        counts = self._hosts.setdefault(endpoint.address, {})
        name = (service, endpoint.hostname)
        counts[name] = counts.get(name, 0) + step
        if not counts[name]:
            del counts[name]
        if not counts:
            del self._hosts[endpoint.address]

    # What is asked

    @property
    def services(self) -> int:
        """How many Services have names."""
        return sum(map(len, self._namespaces.values()))

    def soa(self, apex: bytes) -> bytes:
        """The data of a start-of-authority record."""
        times = (self.serial & 0xFFFFFFFF, _REFRESH_S, _RETRY_S, _EXPIRE_S, DEFAULT_TTL_S)
        return self._name("ns", "dns") + self._name("hostmaster") + struct.pack(">5I", *times)

    def topic_of(self, name: bytes) -> Topic:
        """The change on which answers for a name of ours depend."""
        labels = labels_of(name)
        inner = self._inner(labels)
        if inner is None:
            found = reverse_prefix(labels)
            return found if isinstance(found, bytes) else b""
        if len(inner) < 2 or inner[-1] != "svc":
            return ""
        return f"{inner[-2]}/{inner[-3]}" if len(inner) > 2 else inner[-2]

    def is_headless(self, topic: str) -> bool:
        """Whether endpoints are what the name of this Service stands for."""
        namespace, _, name = topic.partition("/")
        service = self._namespaces.get(namespace, {}).get(name)
        return service is not None and service.is_headless

    def find(self, name: bytes) -> Place | None:
        """What is under a name; ``None`` if others are to be asked."""
        labels = labels_of(name)
        inner = self._inner(labels)
        if inner is not None:
            return Place(self.apex, self._find(inner))
        if labels[-1:] == (_LOCALHOST,):
            return Place(wire_name(_LOCALHOST), _addresses(_LOOPBACK))
        found = reverse_prefix(labels)
        return None if found is None else self._find_reverse(found, labels)

    def _inner(self, labels: Labels) -> Labels | None:
        size = len(self._labels)
        return labels[: len(labels) - size] if labels[-size:] == self._labels else None

    def _find(self, inner: Labels) -> Node | None:
        match inner:
            case ():
                return self._start(self.apex)
            case ("dns-version",):
                return {TXT: [bytes((len(VERSION),)) + VERSION.encode()]}
            case ("ns", "dns"):
                return _addresses(self._own)
            case ("dns",) | ("svc",) | ("pod",) | (_, "pod"):
                return {}
            case (label, _, "pod"):
                packed = undashed(label)
                return _addresses([packed]) if packed else None
            case (namespace, "svc"):
                return {} if namespace in self._namespaces else None
            case (*below, name, namespace, "svc"):
                return self._find_service(tuple(below), name, namespace)
        return None

    def _find_service(self, below: Labels, name: str, namespace: str) -> Node | None:
        service = self._namespaces.get(namespace, {}).get(name)
        if service is None:
            return None
        if service.external_name:
            return None if below else {CNAME: [service.external_name]}
        own = self._name(name, namespace, "svc")
        if service.is_headless:
            return self._find_headless(below, f"{namespace}/{name}", own)
        return _find_balanced(below, service, own)

    def _find_headless(self, below: Labels, topic: str, own: bytes) -> Node | None:
        view = self._views.get(topic) or self._make_view(topic, own)
        if not view.addresses:
            return None
        match below:
            case ():
                return _headless_node(view)
            case (port, protocol) if port[:1] == protocol[:1] == "_":
                targets = view.targets.get((port[1:], protocol[1:])) if port != "_" else None
                return {SRV: srv(list(targets))} if targets else None
            case (label,) if label[:1] == "_":
                return {} if view.has_protocol(label[1:]) else None
            case (label,):
                return _addresses(view.hosts[label]) if label in view.hosts else None
        return None

    def _make_view(self, topic: str, own: bytes) -> HeadlessView:
        view = self._views[topic] = HeadlessView(own)
        for each in self._slices.get(topic, {}).values():
            for endpoint in dict.fromkeys(each.endpoints):
                view.count(endpoint, each.ports, 1)
        return view

    def _find_reverse(self, found: bytes | tuple[int, ...], labels: Labels) -> Place | None:
        if not found:
            return self._find_below_reverse(labels)
        apex = self._apex_of(found, labels)
        if isinstance(found, bytes):
            names = [self._name(*name) for name in self._names_of(found)]
            if names:
                return Place(apex or self.apex, {PTR: names})
            return Place(apex, None) if apex else None
        if not apex:
            return None
        return Place(apex, self._start(apex) if apex == wire_name(".".join(labels)) else {})

    def _find_below_reverse(self, labels: Labels) -> Place | None:
        """A name that spells no address, as ``lb._dns-sd._udp.0.0.96.10.in-addr.arpa``: nothing, if that is ours."""
        for at in range(1, len(labels) - 2):
            if above := reverse_prefix(labels[at:]):
                apex = self._apex_of(above, labels[at:])
                return Place(apex, None) if apex else None
        return None

    def _apex_of(self, found: bytes | tuple[int, ...], labels: Labels) -> bytes:
        if isinstance(found, bytes):
            return self._reverse_apex(found, labels)
        unit = 4 if labels[-2:] == ("ip6", "arpa") else 8
        return self._reverse_apex(_packed(found, unit), labels, len(found) * unit)

    def _start(self, apex: bytes) -> Node:
        """What is at the start of a zone."""
        return {SOA: [self.soa(apex)], NS: [self._name("ns", "dns")]}

    def _names_of(self, address: bytes) -> Iterator[tuple[str, ...]]:
        if topic := self._cluster_ips.get(address):
            namespace, _, name = topic.partition("/")
            yield name, namespace, "svc"
        for topic, host in self._hosts.get(address, ()):
            if self.is_headless(topic):
                namespace, _, name = topic.partition("/")
                yield host, name, namespace, "svc"

    def _reverse_apex(self, packed: bytes, labels: Labels, known_bits: int = 128) -> bytes:
        """The zone of ours that an address, or the part of one, lies in; empty if in none."""
        for network in self._networks:
            if network.max_prefixlen != len(packed) * 8 or known_bits < network.prefixlen:
                continue
            shift = network.max_prefixlen - network.prefixlen
            if int.from_bytes(packed, "big") >> shift == int(network.network_address) >> shift:
                unit = 8 if network.version == 4 else 4
                return wire_name(".".join(labels[-2 - -(-network.prefixlen // unit) :]))
        return b""

    def _name(self, *labels: str) -> bytes:
        return b"".join(bytes((len(label),)) + label.encode("latin-1") for label in labels) + self.apex


def _find_balanced(below: Labels, service: Service, own: bytes) -> Node | None:
    """What is at and below the name of a Service with cluster IPs."""
    match below:
        case ():
            return {**_addresses(service.addresses), **_srv((port.number for port in service.ports), own)}
        case (port, protocol) if port[:1] == protocol[:1] == "_":
            asked = (port[1:], protocol[1:])
            numbers = [each.number for each in service.ports if each.name and (each.name, each.protocol) == asked]
            return _srv(numbers, own) or None
        case (protocol,) if protocol[:1] == "_":
            return {} if any(each.name and each.protocol == protocol[1:] for each in service.ports) else None
    return None


def _addresses(packed: Iterable[bytes]) -> dict[int, list[bytes]]:
    node: dict[int, list[bytes]] = {}
    for each in packed:
        node.setdefault(A if len(each) == 4 else AAAA, []).append(each)
    return node


def _headless_node(view: HeadlessView) -> Node:
    """What is at the name of a headless Service."""
    makers: dict[int, Callable[[], list[bytes]]] = {
        kind: partial(list, addresses) for kind, addresses in sorted(view.addresses.items())
    }
    if view.targets:
        makers[SRV] = lambda: srv(view.all_targets())
    return LazyNode(makers)


def _srv(numbers: Iterable[int], target: bytes) -> Node:
    """Service records that lead to one name."""
    targets = [number.to_bytes(2, "big") + target for number in dict.fromkeys(numbers)]
    return {SRV: srv(targets)} if targets else {}


def _packed(parts: tuple[int, ...], unit: int) -> bytes:
    """The first part of an address, filled up with zeros."""
    if unit == 8:
        return bytes(parts) + bytes(4 - len(parts))
    return bytes.fromhex("".join(f"{part:x}" for part in parts).ljust(32, "0"))
