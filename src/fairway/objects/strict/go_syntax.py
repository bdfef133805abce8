"""What Go's JSON scanner says of text that is no JSON: the texts that upstream's clients see.

Pure; runs only after a parser refused the text, so it may be slow.
Source: Go's package encoding/json, whose scanner names the first byte that does not fit and the place it stood in.
"""

import re

_SPACE = b" \t\r\n"
_MAX_DEPTH = 10_000
_END = "unexpected end of JSON input"
_TOO_DEEP = "exceeded max depth"
_IN_TEXT = "in string literal"
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_CLOSING = {b"{": b"}", b"[": b"]"}
_LITERALS = {b"t": b"true", b"f": b"false", b"n": b"null"}
_QUOTED = {"\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v", "\\": r"\\"}


class _Wrong(ValueError):
    """The first error; the message is the whole text."""


def syntax_error(raw: bytes) -> str:
    """The first error of ``raw``, or nothing if Go would take it."""
    scan = _Scan(raw)
    try:
        scan.document()
    except _Wrong as wrong:
        return str(wrong)
    return ""


class _Scan:
    """One pass over the text, with an own stack: hostile text may be deep."""

    def __init__(self, raw: bytes) -> None:
        self.raw, self.at = raw, 0

    def document(self) -> None:
        """One value and nothing after it.  Raises: ``_Wrong``."""
        inside: list[bytes] = []
        self._value(inside)
        while inside:
            self._after_value(inside)
        if self._peek():
            raise self._unfit("after top-level value")

    def _value(self, inside: list[bytes]) -> None:
        """Read up to the end of a scalar or of an empty container; containers that are entered go on ``inside``."""
        while (char := self._next("looking for beginning of value")) in (b"{", b"["):
            if len(inside) >= _MAX_DEPTH:
                raise _Wrong(_TOO_DEEP)
            if self._peek() == _CLOSING[char]:
                self.at += 1
                return
            inside.append(char)
            if char == b"{":
                self._key()
        self._scalar(char)

    def _after_value(self, inside: list[bytes]) -> None:
        """The comma and the value after it, or the end of the container."""
        container = inside[-1]
        place = "after object key:value pair" if container == b"{" else "after array element"
        char = self._next(place)
        if char == _CLOSING[container]:
            inside.pop()
            return
        if char != b",":
            self.at -= 1
            raise self._unfit(place)
        if container == b"{":
            self._key()
        self._value(inside)

    def _key(self) -> None:
        if self._next("looking for beginning of object key string") != b'"':
            self.at -= 1
            raise self._unfit("looking for beginning of object key string")
        self._string()
        if self._next("after object key") != b":":
            self.at -= 1
            raise self._unfit("after object key")

    def _scalar(self, char: bytes) -> None:
        if char == b'"':
            self._string()
        elif char in _LITERALS:
            self._literal(_LITERALS[char])
        elif char == b"-" or char.isdigit():
            self._number(char)
        else:
            self.at -= 1
            raise self._unfit("looking for beginning of value")

    def _literal(self, word: bytes) -> None:
        for place in range(1, len(word)):
            wanted = word[place : place + 1]
            self._take(wanted, f"in literal {word.decode()} (expecting '{wanted.decode()}')")

    def _string(self) -> None:
        while True:
            found = _PLAIN.match(self.raw, self.at)
            self.at = found.end() if found else self.at
            char = self._take(b'"\\', _IN_TEXT)
            if char == b'"':
                return
            if self._take(b'bfnrt\\/"u', "in string escape code") == b"u":
                for _ in range(4):
                    self._take(b"0123456789abcdefABCDEF", r"in \u hexadecimal character escape")

    def _number(self, char: bytes) -> None:
        if char == b"-":
            char = self._take(b"0123456789", "in numeric literal")
        if char != b"0":
            self._digits()
        if self.raw[self.at : self.at + 1] == b".":
            self.at += 1
            self._take(b"0123456789", "after decimal point in numeric literal")
            self._digits()
        if self.raw[self.at : self.at + 1] in (b"e", b"E"):
            self.at += 1
            if self.raw[self.at : self.at + 1] in (b"+", b"-"):
                self.at += 1
            self._take(b"0123456789", "in exponent of numeric literal")
            self._digits()

    def _digits(self) -> None:
        found = _DIGITS.match(self.raw, self.at)
        self.at = found.end() if found else self.at

    def _take(self, wanted: bytes, place: str) -> bytes:
        """The next byte, which must be one of ``wanted``."""
        char = self.raw[self.at : self.at + 1]
        if not char and place != _IN_TEXT:
            # Go ends the text with a space to see whether something was complete.
            raise _Wrong(f"invalid character ' ' {place}")
        if not char or char not in wanted:
            raise self._unfit(place)
        self.at += 1
        return char

    def _peek(self) -> bytes:
        """The next byte that is no space; nothing at the end."""
        while self.at < len(self.raw) and self.raw[self.at] in _SPACE:
            self.at += 1
        return self.raw[self.at : self.at + 1]

    def _next(self, place: str) -> bytes:
        char = self._peek()
        if not char:
            raise self._unfit(place)
        self.at += 1
        return char

    def _unfit(self, place: str) -> _Wrong:
        char = self.raw[self.at : self.at + 1]
        return _Wrong(f"invalid character {_quoted(char)} {place}" if char else _END)


def _quoted(char: bytes) -> str:
    """One byte in quotes, as Go escapes it."""
    text = char.decode("latin-1")
    if text == "'":
        return r"'\''"
    if text in _QUOTED:
        return f"'{_QUOTED[text]}'"
    if text == "\xa0" or text == "\xad" or 0x7F < ord(text) < 0xA0:
        return f"'\\u{ord(text):04x}'"
    return f"'{text}'" if text.isprintable() else f"'\\x{ord(text):02x}'"
