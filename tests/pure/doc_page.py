"""A page of the documentation as steps that can be run, and the comparison of an output with what is shown.  Pure.

Convention (CONTRIBUTING.md tells it to those who write pages):

- ``` ```console ```: ``$ command`` lines, each followed by what it prints; ``...`` stands for anything in a line, and
  alone in a line for any lines; runs of spaces count as one.  No output shown: only the exit code is looked at.
  An output that ends with ``^C`` is that of a command which goes on: it is broken off once it has said so much.
- ``` ```sh ```: commands, one a line (``\\``, ``|``, ``&&``, quotes, indents and here-documents carry on).
- ``<!-- exit: 1 -->`` before a block: its last command ends with that code.
- ``<!-- file: NAME -->`` before a block: what it holds is written to that file.
- ``<!-- before: COMMAND -->``: run, not shown.  ``<!-- cluster: own -->``: the page ups and downs a cluster of its own.
- ``<!-- not run here: REASON; run by PATH -->`` before a block: it is not run; PATH is the test that does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

SHOWN = ("console", "sh")
BROKEN_OFF = "^C"
_PROGRAMS = r"(sudo |\$ )*(fairway|kubectl|curl|scripts/\w+|apt-get|getent|nft|ip|docker) "
LOOKS_LIKE_COMMANDS = re.compile(rf"^{_PROGRAMS}", re.M)
_FENCE = re.compile(r"^( *)(```+) *(\S*)")
_COMMENT = re.compile(r"^<!-- *([a-z ]+?): *(.*?) *-->$")
_OPENING = ("for", "while", "until", "if", "case")
_HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")


class Step(NamedTuple):
    """One thing to do: ``command`` to run, or ``file`` to write ``command`` to.

    ``expected`` is ``None`` where the page shows no output.
    """

    line: int
    command: str
    expected: tuple[str, ...] | None = None
    code: int = 0
    file: str = ""

    @property
    def is_endless(self) -> bool:
        """Whether it is to be broken off once it has said what is shown."""
        return bool(self.expected) and self.expected is not None and self.expected[-1] == BROKEN_OFF


class Block(NamedTuple):
    """A fenced block: where it begins, its language, its lines, and the comments before it."""

    line: int
    language: str
    lines: tuple[str, ...]
    notes: dict[str, str]


@dataclass(frozen=True)
class Page:
    """What is to be run of a page, and what is not: (line, reason)."""

    steps: tuple[Step, ...]
    not_run: tuple[tuple[int, str], ...]
    unmarked: tuple[int, ...]
    has_own_cluster: bool


def read(text: str) -> Page:
    """A page's steps in their order.  ``unmarked`` are blocks of commands that say neither how they run nor why not."""
    steps: list[Step] = []
    not_run: list[tuple[int, str]] = []
    unmarked: list[int] = []
    is_own = False
    for item in _parts(text):
        if not isinstance(item, Block):
            line, word, value = item
            is_own |= (word, value) == ("cluster", "own")
            steps += [Step(line, value)] if word == "before" else []
        elif reason := item.notes.get("not run here"):
            not_run.append((item.line, reason))
        elif name := item.notes.get("file"):
            steps.append(Step(item.line, "\n".join(item.lines) + "\n", file=name))
        elif item.language in SHOWN:
            steps += _steps(item)
        elif not item.language and LOOKS_LIKE_COMMANDS.search("\n".join(item.lines)):
            unmarked.append(item.line)
    return Page(tuple(steps), tuple(not_run), tuple(unmarked), is_own)


def _parts(text: str) -> Iterator[Block | tuple[int, str, str]]:
    """Blocks with the comments that stand right before them, and all other comments."""
    notes: dict[str, str] = {}
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if fence := _FENCE.match(line):
            inside = []
            for _, each in lines:
                if each.strip() == fence[2]:
                    break
                inside.append(each.removeprefix(fence[1]))
            yield Block(number, fence[3], tuple(inside), notes)
            notes = {}
        elif comment := _COMMENT.match(line.strip()):
            if comment[1] in ("before", "cluster"):
                yield number, comment[1], comment[2]
            else:
                notes[comment[1]] = comment[2]
        elif line.strip():
            notes = {}


def _steps(block: Block) -> list[Step]:
    is_console = any(line.startswith("$ ") for line in block.lines)
    found = list(_console(block) if is_console else _script(block))
    if found and (code := block.notes.get("exit")):
        found[-1] = found[-1]._replace(code=int(code))
    return found


def _console(block: Block) -> Iterator[Step]:
    at, command, said = 0, "", list[str]()
    for number, line in enumerate(block.lines, block.line + 1):
        if line.startswith("$ "):
            if command:
                yield Step(at, command, tuple(_trimmed(said)) or None)
            at, command, said = number, line[2:], []
        elif not said and _goes_on(command) and line.startswith("> "):
            command += "\n" + line[2:]
        elif not said and _goes_on(command):
            command += "\n" + line
        else:
            said.append(line)
    if command:
        yield Step(at, command, tuple(_trimmed(said)) or None)


def _script(block: Block) -> Iterator[Step]:
    at, command = 0, ""
    for number, line in enumerate(block.lines, block.line + 1):
        if command and (_goes_on(command) or (line[:1] in (" ", "\t") and line.strip())):
            command += "\n" + line
            continue
        if command.strip() and not command.lstrip().startswith("#"):
            yield Step(at, command)
        at, command = number, line
    if command.strip() and not command.lstrip().startswith("#"):
        yield Step(at, command)


def _goes_on(command: str) -> bool:
    """Whether a command is not at its end yet."""
    if heredoc := _HEREDOC.search(command):
        return heredoc[1] not in command.split("\n")[1:]
    last = re.sub(r"\s+#.*$", "", command).rstrip()
    if last.endswith(("\\", "|", "&&", "||")):
        return True
    unquoted = re.sub(r"\\.", "", re.sub(r"\s#.*$", "", command, flags=re.M))
    words = re.findall(r"(?:^|[;&|]|\bdo\b|\bthen\b)\s*(for|while|until|if|case|done|fi|esac)\b", unquoted, re.M)
    return _is_open(unquoted) or sum(1 if word in _OPENING else -1 for word in words) > 0


def _is_open(text: str) -> bool:
    """Whether a quote is open at the end."""
    quote = ""
    for letter in text:
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
    return bool(quote)


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def matches(expected: tuple[str, ...], said: str) -> bool:
    """Whether an output is what a page shows."""
    wanted = [line for line in expected if line != BROKEN_OFF]
    pattern = "".join(_pattern(line) for line in wanted)
    is_endless = len(wanted) < len(expected)
    text = "".join(f"{line.rstrip()}\n" for line in said.splitlines())
    found = re.match(pattern, text) if is_endless else re.fullmatch(pattern, text)
    return found is not None


def _pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    parts = (r"[ \t]+".join(map(re.escape, re.split(r"[ \t]+", part))) for part in line.rstrip().split("..."))
    return r".*?".join(parts) + r"\n"
