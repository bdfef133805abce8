"""Programs: expressions that were checked, ready to run.

Rules for those who change it: ``fairway.objects.expressions`` alone imports this module, when there is an expression.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fairway.objects.expressions import ExpressionError, Scope
from fairway.objects.expressions.checking import Checked, checked
from fairway.objects.expressions.costs import Range, SizeOf, estimate
from fairway.objects.expressions.rewriting import mismatched, runnable
from fairway.objects.expressions.syntax import Call, Ident, Select, Tree, raw_of, tree_of, walk

_TAIL = re.compile(r" \[[A-Z_]+\]$")
_HEAD = re.compile(r"^[A-Z_]+: ")
_MISSING = re.compile(r'Key not found in map : "?([^"]*)"?$')
_OUTSIDE = re.compile(r"Index error: index=(-?\d+) size=\d+")
_WORDS = {
    "divide by zero": "division by zero",
    "Iteration budget exceeded": "operation cancelled: actual cost limit exceeded",
    "Applying SELECT to non-message type": "no such key",
}
_KEPT = 1000
"""Compiled expressions that are remembered."""


class Program:
    """A checked expression.  ``type`` is what it gives, ``names`` what it speaks of."""

    __slots__ = ("_found", "_members", "_mismatches", "_program", "names", "text", "type")

    def __init__(self, text: str, found: Checked, scope: Scope) -> None:
        self.text = text
        self.type = found.type
        self.names = frozenset(node.name for node in walk(found.tree.root) if isinstance(node, Ident))
        self._found = found
        self._members = _members(found.tree)
        self._mismatches = mismatched(found.tree.root) if scope.messages else []
        # A tree of its own is rewritten: the checked one is what costs are counted by.
        again = checked(_parsed(text), scope.variables, scope.messages)
        self._program = _library().deserialize(raw_of(runnable(again, scope.optional)))

    def fields_of(self, name: str) -> frozenset[str]:
        """Which fields of a variable an expression speaks of."""
        return self._members.get(name, frozenset())

    def cost(self, size_of: SizeOf) -> Range:
        """What it may cost; ``size_of`` says how large values may be, by their paths."""
        return estimate(self._found, size_of)

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value as plain JSON would have it.  Raises: ``ExpressionError``."""
        if self._mismatches:
            raise ExpressionError(f"type mismatch: {self._mismatches[0]}")
        try:
            value = self._program.eval(data=values)
        except Exception as error:
            raise ExpressionError(_shown_failure(str(error))) from error
        plain = value.plain_value()
        if value.type().name() == "ERROR":
            raise ExpressionError(_shown_failure(str(plain)))
        return plain


def program(text: str, scope: Scope) -> Program:
    """The program of ``text``.  Raises: ``ExpressionError`` with every mistake and its place."""
    found = _compiled(text, scope)
    if isinstance(found, str):
        raise ExpressionError(found)
    return found


def mistakes(text: str, scope: Scope) -> list[str]:
    """Everything that is wrong with an expression, each with its place."""
    try:
        return checked(_parsed(text), scope.variables, scope.messages).mistakes
    except ExpressionError as error:
        return [str(error)]


def _members(tree: Tree) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for node in walk(tree.root):
        if isinstance(node, Select) and isinstance(node.operand, Ident):
            found.setdefault(node.operand.name, set()).add(node.field)
        if isinstance(node, Call) and node.function == "_?._" and isinstance(node.args[0], Ident):
            chosen = node.args[1]
            found.setdefault(node.args[0].name, set()).add(str(getattr(chosen, "value", "")))
    return {name: frozenset(fields) for name, fields in found.items()}


@lru_cache(_KEPT)
def _compiled(text: str, scope: Scope) -> Program | str:
    try:
        found = checked(_parsed(text), scope.variables, scope.messages)
    except ExpressionError as error:
        return str(error)
    return "\n".join(found.mistakes) or Program(text, found, scope)


def _parsed(text: str) -> Tree:
    library = _library()
    try:
        raw = library.compile(text, disable_check=True).serialize()
    except Exception as error:
        raise ExpressionError(_TAIL.sub("", _HEAD.sub("", str(error)))) from error
    return tree_of(raw, text)


@lru_cache(1)
def _library() -> Any:
    from fairway.objects.expressions.environment import environment  # fourteen megabytes: only where they are used

    return environment()


def _shown_failure(text: str) -> str:
    """The failure in the words that Kubernetes' users know."""
    text = _TAIL.sub("", _HEAD.sub("", text))
    if missing := _MISSING.match(text):
        return f"no such key: {missing[1]}"
    if outside := _OUTSIDE.match(text):
        return f"index out of bounds: {outside[1]}"
    return _WORDS.get(text, "no such overload" if text.startswith("No matching overloads") else text)
