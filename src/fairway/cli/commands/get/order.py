"""Order: objects by what ``--sort-by`` picks of them.  Pure.

Source: what kubectl does: numbers by size, quantities by what they mean, texts letter by letter; what has no such field
comes first.
"""

from collections.abc import Callable, Sequence
from functools import cmp_to_key
from typing import Any

from fairway.cli.failure import Failure
from fairway.cli.printers.go_values import syntax_of
from fairway.cli.printers.json_path import JsonPathError, Template, relaxed
from fairway.objects.quantity import parse


def sorted_rows(rows: Sequence[Any], path: str, object_of: Callable[[Any], dict[str, Any]]) -> list[Any]:
    """``rows`` in the order of ``path``.  Raises: ``Failure``."""
    try:
        field = relaxed(path)
        template = Template(field)
    except JsonPathError as error:
        raise Failure(str(error)) from None
    keys: list[list[Any]] = [_picked(template, field, object_of(row)) for row in rows]
    if rows and not any(found for found in keys):
        raise Failure(f'couldn\'t find any field with path "{field}" in the list of objects')

    def by_key(one: int, other: int) -> int:
        return compared(keys[one], keys[other])

    # Each that has no such field is put before those that were there, as kubectl's comparison has it.
    without = [place for place in range(len(rows)) if not keys[place]]
    others = (place for place in range(len(rows)) if keys[place])
    return [rows[place] for place in (*reversed(without), *sorted(others, key=cmp_to_key(by_key)))]


def _picked(template: Template, field: str, found: dict[str, Any]) -> list[Any]:
    try:
        return list(next(iter(template.find(found)), []))
    except JsonPathError as error:
        raise Failure(f"failed to get values for {syntax_of(found)} using {field} ({error})") from None


def compared(one: list[Any], other: list[Any]) -> int:
    """-1, 0 or 1 for what was found in two objects."""
    if not one or not other:
        return bool(one) - bool(other)
    left, right = one[0], other[0]
    if type(left) is not type(right) or isinstance(left, dict | list | bool) or left is None:
        raise Failure(f"unsortable type: {syntax_of(left)}")
    if isinstance(left, str):
        quantities = (_quantity(left), _quantity(right))
        left, right = (left, right) if None in quantities else quantities
    return int(left > right) - int(left < right)


def _quantity(text: str) -> Any:
    try:
        return parse(text)
    except ValueError:
        return None
