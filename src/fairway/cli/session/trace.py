"""Trace: what ``-v=6`` and more tell of each request, on standard error.

Shape: the lines of kubectl's log: 6 method, URL and status; 7 also the request's headers; 8 also the answer's headers
and the bodies, cut; 9 the bodies whole.  A token is never shown.
"""

import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.client.blocking.connection import Head

_CUT = 1024


class Trace:
    """Tells ``level`` of detail."""

    def __init__(self, level: int) -> None:
        self._level = level

    def __call__(
        self,
        *,
        method: str = "",
        url: str = "",
        head: "Head | None" = None,
        taken_ms: int = 0,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
        body_of_answer: bytes | None = None,
    ) -> None:
        """One request and the head of its answer, or the body of the answer."""
        if head is not None:
            if self._level >= 8 and body is not None:
                self._say("request.go", f"Request Body: {self._shown(body)}")
            if self._level >= 7:
                self._say("round_trippers.go", f"{method} {url}")
                self._say("round_trippers.go", "Request Headers:")
                for name, value in (headers or {}).items():
                    shown = "Bearer <masked>" if name == "Authorization" else value
                    self._say("round_trippers.go", f"    {name}: {shown}")
                self._say(
                    "round_trippers.go", f"Response Status: {head.status} {head.reason} in {taken_ms} milliseconds"
                )
            else:
                self._say("round_trippers.go", f"{method} {url} {head.status} {head.reason} in {taken_ms} milliseconds")
            if self._level >= 8:
                self._say("round_trippers.go", "Response Headers:")
                for name, value in head.headers.items():
                    self._say("round_trippers.go", f"    {name.title()}: {value}")
        if body_of_answer is not None and self._level >= 8:
            self._say("request.go", f"Response Body: {self._shown(body_of_answer)}")

    def _shown(self, body: bytes) -> str:
        text = body.decode("utf-8", "replace")
        return text if self._level > 8 or len(text) <= _CUT else f"{text[:_CUT]} [truncated {len(text) - _CUT} chars]"

    def _say(self, where: str, text: str) -> None:
        now = time.time()
        stamp = time.strftime("%m%d %H:%M:%S", time.localtime(now))
        print(f"I{stamp}.{int(now % 1 * 1e6):06d} {os.getpid():>7} {where}] {text}", file=sys.stderr)
