"""Terminal: the user's terminal in raw mode, and its size.

Shape: ``with raw(descriptor) as terminal`` - every key goes to the process in the container, and back to normal after
it, whatever happens.
"""

import os
import signal
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager


class Terminal:
    """``resized`` is a descriptor that can be read whenever the size has changed."""

    def __init__(self, descriptor: int, resized: int) -> None:
        self._descriptor = descriptor
        self.resized = resized

    def size(self) -> tuple[int, int]:
        """Columns and lines."""
        found = os.get_terminal_size(self._descriptor)
        return found.columns, found.lines


@contextmanager
def raw(descriptor: int) -> Iterator[Terminal]:
    """The terminal at ``descriptor`` in raw mode."""
    before = termios.tcgetattr(descriptor)
    reading, writing = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    handler = signal.signal(signal.SIGWINCH, lambda *_: None)
    wakeup = signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    try:
        tty.setraw(descriptor)
        yield Terminal(descriptor, reading)
    finally:
        termios.tcsetattr(descriptor, termios.TCSANOW, before)
        signal.set_wakeup_fd(wakeup)
        signal.signal(signal.SIGWINCH, handler)
        os.close(reading)
        os.close(writing)
