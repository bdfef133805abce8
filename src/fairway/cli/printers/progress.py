"""Progress: a line on a terminal that moves while something takes its time; nothing anywhere else.

Shape: ``with moving("starting", done=fraction): ...``; ``fraction`` gives how much is done, 0 to 1, or -1.
No thread: the kernel's timer has the line drawn, so that the process may fork and wait as it likes.  What is printed
meanwhile stands above the line.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

EVERY_S = 0.1
WIDTH = 24
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_CLEAR = "\r\x1b[K"


def line(text: str, seconds: float, fraction: float, frame: int) -> str:
    """What is shown: a bar where it is known how much is done, else something that turns.  Pure."""
    if 0 <= fraction <= 1:
        full = round(fraction * WIDTH)
        return f"  [{'█' * full}{'·' * (WIDTH - full)}] {fraction:4.0%}  {text}"
    return f"  {_FRAMES[frame % len(_FRAMES)]} {text}  {seconds:.1f} s"


class _Above:
    """A stream that clears the moving line before it is written to."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        sys.__stderr__.write(_CLEAR)  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
        return int(self._stream.write(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _unknown() -> float:
    return -1.0


@contextmanager
def moving(text: str, done: Callable[[], float] = _unknown) -> Iterator[None]:
    """Draw the line until the block is over, if standard error is a terminal that can."""
    screen = sys.stderr
    if not screen.isatty() or os.environ.get("TERM", "dumb") == "dumb":
        yield
        return
    started_s, frame = time.monotonic(), 0

    def draw(_number: int, _frame: FrameType | None) -> None:
        nonlocal frame
        frame += 1
        shown = line(text, time.monotonic() - started_s, done(), frame)
        os.write(screen.fileno(), f"{_CLEAR}{shown}".encode())

    before, streams = signal.signal(signal.SIGALRM, draw), (sys.stdout, sys.stderr)
    sys.stdout, sys.stderr = _Above(sys.stdout), _Above(sys.stderr)
    signal.setitimer(signal.ITIMER_REAL, EVERY_S, EVERY_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        sys.stdout, sys.stderr = streams
        os.write(screen.fileno(), _CLEAR.encode())


def share_read(path: str) -> Callable[[], float]:
    """How far this process has read a file that it has open, in any thread; -1 while it has not."""
    whole = os.path.realpath(path)

    def fraction() -> float:
        try:
            size = os.stat(whole).st_size
            for name in os.listdir("/proc/self/fd"):
                if _target(name) == whole and size:
                    with open(f"/proc/self/fdinfo/{name}") as info:
                        return min(1.0, int(info.readline().split()[1]) / size)
        except OSError:
            pass
        return -1.0

    return fraction


def _target(descriptor: str) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""
