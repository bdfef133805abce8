"""Expressions: CEL as Kubernetes speaks it, for policies, match conditions and the rules of custom resources.

Shape: ``compiled(text, variables)`` checks an expression once and gives a ``Program``, kept for the next who asks;
``Program.evaluate(values)`` runs it.  The library is loaded by the first expression: a cluster without any has none.
Source: Kubernetes docs, "Common Expression Language in Kubernetes"; the CEL language definition.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

_TAIL = re.compile(r" \[[A-Z_]+\]$")
_HEAD = re.compile(r"^[A-Z_]+: ")
_MISSING = re.compile(r'Key not found in map : "?([^"]*)"?$')
_UNDECLARED = re.compile(r"(undeclared reference to '\w+)[\w.]*'")
"""The name that is not known is its first part."""
_WORDS = {
    "divide by zero": "division by zero",
    "Iteration budget exceeded": "operation cancelled: actual cost limit exceeded",
}
_KEPT = 1000
"""Compiled expressions that are remembered."""
ANY, BOOL, STRING = "dyn", "bool", "string"


class ExpressionError(Exception):
    """An expression that is malformed, or that failed; the text is what users are shown."""


class Program:
    """A checked expression.  ``type`` is what it gives: ``bool``, ``string``, ``dyn``..."""

    __slots__ = ("_program", "text", "type")

    def __init__(self, text: str, program: Any) -> None:
        self.text = text
        self._program = program
        self.type = program.return_type().name().lower()

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value as plain JSON would have it.  Raises: ``ExpressionError``."""
        try:
            value = self._program.eval(data=values)
        except Exception as error:
            raise ExpressionError(_shown_failure(str(error))) from error
        plain = value.plain_value()
        if value.type().name() == "ERROR":
            raise ExpressionError(_shown_failure(str(plain)))
        return plain


def compiled(text: str, variables: Iterable[str] | Mapping[str, str]) -> Program:
    """The program of ``text``, which may speak of ``variables``: names, or names with their types.

    Raises: ``ExpressionError`` with every mistake and its place.
    """
    types = variables if isinstance(variables, Mapping) else dict.fromkeys(variables, ANY)
    found = _compiled(text, tuple(sorted(types.items())))
    if isinstance(found, str):
        raise ExpressionError(found)
    return found


@lru_cache(_KEPT)
def _compiled(text: str, variables: tuple[tuple[str, str], ...]) -> Program | str:
    environment = _environment(variables)
    try:
        return Program(text, environment.compile(text))
    except Exception as error:
        return _UNDECLARED.sub(r"\1'", _TAIL.sub("", _HEAD.sub("", str(error))))


@lru_cache(64)
def _environment(variables: tuple[tuple[str, str], ...]) -> Any:
    from fairway.objects.expressions.environment import environment  # fourteen megabytes: only where they are used

    return environment(variables)


def _shown_failure(text: str) -> str:
    """The failure in the words that Kubernetes' users know."""
    text = _TAIL.sub("", _HEAD.sub("", text))
    if missing := _MISSING.match(text):
        return f"no such key: {missing[1]}"
    return _WORDS.get(text, "no such overload" if text.startswith("No matching overloads") else text)


__all__ = ["ANY", "BOOL", "STRING", "ExpressionError", "Program", "compiled"]
