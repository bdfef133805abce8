"""Attach session: the streams of a container's own first process, through its monitor's socket.

A message of the monitor is one byte that names the stream and then output; what is sent to it is input.
Source: conmon(8), ``--full-attach``, ``--leave-stdin-open``; conmon's conn_sock.c and ctrl.c.
"""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

from fairway.node.runtimes.crun.streams import Reader, Writer
from fairway.node.runtimes.interface import RuntimeFailure

STREAMS = {2: 1, 3: 2}
"""The monitor's number of a stream -> ours."""
INPUT_BYTES = 8 * 1024
"""The most that goes into one message: the monitor cuts what is longer than its buffer."""
RESIZE = 1


class AttachSession:
    """Implements ``ExecSession``; its end is the container's, its ``kill`` only lets go."""

    def __init__(self, connection: socket.socket, control: Path, *, has_stdin: bool) -> None:
        self._connection = connection
        self._has_stdin = has_stdin
        self._control = control
        self._reader = Reader(os.dup(connection.fileno()))
        self._writer = Writer(os.dup(connection.fileno()))

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """What the container writes from now on."""
        while message := await self._read():
            if message[0] in STREAMS:
                yield STREAMS[message[0]], message[1:]

    async def _read(self) -> bytes:
        try:
            return await self._reader.read()
        except ConnectionError:
            return b""

    async def write(self, data: bytes) -> None:
        """Feed stdin."""
        for start in range(0, len(data), INPUT_BYTES):
            await self._writer.write(data[start : start + INPUT_BYTES])

    def close_stdin(self) -> None:
        """End of input, which the monitor passes on if the container wants one client only (stdinOnce)."""
        if self._has_stdin:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_WR)

    def resize(self, width: int, height: int) -> None:
        """Set the size of the container's terminal."""
        with suppress(OSError):
            descriptor = os.open(self._control, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                os.write(descriptor, f"{RESIZE} {height} {width}\n".encode())
            finally:
                os.close(descriptor)

    async def wait(self) -> int:
        """Always 0: how the container ended is in its pod's status."""
        return 0

    def kill(self) -> None:
        """The client has gone; the container goes on."""
        self._reader.close()
        self._writer.close()
        self._connection.close()


def attach(bundle: Path, *, stdin: bool) -> AttachSession:
    """Join the container of a bundle.  Raises: ``RuntimeFailure``.

    The socket is reached through its folder's descriptor: the whole path would not fit in an address.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        folder = os.open(bundle, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            connection.connect(f"/proc/self/fd/{folder}/attach")
        finally:
            os.close(folder)
        return AttachSession(connection, bundle / "ctl", has_stdin=stdin)
    except OSError as error:
        connection.close()
        raise RuntimeFailure("AttachFailed", f"failed to attach to container: {error}") from error
