"""Which address the next pod gets."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from fairway.node.pod_network.addresses import highest, next_address


def test_the_first_free_address_comes_first() -> None:
    assert next_address("10.244.0.0/24", {"10.244.0.1"}) == "10.244.0.2"


def test_a_freed_address_is_not_given_at_once() -> None:
    assert next_address("10.244.0.0/24", {"10.244.0.1"}, last="10.244.0.7") == "10.244.0.8"


def test_the_end_of_the_range_is_followed_by_its_beginning() -> None:
    assert next_address("10.244.0.0/24", {"10.244.0.1"}, last="10.244.0.254") == "10.244.0.2"


def test_a_full_range_has_none() -> None:
    assert next_address("10.0.0.0/30", {"10.0.0.1", "10.0.0.2"}) is None


def test_a_last_address_of_another_range_is_forgotten() -> None:
    assert next_address("10.244.0.0/24", set(), last="10.9.0.1") == "10.244.0.1"


def test_version_6_has_no_broadcast() -> None:
    assert next_address("fd00::/126", {"fd00::1", "fd00::2"}) == "fd00::3"


def test_the_highest_is_by_number_not_by_text() -> None:
    assert highest(["10.0.0.9", "10.0.0.10"]) == "10.0.0.10"
    assert highest([]) == ""


@given(st.integers(22, 30), st.sets(st.integers(0, 40)), st.integers(0, 63))
def test_an_address_given_is_free_inside_and_not_the_last(prefix: int, used: set[int], last: int) -> None:
    network = ip_network(f"10.1.0.0/{prefix}")
    taken = {str(network.network_address + offset) for offset in used}
    last_address = str(ip_address(int(network.network_address) + last))
    found = next_address(str(network), taken | {last_address}, last_address)
    free = [str(host) for host in network.hosts() if str(host) not in taken | {last_address}]
    assert (found in free) if free else found is None
