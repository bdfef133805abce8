"""SPDY session: streams, half-closes, pings and windows of one connection.  Pure: bytes in, events out, bytes to send.

Flow control: the peer is told about everything that was consumed.  Its own windows are respected from the moment it
shows that it keeps them (a SETTINGS or WINDOW_UPDATE frame); kubectl's library never does and would starve.
Back-pressure towards such a peer is that of TCP.
"""

from dataclasses import dataclass, field

from fairway.node.streams.spdy import frames
from fairway.node.streams.spdy.headers import Compressor, Decompressor, HeaderProblem, Headers

WINDOW_BYTES = 64 * 1024
MAX_STREAMS = 1024
PIECE_BYTES = 32 * 1024


class SessionProblem(Exception):
    """The peer broke the protocol: the connection is lost."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The peer has opened a stream."""

    stream: int
    headers: dict[str, str]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Accepted:
    """The peer has accepted a stream of ours."""

    stream: int
    headers: dict[str, str]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes of a stream; ``is_last``: the peer will send no more on it."""

    stream: int
    content: bytes
    is_last: bool


@dataclass(frozen=True, slots=True)
class Reset:
    """The peer has broken a stream off."""

    stream: int
    status: int


@dataclass(frozen=True, slots=True)
class WindowOpened:
    """More may be sent: on one stream, or on all (0)."""

    stream: int


@dataclass(frozen=True, slots=True)
class GoneAway:
    """The peer opens and takes no more streams."""


@dataclass(frozen=True, slots=True)
class Pinged:
    """A ping of ours was answered."""

    number: int


Event = Opened | Accepted | Received | Reset | WindowOpened | GoneAway | Pinged


@dataclass(slots=True)
class _Stream:
    window_bytes: int
    is_send_open: bool = True
    is_receive_open: bool = True
    unacknowledged_bytes: int = 0


@dataclass(slots=True)
class Session:
    """One side of a connection; a client opens odd streams, a server even ones."""

    is_client: bool = False
    _reader: frames.Reader = field(default_factory=frames.Reader)
    _compressor: Compressor = field(default_factory=Compressor)
    _decompressor: Decompressor = field(default_factory=Decompressor)
    _streams: dict[int, _Stream] = field(default_factory=dict)
    _out: bytearray = field(default_factory=bytearray)
    _last_opened: int = 0
    _last_seen: int = 0
    _keeps_windows: bool = False
    _peer_window_bytes: int = WINDOW_BYTES
    _session_window_bytes: int = WINDOW_BYTES
    _session_unacknowledged_bytes: int = 0

    def data_to_send(self) -> bytes:
        """What must go out now."""
        data = bytes(self._out)
        self._out.clear()
        return data

    # Receiving

    def receive(self, data: bytes) -> list[Event]:
        """What the peer did.  Raises: ``SessionProblem``."""
        events: list[Event] = []
        try:
            for frame in self._reader.receive(data):
                found = self._data(frame) if isinstance(frame, frames.Data) else self._control(frame)
                if found is not None:
                    events.append(found)
        except (frames.FrameProblem, HeaderProblem) as problem:
            raise SessionProblem(str(problem)) from problem
        return events

    def _data(self, frame: frames.Data) -> Event | None:
        stream = self._streams.get(frame.stream)
        if stream is None or not stream.is_receive_open:
            self.consumed(0, len(frame.content))
            return None
        if frame.is_last:
            self._close_receive(frame.stream, stream)
        return Received(frame.stream, frame.content, frame.is_last)

    def _control(self, frame: frames.Control) -> Event | None:
        match frame.kind:
            case frames.SYN_STREAM:
                return self._syn_stream(frame)
            case frames.SYN_REPLY | frames.HEADERS:
                return self._reply(frame)
            case frames.RST_STREAM:
                number, status = frames.numbers(frame.payload, 2)
                return Reset(number, status) if self._streams.pop(number, None) else None
            case frames.SETTINGS:
                return self._settings(frames.setting_values(frame.payload))
            case frames.WINDOW_UPDATE:
                number, delta = frames.numbers(frame.payload, 2)
                return self._window(number, delta)
            case frames.PING:
                return self._ping(frame.payload)
            case frames.GOAWAY:
                return GoneAway()
        return None

    def _syn_stream(self, frame: frames.Control) -> Event | None:
        (number,) = frames.numbers(frame.payload, 1)
        headers = self._decompressor.decompress(frame.payload[10:])
        is_ours = number % 2 == int(self.is_client)
        if number == 0 or is_ours or number <= self._last_seen:
            raise SessionProblem(f"stream {number} cannot be opened")
        self._last_seen = number
        if len(self._streams) >= MAX_STREAMS:
            self._out += frames.rst_stream(number, frames.REFUSED_STREAM)
            return None
        is_last = bool(frame.flags & frames.FIN)
        self._streams[number] = _Stream(self._peer_window_bytes, is_receive_open=not is_last)
        return Opened(number, headers, is_last)

    def _reply(self, frame: frames.Control) -> Event | None:
        (number,) = frames.numbers(frame.payload, 1)
        headers = self._decompressor.decompress(frame.payload[4:])
        stream = self._streams.get(number)
        if stream is None:
            return None
        is_last = bool(frame.flags & frames.FIN)
        if is_last:
            self._close_receive(number, stream)
        if frame.kind == frames.HEADERS:
            return Received(number, b"", is_last) if is_last else None
        return Accepted(number, headers, is_last)

    def _settings(self, values: dict[int, int]) -> Event | None:
        self._keeps_windows = True
        if frames.INITIAL_WINDOW_SIZE not in values:
            return None
        change = values[frames.INITIAL_WINDOW_SIZE] - self._peer_window_bytes
        self._peer_window_bytes += change
        for stream in self._streams.values():
            stream.window_bytes += change
        return WindowOpened(0)

    def _window(self, number: int, delta: int) -> Event | None:
        self._keeps_windows = True
        if number == 0:
            self._session_window_bytes += delta
        elif number in self._streams:
            self._streams[number].window_bytes += delta
        return WindowOpened(number)

    def _ping(self, payload: bytes) -> Event | None:
        (number,) = frames.numbers(payload, 1)
        if number % 2 == int(self.is_client):
            return Pinged(number)
        self._out += frames.ping(number)
        return None

    def consumed(self, number: int, count: int) -> None:
        """So many bytes of a stream were taken: the peer may send as many more."""
        stream = self._streams.get(number)
        if stream is not None and stream.is_receive_open:
            stream.unacknowledged_bytes += count
            if stream.unacknowledged_bytes >= WINDOW_BYTES // 2:
                self._out += frames.window_update(number, stream.unacknowledged_bytes)
                stream.unacknowledged_bytes = 0
        self._session_unacknowledged_bytes += count
        if self._session_unacknowledged_bytes >= WINDOW_BYTES // 2:
            self._out += frames.window_update(0, self._session_unacknowledged_bytes)
            self._session_unacknowledged_bytes = 0

    # Sending

    def open(self, headers: Headers, *, is_last: bool = False) -> int:
        """Open a stream; its number."""
        self._last_opened = self._last_opened + 2 if self._last_opened else 2 - int(self.is_client)
        number = self._last_opened
        self._streams[number] = _Stream(self._peer_window_bytes, is_send_open=not is_last)
        self._out += frames.syn_stream(number, self._compressor.compress(headers), is_last=is_last)
        return number

    def accept(self, number: int, headers: Headers | None = None) -> None:
        """Accept a stream that the peer opened."""
        self._out += frames.syn_reply(number, self._compressor.compress(headers or {}))

    def send(self, number: int, content: bytes | memoryview) -> int:
        """Send as much of ``content`` as the windows allow; how much that was."""
        stream = self._streams.get(number)
        if stream is None or not stream.is_send_open:
            raise SessionProblem(f"stream {number} is closed")
        count = len(content)
        if self._keeps_windows:
            count = max(0, min(count, stream.window_bytes, self._session_window_bytes))
        for start in range(0, count, PIECE_BYTES):
            piece = bytes(content[start : min(start + PIECE_BYTES, count)])
            self._out += frames.encode_data(frames.Data(number, piece))
        stream.window_bytes -= count
        self._session_window_bytes -= count
        return count

    def finish(self, number: int) -> None:
        """Nothing more will be sent on a stream; the peer may go on."""
        stream = self._streams.get(number)
        if stream is None or not stream.is_send_open:
            return
        self._out += frames.encode_data(frames.Data(number, b"", is_last=True))
        stream.is_send_open = False
        if not stream.is_receive_open:
            del self._streams[number]

    def reset(self, number: int, status: int = frames.CANCEL) -> None:
        """Break a stream off."""
        if self._streams.pop(number, None) is not None:
            self._out += frames.rst_stream(number, status)

    def go_away(self) -> None:
        """Tell the peer that this is the end."""
        self._out += frames.goaway(self._last_seen)

    def ping(self, number: int) -> None:
        """Ask whether the peer lives."""
        self._out += frames.ping(number)

    def _close_receive(self, number: int, stream: _Stream) -> None:
        stream.is_receive_open = False
        if not stream.is_send_open:
            del self._streams[number]
