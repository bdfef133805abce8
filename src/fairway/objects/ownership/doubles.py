"""Doubles: items of a set or keyed list that are named twice, or have no name, so that nobody knows which is meant.

Pure.  Source: the structured-merge-diff rules for lists; the texts are upstream's.
"""

from collections.abc import Iterator
from typing import Any

from fairway.objects.ownership.field_sets import Path, text
from fairway.objects.ownership.shape import KEYED, SET, WHOLE, KeyMissing, Shape, as_found


def doubles(value: Any, shape: Shape, path: Path = ()) -> Iterator[str]:
    """``.spec.ports: duplicate entries for key [port=80,protocol="TCP"]`` of each.

    An item that has no key ends its list: what is behind it is not looked at.
    """
    shape = as_found(shape, value)
    if shape.form == WHOLE:
        return
    if shape.form not in (KEYED, SET):
        for name, below in value.items():
            yield from doubles(below, shape.field(name), (*path, f"f:{name}"))
        return
    seen: dict[str, int] = {}
    for place, item in enumerate(value):
        try:
            element = shape.element(item)
        except KeyMissing as why:
            yield f"{text(path)}: element {place}: {why}"
            break
        seen[element] = seen.get(element, 0) + 1
        if shape.form == KEYED:
            yield from doubles(item, shape.item(), (*path, element))
    for element, count in seen.items():
        if count > 1:
            yield f"{text(path)}: duplicate entries for key {text((element,))}"
