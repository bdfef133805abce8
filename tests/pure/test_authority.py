"""Hosts with ports, as URLs and messages have them."""

import pytest

from fairway.objects.authority import authority


@pytest.mark.parametrize(
    ("host", "port", "text"),
    [
        ("192.0.2.1", 80, "192.0.2.1:80"), ("fd00::1", 80, "[fd00::1]:80"), ("fd00::1", "", "[fd00::1]"),
        ("web.default", "443", "web.default:443"),
    ],
)  # fmt: skip
def test_an_ipv6_address_stands_in_brackets(host: str, port: int | str, text: str) -> None:
    assert authority(host, port) == text
