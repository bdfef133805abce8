"""Field selectors: which objects have these values in their fields.

Shape: ``select(text, readers)`` gives a ``FieldSelector``; ``matches`` asks one object.  ``readers`` are a kind's
``fields``; metadata.name and metadata.namespace are known for every kind.
Source: Kubernetes docs, "Field Selectors".  Raises: ``StatusError`` 400 with upstream's texts.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from sys import intern

from fairway.objects import Object
from fairway.objects.errors import StatusError, bad_request

Reader = Callable[[Object], str]
"""The text of one field of an object; empty where it is missing."""

_METADATA: Mapping[str, Reader] = {
    "metadata.name": lambda found: found["metadata"].get("name") or "",
    "metadata.namespace": lambda found: found["metadata"].get("namespace") or "",
}
# A value may hold "," "=" and "\" behind a backslash.
_TERM = re.compile(r"(?s)(?:\\.|[^,\\]|\\$)+")
_PARTS = re.compile(r"(?s)(.*?)(!=|==|=)(.*)")
_ESCAPED = re.compile(r"(?s)\\(.?)")


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison: ``field`` equal (or not) to ``value``."""

    field: str
    equal: bool
    value: str

    def __str__(self) -> str:
        return f"{self.field}{'=' if self.equal else '!='}{escape(self.value)}"


def escape(value: str) -> str:
    """``value`` as it stands in a selector's text."""
    return re.sub(r"[\\,=]", lambda found: "\\" + found[0], value)


def _unescape(value: str) -> str:
    def plain(found: re.Match[str]) -> str:
        if found[1] not in ("\\", ",", "=") or not found[1]:
            raise bad_request(f"invalid field selector: invalid escape sequence: {found[0]}")
        return found[1]

    if found := re.search(r"(?:^|[^\\])(?:\\\\)*(=)", value):
        # Upstream shows the number of the character.
        raise bad_request(f"invalid field selector: unescaped character in value: {ord(found[1])}")
    return _ESCAPED.sub(plain, value)


def terms(text: str) -> Iterator[Term]:
    """Every comparison of a selector's text, all of which must hold.  Raises: ``StatusError`` 400."""
    for part in sorted(_TERM.findall(text)):
        found = _PARTS.fullmatch(part)
        if found is None:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        value = _unescape(found[3])
        # As upstream: to compare nothing with nothing takes all.
        if found[1] or value:
            yield Term(found[1], found[2] != "!=", value)


def unsupported(label: str) -> StatusError:
    """400: objects of this kind cannot be selected by ``label``."""
    return bad_request(f"field label not supported: {label}")


def read_all(found: Object, readers: Mapping[str, Reader]) -> tuple[str, ...]:
    """The text of every field that objects of a kind can be selected by, for ``FieldSelector.matches_values``."""
    return tuple([intern(read(found)) for read in (*_METADATA.values(), *readers.values())])


class FieldSelector:
    """A conjunction of comparisons, bound to the readers of one kind."""

    __slots__ = ("_checks", "_places", "readers", "terms")

    def __init__(self, comparisons: tuple[Term, ...], readers: Mapping[str, Reader]) -> None:
        """Raises: ``StatusError`` 400 for a field that nobody can read."""
        self.terms = comparisons
        self.readers = readers
        self._checks = []
        order = [*_METADATA, *readers]
        self._places = [(order.index(one.field), one.equal, one.value) for one in comparisons if one.field in order]
        for term in comparisons:
            reader = _METADATA.get(term.field) or readers.get(term.field)
            if reader is None:
                raise unsupported(term.field)
            self._checks.append((reader, term.equal, term.value))

    def __str__(self) -> str:
        return ",".join(map(str, self.terms))

    def __bool__(self) -> bool:
        """Whether anything is asked at all."""
        return bool(self.terms)

    def matches(self, found: Object) -> bool:
        """Whether every comparison holds for ``found``."""
        return all((read(found) == value) is equal for read, equal, value in self._checks)

    def matches_values(self, values: Sequence[str]) -> bool:
        """The same of an object of which ``values`` were read."""
        return all((values[place] == value) is equal for place, equal, value in self._places)

    def exact(self, field: str) -> str | None:
        """The one value that ``field`` must have, if the selector says so."""
        return next((term.value for term in self.terms if term.field == field and term.equal), None)


def select(text: str, readers: Mapping[str, Reader]) -> FieldSelector:
    """The selector that ``text`` describes.  Raises: ``StatusError`` 400."""
    return FieldSelector(tuple(terms(text)), readers)


EVERYTHING = FieldSelector((), {})
"""Selects all objects."""
