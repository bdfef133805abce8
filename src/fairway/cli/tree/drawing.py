"""Drawing: branches as lines of text, not wider than the terminal.

Shape: a ``Branch`` has parts, each with a style, and branches below it; ``draw`` gives the text.  What does not fit on
a line goes on below, indented; nothing is cut off.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from fairway.cli.printers.colour import BOLD, DIM, GREEN, RED, YELLOW
from fairway.cli.printers.control_signs import harmless

PLAIN, STRONG, QUIET, GOOD, BAD, WARN = "", BOLD, DIM, GREEN, RED, YELLOW
"""Styles."""


class Part(NamedTuple):
    """A piece of a line that is not parted if it can be helped."""

    text: str
    style: str = PLAIN


@dataclass
class Branch:
    """One line, and what hangs below it."""

    parts: list[Part]
    below: list["Branch"] = field(default_factory=list)

    @classmethod
    def of(cls, *parts: "Part | str") -> "Branch":
        """A branch of these parts; empty ones are left out."""
        made = [part if isinstance(part, Part) else Part(part) for part in parts]
        return cls([part for part in made if part.text])

    def add(self, *branches: "Branch") -> "Branch":
        """Hang branches below this one."""
        self.below += branches
        return self


class Signs(NamedTuple):
    """What lines and marks look like."""

    fork: str
    last: str
    line: str
    marks: Mapping[str, str]


FINE = Signs("├─ ", "└─ ", "│  ", {})
ASCII = Signs(
    "|- ", "`- ", "|  ", {"●": "*", "○": "o", "◐": "~", "→": "->", "←": "<-", "…": "...", "·": "-", "✗": "x"}
)  # fmt: skip
_GAP, _HANG = "  ", "    "


class Sheet(NamedTuple):
    """What is drawn upon: ``width`` 0 is as wide as need be."""

    width: int = 80
    signs: Signs = FINE
    is_coloured: bool = False


def draw(root: Branch, sheet: Sheet) -> str:
    """The whole picture."""
    lines = [*_lines(root.parts, "", "", sheet, has_below=bool(root.below)), *_below(root, "", sheet)]
    return "\n".join(lines) + "\n"


def _below(branch: Branch, prefix: str, sheet: Sheet) -> Iterator[str]:
    for place, each in enumerate(branch.below):
        is_last = place == len(branch.below) - 1
        first = prefix + (sheet.signs.last if is_last else sheet.signs.fork)
        rest = prefix + ("   " if is_last else sheet.signs.line)
        yield from _lines(each.parts, first, rest, sheet, has_below=bool(each.below))
        yield from _below(each, rest, sheet)


def _lines(parts: Sequence[Part], first: str, rest: str, sheet: Sheet, *, has_below: bool) -> Iterator[str]:
    """The lines of one branch."""
    hanging = rest + (sheet.signs.line.rstrip() if has_below else "").ljust(len(_HANG))
    shown, length = first, len(first)
    is_begun = False
    for part, is_rest in _fitting(parts, sheet, len(hanging)):
        gap = _GAP if is_begun else ""
        is_too_long = bool(sheet.width) and length + len(gap) + len(part.text) > sheet.width
        if is_rest or (is_begun and is_too_long):
            yield shown.rstrip()
            shown, length, gap = hanging, len(hanging), ""
        shown += gap + _styled(part, sheet)
        length += len(gap) + len(part.text)
        is_begun = True
    yield shown.rstrip()


def _fitting(parts: Sequence[Part], sheet: Sheet, taken: int) -> Iterator[tuple[Part, bool]]:
    """The parts with their signs, and whether each is the rest of one that is longer than a line."""
    room = max(sheet.width - taken, 20)
    for part in parts:
        text = "".join(sheet.signs.marks.get(sign, sign) for sign in harmless(part.text))
        lines = [text] if not sheet.width or len(text) <= room else _broken(text, room)
        for place, line in enumerate(lines):
            yield Part(line, part.style), place > 0


def _broken(text: str, room: int) -> list[str]:
    """``text`` in lines of at most ``room`` signs, if its words allow."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > room:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return lines


def _styled(part: Part, sheet: Sheet) -> str:
    return f"\x1b[{part.style}m{part.text}\x1b[0m" if sheet.is_coloured and part.style else part.text
