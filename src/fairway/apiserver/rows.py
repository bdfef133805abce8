"""Rows: what a Table says of a stored object, as bytes, made once for each of its states.

Shape: ``row(stored, columns, now_s, ...)``.  What time does not change is kept with the object as bytes, an age as the
moment that it counts from; only other cells that go by the clock look at the object each time.
Source: Kubernetes API concepts, "Receiving resources as Tables".
"""

from collections.abc import Sequence
from datetime import datetime

import orjson

from fairway.apiserver.stored import Stored
from fairway.kinds.kind import Column
from fairway.objects import Object, table
from fairway.objects.ages import duration
from fairway.objects.table import Include

_FAR_S = 10 * 365 * 86400
"""A cell that says the same now and so much later does not go by the clock."""

Part = bytes | float | Column
"""A piece of the cells' JSON, the moment that an age counts from, or a column to be asked each time."""


class Ages:
    """The texts of ages in one answer: objects that were made together have the same."""

    __slots__ = ("_now_s", "_texts")

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s
        self._texts: dict[float, bytes] = {}

    def since(self, moment_s: float) -> bytes:
        """The JSON of the time since then."""
        found = self._texts.get(moment_s)
        if found is None:
            found = self._texts[moment_s] = b'"%b"' % duration(self._now_s - moment_s).encode()
        return found

    def cells(self, stored: Stored, columns: Sequence[Column], *, leads_with_name: bool) -> bytes:
        """The cells of one object, without brackets."""
        kept = stored.row
        if kept is None or kept[0] is not columns:
            kept = stored.row = (columns, _parts(stored.peek(), columns, self._now_s, leads_with_name))
        parts = kept[1]
        if len(parts) == 1 and isinstance(parts[0], bytes):
            return parts[0]
        return b"".join([self._text(part, stored) for part in parts])

    def _text(self, part: Part, stored: Stored) -> bytes:
        if isinstance(part, bytes):
            return part
        if isinstance(part, float):
            return self.since(part)
        return orjson.dumps(part.cell(stored.peek(), self._now_s))


def _parts(found: Object, columns: Sequence[Column], now_s: float, leads_with_name: bool) -> tuple[Part, ...]:
    parts: list[Part] = []
    text = [orjson.dumps(found["metadata"]["name"])] if leads_with_name else []
    for column in columns:
        cell = column.cell(found, now_s)
        if cell == column.cell(found, now_s + _FAR_S):
            text.append(orjson.dumps(cell))
            continue
        # What stands between two cells that change is one piece, with its commas.
        parts.append(
            b"".join(b"%b," % one for one in text) if not parts else b"".join(b",%b" % one for one in text) + b","
        )
        parts.append(_created_s(found) if column.cell is table.object_age else column)
        text = []
    parts.append(b"".join(b",%b" % one for one in text) if parts else b",".join(text))
    return tuple(parts)


def _created_s(found: Object) -> float:
    return datetime.fromisoformat(found["metadata"]["creationTimestamp"]).timestamp()


def row(stored: Stored, columns: Sequence[Column], ages: Ages, shown: bytes, *, leads_with_name: bool) -> bytes:
    """One row; ``shown`` is what stands under ``object``."""
    return b'{"cells":[%b],"object":%b}' % (ages.cells(stored, columns, leads_with_name=leads_with_name), shown)


def partial(stored: Stored, version: str) -> bytes:
    """The metadata of an object, as PartialObjectMetadata."""
    return b'{"kind":"PartialObjectMetadata","apiVersion":"%b","metadata":%b}' % (version.encode(), stored.metadata)


def definitions(columns: Sequence[Column], *, leads_with_name: bool) -> bytes:
    """The head of a Table."""
    return orjson.dumps(table.definitions(columns, leads_with_name=leads_with_name))


def included(stored: Stored, include: Include, shown_version: str, is_own_version: bool) -> bytes:
    """What a row holds beside its cells; the version is that of the metadata's form."""
    if include == "None":
        return b"null"
    if include == "Metadata":
        return partial(stored, table.API_VERSION)
    return stored.wire if is_own_version else orjson.dumps({**stored.peek(), "apiVersion": shown_version})
