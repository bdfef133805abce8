"""Parser: bytes of a connection in, whole requests out; no sockets, no clock.

Shape: ``feed`` takes whatever came; finished requests stand in ``received``; the first fault stands in ``failure``
and ends the parsing.  Where the bytes are cut makes no difference to what comes out.
Source: RFC 9112; the grammar is httptools' (llhttp in its strict mode).
Rules for those who change it: a request whose end two readers could see differently is refused, never repaired.
"""

from collections import deque
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import httptools

from fairway.transport.body import OpenBody
from fairway.transport.interface import Peer, Request
from fairway.transport.limits import KIBIBYTE, Limits
from fairway.transport.target import decode_path, decode_query, split_target

Phase = Literal["idle", "head", "body"]
CHUNK_OVERHEAD_BYTES = 64 * KIBIBYTE
"""Chunk sizes, extensions and trailers that may come on top of eight times the body they carry."""
_ONCE = frozenset({"host", "content-type", "authorization", "expect", "transfer-encoding"})
"""Headers whose repetition makes a request ambiguous."""
_NAMES: dict[bytes, str] = {}
_NAMES_KEPT = 512


class Incoming(NamedTuple):
    """A whole request and what the connection must know to answer it."""

    request: Request
    keep_alive: bool
    is_chunkable: bool
    """The peer understands chunks (HTTP/1.1)."""
    is_upgrade: bool
    """What follows on the connection may be another protocol."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the bytes are no request, as an HTTP status and a sentence."""

    status: int
    text: str


TOO_MANY_CONNECTIONS = Failure(503, "too many connections are open: try again later")


class _Refused(Exception):
    pass


def _header_name(name: bytes) -> str:
    known = _NAMES.get(name)
    if known is None:
        known = name.decode("latin-1").lower()
        if len(_NAMES) < _NAMES_KEPT and len(name) <= 64:
            _NAMES[name] = known
    return known


def _joint(name: str) -> str:
    """What stands between the values of a header that is repeated."""
    if name == "cookie":
        return "; "
    # Groups and what else a user has may hold commas, as the names in a directory do.
    return "\n" if name.startswith("impersonate-") else ", "


