"""Programs: expressions that were checked, ready to run.

Rules for those who change it: ``fairway.objects.expressions`` alone imports this module, when there is an expression.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from fairway.objects.expressions import ExpressionError, Scope
from fairway.objects.expressions.checking import Checked, checked
from fairway.objects.expressions.costs import Range, SizeOf, estimate
from fairway.objects.expressions.driving import COST_MAX, EXCEEDED, driven, size_of
from fairway.objects.expressions.literals import wrong_literals
from fairway.objects.expressions.needs import Needs, cut, looked_at
from fairway.objects.expressions.rewriting import mismatched, runnable
from fairway.objects.expressions.syntax import Call, Ident, Node, Select, Tree, raw_of, tree_of, walk

_TAIL = re.compile(r" \[[A-Z_]+\]$")
_HEAD = re.compile(r"^[A-Z_]+: ")
_MISSING = re.compile(r'Key not found in map : "?([^"]*)"?$')
_NO_INDEX = re.compile(r"Index error: expected integer type, got (\w+)")
_OUTSIDE = re.compile(r"Index error: index=(-?\d+) size=\d+")
_WORDS = {
    "divide by zero": "division by zero",
    "Iteration budget exceeded": EXCEEDED,
    "Applying SELECT to non-message type": "no such overload",
}
_KEPT = 1000
"""Compiled expressions that are remembered."""


class Program:
    """A checked expression.  ``type`` is what it gives, ``names`` what it speaks of."""

    __slots__ = ("_found", "_members", "_mismatches", "_run", "_tree", "names", "needs", "text", "type")

    def __init__(self, text: str, found: Checked, scope: Scope) -> None:
        self.text = text
        self.type = found.type
        self.names = frozenset(node.name for node in walk(found.tree.root) if isinstance(node, Ident))
        self._found = found
        self._members = _members(found.tree)
        self._mismatches = mismatched(found.tree.root) if scope.messages else []
        # A tree of its own is rewritten: the checked one is what costs are counted by.
        again = checked(_parsed(text), scope.variables, scope.messages)
        self._tree = runnable(again, scope.optional)
        self._run = _ready(self._tree)
        self.needs: Mapping[str, Needs] = looked_at(self._tree)
        """How much of its variables it looks at."""

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
            return self._run(values)
        except ExpressionError as error:
            if str(error) != EXCEEDED or self.cost(size_of(values)).most > COST_MAX:
                raise
        return driven(self._tree, values, _ready)


def program(text: str, scope: Scope) -> Program:
    """The program of ``text``.  Raises: ``ExpressionError`` with every mistake and its place."""
    found = _compiled(text, scope)
    if isinstance(found, str):
        raise ExpressionError(found)
    return found


def mistakes(text: str, scope: Scope) -> list[str]:
    """Everything that is wrong with an expression, each with its place."""
    try:
        return _checked(text, scope).mistakes
    except ExpressionError as error:
        return [str(error)]


def _ready(node: Node) -> Callable[[Mapping[str, Any]], Any]:
    """A tree as the library runs it, with no more of the values than it looks at: all is copied."""
    program = _library().deserialize(raw_of(node))
    looked = list(looked_at(node).items())

    def run(values: Mapping[str, Any]) -> Any:
        try:
            value = program.eval(data={name: cut(values[name], needs) for name, needs in looked if name in values})
        except Exception as error:  # the library's own, and what it meets in taking over the values
            raise ExpressionError(_shown_failure(str(error))) from error
        plain = value.plain_value()
        if value.type().name() == "ERROR":
            raise ExpressionError(_shown_failure(str(plain)))
        return plain

    return run


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
        found = _checked(text, scope)
    except ExpressionError as error:
        return str(error)
    return "\n".join(found.mistakes) or Program(text, found, scope)


def _checked(text: str, scope: Scope) -> Checked:
    """Raises: ``ExpressionError`` for what cannot be parsed."""
    found = checked(_parsed(text), scope.variables, scope.messages)
    if not found.mistakes:
        found.mistakes.extend(wrong_literals(found.tree, is_pattern=_is_pattern))
    return found


@lru_cache(256)
def _is_pattern(text: str) -> bool:
    program = _library().compile("text.matches(pattern)", disable_check=True)
    try:
        return bool(program.eval(data={"text": "", "pattern": text}).type().name() != "ERROR")
    except RuntimeError:  # what the library raises, whatever is wrong
        return False


def _parsed(text: str) -> Tree:
    library = _library()
    try:
        raw = library.compile(text, disable_check=True).serialize()
    except Exception as error:  # the library's own, and what it meets in a text that is no Unicode
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
    if wrong := _NO_INDEX.match(text):
        return f"unsupported index type '{wrong[1]}' in list"
    if outside := _OUTSIDE.match(text):
        return f"index out of bounds: {outside[1]}"
    return _WORDS.get(text, "no such overload" if text.startswith("No matching overloads") else text)
