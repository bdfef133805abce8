"""Indexes: sets of completion indexes as text, ``1,3-5,7``.

Shape: a set is a sorted list of (first, last), both inclusive, with a gap between neighbours.
Source: Kubernetes API reference, "JobStatus v1 batch", completedIndexes.
"""

from collections.abc import Iterable, Sequence

from fairway.objects.label_syntax import integer

LENIENT_MAX = 1_000_000
"""More indexes than this a few letters could name, and no memory could hold."""

Interval = tuple[int, int]


def parse_indexes(text: str, total: int) -> list[Interval]:
    """The intervals of ``text``, below ``total``.  Raises: ``ValueError`` with upstream's words."""
    found: list[Interval] = []
    if not text:
        return found
    for part in text.split(","):
        limits = part.split("-")
        if len(limits) > 2:
            raise ValueError(f'the fragment "{part}" violates the requirement that an index interval can have at most'
                             " two parts separated by '-'")  # fmt: skip
        first, last = (_index(limit, total) for limit in (limits[0], limits[-1]))
        if found and first <= found[-1][1]:
            raise ValueError(f"non-increasing order, previous: {found[-1][1]}, current: {first}")
        if len(limits) == 2 and first >= last:
            raise ValueError(f"non-increasing order, previous: {first}, current: {last}")
        found.append((first, last))
    return found


def _index(text: str, total: int) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"cannot convert string to integer for index: {_quoted(text)}")
    index = int(text)
    if index >= total:
        raise ValueError(f"too large index: {_quoted(text)}")
    return index


def _quoted(text: str) -> str:
    return f'"{text}"'


def lenient(text: str | None, total: int) -> set[int]:
    """The indexes of a status that nobody checked: what cannot be read, or is beyond all measure, is left out."""
    found: set[int] = set()
    total = min(total, LENIENT_MAX)
    for part in (text or "").split(","):
        low, _, high = part.partition("-")
        first, last = integer(low), integer(high or low)
        if first is not None and last is not None and first >= 0:
            found.update(range(first, min(last, total - 1) + 1))
    return found


def shown(indexes: Iterable[int]) -> str:
    """The shortest text of a set; two neighbours are ``1,2``, three are ``1-3``."""
    parts: list[str] = []
    ordered: Sequence[int] = sorted(indexes)
    place = 0
    while place < len(ordered):
        end = place
        while end + 1 < len(ordered) and ordered[end + 1] == ordered[end] + 1:
            end += 1
        first, last = ordered[place], ordered[end]
        parts.append(str(first) if first == last else f"{first},{last}" if last == first + 1 else f"{first}-{last}")
        place = end + 1
    return ",".join(parts)
