"""Process: HAProxy's own processes: started, taken over, reloaded, watched over, ended.

Shape: a master that keeps the listening sockets, and a worker that serves.  The master is in a session of its own, so
it outlives its parent; it is known by its whole command line, which names a file in the cluster's folder.  When it is
ready it says so on a datagram socket (sd_notify(3)).
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

READY_S: Final = 20.0
LOG_LIMIT_BYTES: Final = 10 << 20
_GRACE_S: Final = 5.0


class StartError(Exception):
    """HAProxy did not come up; the text is what it said."""


def command(program: str, folder: Path) -> list[str]:
    """The command line of the master.  ``-Ws``: master and worker, and tell when ready."""
    return [program, "-Ws", "-f", str(folder / "haproxy.cfg"), "-p", str(folder / "pid")]


def find(folder: Path) -> list[int]:
    """Pids of the masters and workers that work from a folder, the masters first."""
    words = ["-Ws", "-f", str(folder / "haproxy.cfg")]  # after a reload there are others before them
    found = [pid for pid, line in _command_lines() if any(line[at : at + 3] == words for at in range(1, len(line)))]
    return sorted(found, key=lambda pid: (_parent(pid) in found, pid))


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                if len(words) > 4:
                    yield int(folder.name), words


def _parent(pid: int) -> int:
    with contextlib.suppress(OSError, ValueError, IndexError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def end(folder: Path) -> bool:
    """End all that work from a folder; whether there were any.  Blocks for some seconds at most."""
    handles = []
    for pid in find(folder):
        with contextlib.suppress(ProcessLookupError):
            handles.append(os.pidfd_open(pid))
    for number, patience_s in ((signal.SIGTERM, _GRACE_S), (signal.SIGKILL, _GRACE_S)):
        for handle in handles:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, number)
        if _all_ended(handles, patience_s):
            break
    for handle in handles:
        os.close(handle)
    return bool(handles)


def _all_ended(handles: Sequence[int], patience_s: float) -> bool:
    import select
    import time

    deadline, left = time.monotonic() + patience_s, set(handles)
    while left and (rest_s := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select(left, [], [], rest_s)
        left -= set(ready)
    return not left


class Process:
    """The HAProxy of one folder.  ``log`` is where it writes what it has to say."""

    def __init__(self, program: str, folder: Path, log: Path) -> None:
        self._program, self._folder, self._log = program, folder, log
        self._handle = self._pid = -1
        self._ended = asyncio.Event()

    @property
    def is_running(self) -> bool:
        """Whether the master is there."""
        return self._handle >= 0

    @property
    def pid(self) -> int:
        """The master's."""
        return self._pid

    def adopt(self) -> bool:
        """Take over a master that runs; whether there is one."""
        for pid in find(self._folder)[:1]:
            with contextlib.suppress(ProcessLookupError):
                self._watch(pid)
                return True
        return False

    async def start(self, descriptors: Sequence[int]) -> None:
        """Start with these listening sockets, and return when it serves.  Raises: ``StartError``, ``OSError``."""
        await asyncio.to_thread(end, self._folder)
        with self._notices() as notices:
            said_from = self._spawn(descriptors)
            await self._until_ready(notices, said_from)

    def _spawn(self, descriptors: Sequence[int]) -> int:
        """Start the master; how long the log was before."""
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o640)
        try:
            length = os.fstat(log).st_size
            child = subprocess.Popen(
                command(self._program, self._folder), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                pass_fds=tuple(descriptors), start_new_session=True, cwd="/",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": str(self._notify_path)},
            )  # fmt: skip
        finally:
            os.close(log)
        child.returncode = 0  # the pidfd, not Popen, watches over it
        self._watch(child.pid)
        return length

    async def reload(self) -> None:
        """Have it read its files again; the sockets stay, old requests go on.  Raises: ``StartError``."""
        with self._notices() as notices:
            said_from = self._log.stat().st_size if self._log.exists() else 0
            signal.pidfd_send_signal(self._handle, signal.SIGUSR2)
            await self._until_ready(notices, said_from)

    async def end(self) -> None:
        """End it."""
        await asyncio.to_thread(end, self._folder)
        await self.ended()

    def trim_log(self) -> None:
        """Begin the log anew when it is long, for HAProxy tells of every server that comes; the old one is kept."""
        with contextlib.suppress(FileNotFoundError):
            if self._log.stat().st_size > LOG_LIMIT_BYTES:
                shutil.copyfile(self._log, self._log.with_suffix(".log.1"))
                os.truncate(self._log, 0)

    async def ended(self) -> None:
        """Return when the master is not there any more."""
        if self.is_running:
            await self._ended.wait()

    @property
    def _notify_path(self) -> Path:
        return self._folder / "notify.sock"

    @contextlib.contextmanager
    def _notices(self) -> Iterator[socket.socket]:
        self._notify_path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices:
            notices.setblocking(False)
            notices.bind(str(self._notify_path))
            yield notices

    async def _until_ready(self, notices: socket.socket, said_from: int) -> None:
        ready, ending = asyncio.create_task(_ready(notices)), asyncio.create_task(self._ended.wait())
        try:
            await asyncio.wait((ready, ending), timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                what = "ended" if self._ended.is_set() else f"was not ready within {READY_S:g} s"
                raise StartError(f"HAProxy {what}: {self._said(said_from)}")
            if (fault := ready.result()) or not self.is_running:
                raise StartError(f"HAProxy {fault}: {self._said(said_from)}")
        finally:
            ready.cancel()
            ending.cancel()
            await asyncio.gather(ready, ending, return_exceptions=True)

    def _said(self, start: int) -> str:
        with contextlib.suppress(OSError), open(self._log, "rb") as file:
            file.seek(start)
            lines = file.read(64 << 10).decode(errors="replace").splitlines()
            alerts = [line.partition(") : ")[2] or line for line in lines if "[ALERT]" in line]
            return "; ".join(alerts[:2] or lines[-1:]) or "it said nothing"
        return "it said nothing"

    def _watch(self, pid: int) -> None:
        self._handle, self._pid = os.pidfd_open(pid), pid
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._handle, self._gone)

    def _gone(self) -> None:
        asyncio.get_running_loop().remove_reader(self._handle)
        os.close(self._handle)
        self._handle = -1
        with contextlib.suppress(ChildProcessError):  # one that was adopted is another's child
            os.waitpid(self._pid, os.WNOHANG)
        self._ended.set()

    def let_go(self) -> None:
        """Stop watching; it goes on."""
        if self._handle >= 0:
            asyncio.get_running_loop().remove_reader(self._handle)
            os.close(self._handle)
            self._handle = -1


async def _ready(notices: socket.socket) -> str:
    """Wait for HAProxy's word that it serves; empty, or what has gone wrong."""
    while True:
        said = await asyncio.get_running_loop().sock_recv(notices, 4096)
        if b"READY=1" in said:
            return "could not be reloaded" if b"STATUS=Reload failed" in said else ""
