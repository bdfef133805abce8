"""Completion: what may stand where the cursor is.  A shell asks ``fairway __complete WORD ... CURRENT``.

Shape: ``run(words)`` prints a candidate a line, with a tab and a description where there is one, then ``:`` and a
number as cobra's completions have it: 2 no space after it, 4 no file names.  It never fails.
"""

import sys

from fairway.cli.completion.candidates import Answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

NO_SPACE, NO_FILES = 2, 4


def run(words: "Sequence[str]") -> int:
    """Answer a shell."""
    from fairway.cli.completion.line import answer

    try:
        found = answer(list(words))
    except Exception:  # whatever is wrong, the shell's prompt is not the place to tell
        found = Answer()
    sys.stdout.write("".join(f"{text}\n" for text in lines(found, words[-1] if words else "")))
    return 0


def lines(found: Answer, current: str) -> list[str]:
    """What is printed: the candidates that begin as the current word does.  Pure."""
    shown = [
        f"{value}\t{text}" if text else value for value, text in found.candidates if value.startswith(current)
    ]  # fmt: skip
    return [*shown, f":{(NO_SPACE if found.goes_on else 0) | (0 if found.takes_files else NO_FILES)}"]
