"""What a terminal is shown: colour, moving lines, cures, logs as JSON."""

import errno
import os
import pty
import subprocess
import sys

import pytest

from fairway.cli.commands.get.table import shown
from fairway.cli.commands.logs.json_lines import parsed
from fairway.cli.failed_call import cure
from fairway.cli.operator_parser import nearest
from fairway.cli.printers.colour import is_wanted
from fairway.cli.printers.control_signs import harmless_in
from fairway.cli.printers.progress import WIDTH, line
from fairway.cli.tree.drawing import Branch, Sheet, draw


@pytest.mark.parametrize(
    ("is_terminal", "environment", "wanted"),
    [
        (True, {"TERM": "xterm"}, True),
        (False, {"TERM": "xterm"}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {}, False),
        (True, {"TERM": "xterm", "NO_COLOR": "1"}, False),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": "0"}, False),
        (True, {"TERM": "xterm", "FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (True, {"TERM": "xterm", "NO_COLOR": ""}, True),
    ],
)
def test_colour_only_where_it_is_wanted(is_terminal: bool, environment: dict[str, str], wanted: bool) -> None:
    assert is_wanted(is_terminal, environment) is wanted


def test_a_moving_line() -> None:
    assert line("starting", 1.24, -1.0, 0) == "  ⠋ starting  1.2 s"
    assert line("starting", 1.24, -1.0, 11) == "  ⠙ starting  1.2 s"
    assert line("importing", 9.0, 0.5, 3) == f"  [{'█' * (WIDTH // 2)}{'·' * (WIDTH // 2)}]  50%  importing"


MOVING = """
import os, sys, time
from fairway.cli.printers.control_signs import harmless_in
from fairway.cli.printers.progress import moving
drawn = []
def done():
    drawn.append(-1.0)
    return -1.0
with moving("working", done):
    moves = sys.stderr.isatty() and os.environ["TERM"] != "dumb"
    until = time.monotonic() + (30 if moves else 0.35)
    while len(drawn) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    print("a step")
print("done")
"""


def moved(term: str, *, on_terminal: bool) -> tuple[str, str]:
    """Standard output, and what the screen at standard error was sent."""
    ours, theirs = pty.openpty()
    stderr = theirs if on_terminal else subprocess.PIPE
    done = subprocess.run(
        [sys.executable, "-c", MOVING], stdout=subprocess.PIPE, stderr=stderr, text=True, check=True,
        env={**os.environ, "TERM": term},
    )  # fmt: skip
    os.close(theirs)
    screen = b""
    try:
        while piece := os.read(ours, 4096):
            screen += piece
    except OSError:  # how a terminal says that its other side is closed
        pass
    os.close(ours)
    return done.stdout, screen.decode() + (done.stderr or "")


def test_on_a_terminal_the_line_moves_and_is_gone_at_the_end() -> None:
    out, screen = moved("xterm", on_terminal=True)
    assert out == "a step\ndone\n"
    assert screen.count("working") >= 2
    assert screen.endswith("\r\x1b[K")


@pytest.mark.parametrize(("term", "on_terminal"), [("dumb", True), ("xterm", False)])
def test_elsewhere_nothing_moves(term: str, on_terminal: bool) -> None:
    assert moved(term, on_terminal=on_terminal) == ("a step\ndone\n", "")


@pytest.mark.parametrize(
    ("code", "command"),
    [(errno.ENOSPC, "df -h"), (errno.EACCES, "sudo"), (errno.EMFILE, "ulimit -n"), (errno.EIO, "sudo fairway doctor")],
)
def test_a_failure_of_the_system_has_a_command_to_run(code: int, command: str) -> None:
    assert command in cure(OSError(code, os.strerror(code)))


def test_the_word_that_was_meant() -> None:
    assert nearest("--purg", ["--purge", "--name"]) == "--purge"
    assert nearest("--zzz", ["--purge", "--name"]) == ""


def test_lines_of_logs_as_json() -> None:
    told = {"part": "node", "time": "2026-01-31T12:00:00.123", "level": "ERROR", "logger": "node.agent"}
    assert parsed("node", "2026-01-31T12:00:00.123 ERROR node.agent: no: x=1") == {**told, "message": "no: x=1"}
    assert parsed("supervisor", "2026-01-31T12:00:00 supervisor: node, pid 1, ended")["level"] == "INFO"
    assert parsed("node", "Traceback (most recent call last):") == {
        "part": "node", "message": "Traceback (most recent call last):",
    }  # fmt: skip


def test_nothing_that_objects_say_steers_the_terminal() -> None:
    assert shown("a\x1b[31mb") == "a^[[31mb"
    assert shown("a\x1bb\rc") == "a^[b..."
    assert draw(Branch.of("p", "\x1b]0;title\rx"), Sheet()) == "p  ^[]0;title\\rx\n"
    assert harmless_in({"a": ["\x1b", 1, None], "b": {"c": "\r"}}) == {"a": ["^[", 1, None], "b": {"c": "\\r"}}
