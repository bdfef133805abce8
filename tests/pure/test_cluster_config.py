"""Settings, and the choices that go round what is taken."""

import dataclasses
import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.cluster import values
from fairway.cluster.config import Config, locate, resolve
from fairway.cluster.control import connections_for
from fairway.cluster.errors import ClusterError
from fairway.cluster.machine import machine_of
from fairway.cluster.settling import RANGES, Network, Taken, settle
from fairway.cluster.start import last_word
from fairway.cluster.supervisor import Child

NOTHING = Taken()
ROUTE = "a route of this machine"


def nets(*cidrs: str) -> tuple[tuple[Network, str], ...]:
    return tuple((ipaddress.ip_network(cidr), ROUTE) for cidr in cidrs)


def settled(config: Config, taken: Taken, *chosen: str, is_new: bool = True) -> Config:
    return settle(dataclasses.replace(config, chosen=chosen), taken, is_new=is_new)


def test_defaults_that_are_free_stay() -> None:
    assert settled(Config(), NOTHING) == Config()


def test_a_taken_range_moves_to_the_next_free_one() -> None:
    found = settled(Config(), Taken(nets("10.96.0.0/16", "10.97.3.0/24")))
    assert (found.service_cidr, found.load_balancer_cidr) == ("10.98.0.0/16", "10.99.0.0/16")


def test_where_a_whole_private_block_is_routed_another_is_taken() -> None:
    found = settled(Config(), Taken(nets("10.0.0.0/8")))
    assert (found.service_cidr, found.pod_cidr) == ("172.16.0.0/16", "172.17.0.0/16")
    assert found.load_balancer_cidr == "172.18.0.0/16"


