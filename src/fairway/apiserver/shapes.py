"""Shapes: the bytes of objects, lists and events in the form that a request asks for.

Shape: ``Shapes.of`` gives the one ``Shape`` for (kind, version, form), so that what it made for one watcher can be
found again for the next.  Nothing that is stored is decoded to be shown as it is.
Source: Kubernetes API concepts, "Alternate representations of resources".
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson

from fairway.apiserver import go_json, rows
from fairway.apiserver.negotiation import JSON, METADATA, PROTOBUF, YAML, Form
from fairway.apiserver.reply import Page
from fairway.apiserver.routes import media_version
from fairway.apiserver.stored import Stored
from fairway.kinds.kind import Column, Kind, Served
from fairway.objects import Object, table
from fairway.objects.table import Include

if TYPE_CHECKING:
    from fairway.apiserver.as_protobuf import Kept


class Parts(NamedTuple):
    """A list taken apart: what stands before its items, what makes the bytes of one, and what stands behind them.

    ``opening`` stands before the first item.  ``sized`` makes the head of a list that says first how many bytes its
    items are.
    """

    head: bytes
    one: Callable[[Stored], bytes | memoryview]
    tail: bytes = b"]}\n"
    between: bytes = b","
    opening: bytes = b""
    sized: Callable[[int], bytes] | None = None

    def joined(self, items: Iterable[Stored]) -> bytes:
        """The whole list, which is copied once: it may be large."""
        made = list(map(self.one, items))
        if self.sized is not None:
            return b"".join((self.sized(sum(map(len, made))), *made, self.tail))
        if not made:
            return self.head + self.tail
        made[0] = b"".join((self.head, self.opening, made[0]))
        made[-1] = b"".join((made[-1], self.tail))
        return self.between.join(made)


INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Shape(Protocol):
    """How objects of one kind look to a request."""

    media: str
    """In which all but ``made`` is."""

    def one(self, stored: Stored) -> bytes:
        """A stored object."""

    def made(self, made: Object) -> bytes:
        """An object of the kind that is not stored in this form."""

    def page(self, page: Page) -> bytes:
        """A list."""

    def parts(self, page: Page) -> Parts:
        """The same, to be sent piece by piece."""

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """One line of a watch."""

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """The line of a watch that tells how far it has come."""

    def failed(self, status: Object) -> bytes:
        """The line of a watch that ends it."""


def failed(status: Object) -> bytes:
    """The line of a watch that ends it."""
    return go_json.dumps({"type": "ERROR", "object": status}) + b"\n"


def _bookmark(kind: str, version: str, revision: int, ends_initial: bool) -> bytes:
    metadata: Object = {"resourceVersion": str(revision)}
    if ends_initial:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    shown = {"kind": kind, "apiVersion": version, "metadata": metadata}
    return orjson.dumps({"type": "BOOKMARK", "object": shown}) + b"\n"


class Whole:
    """Objects as they are, under the apiVersion that the request names."""

    media = JSON

    def __init__(self, kind: Kind, served: Served | None) -> None:
        self._kind = kind
        self._version = kind.api_version
        self._convert = None
        if served is not None:
            self._version = f"{served.group}/{served.version}" if served.group else served.version
            self._convert = served.from_storage
        self._stored_start = _start(kind.name, kind.api_version)
        self._start = _start(kind.name, self._version)
        self._is_built_in = kind.custom is None
        self._is_stored_version = served is None
        self.one: Callable[[Stored], bytes] = _wire if served is None else self._converted

    def _converted(self, stored: Stored) -> bytes:
        if self._convert is None:
            return self._start + stored.wire[len(self._stored_start) :]
        return self.made(stored.copy())

    def made(self, made: Object) -> bytes:
        """See ``Shape``."""
        if not self._is_stored_version and made.get("kind") == self._kind.name:
            made = {**made, "apiVersion": self._version}
            if self._convert is not None:
                self._convert(made)
        return go_json.dumps(made)

    def parts(self, page: Page) -> Parts:
        """See ``Shape``."""
        head = _list_head(self._kind.list_name, self._version, page)
        return Parts(head, self._item, between=b",{", opening=b"{") if self._is_built_in else Parts(head, self.one)

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        return self.parts(page).joined(page.items)

    def _item(self, stored: Stored) -> memoryview:
        """One of a list, behind its brace: what items of a built-in kind are says the list, as upstream has it."""
        found = self.one(stored)
        return memoryview(found)[len(self._start) if found.startswith(self._start) else 1 :]

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """See ``Shape``."""
        return b'{"type":"%b","object":%b}\n' % (type_.encode(), self.one(stored))

    def failed(self, status: Object) -> bytes:
        """See ``Shape``."""
        return failed(status)

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``Shape``."""
        return _bookmark(self._kind.name, self._version, revision, ends_initial)


