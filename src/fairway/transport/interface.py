"""What a handler sees of HTTP: Request in, Response out, and three ways to stay connected.

Shape: ``Handler(request) -> Response | Stream | TakeOver``, or an awaitable of one.  A synchronous answer costs no
task.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end.  All but ``address`` is of the client certificate, or empty.

    ``fingerprint`` is the SHA-256 of the whole certificate, in hexadecimal.
    """

    address: str = ""
    common_name: str = ""
    organizations: tuple[str, ...] = ()
    fingerprint: str = ""


class Rest(Protocol):
    """A body that is still coming."""

    def pieces(self) -> AsyncIterator[bytes]:
        """All parts, in order.  Raises: ``ConnectionResetError`` if the rest never comes."""


@dataclass(slots=True)
class Request:
    """One request, body complete unless there is a ``rest``.

    Header names are lower-case; one that is repeated has its values joined, ``impersonate-*`` by line breaks, others by
    commas.  ``query`` keeps order and repeats, decoded.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: bytes
    peer: Peer
    target: str = ""
    """The request target as sent: undecoded path and query."""
    rest: "Rest | None" = None
    """The body, where it is handed on as it comes; ``body`` is empty then."""


@dataclass(slots=True)
class Response:
    """A whole answer.  ``Content-Length`` and ``Date`` are added; ``headers`` may repeat a name."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)


class StreamWriter(Protocol):
    """The open end of a streamed answer.

    ``frame(data)`` (module ``transport.server``) makes a chunk once, so that the same bytes go to any number of
    streams.
    """

    def write(self, frame: bytes) -> None:
        """Send one ready-made chunk.  Never blocks; a peer that lets more than the limit pile up is closed."""

    def close(self) -> None:
        """End the answer properly (last chunk); the connection may serve another request."""

    def abort(self) -> None:
        """Drop the connection at once."""

    @property
    def is_closed(self) -> bool:
        """Whether the peer has gone or the stream has ended."""

    @property
    def pending_bytes(self) -> int:
        """What the peer has not yet taken."""

    async def drained(self) -> None:
        """Return when the peer has taken enough for more to be written, or has gone."""


@dataclass(slots=True)
class Stream:
    """An answer of unknown length: headers go out, then ``opened(writer)`` is called; ``closed()`` when it is over."""

    opened: Callable[[StreamWriter], None]
    closed: Callable[[], None] = lambda: None
    status: int = 200
    content_type: str = "application/json"
    headers: list[tuple[str, str]] = field(default_factory=list)


class RawConnection(Protocol):
    """The bare connection after an upgrade: no HTTP any more."""

    async def read(self) -> bytes:
        """What came, at least one byte; ``b""`` when the peer will send no more."""

    async def write(self, data: bytes) -> None:
        """Send, waiting while the peer is slow.  Raises: ``ConnectionError`` when it has gone."""

    def write_eof(self) -> None:
        """Half-close where the transport can (TLS cannot: then it does nothing)."""

    def close(self) -> None:
        """End the connection, after what was written has gone out."""


@dataclass(slots=True)
class TakeOver:
    """Hand over the connection: ``run`` writes its own head (101 ...) and owns the bytes until it returns."""

    run: Callable[[RawConnection], Awaitable[None]]


Answer = Response | Stream | TakeOver
Handler = Callable[[Request], Answer | Awaitable[Answer]]
