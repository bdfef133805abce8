"""Parse: the text of a JSONPath template as nodes.

Shape: a template is a list of nodes; ``List`` is one ``{...}``, whose nodes follow one another on what the one before
found.
"""

import re
from dataclasses import dataclass, field
from typing import Any

_SLICE = re.compile(r"^(-?\d*)(:-?\d*)?(:-?\d*)?$")
_KEY = re.compile(r"^'([^']*)'$")
_FILTER = re.compile(r"^([^!<>=]+)([!<>=]+)(.+?)$")
_ENDS = frozenset(" \t\r\n.,[]$@{}")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", "'": "'", '"': '"'}


class JsonPathError(Exception):
    """The template or what it is applied to is not as it should be."""


@dataclass(frozen=True, slots=True)
class Text:
    """Text as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A number or a boolean, in filters."""

    value: Any


@dataclass(frozen=True, slots=True)
class Word:
    """``range`` or ``end``."""

    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A member of an object."""

    name: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """All members."""


@dataclass(frozen=True, slots=True)
class Recursive:
    """Everything below."""


@dataclass(frozen=True, slots=True)
class Slice:
    """``[first:last:step]``; ``is_one``: ``[first]``."""

    first: int | None
    last: int | None
    step: int | None
    is_one: bool


@dataclass(slots=True)
class List:
    """Nodes that follow one another."""

    nodes: list[Any] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Union:
    """``[a,b]``."""

    parts: list[List]


@dataclass(frozen=True, slots=True)
class Filter:
    """``[?(left operator right)]``; the operator is ``exists`` where there is none."""

    left: List
    right: List
    operator: str


def parse(text: str) -> list[Any]:
    """The nodes of a template."""
    return _Parser(text).template()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def template(self) -> list[Any]:
        """Text and actions in turn."""
        nodes: list[Any] = []
        while self._at < len(self._text):
            brace = self._text.find("{", self._at)
            end = len(self._text) if brace < 0 else brace
            if end > self._at:
                nodes.append(Text(self._text[self._at : end]))
            self._at = end
            if brace >= 0:
                self._at += 1
                nodes.append(self._action())
        return nodes

    def _action(self) -> List:
        found = List()
        while True:
            rest = self._text[self._at :]
            letter = rest[:1]
            if letter == "}":
                self._at += 1
                return found
            if letter in ("", "\n", "\r"):
                raise JsonPathError("unclosed action")
            if rest.startswith("[?("):
                found.nodes.append(self._filter())
            elif rest.startswith(".."):
                self._recursive(found)
            elif letter in " @$":
                self._at += 1
            else:
                self._one(letter, found)

    def _one(self, letter: str, found: List) -> None:
        if letter == "[":
            self._array(found)
        elif letter in "\"'":
            found.nodes.append(self._quoted(letter))
        elif letter == ".":
            self._at += 1
            found.nodes.append(self._field())
        elif letter in "+-" or letter.isdigit():
            found.nodes.append(self._number())
        elif letter.isalnum() or letter == "_":
            word = self._until_end()
            found.nodes.append(Literal(word == "true") if word in ("true", "false") else Word(word))
        else:
            raise JsonPathError(f"unrecognized character in action: U+{ord(letter):04X} '{letter}'")

    def _until_end(self) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in _ENDS:
            self._at += 2 if self._text[self._at] == "\\" else 1
        self._at = min(self._at, len(self._text))
        return self._text[start : self._at]

    def _field(self) -> Field | Wildcard:
        name = self._until_end()
        return Wildcard() if name == "*" else Field(name.replace("\\", ""))

    def _recursive(self, found: List) -> None:
        if found.nodes and isinstance(found.nodes[-1], Recursive):
            raise JsonPathError("invalid multiple recursive descent")
        self._at += 2
        found.nodes.append(Recursive())
        following = self._text[self._at : self._at + 1]
        if following.isalnum() or following == "_":
            found.nodes.append(self._field())

    def _number(self) -> Literal:
        start = self._at
        self._at += self._text[self._at] in "+-"
        while self._at < len(self._text) and (self._text[self._at] == "." or self._text[self._at].isdigit()):
            self._at += 1
        text = self._text[start : self._at]
        for kind in (int, float):
            try:
                return Literal(kind(text))
            except ValueError:
                continue
        raise JsonPathError(f"cannot parse number {text}")

    def _quoted(self, quote: str) -> Text:
        start = self._at
        while True:
            self._at += 1
            letter = self._text[self._at : self._at + 1]
            if letter in ("", "\n"):
                raise JsonPathError("unterminated quoted string")
            if letter == quote and self._text[self._at - 1] != "\\":
                break
        self._at += 1
        return Text(unquoted(self._text[start + 1 : self._at - 1]))

    def _array(self, found: List) -> None:
        end = self._text.find("]", self._at)
        if end < 0 or "\n" in self._text[self._at : end]:
            raise JsonPathError("unterminated array")
        text = self._text[self._at + 1 : end]
        self._at = end + 1
        text = ":" if text == "*" else text
        parts = text.split(",")
        if len(parts) > 1:
            found.nodes.append(Union([_inner(f"[{part.strip(' ')}]") for part in parts]))
        elif key := _KEY.match(text):
            found.nodes += _inner(f".{key[1]}").nodes
        else:
            found.nodes.append(_slice(text))

    def _filter(self) -> Filter:
        self._at += 3
        start, quote, is_closed = self._at, "", True
        while True:
            letter = self._text[self._at : self._at + 1]
            self._at += 1
            if letter in ("", "\n"):
                raise JsonPathError("unterminated filter")
            if letter in "\"'":
                if not quote:
                    quote, is_closed = letter, False
                elif letter == quote and self._text[self._at - 2] != "\\":
                    is_closed = True
            elif letter == ")" and is_closed:
                break
        if self._text[self._at : self._at + 1] != "]":
            raise JsonPathError("unclosed array expect ]")
        text = self._text[start : self._at - 1]
        self._at += 1
        parts = _FILTER.match(text)
        if parts is None:
            return Filter(_inner(text), List(), "exists")
        return Filter(_inner(parts[1]), _inner(parts[3]), parts[2])


def _inner(text: str) -> List:
    nodes = _Parser(f"{{{text}}}").template()
    found: List = nodes[0]
    return found


def _slice(text: str) -> Slice:
    found = _SLICE.match(text)
    if found is None:
        raise JsonPathError(f"invalid array index {text}")
    first, last, step = found[1], found[2], found[3]
    return Slice(
        int(first) if first.strip("-") else None,
        int(last[1:]) if last and last[1:] else None,
        int(step[1:]) if step and step[1:] else None,
        is_one=last is None,
    )


def unquoted(text: str) -> str:
    """What stands between quotes, its escapes resolved."""
    parts, place = [], 0
    while place < len(text):
        letter = text[place]
        place += 1
        if letter != "\\" or place >= len(text):
            parts.append(letter)
            continue
        escape = text[place]
        place += 1
        digits = {"x": 2, "u": 4, "U": 8}.get(escape)
        if digits is not None:
            parts.append(chr(int(text[place : place + digits], 16)))
            place += digits
        elif escape in _ESCAPES:
            parts.append(_ESCAPES[escape])
        else:
            raise JsonPathError("unquote string error invalid syntax")
    return "".join(parts)
