"""Authority: the files of a cluster's local CA, and the certificates that it signs.

Shape: ``root.crt`` is what a machine trusts; its key signed ``issuer.crt`` and was never written.  ``issuer.key`` signs
hosts' certificates.  Both certificates are limited to ``domains``, the issuer's in a way that every client must obey:
of a root's own limits not all take notice.
Source: RFC 5280, 4.2.1.10 (name constraints) and 6.1.1 (what a trust anchor says need not count).
"""

import datetime
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from fairway.cluster.certificates import builder, general_name, key_bytes, signed_by, usage, write
from fairway.cluster.local_ca.domains import LOOPBACK, covers

if TYPE_CHECKING:
    from cryptography import x509

CA_DAYS: Final = 3650
LEAF_DAYS: Final = 7.0
_RENEW_DAYS: Final = 30
_STAMP: Final = "made-for"
_MOST_CN: Final = 64
"""Characters of a common name; source: RFC 5280, appendix A.1."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A host's certificate: ``chain`` (its own and the issuer's) and ``key`` as PEM, and until when it counts.

    It is due for another from ``renew_at`` on, when a third of its life is left.
    """

    hosts: tuple[str, ...]
    chain: bytes
    key: bytes
    not_after: datetime.datetime
    renew_at: datetime.datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """A local CA that can sign.  ``domains`` are those that its certificates say."""

    root: "x509.Certificate"
    issuer: "x509.Certificate"
    key: Any

    @property
    def domains(self) -> tuple[str, ...]:
        """The domains whose names it can sign."""
        return domains_of(self.issuer)

    def covers(self, host: str) -> bool:
        """Whether it can sign for a host."""
        return covers(host, self.domains)

    def issue(self, hosts: Sequence[str], *, days: float = LEAF_DAYS) -> Leaf:
        """A new certificate with a new key for all these hosts.  Raises: ``ValueError`` for one that it cannot sign."""
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import ExtendedKeyUsageOID

        if wrong := [host for host in hosts if not self.covers(host)]:
            raise ValueError(f"the local CA cannot sign for {wrong[0]}: it is limited to {', '.join(self.domains)}")
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Fairway")]
        if len(hosts[0]) <= _MOST_CN:
            attributes.append(x509.NameAttribute(x509.NameOID.COMMON_NAME, hosts[0]))
        left = (self.issuer.not_valid_after_utc - datetime.datetime.now(datetime.UTC)).total_seconds() / 86400
        lasting = min(days, left)
        certificate = (
            builder(x509.Name(attributes), self.issuer.subject, key.public_key(), lasting)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage(is_authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName([general_name(host) for host in hosts]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(signed_by(self.issuer), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        not_after = certificate.not_valid_after_utc
        return Leaf(
            tuple(hosts),
            certificate.public_bytes(pem) + self.issuer.public_bytes(pem),
            key_bytes(key),
            not_after,
            not_after - datetime.timedelta(days=lasting) / 3,
        )


def domains_of(certificate: "x509.Certificate") -> tuple[str, ...]:
    """The domains that a certificate of ours is limited to."""
    from cryptography import x509

    limits = certificate.extensions.get_extension_for_class(x509.NameConstraints).value
    return tuple(each.value for each in limits.permitted_subtrees or () if isinstance(each, x509.DNSName))


def ensure(folder: Path, cluster: str, domains: Sequence[str]) -> bool:
    """Make the CA where it is missing, due or for other domains; whether it was made."""
    stamp, wanted = folder / _STAMP, " ".join(domains)
    soon = datetime.datetime.now().timestamp() + _RENEW_DAYS * 86400
    is_same = stamp.exists() and stamp.read_text() == wanted and stamp.stat().st_mtime + CA_DAYS * 86400 > soon
    if is_same and all((folder / name).exists() for name in ("root.crt", "issuer.crt", "issuer.key")):
        return False
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)  # so that one that is broken off begins anew
    root, issuer, key = _made(cluster, domains)
    write(folder / "issuer.key", key_bytes(key), 0o600)
    for name, certificate in (("issuer.crt", issuer), ("root.crt", root)):
        write(folder / name, pem(certificate), 0o644)
    write(stamp, wanted.encode(), 0o644)
    return True


def read(folder: Path) -> Authority:
    """The CA in a folder.  Raises: ``OSError``, ``ValueError``."""
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key((folder / "issuer.key").read_bytes(), None)
    return Authority(read_certificate(folder / "root.crt"), read_certificate(folder / "issuer.crt"), key)


def read_certificate(path: Path) -> "x509.Certificate":
    """A certificate in a PEM file.  Raises: ``OSError``, ``ValueError``."""
    from cryptography import x509

    return x509.load_pem_x509_certificate(path.read_bytes())


def pem(certificate: "x509.Certificate") -> bytes:
    """A certificate as PEM."""
    from cryptography.hazmat.primitives import serialization

    return certificate.public_bytes(serialization.Encoding.PEM)


def fingerprint(certificate: "x509.Certificate") -> str:
    """SHA-256 as browsers and openssl show it: pairs of digits with colons."""
    from cryptography.hazmat.primitives import hashes

    return certificate.fingerprint(hashes.SHA256()).hex(":").upper()


def _made(cluster: str, domains: Sequence[str]) -> tuple["x509.Certificate", "x509.Certificate", Any]:
    """Root and issuer, and the issuer's key; the root's is forgotten here."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    names = [_subject(f"Fairway {what} {cluster}") for what in ("local CA", "local CA issuer")]
    root = _limited(builder(names[0], names[0], root_key.public_key(), CA_DAYS), root_key, domains, 1)
    root = root.sign(root_key, hashes.SHA256())
    issuer = _limited(builder(names[1], names[0], key.public_key(), CA_DAYS), key, domains, 0)
    issuer = issuer.add_extension(signed_by(root), critical=False).sign(root_key, hashes.SHA256())
    assert isinstance(root, x509.Certificate) and isinstance(issuer, x509.Certificate)
    return root, issuer, key


def _subject(name: str) -> "x509.Name":
    from cryptography import x509

    organization = x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Fairway")
    return x509.Name([organization, x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])


def _limited(begun: Any, key: Any, domains: Sequence[str], path_length: int) -> Any:
    """What makes a certificate an authority, for servers of these domains and of this machine's loopback alone."""
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    permitted: list[x509.GeneralName] = [x509.DNSName(domain) for domain in domains]
    permitted += [x509.IPAddress(ipaddress.ip_network(cidr)) for cidr in LOOPBACK]
    return (
        begun.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        .add_extension(usage(is_authority=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
