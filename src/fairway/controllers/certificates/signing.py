"""Signing: a certificate for a request, by the cluster's CA.

Source: Kubernetes docs, "Certificates and Certificate Signing Requests"; RFC 5280.
"""

import base64
import datetime
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID

LONGEST_S, SHORTEST_S = 365 * 86400, 600
_BACKDATE_S = 300
"""A certificate counts from five minutes ago, for clocks differ."""
_KEY_USAGES = {
    "signing": "digital_signature", "digital signature": "digital_signature",
    "content commitment": "content_commitment", "key encipherment": "key_encipherment",
    "data encipherment": "data_encipherment", "key agreement": "key_agreement", "cert sign": "key_cert_sign",
    "crl sign": "crl_sign",
}  # fmt: skip
_PURPOSES = {
    "any": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE, "server auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client auth": ExtendedKeyUsageOID.CLIENT_AUTH, "code signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email protection": ExtendedKeyUsageOID.EMAIL_PROTECTION, "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp signing": ExtendedKeyUsageOID.OCSP_SIGNING,
}  # fmt: skip
_FLAGS = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


class Authority(NamedTuple):
    """The certificate and key that sign."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey


def read_authority(certificate: Path, key: Path) -> Authority:
    """Raises: ``OSError``, ``ValueError``."""
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    if not isinstance(loaded, EllipticCurvePrivateKey):
        raise ValueError(f"{key} must hold a key of an elliptic curve")
    return Authority(x509.load_pem_x509_certificate(certificate.read_bytes()), loaded)


def parsed(pem: bytes) -> x509.CertificateSigningRequest:
    """The request, signed by the key that it names.  Raises: ``ValueError``."""
    found = x509.load_pem_x509_csr(pem)
    try:
        is_own = found.is_signature_valid
    except InvalidSignature:
        is_own = False
    if not is_own:
        raise ValueError("the request is not signed by its own key")
    return found


def signed(
    request: x509.CertificateSigningRequest, ca: Authority, usages: Iterable[str], lasts_s: int | None, now_s: float
) -> str:
    """The certificate as the base64 text of its PEM; it ends no later than the CA."""
    now = datetime.datetime.fromtimestamp(now_s, datetime.UTC)
    lasts_s = min(LONGEST_S, max(SHORTEST_S, lasts_s)) if lasts_s is not None else LONGEST_S
    end = min(now + datetime.timedelta(seconds=lasts_s), ca.certificate.not_valid_after_utc)
    begun = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(ca.certificate.subject)
        .public_key(request.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(seconds=_BACKDATE_S))
        .not_valid_after(end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False
        )
    )  # fmt: skip
    usages = list(usages)
    flags = {_KEY_USAGES[usage] for usage in usages if usage in _KEY_USAGES}
    if flags:
        begun = begun.add_extension(x509.KeyUsage(**{flag: flag in flags for flag in _FLAGS}), critical=True)
    if purposes := [_PURPOSES[usage] for usage in usages if usage in _PURPOSES]:
        begun = begun.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    try:
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        begun = begun.add_extension(names, critical=False)
    except x509.ExtensionNotFound:
        pass
    certificate = begun.sign(ca.key, hashes.SHA256())
    return base64.b64encode(certificate.public_bytes(serialization.Encoding.PEM)).decode()
