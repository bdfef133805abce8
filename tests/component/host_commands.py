"""A runtime whose containers only pretend but whose exec runs real commands on this machine, for tests of streams."""

import asyncio
import fcntl
import os
import struct
import termios
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

from fairway.node.runtimes.interface import ExecSession, Sandbox, SandboxSpec
from fairway.node.runtimes.memory import MemoryRuntime


class HostRuntime(MemoryRuntime):
    def __init__(self, log_dir: Path) -> None:
        super().__init__(log_dir, time.time, addresses=["127.0.0.1"])
        self.sessions: list[HostCommand] = []

    async def make_sandbox(self, spec: SandboxSpec) -> Sandbox:
        self.log_dir.mkdir(parents=True, exist_ok=True)
        return await super().make_sandbox(spec)

    async def exec(
        self, pod_uid: str, name: str, command: Sequence[str], *, tty: bool = False, stdin: bool = False
    ) -> ExecSession:
        session = HostCommand()
        await session.start(command, tty=tty)
        self.sessions.append(session)
        return session


class HostCommand:
    """A command of this machine as an ``ExecSession``."""

    process: asyncio.subprocess.Process
    terminal = -1

    async def start(self, command: Sequence[str], *, tty: bool) -> None:
        pipe = asyncio.subprocess.PIPE
        if not tty:
            self.process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
            return
        self.terminal, inner = os.openpty()
        self.process = await asyncio.create_subprocess_exec(
            *command, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
        )
        os.close(inner)

    async def output(self) -> AsyncIterator[tuple[int, bytes]]:
        if self.terminal >= 0:
            with suppress(OSError):
                while content := await asyncio.to_thread(os.read, self.terminal, 65536):
                    yield 1, content
            return
        assert self.process.stdout is not None and self.process.stderr is not None
        streams = {1: self.process.stdout, 2: self.process.stderr}
        reading = {asyncio.create_task(stream.read(65536)): number for number, stream in streams.items()}
        try:
            while reading:
                done, _ = await asyncio.wait(reading, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    number = reading.pop(task)
                    if content := task.result():
                        yield number, content
                        reading[asyncio.create_task(streams[number].read(65536))] = number
        finally:
            for task in reading:
                task.cancel()

    async def write(self, data: bytes) -> None:
        if self.terminal >= 0:
            os.write(self.terminal, data)
            return
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        await self.process.stdin.drain()

    def close_stdin(self) -> None:
        if self.terminal < 0 and self.process.stdin is not None:
            self.process.stdin.close()

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    async def wait(self) -> int:
        code = await self.process.wait()
        if self.terminal >= 0:
            os.close(self.terminal)
            self.terminal = -1
        return code if code >= 0 else 128 - code

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            if self.process.returncode is None:
                self.process.kill()


def log_lines(path: str, *lines: str) -> None:
    """Append lines to a container's log."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("a") as log:
        log.writelines(f"2026-01-02T03:04:05.123456789+00:00 stdout F {line}\n" for line in lines)
