"""A key pair: whether a certificate and a key are PEM and belong together.

Source: the texts of Go's ``tls.X509KeyPair``, which kubectl's users see.
"""

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from fairway.cli.generators import GeneratorError

_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")


def check(cert: bytes, key: bytes) -> None:
    """Raises: ``GeneratorError`` where the two do not make a pair."""
    _check_blocks(cert, "certificate")
    try:
        certificate = x509.load_pem_x509_certificate(cert)
        public = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise GeneratorError(f"x509: malformed certificate: {error}") from error
    _check_blocks(key, "key")
    try:
        private = load_pem_private_key(key, None).public_key()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise GeneratorError("tls: failed to parse private key") from error
    if type(private) is not type(public):
        raise GeneratorError("tls: private key type does not match public key type")
    one, other = (each.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for each in (public, private))
    if one != other:
        raise GeneratorError("tls: private key does not match public key")


def _check_blocks(text: bytes, what: str) -> None:
    names = [name.decode() for name in _BLOCK.findall(text)]
    is_key = what == "key"
    if any(name.endswith("PRIVATE KEY") if is_key else name == "CERTIFICATE" for name in names):
        return
    if not names:
        raise GeneratorError(f"tls: failed to find any PEM data in {what} input")
    if is_key and names == ["CERTIFICATE"]:
        raise GeneratorError("tls: found a certificate rather than a key in the PEM for the private key")
    if not is_key and len(names) == 1 and names[0].endswith("PRIVATE KEY"):
        raise GeneratorError(
            "tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may "
            "have been switched"
        )
    wanted = 'PEM block with type ending in "PRIVATE KEY"' if is_key else '"CERTIFICATE" PEM block'
    raise GeneratorError(f"tls: failed to find {wanted} in {what} input after skipping PEM blocks of the following "
                         f"types: [{' '.join(names)}]")  # fmt: skip
