"""TLS: contexts for both sides, version 1.2 or newer, with client certificates where they are wanted.

Shape: paths of PEM files in, an ``ssl.SSLContext`` out.  Keys are read by OpenSSL; ``cryptography`` is not imported.
"""

import ssl
from os import PathLike

Path = str | PathLike[str]


def server_context(cert: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """For listening.  With ``client_ca`` a peer may show a certificate; one that is shown must be signed by it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(cert, key)
    context.set_alpn_protocols(["http/1.1"])
    context.num_tickets = 1
    if client_ca is not None:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def client_context(ca: Path | None = None, cert: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """For connecting: trusts ``ca`` (the machine's own authorities if ``None``) and shows ``cert``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if ca is not None:
        context.load_verify_locations(ca)
    else:
        context.load_default_certs()
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context
