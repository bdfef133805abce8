"""Processes: how a cluster's processes are started, known, found again and ended.

Shape: each is ``python -I -m fairway.cluster.<role> --name NAME --data-dir DIR``, that of a further node with
``--node N`` behind it, so that ``ps`` tells clusters apart and a process is recognised by its whole command line, never
by its name alone.  A part is a role, or ``node-N`` for a further node.  Light: the supervisor imports it.
"""

import contextlib
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

ROLES = ("supervisor", "control", "node")


def parts(nodes: int) -> tuple[str, ...]:
    """What the supervisor of a cluster of so many nodes keeps alive."""
    return ("control", *map(part_of, range(1, nodes + 1)))


def part_of(number: int) -> str:
    """``node`` for the first, ``node-2`` for the second."""
    return "node" if number == 1 else f"node-{number}"


def command(part: str, name: str, data_dir: str) -> list[str]:
    """The command line of one process."""
    role, _, number = part.partition("-")
    words = [sys.executable, "-I", "-m", f"fairway.cluster.{role}", "--name", name, "--data-dir", data_dir]
    return [*words, "--node", number] if number else words


def arguments(argv: Sequence[str]) -> dict[str, str]:
    """``--name X --data-dir Y ...`` as a dict; these processes are started by us, so there is no help to print."""
    return {argv[i].removeprefix("--").replace("-", "_"): argv[i + 1] for i in range(0, len(argv) - 1, 2)}


def find(part: str, name: str, data_dir: str) -> list[int]:
    """Pids of the processes of that part and cluster, told by their whole command line."""
    wanted = command(part, name, data_dir)[1:]
    return [pid for pid, words in _command_lines() if _begins(words, wanted) and _node(words) == _node(wanted)]


def find_all(name: str, data_dir: str) -> list[int]:
    """Pids of all processes of a cluster, however many nodes it has: the supervisor first, then as in ``ROLES``."""
    lines = list(_command_lines())
    wanted = [command(role, name, data_dir)[1:] for role in ROLES]
    return [pid for each in wanted for pid, words in lines if _begins(words, each)]


def _begins(words: Sequence[str], wanted: Sequence[str]) -> bool:
    return list(words[1 : 1 + len(wanted)]) == list(wanted)


def _node(words: Sequence[str]) -> str:
    """The number behind ``--node``; empty for what is no further node."""
    return words[words.index("--node") + 1] if "--node" in words[:-1] else ""


def _command_lines() -> Iterator[tuple[int, list[str]]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(folder.name), (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")


def end(pid: int, *, grace_s: float) -> bool:
    """SIGTERM, then SIGKILL after ``grace_s``; whether it was there.  Any process, not only a child."""
    return end_each([pid], grace_s=grace_s)


def end_each(pids: Sequence[int], *, grace_s: float) -> bool:
    """The same for several, at the same time; whether there were any."""
    handles = []
    try:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                handles.append(os.pidfd_open(pid))
        for number, wait_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 10.0)):
            for handle in handles:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, number)
            if wait_gone(handles, wait_s):
                break
    finally:
        for handle in handles:
            os.close(handle)
    return bool(handles)


def end_all(name: str, data_dir: str, *, grace_s: float = 20.0) -> bool:
    """End a cluster's processes; whether there were any.  The supervisor first, or it would start again what ends."""
    pids = find_all(name, data_dir)
    for pid in pids:
        end(pid, grace_s=grace_s)
    return bool(pids)


def wait_gone(handles: Sequence[int], wait_s: float) -> bool:
    """Whether all processes behind the pidfds ended within ``wait_s``."""
    poll, left = select.poll(), set(handles)
    for handle in left:
        poll.register(handle, select.POLLIN)
    deadline = time.monotonic() + wait_s
    while left and (rest_s := deadline - time.monotonic()) > 0:
        for handle, _ in poll.poll(rest_s * 1000):
            poll.unregister(handle)
            left.discard(handle)
    return not left


def raise_files_limit() -> int:
    """As many open files as the system allows this process: a shell's default is too few for a server.  That number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class ReadyPipe:
    """The writing end of what ``up`` waits on: one line a milestone; nobody may listen any more."""

    def __init__(self, descriptor: str | None) -> None:
        self._descriptor = int(descriptor) if descriptor else -1

    @property
    def descriptor(self) -> int:
        """The file descriptor, or -1."""
        return self._descriptor

    def say(self, line: str) -> None:
        """Tell ``up``; silent when it has gone."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, f"{line}\n".encode())
