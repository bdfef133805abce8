"""Columns: rows of cells as kubectl aligns them.  Pure.

Source: what its tables look like: three spaces between columns, six letters at least, nothing behind the last cell.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_PADDING, _WIDTH_MIN = 3, 6


def widths_of(rows: "Iterable[Sequence[str]]", before: "Sequence[int]" = ()) -> list[int]:
    """The width of every column with its padding; none is smaller than it was ``before``."""
    found = list(before)
    for row in rows:
        found += [_WIDTH_MIN] * (len(row) - len(found))
        for place, cell in enumerate(row):
            if len(cell) + _PADDING > found[place]:
                found[place] = len(cell) + _PADDING
    return found


def aligned(rows: "Sequence[Sequence[str]]", widths: "Sequence[int] | None" = None) -> str:
    """The rows as lines."""
    widths = widths_of(rows) if widths is None else widths
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=False)]
        lines.append("".join(cells) + row[-1] + "\n" if row else "\n")
    return "".join(lines)
