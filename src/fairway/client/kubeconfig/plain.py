"""Plain: reads kubeconfigs that are as simple as kubectl and fairway write them, without PyYAML.  Pure.

Shape: ``read(bytes)`` gives the mapping, or ``None`` where anything stands in the text that needs a whole parser: then
PyYAML decides, also about what is wrong.  Understood are block mappings and lists, plain and quoted texts on one line,
``true``, ``false``, ``null``, ``{}`` and ``[]``.
Importing PyYAML takes as long as all else that a command does before it speaks to the server.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_WORDS: "dict[str, Any]" = {"true": True, "false": False, "null": None, "~": None, "{}": {}, "[]": []}
_DOUBTFUL = frozenset(("yes", "no", "on", "off", "y", "n"))
_STARTS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz/_")


class _Doubt(Exception):
    """The text is not as simple as that."""


def read(raw: bytes) -> "dict[str, Any] | None":
    """The mapping, or ``None``."""
    try:
        lines = _lines(raw.decode())
        if not lines or lines[0][0]:
            return None
        value, place = _block(lines, 0, 0)
        return value if isinstance(value, dict) and place == len(lines) else None
    except (_Doubt, UnicodeDecodeError):
        return None


def _lines(text: str) -> "list[tuple[int, str]]":
    found: list[tuple[int, str]] = []
    for line in text.split("\n"):
        content = line.strip(" ")
        if not content or content[0] == "#" or (content == "---" and not found):
            continue
        if "\t" in line or "\r" in line or content.startswith(("---", "...")):
            raise _Doubt
        found.append((len(line) - len(line.lstrip(" ")), content))
    return found


def _block(lines: "list[tuple[int, str]]", place: int, indent: int) -> "tuple[Any, int]":
    """The mapping or list that begins at ``place``, and where it ends."""
    if lines[place][1].startswith("- "):
        return _list(lines, place, indent)
    found: dict[str, Any] = {}
    while place < len(lines) and lines[place][0] == indent and not lines[place][1].startswith("- "):
        name, value, place = _member(lines, place, indent)
        if name in found:
            raise _Doubt
        found[name] = value
    if place < len(lines) and lines[place][0] > indent:
        raise _Doubt
    return found, place


def _list(lines: "list[tuple[int, str]]", place: int, indent: int) -> "tuple[list[Any], int]":
    found: list[Any] = []
    while place < len(lines) and lines[place][0] == indent and lines[place][1].startswith("- "):
        content = lines[place][1][2:].lstrip(" ")
        if not content or content[0] in "-{[":
            raise _Doubt
        if content.endswith(":") or (": " in content and content[0] not in "\"'"):
            inner = indent + len(lines[place][1]) - len(content)
            lines[place] = (inner, content)
            value, place = _block(lines, place, inner)
        else:
            value, place = _scalar(content), place + 1
        found.append(value)
    if place < len(lines) and lines[place][0] > indent:
        raise _Doubt
    return found, place


def _member(lines: "list[tuple[int, str]]", place: int, indent: int) -> "tuple[str, Any, int]":
    name, colon, rest = lines[place][1].partition(":")
    if not colon or name[:1] not in _STARTS or (rest and rest[0] != " ") or name in _WORDS or name in _DOUBTFUL:
        raise _Doubt
    rest = rest.strip(" ")
    place += 1
    if rest:
        return name, _scalar(rest), place
    if place < len(lines):
        inner, content = lines[place]
        if inner > indent or (inner == indent and content.startswith("- ")):
            value, place = _block(lines, place, inner)
            return name, value, place
    return name, None, place


def _scalar(text: str) -> "Any":
    if text in _WORDS:
        value = _WORDS[text]
        return value.copy() if isinstance(value, dict | list) else value
    if text[0] in "\"'":
        inner = text[1:-1]
        if len(text) < 2 or text[-1] != text[0] or text[0] in inner or "\\" in inner:
            raise _Doubt
        return inner
    if text[0] not in _STARTS or ": " in text or " #" in text or text[-1] == ":" or text.lower() in _DOUBTFUL:
        raise _Doubt
    if text.lower() in ("true", "false", "null"):
        raise _Doubt
    return text
