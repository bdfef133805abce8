"""Endpoints and slices on update: what is as it was is not judged again, and nothing wrong slips through by that."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.kinds import ENDPOINT_SLICE, ENDPOINTS
from fairway.objects import Object

fine_ips = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3", "192.0.2.7"])
ips = fine_ips | st.sampled_from(["127.0.0.1", "nonsense", "2001:db8::1", "010.0.0.1"])
hostnames = st.none() | st.sampled_from(["a", "b"])


def endpoint(ip: str, hostname: str | None) -> Object:
    return {"addresses": [ip], **({"hostname": hostname} if hostname else {})}


def address(ip: str, hostname: str | None) -> Object:
    return {"ip": ip, **({"hostname": hostname} if hostname else {})}


def slice_of(endpoints: list[Object]) -> Object:
    return {"metadata": {"name": "a", "namespace": "d"}, "addressType": "IPv4", "endpoints": endpoints, "ports": []}


def list_of(addresses: list[Object]) -> Object:
    subsets = [{"addresses": addresses, "ports": [{"port": 80, "protocol": "TCP"}]}] if addresses else []
    return {"metadata": {"name": "a", "namespace": "d"}, "subsets": subsets}


def told(problems: Any) -> list[str]:
    return [str(one) for one in problems]


@settings(max_examples=200)
@given(
    st.lists(st.builds(endpoint, fine_ips, hostnames), max_size=5),
    st.lists(st.builds(endpoint, ips, hostnames | st.just("Not-A-Label")), max_size=5),
)
def test_a_slice_is_judged_the_same_whether_it_is_new_or_follows_a_good_one(
    old: list[Object], new: list[Object]
) -> None:
    judged = told(ENDPOINT_SLICE.validate(slice_of(new), slice_of(old)))
    assert judged == told(ENDPOINT_SLICE.validate(slice_of(new), None))


@settings(max_examples=200)
@given(
    st.lists(st.builds(address, fine_ips, hostnames), max_size=5),
    st.lists(st.builds(address, ips, hostnames | st.just("Not-A-Label")), max_size=5),
)
def test_a_list_is_judged_the_same_whether_it_is_new_or_follows_a_good_one(
    old: list[Object], new: list[Object]
) -> None:
    judged = told(ENDPOINTS.validate(list_of(new), list_of(old)))
    assert judged == told(ENDPOINTS.validate(list_of(new), None))