class RequestParser:
    """The requests of one connection.  After an upgrade request call ``resume`` or take ``leftover``."""

    __slots__ = (
        "_body",
        "_body_bytes",
        "_head_bytes",
        "_headers",
        "_limits",
        "_parser",
        "_peer",
        "_progress",
        "_raw_bytes",
        "_silent_bytes",
        "_target",
        "_trailers",
        "awaits_continue",
        "failure",
        "is_upgraded",
        "leftover",
        "open_body",
        "phase",
        "received",
    )

    def __init__(self, limits: Limits, peer: Peer) -> None:
        self._limits = limits
        self._peer = peer
        self.received: deque[Incoming] = deque()
        self.failure: Failure | None = None
        self.phase: Phase = "idle"
        self.awaits_continue = False
        """The peer sends the body only after ``100 Continue``; cleared by whoever sends that."""
        self.is_upgraded = False
        self.leftover = b""
        """What came after an upgrade request."""
        self.open_body: OpenBody | None = None
        """The body under way of a request that was received already."""
        self._parser: Any = httptools.HttpRequestParser(self)
        self._progress = False
        self._silent_bytes = 0
        self._clear()

    def feed(self, data: bytes) -> None:
        """Take the next bytes; nothing is taken any more after a failure."""
        if self.failure is not None:
            return
        if self.is_upgraded:
            self.leftover += data
            return
        self._progress = False
        if self.phase == "body":
            self._raw_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.is_upgraded = True
            self.leftover = bytes(data[upgrade.args[0] :])
        except httptools.HttpParserCallbackError:
            if self.failure is None:
                raise
        except httptools.HttpParserError as error:
            self._refuse(400, f"malformed HTTP request: {error}")
        else:
            self._count_silence(len(data))

    def resume(self) -> None:
        """Go on with HTTP after an upgrade request that was answered without an upgrade."""
        leftover, self.leftover = self.leftover, b""
        self.is_upgraded = False
        self._parser = httptools.HttpRequestParser(self)
        if leftover:
            self.feed(leftover)

    def lose(self) -> None:
        """No more bytes will come."""
        if self.open_body is not None:
            self.open_body.lose()

    def _clear(self) -> None:
        self._target = b""
        self._headers: dict[str, str] = {}
        self._head_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._raw_bytes = 0
        self._trailers = 0

    def _refuse(self, status: int, text: str) -> None:
        if self.failure is None:
            self.failure = Failure(status, text)
        self.lose()

    def _stop(self, status: int, text: str) -> None:
        self._refuse(status, text)
        raise _Refused

    def _count_silence(self, size: int) -> None:
        # llhttp tells nothing while a header line or a chunk extension is under way: bound what it swallows.
        self._silent_bytes = 0 if self._progress else self._silent_bytes + size
        if self._silent_bytes + self._head_bytes > self._limits.header_bytes:
            self._refuse(431, self._header_text())
        if self._raw_bytes - 9 * self._body_bytes > CHUNK_OVERHEAD_BYTES:
            self._refuse(400, "malformed HTTP request: chunks carry too little")

    def _header_text(self) -> str:
        return f"Request header fields too large: limit is {self._limits.header_bytes}"

    # What httptools calls, in the order of the bytes.

    def on_message_begin(self) -> None:
        """Start afresh."""
        self._progress = True
        self.phase = "head"

    def on_url(self, part: bytes) -> None:
        """Collect the request target, which may come in parts."""
        self._progress = True
        self._target = self._target + part if self._target else part
        if len(self._target) > self._limits.target_bytes:
            self._stop(414, f"Request-URI Too Long: limit is {self._limits.target_bytes}")

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header line, or count one trailer, which is then forgotten."""
        self._progress = True
        self._head_bytes += len(name) + len(value) + 4
        if self._head_bytes > self._limits.header_bytes:
            self._stop(431, self._header_text())
        headers = self._headers
        if self.phase == "body":
            self._trailers += 1
        else:
            known = _header_name(name)
            text = value.decode("latin-1").rstrip(" \t")
            if known not in headers:
                headers[known] = text
            elif known in _ONCE:
                self._stop(400, f"malformed HTTP request: header {known!r} stands twice")
            else:
                headers[known] += _joint(known) + text
                self._trailers += 1
        if len(headers) + self._trailers > self._limits.header_count:
            self._stop(431, f"Request header fields too large: limit is {self._limits.header_count} lines")

    def on_headers_complete(self) -> None:
        """Check everything that the head alone can tell, before a byte of the body is kept."""
        self._progress = True
        self._trailers = 0
        headers = self._headers
        version = self._parser.get_http_version()
        if version != "1.1":
            self._check_version(version)
        elif "host" not in headers:
            self._stop(400, "malformed HTTP request: missing required Host header")
        length = headers.get("content-length")
        coding = headers.get("transfer-encoding")
        is_large = length is not None and int(length) > self._limits.body_bytes
        is_open = (is_large or coding is not None) and self._limits.hands_on(self._target)
        if is_large and not is_open:
            self._stop(413, self._body_text())
        if coding is not None and coding.lower() != "chunked":
            self._stop(501, f"Unsupported transfer encoding: {coding!r}")
        has_body = coding is not None or (length is not None and int(length) > 0)
        if "expect" in headers:
            self._expect(has_body and version == "1.1")
        if has_body and self._parser.should_upgrade():
            # llhttp would take the body for the other protocol.
            self._stop(400, "malformed HTTP request: an upgrade cannot carry a body")
        self.phase = "body"
        if is_open:
            self.open_body = OpenBody()
            self._receive(self.open_body)

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body."""
        self._progress = True
        self.awaits_continue = False
        self._body_bytes += len(part)
        if self.open_body is not None:
            self.open_body.feed(part)
            return
        if self._body_bytes > self._limits.body_bytes:
            self._stop(413, self._body_text())
        self._body.append(part)

    def on_message_complete(self) -> None:
        """The end of a body, and so of its request."""
        self._progress = True
        if self.open_body is None:
            self._receive()
        else:
            self.open_body.end()
            self.open_body = None
        self.phase = "idle"
        self.awaits_continue = False
        self._clear()

    def _receive(self, rest: OpenBody | None = None) -> None:
        """Put the request where the connection finds it; nothing can follow one whose body is still coming."""
        parser, body = self._parser, self._body
        method: str = parser.get_method().decode()
        if method == "CONNECT":
            self._stop(405, "CONNECT is not served")
        try:
            target = self._target.decode("ascii")
            path, query = split_target(target)
            request = Request(
                method, decode_path(path), decode_query(query), self._headers,
                b"" if not body else body[0] if len(body) == 1 else b"".join(body), self._peer, target, rest,
            )  # fmt: skip
        except ValueError:
            self._stop(400, f"malformed HTTP request: invalid request target {self._target!r}")
        keep_alive = parser.should_keep_alive() and rest is None
        self.received.append(Incoming(request, keep_alive, parser.get_http_version() == "1.1", parser.should_upgrade()))

    def _check_version(self, version: str) -> None:
        if version != "1.0":
            self._stop(505, f"unsupported HTTP version {version}")
        if "transfer-encoding" in self._headers:
            self._stop(400, "malformed HTTP request: HTTP/1.0 has no transfer encodings")

    def _expect(self, has_body: bool) -> None:
        if self._headers["expect"].lower() != "100-continue":
            self._stop(417, f"unknown expectation {self._headers['expect']!r}")
        self.awaits_continue = has_body

    def _body_text(self) -> str:
        return f"Request entity too large: limit is {self._limits.body_bytes}"
