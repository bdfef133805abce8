"""Certificates for Ingress hosts: the same until they are due, another CA's are forgotten, none is refused."""

import datetime
import ssl
from pathlib import Path

import pytest
from cryptography import x509

from fairway.cluster.local_ca import authority
from fairway.cluster.local_ca.domains import RESERVED
from fairway.cluster.local_ca.leaves import Leaves


class Clock:
    def __init__(self) -> None:
        self.now = datetime.datetime.now(datetime.UTC)

    def __call__(self) -> datetime.datetime:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    authority.ensure(tmp_path / "ca", "demo", RESERVED)
    return tmp_path / "ca"


def chain(pem: str) -> list[x509.Certificate]:
    return x509.load_pem_x509_certificates(pem.encode())


def names(pem: str) -> list[str]:
    found = chain(pem)[0].extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]


def test_a_host_keeps_its_certificate_until_a_third_of_its_life_is_left(folder: Path) -> None:
    clock = Clock()
    leaves = Leaves(folder, clock)
    assert leaves.due_in_s() is None
    first = leaves.pem("app.localhost")
    assert names(first) == ["app.localhost"]
    assert [each.issuer for each in chain(first)] == [
        chain((folder / "issuer.crt").read_text())[0].subject,
        chain((folder / "root.crt").read_text())[0].subject,
    ]
    due = leaves.due_in_s()
    assert due is not None
    assert abs(due - 7 * 86400 * 2 / 3) < 5
    clock.now += datetime.timedelta(seconds=due - 1)
    assert leaves.pem("app.localhost") == first
    clock.now += datetime.timedelta(seconds=2)
    assert leaves.due_in_s() == 0
    assert leaves.pem("app.localhost") != first


def test_what_openssl_takes_for_a_server_it_is(folder: Path, tmp_path: Path) -> None:
    leaves = Leaves(folder)
    for host in ("app.localhost", "*.app.localhost", "shop.mine.com", "", "x" * 70):
        (tmp_path / "server.pem").write_text(leaves.pem(host))
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tmp_path / "server.pem")


def test_a_host_that_the_ca_cannot_sign_for_gets_one_that_vouches_for_itself(folder: Path) -> None:
    leaves = Leaves(folder)
    found = chain(leaves.pem("shop.mine.com"))
    assert (len(found), names(leaves.pem("shop.mine.com"))) == (1, ["shop.mine.com"])
    assert found[0].issuer == found[0].subject
    assert (leaves.covers("shop.mine.com"), leaves.covers("app.localhost")) == (False, True)
    assert names(leaves.pem("")) == ["localhost", "127.0.0.1", "::1"]
    assert len(chain(leaves.pem(""))) == 2


def test_another_ca_signs_anew_and_without_one_hosts_are_served_all_the_same(folder: Path) -> None:
    leaves = Leaves(folder)
    first = leaves.pem("app.localhost")
    (folder / "made-for").unlink()
    authority.ensure(folder, "demo", RESERVED)
    second = leaves.pem("app.localhost")
    assert chain(second)[1] == chain((folder / "issuer.crt").read_text())[0] != chain(first)[1]
    (folder / "issuer.key").unlink()
    assert leaves.pem("app.localhost") == second
    assert len(chain(leaves.pem("new.localhost"))) == 1


def test_hosts_that_went_are_forgotten(folder: Path) -> None:
    leaves = Leaves(folder)
    first = leaves.pem("app.localhost")
    leaves.pem("gone.localhost")
    leaves.forget({"app.localhost"})
    assert leaves.pem("app.localhost") == first
    leaves.forget(set())
    assert leaves.due_in_s() is None
