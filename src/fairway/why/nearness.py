"""Nearness: whether two words differ by a slip of the fingers.

Source: optimal string alignment, Damerau (1964): insertions, deletions, substitutions and swaps of neighbours.
"""

import re
from collections.abc import Iterable

CASE, TYPO, DIFFERENT = "case", "typo", "different"
_LONGEST = 64
_SHORT, _LONG = 3, 8
"""A word of three letters is too short for a slip to show; one of eight may have two."""
_words = re.compile("[-_./]").split


def distance(one: str, other: str, limit: int = 3) -> int:
    """Edits from one word to the other; ``limit`` + 1 stands for anything farther."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        last, before, row = before, row, [place]
        for column, wanted in enumerate(other, 1):
            best = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != wanted))
            if place > 1 and column > 1 and letter == other[column - 2] and one[place - 2] == wanted:
                best = min(best, last[column - 2] + 1)
            row.append(best)
        if min(row) > limit:
            return limit + 1
    return row[-1]


def how(one: str, other: str) -> str:
    """``case``, ``typo`` or ``different``; names that are told apart by numbers or single letters are meant to be."""
    a, b = one.lower(), other.lower()
    if a == b:
        return CASE
    if max(len(a), len(b)) > _LONGEST:
        return DIFFERENT
    if "".join(_words(a)) == "".join(_words(b)):
        return TYPO
    if _letters(a) == _letters(b) or _is_numbered(a, b) or min(len(a), len(b)) <= _SHORT:
        return DIFFERENT
    return TYPO if distance(a, b, 2) <= (2 if min(len(a), len(b)) >= _LONG else 1) else DIFFERENT


def _letters(word: str) -> str:
    return "".join(letter for letter in word if not letter.isdigit())


def _is_numbered(one: str, other: str) -> bool:
    """Whether only words as short as a version or a counter differ: ``web-1``, ``shard-a``, ``api-v2``."""
    ours, theirs = _words(one), _words(other)
    if len(ours) != len(theirs) or len(ours) == 1:
        return False
    return all(a == b or max(len(a), len(b)) <= _SHORT for a, b in zip(ours, theirs, strict=True))


def nearest(word: str, others: Iterable[str]) -> str:
    """The one of ``others`` that was probably meant, or empty."""
    near = [(distance(word.lower(), other.lower()), other) for other in set(others) if how(word, other) != DIFFERENT]
    return min(near)[1] if near else ""
