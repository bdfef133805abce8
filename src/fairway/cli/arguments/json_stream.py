"""JSON stream: JSON values one after another, as manifests may hold them; faults are told as Go tells them.  Pure.

Source: RFC 8259 for the grammar; the wording of Go's ``encoding/json``, which kubectl's users know.
"""

import json
from collections.abc import Iterator
from typing import Any

_SPACE = " \t\r\n"
_BEGINNING = "looking for beginning of value"


def values(text: str) -> Iterator[Any]:
    """Each value.  Raises: ``ValueError``, whose text says where the fault is and what stands there."""
    decoder, place = json.JSONDecoder(), len(text) - len(text.lstrip(_SPACE))
    while place < len(text):
        try:
            found, place = decoder.raw_decode(text, place)
        except ValueError:
            raise ValueError(fault(text, place)) from None
        yield found
        while place < len(text) and text[place] in _SPACE:
            place += 1


def fault(text: str, start: int = 0) -> str:
    """What is wrong with the value that begins at ``start``."""
    try:
        _Scanner(text, start).value()
    except _Found as found:
        letter, offset = text[found.place], len(text[: found.place].encode()) + 1
        shown = {"'": "'\\''", '"': "'\"'"}.get(letter) or repr(letter)
        return f"json: offset {offset}: invalid character {shown} {found.said}"
    except IndexError:
        pass
    return "unexpected EOF"


class _Found(Exception):
    def __init__(self, place: int, said: str) -> None:
        self.place, self.said = place, said


class _Scanner:
    """Walks until something is wrong: ``_Found``, or ``IndexError`` at the end of the text."""

    def __init__(self, text: str, place: int) -> None:
        self._text, self._place = text, place

    def value(self) -> None:
        letter = self._next()
        if letter == "{":
            self._members()
        elif letter == "[":
            self._elements()
        elif letter == '"':
            self._string()
        elif letter == "-" or letter.isdigit():
            self._number(letter)
        elif literal := {"t": "true", "f": "false", "n": "null"}.get(letter):
            for wanted in literal[1:]:
                self._take(wanted, f"in literal {literal} (expecting '{wanted}')")
        else:
            raise self._wrong(_BEGINNING)

    def _members(self) -> None:
        if self._peek() == "}":
            self._next()
            return
        while True:
            if self._next() != '"':
                raise self._wrong("looking for beginning of object key string")
            self._string()
            if self._next() != ":":
                raise self._wrong("after object key")
            self.value()
            if (letter := self._next()) == "}":
                return
            if letter != ",":
                raise self._wrong("after object key:value pair")

    def _elements(self) -> None:
        if self._peek() == "]":
            self._next()
            return
        while True:
            self.value()
            if (letter := self._next()) == "]":
                return
            if letter != ",":
                raise self._wrong("after array element")

    def _string(self) -> None:
        while (letter := self._letter()) != '"':
            if letter < " ":
                raise self._wrong("in string literal")
            if letter != "\\":
                continue
            escaped = self._letter()
            if escaped == "u":
                for _ in range(4):
                    if self._letter() not in "0123456789abcdefABCDEF":
                        raise self._wrong("in \\u hexadecimal character escape")
            elif escaped not in 'bfnrt\\/"':
                raise self._wrong("in string escape code")

    def _number(self, first: str) -> None:
        if first == "-" and not (first := self._letter()).isdigit():
            raise self._wrong("in numeric literal")
        if first != "0":
            self._digits()
        if self._text[self._place] == ".":
            self._letter()
            self._digit("after decimal point in numeric literal")
        if self._text[self._place] in "eE":
            self._letter()
            if self._text[self._place] in "+-":
                self._letter()
            self._digit("in exponent of numeric literal")

    def _digit(self, said: str) -> None:
        if not self._letter().isdigit():
            raise self._wrong(said)
        self._digits()

    def _digits(self) -> None:
        while self._text[self._place].isdigit():
            self._letter()

    def _peek(self) -> str:
        while self._text[self._place] in _SPACE:
            self._place += 1
        return self._text[self._place]

    def _next(self) -> str:
        self._peek()
        return self._letter()

    def _letter(self) -> str:
        self._place += 1
        return self._text[self._place - 1]

    def _take(self, wanted: str, said: str) -> None:
        if self._letter() != wanted:
            raise self._wrong(said)

    def _wrong(self, said: str) -> _Found:
        return _Found(self._place - 1, said)
