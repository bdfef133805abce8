"""Recovery: the numbers and slots of a table that was found in the kernel.

Shape: a dump in; per frontend the list number and the lists under it out.  Pure.
A restarted proxy asks here before it draws a new number, so that a table that is right is left as it is.
"""

from collections.abc import Iterable

from fairway.proxy import words
from fairway.proxy.model import Endpoint, FrontendKey
from fairway.proxy.placement import EndpointList
from fairway.proxy.words import Elements, pack_word, word_of


class Recovered:
    """What a dump says about numbers.  Each list number is given out once."""

    def __init__(self, found: Elements) -> None:
        self._frontends = dict(found.get(words.FRONTENDS, {}))
        self._frontends.update(found.get(words.NODE_PORTS, {}))
        self._lists = found.get(words.LISTS, {})
        self._affinity_endpoints = found.get(words.ENDPOINTS, {})
        self._slots = _by_list(found.get(words.SLOTS, {}))
        self._affinity_slots = _by_list(found.get(words.AFFINITY_SLOTS, {}))
        self._given: set[int] = set()
        self._given_affinities: set[int] = {0}
        self.list_numbers = {_list_number(word) for word in self._frontends.values()}
        self.list_numbers.update(_list_number(key) for key in self._lists)
        self.affinity_numbers = {_affinity_number(word_of(key)) for key in self._affinity_slots}
        self.affinity_numbers.update(_affinity_number(word_of(key)) for key in found.get(words.AFFINITY_LISTS, {}))
        self.timeouts = {
            word_of(seconds): word_of(key) >> words.TIMEOUT_SHIFT
            for key, seconds in found.get(words.TIMEOUTS, {}).items()
        }

    def lists(self, frontends: Iterable[FrontendKey]) -> tuple[int, EndpointList | None, EndpointList | None]:
        """List number (0: none is known), endpoints everywhere and on this node, behind one of these frontends."""
        if not self._frontends:
            return 0, None, None
        for key in frontends:
            word = self._frontends.get(key)
            number = _list_number(word) if word is not None else 0
            if number and number not in self._given:
                self._given.add(number)
                base = number << words.LIST_SHIFT
                return number, self._list(base), self._list(base | words.LOCAL_LIST)
        return 0, None, None

    def _list(self, base: int) -> EndpointList | None:
        key = pack_word(base)
        packed = self._lists.get(key)
        if packed is None:
            return None
        word = word_of(packed)
        if not word & words.AFFINITY:
            return EndpointList(_dense(self._slots.get(key, {})))
        affinity = _affinity_number(word)
        if affinity in self._given_affinities:
            return None
        self._given_affinities.add(affinity)
        bound = _dense(self._affinity_slots.get(pack_word(word & words.AFFINITY_MASK), {}))
        known = [(self._affinity_endpoints[at], word_of(at)) for at in bound if at in self._affinity_endpoints]
        numbers = tuple(number & (words.NUMBER_LIMIT - 1) for _, number in known)
        return EndpointList(
            slots=tuple(Endpoint(at) for at, _ in known),
            affinity=affinity,
            timeout=(word & words.TIMEOUT_MASK) >> words.TIMEOUT_SHIFT,
            numbers=numbers,
            next_number=max(numbers, default=0) + 1,
        )


def _by_list(slots: dict[bytes, bytes]) -> dict[bytes, dict[int, bytes]]:
    found: dict[bytes, dict[int, bytes]] = {}
    for key, at in slots.items():
        found.setdefault(key[:4], {})[word_of(key[4:])] = at
    return found


def _dense(slots: dict[int, bytes]) -> tuple[Endpoint, ...]:
    """The slots in order, without doubles: what another hand has put there is not trusted."""
    return tuple(dict.fromkeys(Endpoint(slots[slot]) for slot in sorted(slots)))


def _list_number(packed: bytes) -> int:
    return word_of(packed) >> words.LIST_SHIFT


def _affinity_number(word: int) -> int:
    return (word & ~words.AFFINITY) >> words.AFFINITY_SHIFT
