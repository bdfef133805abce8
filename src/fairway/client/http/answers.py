"""Answers: what a server's response means.  Pure.

Source: Kubernetes API conventions, "Response Status Kind", "HTTP Status codes".
"""

from collections.abc import Mapping
from typing import Any

import orjson

from fairway.objects.errors import StatusError

_REASONS = {
    400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 405: "MethodNotAllowed",
    406: "NotAcceptable", 409: "Conflict", 410: "Gone", 413: "RequestEntityTooLarge", 415: "UnsupportedMediaType",
    422: "Invalid", 429: "TooManyRequests", 500: "InternalError", 503: "ServiceUnavailable", 504: "Timeout",
}  # fmt: skip
_SHOWN_BYTES = 512


def status_error(code: int, headers: Mapping[str, str], body: bytes) -> StatusError:
    """The error of a response that is no success, whether the server or something before it sent it."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        status = None
    if isinstance(status, dict) and status.get("kind") == "Status":
        error = StatusError.from_status(status, code)
    else:
        text = body[:_SHOWN_BYTES].decode("utf-8", "replace").strip()
        error = StatusError(code, _REASONS.get(code, ""), text or f"the server answered {code} and no more")
    wait = headers.get("retry-after", "")
    if wait.isdigit() and error.retry_after_s is None:
        error.details = {**error.details, "retryAfterSeconds": int(wait)}
    return error


class Lines:
    """Splits a stream of bytes into lines, wherever the bytes are cut."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, part: bytes) -> list[bytes]:
        """The lines that ``part`` completes; empty ones are dropped."""
        end = part.rfind(b"\n")
        if end < 0:
            self._parts.append(part)
            return []
        whole = b"".join([*self._parts, part[:end]])
        rest = part[end + 1 :]
        self._parts = [rest] if rest else []
        return [line for line in whole.split(b"\n") if line]


def watch_event(line: bytes) -> tuple[str, Any]:
    """Type and object of one line of a watch.  Raises: ``StatusError`` if the server reports one."""
    event = orjson.loads(line)
    if event["type"] == "ERROR":
        raise StatusError.from_status(event["object"])
    return event["type"], event["object"]
