"""Placement: which slot each endpoint of a list has, and which number each thing bears.

Shape: slots are dense, 0 to N-1, since the kernel draws below the next power of two; a survivor keeps its slot unless
the list grew too short for it.  Pure.
"""

from collections.abc import Container, Sequence
from typing import NamedTuple

from fairway.proxy import words
from fairway.proxy.model import Endpoint


def place(before: Sequence[Endpoint], wanted: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
    """``wanted`` in slots, with the fewest moves from ``before``.

    1. Every survivor whose slot still exists keeps it.
    2. The holes are filled with survivors from beyond the new end, then with the newcomers.
    """
    if not before:
        return tuple(wanted)
    # The objects are those of ``wanted``: what was read from the kernel must not stay in memory for being equal.
    left = {at: at for at in wanted}
    slots: list[Endpoint | None] = [None] * len(wanted)
    for slot, at in enumerate(before[: len(wanted)]):
        slots[slot] = left.pop(at, None)
    known = set(before)
    rest = iter([left[at] for at in before if at in left] + [at for at in left if at not in known])
    return tuple(at if at is not None else next(rest) for at in slots)


class Numbers:
    """Numbers below a limit, handed out in a circle so that one that was given back rests as long as possible.

    A list number that is reused at once could send a packet, which is between two lookups, to another Service.
    """

    __slots__ = ("_limit", "_next", "_used")

    def __init__(self, limit: int, used: set[int] | None = None, *, start: int = 0) -> None:
        self._limit = limit
        self._used = used if used is not None else set()
        self._next = start or max(self._used, default=0) + 1

    def take(self) -> int:
        """A free number, never 0.  Raises: ``OverflowError`` if there is none."""
        self._next, taken = next_free(self._next, self._limit, self._used)
        self._used.add(taken)
        return taken

    def keep(self, number: int) -> None:
        """This number is in use."""
        self._used.add(number)

    def retain(self, used: set[int]) -> None:
        """These and no others are in use."""
        self._used = used

    def give_back(self, number: int) -> None:
        """This number is free again."""
        self._used.discard(number)


def next_free(start: int, limit: int, used: Container[int]) -> tuple[int, int]:
    """Where to go on, and the first free number at or after ``start``, round and round between 1 and ``limit`` - 1."""
    for offset in range(limit - 1):
        number = (start + offset - 1) % (limit - 1) + 1
        if number not in used:
            return number + 1, number
    raise OverflowError(f"all {limit - 1} numbers are in use")


class EndpointList(NamedTuple):
    """One list of endpoints as the kernel has it.

    ``affinity`` is the affinity number (0: none), ``timeout`` the number of its timeout; ``numbers`` are the endpoint
    numbers, slot by slot, and ``next_number`` is where the next one is looked for.
    """

    slots: tuple[Endpoint, ...] = ()
    affinity: int = 0
    timeout: int = 0
    numbers: tuple[int, ...] = ()
    next_number: int = 1


def place_list(before: EndpointList, wanted: Sequence[Endpoint], affinity: int, timeout: int) -> EndpointList:
    """``wanted`` as it should lie in the kernel next; ``affinity`` 0 means none."""
    slots = place(before.slots, wanted)
    if not affinity:
        return EndpointList(slots)
    known = dict(zip(before.slots, before.numbers, strict=True)) if before.affinity == affinity else {}
    used = set(known.values())
    newcomers = sum(at not in known for at in slots)
    if len(used) + newcomers >= words.NUMBER_LIMIT:
        # Too few to let those of the departed rest: old bindings to them lead to newcomers.
        used = {known[at] for at in slots if at in known}
    next_number = before.next_number
    numbers = []
    for at in slots:
        number = known.get(at)
        if number is None:
            next_number, number = next_free(next_number, words.NUMBER_LIMIT, used)
            used.add(number)
        numbers.append(number)
    return EndpointList(slots, affinity, timeout, tuple(numbers), next_number)
