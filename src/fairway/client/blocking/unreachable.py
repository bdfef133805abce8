"""Unreachable: why there was no answer, in the words that kubectl prints.  Pure."""

import errno
import os


def told(error: OSError, authority: str) -> str:
    """The sentence for ``error`` while speaking to ``authority``."""
    if error.errno == errno.ECONNREFUSED or isinstance(error, ConnectionRefusedError):
        return f"The connection to the server {authority} was refused - did you specify the right host or port?"
    return f"Unable to connect to the server: {_cause(error, authority)}"


def _cause(error: OSError, authority: str) -> str:
    import socket
    import ssl

    if isinstance(error, ssl.SSLCertVerificationError):
        return f"tls: failed to verify certificate: x509: {_distrust(error, authority)}"
    if isinstance(error, ssl.SSLError):
        if error.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            return "http: server gave HTTP response to HTTPS client"
        return f"remote error: tls: {(error.reason or str(error)).lower().replace('_', ' ')}"
    if isinstance(error, socket.gaierror):
        host = authority.rpartition(":")[0] or authority
        return f"dial tcp: lookup {host}: no such host"
    if isinstance(error, TimeoutError):
        return "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
    if error.errno:
        return f"dial tcp {authority}: connect: {os.strerror(error.errno).lower()}"
    return str(error) or type(error).__name__


def _distrust(error: "object", authority: str) -> str:
    message = str(getattr(error, "verify_message", ""))
    if "Hostname mismatch" in message or "IP address mismatch" in message:
        host = authority.rpartition(":")[0] or authority
        return f"certificate is not valid for {host}"
    if "expired" in message:
        return "certificate has expired or is not yet valid"
    return "certificate signed by unknown authority"
