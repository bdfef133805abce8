"""Settings: what the composition root tells the API server."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes and times in seconds that bound what one request may cost."""

    body_bytes: int = 3 * 1024 * 1024
    """A request's body, and an object as it is stored."""
    request_s: float = 60.0
    watches: int = 12_000
    """Watches over HTTP at once; each has a connection of its own."""
    watches_of_one_user: int = 6_000
    store_bytes: int = 2 * 1024 * 1024 * 1024
    """All objects together; what would make them more is refused, as by etcd's default quota."""
    watch_s: float = 1800.0
    """The shortest that a watch without timeoutSeconds lasts; the longest is twice that."""
    bookmark_s: float = 60.0
    patience_s: float = 60.0
    """How long a peer may take nothing of a long answer before it is dropped."""
    window_bytes: int = 16 * 1024 * 1024
    """Remembered changes of all kinds together, for watches that resume."""
    gzip_from_bytes: int = 128 * 1024
    claim_tries: int = 64
    conflict_tries: int = 5


@dataclass(frozen=True, slots=True)
class NodeTunnel:
    """Credentials for the nodes' HTTPS API: PEM files of the client certificate, its key, and the cluster's CA."""

    certificate: Path
    key: Path
    ca: Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Pods reach this server at the advertised address and port; ``service_cidrs`` come primary family first.

    ``dns_addresses`` are the cluster IPs of the DNS, none where there is no DNS; it is served at
    ``dns_endpoints``, or, if these are not told, at the advertised address.
    """

    service_cidrs: tuple[str, ...] = ("10.96.0.0/16",)
    node_port_range: tuple[int, int] = (30000, 32767)
    advertise_address: str = "127.0.0.1"
    advertise_port: int = 6443
    has_ingress: bool = False
    dns_addresses: tuple[str, ...] = ()
    dns_endpoints: tuple[str, ...] = ()
    node_tunnel: NodeTunnel | None = None
    front_proxy: NodeTunnel | None = None
    """What extension servers know this server by: a certificate, its key, and the CA that signs only this one."""
    token_key: Path | None = None
    """The private key (PEM, RSA or P-256) that signs service-account tokens; without one none are issued."""
    token_issuer: str = "https://kubernetes.default.svc.cluster.local"
    root_ca: Path | None = None
    """The CA (PEM) that signs this server's certificate, as Secrets with tokens tell it; none: they tell none."""
    version: str = "v1.36.0+fairway"
    limits: Limits = field(default_factory=Limits)
