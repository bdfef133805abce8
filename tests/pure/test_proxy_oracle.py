"""The elements that the proxy makes of random objects do with every packet what the specification says."""

from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from packet_tracer import Packet, everything_is_used, fate
from service_oracle import expected
from service_worlds import (
    EXTERNAL,
    SERVICE_CIDRS,
    UNUSED,
    Here,
    Member,
    World,
    balancer_ips,
    cluster_ips,
    node_ports,
    worlds,
)

from fairway.proxy.delta import Table
from fairway.proxy.fixed import fixed_elements
from fairway.proxy.inputs import service_of, slice_of
from fairway.proxy.inventory import Inventory
from fairway.proxy.model import FAMILIES, TCP, UDP, NodeView, Settings, address
from fairway.proxy.words import Elements

HERE = Here("here", "a", ("192.168.77.1", "192.168.77.2", "fd77::1"), ("10.244.0.0/24", "fd44::1:0/112"))
MEMBERS = (
    *(Member("here", (f"10.244.0.{number}", f"fd44::1:{number}")) for number in (1, 2, 3)),
    Member("there", ("10.244.1.9", "fd44::2:9")),
)
NODE_PORT_ADDRESSES = (
    (), (), ("primary",), ("192.168.77.2/32", "fd77::/64"), ("10.0.0.0/8",), ("0.0.0.0/0", "::/0"),
    ("primary", "127.0.0.1/32"), ("0.0.0.0/0", "::/0", "127.0.0.0/8", "::1/128"), ("126.0.0.0/7", "::/127"),
)  # fmt: skip
OWN = (("192.168.77.1", "192.168.77.2"), ("fd77::1",))
OUTSIDE = ("198.51.100.1", "fd98::1")
SOURCES = ("198.51.100.0/24", "192.168.77.0/24", "10.244.0.0/16", "0.0.0.0/0", "fd98::/64", "fd44::/64")


@given(worlds(MEMBERS, HERE, SOURCES), st.sampled_from(NODE_PORT_ADDRESSES))
@settings(max_examples=120, deadline=None)
def test_elements_and_specification_agree_about_every_packet(world: World, node_ports_at: tuple[str, ...]) -> None:
    world = world._replace(here=HERE._replace(node_port_addresses=node_ports_at))
    held = elements_of(world)
    for packet in packets():
        family = 4 if len(packet.source) == 4 else 6
        assert fate(held[family], packet) == expected(world, packet), packet
    assert all(everything_is_used(each) for each in held.values())


def elements_of(world: World) -> dict[int, Elements]:
    view = NodeView(world.here.name, world.here.zone, tuple(address(ip) for ip in world.here.addresses))
    inventory = Inventory(view, Settings(SERVICE_CIDRS, world.here.pod_cidrs, world.here.node_port_addresses))
    for each in world.services:
        inventory.put_service(f"default/{each['metadata']['name']}", service_of(each))
    for each in world.slices:
        inventory.put_slice(each["metadata"]["name"], None, slice_of(each))
    services = inventory.take()
    held = {}
    for place, family in enumerate(FAMILIES):
        table = Table()
        table.fix(fixed_elements(family, view, inventory.settings))
        table.change({service: inventory.resolved(service)[place] for service in services})
        held[family] = table.elements()
    return held


def packets() -> Iterator[Packet]:
    """Every packet that could matter."""
    for place in (0, 1):
        sources = [(member.ips[place], False) for member in MEMBERS]
        sources += [(OUTSIDE[place], False), (OWN[place][0], True), (balancer_ips(1)[place], True)]
        for at, tcp, udp, to_node in _targets(place):
            for source, from_node in sources:
                for protocol, port in ((TCP, tcp), (UDP, udp), (TCP, 81)):
                    yield Packet(address(source), address(at), protocol, port, from_node, to_node)


def _targets(place: int) -> Iterator[tuple[str, int, int, bool]]:
    loopback = ("127.0.0.1", "::1")[place]
    for number in (1, 2, 3):
        yield cluster_ips(number)[place], 80, 53, False
        yield balancer_ips(number)[place], 80, 53, False
        for at in (*OWN[place], loopback):
            yield at, *node_ports(number), True
        yield OUTSIDE[place], *node_ports(number), False
    for at in (EXTERNAL[place], UNUSED[place]):
        yield at, 80, 53, False
