"""Remote command: standard input, output and error of a process in a container, over one WebSocket.

Shape: ``run(call, path, query, streams)`` gives the exit code of the process; a ``Streams`` says what is carried.
One thread: everything waits in one ``poll``, so that neither side can hold up the other.
Source: channels of ``v5.channel.k8s.io`` (KEP-4006) and ``v4.channel.k8s.io``, which cannot end standard input.
"""

import os
import sys

from fairway.cli.failure import Failure, Silent

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.call import Call
    from fairway.cli.streams.terminal import Terminal
    from fairway.client.blocking.web_socket import WebSocket

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
STDIN, STDOUT, STDERR, ERROR, RESIZE = range(5)
_CLOSE = 255
_PIECE_BYTES = 32 * 1024
_AHEAD_BYTES = 1 << 20
"""How much may wait to be sent before standard input is left alone."""


class Streams:
    """Where the channels lead.  ``stdin`` is a descriptor, or ``None``; ``terminal`` is set in raw mode."""

    __slots__ = ("stderr", "stdin", "stdout", "terminal")

    def __init__(
        self, stdin: "int | None", stdout: "Callable[[bytes], object] | None",
        stderr: "Callable[[bytes], object] | None", terminal: "Terminal | None" = None,
    ) -> None:  # fmt: skip
        self.stdin, self.stdout, self.stderr, self.terminal = stdin, stdout, stderr, terminal

    @property
    def query(self) -> "dict[str, bool]":
        """What the API is asked for."""
        return {
            "stdin": self.stdin is not None, "stdout": self.stdout is not None,
            "stderr": self.stderr is not None and self.terminal is None, "tty": self.terminal is not None,
        }  # fmt: skip


def to_descriptor(number: int) -> "Callable[[bytes], None]":
    """Write all of it there."""

    def write(content: bytes) -> None:
        view = memoryview(content)
        while view:
            view = view[os.write(number, view) :]

    return write


def run(call: "Call", path: str, query: "dict[str, Any]", streams: Streams) -> int:
    """Begin, and carry until the process has ended; its exit code.

    Raises: ``Failure``, ``ApiError``, ``Unreachable``.
    """
    sys.stdout.flush()
    return exit_code(_Carrier(upgraded(call, path, {**query, **streams.query}), streams).carry())


def upgraded(call: "Call", path: str, query: "dict[str, Any]") -> "WebSocket":
    """The connection.  Raises: ``Failure`` for an answer that is no Status, ``ApiError``, ``Unreachable``."""
    from fairway.client.blocking import ApiError

    try:
        return call.session.api.upgrade(path, query, protocols=(V5, V4))
    except ApiError as error:
        causes = (error.status.get("details") or {}).get("causes") or ()
        text = next((each["message"] for each in causes if each.get("reason") == "UnexpectedServerResponse"), None)
        if text is None:
            raise
        raise Failure(f"unable to upgrade connection: {text}") from None


def exit_code(status: "dict[str, Any] | None") -> int:
    """What the Status of the error channel means.  Raises: ``Failure``."""
    if status is None:
        raise Failure("error reading from error stream: the server has closed the connection")
    if status.get("status") == "Success":
        return 0
    if status.get("reason") == "NonZeroExitCode":
        for cause in (status.get("details") or {}).get("causes") or ():
            if cause.get("reason") == "ExitCode":
                return int(cause["message"])
    raise Failure(str(status.get("message") or "error stream protocol error: unknown error"))


def told(code: int) -> int:
    """Say what the exit code was, if it was not 0.  Raises: ``Silent``."""
    if code:
        sys.stdout.flush()
        print(f"command terminated with exit code {code}", file=sys.stderr)
        raise Silent(code)
    return 0


class _Carrier:
    """Everything of one session."""

    def __init__(self, socket: "WebSocket", streams: Streams) -> None:
        self._socket, self._streams = socket, streams
        self._raw = socket.connection.socket
        self._out = bytearray()
        self._stdin = streams.stdin
        self._status: dict[str, Any] | None = None
        self._sinks = {STDOUT: streams.stdout, STDERR: streams.stderr}

    def carry(self) -> "dict[str, Any] | None":
        import select

        self._raw.setblocking(False)
        poll, terminal = select.poll(), self._streams.terminal
        watched: dict[int, int] = {}
        resized = terminal.resized if terminal is not None else -1
        if terminal is not None:
            self._resize(terminal)
        try:
            while not self._read():
                self._write()
                wanted = {self._raw.fileno(): select.POLLIN | (select.POLLOUT if self._out else 0)}
                if self._stdin is not None and len(self._out) < _AHEAD_BYTES:
                    wanted[self._stdin] = select.POLLIN
                if resized >= 0:
                    wanted[resized] = select.POLLIN
                self._watch(poll, watched, wanted)
                for descriptor, _ in poll.poll():
                    if descriptor == self._stdin:
                        self._take_stdin()
                    elif descriptor == resized and terminal is not None:
                        os.read(resized, 4096)
                        self._resize(terminal)
        finally:
            self._socket.connection.close()
        return self._status

    @staticmethod
    def _watch(poll: "Any", watched: dict[int, int], wanted: dict[int, int]) -> None:
        for descriptor in [each for each in watched if each not in wanted]:
            poll.unregister(descriptor)
            del watched[descriptor]
        for descriptor, events in wanted.items():
            if watched.get(descriptor) != events:
                poll.register(descriptor, events)
                watched[descriptor] = events

    def _send(self, channel: int, content: bytes) -> None:
        self._out += self._socket.framed(bytes((channel,)) + content)

    def _take_stdin(self) -> None:
        assert self._stdin is not None
        try:
            got = os.read(self._stdin, _PIECE_BYTES)
        except OSError:
            got = b""
        if got:
            self._send(STDIN, got)
            return
        self._stdin = None
        if self._socket.protocol == V5:
            self._send(_CLOSE, bytes((STDIN,)))

    def _resize(self, terminal: "Terminal") -> None:
        width, height = terminal.size()
        self._send(RESIZE, f'{{"Width":{width},"Height":{height}}}'.encode())

    def _read(self) -> bool:
        """Take what has come; whether that was the end."""
        import ssl

        while self._socket.close_code is None:
            self._take_messages()
            try:
                got = self._raw.recv(1 << 16)
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                return False
            except OSError:
                break
            if not got:
                break
            self._out += self._socket.take(got)
        self._take_messages()
        return True

    def _take_messages(self) -> None:
        while (message := self._socket.next_message()) is not None:
            if not message:
                continue
            if message[0] == ERROR:
                import json

                self._status = json.loads(message[1:] or b"{}")
            elif (sink := self._sinks.get(message[0])) is not None and len(message) > 1:
                sink(message[1:])

    def _write(self) -> None:
        import ssl

        try:
            while self._out:
                sent = self._raw.send(memoryview(self._out)[: 1 << 16])
                del self._out[:sent]
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return
        except OSError:
            self._out.clear()  # what the other side has said before it went is still to be read
