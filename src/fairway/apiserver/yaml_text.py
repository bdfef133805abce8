"""YAML text: the values of JSON written as YAML, as quickly as they can be by hand.

Pure.  Members come in the order of their names, and texts are quoted as kube-apiserver has them; escapes are those of
JSON, which every parser of YAML reads.  Source: YAML 1.1, YAML 1.2, section 1.3 "Relation to JSON"; seen side by side.
"""

import re
from functools import lru_cache
from typing import Any

import orjson

_WORD = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@+-]*(?::[A-Za-z0-9_./@+-]+)*")
_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_PLAIN = re.compile(r"(?![-?:](?: |$)|---|\.\.\.)[^ ,\[\]{}&*!|>'\"%@`#](?:[^#:]|:(?! |$)|(?<! )#)*(?<! )")
"""What needs no quotes in a block, if it means a text."""
_OTHER_MEANING = re.compile(
    r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|[0-9]+(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?"
    r"|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+(?::[0-5]?[0-9])+(?:\.[0-9]*)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)|~|=|<<"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}.*)?"
)
"""Numbers and times, as Go's library reads them, with or without ``_`` between digits."""
_SPECIAL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_EXPONENT = re.compile(r"(-?[0-9]+)(\.[0-9]+)?e([+-])?([0-9]+)")
"""A number is one for every parser if it has a point and a sign."""
_LONGEST_KEY = 500
"""Letters that a key may have before its colon: parsers look no farther than 1,024."""
_REMEMBERED_LENGTH = 64
_QUOTE = "'"


def dump(value: Any) -> bytes:
    """A whole document."""
    lines: list[str] = []
    _block(value, "", lines)
    return ("\n".join(lines) + "\n").encode()


def dump_item(value: Any) -> bytes:
    """One item of a list that is a member of a document."""
    lines: list[str] = []
    _item(value, "", lines)
    return ("\n".join(lines) + "\n").encode()


def _block(value: Any, indent: str, lines: list[str]) -> None:
    """Add the lines of a value that begins a line."""
    if isinstance(value, dict) and value:
        for name in sorted(value):
            _member(name, value[name], indent, lines)
    elif isinstance(value, list) and value:
        for one in value:
            _item(one, indent, lines)
    elif indent and isinstance(value, str) and "\n" in value and _is_literal(value):
        lines.append(indent + _literal(value, indent))
    else:
        lines.append(indent + _flow(value))


def _member(name: str, value: Any, indent: str, lines: list[str]) -> None:
    key = _text(name) if len(name) <= _REMEMBERED_LENGTH else _written(name)
    if len(key) > _LONGEST_KEY:
        lines.append(f"{indent}? {key}")
        lines.append(f"{indent}: {_safe(orjson.dumps(value).decode())}")
    elif isinstance(value, dict | list) and value:
        lines.append(f"{indent}{key}:")
        _block(value, indent + "  " if isinstance(value, dict) else indent, lines)
    elif isinstance(value, str) and "\n" in value and _is_literal(value):
        lines.append(f"{indent}{key}: {_literal(value, indent + '  ')}")
    else:
        lines.append(f"{indent}{key}: {_flow(value)}")


def _item(value: Any, indent: str, lines: list[str]) -> None:
    first = len(lines)
    _block(value, indent + "  ", lines)
    lines[first] = f"{indent}- {lines[first][len(indent) + 2 :]}"


def _flow(value: Any) -> str:
    """A scalar, or a collection of nothing."""
    if isinstance(value, str):
        return _text(value) if len(value) <= _REMEMBERED_LENGTH else _written(value)
    text = orjson.dumps(value).decode()
    return _EXPONENT.sub(lambda found: f"{found[1]}{found[2] or '.0'}e{found[3] or '+'}{found[4]}", text)


def _written(text: str) -> str:
    """A text in a line: as it is, or in the quotes in which Go's library puts it."""
    if _WORD.fullmatch(text):
        return f'"{text}"' if text.lower() in _WORDS else text
    if not text or "\n" in text or _SPECIAL.search(text) or _has_other_meaning(text):
        return _safe(orjson.dumps(text).decode())
    if _PLAIN.fullmatch(text):
        return text
    return f"'{text.replace(_QUOTE, _QUOTE * 2)}'"


def _has_other_meaning(text: str) -> bool:
    return _OTHER_MEANING.fullmatch(text if text[0] == "_" else text.replace("_", "")) is not None


def _is_literal(text: str) -> bool:
    """Whether a text of several lines can stand as it is, which needs no word about its indent."""
    return not (text[0] in " \n" or text[-1] == " " or " \n" in text or _SPECIAL.search(text))


def _literal(text: str, indent: str) -> str:
    kept = "+" if text.endswith("\n\n") else "" if text.endswith("\n") else "-"
    lines = text.removesuffix("\n").split("\n")
    return "\n".join([f"|{kept}", *(indent + line if line else "" for line in lines)])


_text = lru_cache(4096)(_written)


def _safe(json: str) -> str:
    """JSON without letters that YAML does not take."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json)
