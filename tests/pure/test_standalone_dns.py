"""What cluster DNS alone makes of its flags."""

import pytest

from fairway.cluster.errors import ClusterError
from fairway.cluster.standalone.dns import listening, settings
from fairway.dns.exchange import Upstream


def test_flags_become_settings() -> None:
    told = settings(
        listen="10.0.0.1,[fd00::1]:53", cluster_domain="Example.Org.", upstreams="9.9.9.9,1.1.1.1:5353",
        reverse_cidrs="10.96.0.0/12, fd00::/64", metrics_port=0,
    )  # fmt: skip
    assert (told.listen, told.port, told.addresses, told.domain) == (
        ("10.0.0.1", "fd00::1"), 53, ("10.0.0.1", "fd00::1"), "example.org",
    )  # fmt: skip
    assert told.upstreams == (Upstream("9.9.9.9"), Upstream("1.1.1.1", 5353))
    assert told.cidrs == ("10.96.0.0/12", "fd00::/64")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "names no address"), ("web", '"web" is no address'), ("10.0.0.1:0", "is no address"),
        ("10.0.0.1:x", "is no address"), ("10.0.0.1:70000", "is no address"), ("0.0.0.0", "name the addresses"),
        ("[::]:53", "name the addresses"), ("10.0.0.1,10.0.0.2:54", "the same port"),
    ],
)  # fmt: skip
def test_a_place_to_listen_must_be_one(text: str, what: str) -> None:
    with pytest.raises(ClusterError) as raised:
        listening(text)
    assert what in f"{raised.value} {raised.value.fix}"


def test_a_reverse_range_must_be_one() -> None:
    with pytest.raises(ClusterError, match="host bits set"):
        settings(listen="10.0.0.1", cluster_domain="x", upstreams="", reverse_cidrs="10.0.0.1/8", metrics_port=0)
