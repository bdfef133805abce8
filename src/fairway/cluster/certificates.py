"""Certificates: the cluster's own authority and the identities it signs.

Shape: files ``<name>.crt`` and ``<name>.key`` (PEM, P-256) in the cluster's pki folder; made at the first start,
renewed when fewer than 30 days are left, else only read.
Source: Kubernetes docs, "PKI certificates and requirements".
"""

import datetime
import ipaddress
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CA_DAYS = 3650
LEAF_DAYS = 365
RENEW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a certificate is for.  ``hosts`` are names and addresses of a server; empty for a client."""

    file: str
    common_name: str
    organizations: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    authority: str = "ca"
    """The file of the CA that signs it."""


def identities(
    *, node_name: str, cluster_domain: str, addresses: Sequence[str], others: Sequence[Identity] = ()
) -> tuple[Identity, ...]:
    """All identities of a cluster; ``addresses`` are those the API server and the first node are reached at."""
    names = ("kubernetes", "kubernetes.default", "kubernetes.default.svc", f"kubernetes.default.svc.{cluster_domain}")
    return (
        Identity("apiserver", "kube-apiserver", hosts=("localhost", *names, *dict.fromkeys(addresses))),
        Identity("apiserver-kubelet-client", "kube-apiserver-kubelet-client", ("system:masters",)),
        # Signed by a CA of its own: by this certificate extension servers believe what headers say of users.
        Identity("front-proxy-client", "front-proxy-client", authority="front-proxy-ca"),
        Identity("admin", "kubernetes-admin", ("system:masters",)),
        node_identity("node", node_name, addresses, runs_ingress=True),
        *others,
    )


def node_identity(
    file: str, node_name: str, addresses: Iterable[str], *, runs_ingress: bool = False
) -> Identity:  # fmt: skip
    """Who a node is to the API server, and what its own server may be called.

    ``runs_ingress``: its process holds the Ingress controller too, which reads certificates from Secrets.
    """
    hosts = (node_name, "localhost", *dict.fromkeys(addresses))
    groups = ("system:nodes", *(("fairway:ingress",) if runs_ingress else ()))
    return Identity(file, f"system:node:{node_name}", groups, hosts)


def ensure(folder: Path, wanted: Sequence[Identity]) -> list[str]:
    """Make what is missing, due or for other hosts; the names of what was made.  0600 for keys, 0644 for the rest."""
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "identities"
    text = "\n".join(map(repr, wanted))
    soon = datetime.datetime.now().timestamp() + RENEW_DAYS * 86400
    is_same = stamp.exists() and stamp.read_text() == text and stamp.stat().st_mtime + LEAF_DAYS * 86400 > soon
    if is_same and all((folder / f"{who.file}{end}").exists() for who in wanted for end in (".crt", ".key")):
        return []
    authorities = {file: _authority(folder, file) for file in {"ca", *(who.authority for who in wanted)}}
    for who in wanted:
        _issue(folder, who, *authorities[who.authority])
    write(stamp, text.encode(), 0o644)
    return [who.file for who in wanted]


def ensure_token_key(folder: Path) -> None:
    """Make ``sa.key`` and ``sa.pub``, which sign and check service-account tokens, if they are missing.

    RSA, since whoever checks the tokens by OpenID may know nothing else.
    """
    if (folder / "sa.key").exists():
        return
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    write(folder / "sa.pub", key.public_key().public_bytes(serialization.Encoding.PEM, form), 0o644)
    write(folder / "sa.key", key_bytes(key), 0o600)


def _authority(folder: Path, file: str = "ca") -> tuple[Any, Any]:
    """A CA's certificate and key, made if missing."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    paths = folder / f"{file}.crt", folder / f"{file}.key"
    if all(path.exists() for path in paths):
        key = serialization.load_pem_private_key(paths[1].read_bytes(), None)
        return x509.load_pem_x509_certificate(paths[0].read_bytes()), key
    fresh = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes" if file == "ca" else file)])
    certificate = (
        builder(subject, subject, fresh.public_key(), CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(fresh.public_key()), critical=False)
        .sign(fresh, hashes.SHA256())
    )
    write(paths[1], key_bytes(fresh), 0o600)
    write(paths[0], certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return certificate, fresh


def _issue(folder: Path, who: Identity, ca: Any, ca_key: Any) -> None:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID

    key = ec.generate_private_key(ec.SECP256R1())
    attributes = [x509.NameAttribute(x509.NameOID.COMMON_NAME, who.common_name)]
    for organization in reversed(who.organizations):
        attributes.insert(0, x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, organization))
    purposes = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if who.hosts:
        purposes.insert(0, ExtendedKeyUsageOID.SERVER_AUTH)
    begun = (
        builder(x509.Name(attributes), ca.subject, key.public_key(), LEAF_DAYS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        .add_extension(signed_by(ca), critical=False)
    )
    if who.hosts:
        begun = begun.add_extension(
            x509.SubjectAlternativeName([general_name(host) for host in who.hosts]), critical=False
        )
    certificate = begun.sign(ca_key, hashes.SHA256())
    write(folder / f"{who.file}.key", key_bytes(key), 0o600)
    write(folder / f"{who.file}.crt", certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def builder(subject: Any, issuer: Any, public_key: Any, days: float) -> Any:
    """The beginning of a certificate that counts from an hour ago, for clocks differ, for so many days."""
    from cryptography import x509

    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def usage(*, is_authority: bool) -> Any:
    """What the key of an authority, or of anyone else, may be used for."""
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def signed_by(ca: Any) -> Any:
    """The extension that names the signing key."""
    from cryptography import x509

    return x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())


def general_name(host: str) -> Any:
    """A host name or an address as certificates have it."""
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def key_bytes(key: Any) -> bytes:
    """A private key as PEM."""
    from cryptography.hazmat.primitives import serialization

    form = serialization.PrivateFormat.PKCS8
    text: bytes = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return text


def write(path: Path, text: bytes, mode: int, owner: tuple[int, int] | None = None) -> None:
    """Put a file in place as a whole, never readable by more than ``mode`` says; ``owner`` is a user and a group."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(text)
        if owner is not None:
            os.fchown(file.fileno(), *owner)
    os.replace(fresh, path)
