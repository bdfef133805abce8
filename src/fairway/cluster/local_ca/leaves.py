"""Leaves: the certificates that Ingress hosts without a usable Secret are served with, renewed before they end.

Rule: a host that the CA cannot sign for is served all the same, with a certificate that vouches for itself: nobody
trusts it, but who asks no questions reaches the host, and who looks at it sees what it is.
"""

import datetime
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fairway.cluster.certificates import builder, general_name, key_bytes, usage
from fairway.cluster.local_ca import authority
from fairway.cluster.local_ca.authority import LEAF_DAYS, Leaf
from fairway.cluster.local_ca.domains import covers, is_host

log = logging.getLogger(__name__)

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
"""What the certificate for connections that name no host, or one that is not served, is for."""


@dataclass(frozen=True, slots=True)
class _Kept:
    pem: str
    renew_at: datetime.datetime


class Leaves:
    """Certificates by host, made when they are first asked for.  ``now`` gives the time."""

    def __init__(self, folder: Path, now: Callable[[], datetime.datetime] | None = None) -> None:
        self._folder = folder
        self._now = now or (lambda: datetime.datetime.now(datetime.UTC))
        self._kept: dict[str, _Kept] = {}
        self._domains: tuple[str, ...] = ()
        self._ca: tuple[tuple[int, ...], authority.Authority] | None = None

    def pem(self, host: str) -> str:
        """Chain and key as one text; the same one until it is due.  The empty host is for all that have none."""
        ca = self._authority()
        kept = self._kept.get(host)
        if kept is None or kept.renew_at <= self._now():
            leaf = _leaf(ca, host)
            kept = _Kept((leaf.chain + leaf.key).decode(), leaf.renew_at)
            self._kept[host] = kept
        return kept.pem

    def covers(self, host: str) -> bool:
        """Whether the CA can sign for a host."""
        return self._authority() is not None and covers(host, self._domains)

    def forget(self, hosts: set[str]) -> None:
        """Keep only those of these hosts."""
        self._kept = {host: kept for host, kept in self._kept.items() if host in hosts}

    def due_in_s(self) -> float | None:
        """Seconds until the first is due, at least 0; ``None`` where there is none."""
        if not self._kept:
            return None
        first = min(kept.renew_at for kept in self._kept.values())
        return max(0.0, (first - self._now()).total_seconds())

    def _authority(self) -> authority.Authority | None:
        """The CA as it is now; what another one has signed is forgotten."""
        try:
            at = tuple(found.st_mtime_ns for found in map(Path.stat, self._files()))
            if self._ca is None or self._ca[0] != at:
                self._ca = at, authority.read(self._folder)
                self._domains = self._ca[1].domains
                self._kept.clear()
        except (OSError, ValueError) as error:
            log.warning("the local CA in %s cannot be read: %s", self._folder, error)
            self._ca = None
        return self._ca[1] if self._ca else None

    def _files(self) -> tuple[Path, ...]:
        return tuple(self._folder / name for name in ("root.crt", "issuer.crt", "issuer.key"))


def _leaf(ca: authority.Authority | None, host: str) -> Leaf:
    hosts = (host,) if host else LOCAL_HOSTS
    if ca is not None and all(map(ca.covers, hosts)):
        return ca.issue(hosts)
    return self_signed(hosts)


def self_signed(hosts: tuple[str, ...], days: float = LEAF_DAYS) -> Leaf:
    """A certificate that vouches for itself."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Fairway Ingress, not trusted")])
    begun = (
        builder(name, name, key.public_key(), days)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    if names := [general_name(host) for host in hosts if is_host(host)]:
        begun = begun.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = begun.sign(key, hashes.SHA256())
    not_after = certificate.not_valid_after_utc
    return Leaf(hosts, authority.pem(certificate), key_bytes(key), not_after, not_after - datetime.timedelta(days) / 3)
