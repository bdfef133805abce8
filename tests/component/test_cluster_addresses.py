"""The addresses that a cluster finds on its machine, and those that it listens at, in a network of its own."""

import re
import socket
import time
from dataclasses import replace

import pytest

from component.own_network import in_own_network, needs
from component.pod_links import ip
from fairway.cluster.config import Config
from fairway.cluster.control import listen
from fairway.cluster.settling import ROUTE
from fairway.cluster.surroundings import default_address, look
from fairway.node.pod_network.sysctls import sysctl_path

pytestmark = needs("ip")
DUAL = Config(
    ip_family="dual",
    service_cidr="10.96.0.0/16,fd00:10:96::/112",
    pod_cidr="10.244.0.0/16,fd00:10:244::/56",
    api_port=6443,
)


@pytest.mark.parametrize(
    ("bind_address", "hosts"),
    [
        ("127.0.0.1", ["127.0.0.1", "10.244.0.1", "fd00:10:244::1"]), ("0.0.0.0", ["0.0.0.0", "fd00:10:244::1"]),
        ("::1", ["::1", "10.244.0.1", "fd00:10:244::1"]), ("::", ["::"]),
    ],
)  # fmt: skip
def test_clients_and_pods_of_both_families_find_the_api_server(bind_address: str, hosts: list[str]) -> None:
    async def scenario() -> list[str]:
        sockets = listen(replace(DUAL, bind_address=bind_address))
        found = [each.getsockname()[0] for each in sockets]
        for each in sockets:
            each.listen()
        if bind_address == "::":
            socket.create_connection(("127.0.0.1", 6443), timeout=1).close()
        for each in sockets:
            each.close()
        return found

    assert in_own_network(scenario) == hosts


def test_the_nodes_address_of_each_family_is_a_lasting_one_on_the_way_out() -> None:
    async def scenario() -> None:
        assert (default_address(4), default_address(6)) == ("", "")
        sysctl_path("net.ipv6.conf.default.accept_dad").write_text("0")
        ip("link", "add", "out", "type", "veth", "peer", "name", "far")
        for words in ("link set far up", "link set out up", "addr add 192.0.2.7/24 dev out"):
            ip(*words.split())
        sysctl_path("net.ipv6.conf.out.use_tempaddr").write_text("2")
        ip("addr", "add", "2001:db8:7::1/64", "dev", "out", "mngtmpaddr", "nodad")
        for via in ("192.0.2.1", "2001:db8:7::9"):
            ip("route", "add", "default", "via", via, "dev", "out")
        deadline_s = time.monotonic() + 5
        while not re.search(r"global temporary(?! tentative)", ip("-6", "addr", "show", "out")):
            assert time.monotonic() < deadline_s, "the kernel makes a temporary address"
        assert (default_address(4), default_address(6)) == ("192.0.2.7", "2001:db8:7::1")

    in_own_network(scenario)


def test_routes_of_both_families_are_in_the_way_and_link_local_ones_are_not() -> None:
    async def scenario() -> list[str]:
        for words in ("link add out type bridge", "link set out up", "addr add fd00:10:96::7/64 dev out nodad"):
            ip(*words.split())
        ip("route", "add", "10.96.0.0/24", "dev", "out")
        taken = look(DUAL, is_new=True).networks
        return [str(network) for network, whose in taken if whose == ROUTE]

    found = in_own_network(scenario)
    assert {"10.96.0.0/24", "fd00:10:96::/64"} <= set(found)
    assert not any(each.startswith(("fe80", "ff00", "::/0")) for each in found)
