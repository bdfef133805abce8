"""Exec session: a command inside a running container, with pipes or a terminal.

The runtime stays our child while the command runs and ends with its exit code.  The command's description and the
runtime's own complaints travel in memory files, so nothing is left on disk but a passing process id.
"""

import asyncio
import fcntl
import json
import os
import pty
import select
import signal
import socket
import struct
import subprocess
import termios
import tty
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairway.node.runtimes.crun.streams import ProcessEnd, Reader, Writer
from fairway.node.runtimes.interface import RuntimeFailure

NOT_FOUND, NOT_EXECUTABLE = 127, 126
CONSOLE_WAIT_S = 10.0
COMPLAINT_MAX = 64 * 1024


@dataclass(slots=True)
class Started:
    """A runtime process that executes a command, and our ends of its streams."""

    process: "subprocess.Popen[bytes]"
    pid_file: Path
    complaint: int
    stdin: int = -1
    outputs: dict[int, int] = field(default_factory=dict)
    """Descriptors by stream number."""
    terminal: int = -1
    has_stderr: bool = False
    """The runtime then complains there itself."""
    is_behind: bool = False
    """The terminal is not the command's own but the runtime's, which copies between the two."""


def start_exec(
    command: Sequence[str], container_id: str, process: Mapping[str, Any], pid_file: Path, *, stdin: bool
) -> Started:
    """Start the runtime ``command`` with ``exec``.  Blocking.  Raises: ``RuntimeFailure``."""
    described = os.memfd_create("process")
    complaint = os.memfd_create("complaint")
    try:
        os.write(described, json.dumps(process).encode())
        line = [
            command[0],
            f"--log=/proc/self/fd/{complaint}",
            *command[1:],
            "exec",
            f"--process=/proc/self/fd/{described}",
            f"--pid-file={pid_file}",
        ]
        begin = _start_with_pipes
        if process["terminal"]:
            begin = _start_with_terminal if os.path.basename(command[0]) == "crun" else _start_behind_terminal
        return begin(line, container_id, pid_file, (described, complaint), stdin)
    except BaseException:
        os.close(complaint)
        raise
    finally:
        os.close(described)


def _start_with_pipes(
    line: list[str], container_id: str, pid_file: Path, passed: tuple[int, int], stdin: bool
) -> Started:
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    in_read, in_write = os.pipe() if stdin else (os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC), -1)
    ours = [descriptor for descriptor in (out_read, err_read, in_write) if descriptor >= 0]
    try:
        process = subprocess.Popen(
            [*line, container_id],
            stdin=in_read,
            stdout=out_write,
            stderr=err_write,
            pass_fds=passed,
            start_new_session=True,  # What is killed later is this session, never our own.
        )
    except OSError as error:
        for descriptor in ours:
            os.close(descriptor)
        raise RuntimeFailure("ExecFailed", f"failed to exec in container: {error}") from error
    finally:
        for descriptor in (out_write, err_write, in_read):
            os.close(descriptor)
    return Started(process, pid_file, passed[1], in_write, {1: out_read, 2: err_read}, has_stderr=True)


def _start_with_terminal(
    line: list[str], container_id: str, pid_file: Path, passed: tuple[int, int], stdin: bool
) -> Started:
    """The runtime makes the terminal inside the container and sends us its other end.

    Both sides reach the socket through the folder's descriptor: the whole path would not fit in an address.
    """
    path = pid_file.with_suffix(".tty")
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    address = f"/proc/self/fd/{folder}/{path.name}"
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen(1)
            process = subprocess.Popen(
                [*line, f"--console-socket={address}", container_id],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(*passed, folder),
                start_new_session=True,
            )
            terminal = _receive_terminal(listener, process)
    finally:
        path.unlink(missing_ok=True)
        os.close(folder)
    if terminal < 0:
        return Started(process, pid_file, passed[1])
    writer = os.dup(terminal) if stdin else -1
    return Started(process, pid_file, passed[1], writer, {1: terminal}, os.dup(terminal))


def _start_behind_terminal(
    line: list[str], container_id: str, pid_file: Path, passed: tuple[int, int], stdin: bool
) -> Started:
    """For runc, which sends a terminal only when it does not wait for the command: a terminal before the terminal."""
    ours, theirs = pty.openpty()
    try:
        tty.setraw(theirs)  # Before runc does it, input would be echoed twice.
        process = subprocess.Popen(
            [*line, container_id],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            pass_fds=passed,
            start_new_session=True,
        )
    except OSError:
        os.close(ours)
        raise
    finally:
        os.close(theirs)
    writer = os.dup(ours) if stdin else -1
    return Started(process, pid_file, passed[1], writer, {1: ours}, os.dup(ours), has_stderr=True, is_behind=True)


