"""Head: status line and headers of answers, rendered with as little work as can be.

Shape: ``Heads`` keeps what is the same for all answers of one second; everything else is a few bytes joined.
Source: RFC 9110 sections 6.6.1 (Date), 8.6 (Content-Length), 15 (status codes).
"""

import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

from fairway.transport.interface import Response, Stream

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_PHRASES = {status.value: status.phrase for status in HTTPStatus}

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def http_date(unix_s: int) -> str:
    """``Sun, 06 Nov 1994 08:49:37 GMT``, whatever the locale.  Pure."""
    at = time.gmtime(unix_s)
    return (
        f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year:04}"
        f" {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"
    )


def render_headers(headers: Sequence[tuple[str, str]]) -> bytes:
    """Header lines.  Raises: ``ValueError`` if a name or value would break out of its line."""
    text = "".join([f"{name}: {value}\r\n" for name, value in headers])
    if text.count("\n") != len(headers) or text.count("\r") != len(headers):
        raise ValueError(f"line break in response headers {list(headers)!r}")
    return text.encode("latin-1")


class Heads:
    """Renders heads; ``now`` gives the time in Unix seconds."""

    __slots__ = ("_now", "_second", "_starts")

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._second = -1
        self._starts: dict[tuple[int, str], bytes] = {}

    def render(
        self, answer: Response | Stream, framing: bytes, *, keep_alive: bool, is_chunkable: bool = True
    ) -> bytes:
        """The whole head.  ``framing`` is the line that tells where the body ends.  Raises: ``ValueError``."""
        head = self._start(answer.status, answer.content_type) + framing
        if answer.headers:
            head += render_headers(answer.headers)
        if not keep_alive:
            return head + b"Connection: close\r\n\r\n"
        if not is_chunkable:
            # An HTTP/1.0 client must be told.
            return head + b"Connection: keep-alive\r\n\r\n"
        return head + b"\r\n"

    def _start(self, status: int, content_type: str) -> bytes:
        second = int(self._now())
        if second != self._second:
            self._second = second
            self._starts.clear()
        start = self._starts.get((status, content_type))
        if start is None:
            start = self._render_start(status, content_type)
            if len(self._starts) < 256:
                self._starts[status, content_type] = start
        return start

    def _render_start(self, status: int, content_type: str) -> bytes:
        headers = [("Date", http_date(self._second))]
        if content_type:
            headers.append(("Content-Type", content_type))
        return b"HTTP/1.1 %d %b\r\n" % (status, _PHRASES.get(status, "").encode()) + render_headers(headers)
