"""Keys: the private key that signs service-account tokens, and how its public half is told to others.

Rules for those who change it: imported with the first token, since it loads PyJWT and cryptography (14 MB).
Source: RFC 7517, RFC 7518 (RS256, ES256); clients of OpenID that are told no algorithms take RS256 alone.
"""

import base64
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import jwt  # noqa: F401  (loaded with the keys, so that no request waits for it)
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey


class Keys(NamedTuple):
    """A pair of keys, and the public one as a JSON Web Key."""

    private: Any
    public: Any
    algorithm: str
    id: str
    jwk: dict[str, str]


def read(file: Path) -> Keys:
    """The keys of ``file``: RSA as upstream's clusters have it, or P-256 as ours had it once."""
    private = serialization.load_pem_private_key(file.read_bytes(), None)
    if isinstance(private, RSAPrivateKey):
        numbers = private.public_key().public_numbers()
        algorithm, told = "RS256", {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    elif isinstance(private, EllipticCurvePrivateKey) and private.curve.name == "secp256r1":
        point = private.public_key().public_numbers()
        algorithm, told = "ES256", {"kty": "EC", "crv": "P-256", "x": _number(point.x, 32), "y": _number(point.y, 32)}
    else:
        raise ValueError(f"{file} is no key of RSA or P-256")
    public = private.public_key()
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    key_id = _base64(hashlib.sha256(public.public_bytes(serialization.Encoding.DER, form)).digest())
    return Keys(private, public, algorithm, key_id, {"use": "sig", "kid": key_id, "alg": algorithm, **told})


def _number(number: int, size: int = 0) -> str:
    return _base64(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
