"""Nodes: what a template is made of once it is parsed.  ``at`` is where in the text, ``source`` how it is told in
errors."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Text:
    """Text as it is."""

    text: str


@dataclass(slots=True)
class Operand:
    """``kind``: ``dot``, ``nil``, ``value``, ``variable``, ``function`` or ``pipe``; then ``fields`` of what it is."""

    kind: str
    value: Any
    at: int
    source: str
    fields: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Command:
    """A function or value, and its arguments."""

    operands: list[Operand]


@dataclass(slots=True)
class Pipe:
    """Commands, each with the result of the one before as its last argument; ``names`` are variables that it sets."""

    commands: list[Command]
    names: list[str]
    is_new: bool
    at: int


@dataclass(slots=True)
class Action:
    """``{{pipe}}``."""

    pipe: Pipe


@dataclass(slots=True)
class Branch:
    """``if``, ``range`` or ``with``."""

    kind: str
    pipe: Pipe
    body: list[Any]
    other: list[Any]


@dataclass(slots=True)
class Leave:
    """``break`` or ``continue``."""

    kind: str


@dataclass(slots=True)
class Use:
    """``{{template "name" pipe}}``."""

    name: str
    pipe: Pipe | None
    at: int
