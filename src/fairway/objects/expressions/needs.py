"""Needs: how much of its variables an expression looks at: the library copies all that it is given.

Pure.  Shape: ``looked_at(node)`` says it of each variable; ``cut(value, needs)`` leaves out the rest, so that the
expression gives what it would have given, and fails where it would have failed.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from fairway.objects.expressions.syntax import Call, Comprehension, Ident, Node, Select, children


class Items(NamedTuple):
    """How many items a list has, and ``each`` of them so far; of anything but a list all."""

    each: "Needs"


Needs = Mapping[str, "Needs"] | Items | None
"""These members, each so far; none at all: whether it is there; ``None``: everything."""
PRESENCE: Needs = {}


def looked_at(node: Node) -> dict[str, Needs]:
    """What an expression looks at, by the names of variables."""
    found: dict[str, Needs] = {}
    _look(node, None, found)
    return found


def cut(value: Any, needs: Needs) -> Any:
    """What is needed of a value."""
    if needs is None:
        return value
    if isinstance(needs, Items):
        return [cut(item, needs.each) for item in value] if isinstance(value, list) else value
    if isinstance(value, dict):
        return {name: cut(value[name], below) for name, below in needs.items() if name in value}
    return [] if not needs and isinstance(value, list) else value


def _look(node: Node, needs: Needs, found: dict[str, Needs]) -> None:
    """Note what is looked at if ``needs`` is needed of a node's value."""
    match node:
        case Ident():
            found[node.name] = _both(found[node.name], needs) if node.name in found else needs
        case Select():
            _look(node.operand, {node.field: PRESENCE if node.is_test else needs}, found)
        case Comprehension():
            _look_at_loop(node, found)
        case Call(function="_[_]"):
            _look(node.args[0], Items(needs), found)
            _look(node.args[1], None, found)
        case Call(function="size", target=None, args=[counted]):
            _look(counted, Items(PRESENCE), found)
        case Call(function="size", target=Ident() | Select() as counted):
            _look(counted, Items(PRESENCE), found)
        case _:
            for below in children(node):
                _look(below, None, found)


def _look_at_loop(loop: Comprehension, found: dict[str, Needs]) -> None:
    inside: dict[str, Needs] = {}
    for part in (loop.condition, loop.step, loop.result):
        _look(part, None, inside)
    each = inside.pop(loop.variable, PRESENCE)
    for name in (loop.second, loop.accumulator):
        inside.pop(name, None)
    for name, needs in inside.items():
        found[name] = _both(found[name], needs) if name in found else needs
    _look(loop.start, None, found)
    _look(loop.over, None if loop.second else Items(each), found)


def _both(one: Needs, other: Needs) -> Needs:
    if one is None or other is None:
        return None
    if not isinstance(one, Items) and not isinstance(other, Items):
        merged = {**one, **other}
        merged.update((name, _both(one[name], other[name])) for name in one.keys() & other.keys())
        return merged
    if isinstance(one, Items) and isinstance(other, Items):
        return Items(_both(one.each, other.each))
    plain, items = (other, one) if isinstance(one, Items) else (one, other)
    return None if plain else items
