"""Unstable order: a list sorted exactly as Go's ``sort.Sort`` sorts it, which matters where some are equal.

kubectl orders events by time stamps of whole seconds; more than a dozen of them come out in an order that only the same
algorithm gives.  It is the pattern-defeating quicksort, with the constants of Go 1.19 and later.
Source: O. Peters, "Pattern-defeating Quicksort" (2021).  Pure.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SHORT = 12
"""As few are sorted by insertion, which keeps the order of equals."""
_NINTHER, _MANY_SWAPS, _REPAIRS, _SHORTEST_REPAIRED = 50, 12, 5, 50
_WORD = 2**64 - 1
_RISING, _FALLING, _UNKNOWN = range(3)


def sort(items: list[Any], key: Callable[[Any], Any]) -> list[Any]:
    """A new list of ``items`` in the order of their keys."""
    work = _Work(list(items), [key(item) for item in items])
    if len(items) > 1:
        work.sort(0, len(items), len(items).bit_length())
    return work.items


class _Work:
    """The list that is being sorted, with its keys beside it; ranges are half open."""

    def __init__(self, items: list[Any], keys: list[Any]) -> None:
        self.items, self.keys, self.swaps = items, keys, 0

    def less(self, one: int, other: int) -> bool:
        return bool(self.keys[one] < self.keys[other])

    def swap(self, one: int, other: int) -> None:
        for row in (self.items, self.keys):
            row[one], row[other] = row[other], row[one]

    def sort(self, start: int, end: int, patience: int) -> None:
        is_balanced = is_parted = True
        while end - start > SHORT:
            if not patience:
                self._heap(start, end)
                return
            if not is_balanced:
                self._shake(start, end)
                patience -= 1
            pivot, trend = self._pivot(start, end)
            if trend == _FALLING:
                self._reverse(start, end)
                pivot, trend = (end - 1) - (pivot - start), _RISING
            if is_balanced and is_parted and trend == _RISING and self._repaired(start, end):
                return
            if start > 0 and not self.less(start - 1, pivot):
                start = self._part_equal(start, end, pivot)
                continue
            middle, is_parted = self._part(start, end, pivot)
            left, right = middle - start, end - middle
            is_balanced = min(left, right) >= (end - start) // 8
            if left < right:
                self.sort(start, middle, patience)
                start = middle + 1
            else:
                self.sort(middle + 1, end, patience)
                end = middle
        self._insert(start, end)

    def _insert(self, start: int, end: int) -> None:
        for place in range(start + 1, end):
            while place > start and self.less(place, place - 1):
                self.swap(place, place - 1)
                place -= 1

    def _sink(self, root: int, size: int, start: int) -> None:
        while (child := 2 * root + 1) < size:
            if child + 1 < size and self.less(start + child, start + child + 1):
                child += 1
            if not self.less(start + root, start + child):
                return
            self.swap(start + root, start + child)
            root = child

    def _heap(self, start: int, end: int) -> None:
        size = end - start
        for root in range((size - 1) // 2, -1, -1):
            self._sink(root, size, start)
        for last in range(size - 1, -1, -1):
            self.swap(start, start + last)
            self._sink(0, last, start)

    def _shake(self, start: int, end: int) -> None:
        """Scatter three of the middle, always to the same places for the same length."""
        length = end - start
        noise, mask, middle = length, (1 << length.bit_length()) - 1, start + (length // 4) * 2
        for place in range(3):
            noise ^= noise << 13 & _WORD
            noise ^= noise >> 17
            noise ^= noise << 5 & _WORD
            other = noise & mask
            self.swap(middle - 1 + place, start + (other - length if other >= length else other))

    def _pivot(self, start: int, end: int) -> tuple[int, int]:
        length = end - start
        places = [start + length // 4 * quarter for quarter in (1, 2, 3)]
        self.swaps = 0
        if length >= _NINTHER:
            places = [self._median(place - 1, place, place + 1) for place in places]
        middle = self._median(*places)
        return middle, {0: _RISING, _MANY_SWAPS: _FALLING}.get(self.swaps, _UNKNOWN)

    def _median(self, one: int, two: int, three: int) -> int:
        one, two = self._ordered(one, two)
        two, three = self._ordered(two, three)
        return self._ordered(one, two)[1]

    def _ordered(self, one: int, two: int) -> tuple[int, int]:
        if self.less(two, one):
            self.swaps += 1
            return two, one
        return one, two

    def _reverse(self, start: int, end: int) -> None:
        for row in (self.items, self.keys):
            row[start:end] = row[start:end][::-1]

    def _repaired(self, start: int, end: int) -> bool:
        """Whether the range is in order, but for a few neighbours that were put right."""
        place = start + 1
        for _ in range(_REPAIRS):
            while place < end and not self.less(place, place - 1):
                place += 1
            if place == end:
                return True
            if end - start < _SHORTEST_REPAIRED:
                return False
            self.swap(place, place - 1)
            if place - start >= 2:
                self._shift(range(place - 1, 0, -1))
            if end - place >= 2:
                self._shift(range(place + 1, end))
        return False

    def _shift(self, places: range) -> None:
        for place in places:
            if not self.less(place, place - 1):
                return
            self.swap(place, place - 1)

    def _part(self, start: int, end: int, pivot: int) -> tuple[int, bool]:
        """Smaller ones left, the others right; (the pivot's place, whether they stood so already)."""
        self.swap(start, pivot)
        low, high = self._meet(start, start + 1, end - 1)
        is_parted = low > high
        while low <= high:
            self.swap(low, high)
            low, high = self._meet(start, low + 1, high - 1)
        self.swap(high, start)
        return high, is_parted

    def _meet(self, pivot: int, low: int, high: int) -> tuple[int, int]:
        while low <= high and self.less(low, pivot):
            low += 1
        while low <= high and not self.less(high, pivot):
            high -= 1
        return low, high

    def _part_equal(self, start: int, end: int, pivot: int) -> int:
        """Those equal to the pivot left, greater ones right; where the greater ones begin."""
        self.swap(start, pivot)
        low, high = start + 1, end - 1
        while True:
            while low <= high and not self.less(start, low):
                low += 1
            while low <= high and self.less(start, high):
                high -= 1
            if low > high:
                return low
            self.swap(low, high)
            low, high = low + 1, high - 1
