"""Inotify: waits until a file has grown, was renamed, or appeared, without looking at it again and again.

Shape: one instance for each reader; ``wait`` returns after any event of the watched file or its directory.
Source: inotify(7).
"""

import asyncio
import ctypes
import os
from contextlib import suppress

IN_MODIFY, IN_CLOSE_WRITE, IN_MOVED_TO = 0x2, 0x8, 0x80
IN_CREATE, IN_DELETE_SELF, IN_MOVE_SELF = 0x100, 0x400, 0x800
IN_NONBLOCK, IN_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC

_FILE = IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF
_DIRECTORY = IN_CREATE | IN_MOVED_TO
EVENT_BYTES = 4096


class Inotify:
    """Must be closed.  Raises: ``OSError`` where the kernel has no more watches to give."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(IN_NONBLOCK | IN_CLOEXEC)
        if self._descriptor < 0:
            raise _error("inotify_init1")
        self._happened = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)

    def watch(self, path: str) -> None:
        """Watch a file and the directory that it is in; a missing file is watched by its directory only."""
        with suppress(FileNotFoundError):
            self._add(os.path.dirname(path), _DIRECTORY)
            self._add(path, _FILE)

    def _add(self, path: str, events: int) -> None:
        if self._libc.inotify_add_watch(self._descriptor, os.fsencode(path), ctypes.c_uint32(events)) < 0:
            raise _error(path)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            while os.read(self._descriptor, EVENT_BYTES):
                continue
        self._happened.set()

    def clear(self) -> None:
        """Forget what has happened; call before looking at the file."""
        self._happened.clear()

    def poke(self) -> None:
        """Let ``wait`` return: something else has happened that the reader should look at."""
        self._happened.set()

    async def wait(self) -> None:
        """Return when something has happened since ``clear``."""
        await self._happened.wait()

    def close(self) -> None:
        """Let go of the kernel's watches."""
        if self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._descriptor = -1


def _error(what: str) -> OSError:
    number = ctypes.get_errno()
    return OSError(number, os.strerror(number), what)
