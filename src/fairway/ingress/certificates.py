"""Certificates: which host is served with which certificate, and whether a Secret holds one that will do.  Pure.

Shape: ``secret_of`` reduces a Secret, ``bundle_of`` reads what is in it, ``chosen`` says per host what is served.
Source: Kubernetes docs, "Ingress", "TLS"; "Secrets", "TLS Secrets"; RFC 6125 (``*`` stands for one label).
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from fairway.ingress.model import Problem
from fairway.ingress.routes import Routing, TlsClaim, covers
from fairway.objects import Object
from fairway.objects.names import dns_subdomain, wildcard_subdomain

TLS_TYPE: Final = "kubernetes.io/tls"
UNTRUSTED: Final = (
    "no Secret is named for {host}, and the local CA may not sign for it: no client will trust the certificate that is "
    "served; name a Secret, or let the CA sign: sudo fairway up --ingress-ca-domains DOMAIN"
)


class Secret(NamedTuple):
    """What is needed of a Secret: its type, and of a TLS Secret its two texts (PEM)."""

    type: str
    certificate: str = ""
    key: str = ""


class Bundle(NamedTuple):
    """A usable certificate: PEM text of chain and key, the names that it is for; or why it is not usable."""

    pem: str = ""
    names: frozenset[str] = frozenset()
    fault: str = ""


class Chosen(NamedTuple):
    """By host: the PEM text of a Secret, or ``None`` where one is to be generated; and what is wrong with others."""

    certificates: dict[str, str | None]
    problems: list[Problem]


def secret_of(found: Object) -> Secret:
    """What is needed of a Secret; those of other types lose what they hold."""
    type_ = found.get("type") or "Opaque"
    if type_ != TLS_TYPE:
        return Secret(type_)
    data = found.get("data") or {}
    return Secret(type_, _text(data.get("tls.crt")), _text(data.get("tls.key")))


def _text(encoded: str | None) -> str:
    try:
        return base64.b64decode(encoded or "", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return ""


@lru_cache(maxsize=1024)
def bundle_of(secret: Secret) -> Bundle:
    """Read a Secret.  The key must fit the first certificate, as the engine would refuse another."""
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    if secret.type != TLS_TYPE:
        return Bundle(fault=f"is of type {secret.type}, expected {TLS_TYPE}")
    try:
        chain = x509.load_pem_x509_certificates(secret.certificate.encode())
    except ValueError as error:
        return Bundle(fault=f"holds no certificate in tls.crt: {error}")
    try:
        key = serialization.load_pem_private_key(secret.key.encode(), None)
    except (ValueError, TypeError) as error:
        return Bundle(fault=f"holds no private key in tls.key: {error}")
    form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    if key.public_key().public_bytes(*form) != chain[0].public_key().public_bytes(*form):
        return Bundle(fault="holds a key that does not belong to its certificate")
    if weakness := _weakness(key):
        return Bundle(fault=weakness)
    texts = [each.public_bytes(serialization.Encoding.PEM).decode() for each in chain]
    form_of_key = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    texts.append(key.private_bytes(*form_of_key).decode())
    return Bundle("".join(texts), frozenset(_names(chain[0])))


def _weakness(key: object) -> str:
    """Why OpenSSL would not take a key, as distributions set it up (security level 2); empty if it would."""
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    least = 2048 if isinstance(key, rsa.RSAPrivateKey) else 224 if isinstance(key, ec.EllipticCurvePrivateKey) else 0
    size = getattr(key, "key_size", 0)
    return f"holds a key of {size} bits, at least {least} are needed" if size < least else ""


def _names(certificate: object) -> Iterable[str]:
    """The names of the subject's alternatives, or its common name where there is none."""
    from cryptography import x509

    assert isinstance(certificate, x509.Certificate)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = found.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    if not names:
        common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        names = [str(each.value) for each in common]
    lower = [name.lower() for name in names]
    # Whatever else a certificate may call itself becomes part of a file's name and of a line of configuration.
    return [name for name in lower if not any((wildcard_subdomain if "*" in name else dns_subdomain)(name))]


def chosen(
    routing: Routing,
    secret_of_name: Callable[[str], Secret | None],
    is_vouched_for: Callable[[str], bool] = lambda host: True,
) -> Chosen:
    """What every host is served with; ``secret_of_name`` finds a Secret by ``namespace/name``.

    ``is_vouched_for`` says whether a certificate that is generated for a host can be trusted by anybody.
    """
    found: dict[str, str | None] = {}
    problems: list[Problem] = []
    for host, claim in routing.tls.items():
        found[host] = _pem(host, claim, secret_of_name, problems)
        if not claim.secret and not is_vouched_for(host):
            problems.append(Problem(claim.ingress, "CertificateNotTrusted", UNTRUSTED.format(host=host)))
    for name, claim in routing.own_hosts.items():
        bundle = _bundle(name, claim, secret_of_name, problems)
        for host in bundle.names if bundle else ():
            found.setdefault(host, bundle.pem if bundle else None)
    hosts = {place.key.partition("/")[0] for place in routing.claims} - {""}
    for host in hosts:
        if not covers(found, host):
            found[host] = None
    return Chosen(found, problems)


def _bundle(
    name: str, claim: TlsClaim, secret_of_name: Callable[[str], Secret | None], problems: list[Problem]
) -> Bundle | None:
    secret = secret_of_name(name)
    if secret is None:
        text = f'Secret "{name}" does not exist: a certificate of the cluster\'s own is served instead'
        problems.append(Problem(claim.ingress, "SecretNotFound", text, is_early=True))
        return None
    bundle = bundle_of(secret)
    if bundle.fault:
        text = f'Secret "{name}" {bundle.fault}: a certificate of the cluster\'s own is served instead'
        problems.append(Problem(claim.ingress, "SecretInvalid", text))
        return None
    return bundle


def _pem(
    host: str, claim: TlsClaim, secret_of_name: Callable[[str], Secret | None], problems: list[Problem]
) -> str | None:
    if not claim.secret:
        return None
    bundle = _bundle(claim.secret, claim, secret_of_name, problems)
    if bundle is None:
        return None
    if not covers(bundle.names, host):
        text = (
            f'the certificate in Secret "{claim.secret}" is for {", ".join(sorted(bundle.names)) or "no name"}, '
            f"not for {host}: a certificate of the cluster's own is served instead"
        )
        problems.append(Problem(claim.ingress, "CertificateMismatch", text))
        return None
    return bundle.pem


def digest(pem: str) -> str:
    """A short name for a text, that does not give it away."""
    return hashlib.sha256(pem.encode()).hexdigest()[:16]


def missing(certificates: Mapping[str, str | None]) -> list[str]:
    """The hosts that are to get a generated certificate."""
    return sorted(host for host, pem in certificates.items() if pem is None)
