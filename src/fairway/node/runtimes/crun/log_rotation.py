"""Log rotation: no log grows beyond its limit, however long its container runs.

A log that nobody writes to costs nothing: an inotify watch that fires once tells of the first write, and only then is
the size looked at, after ``CHECK_DELAY_S``.  The full log is renamed, the monitor told to open a new one, and the
older ones are packed.  Sources: inotify(7); kubelet's container log rotation (10 s, 10 MiB, 5 files).
"""

import asyncio
import ctypes
import gzip
import logging
import os
import shutil
import struct
import time
from contextlib import suppress
from pathlib import Path

CHECK_DELAY_S = 10.0
REOPEN_LOG = b"2 0 0\n"
"""What a monitor reads from its control pipe as "open the log again"."""
_IN_MODIFY, _IN_ONESHOT = 0x2, 0x80000000
_EVENT = struct.Struct("iIII")
_LOGGER = logging.getLogger(__name__)
_libc = ctypes.CDLL(None, use_errno=True)


class LogRotation:
    """Watches the logs of running containers.  ``control`` of a log is the monitor's control pipe."""

    def __init__(self, max_bytes: int, max_files: int, delay_s: float = CHECK_DELAY_S) -> None:
        self._max_bytes, self._max_files, self._delay_s = max_bytes, max_files, delay_s
        self._loop = asyncio.get_running_loop()
        self._inotify = int(_libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._watched: dict[int, Path] = {}
        self._controls: dict[Path, Path] = {}
        self._timers: dict[Path, asyncio.TimerHandle] = {}
        if self._inotify >= 0:
            self._loop.add_reader(self._inotify, self._written)

    def watch(self, log: Path, control: Path) -> None:
        """Keep the log within its limits from now on."""
        self._controls[log] = control
        self._arm(log)

    def forget(self, log: Path) -> None:
        """The container has ended: nothing will be written any more."""
        self._controls.pop(log, None)
        timer = self._timers.pop(log, None)
        if timer is not None:
            timer.cancel()

    def close(self) -> None:
        """Stop watching."""
        for log in list(self._controls):
            self.forget(log)
        if self._inotify >= 0:
            self._loop.remove_reader(self._inotify)
            os.close(self._inotify)
            self._inotify = -1

    def _arm(self, log: Path) -> None:
        if self._inotify < 0 or log not in self._controls:
            return
        mask = ctypes.c_uint32(_IN_MODIFY | _IN_ONESHOT)
        watch = _libc.inotify_add_watch(self._inotify, os.fsencode(log), mask)
        if watch >= 0:
            self._watched[watch] = log
        else:  # the monitor opens a new one in its own time
            self._timers[log] = self._loop.call_later(self._delay_s, self._check, log)

    def _written(self) -> None:
        try:
            events = os.read(self._inotify, 1 << 16)
        except BlockingIOError:
            return
        offset = 0
        while offset + _EVENT.size <= len(events):
            watch, mask, _cookie, length = _EVENT.unpack_from(events, offset)
            offset += _EVENT.size + length
            log = self._watched.pop(watch, None) if mask & _IN_MODIFY else None
            if log is not None and log in self._controls:
                self._timers[log] = self._loop.call_later(self._delay_s, self._check, log)

    def _check(self, log: Path) -> None:
        self._timers.pop(log, None)
        control = self._controls.get(log)
        if control is None:
            return
        with suppress(OSError):
            if log.stat().st_size > self._max_bytes:
                done = self._loop.run_in_executor(None, rotate, log, control, self._max_files)
                done.add_done_callback(lambda done: self._rotated(log, done))
                return
        self._arm(log)

    def _rotated(self, log: Path, done: "asyncio.Future[None]") -> None:
        if not done.cancelled() and done.exception() is not None:
            _LOGGER.warning("rotating %s failed: %s", log, done.exception())
        self._arm(log)


def rotate(log: Path, control: Path, max_files: int) -> None:
    """Put the log aside, have a new one opened, pack the older ones and drop the oldest."""
    aside = log.with_name(f"{log.name}.{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    # Opened first: where no monitor listens, the log stays where it is.
    descriptor = os.open(control, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        os.rename(log, aside)
        os.write(descriptor, REOPEN_LOG)
    finally:
        os.close(descriptor)
    # By their dates: beside them the monitor may just be making the new log, under a name that ends in ".tmp".
    older = sorted(path for path in log.parent.glob(f"{log.name}.[0-9]*") if path != aside)
    for path in older[: max(0, len(older) - (max_files - 2))]:
        path.unlink(missing_ok=True)
    for path in older:
        if path.exists() and path.suffix != ".gz":
            _pack(path)


def _pack(path: Path) -> None:
    """Pack a log that is no longer written; the one put aside last stays plain for who still reads it."""
    packed = path.with_name(f"{path.name}.gz")
    with path.open("rb") as source, gzip.open(packed, "wb", compresslevel=1) as target:
        shutil.copyfileobj(source, target, 1 << 20)
    path.unlink()
