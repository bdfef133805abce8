"""Server names: which certificates HAProxy must be told to leave alone.  Pure.

HAProxy looks for an elliptic key under the exact name and under the wildcard's before it takes an RSA key under the
exact one; so an RSA certificate of a host would lose to an elliptic one of ``*.`` its domain.  A name with ``!`` on
the wildcard's line keeps that line away from the host.
Source: HAProxy 2.6 Configuration Manual, "crt-list" (negative filters), "ecdhe"; seen on 2.6.12.
"""

from collections.abc import Mapping
from functools import lru_cache


def filters(certificates: Mapping[str, str]) -> dict[str, str]:
    """The certificates (PEM by host), by the filters of their lines: ``*.a.example !b.a.example`` where that is so."""
    weak: dict[str, list[str]] = {}
    for host, pem in sorted(certificates.items()):
        wildcard = f"*.{host.partition('.')[2]}"
        if wildcard in certificates and wildcard != host and not _is_elliptic(pem):
            weak.setdefault(wildcard, []).append(host)
    return {
        " !".join([host, *weak.get(host, ())]) if _is_elliptic(pem) else host: pem
        for host, pem in certificates.items()
    }  # fmt: skip


@lru_cache(maxsize=4096)
def _is_elliptic(pem: str) -> bool:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec

    try:
        return isinstance(x509.load_pem_x509_certificate(pem.encode()).public_key(), ec.EllipticCurvePublicKey)
    except ValueError:
        return False
