"""Declarations: which functions there are, and which types they take and give; read from ``functions.txt``.

Pure.
"""

from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple

from fairway.objects.expressions.types import Type, read

_ORDERED = ("bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration")
_IDS = {"int": "int64", "uint": "uint64"}
_COMPARISONS = {"_<_": "less", "_<=_": "less_equals", "_>_": "greater", "_>=_": "greater_equals"}
_NUMBERS = ("int", "uint", "double")


class Overload(NamedTuple):
    """One way to call a function; a member's first type is that of its target."""

    id: str
    takes: tuple[Type, ...]
    gives: Type
    is_member: bool


@lru_cache(1)
def functions() -> dict[str, tuple[Overload, ...]]:
    """Every function and operator by its name."""
    text = files(__package__).joinpath("functions.txt").read_text()
    lines = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    found = {name: tuple(map(_overload, overloads)) for name, *overloads in lines}
    for name, word in _COMPARISONS.items():
        found[name] = tuple(_comparisons(word))
    return found


def _overload(text: str) -> Overload:
    id_, _, signature = text.partition(":")
    takes, _, gives = signature.rpartition(">")
    target, is_member, args = takes.rpartition(".(")
    if not is_member:
        args = takes[1:]
    # A tuple of types reads as one type with parameters.
    params = read(f"args({args}").params if args != ")" else ()
    return Overload(id_, ((read(target),) if is_member else ()) + params, read(gives), bool(is_member))


def _comparisons(word: str) -> list[Overload]:
    """One for each type with an order, then those that compare numbers of two types."""
    gives = read("bool")
    found = [Overload(f"{word}_{_IDS.get(one, one)}", (read(one), read(one)), gives, False) for one in _ORDERED]
    mixed = [(one, two) for one in _NUMBERS for two in _NUMBERS if one != two]
    return found + [
        Overload(f"{word}_{_IDS.get(one, one)}_{_IDS.get(two, two)}", (read(one), read(two)), gives, False)
        for one, two in mixed
    ]
