"""Certificates with their private keys, in PEM: whether a TLS server could use them, and why not.

Source: RFC 7468; the texts are those of Go's crypto/tls.
"""

import base64
import binascii
import re

_block = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s.*?-----END \1-----", re.DOTALL)
_PRIVATE = "PRIVATE KEY"


def fault(certificate: str | None, key: str | None) -> str:
    """What is wrong with a pair, each in PEM and base64; empty if nothing is."""
    chain, secret = _plain(certificate), _plain(key)
    return _of_certificate(_types(chain)) or _of_key(_types(secret)) or _of_both(chain, secret)


def _plain(text: str | None) -> bytes:
    try:
        return base64.b64decode(text or "")
    except binascii.Error:
        return b""


def _types(pem: bytes) -> list[str]:
    return [found.decode() for found in _block.findall(pem)]


def _of_certificate(types: list[str]) -> str:
    if "CERTIFICATE" in types:
        return ""
    if not types:
        return "tls: failed to find any PEM data in certificate input"
    if len(types) == 1 and types[0].endswith(_PRIVATE):
        return (
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may"
            " have been switched"
        )
    return (
        'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following'
        f" types: [{' '.join(types)}]"
    )


def _of_key(types: list[str]) -> str:
    if any(one.endswith(_PRIVATE) for one in types):
        return ""
    if not types:
        return "tls: failed to find any PEM data in key input"
    if types == ["CERTIFICATE"]:
        return "tls: found a certificate rather than a key in the PEM for the private key"
    return (
        'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the'
        f" following types: [{' '.join(types)}]"
    )


def _of_both(chain: bytes, secret: bytes) -> str:
    from cryptography import x509  # takes long to import, and only these Secrets need it
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    try:
        public = x509.load_pem_x509_certificate(chain).public_key().public_bytes(*form)
    except ValueError:
        return "x509: malformed certificate"
    try:
        private = load_pem_private_key(secret, None).public_key().public_bytes(*form)
    except (ValueError, TypeError):
        return "tls: failed to parse private key"
    return "" if public == private else "tls: private key does not match public key"
