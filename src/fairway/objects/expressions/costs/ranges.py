"""Ranges: the least and the most of something, sizes and costs alike.

Pure.
"""

from math import ceil
from typing import NamedTuple

MOST = 2**64 - 1


class Range(NamedTuple):
    """The least and the most of something."""

    least: int
    most: int

    def plus(self, other: "Range") -> "Range":
        """The sum."""
        return Range(min(self.least + other.least, MOST), min(self.most + other.most, MOST))

    def times(self, other: "Range") -> "Range":
        """The product."""
        return Range(min(self.least * other.least, MOST), min(self.most * other.most, MOST))

    def by(self, factor: float) -> "Range":
        """So much for each, rounded up."""
        return Range(_scaled(self.least, factor), _scaled(self.most, factor))

    def union(self, other: "Range") -> "Range":
        """From the lower least to the higher most."""
        return Range(min(self.least, other.least), max(self.most, other.most))


def _scaled(count: int, factor: float) -> int:
    return MOST if count >= MOST else min(ceil(count * factor), MOST)


NONE, ONE, UNKNOWN = Range(0, 0), Range(1, 1), Range(0, MOST)
