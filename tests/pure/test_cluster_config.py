"""Settings, and the choices that go round what is taken."""

import dataclasses
import ipaddress
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.cluster.config import Config, resolve
from fairway.cluster.errors import ClusterError
from fairway.cluster.supervisor import Child
from fairway.cluster.surroundings import Taken, settle

NOTHING = Taken((), (), frozenset())


def settled(config: Config, taken: Taken, chosen: frozenset[str] = frozenset(), *, is_new: bool = True) -> Config:
    return settle(config, set(chosen), taken, is_new=is_new, free_port=iter(count(50000)))


def test_defaults_that_are_free_stay() -> None:
    assert settled(Config(), NOTHING) == Config()


def test_a_taken_range_moves_to_the_next_free_one() -> None:
    taken = Taken((ipaddress.ip_network("10.96.0.0/16"), ipaddress.ip_network("10.97.3.0/24")), (), frozenset())
    assert settled(Config(), taken).service_cidr == "10.98.0.0/16"


def test_a_range_that_the_user_chose_is_refused_rather_than_moved() -> None:
    taken = Taken((ipaddress.ip_network("10.96.0.0/12"),), (), frozenset())
    with pytest.raises(ClusterError, match="overlaps a network") as refused:
        settled(Config(), taken, frozenset({"service_cidr"}))
    assert "--service-cidr" in refused.value.fix


def test_a_range_of_an_existing_cluster_never_moves() -> None:
    taken = Taken((ipaddress.ip_network("10.244.0.0/16"),), (), frozenset())
    with pytest.raises(ClusterError):
        settled(Config(), taken, is_new=False)


def test_taken_ports_move_and_chosen_ones_do_not() -> None:
    taken = Taken((), (), frozenset({6443, 10250}))
    moved = settled(Config(), taken)
    assert (moved.api_port, moved.node_api_port) == (50000, 50001)
    with pytest.raises(ClusterError, match="port 6443 is in use"):
        settled(Config(), taken, frozenset({"api_port"}))


def test_node_ports_of_a_second_cluster_do_not_overlap() -> None:
    second = settled(Config(), Taken((), (range(30000, 32768),), frozenset()))
    assert len(second.node_ports) == 2768
    assert not set(second.node_ports) & set(range(30000, 32768))


@given(st.lists(st.integers(0, 255).map(lambda n: ipaddress.ip_network(f"10.{n}.0.0/16")), max_size=60))
def test_no_settled_range_overlaps_what_is_taken(networks: list[ipaddress.IPv4Network]) -> None:
    found = settled(Config(), Taken(tuple(networks), (), frozenset()))
    chosen = [ipaddress.ip_network(found.service_cidr), ipaddress.ip_network(found.pod_cidr)]
    assert not chosen[0].overlaps(chosen[1])
    assert not any(one.overlaps(other) for one in chosen for other in networks)


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"api_port": "0"}, "--api-port 0: a port is between 1 and 65535"),
        ({"service_cidr": "10.0.0.1/16"}, "--service-cidr 10.0.0.1/16"),
        ({"node_port_range": "5-1"}, "expected first-last"),
        ({"pod_cidr": "10.0.0.0/30"}, "the prefix must be between"),
    ],
)
def test_values_out_of_shape_are_named(given_: dict[str, str], message: str, tmp_path: Path) -> None:
    with pytest.raises(ClusterError) as refused:
        resolve("demo", str(tmp_path), given_)
    assert message in str(refused.value)


def test_flags_win_over_the_file_and_the_file_over_what_was_recorded(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    dataclasses.replace(
        Config(name="demo", data_dir=str(tmp_path)), api_port=1111, node_api_port=2222, node_name="n"
    ).save()
    file = tmp_path / "fairway.toml"
    file.write_text('api_port = 3333\nnode-name = "filed"\n')
    config, chosen = resolve("demo", str(tmp_path), {"node_name": "flagged", "api_port": None}, str(file))
    assert (config.api_port, config.node_api_port, config.node_name) == (3333, 2222, "flagged")
    assert chosen == {"api_port", "node_name"}


def test_an_unknown_setting_in_the_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "fairway.toml"
    file.write_text("colour = 1\n")
    with pytest.raises(ClusterError, match="unknown setting 'colour'"):
        resolve("demo", str(tmp_path), {}, str(file))


def test_the_derived_addresses() -> None:
    config = Config()
    assert (config.node_pod_cidr, config.gateway) == ("10.244.0.0/24", "10.244.0.1")
    assert (config.kubernetes_ip, config.dns_ip) == ("10.96.0.1", "10.96.0.10")
    assert (config.context, Config(name="two").context) == ("fairway", "fairway-two")


def test_a_child_that_keeps_ending_waits_longer_and_a_steady_one_does_not() -> None:
    child = Child("control", started_s=0.0)
    delays = []
    for _ in range(7):
        delays.append(child.next_delay_s(1.0))
    assert delays == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert child.next_delay_s(100.0) == 0.0