def _list_head(name: str, version: str, page: Page) -> bytes:
    return b'{"kind":"%b","apiVersion":"%b","metadata":%b,"items":[' % (
        name.encode(), version.encode(), orjson.dumps(page.metadata()),
    )  # fmt: skip


def _wire(stored: Stored) -> bytes:
    return stored.wire


def _start(name: str, version: str) -> bytes:
    return b'{"kind":"%b","apiVersion":"%b",' % (name.encode(), version.encode())


class AsTable:
    """Rows of cells, as ``kubectl get`` asks for them."""

    media = JSON

    def __init__(self, kind: Kind, version: str, include: Include, shown_version: str) -> None:
        self._kind = kind
        self._version = f"meta.k8s.io/{version}"
        self._include = include
        self._head = rows.definitions(kind.columns, leads_with_name=kind.leads_with_name)
        self._shown = rows.included(include, shown_version, is_own_version=shown_version == kind.api_version)

    def _parts(self, metadata: Object, *, has_definitions: bool = True) -> Parts:
        head = b'{"kind":"Table","apiVersion":"%b","metadata":%b,"columnDefinitions":%b,"rows":[' % (
            self._version.encode(), orjson.dumps(metadata), self._head if has_definitions else b"null",
        )  # fmt: skip
        kind = self._kind
        made = rows.Rows(kind.columns, time.time(), self._shown, leads_with_name=kind.leads_with_name)
        return Parts(head, made.row)

    def _table(self, found: Sequence[Stored], metadata: Object, *, has_definitions: bool = True) -> bytes:
        return self._parts(metadata, has_definitions=has_definitions)._replace(tail=b"]}").joined(found)

    def one(self, stored: Stored) -> bytes:
        """See ``Shape``."""
        return self._table([stored], {"resourceVersion": str(stored.revision)})

    def made(self, made: Object) -> bytes:
        """See ``Shape``."""
        if made.get("kind") == self._kind.name:
            kind = self._kind
            return go_json.dumps(self._made(kind.columns, made, leads_with_name=kind.leads_with_name))
        return go_json.dumps(self._table_of_subresource(made))

    def _table_of_subresource(self, made: Object) -> Object:
        """A Scale as a row; what no subresource has columns for (a Status) as it is."""
        for one in self._kind.subresources:
            if one.columns and one.kind == made.get("kind"):
                return self._made(one.columns, made)
        return made

    def _made(self, columns: Sequence[Column], made: Object, *, leads_with_name: bool = True) -> Object:
        found = table.build(columns, [made], time.time(), include=self._include, leads_with_name=leads_with_name)
        return {**found, "apiVersion": self._version}

    def parts(self, page: Page) -> Parts:
        """See ``Shape``."""
        return self._parts(page.metadata())

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        return self.parts(page).joined(page.items)

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """See ``Shape``."""
        shown = self._table([stored], {"resourceVersion": str(stored.revision)}, has_definitions=is_first)
        return b'{"type":"%b","object":%b}\n' % (type_.encode(), shown)

    def failed(self, status: Object) -> bytes:
        """See ``Shape``."""
        return failed(status)

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``Shape``."""
        shown = self._table([], {"resourceVersion": str(revision)}, has_definitions=False)
        return b'{"type":"BOOKMARK","object":%b}\n' % shown


class AsMetadata:
    """PartialObjectMetadata: what garbage collectors and caches of metadata ask for."""

    media = JSON

    def __init__(self, kind: Kind, version: str) -> None:
        self._kind = kind
        self._version = f"meta.k8s.io/{version}"
        self._partial = rows.partial(self._version)

    def one(self, stored: Stored) -> bytes:
        """See ``Shape``."""
        return self._partial(stored)

    def made(self, made: Object) -> bytes:
        """See ``Shape``."""
        if made.get("kind") != self._kind.name:
            return go_json.dumps(made)
        return go_json.dumps(
            {"kind": "PartialObjectMetadata", "apiVersion": self._version, "metadata": made["metadata"]}
        )

    def parts(self, page: Page) -> Parts:
        """See ``Shape``."""
        return Parts(_list_head("PartialObjectMetadataList", self._version, page), self.one)

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        return self.parts(page).joined(page.items)

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """See ``Shape``."""
        return b'{"type":"%b","object":%b}\n' % (type_.encode(), self.one(stored))

    def failed(self, status: Object) -> bytes:
        """See ``Shape``."""
        return failed(status)

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``Shape``."""
        return _bookmark("PartialObjectMetadata", self._version, revision, ends_initial)


