"""Peer: who is at the other end of a transport.

Source: Kubernetes docs, "X509 client certificates": the common name is the user, the organizations are the groups.
"""

import asyncio
from hashlib import sha256

from fairway.transport.interface import Peer


def peer_of(transport: asyncio.BaseTransport) -> Peer:
    """Address and what its client certificate tells; read once per connection."""
    name = transport.get_extra_info("peername")
    certificate = transport.get_extra_info("peercert") or {}
    pairs = [pair for names in certificate.get("subject", ()) for pair in names]
    common_names = [value for attribute, value in pairs if attribute == "commonName"]
    return Peer(
        address=name[0] if isinstance(name, tuple) else "",
        common_name=common_names[-1] if common_names else "",
        organizations=tuple(value for attribute, value in pairs if attribute == "organizationName"),
        fingerprint=sha256(transport.get_extra_info("ssl_object").getpeercert(True)).hexdigest() if certificate else "",
    )
