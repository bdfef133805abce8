"""Expressions: CEL as Kubernetes speaks it, for policies, match conditions and the rules of custom resources.

Shape: ``compiled(text, scope)`` checks an expression once and gives a ``Program``, kept for the next who asks;
``Program.evaluate(values)`` runs it.  The library that parses and runs is loaded by the first expression: a cluster
without any has none.
Source: Kubernetes docs, "Common Expression Language in Kubernetes"; the CEL language definition.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from fairway.objects.expressions.types import DYN, Type

if TYPE_CHECKING:
    from fairway.objects.expressions.programs import Program

Fields = Callable[[str, str], Type | None]
"""(message, field) -> the field's type, ``None`` where there is none; for messages that expressions may make."""


class ExpressionError(Exception):
    """An expression that is malformed, or that failed; the text is what users are shown."""


class Scope:
    """What expressions may speak of: variables with their types, and messages that they may make.

    ``optional`` are variables that are given as a list of one value or none.  Programs are kept by scope: make one
    once.
    """

    def __init__(
        self, variables: Mapping[str, Type], messages: Mapping[str, Fields] | None = None,
        optional: Iterable[str] = (),
    ) -> None:  # fmt: skip
        self.variables = variables
        self.messages = messages
        self.optional = frozenset(optional)


@lru_cache(64)
def anything(*names: str) -> Scope:
    """Variables that may be whatever they are."""
    return Scope(dict.fromkeys(names, DYN))


def compiled(text: str, scope: Scope) -> "Program":
    """The program of ``text``.  Raises: ``ExpressionError`` with every mistake and its place."""
    from fairway.objects.expressions import programs  # only where there are expressions

    return programs.program(text, scope)


def mistakes(text: str, scope: Scope) -> list[str]:
    """Everything that is wrong with an expression, each with its place."""
    from fairway.objects.expressions import programs

    return programs.mistakes(text, scope)


__all__ = ["DYN", "ExpressionError", "Fields", "Scope", "anything", "compiled", "mistakes"]
