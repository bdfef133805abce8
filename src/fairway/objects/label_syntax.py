"""Label selector syntax: the text ``a=b,c!=d,e in (f,g),!h,i>1`` taken apart.

Shape: text in, (key, operator, values) out; operators are = == != in notin > < exists !.
Source: Kubernetes docs, "Labels and Selectors"; what is refused, and in which words, is as in apimachinery's parser,
where ``in`` and ``notin`` are words of the language only behind a key.  Raises: ``StatusError`` 400.
"""

import re
from collections.abc import Iterator

from fairway.objects.errors import bad_request, render_value
from fairway.objects.names import label_value, qualified_name

Parsed = tuple[str, str, tuple[str, ...]]

_TOKENS = re.compile(r"!=|==|[=!(),<>]|[^=!(),<> \t\r\n]+")
_SYMBOLS = frozenset(("!=", "==", "=", "!", "(", ")", ",", "<", ">"))
_BINARY = "in, notin, =, ==, !=, gt, lt"
_END = ""
_INT64_DIGITS = 19


def integer(value: str) -> int | None:
    """``value`` as Go's ParseInt reads it, or ``None``."""
    digits = value.lstrip("+-0")
    if not _is_decimal(value) or len(digits) > _INT64_DIGITS:
        return None
    # Without the zeros: Python refuses to read very long numbers at all.
    number = int(digits or "0") * (-1 if value[0] == "-" else 1)
    return number if -(2**63) <= number < 2**63 else None


def number_fault(value: str) -> str:
    """Why ``integer`` refused ``value``, in Go's words."""
    return "value out of range" if _is_decimal(value) else "invalid syntax"


def _is_decimal(value: str) -> bool:
    digits = value[1:] if value[:1] in ("+", "-") else value
    return digits.isascii() and digits.isdecimal()


class _Refused(Exception):
    """The text breaks the syntax; the message says where."""


def _is_word(token: str) -> bool:
    return token != _END and token not in _SYMBOLS


class _Reader:
    """The tokens of one text and the place reached in it."""

    def __init__(self, text: str) -> None:
        self._tokens = _TOKENS.findall(text)
        self._place = 0

    @property
    def ahead(self) -> str:
        return self._tokens[self._place] if self._place < len(self._tokens) else _END

    def take(self) -> str:
        token = self.ahead
        self._place += 1
        return token


def requirements(text: str) -> Iterator[Parsed]:
    """Every requirement in the order of the text."""
    reader = _Reader(text)
    while reader.ahead != _END:
        if not (_is_word(reader.ahead) or reader.ahead == "!"):
            raise bad_request(f"found '{reader.ahead}', expected: !, identifier, or 'end of string'")
        try:
            yield _requirement(reader)
        except _Refused as refused:
            raise bad_request(f"unable to parse requirement: {refused}") from None
        if (separator := reader.take()) not in (",", _END):
            raise bad_request(f"found '{separator}', expected: ',' or 'end of string'")
        if separator == "," and not (_is_word(reader.ahead) or reader.ahead == "!"):
            raise bad_request(f"found '{reader.ahead}', expected: identifier after ','")


def _requirement(reader: _Reader) -> Parsed:
    """One requirement; ``!key`` ends behind the key, whatever follows."""
    token = reader.take()
    is_absence = token == "!"
    key = reader.take() if is_absence else token
    if not _is_word(key):
        raise _Refused(f"found '{key}', expected: identifier")
    if messages := list(qualified_name(key)):
        raise _Refused(f"<nil>: Invalid value: {render_value(key)}: {'; '.join(messages)}")
    if is_absence:
        return key, "!", ()
    if reader.ahead in (_END, ","):
        return key, "exists", ()
    operator = reader.take()
    if operator in ("in", "notin"):
        values = _value_set(reader)
    elif operator in ("=", "==", "!=", ">", "<"):
        values = (_value(reader),)
    else:
        raise _Refused(f"found '{operator}', expected: {_BINARY}")
    _check_values(key, operator, values)
    return key, operator, values


def _value(reader: _Reader) -> str:
    """The value behind ``=``; it may be missing, which is the empty text."""
    if reader.ahead in (_END, ","):
        return ""
    if not _is_word(token := reader.take()):
        raise _Refused(f"found '{token}', expected: identifier")
    return token


def _value_set(reader: _Reader) -> tuple[str, ...]:
    """The values between parentheses, sorted; a comma with nothing beside it stands for the empty text."""
    if (token := reader.take()) != "(":
        raise _Refused(f"found '{token}' expected: '('")
    if not (_is_word(reader.ahead) or reader.ahead in (",", ")")):
        raise _Refused(f"found '{reader.ahead}', expected: ',', ')' or identifier")
    values: set[str] = set()
    is_separated = True
    while (token := reader.take()) != ")":
        if token == ",":
            if is_separated:
                values.add("")
            is_separated = True
        elif not _is_word(token):
            raise _Refused(f"found '{token}', expected: ',', or identifier")
        elif reader.ahead not in (",", ")"):
            raise _Refused(f"found '{reader.ahead}', expected: ',' or ')'")
        else:
            values.add(token)
            is_separated = False
    if is_separated:
        values.add("")
    return tuple(sorted(values))


def _check_values(key: str, operator: str, values: tuple[str, ...]) -> None:
    found = []
    if operator in (">", "<") and integer(values[0]) is None:
        detail = "for 'Gt', 'Lt' operators, the value must be an integer"
        found.append(f"values[0]: Invalid value: {render_value(values[0])}: {detail}")
    for place, value in enumerate(values):
        if messages := list(label_value(value)):
            found.append(f"values[{place}][{key}]: Invalid value: {render_value(value)}: {'; '.join(messages)}")
    if found:
        raise _Refused(found[0] if len(found) == 1 else f"[{', '.join(found)}]")
