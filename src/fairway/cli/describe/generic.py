"""The description of any object that has none of its own: all its fields, by name."""

from __future__ import annotations

from itertools import groupby

from fairway.cli.describe import events
from fairway.cli.describe.page import Page, listed, mapped, true

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.describe.world import World
    from fairway.objects import Object

_SHOWN_ABOVE = frozenset(
    f".metadata.{name}" for name in ("managedFields", "name", "namespace", "labels", "annotations")
)
_ACRONYMS = frozenset({"API", "URL", "UID", "OSB", "GUID"})
_LONG = 3
"""So many capitals are one word with what follows them: ``HTTPRoute``."""


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    page.head(found["metadata"])
    _fields(page, 0, found, "")
    events.write(page, found, world)


def _fields(page: Page, level: int, found: Object, path: str) -> None:
    for name in sorted(found):
        value, below = found[name], f"{path}.{name}"
        if below in _SHOWN_ABOVE:
            continue
        if not isinstance(value, dict | list):
            page.line(level, f"{title(name)}:", shown(value))
            continue
        page.line(level, f"{title(name)}:")
        for each in [value] if isinstance(value, dict) else value:
            if isinstance(each, dict):
                _fields(page, level + 1, each, below)
            else:
                page.line(level + 1, shown(each))


def title(name: str) -> str:
    """A field's name in words: ``apiVersion`` is ``API Version``; one with signs other than letters stays."""
    if not all(letter.isalpha() or letter == "-" for letter in name):
        return name
    words = _words(name)
    return " ".join(word.upper() if word.upper() in _ACRONYMS else word[:1].upper() + word[1:] for word in words)


def _words(name: str) -> list[str]:
    """The words of a name in camel case: a capital belongs to the small letters behind it."""
    words: list[str] = []
    for is_small, letters in groupby(name, lambda letter: letter.islower() if letter.isalpha() else None):
        part = "".join(letters)
        last = words[-1] if words else ""
        if not is_small or not last.isupper():
            words.append(part)
        elif len(last) in (1, *range(_LONG, len(name))):
            words[-1] += part
        else:
            words[-1:] = [last[:-1], last[-1] + part]
    return words


def shown(value: Any) -> str:
    """A value as Go prints it."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return true(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, dict):
        return mapped({key: shown(one) for key, one in value.items()})
    if isinstance(value, list):
        return listed([shown(one) for one in value])
    return str(value)


def _float(value: float) -> str:
    """The shortest digits that mean this number, with an exponent below 1e-4 and from 1e21 on."""
    if value and not 1e-4 <= abs(value) < 1e21:
        digits, _, power = repr(value).partition("e")
        if power:
            return f"{digits.removesuffix('.0')}e{power[0] if power[0] == '-' else '+'}{power.lstrip('+-'):0>2}"
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return repr(value)
