"""CRI log format: lines of ``<RFC 3339 time> <stream> <tag> <text>``; a line that was too long comes in parts.  Pure.

Source: the Container Runtime Interface's logging format (KEP "CRI container logs"); tag ``P`` is a part, ``F`` the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from fairway.objects.meta import unix_seconds

STREAMS = (b"stdout", b"stderr")


@dataclass(frozen=True, slots=True)
class LogOptions:
    """What of a log is wanted.  Times are Unix seconds; ``None`` means no limit.  ``stream`` is empty for both."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since_s: float | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None
    stream: str = ""


class OptionProblem(ValueError):
    """An option is out of shape."""


def log_options(query: Mapping[str, str], now_s: float) -> LogOptions:
    """The options of a request.  Raises: ``OptionProblem``."""
    since_s = None
    if text := query.get("sinceSeconds"):
        since_s = now_s - _number("sinceSeconds", text, 1)
    if text := query.get("sinceTime"):
        try:
            since_s = unix_seconds(text)
        except ValueError as error:
            raise OptionProblem(f'sinceTime: "{text}" is not an RFC 3339 time') from error
    stream = query.get("stream", "")
    if stream not in ("", "All", "Stdout", "Stderr"):
        raise OptionProblem(f'stream: "{stream}" is not one of All, Stdout, Stderr')
    return LogOptions(
        _flag(query, "follow"), _flag(query, "previous"), _flag(query, "timestamps"), since_s,
        _number("tailLines", query["tailLines"], 0) if query.get("tailLines") else None,
        _number("limitBytes", query["limitBytes"], 1) if query.get("limitBytes") else None,
        "" if stream == "All" else stream.lower(),
    )  # fmt: skip


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in ("true", "1")


def _number(name: str, text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise OptionProblem(f'{name}: "{text}" is not a number') from error
    if number < least:
        raise OptionProblem(f"{name}: {number} is less than {least}")
    return number


@dataclass(slots=True)
class LineReader:
    """Turns bytes of a log file into what the reader wants to see of them, however they were split."""

    options: LogOptions
    _rest: bytes = b""
    _is_inside: dict[bytes, bool] = field(default_factory=dict)
    _is_reached: bool = False
    _left_bytes: int | None = None

    def __post_init__(self) -> None:
        self._left_bytes = self.options.limit_bytes
        self._is_reached = self.options.since_s is None

    @property
    def is_full(self) -> bool:
        """Whether the byte limit is used up."""
        return self._left_bytes == 0

    def read(self, content: bytes) -> bytes:
        """The output of every line that is now complete."""
        lines = (self._rest + content).split(b"\n")
        self._rest = lines.pop()
        shown = b"".join(filter(None, map(self._line, lines)))
        if self._left_bytes is None:
            return shown
        shown = shown[: self._left_bytes]
        self._left_bytes -= len(shown)
        return shown

    def _line(self, line: bytes) -> bytes:
        parts = line.split(b" ", 3)
        if len(parts) < 4 or parts[1] not in STREAMS:
            return b""
        time, stream, tag, text = parts
        if not self._is_reached and not self._reach(time):
            return b""
        is_part = tag.split(b":")[0] == b"P"
        is_start = not self._is_inside.get(stream, False)
        self._is_inside[stream] = is_part
        if self.options.stream and stream != self.options.stream.encode():
            return b""
        head = zoned(time) + b" " if self.options.timestamps and is_start else b""
        return head + text + (b"" if is_part else b"\n")

    def _reach(self, time: bytes) -> bool:
        try:
            self._is_reached = datetime.fromisoformat(time.decode("ascii")).timestamp() >= (self.options.since_s or 0.0)
        except ValueError:
            return False
        return self._is_reached


def zoned(time: bytes) -> bytes:
    """A log's time with ``Z`` for UTC, which is how clients know it."""
    return time[:-6] + b"Z" if time.endswith(b"+00:00") else time


def is_line_end(line: bytes, stream: str) -> bool:
    """Whether a raw line ends a line of output of the wanted stream: what ``tailLines`` counts."""
    parts = line.split(b" ", 3)
    if len(parts) < 4 or parts[1] not in STREAMS:
        return False
    return parts[2].split(b":")[0] != b"P" and (not stream or parts[1] == stream.encode())
