"""Unreachable: why there was no answer, in the words that kubectl prints."""

import errno
import os


def told(error: OSError, authority: str, server_name: str = "") -> str:
    """The sentence for ``error`` while speaking to ``authority``, whose certificate must be for ``server_name``."""
    if error.errno == errno.ECONNREFUSED or isinstance(error, ConnectionRefusedError):
        return f"The connection to the server {authority} was refused - did you specify the right host or port?"
    return f"Unable to connect to the server: {_cause(error, authority, server_name)}"


def _cause(error: OSError, authority: str, server_name: str) -> str:
    import socket
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: x509: {_distrust(error, authority, server_name)}"
    if isinstance(error, ssl.SSLError):
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            return "http: server gave HTTP response to HTTPS client"
        return f"remote error: tls: {(error.reason or str(error)).lower().replace('_', ' ')}"
    if isinstance(error, socket.gaierror):
        return no_such_host(authority.rpartition(":")[0] or authority)
    if isinstance(error, TimeoutError):
        return "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
    if error.errno:
        return f"dial tcp {authority}: connect: {os.strerror(error.errno).lower()}"
    return str(error) or type(error).__name__


def no_such_host(host: str) -> str:
    """A name that no name server knows."""
    return f"dial tcp: lookup {host}{_asked()}: no such host"


def _distrust(error: "object", authority: str, server_name: str) -> str:
    message = str(getattr(error, "verify_message", ""))
    if "Hostname mismatch" in message or "IP address mismatch" in message:
        return _mismatch(authority, server_name)
    if "expired" in message:
        return "certificate has expired or is not yet valid"
    return "certificate signed by unknown authority"


def _asked() -> str:
    """Which name server has been asked, if that can be told."""
    try:
        with open("/etc/resolv.conf") as lines:
            server = next(line.split()[1] for line in lines if line.startswith("nameserver "))
    except (OSError, StopIteration, IndexError):
        return ""
    return f" on {server}:53"


def _mismatch(authority: str, server_name: str) -> str:
    """For whom the server's certificate is: it is asked once more, without trust, and told nothing."""
    import ssl

    from cryptography import x509

    host, _, port = authority.rpartition(":")
    wanted = server_name or host.strip("[]")
    try:
        pem = ssl.get_server_certificate((host.strip("[]"), int(port)), timeout=5.0)
        extension = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        is_address = wanted.replace(".", "").isdecimal() or ":" in wanted
        kind = x509.IPAddress if is_address else x509.DNSName
        names = [str(name) for name in extension.value.get_values_for_type(kind)]
    except (OSError, ValueError, x509.ExtensionNotFound):
        return f"certificate is not valid for {wanted}"
    return f"certificate is valid for {', '.join(names)}, not {wanted}"
