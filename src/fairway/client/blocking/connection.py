"""Connection: HTTP/1.1 over one socket, plain or TLS, blocking.

Shape: ``send`` a request, then ``head`` gives the ``Head`` of the answer, then ``body`` or ``pieces``.  A connection
whose answer was read to its end may be used again.
Source: RFC 9112.
"""

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

_READ_BYTES = 1 << 16
_HEAD_MAX_BYTES = 1 << 20


class Socket(_socket.socket):
    """A socket of the standard library's module in C, to which TLS can refer weakly."""

    __slots__ = ("__weakref__",)


def plain_socket(host: str, port: int, timeout_s: float) -> Socket:
    """A connected socket; the module ``socket`` takes longer to import than to connect."""
    failure: OSError | None = None
    for family, kind, protocol, _, address in _socket.getaddrinfo(
        host.encode("idna" if not host.isascii() else "ascii"), port, 0, _socket.SOCK_STREAM
    ):
        found = Socket(family, kind, protocol)
        try:
            found.settimeout(timeout_s or None)
            found.connect(address)
            found.setsockopt(_socket.IPPROTO_TCP, _socket.TCP_NODELAY, 1)
            return found
        except OSError as error:
            found.close()
            failure = error
    raise failure or OSError(f"{host} has no address")


class Head:
    """The first part of an answer; header names are lower-case, ``warnings`` are all ``Warning:`` headers."""

    __slots__ = ("headers", "reason", "status", "warnings")

    def __init__(self, status: int, reason: str, headers: dict[str, str], warnings: list[str]) -> None:
        self.status, self.reason, self.headers, self.warnings = status, reason, headers, warnings


class Closed(ConnectionError):
    """The other side has closed, in the midst of an answer or before it."""


class Connection:
    """One socket, plain or behind TLS.  Raises ``OSError`` as sockets do, and ``Closed``."""

    def __init__(self, socket: "Any") -> None:
        self.socket = socket
        self.received = bytearray()
        """What was read and not yet used: after ``head`` of an upgrade the first bytes of the other protocol."""
        self.is_reusable = False
        self.deadline_s = 0.0
        """When reading ends with a ``TimeoutError``, of the monotonic clock; 0 for never."""

    def close(self) -> None:
        """Close; once more does nothing."""
        self.socket.close()

    def send(self, method: str, target: str, headers: "Mapping[str, str]", body: bytes | None) -> None:
        """Write a request."""
        self.is_reusable = False
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b""))

    def head(self) -> Head:
        """Read the head of the answer, past any 100 Continue."""
        while True:
            found = self._head()
            if found.status == 101 or found.status >= 200:
                return found

    def _head(self) -> Head:
        while (end := self.received.find(b"\r\n\r\n")) < 0:
            if len(self.received) > _HEAD_MAX_BYTES:
                raise Closed("malformed HTTP response: its head does not end")
            self._fill()
        lines = self.received[:end].decode("latin-1").split("\r\n")
        del self.received[: end + 4]
        version, _, rest = lines[0].partition(" ")
        code, _, reason = rest.partition(" ")
        if not version.startswith("HTTP/1.") or not code.isdecimal():
            raise Closed(f'malformed HTTP response "{lines[0][:80]}"')
        headers: dict[str, str] = {}
        warnings: list[str] = []
        for line in lines[1:]:
            name, _, value = line.partition(":")
            name, value = name.lower(), value.strip()
            headers[name] = value
            if name == "warning":
                warnings.append(value)
        return Head(int(code), reason, headers, warnings)

    def body(self, head: Head) -> bytes:
        """The whole body."""
        return b"".join(self.pieces(head))

    def pieces(self, head: Head) -> "Iterator[bytes]":
        """The body as it comes, in pieces of any size."""
        if "chunked" in head.headers.get("transfer-encoding", "").lower():
            yield from self._chunks()
        elif "content-length" in head.headers:
            left = int(head.headers["content-length"])
            while left:
                if not self.received:
                    self._fill()
                piece = bytes(self.received[:left])
                del self.received[: len(piece)]
                left -= len(piece)
                yield piece
        elif head.status not in (204, 304):
            yield from self._until_closed()
            return
        self.is_reusable = head.headers.get("connection", "").lower() != "close"

    def _until_closed(self) -> "Iterator[bytes]":
        while True:
            if self.received:
                piece = bytes(self.received)
                self.received.clear()
                yield piece
            try:
                self._fill()
            except Closed:
                return

    def _chunks(self) -> "Iterator[bytes]":
        while True:
            size = int(self._line().split(b";")[0], 16)
            if not size:
                while self._line():
                    pass
                return
            while len(self.received) < size + 2:
                self._fill()
            piece = bytes(self.received[:size])
            del self.received[: size + 2]
            yield piece

    def _line(self) -> bytes:
        while (end := self.received.find(b"\r\n")) < 0:
            self._fill()
        line = bytes(self.received[:end])
        del self.received[: end + 2]
        return line

    def _fill(self) -> None:
        if self.deadline_s:
            import time

            left_s = self.deadline_s - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            self.socket.settimeout(left_s)
        got = self.socket.recv(_READ_BYTES)
        if not got:
            raise Closed("EOF")
        self.received += got