def test_where_nothing_private_is_free_two_ranges_are_asked_for() -> None:
    taken = Taken(nets("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
    with pytest.raises(ClusterError, match=r"no free network of the size of 10\.96\.0\.0/16"):
        settled(Config(), taken)


def test_a_range_that_the_user_chose_is_refused_rather_than_moved() -> None:
    with pytest.raises(ClusterError) as refused:
        settled(Config(), Taken(nets("10.96.4.0/24")), "service_cidr")
    assert str(refused.value) == "service cidr 10.96.0.0/16 overlaps a route of this machine, 10.96.4.0/24"
    assert refused.value.fix == "choose another: sudo fairway up --service-cidr 10.120.0.0/16"


def test_a_range_of_an_existing_cluster_never_moves() -> None:
    with pytest.raises(ClusterError, match='overlaps cluster "other"') as refused:
        settled(Config(), Taken(((ipaddress.IPv4Network("10.244.0.0/16"), 'cluster "other"'),)), is_new=False)
    assert "--pod-cidr" not in refused.value.fix


def test_a_default_range_goes_round_the_other_one_that_was_chosen() -> None:
    found = settled(Config(service_cidr="10.244.0.0/16"), NOTHING, "service_cidr")
    assert (found.service_cidr, found.pod_cidr) == ("10.244.0.0/16", "10.245.0.0/16")


def test_two_chosen_ranges_that_overlap_are_refused() -> None:
    with pytest.raises(ClusterError, match=r"pod cidr 10\.244\.0\.0/16 overlaps the service cidr"):
        settled(Config(service_cidr="10.244.0.0/16"), NOTHING, "service_cidr", "pod_cidr")


def test_a_pool_of_several_ranges_and_families_is_checked_range_by_range() -> None:
    pool = Config(load_balancer_cidr="10.50.0.0/24,192.168.1.200-192.168.1.209,fd97::/112")
    assert settled(pool, NOTHING, "load_balancer_cidr") == dataclasses.replace(pool, chosen=("load_balancer_cidr",))
    with pytest.raises(ClusterError, match=r"overlaps a route of this machine, 192\.168\.1\.0/24"):
        settled(pool, Taken(nets("192.168.1.0/24")), "load_balancer_cidr")
    with pytest.raises(ClusterError, match=r"overlaps the pod cidr, 10\.50\.0\.0/16"):
        settled(dataclasses.replace(pool, pod_cidr="10.50.0.0/16"), NOTHING, "load_balancer_cidr", "pod_cidr")


def test_an_announced_pool_may_lie_in_the_lan_and_is_not_routed_wholesale() -> None:
    pool = Config(load_balancer_cidr="192.168.1.200-192.168.1.203", load_balancer_announce="eth0")
    found = settled(pool, Taken(nets("192.168.1.0/24")), "load_balancer_cidr")
    assert found.load_balancer_cidr == pool.load_balancer_cidr
    assert machine_of(pool).service_cidrs == ("10.96.0.0/16",)
    routed = dataclasses.replace(pool, load_balancer_announce="none")
    assert machine_of(routed).service_cidrs == ("10.96.0.0/16", "192.168.1.200/30")


def test_no_pool_for_load_balancers_stays_none_and_a_missing_one_is_found() -> None:
    assert settled(Config(load_balancer_cidr="none"), NOTHING, "load_balancer_cidr").load_balancer_cidr == "none"
    assert settled(Config(load_balancer_cidr="none"), NOTHING, is_new=False).load_balancer_cidr == "none"
    of_old = Config(service_cidr="10.97.0.0/16", load_balancer_cidr="")
    assert settled(of_old, NOTHING, is_new=False).load_balancer_cidr == "10.98.0.0/16"


def test_ranges_of_clusters_that_are_down_are_gone_round_but_may_be_chosen() -> None:
    taken = Taken(spared=(ipaddress.IPv4Network("10.96.0.0/16"),))
    assert settled(Config(), taken).service_cidr == "10.97.0.0/16"
    assert settled(Config(), taken, "service_cidr").service_cidr == "10.96.0.0/16"


def test_taken_ports_move_to_the_next_free_ones_and_chosen_ones_do_not() -> None:
    taken = Taken(ports=frozenset({6443, 10250}), is_free=lambda port: port not in (6443, 6444, 10250))
    moved = settled(Config(), taken)
    assert (moved.api_port, moved.node_api_port) == (6445, 10251)
    with pytest.raises(ClusterError, match="API port 6443 is in use by another program"):
        settled(Config(), taken, "api_port")


def test_ingress_ports_move_to_those_that_are_free_at_every_address_and_may_be_none() -> None:
    taken = Taken(ports=frozenset({80, 443}), is_free_everywhere=lambda port: port not in (80, 81, 443))
    moved = settled(Config(), taken)
    assert (moved.ingress_http_port, moved.ingress_https_port) == (82, 444)
    with pytest.raises(ClusterError, match="ingress HTTPS port 443 is in use by another program"):
        settled(Config(), taken, "ingress_https_port")
    off = Config(ingress_http_port=0, ingress_https_port=0)
    assert settled(off, taken) == off
    assert values.checked("ingress_http_port", "0", "") == 0


@pytest.mark.parametrize("wrong", ["-1", "65536", "x", False])
def test_a_port_of_the_ingress_is_a_port_or_0(wrong: object) -> None:
    with pytest.raises(ClusterError, match="a port is a number between 1 and 65535"):
        values.checked("ingress_http_port", wrong, "")


def test_a_port_among_the_node_ports_is_refused_or_moved() -> None:
    with pytest.raises(ClusterError, match="API port 30005 lies in the range of node ports, 30000-32767"):
        settled(Config(api_port=30005), NOTHING, "api_port")
    assert settled(Config(api_port=30005), NOTHING).api_port == 32768


def test_one_port_for_both_servers_is_refused_or_moved() -> None:
    twice = Config(api_port=7000, node_api_port=7000)
    with pytest.raises(ClusterError, match="node API port 7000 is wanted twice"):
        settled(twice, NOTHING, "api_port", "node_api_port")
    moved = settled(twice, NOTHING, "node_api_port")
    assert (moved.api_port, moved.node_api_port) == (7001, 7000)


def test_node_ports_of_a_second_cluster_do_not_overlap() -> None:
    others = Taken(node_ports=((range(30000, 32768), 'cluster "other"'),))
    second = settled(Config(), others)
    assert len(second.node_ports) == 2768
    assert not set(second.node_ports) & set(range(30000, 32768))
    with pytest.raises(ClusterError, match='node port range 30000-32767 overlaps that of cluster "other"'):
        settled(Config(), others, "node_port_range")


@given(st.lists(st.integers(0, 255).map(lambda n: ipaddress.IPv4Network(f"10.{n}.0.0/16")), max_size=60))
def test_no_settled_range_overlaps_what_is_taken(networks: list[ipaddress.IPv4Network]) -> None:
    found = settled(Config(nodes=2), Taken(tuple((network, ROUTE) for network in networks)))
    chosen = [ipaddress.ip_network(getattr(found, name)) for name in RANGES]
    assert not any(one.overlaps(other) for one in chosen for other in chosen if one is not other)
    assert not any(one.overlaps(other) for one in chosen for other in networks)


PORT = "a port is a number between 1 and 65535"
RANGE = "expected first-last, such as 30000-32767"
BACKWARD = "the last address must be of the same family and not before the first"
PAIR = "expected one value, or two with a comma, one of IPv4 and one of IPv6"
WORD = "expected lower-case letters, digits, hyphens and dots, as in a host name"


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("api_port", "0", PORT),
        ("proxy_health_port", "no", PORT),
        ("load_balancer_cidr", "16.0.0.0/4", "the prefix must be at least /8, of IPv6 /32"),
        ("load_balancer_cidr", "", "expected ranges such as 10.97.0.0/16 or 192.168.1.200-192.168.1.220, or none"),
        ("load_balancer_cidr", "10.0.0.9-10.0.0.1", f"10.0.0.9-10.0.0.1: {BACKWARD}"),
        ("load_balancer_cidr", "10.0.0.0/24,10.0.0.9-10.0.0.10", "10.0.0.9/32 is named twice"),
        ("load_balancer_cidr", "127.0.0.0/16", "127.0.0.0/16 is reserved: take a private range, such as 10.120.0.0/16"),
        ("load_balancer_cidr", "10.0.0.7", "expected an address and a prefix, such as 10.97.0.0/16, or first-last"),
        ("load_balancer_announce", "eth0,none", "expected names of network devices, such as eth0, or none"),
        ("load_balancer_announce", "a/b", '"a/b" is no name of a network device: expected one such as eth0, or none'),
        ("api_port", "65536", PORT),
        ("api_port", "x", PORT),
        ("api_port", "", PORT),
        ("api_port", True, PORT),
        ("api_port", 1.5, PORT),
        ("service_cidr", "10.0.0.1/16", "10.0.0.1/16 has host bits set"),
        ("service_cidr", "10.0.0.0", "expected an address and a prefix, such as 10.96.0.0/16"),
        ("service_cidr", "fd00::/32", "the prefix must be between /64 and /124"),
        ("service_cidr", "fd00::", "expected an address and a prefix, such as fd00:10:96::/112"),
        ("pod_cidr", "fd00::/120", "the prefix must be between /40 and /112"),
        ("pod_cidr", "fe80::/64", "this range is reserved: take a private one, such as fd00:10:120::/112"),
        ("pod_cidr", "10.1.0.0/16,10.2.0.0/16", PAIR),
        ("pod_cidr", "10.1.0.0/16,fd00::/64,10.2.0.0/16", PAIR),
        ("pod_cidr", "10.1.0.0/16,", "expected an address and a prefix, such as 10.244.0.0/16"),
        ("ip_family", "ipv5", "expected one of ipv4, ipv6, dual"),
        ("service_cidr", "224.0.0.0/16", "this range is reserved: take a private one, such as 10.120.0.0/16"),
        ("pod_cidr", "127.0.0.0/16", "this range is reserved: take a private one, such as 10.120.0.0/16"),
        ("pod_cidr", "10.0.0.0/30", "the prefix must be between /12 and /28"),
        ("pod_cidr", 10, "expected text in quotes"),
        ("node_port_range", "5-1", RANGE),
        ("node_port_range", 30000, RANGE),
        ("node_port_range", [30000, 31000], RANGE),
        ("node_port_addresses", "", "expected all, primary, or CIDRs such as 192.0.2.0/24 with commas"),
        ("node_port_addresses", "127.0.0.1/8", "127.0.0.1/8 has host bits set"),
        ("node_name", "Bad Name", WORD),
        ("node_name", "../../x", WORD),
        ("node_name", "", WORD),
        ("node_name", 5, "expected text in quotes"),
        ("cluster_domain", "a..b", WORD),
        ("ingress_ca_domains", "a.b,*.c", "*.c is no domain: expected such as corp.example, without * or a port"),
        ("ingress_ca_domains", "10.0.0.1", "10.0.0.1 is no domain: expected such as corp.example, without * or a port"),
        ("ingress_ca_domains", " , ", "expected domains with commas, or none"),
        ("dns_upstreams", "192.0.2.1,somewhere", "'somewhere' does not appear to be an IPv4 or IPv6 address"),
        ("dns_upstreams", "192.0.2.1:99999", "a port is a number between 1 and 65535"),
        ("node_ip", "127.0.0.1", "expected an address of this machine that others can reach"),
        ("node_ip", "::1", "expected an address of this machine that others can reach"),
        ("node_ip", "192.0.2.1,192.0.2.2", PAIR),
        ("bind_address", "localhost", "'localhost' does not appear to be an IPv4 or IPv6 address"),
        ("bind_address", "224.0.0.1", "nobody can listen on a multicast address"),
    ],
)  # fmt: skip
def test_values_out_of_shape_are_named(key: str, value: object, message: str, tmp_path: Path) -> None:
    with pytest.raises(ClusterError) as refused:
        resolve("demo", str(tmp_path), {key: value})
    assert str(refused.value) == f"--{key.replace('_', '-')} {value}: {message}"


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "Bad", "-a", "a-", "a" * 41, "a_b", "a\n"])
def test_a_name_that_could_leave_its_folder_is_refused_by_every_command(name: str, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="is not valid"):
        resolve(name, str(tmp_path), {})
    with pytest.raises(ClusterError, match="is not valid"):
        locate(name, str(tmp_path))


