"""Sifting: which of many states selectors take, a little in each round of the loop: nobody else waits for it.

What selectors look at is read from the bytes of a state when it is first asked for, which takes time where there are
many.
"""

from collections.abc import Sequence
from time import perf_counter

from fairway.apiserver.pace import Pace
from fairway.apiserver.selection import Selection
from fairway.apiserver.stored import Stored

FEW = 500
"""States that are sifted at once."""
_ROUND_S = 0.002
_AT_ONCE = 32


async def sifted(states: Sequence[Stored], selection: Selection, pace: Pace, most: int | None = None) -> list[Stored]:
    """The states that the selectors take, ``most`` of them if that is said."""
    found: list[Stored] = []
    matches = selection.matches
    await pace.turn()
    until = perf_counter() + _ROUND_S
    for start in range(0, len(states), _AT_ONCE):
        found += [state for state in states[start : start + _AT_ONCE] if matches(state)]
        if most is not None and len(found) >= most:
            return found[:most]
        if perf_counter() > until:
            await pace.turn()
            until = perf_counter() + _ROUND_S
    return found
