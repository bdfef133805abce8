"""Driving: loops that are longer than the library allows, turned from outside.

The library takes 10,000 turns of all loops of an expression at most; Kubernetes counts costs, and lets cheap turns go
on.  An outermost loop is taken out of the tree, each turn of it is an expression of its own, and its value goes back.
Shape: ``driven(root, values, run)``; ``size_of(values)`` says how large values are, for ``costs``.
"""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import Any

from fairway.objects.expressions import ExpressionError
from fairway.objects.expressions.costs import Path, Range, SizeOf
from fairway.objects.expressions.rewriting import below
from fairway.objects.expressions.syntax import Comprehension, Ident, Node, children

COST_MAX = 1_000_000
"""What one expression may cost when it runs."""
EXCEEDED = "operation cancelled: actual cost limit exceeded"
Run = Callable[[Node], Callable[[Mapping[str, Any]], Any]]
"""Makes a tree ready to run.  Running raises: ``ExpressionError``."""


def driven(root: Node, values: Mapping[str, Any], run: Run) -> Any:
    """The value of an expression whose loops are too long for the library.  Raises: ``ExpressionError``."""
    known = dict(values)
    loops = list(_outermost(root))
    if not loops:
        raise ExpressionError(EXCEEDED)
    replaced: dict[int, str] = {}
    for loop in loops:
        try:
            known[f"@loop{loop.id}"] = _turned(loop, values, run)
            replaced[loop.id] = f"@loop{loop.id}"
        except ExpressionError:
            # Perhaps nobody needs it; if somebody does, it fails there again.
            continue
    if not replaced:
        raise ExpressionError(EXCEEDED)
    return run(_with_values(root, replaced))(known)


def _outermost(node: Node) -> Iterator[Comprehension]:
    if isinstance(node, Comprehension):
        yield node
        return
    for inner in children(node):
        yield from _outermost(inner)


def _turned(loop: Comprehension, values: Mapping[str, Any], run: Run) -> Any:
    over = _value(loop.over, values, run)
    known = {**values, loop.accumulator: _value(loop.start, values, run)}
    goes_on, result = run(loop.condition), run(loop.result)
    for first, second in _turns(over, has_two=bool(loop.second)):
        known[loop.variable] = first
        if loop.second:
            known[loop.second] = second
        if goes_on(known) is not True:
            break
        known[loop.accumulator] = _value(loop.step, known, run)
    return result(known)


def _value(node: Node, values: Mapping[str, Any], run: Run) -> Any:
    try:
        return run(node)(values)
    except ExpressionError as error:
        if str(error) != EXCEEDED:
            raise
    return driven(node, values, run)


def _turns(over: Any, *, has_two: bool) -> Iterator[tuple[Any, Any]]:
    if isinstance(over, Mapping):
        yield from over.items()
    elif has_two:
        yield from enumerate(over)
    else:
        yield from ((item, None) for item in over)


def _with_values(node: Node, replaced: Mapping[int, str]) -> Node:
    if isinstance(node, Comprehension) and node.id in replaced:
        return Ident(node.id, replaced[node.id])
    made = copy(node)
    if hasattr(made, "entries"):
        made.entries = [copy(entry) for entry in made.entries]
    below(made, lambda inner: _with_values(inner, replaced))
    return made


def size_of(values: Mapping[str, Any]) -> SizeOf:
    """How large what stands at a path is, in these values."""

    def look(path: Path) -> Range | None:
        found = [values[path[0]]] if path[0] in values else []
        for name in path[1:]:
            found = [inner for one in found for inner in _step(one, name)]
        sizes = [len(one) if isinstance(one, str | list | Mapping) else 1 for one in found]
        return Range(min(sizes), max(sizes)) if sizes else Range(0, 0)

    return look


def _step(value: Any, name: str) -> list[Any]:
    if name == "@items":
        return value if isinstance(value, list) else []
    if not isinstance(value, Mapping):
        return []
    if name == "@keys":
        return list(value)
    if name == "@values":
        return list(value.values())
    return [value[name]] if name in value else []
