"""Merging: a configuration laid over an object, and fields taken out of it, by the schema's merge rules.

Shape: ``merge(live, config, shape)`` and ``remove(value, fields, shape)`` give new values.
Source: Kubernetes docs, "Server-Side Apply", "Merge strategy".
"""

from typing import Any

from fairway.objects.ownership.field_sets import LEAF, FieldSet, is_member, with_itself
from fairway.objects.ownership.shape import DEDUCE, KEYED, MAP, SET, STRUCT, WHOLE, Shape, as_found

NOTHING: Any = object()
"""What is left of a map or list when all of it was removed."""


def merge(live: Any, config: Any, shape: Shape) -> Any:
    """``config`` wins; what it does not speak of stays, as does a map or list of many writers for which it says null.

    Raises: ``KeyMissing``.
    """
    was, is_ = as_found(shape, live), as_found(shape, config)
    if config is None and live and was.form in (STRUCT, MAP, KEYED, SET):
        return live
    if was.form == WHOLE or is_.form == WHOLE:
        return config
    if is_.form in (STRUCT, MAP, DEDUCE):
        merged = dict(live)
        for name, value in config.items():
            merged[name] = merge(live[name], value, is_.field(name)) if name in live else value
        return merged
    return _merge_lists(live, config, is_)


def _merge_lists(live: list[Any], config: list[Any], shape: Shape) -> list[Any]:
    """Items in the configuration's order, those of others where they stood before their neighbours."""
    item = shape.item()
    mine = {shape.element(each): each for each in config}
    theirs = [(shape.element(each), each) for each in live]
    known: dict[str, Any] = {}
    for element, each in theirs:
        known.setdefault(element, each)
    shared = [element for element in mine if element in known]
    merged: list[Any] = []
    coming = iter(mine)
    taken: set[str] = set()

    def take_up_to(last: str) -> None:
        for element in coming:
            taken.add(element)
            merged.append(merge(known[element], mine[element], item) if element in known else mine[element])
            if element == last:
                return

    for element, each in theirs:
        if element not in mine:
            merged.append(each)
        elif element not in taken and shared and element == shared[0]:
            take_up_to(element)
            shared.pop(0)
    for element in coming:
        merged.append(merge(known[element], mine[element], item) if element in known else mine[element])
    return merged


def remove(value: Any, fields: FieldSet, shape: Shape) -> Any:
    """``value`` without ``fields`` and all that is below them, or ``NOTHING``."""
    shape = as_found(shape, value)
    if shape.form == WHOLE or not value:
        return value
    if shape.form in (KEYED, SET):
        kept = [
            left
            for each in value
            if (left := _left(fields.get(shape.element(each)), each, shape.item())) is not NOTHING
        ]
        return kept or NOTHING
    left_over = {}
    for name, below in value.items():
        left = _left(fields.get(f"f:{name}"), below, shape.field(name))
        if left is not NOTHING:
            left_over[name] = left
    return left_over or NOTHING


def _left(node: FieldSet | None, value: Any, shape: Shape) -> Any:
    if node is None:
        return value
    return NOTHING if is_member(node) else remove(value, node, shape)


def with_named(fields: FieldSet, shape: Shape) -> FieldSet:
    """``fields`` and the named fields that lead to them: whoever owns a field wants what it lies in."""
    found = {}
    for element, node in fields.items():
        below = with_named(node, shape.at(element)) if node else LEAF
        if below and "." not in below and shape.is_named(element):
            below = with_itself(below)
        found[element] = below
    return found
