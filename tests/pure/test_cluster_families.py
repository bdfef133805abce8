"""IPv4, IPv6 and both: what a cluster's ranges are, and how they go round what is taken."""

import dataclasses
import ipaddress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.cluster.config import Config, locate, resolve
from fairway.cluster.errors import ClusterError
from fairway.cluster.settling import RANGES, Network, Taken, settle

V4 = {
    "service_cidr": "10.96.0.0/16", "pod_cidr": "10.244.0.0/16", "load_balancer_cidr": "10.97.0.0/16",
    "node_cidr": "10.98.0.0/24",
}  # fmt: skip
V6 = {
    "service_cidr": "fd00:10:96::/112", "pod_cidr": "fd00:10:244::/56", "load_balancer_cidr": "fd00:10:97::/112",
    "node_cidr": "fd00:10:98::/112",
}  # fmt: skip
DUAL = {name: f"{V4[name]},{V6[name]}" for name in V4}
TURNED = {name: f"{V6[name]},{V4[name]}" for name in V4}


def ranges(config: Config) -> dict[str, str]:
    return {name: getattr(config, name) for name in RANGES}


def of(folder: Path, **given: Any) -> Config:
    return resolve("demo", str(folder), given)


@pytest.mark.parametrize(
    ("given", "family", "wanted"),
    [
        ({}, "ipv4", V4),
        ({"ip_family": "ipv4"}, "ipv4", V4),
        ({"ip_family": "IPv6"}, "ipv6", V6),
        ({"ip_family": "dual"}, "dual", DUAL),
        ({"service_cidr": V6["service_cidr"]}, "ipv6", V6),
        ({"pod_cidr": DUAL["pod_cidr"]}, "dual", DUAL),
        ({"pod_cidr": TURNED["pod_cidr"]}, "dual", TURNED),
        ({"ip_family": "dual", "service_cidr": "fd00:10:96::/112, 10.96.0.0/16"}, "dual", TURNED),
        ({"ip_family": "dual", "load_balancer_cidr": "none"}, "dual", DUAL | {"load_balancer_cidr": "none"}),
        (
            {"ip_family": "dual", "load_balancer_cidr": "fd00:1::/112"}, "dual",
            DUAL | {"load_balancer_cidr": "fd00:1::/112"},
        ),
    ],
)  # fmt: skip
def test_the_family_and_the_ranges_follow_from_what_is_given(
    given: dict[str, str], family: str, wanted: dict[str, str], tmp_path: Path
) -> None:
    found = of(tmp_path, **given)
    assert (found.ip_family, ranges(found)) == (family, wanted)
    assert found.chosen == tuple(name for name in ("ip_family", *V4) if name in given)


@pytest.mark.parametrize(
    ("given", "message", "cure"),
    [
        (
            {"ip_family": "ipv6", "service_cidr": "10.1.0.0/16"},
            "service cidr 10.1.0.0/16 is of IPv4, but the cluster's family is IPv6", "--ip-family dual",
        ),
        (
            {"pod_cidr": "fd00::/56", "service_cidr": "10.1.0.0/16"},
            "pod cidr fd00::/56 is of IPv6, but the cluster's family is IPv4", "--ip-family dual",
        ),
        (
            {"ip_family": "dual", "service_cidr": "10.1.0.0/16"},
            "service cidr 10.1.0.0/16 has no range of IPv6, but the cluster's families are IPv4 and IPv6",
            "--service-cidr 10.96.0.0/16,fd00:10:96::/112",
        ),
        (
            {"service_cidr": "10.1.0.0/16,fd00::/112", "pod_cidr": "fd00:1::/56,10.2.0.0/16"},
            "pod cidr fd00:1::/56,10.2.0.0/16 has IPv6 first, but the cluster's primary family is IPv4",
            "turn it round: --pod-cidr 10.2.0.0/16,fd00:1::/56",
        ),
        ({"node_ip": "2001:db8::5"}, "node ip 2001:db8::5 is of IPv6, but the cluster's family is IPv4", "dual"),
    ],
)  # fmt: skip
def test_settings_that_contradict_each_other_are_told(
    given: dict[str, str], message: str, cure: str, tmp_path: Path
) -> None:
    with pytest.raises(ClusterError) as refused:
        of(tmp_path, **given)
    assert str(refused.value) == message
    assert cure in (refused.value.fix or "")


