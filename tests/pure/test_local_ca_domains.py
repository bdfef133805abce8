"""The local CA: for which names it can sign, and what a bundle of certificates loses."""

import pytest

from fairway.cluster.local_ca.domains import RESERVED, covers, is_host, of_cluster
from fairway.cluster.local_ca.system_store import blocks, dropped

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("host", "is_covered"),
    [
        ("localhost", True),
        ("app.localhost", True),
        ("a.b.app.localhost", True),
        ("*.localhost", True),
        ("kubia.example.com", True),
        ("example.com", True),
        ("shop.test", True),
        ("printer.local", True),
        ("nas.home.arpa", True),
        ("db.svc.internal", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("example.org.evil.com", False),
        ("notlocalhost", False),
        ("localhost.com", False),
        ("www.notexample.com", False),
        ("google.com", False),
        ("*.com", False),
        ("*", False),
        ("", False),
        ("10.0.0.1", False),
        ("8.8.8.8", False),
        ("2001:db8::1", False),
        ("App.localhost", False),
        ("a.*.localhost", False),
        ("*.*.localhost", False),
        (".localhost", False),
        ("a..localhost", False),
        ("-a.localhost", False),
        ("a b.localhost", False),
        ("a.localhost/x", False),
        ("x" * 64 + ".localhost", False),
        ("a." * 130 + "localhost", False),
    ],
)
def test_it_signs_only_for_names_that_nobody_owns(host: str, is_covered: bool) -> None:
    assert covers(host, RESERVED) == is_covered


def test_a_domain_of_the_cluster_s_own_is_added_once() -> None:
    assert of_cluster("cluster.local") == RESERVED
    assert of_cluster("k8s.mine") == (*RESERVED, "k8s.mine")
    assert covers("web.default.svc.k8s.mine", of_cluster("k8s.mine"))
    assert not covers("web.default.svc.k8s.mine", RESERVED)
    more = of_cluster("cluster.local", ["mine.com", "shop.mine.com", "a.test", "corp"])
    assert more == (*RESERVED, "mine.com", "corp")
    assert covers("shop.mine.com", more)


def test_addresses_and_names_are_hosts() -> None:
    assert all(map(is_host, ("10.0.0.1", "fe80::1", "*.a", "a-b.c", "_dmarc.a")))
    assert not any(map(is_host, ("", "a:80", "https://a", "*a.b", "ä.b", "a.", "*")))


def test_what_a_bundle_loses_is_found_and_what_was_taken_out_is_not() -> None:
    def one(text: bytes) -> bytes:
        return b"-----BEGIN CERTIFICATE-----\n" + text + b"\n-----END CERTIFICATE-----"

    before = b"# by hand\n" + one(b"A") + b"\n" + one(b"B") + b"\n\n" + one(b"C") + b"\n" + one(b"A") + b"\n"
    assert blocks(before) == [one(b"A"), one(b"B"), one(b"C"), one(b"A")]
    assert dropped(before, one(b"B") + b"\n", one(b"C") + b"\n") == [one(b"A")]
    assert dropped(before, before, b"") == []
    assert blocks(b"-----BEGIN CERTIFICATE-----\ncut off") == []
