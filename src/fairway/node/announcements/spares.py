"""Spares: which free addresses are looked for on the LAN before anybody wants one, so that none has to wait.  Pure."""

from collections.abc import Callable, Collection, Iterator, Mapping

from fairway.kinds.rules.address_pool import FAMILIES, Part, Pool, parsed

GOOD = 8
"""So many of each family that nobody has."""
MOST = 64
"""Not more are looked for, though most of them be other machines'."""


def spares(
    pool: Pool, active: Collection[str], last: Mapping[str, str], is_bad: Callable[[str], bool]
) -> Iterator[str]:
    """The next addresses of each family behind the ``last`` one given that no Service has; bad ones come on top."""
    for family in FAMILIES.values():
        good = 0
        for number, at in enumerate(_free(pool.of(family), active, last.get(family, ""))):
            if good == GOOD or number == MOST:
                break
            good += not is_bad(at)
            yield at


def _free(parts: tuple[Part, ...], active: Collection[str], last: str) -> Iterator[str]:
    """The free addresses of a family, beginning behind ``last`` and once around."""
    address = parsed(last)
    places = [part.number(address) for part in parts] if address is not None else []
    first = next((index for index, place in enumerate(places) if place >= 0), 0)
    start = places[first] + 1 if places and places[first] >= 0 else 0
    for index in range(len(parts) + 1):
        part = parts[(first + index) % len(parts)] if parts else None
        if part is None:
            return
        begin = start if index == 0 else 0
        end = min(start, part.count) if index == len(parts) else part.count
        yield from (at for at in map(part.address, range(begin, end)) if at not in active)
