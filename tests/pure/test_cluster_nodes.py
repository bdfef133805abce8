"""Several nodes: the share of addresses that each has, how their processes are told apart, who masquerades."""

import dataclasses
import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.cluster import families, processes
from fairway.cluster.config import Config, resolve
from fairway.cluster.errors import ClusterError
from fairway.cluster.machine import machine_of
from fairway.cluster.nodes import check_room, node_of, nodes_of, parts, strays
from fairway.cluster.settling import Taken, settle
from fairway.node import names
from fairway.node.pod_network.masquerade import render

DUAL = Config(
    node_name="host", node_ip="192.0.2.7,2001:db8::7", nodes=3, ip_family="dual",
    **{name: families.default(name, (4, 6)) for name in families.DEFAULTS},  # type: ignore[arg-type]
)  # fmt: skip


def test_each_node_has_its_share_of_both_families() -> None:
    first, second, third = nodes_of(DUAL)
    assert (first.name, first.addresses) == ("host", ("192.0.2.7", "2001:db8::7"))
    assert first.pod_cidrs == ("10.244.0.0/24", "fd00:10:244::/64")
    assert (second.name, second.addresses) == ("host-2", ("10.98.0.2", "fd00:10:98::2"))
    assert second.pod_cidrs == ("10.244.1.0/24", "fd00:10:244:1::/64")
    assert (third.gateways, third.part) == (("10.244.2.1", "fd00:10:244:2::1"), "node-3")
    assert third.server == "https://10.244.0.1:6443"
    assert parts(DUAL) == ("supervisor", "control", "node", "node-2", "node-3")


@given(st.integers(12, 28), st.integers(1, 99))
def test_shares_do_not_overlap_where_there_is_room(prefix: int, nodes: int) -> None:
    config = Config(pod_cidr=str(ipaddress.ip_network(f"10.0.0.0/{prefix}")), nodes=nodes, node_name="n")
    room = families.node_room(config.pod_cidr)
    if nodes > 1 and nodes > room:
        with pytest.raises(ClusterError, match=f"has room for {room} nodes"):
            check_room(config)
        return
    check_room(config)
    shares = [ipaddress.ip_network(node.pod_cidrs[0]) for node in nodes_of(config)]
    assert all(share.subnet_of(ipaddress.ip_network(config.pod_cidr)) for share in shares)  # type: ignore[arg-type]
    assert len({share.network_address for share in shares}) == nodes
    assert len({node.addresses for node in nodes_of(config)}) == nodes


def test_a_range_of_nodes_that_is_too_small_is_told() -> None:
    with pytest.raises(ClusterError, match=r"node cidr 10\.98\.0\.0/28 has addresses for 14 nodes, not for 15") as told:
        check_room(Config(node_cidr="10.98.0.0/28", nodes=15))
    assert told.value.fix.endswith("--node-cidr 10.98.0.0/24")


def test_the_range_of_nodes_is_looked_for_only_where_there_are_several() -> None:
    taken = Taken(((ipaddress.ip_network("10.98.0.0/24"), "a route of this machine"),))
    assert settle(Config(), taken, is_new=True) == Config()
    assert settle(Config(nodes=2), taken, is_new=True).node_cidr == "10.98.1.0/24"
    # A cluster that grows takes what is free then, whatever was written down before it had other nodes.
    assert settle(Config(nodes=2), taken, is_new=False).node_cidr == "10.98.1.0/24"
    of_old = Config(ip_family="ipv6", service_cidr="fd00:10:96::/112", pod_cidr="fd00::/56", node_cidr="", nodes=2)
    assert settle(of_old, Taken(), is_new=False).node_cidr == "fd00:10:98::/112"


@pytest.mark.parametrize("value", [0, -1, "two", 100, True, 1.5])
def test_a_number_of_nodes_that_is_none_is_told(value: object, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="expected a number between 1 and 99"):
        resolve("demo", str(tmp_path), {"nodes": value})


def test_nodes_that_have_folders_and_are_not_wanted_are_found(tmp_path: Path) -> None:
    config = Config(name="no-such-cluster", data_dir=str(tmp_path), nodes=2)
    assert strays(config) == []
    for number in (2, 3, 12):
        (config.state_dir / "nodes" / str(number)).mkdir(parents=True)
    assert strays(config) == [3, 12]
    assert strays(dataclasses.replace(config, nodes=3)) == [12]


def test_the_command_lines_of_two_nodes_differ() -> None:
    first, second = (processes.command(part, "demo", "/data") for part in ("node", "node-2"))
    assert second == [*first, "--node", "2"]


def test_what_lies_on_disk_and_in_control_groups_is_apart_but_the_images() -> None:
    first, second = (machine_of(DUAL, node_of(DUAL, number)) for number in (1, 2))
    assert names.pod_cgroup(first.group, "u") == "/fairway/fairway/podu"
    assert names.pod_cgroup(second.group, "u") == "/fairway/fairway/node-2/podu"
    assert first.images_path == second.images_path
    assert second.run_path in first.neighbours
    assert second.sandboxes_path != first.sandboxes_path


def test_the_first_node_hides_what_leaves_the_cluster_and_a_further_one_hides_nothing() -> None:
    first, second = (render(machine_of(DUAL, node_of(DUAL, number))) for number in (1, 2))
    inside = "{ 10.244.0.0/16, 10.98.0.0/24 }"
    assert f"ip saddr {inside} ip daddr != {inside} masquerade fully-random" in first
    assert "ip6 saddr { fd00:10:244::/56, fd00:10:98::/112 } ip6 daddr" in first
    assert "masquerade" not in second
    assert "ip daddr 10.96.0.10 udp dport 53 notrack" in second