def test_a_cluster_keeps_its_families_and_one_of_before_is_of_ipv4(tmp_path: Path) -> None:
    there = dataclasses.replace(of(tmp_path), node_name="n")
    there.state_dir.mkdir()
    there.save()
    record = there.state_dir / "config.json"
    record.write_text(record.read_text().replace(' "ip_family": "ipv4",\n', ""))
    assert locate("demo", str(tmp_path)).families == (4,)
    assert of(tmp_path, ip_family="ipv4").changed(there) == []
    with pytest.raises(ClusterError, match=r"exists with ip family ipv4, .* it cannot become dual"):
        of(tmp_path, ip_family="dual")
    with pytest.raises(ClusterError, match="load balancer cidr fd00::/112 is of IPv6"):
        of(tmp_path, load_balancer_cidr="fd00::/112")


def test_the_addresses_that_follow_are_of_each_family_the_primary_first(tmp_path: Path) -> None:
    found = of(tmp_path, **TURNED)
    assert found.families == (6, 4)
    assert found.node_pod_cidrs == ("fd00:10:244::/64", "10.244.0.0/24")
    assert found.gateways == ("fd00:10:244::1", "10.244.0.1")
    assert found.dns_ips == ("fd00:10:96::a", "10.96.0.10")
    assert found.kubernetes_ip == "fd00:10:96::1"
    assert of(tmp_path, pod_cidr="fd00:1::/112").node_pod_cidrs == ("fd00:1::/112",)


def settled(config: Config, *taken: str, is_new: bool = True) -> Config:
    used = tuple((ipaddress.ip_network(cidr), "a route of this machine") for cidr in taken)
    return settle(config, Taken(used), is_new=is_new)


def test_the_range_of_one_family_moves_aside_alone(tmp_path: Path) -> None:
    found = settled(of(tmp_path, ip_family="dual"), "fd00:10:96::/64", "10.244.0.0/24")
    assert found.service_cidr == "10.96.0.0/16,fd00:10:97::/112"
    assert found.pod_cidr == "10.245.0.0/16,fd00:10:244::/56"
    assert found.load_balancer_cidr == "10.97.0.0/16,fd00:10:98::/112"


def test_a_chosen_range_of_the_second_family_that_is_taken_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClusterError) as refused:
        settled(of(tmp_path, service_cidr=DUAL["service_cidr"]), "fd00:10::/32")
    assert str(refused.value) == "service cidr fd00:10:96::/112 overlaps a route of this machine, fd00:10::/32"
    assert "--service-cidr 10.120.0.0/16,fd00:10:120::/112" in (refused.value.fix or "")


def test_where_all_unique_local_addresses_are_routed_ranges_are_asked_for(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"no free network of the size of fd00:10:96::/112 was found"):
        settled(of(tmp_path, ip_family="ipv6"), "fd00::/8")


def sites() -> st.SearchStrategy[Network]:
    """Networks where the defaults lie, wide ones and narrow ones."""
    hexes = st.integers(0x90, 0x250).map(lambda number: f"fd00:10:{number:x}::")
    return st.tuples(hexes, st.integers(28, 128)).map(lambda pair: ipaddress.ip_network(pair, strict=False))


@given(st.lists(sites(), max_size=40))
def test_no_settled_range_of_ipv6_overlaps_what_is_taken(networks: list[Network]) -> None:
    start = Config(ip_family="ipv6", nodes=2, **V6)  # type: ignore[arg-type]
    found = settled(start, *map(str, networks))
    chosen = [ipaddress.ip_network(getattr(found, name)) for name in RANGES]
    assert [each.prefixlen for each in chosen] == [112, 56, 112, 112]
    assert not any(one.overlaps(other) for one in chosen for other in chosen if one is not other)
    assert not any(one.overlaps(other) for one in chosen for other in networks)
