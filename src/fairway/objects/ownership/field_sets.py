"""Field sets: sets of paths into an object, in the form of FieldsV1, and what can be done with them.

Shape: a nested dict.  A key is a path element: ``f:NAME`` (field), ``k:{...}`` (list item by its keys), ``v:...`` (item
of a set), ``i:N`` (index).  A node is in the set itself if it is empty or has the key ``.``; the root never is, so that
an empty root is the empty set.  No function changes its arguments; results share nodes with them.
Source: Kubernetes API reference, "FieldsV1".
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import orjson

FieldSet = dict[str, Any]
Path = tuple[str, ...]
_REMEMBERED, _REMEMBERED_LETTERS = 64, 4096
"""Names of a node, at most, for it to be remembered, and their letters: whoever writes chooses them."""
LEAF: FieldSet = {}
_ITSELF, _INDEX = ".", "i:"
_ORDER = {_ITSELF: -1, "f": 0, "k": 1, "v": 2, "i": 3}


def is_member(node: FieldSet) -> bool:
    """Whether a node below the root is in the set itself."""
    return not node or _ITSELF in node


def with_itself(children: FieldSet) -> FieldSet:
    """A node that is in the set together with ``children``."""
    return {_ITSELF: LEAF, **children} if children else LEAF


def union(one: FieldSet, other: FieldSet) -> FieldSet:
    """Every path of either."""
    if not other or not one:
        return one or other
    found = dict(one)
    for element, node in other.items():
        mine = found.get(element)
        found[element] = node if mine is None else _both(mine, node)
    return found


def _both(one: FieldSet, other: FieldSet) -> FieldSet:
    found = union(one, other)
    return found if _ITSELF in found or not (is_member(one) or is_member(other)) else with_itself(found)


def difference(one: FieldSet, other: FieldSet) -> FieldSet:
    """The paths of ``one`` that are not in ``other``."""
    if not other:
        return one
    found = {}
    for element, node in one.items():
        theirs = other.get(element)
        if theirs is None:
            found[element] = node
        elif element != _ITSELF:
            left = _without_itself(difference(node, theirs))
            if is_member(node) and not is_member(theirs):
                found[element] = with_itself(left)
            elif left:
                found[element] = left
    return found


def intersection(one: FieldSet, other: FieldSet) -> FieldSet:
    """The paths of both."""
    found = {}
    for element, node in one.items():
        theirs = other.get(element)
        if theirs is None or element == _ITSELF:
            continue
        common = intersection(node, theirs)
        if is_member(node) and is_member(theirs):
            found[element] = with_itself(common)
        elif common:
            found[element] = common
    return found


def _without_itself(node: FieldSet) -> FieldSet:
    return {element: below for element, below in node.items() if element != _ITSELF} if _ITSELF in node else node


def paths(fields: FieldSet) -> Iterator[Path]:
    """Every path of the set, in order."""
    for element in sorted(fields, key=_rank):
        if element == _ITSELF:
            continue
        node = fields[element]
        if is_member(node):
            yield (element,)
        for below in paths(node):
            yield (element, *below)


def of_paths(found: Iterable[Path]) -> FieldSet:
    """The set of some paths."""
    fields: FieldSet = {}
    for path in found:
        node = LEAF
        for element in reversed(path):
            node = {element: node}
        fields = union(fields, node)
    return fields


@lru_cache(512)
def _leaves(names: tuple[str, ...], is_member: bool) -> FieldSet:
    found = {f"f:{name}": LEAF for name in names}
    return with_itself(found) if is_member else found


def leaves(names: Iterable[str], *, is_member: bool) -> FieldSet:
    """The node of a map whose values are whole, in the order of the wire."""
    found = tuple(sorted(names))
    is_short = len(found) <= _REMEMBERED and sum(map(len, found)) <= _REMEMBERED_LETTERS
    make = _leaves if is_short else _leaves.__wrapped__
    return make(found, is_member)


def ordered(fields: FieldSet) -> FieldSet:
    """The same set with its elements in the order of the wire."""
    if not fields:
        return LEAF
    elements = sorted(fields)
    # All but indexes, which hardly anybody owns, stand in the order of the alphabet.
    place = bisect_left(elements, _INDEX)
    if place < len(elements) and elements[place].startswith(_INDEX):
        elements.sort(key=_rank)
    return {element: ordered(node) if (node := fields[element]) else LEAF for element in elements}


def _rank(element: str) -> tuple[int, str]:
    return (_ORDER[element[:1]], element)


def text(path: Path) -> str:
    """A path as people read it: ``.spec.ports[port=80,protocol="TCP"].name``."""
    return "".join(map(_element_text, path))


def _element_text(element: str) -> str:
    form, _, rest = element.partition(":")
    if form == "f":
        return f".{rest}"
    if form == "k":
        keys = orjson.loads(rest)
        return "[" + ",".join(f"{key}={orjson.dumps(value).decode()}" for key, value in keys.items()) + "]"
    return f"[={rest}]" if form == "v" else f"[{rest}]"
