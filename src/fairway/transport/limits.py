"""Limits: how much, how many and how long a connection may ask for before it is refused or dropped.

Shape: one frozen record for a whole server.  ``error_response`` shapes the answers that the transport itself gives.
Source: RFC 9110 (408, 413, 414, 417, 431), RFC 6585; the defaults follow kube-apiserver where it has one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from fairway.transport.interface import Response

KIBIBYTE = 1024
MEBIBYTE = 1024 * KIBIBYTE


def plain_error(status: int, text: str) -> Response:
    """One line of text."""
    return Response(status, text.encode() + b"\n", "text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection may use.  Sizes are bytes, times are seconds."""

    target_bytes: int = 512 * KIBIBYTE
    """The request target; ``kubectl exec`` carries a whole command line in it.  More: 414."""
    header_bytes: int = MEBIBYTE
    """All header names and values of one request.  More: 431."""
    header_count: int = 256
    """Header lines of one request.  More: 431."""
    body_bytes: int = 3 * MEBIBYTE
    """A request's body.  More: 413."""
    hands_on: Callable[[bytes], bool] = lambda _: False
    """Whether a request of this target may have a body of any length, which is handed on as it comes."""
    stream_pending_bytes: int = 4 * MEBIBYTE
    """What a slow peer may let pile up in a stream before its connection is dropped."""
    connections: int = 16384
    """Connections at once.  For a further one whoever has been idle longest is closed; where nobody is, it gets 503."""
    refused_connections: int = 64
    """Connections beyond those, to be told 503; further ones are closed unanswered."""
    handshake_timeout_s: float = 10.0
    """From accept to the end of the TLS handshake."""
    header_timeout_s: float = 32.0
    """From the first byte of a request to the end of its headers.  Longer: 408."""
    body_timeout_s: float = 60.0
    """From the end of the headers to the end of the body.  Longer: 408."""
    idle_timeout_s: float = 90.0
    """Between two requests."""
    write_timeout_s: float = 60.0
    """How long a peer may leave an answer (not a stream) untaken."""
    linger_s: float = 1.0
    """After a refusal, how long what the peer still sends is thrown away, so that it can read the answer."""
    error_response: Callable[[int, str], Response] = plain_error
    """(status, text) -> the answer to a request that no handler sees."""
