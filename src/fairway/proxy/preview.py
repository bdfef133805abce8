"""Preview: what the proxy would change in the kernel, for people and for programs, without changing anything.

Shape: what the kernel holds (``Dataplane.open`` or ``dump``), what it should hold (``Inventory.resolved`` of every
Service and ``fixed_elements``), one family at a time; a list of ``Change`` comes out.  Pure.

    changes = preview(4, found[4], {"default/web": resolved.ipv4}, fixed_elements(4, node, settings))
    print(*map(line, changes), sep="\\n")      # + frontends 10.96.0.17 . tcp . 80 : 0x00000201  # default/web
    print(*map(json_line, changes), sep="\\n")  # {"operation": "add", "family": "IPv4", "name": "frontends", ...}

A changed value is a delete and an add.  No change at all is an empty list.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from fairway.proxy import words
from fairway.proxy.delta import Table, Transaction
from fairway.proxy.element_text import element_text
from fairway.proxy.entry import Entry
from fairway.proxy.model import ServicePort, frontend_parts
from fairway.proxy.words import Elements, word_of

ADD: Final = "add"
DELETE: Final = "delete"
_SIGNS: Final = {ADD: "+", DELETE: "-"}
_ENDPOINT_NUMBERED: Final = (words.LIVE, words.ENDPOINTS, words.AFFINITY_SLOTS, words.AFFINITY_LISTS)


class Change(NamedTuple):
    """One element that would come or go; ``services`` (``namespace/name``) are those that it belongs to, if known."""

    operation: str
    family: int
    name: str
    element: str
    services: tuple[str, ...]


def preview(family: int, found: Elements, wanted: Mapping[str, Sequence[ServicePort]], fixed: Elements) -> list[Change]:
    """What a proxy that starts now would do to one family's table; deletes come first, as in the kernel.

    ``found`` is used up.
    """
    table = Table(found)
    table.fix(fixed)
    own = {name: dict(held) for name, held in found.items()}  # a start uses up what it is given
    return changes(family, table.start(wanted, own), Owners(table.entries))


def changes(family: int, transaction: Transaction, owners: "Owners") -> list[Change]:
    """Every element of a transaction."""
    parts = ((DELETE, transaction.deletes, words.ORDER[::-1]), (ADD, transaction.adds, words.ORDER))
    return [
        Change(operation, family, name, element_text(name, key, data), owners.of(name, key))
        for operation, elements, order in parts
        for name in order
        for key, data in elements.get(name, {}).items()
    ]


def line(change: Change) -> str:
    """``+ frontends 10.96.0.17 . tcp . 80 : 0x00000201  # default/web``."""
    text = f"{_SIGNS[change.operation]} {change.name} {change.element}"
    return f"{text}  # {', '.join(change.services)}" if change.services else text


def json_line(change: Change) -> str:
    """One JSON object: operation, family, name, element, services."""
    return json.dumps(change._asdict() | {"family": f"IPv{change.family}"})


class Owners:
    """Which Services the elements of a table belong to."""

    def __init__(self, entries: Mapping[str, Iterable[Entry]]) -> None:
        self._services: dict[tuple[str, bytes | int], dict[str, None]] = {}
        for service, held in entries.items():
            for entry in held:
                for kind, key in _owned(entry):
                    self._services.setdefault((kind, key), {})[service] = None

    def of(self, name: str, key: bytes) -> tuple[str, ...]:
        """The Services that one element belongs to, in order."""
        return tuple(sorted(self._services.get(_place(name, key), ())))


def _owned(entry: Entry) -> Iterator[tuple[str, bytes | int]]:
    """What one service port owns, in the form that ``_place`` gives."""
    yield words.LISTS, entry.number
    for held in (entry.everywhere, entry.local):
        if held is not None and held.affinity:
            yield words.AFFINITY_LISTS, held.affinity
    for frontend in entry.frontends:
        yield words.FRONTENDS, frontend.key
        yield words.CLUSTER_IPS, frontend_parts(frontend.key)[0]
    for at in entry.hairpin:
        yield words.HAIRPIN, at + at


def _place(name: str, key: bytes) -> tuple[str, bytes | int]:
    """Where ``Owners`` looks for the owner of an element."""
    if name in (words.LISTS, words.SLOTS):
        return words.LISTS, word_of(key) >> words.LIST_SHIFT
    if name in _ENDPOINT_NUMBERED:
        return words.AFFINITY_LISTS, (word_of(key) & ~words.AFFINITY) >> words.AFFINITY_SHIFT
    if name == words.NODE_PORTS:
        return words.FRONTENDS, key
    if name == words.SOURCE_RANGES:
        half = len(key) // 2
        return words.FRONTENDS, key[: half - (half - 8) // 2]
    return name, key
