"""fairway exec and logs at a terminal: raw mode, its size, keys that the container gets, colours."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Cluster, three_pods

NAMESPACE = "terminals"
FAIRWAY = str(Path(sys.executable).with_name("fairway"))


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[Cluster]:
    with three_pods(cluster, NAMESPACE):
        yield cluster


class Terminal:
    """A program at a terminal of its own."""

    def __init__(self, world: Cluster, *words: str) -> None:
        self.pid, self.terminal = pty.fork()
        if not self.pid:
            os.environ.update({**world.environment, "TERM": "xterm"})
            os.execv(FAIRWAY, [FAIRWAY, *words, "-n", NAMESPACE] if "--" not in words else [FAIRWAY, *words])
        self.seen = ""

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())

    def until(self, pattern: str) -> str:
        """What stands there once the pattern does."""
        deadline = time.monotonic() + 60
        while not re.search(pattern, self.seen):
            ready, _, _ = select.select([self.terminal], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, self.seen
            self.seen += self._read()
        found, self.seen = self.seen, ""
        return found

    def _read(self) -> str:
        try:
            return os.read(self.terminal, 65536).decode(errors="replace")
        except OSError:  # the other side has closed
            return ""

    def ended(self) -> int:
        """Its exit code, after all was read."""
        while piece := self._read():
            self.seen += piece
        _, status = os.waitpid(self.pid, 0)
        os.close(self.terminal)
        return os.waitstatus_to_exitcode(status)


def test_a_shell_has_the_terminal_its_size_and_its_keys(world: Cluster) -> None:
    shell = Terminal(world, "exec", "-n", NAMESPACE, "-it", "svc/kubia", "--", "sh")
    shell.until(r"# ")
    shell.resize(97, 31)
    shell.type("stty size\r")
    shell.until(r"31 97\r\n.*# ")
    shell.type("sh -c 'echo begun-$((1 + 1)); sleep 1000'\r")
    shell.until(r"begun-2\r\n")
    shell.type("\x03")
    shell.until(r"# ")
    shell.type("exit 9\r")
    assert shell.ended() == 9
    assert "command terminated with exit code 9" in shell.seen


def test_the_logs_of_several_pods_have_a_colour_each(world: Cluster) -> None:
    names = sorted(pod["metadata"]["name"] for pod in world.ready_pods(NAMESPACE, "app=kubia", 3))
    logs = Terminal(world, "logs", "-l", "app=kubia", "--prefix")
    assert logs.ended() == 0
    found = re.findall(r"\x1b\[(\d+)m\[pod/(\S+)/kubia\]\x1b\[0m kubia listens", logs.seen)
    assert sorted(name for _, name in found) == names
    assert len({colour for colour, _ in found}) == 3
    following = Terminal(world, "logs", "-f", "-l", "app=kubia", "--prefix", "--tail=1")
    world.kubectl("delete", "pod", names[0], "-n", NAMESPACE, "--wait=false")
    (new,) = {pod["metadata"]["name"] for pod in world.ready_pods(NAMESPACE, "app=kubia", 3)} - {*names}
    following.until(rf"\[pod/{new}/kubia\]\x1b\[0m kubia listens")
    following.type("\x03")
    assert following.ended() == 130
