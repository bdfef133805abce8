"""Entry: one service port as the kernel has it, and the elements that are its own: two lists and their endpoints.

Shape: entries before and after in, the elements that may have changed out.  Pure.
What several service ports may want, such as a frontend, is for ``sharing``.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from fairway.proxy import words
from fairway.proxy.model import Endpoint, Frontend
from fairway.proxy.placement import EndpointList
from fairway.proxy.words import Elements, pack_word, pack_words

_Held = TypeVar("_Held")


class Entry(NamedTuple):
    """One service port as the kernel has it."""

    protocol: int
    port: int
    number: int
    frontends: tuple[Frontend, ...]
    everywhere: EndpointList
    local: EndpointList | None
    hairpin: tuple[bytes, ...]
    flows: frozenset[Endpoint] | None


def own_changes(old: Sequence[Entry], new: Sequence[Entry], before: Elements, after: Elements) -> None:
    """Add what the entries of one Service had to ``before`` and what they have to ``after``.

    Slots that stay as they are may be left out of both: of ten thousand endpoints, one changes at a time.
    """
    known = {(entry.protocol, entry.port): entry for entry in old}
    for entry in new:
        was = known.pop((entry.protocol, entry.port), None)
        if was is None:
            own_elements(entry, after)
        elif _is_sparse(was.everywhere, entry.everywhere) and _is_sparse(was.local, entry.local):
            word = entry.number << words.LIST_SHIFT
            _list_changes(word, was.everywhere, entry.everywhere, before, after)
            _list_changes(word | words.LOCAL_LIST, was.local, entry.local, before, after)
        else:
            own_elements(was, before)
            own_elements(entry, after)
    for entry in known.values():
        own_elements(entry, before)


def _is_sparse(before: EndpointList | None, after: EndpointList | None) -> bool:
    """Whether two lists may be compared slot by slot."""
    if before is None or after is None:
        return before is after
    same = before.affinity == after.affinity and before.timeout == after.timeout
    return same and bool(before.slots) and bool(after.slots)


def _list_changes(
    word: int, had: EndpointList | None, has: EndpointList | None, before: Elements, after: Elements
) -> None:
    if had is None or has is None:
        return
    at = {*_differing(had, has)}
    _list_elements(word, had, words.REFUSE, before, at)
    _list_elements(word, has, words.REFUSE, after, at)


def _differing(before: EndpointList, after: EndpointList) -> Iterator[int]:
    """The slots that do not hold the same in both."""
    shorter, longer = sorted((len(before.slots), len(after.slots)))
    yield from range(shorter, longer)
    for slot, (had, has) in enumerate(zip(before.slots, after.slots, strict=False)):
        if had is not has and had != has:
            yield slot
    for slot, (number, other) in enumerate(zip(before.numbers, after.numbers, strict=False)):
        if number != other:
            yield slot


def own_elements(entry: Entry, into: Elements) -> None:
    """Add what no other service port can want: the two lists with their endpoints."""
    word = entry.number << words.LIST_SHIFT
    _list_elements(word, entry.everywhere, words.REFUSE, into)
    if entry.local is not None:
        empty = words.DROP if entry.everywhere.slots else words.REFUSE
        _list_elements(word | words.LOCAL_LIST, entry.local, empty, into)


def _list_elements(
    word: int, held: EndpointList, empty: int, into: Elements, at_slots: Collection[int] | None = None
) -> None:
    """Add the list and the slots ``at_slots``, all without."""
    key = pack_word(word)
    lists = into.setdefault(words.LISTS, {})
    if not held.slots:
        lists[key] = pack_word(word | empty)
        return
    if not held.affinity:
        lists[key] = pack_word(word | words.class_of(len(held.slots)))
        slots = into.setdefault(words.SLOTS, {})
        for slot, at in _slots(held.slots, at_slots):
            slots[pack_words(word, slot)] = at
        return
    base = words.AFFINITY | held.affinity << words.AFFINITY_SHIFT
    packed = pack_word(base | held.timeout << words.TIMEOUT_SHIFT | words.class_of(len(held.slots)))
    lists[key] = packed
    into.setdefault(words.AFFINITY_LISTS, {})[pack_word(base)] = packed
    slots = into.setdefault(words.AFFINITY_SLOTS, {})
    endpoints = into.setdefault(words.ENDPOINTS, {})
    live = into.setdefault(words.LIVE, {})
    for slot, (at, number) in _slots(tuple(zip(held.slots, held.numbers, strict=True)), at_slots):
        bound = pack_word(base | number)
        slots[pack_words(base, slot)] = bound
        endpoints[bound] = at
        live[bound] = b""


def _slots(held: Sequence[_Held], wanted: Collection[int] | None) -> Iterable[tuple[int, _Held]]:
    if wanted is None:
        return enumerate(held)
    return [(slot, held[slot]) for slot in wanted if slot < len(held)]