def speaks_protobuf(kind: Kind, served: Served | None, form: Form) -> bool:
    """Whether there is a message for what ``form`` makes of objects of the kind."""
    from fairway.apiserver import protobuf

    return bool(form.shape) or protobuf.can(media_version(kind, served), kind.name)


class Shapes:
    """Every shape that was asked for, once."""

    def __init__(self) -> None:
        self._known: dict[Any, Shape] = {}
        self._kept: Kept | None = None

    def of(self, kind: Kind, served: Served | None, form: Form, include: str) -> Shape:
        """The shape of a request.  Raises: ``StatusError`` 400 for a bad ``includeObject``."""
        key = (
            kind,
            id(served),
            form.media,
            form.shape,
            form.version,
            include if form.shape == "Table" else "",
        )
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._make(kind, served, form, include)
        return found

    def forget(self, but: set[Kind]) -> None:
        """Keep only the shapes of these kinds."""
        self._known = {key: found for key, found in self._known.items() if key[0] in but}

    def _make(self, kind: Kind, served: Served | None, form: Form, include: str) -> Shape:
        if form.media == PROTOBUF:
            return self._in_protobuf(kind, served, form, include)
        if form.media == YAML:
            from fairway.apiserver.as_yaml import AsYaml  # few ask for it

            return AsYaml(self._make(kind, served, form._replace(media=JSON), include))
        whole = Whole(kind, served)
        if form.shape == "Table":
            return AsTable(kind, form.version, table.included(include), whole._version)
        if form.shape.startswith(METADATA):
            return AsMetadata(kind, form.version)
        return whole

    def _in_protobuf(self, kind: Kind, served: Served | None, form: Form, include: str) -> Shape:
        # Not at module level: only some clients ask for it, and its table is large.
        from fairway.apiserver.as_protobuf import AsProtobuf, Kept

        self._kept = self._kept or Kept()
        inner = self._make(kind, served, form._replace(media=JSON), include)
        if form.shape.startswith(METADATA):
            version = f"meta.k8s.io/{form.version}"
            return AsProtobuf(inner, version, "PartialObjectMetadata", "PartialObjectMetadataList", self._kept)
        version = f"{served.group}/{served.version}".lstrip("/") if served else kind.api_version
        return AsProtobuf(inner, version, kind.name, kind.list_name, self._kept)
