"""Colour: whether a stream is to have it, and texts in it.

Shape: ``painter(stream)`` gives a function ``paint(text, GREEN)``, which leaves texts alone where no colour is wanted.
Source: no-color.org; force-color.org; ECMA-48, "SGR".
"""

import os
from collections.abc import Callable, Mapping

TYPE_CHECKING = False  # typing costs more than all of this module
if TYPE_CHECKING:
    from typing import TextIO

RED, GREEN, YELLOW, BOLD, DIM = "31", "32", "33", "1", "2"
Paint = Callable[[str, str], str]


def is_wanted(is_terminal: bool, environment: Mapping[str, str]) -> bool:
    """Whether colour is wanted: by word of the environment, else on a terminal that can.  Pure."""
    if environment.get("NO_COLOR"):
        return False
    forced = environment.get("FORCE_COLOR", "")
    if forced:
        return forced not in ("0", "false")
    return is_terminal and environment.get("TERM", "") not in ("", "dumb")


def painter(stream: "TextIO") -> Paint:
    """How texts for a stream are painted."""
    if not is_wanted(stream.isatty(), os.environ):
        return lambda text, colour: text
    return lambda text, colour: f"\x1b[{colour}m{text}\x1b[0m"
