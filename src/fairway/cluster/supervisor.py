"""Supervisor: keeps a cluster's control process and those of its nodes alive, and nothing else.

Shape: one loop over poll(2) on the children's pidfds and a wake-up pipe for signals; no asyncio, so it stays small.
Rules: a child that ends is started again, at once the first time, then after 0.5 s doubling to 10 s, with the sockets
that it left here; children of a supervisor that was killed are adopted, not restarted.  SIGTERM ends all children; pods
and kernel rules stay.
"""

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from fairway.cluster import processes
from fairway.cluster.kept_sockets import Shelf

FIRST_DELAY_S, LONGEST_DELAY_S, STEADY_S = 0.5, 10.0, 60.0
LOG_LIMIT_BYTES = 10 << 20
GRACE_S = 8.0


@dataclass(slots=True)
class Child:
    """One supervised process.  ``handle`` is its pidfd or -1; times are of the monotonic clock, in seconds."""

    part: str
    handle: int = -1
    pid: int = 0
    started_s: float = 0.0
    due_s: float = 0.0
    delay_s: float = 0.0

    def next_delay_s(self, now_s: float) -> float:
        """How long to wait before the next start: none after a steady life, else doubling."""
        if now_s - self.started_s > STEADY_S:
            self.delay_s = 0.0
        delay_s = self.delay_s
        self.delay_s = min(max(delay_s * 2, FIRST_DELAY_S), LONGEST_DELAY_S)
        return delay_s


class Supervisor:
    """The loop.  ``state_dir`` holds the logs, ``run_dir`` the pid file."""

    def __init__(self, name: str, data_dir: str, parts: Sequence[str], ready: processes.ReadyPipe) -> None:
        self.name, self.data_dir, self.ready = name, data_dir, ready
        self.logs = Path(data_dir) / name / "logs"
        self.children = [Child(part) for part in parts]
        self.shelves = {part: Shelf() for part in parts}
        self.is_stopping = False
        self._wake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def run(self) -> None:
        """Supervise until SIGTERM or SIGINT."""
        signal.set_wakeup_fd(self._waker)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        self.logs.mkdir(parents=True, exist_ok=True)
        for child in self.children:
            if not self._adopt(child):
                self._start(child)
        while not self.is_stopping:
            self._wait()
        self._stop()

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self.is_stopping = True

    def _adopt(self, child: Child) -> bool:
        """Take over what a killed supervisor left running."""
        for pid in processes.find(child.part, self.name, self.data_dir):
            with contextlib.suppress(ProcessLookupError):
                child.handle, child.pid, child.started_s = os.pidfd_open(pid), pid, time.monotonic()
                self._say(f"adopted {child.part}, pid {pid}")
                self.ready.say(f"{child.part} adopted")
                return True
        return False

    def _start(self, child: Child) -> None:
        log = self._log_file(child.part)
        words = processes.command(child.part, self.name, self.data_dir)
        shelf = self.shelves[child.part]
        shelf.take()
        words += shelf.words
        passed = shelf.passed
        if self.ready.descriptor >= 0:
            words += ["--ready-fd", str(self.ready.descriptor)]
            passed += (self.ready.descriptor,)
        with open(os.devnull, "rb") as nothing, log:
            process = subprocess.Popen(words, stdin=nothing, stdout=log, stderr=log, pass_fds=passed, cwd="/")
        child.pid, child.started_s, child.due_s = process.pid, time.monotonic(), 0.0
        child.handle = os.pidfd_open(process.pid)
        process.returncode = 0  # the pidfd, not Popen, watches over it

    def _log_file(self, part: str) -> BinaryIO:
        """The part's log for appending; moved aside when it has grown too large."""
        path = self.logs / f"{part}.log"
        with contextlib.suppress(OSError):
            if path.stat().st_size > LOG_LIMIT_BYTES:
                path.replace(path.with_suffix(".log.1"))
        return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640), "ab")

    def _wait(self) -> None:
        """Sleep until a child ends, one is due, or a signal comes; then act on it."""
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        by_handle = {child.handle: child for child in self.children if child.handle >= 0}
        for handle in by_handle:
            poll.register(handle, select.POLLIN)
        by_shelf = {shelf.fileno(): shelf for shelf in self.shelves.values()}
        for shelf in by_shelf.values():
            poll.register(shelf, select.POLLIN)
        due = [child.due_s for child in self.children if child.handle < 0]
        timeout_ms = max(0.0, min(due) - time.monotonic()) * 1000 if due else None
        for handle, _ in poll.poll(timeout_ms):
            if handle == self._wake:
                os.read(self._wake, 64)
            elif handle in by_shelf:
                by_shelf[handle].take()
            else:
                self._ended(by_handle[handle])
        for child in self.children:
            if not self.is_stopping and child.handle < 0 and child.due_s <= time.monotonic():
                self._start(child)

    def _ended(self, child: Child) -> None:
        os.close(child.handle)
        child.handle = -1
        with contextlib.suppress(ChildProcessError):
            _, status = os.waitpid(child.pid, 0)
            self._say(f"{child.part}, pid {child.pid}, ended: {describe(status)}")
            self.ready.say(f"{child.part} ended: {describe(status)}")
        now_s = time.monotonic()
        child.due_s = now_s + child.next_delay_s(now_s)

    def _stop(self) -> None:
        """The nodes first: they still talk to control while they end."""
        control, nodes = self.children[:1], self.children[1:]
        for group in (nodes, control):
            alive = [child.pid for child in group if child.handle >= 0]
            processes.end_each(alive, grace_s=GRACE_S)
            for pid in alive:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def _say(self, text: str) -> None:
        print(f"{time.strftime('%Y-%m-%dT%H:%M:%S')} supervisor: {text}", file=sys.stderr, flush=True)


def describe(status: int) -> str:
    """A wait status in words."""
    code = os.waitstatus_to_exitcode(status)
    return f"exit code {code}" if code >= 0 else f"killed by {signal.Signals(-code).name}"


def main(argv: list[str]) -> None:
    """Run as a process of its own."""
    given = processes.arguments(argv)
    parts = processes.parts(int(given.get("nodes", "1")))
    Supervisor(given["name"], given["data_dir"], parts, processes.ReadyPipe(given.get("ready_fd"))).run()


if __name__ == "__main__":
    main(sys.argv[1:])