def test_flags_win_over_the_file_and_the_file_over_what_was_recorded(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    dataclasses.replace(
        Config(name="demo", data_dir=str(tmp_path)), api_port=1111, node_api_port=2222, node_name="n"
    ).save()
    file = tmp_path / "fairway.toml"
    file.write_text('api_port = 3333\nbind-address = "::"\n')
    config = resolve("demo", str(tmp_path), {"bind_address": "::1", "api_port": None}, str(file))
    assert (config.api_port, config.node_api_port, config.bind_address) == (3333, 2222, "::1")
    assert config.chosen == ("api_port", "bind_address")


def test_what_an_earlier_up_was_told_stays_chosen(tmp_path: Path) -> None:
    first = resolve("demo", str(tmp_path), {"api_port": "7000"})
    first.state_dir.mkdir(parents=True)
    first.save()
    again = resolve("demo", str(tmp_path), {})
    assert (again.api_port, again.chosen) == (7000, ("api_port",))
    assert again.changed(first) == []
    assert resolve("demo", str(tmp_path), {"api_port": "7001"}).changed(first) == ["api_port"]


@pytest.mark.parametrize(
    ("key", "value"), [("service_cidr", "10.130.0.0/16"), ("pod_cidr", "10.130.0.0/16"), ("node_name", "other")]
)
def test_what_the_objects_of_a_cluster_hold_cannot_change(key: str, value: str, tmp_path: Path) -> None:
    there = Config(name="demo", data_dir=str(tmp_path), node_name="n")
    there.state_dir.mkdir()
    there.save()
    with pytest.raises(ClusterError, match="which its objects hold: it cannot become") as refused:
        resolve("demo", str(tmp_path), {key: value})
    assert refused.value.fix.endswith(f"sudo fairway down --name demo --data-dir {tmp_path} --purge")
    assert resolve("demo", str(tmp_path), {key: getattr(there, key)}).changed(there) == []


def test_damaged_settings_are_never_replaced_by_defaults(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    for text in ("{", "[]", '"x"'):
        (tmp_path / "demo" / "config.json").write_text(text)
        with pytest.raises(ClusterError, match="is damaged"):
            resolve("demo", str(tmp_path), {})


def test_a_data_folder_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ClusterError, match="cannot be read: Not a directory"):
        resolve("demo", str(tmp_path / "file"), {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("api_port = ", "is not valid TOML: Invalid value"),
        ("api_port = true", "api_port = True: a port is a number"),
        ("[x]", "unknown setting 'x'"),
    ],
)
def test_mistakes_in_the_file_name_the_file(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "fairway.toml"
    file.write_text(text)
    with pytest.raises(ClusterError) as refused:
        resolve("demo", str(tmp_path), {}, str(file))
    assert str(refused.value).startswith(str(file))
    assert message in str(refused.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"cannot read settings from .*: No such file or directory"):
        resolve("demo", str(tmp_path), {}, str(tmp_path / "none.toml"))


def test_the_flags_that_mean_a_cluster_are_empty_for_the_default_one() -> None:
    assert Config().flags == ""
    assert Config(name="two", data_dir="/x").flags == " --name two --data-dir /x"


def test_the_last_word_of_a_log_is_its_last_exception_or_its_last_line() -> None:
    group = """INFO started
  + Exception Group Traceback (most recent call last):
  | ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    | OSError: [Errno 98] address already in use
    +------------------------------------
"""
    assert last_word(group) == "OSError: [Errno 98] address already in use"
    assert last_word("one\ntwo\n\n") == "two"
    assert last_word("") == ""


def test_the_derived_addresses() -> None:
    config = Config()
    assert (config.node_pod_cidrs, config.gateways) == (("10.244.0.0/24",), ("10.244.0.1",))
    assert (config.kubernetes_ip, config.dns_ips) == ("10.96.0.1", ("10.96.0.10",))
    assert (config.context, Config(name="two").context) == ("fairway", "fairway-two")


def test_a_child_that_keeps_ending_waits_longer_and_a_steady_one_does_not() -> None:
    child = Child("control", started_s=0.0)
    delays = []
    for _ in range(7):
        delays.append(child.next_delay_s(1.0))
    assert delays == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0]
    assert child.next_delay_s(100.0) == 0.0


@pytest.mark.parametrize(
    ("files", "connections"), [(1024, 768), (256, 64), (20_000, 16_384), (1 << 30, 16_384), (-1, 16_384)]
)
def test_connections_leave_open_files_for_the_store(files: int, connections: int) -> None:
    assert connections_for(files) == connections


@pytest.mark.parametrize(
    ("given", "cidrs"),
    [
        ("all", ("0.0.0.0/0", "::/0")),
        ("primary, 127.0.0.0/8,::1", ("primary", "127.0.0.0/8", "::1/128")),
        ("192.0.2.7,fd00::/64", ("192.0.2.7/32", "fd00::/64")),
    ],
)
def test_where_node_ports_answer(given: str, cidrs: tuple[str, ...]) -> None:
    text = values.checked("node_port_addresses", given, "")
    assert Config(node_port_addresses=text).node_port_cidrs == cidrs
