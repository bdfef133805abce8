"""Printf: Go's formats for the values of an object.

Source: the documentation of Go's package fmt.
"""

import re
from typing import Any

from fairway.cli.printers.go_values import go_type, quoted, syntax_of, text_of

_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d+|\*)?(?:\.(?P<precision>\d*|\*))?(?P<verb>.)?", re.DOTALL)


def sprint(*values: Any) -> str:
    """The values one after another; a space between two of which neither is a text."""
    parts: list[str] = []
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            parts.append(" ")
        parts.append(text_of(value))
    return "".join(parts)


def sprintf(form: str, *values: Any) -> str:
    """``form`` with the values in their places; mistakes are told in the text, as Go does."""
    left, parts, at = list(values), list[str](), 0
    for found in _VERB.finditer(form):
        parts.append(form[at : found.start()])
        at = found.end()
        parts.append(_one(found, left))
    parts.append(form[at:])
    if left:
        parts.append("%!(EXTRA " + ", ".join(f"{go_type(value)}={text_of(value)}" for value in left) + ")")
    return "".join(parts)


def _one(found: "re.Match[str]", left: list[Any]) -> str:
    verb = found["verb"]
    if verb is None:
        return "%!(NOVERB)"
    if verb == "%":
        return "%"
    width = int(left.pop(0)) if found["width"] == "*" and left else int(found["width"] or 0)
    precision = found["precision"]
    digits = None if precision is None else int(left.pop(0)) if precision == "*" and left else int(precision or 0)
    if not left:
        return f"%!{verb}(MISSING)"
    text = _shown(verb, left.pop(0), found["flags"], digits)
    if "-" in found["flags"]:
        return text.ljust(width)
    if "0" in found["flags"] and verb != "q":
        sign = text[:1] if text[:1] in ("-", "+") else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _shown(verb: str, value: Any, flags: str, digits: int | None) -> str:
    if verb == "v":
        return syntax_of(value) if "#" in flags else text_of(value)
    if verb == "T":
        return go_type(value)
    shown = None
    if isinstance(value, str):
        shown = _of_text(verb, value, digits)
    elif isinstance(value, bool):
        shown = text_of(value) if verb == "t" else None
    elif isinstance(value, int):
        shown = _of_int(verb, value, flags)
    elif isinstance(value, float):
        shown = _of_float(verb, value, flags, digits)
    elif isinstance(value, list) and verb in "sqdxtfgeX":
        return "[" + " ".join(_shown(verb, each, flags, digits) for each in value) + "]"
    elif isinstance(value, dict) and verb in "sqdxtfgeX":
        inner = (
            f"{_shown(verb, name, flags, digits)}:{_shown(verb, value[name], flags, digits)}" for name in sorted(value)
        )
        return "map[" + " ".join(inner) + "]"
    if shown is not None:
        return shown
    return f"%!{verb}(<nil>)" if value is None else f"%!{verb}({go_type(value)}={text_of(value)})"


def _of_text(verb: str, text: str, digits: int | None) -> str | None:
    cut = text if digits is None else text[:digits]
    match verb:
        case "s":
            return cut
        case "q":
            return quoted(cut)
        case "x":
            return cut.encode().hex()
        case "X":
            return cut.encode().hex().upper()
    return None


def _of_int(verb: str, value: int, flags: str) -> str | None:
    sign = "+" if "+" in flags and value >= 0 else ""
    match verb:
        case "d":
            return f"{sign}{value}"
        case "b" | "o" | "x" | "X":
            return f"{sign}{value:{verb}}"
        case "c":
            return chr(value)
        case "q":
            return f"'{chr(value)}'"
        case "U":
            return f"U+{value:04X}"
    return None


def _of_float(verb: str, value: float, flags: str, digits: int | None) -> str | None:
    sign = "+" if "+" in flags and value >= 0 else ""
    match verb:
        case "f" | "F" | "e" | "E":
            return f"{sign}{value:.{6 if digits is None else digits}{verb}}"
        case "g" | "G":
            return sign + (text_of(value) if digits is None else f"{value:.{digits}g}")
    return None
