"""Streams: pipe and terminal ends as awaitable reads and writes, on any event loop.

Plain readiness callbacks: a terminal's end of file (EIO) is an end, not an error, and nothing is buffered here, so a
slow client slows the command down.
"""

import asyncio
import errno
import os

CHUNK = 64 * 1024


class Reader:
    """Reads one descriptor, which it owns."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()

    async def read(self) -> bytes:
        """What has come; empty at the end."""
        while self._descriptor >= 0:
            try:
                data = os.read(self._descriptor, CHUNK)
            except BlockingIOError:
                await self._readable()
                continue
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                data = b""
            if not data:
                self.close()
            return data
        return b""

    async def _readable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        descriptor = self._descriptor
        self._loop.add_reader(descriptor, _wake, ready)
        try:
            await ready
        finally:
            if self._descriptor >= 0:
                self._loop.remove_reader(descriptor)

    def close(self) -> None:
        """Close the descriptor."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


class Writer:
    """Writes one descriptor, which it owns."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()

    async def write(self, data: bytes) -> None:
        """Write all, waiting while the other side is full; dropped when it has closed."""
        view = memoryview(data)
        while view and self._descriptor >= 0:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                await self._writable()
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EIO):
                    raise
                self.close()

    async def _writable(self) -> None:
        ready: asyncio.Future[None] = self._loop.create_future()
        descriptor = self._descriptor
        self._loop.add_writer(descriptor, _wake, ready)
        try:
            await ready
        finally:
            if self._descriptor >= 0:
                self._loop.remove_writer(descriptor)

    def close(self) -> None:
        """Close the descriptor: the reader meets the end of file."""
        if self._descriptor >= 0:
            self._loop.remove_writer(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def _wake(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


class ProcessEnd:
    """The end of a process, told once by its pidfd."""

    def __init__(self, pid: int) -> None:
        """Raises: ``ProcessLookupError``."""
        self._loop = asyncio.get_running_loop()
        self._descriptor = os.pidfd_open(pid)
        self.ended: asyncio.Future[None] = self._loop.create_future()
        self._loop.add_reader(self._descriptor, self._tell)

    def _tell(self) -> None:
        self.close()
        if not self.ended.done():
            self.ended.set_result(None)

    def close(self) -> None:
        """Stop watching."""
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1
