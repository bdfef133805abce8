"""Hosts with ports: written as URLs have them, and read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects.authority import authority, host_and_port

hosts = st.one_of(st.ip_addresses().map(str), st.sampled_from(["web", "web.default.svc.cluster.local"]))


@given(hosts, st.integers(1, 65535))
def test_what_is_written_is_read_back(host: str, port: int) -> None:
    assert host_and_port(authority(host, port), 53) == (host, port)


@given(hosts)
def test_a_host_alone_has_the_port_that_is_usual(host: str) -> None:
    assert host_and_port(authority(host), 53) == host_and_port(host, 53) == (host, 53)


def test_a_port_alone_is_every_host() -> None:
    assert host_and_port(":10256", 53) == ("", 10256)


@pytest.mark.parametrize(
    "text", ["web:", "web:http", "web:65536", "web:-1", "web:+5", "web:٣", "[::1", "[::1]80", "[::1]:", "[::1]:x"]
)
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"a port is|no host"):
        host_and_port(text, 53)
