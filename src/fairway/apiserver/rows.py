"""Rows: what a Table says of a stored object, as bytes, made once for each of its states.

Shape: ``Rows(columns, now_s, shown).row(stored)``.  What time does not change is kept with the object as bytes, an age
as the moment that it counts from; only other cells that go by the clock look at the object each time.
Source: Kubernetes API concepts, "Receiving resources as Tables".
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from fairway.apiserver import go_json
from fairway.apiserver.stored import Stored
from fairway.kinds.kind import Column
from fairway.objects import Object, table
from fairway.objects.ages import duration
from fairway.objects.table import Include

_FAR_S = 10 * 365 * 86400
"""A cell that says the same now and so much later does not go by the clock."""

Part = bytes | float | Column
"""A piece of the cells' JSON, the moment that an age counts from, or a column to be asked each time."""


class Rows:
    """Makes the rows of one answer.  ``shown`` gives what stands under ``object``."""

    __slots__ = ("_ages", "_columns", "_leads_with_name", "_now_s", "_shown")

    def __init__(
        self, columns: Sequence[Column], now_s: float, shown: Callable[[Stored], bytes], *, leads_with_name: bool
    ) -> None:
        self._columns = columns
        self._now_s = now_s
        self._shown = shown
        self._leads_with_name = leads_with_name
        self._ages: dict[float, bytes] = {}

    def row(self, stored: Stored) -> bytes:
        """One row."""
        kept = stored.row
        if kept is None or kept[0] is not self._columns:
            made = _parts(stored.peek(), self._columns, self._now_s, self._leads_with_name)
            kept = stored.row = (self._columns, made)
        parts: tuple[Any, ...] = kept[1]
        if len(parts) == 3 and isinstance(parts[1], float):
            # Nearly every kind: an age, and what stands before and behind it.
            age = self._ages.get(parts[1]) or self._age(parts[1])
            return b'{"cells":[%b%b%b],"object":%b}' % (parts[0], age, parts[2], self._shown(stored))
        cells = b"".join([self._text(part, stored) for part in parts])
        return b'{"cells":[%b],"object":%b}' % (cells, self._shown(stored))

    def _text(self, part: Part, stored: Stored) -> bytes:
        if isinstance(part, bytes):
            return part
        if isinstance(part, float):
            return self._ages.get(part) or self._age(part)
        return go_json.dumps(part.cell(stored.peek(), self._now_s))

    def _age(self, moment_s: float) -> bytes:
        """The time since then; objects that were made together have the same."""
        found = self._ages[moment_s] = b'"%b"' % duration(self._now_s - moment_s).encode()
        return found


def _parts(found: Object, columns: Sequence[Column], now_s: float, leads_with_name: bool) -> tuple[Part, ...]:
    parts: list[Part] = []
    texts = [go_json.dumps(found["metadata"]["name"])] if leads_with_name else []
    for column in columns:
        cell = column.cell(found, now_s)
        if cell == column.cell(found, now_s + _FAR_S):
            texts.append(go_json.dumps(cell))
            continue
        # What stands between two cells that change is one piece, with its commas.
        parts.append(_joined(texts, is_first=not parts, is_last=False))
        parts.append(_created_s(found) if column.cell is table.object_age else column)
        texts = []
    parts.append(_joined(texts, is_first=not parts, is_last=True))
    return tuple(parts)


def _joined(texts: Sequence[bytes], *, is_first: bool, is_last: bool) -> bytes:
    return b",".join([*([] if is_first else [b""]), *texts, *([] if is_last else [b""])])


def _created_s(found: Object) -> float:
    return datetime.fromisoformat(found["metadata"]["creationTimestamp"]).timestamp()


def partial(version: str) -> Callable[[Stored], bytes]:
    """What shows the metadata of an object, as PartialObjectMetadata."""
    start = b'{"kind":"PartialObjectMetadata","apiVersion":"%b","metadata":' % version.encode()
    return lambda stored: b"%b%b}" % (start, stored.metadata)


def definitions(columns: Sequence[Column], *, leads_with_name: bool) -> bytes:
    """The head of a Table."""
    return go_json.dumps(table.definitions(columns, leads_with_name=leads_with_name))


def included(include: Include, shown_version: str, *, is_own_version: bool) -> Callable[[Stored], bytes]:
    """What a row holds beside its cells."""
    if include == "None":
        return lambda _: b"null"
    if include == "Metadata":
        return partial(table.API_VERSION)
    if is_own_version:
        return lambda stored: stored.wire
    return lambda stored: go_json.dumps({**stored.peek(), "apiVersion": shown_version})
