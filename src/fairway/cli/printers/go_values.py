"""Go values: how Go's fmt and encoding/json show the values of an object.  Pure.

Source: the documentation of Go's packages fmt and encoding/json.
"""

import json
from typing import Any


class Constant(int):
    """A whole number that stands in a template, whose type is ``int``; those of objects are ``int64``."""


def go_type(value: Any) -> str:
    """The name of the type that kubectl has for a value of JSON."""
    if value is None:
        return "<nil>"
    names = {dict: "map[string]interface {}", list: "[]interface {}", str: "string", bool: "bool", float: "float64"}
    return names.get(type(value), "int" if isinstance(value, Constant) else "int64")


def float_text(value: float) -> str:
    """``%v`` of a float64: an exponent from a million on."""
    if value != value or value in (float("inf"), float("-inf")):
        return "NaN" if value != value else "+Inf" if value > 0 else "-Inf"
    size = int(f"{value:e}".partition("e")[2])
    if -4 <= size < 6 or not value:
        return f"{value:.20f}".rstrip("0").rstrip(".") if "e" in repr(value) else repr(value).removesuffix(".0")
    digits = len(repr(abs(value)).partition("e")[0].replace(".", "").strip("0"))
    mantissa, _, exponent = f"{value:.{max(digits - 1, 0)}e}".partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}"


def text_of(value: Any) -> str:
    """``%v``: ``map[a:1 b:[x y]]``, ``<nil>``."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float():
            return float_text(value)
        case dict():
            return "map[" + " ".join(f"{name}:{text_of(value[name])}" for name in sorted(value)) + "]"
        case list() | tuple():
            return "[" + " ".join(map(text_of, value)) + "]"
    return str(value)


def syntax_of(value: Any) -> str:
    """``%#v``: the value as Go would write it."""
    match value:
        case None:
            return "interface {}(nil)"
        case str():
            return quoted(value)
        case dict():
            inner = ", ".join(f"{quoted(name)}:{syntax_of(value[name])}" for name in sorted(value))
            return f"map[string]interface {{}}{{{inner}}}"
        case list():
            return "[]interface {}{" + ", ".join(map(syntax_of, value)) + "}"
    return text_of(value)


def quoted(text: str) -> str:
    """``%q`` of a string."""
    parts = ['"']
    for letter in text:
        if letter in '"\\':
            parts.append(f"\\{letter}")
        elif letter in "\a\b\f\n\r\t\v":
            parts.append("\\" + "abfnrtv"["\a\b\f\n\r\t\v".index(letter)])
        elif letter.isprintable():
            parts.append(letter)
        else:
            code = ord(letter)
            parts.append(f"\\x{code:02x}" if code < 128 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}")
    return "".join([*parts, '"'])


def compact_json(value: Any) -> str:
    """JSON on one line, members in order."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
