"""Comparing: which fields a value has, and which of them differ between two states of an object.

Shape: ``fields_of(value, shape)`` and ``compare(old, new, shape)`` give field sets.
Source: KEP-555; the structured-merge-diff rules for sets and comparisons.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fairway.objects.ownership.field_sets import LEAF, FieldSet, leaves, with_itself
from fairway.objects.ownership.shape import DEDUCE, KEYED, MAP, SET, STRUCT, WHOLE, Shape, as_found

_MISSING: Any = object()


class Comparison(NamedTuple):
    """The fields that came, that have another value, and that went."""

    added: FieldSet
    modified: FieldSet
    removed: FieldSet


def fields_of(value: Any, shape: Shape) -> FieldSet:
    """Every field that a configuration sets.  Raises: ``KeyMissing``."""
    shape = as_found(shape, value)
    if shape.form == WHOLE:
        return LEAF
    if shape.form in (KEYED, SET):
        item = shape.item()
        return {shape.element(each): with_itself(fields_of(each, item)) for each in value}
    found = {}
    for name, below in value.items():
        node = fields_of(below, shape.field(name))
        element = f"f:{name}"
        if node:
            found[element] = node if shape.is_named(element) else with_itself(node)
        elif below is None or below == {} or as_found(shape.field(name), below).form == WHOLE:
            found[element] = LEAF
    return found


def compare(old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape) -> Comparison:
    """What distinguishes ``new`` from ``old``.  Raises: ``KeyMissing``."""
    found = Comparison({}, {}, {})
    _compare_maps(old, new, shape, found)
    return found


def _compare_maps(old: Mapping[str, Any], new: Mapping[str, Any], shape: Shape, into: Comparison) -> None:
    for name, value in new.items():
        before = old.get(name, _MISSING)
        if before is _MISSING:
            into.added[f"f:{name}"] = _whole(value, shape.field(name), is_quiet=shape.is_always_there(name))
        elif before is not value and before != value:
            _enter(f"f:{name}", before, value, shape.field(name), into)
    for name, value in old.items():
        if name not in new:
            into.removed[f"f:{name}"] = _whole(value, shape.field(name))


def _enter(element: str, old: Any, new: Any, shape: Shape, into: Comparison) -> None:
    was, is_ = as_found(shape, old), as_found(shape, new)
    if was.form == WHOLE or is_.form == WHOLE:
        into.modified[element] = LEAF
        return
    below = Comparison({}, {}, {})
    if is_.form in (STRUCT, MAP, DEDUCE):
        _compare_maps(old, new, is_, below)
    else:
        _compare_lists(old, new, is_, below)
    for fields, found in zip(into, below, strict=True):
        if found:
            fields[element] = found


def _compare_lists(old: list[Any], new: list[Any], shape: Shape, into: Comparison) -> None:
    before, after = _by_element(old, shape), _by_element(new, shape)
    item = shape.item()
    for element, values in after.items():
        if element not in before:
            into.added[element] = with_itself(_whole(values[0], item))
        elif values != before[element]:
            if len(values) == len(before[element]) == 1:
                _enter(element, before[element][0], values[0], item, into)
            else:
                into.modified[element] = LEAF
    for element, values in before.items():
        if element not in after:
            into.removed[element] = with_itself(_whole(values[0], item))


def _by_element(found: list[Any], shape: Shape) -> dict[str, list[Any]]:
    """Items by what tells them apart; objects of old may hold several that nothing does."""
    by_element: dict[str, list[Any]] = {}
    for item in found:
        by_element.setdefault(shape.element(item), []).append(item)
    return by_element


def fields_of_new(value: Any, shape: Shape, *, is_quiet: bool = False) -> FieldSet:
    """As ``_whole``, in the order of the wire: what a new object's member is to whoever creates it."""
    shape = as_found(shape, value)
    form = shape.form
    if form == WHOLE or not value:
        return LEAF
    if form == MAP and shape.item().form == WHOLE:
        return leaves(value, is_member=not is_quiet)
    if form in (KEYED, SET):
        item = shape.item()
        below = {shape.element(each): with_itself(fields_of_new(each, item)) for each in value}
        found = {element: below[element] for element in sorted(below)}
    else:
        found = {}
        for name in sorted(value):
            field, inner = shape.field(name), value[name]
            found[f"f:{name}"] = (
                LEAF if field.form == WHOLE else fields_of_new(inner, field, is_quiet=shape.is_always_there(name))
            )
    return found if is_quiet else with_itself(found)


def _whole(value: Any, shape: Shape, *, is_quiet: bool = False) -> FieldSet:
    """The fields of a value that came or went as a whole; a quiet one is not among them itself."""
    shape = as_found(shape, value)
    if shape.form == WHOLE or not value:
        return LEAF
    if shape.form in (KEYED, SET):
        item = shape.item()
        found = {shape.element(each): with_itself(_whole(each, item)) for each in value}
    else:
        found = {
            f"f:{name}": _whole(below, shape.field(name), is_quiet=shape.is_always_there(name))
            for name, below in value.items()
        }
    return found if is_quiet else with_itself(found)