def _receive_terminal(listener: socket.socket, process: "subprocess.Popen[bytes]") -> int:
    """The terminal's descriptor; -1 when the runtime ended without sending one."""
    ended = os.pidfd_open(process.pid)
    try:
        ready, _, _ = select.select([listener.fileno(), ended], [], [], CONSOLE_WAIT_S)
        if listener.fileno() not in ready:
            return -1
        connection, _ = listener.accept()
        with connection:
            _data, descriptors, _flags, _address = socket.recv_fds(connection, 4096, 1)
        return descriptors[0] if descriptors else -1
    finally:
        os.close(ended)


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still are.  Source: proc(5)."""
    try:
        return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


class CrunExecSession:
    """Implements ``ExecSession``."""

    def __init__(self, started: Started) -> None:
        self._started = started
        self._readers = {stream: Reader(descriptor) for stream, descriptor in started.outputs.items()}
        self._writer = Writer(started.stdin) if started.stdin >= 0 else None
        self._end = ProcessEnd(started.process.pid)
        self.ended = self._end.ended
        self.ended.add_done_callback(lambda _ended: self._finish())
        self._code = 0
        self._complaint = b""

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        """What the command writes; at last the runtime's complaint if it could not start the command."""
        reads = {asyncio.create_task(reader.read()): stream for stream, reader in self._readers.items()}
        try:
            while reads:
                done, _ = await asyncio.wait(reads, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    stream = reads.pop(task)
                    data = task.result()
                    if data:
                        yield stream, data
                        reads[asyncio.create_task(self._readers[stream].read())] = stream
        finally:
            for task in reads:
                task.cancel()
        await self.wait()
        if self._complaint:
            yield 1, self._complaint

    async def write(self, data: bytes) -> None:
        """Feed stdin."""
        if self._writer is not None:
            await self._writer.write(data)

    def close_stdin(self) -> None:
        """End of input; a terminal stays open, since closing it would end its output too."""
        if self._writer is not None and self._started.terminal < 0:
            self._writer.close()

    def resize(self, width: int, height: int) -> None:
        """Set the terminal's size; nothing without one."""
        if self._started.terminal >= 0:
            with suppress(OSError):
                fcntl.ioctl(self._started.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
                if self._started.is_behind and not self.ended.done():
                    self._started.process.send_signal(signal.SIGWINCH)

    async def wait(self) -> int:
        """The exit code."""
        await asyncio.shield(self.ended)
        return self._code

    def kill(self) -> None:
        """End the command and everything of its process group."""
        if self._end.ended.done():
            return
        runtime = self._started.process.pid
        with suppress(ProcessLookupError):
            os.kill(runtime, signal.SIGSTOP)  # It starts nothing more while what it has started is looked for.
        for pid in (*children(runtime), *self._noted()):
            with suppress(OSError):
                os.killpg(os.getpgid(pid), signal.SIGKILL)
        with suppress(ProcessLookupError):
            os.killpg(runtime, signal.SIGKILL)

    def _noted(self) -> list[int]:
        """The command's process id as the runtime noted it, which it does only after the command has begun."""
        try:
            return [int(self._started.pid_file.read_text())]
        except (OSError, ValueError):
            return []

    def close(self) -> None:
        """Let go of every descriptor."""
        for reader in self._readers.values():
            reader.close()
        if self._writer is not None:
            self._writer.close()

    def _finish(self) -> None:
        started = self._started
        code = started.process.wait()
        self._code = code if code >= 0 else 128 - code
        begun = started.pid_file.exists()
        complaint = os.pread(started.complaint, COMPLAINT_MAX, 0)
        os.close(started.complaint)
        started.pid_file.unlink(missing_ok=True)
        if started.terminal >= 0:
            os.close(started.terminal)
        if self._writer is not None:
            self._writer.close()
        if not begun and complaint:
            if not started.has_stderr:
                self._complaint = complaint.strip() + b"\r\n"
            missing = b"No such file" in complaint or b"not found" in complaint
            self._code = NOT_FOUND if missing else NOT_EXECUTABLE
