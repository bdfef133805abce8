"""Tab stops: cells that end in a tab line up with the cells above and below them.

A column is a run of lines that all have a cell there; it is as wide as its widest cell and two spaces.  What stands
after a line's last tab belongs to no column.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

PADDING = 2


def aligned(text: str, padding: int = PADDING) -> str:
    """``text`` with every tab turned into the spaces that line its column up."""
    lines = [line.split("\t") for line in text.split("\n")]
    out: list[str] = []
    _layout(lines, 0, len(lines), [], out, padding)
    return "\n".join(out)


def _layout(lines: Sequence[list[str]], start: int, end: int, widths: list[int], out: list[str], padding: int) -> None:
    """Lay out the lines from ``start`` to ``end``, whose first columns have ``widths``."""
    column = len(widths)
    place = start
    while place < end:
        if len(lines[place]) - 1 <= column:
            out.append(_line(lines[place], widths))
            place += 1
            continue
        first = place
        while place < end and len(lines[place]) - 1 > column:
            place += 1
        width = max(len(line[column]) for line in lines[first:place]) + padding
        _layout(lines, first, place, [*widths, width], out, padding)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=False)) + cells[-1]
