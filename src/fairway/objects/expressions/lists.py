"""List functions: sums, extremes, order and places."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

Function = tuple[str, bool, tuple[str, ...], str, Callable[..., Any]]
"""Name, whether it is called on its first argument, types of the arguments, type of the value, what runs."""


def _is_sorted(found: list[Any]) -> bool:
    return all(left <= right for left, right in pairwise(found))


def _extreme(choose: Callable[[list[Any]], Any], word: str) -> Callable[[list[Any]], Any]:
    def run(found: list[Any]) -> Any:
        if not found:
            raise ValueError(f"{word} called on empty list")
        return choose(found)

    return run


def _index(found: list[Any], value: Any) -> int:
    return found.index(value) if value in found else -1


def _last_index(found: list[Any], value: Any) -> int:
    return len(found) - 1 - found[::-1].index(value) if value in found else -1


FUNCTIONS: tuple[Function, ...] = (
    ("isSorted", True, ("list",), "bool", _is_sorted),
    ("sum", True, ("list",), "dyn", sum),
    ("min", True, ("list",), "dyn", _extreme(min, "min")),
    ("max", True, ("list",), "dyn", _extreme(max, "max")),
    ("indexOf", True, ("list", "dyn"), "int", _index),
    ("lastIndexOf", True, ("list", "dyn"), "int", _last_index),
)
