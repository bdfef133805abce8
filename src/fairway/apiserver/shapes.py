"""Shapes: the bytes of objects, lists and events in the form that a request asks for.

Shape: ``Shapes.of`` gives the one ``Shape`` for (kind, version, form), so that what it made for one watcher can be
found again for the next.  Nothing that is stored is decoded to be shown as it is.
Source: Kubernetes API concepts, "Alternate representations of resources".
"""

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import orjson

from fairway.apiserver.negotiation import JSON, PROTOBUF, Form
from fairway.apiserver.reply import Page
from fairway.apiserver.routes import media_version
from fairway.apiserver.stored import Stored
from fairway.kinds.kind import Kind, Served
from fairway.objects import Object, table
from fairway.objects.table import Include

INITIAL_EVENTS_END = "k8s.io/initial-events-end"


class Shape(Protocol):
    """How objects of one kind look to a request."""

    uses_objects: bool
    """Whether dicts are looked at."""

    def one(self, stored: Stored) -> bytes:
        """A stored object."""

    def made(self, made: Object) -> bytes:
        """An object of the kind that is not stored in this form."""

    def page(self, page: Page) -> bytes:
        """A list."""

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """One line of a watch."""

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """The line of a watch that tells how far it has come."""

    def failed(self, status: Object) -> bytes:
        """The line of a watch that ends it."""


def failed(status: Object) -> bytes:
    """The line of a watch that ends it."""
    return orjson.dumps({"type": "ERROR", "object": status}) + b"\n"


def _bookmark(kind: str, version: str, revision: int, ends_initial: bool) -> bytes:
    metadata: Object = {"resourceVersion": str(revision)}
    if ends_initial:
        metadata["annotations"] = {INITIAL_EVENTS_END: "true"}
    shown = {"kind": kind, "apiVersion": version, "metadata": metadata}
    return orjson.dumps({"type": "BOOKMARK", "object": shown}) + b"\n"


class Whole:
    """Objects as they are, under the apiVersion that the request names."""

    uses_objects = False

    def __init__(self, kind: Kind, served: Served | None) -> None:
        self._kind = kind
        self._version = kind.api_version
        self._convert = None
        if served is not None:
            self._version = f"{served.group}/{served.version}" if served.group else served.version
            self._convert = served.from_storage
        self._stored_start = _start(kind.name, kind.api_version)
        self._start = _start(kind.name, self._version)
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
        return orjson.dumps(made)

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        head = b'{"kind":"%b","apiVersion":"%b","metadata":%b,"items":[' % (
            self._kind.list_name.encode(), self._version.encode(), orjson.dumps(page.metadata()),
        )  # fmt: skip
        one = self.one
        return b"%b%b]}\n" % (head, b",".join([one(stored) for stored in page.items]))

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """See ``Shape``."""
        return b'{"type":"%b","object":%b}\n' % (type_.encode(), self.one(stored))

    def failed(self, status: Object) -> bytes:
        """See ``Shape``."""
        return failed(status)

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``Shape``."""
        return _bookmark(self._kind.name, self._version, revision, ends_initial)


def _wire(stored: Stored) -> bytes:
    return stored.wire


def _start(name: str, version: str) -> bytes:
    return b'{"kind":"%b","apiVersion":"%b",' % (name.encode(), version.encode())


class AsTable:
    """Rows of cells, as ``kubectl get`` asks for them."""

    uses_objects = True

    def __init__(self, kind: Kind, version: str, include: Include, shown_version: str) -> None:
        self._kind = kind
        self._version = f"meta.k8s.io/{version}"
        self._include = include
        self._shown_version = shown_version

    def _table(self, found: Sequence[Object], metadata: Object, *, has_definitions: bool = True) -> Object:
        made = table.build(
            self._kind.columns, found, time.time(),
            include=self._include, metadata=metadata, has_definitions=has_definitions,
            leads_with_name=self._kind.leads_with_name,
        )  # fmt: skip
        made["apiVersion"] = self._version
        return made

    def _shown(self, stored: Stored) -> Object:
        found = stored.object
        if self._include == "Object" and self._shown_version != self._kind.api_version:
            return {**found, "apiVersion": self._shown_version}
        return found

    def one(self, stored: Stored) -> bytes:
        """See ``Shape``."""
        return orjson.dumps(self._table([self._shown(stored)], {"resourceVersion": str(stored.revision)}))

    def made(self, made: Object) -> bytes:
        """See ``Shape``."""
        if made.get("kind") == self._kind.name:
            return orjson.dumps(self._table([made], {}))
        return orjson.dumps(self._table_of_subresource(made))

    def _table_of_subresource(self, made: Object) -> Object:
        """A Scale as a row; what no subresource has columns for (a Status) as it is."""
        for one in self._kind.subresources:
            if one.columns and one.kind == made.get("kind"):
                found = table.build(one.columns, [made], time.time(), include=self._include)
                return {**found, "apiVersion": self._version}
        return made

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        found = self._table([self._shown(stored) for stored in page.items], page.metadata())
        return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """See ``Shape``."""
        metadata = {"resourceVersion": str(stored.revision)}
        shown = self._table([self._shown(stored)], metadata, has_definitions=is_first)
        return orjson.dumps({"type": type_, "object": shown}) + b"\n"

    def failed(self, status: Object) -> bytes:
        """See ``Shape``."""
        return failed(status)

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``Shape``."""
        shown = self._table([], {"resourceVersion": str(revision)}, has_definitions=False)
        return orjson.dumps({"type": "BOOKMARK", "object": shown}) + b"\n"


class AsMetadata:
    """PartialObjectMetadata: what garbage collectors and caches of metadata ask for."""

    uses_objects = True

    def __init__(self, kind: Kind, version: str) -> None:
        self._kind = kind
        self._version = f"meta.k8s.io/{version}"

    def _partial(self, found: Object) -> Object:
        return {"kind": "PartialObjectMetadata", "apiVersion": self._version, "metadata": found["metadata"]}

    def one(self, stored: Stored) -> bytes:
        """See ``Shape``."""
        return orjson.dumps(self._partial(stored.object))

    def made(self, made: Object) -> bytes:
        """See ``Shape``."""
        return orjson.dumps(self._partial(made) if made.get("kind") == self._kind.name else made)

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        return orjson.dumps(
            {
                "kind": "PartialObjectMetadataList",
                "apiVersion": self._version,
                "metadata": page.metadata(),
                "items": [self._partial(stored.object) for stored in page.items],
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """See ``Shape``."""
        return orjson.dumps({"type": type_, "object": self._partial(stored.object)}) + b"\n"

    def failed(self, status: Object) -> bytes:
        """See ``Shape``."""
        return failed(status)

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``Shape``."""
        return _bookmark("PartialObjectMetadata", self._version, revision, ends_initial)


class AsProtobuf:
    """Another shape, whose watch goes out in protobuf; whole answers are put into it when they are complete."""

    def __init__(self, inner: Shape) -> None:
        self._inner = inner
        self.uses_objects = inner.uses_objects

    def one(self, stored: Stored) -> bytes:
        """See ``Shape``."""
        return self._inner.one(stored)

    def made(self, made: Object) -> bytes:
        """See ``Shape``."""
        return self._inner.made(made)

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        return self._inner.page(page)

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """See ``Shape``."""
        return self._frame(self._inner.event(type_, stored, is_first=is_first))

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``Shape``."""
        return self._frame(self._inner.bookmark(revision, ends_initial=ends_initial))

    def failed(self, status: Object) -> bytes:
        """See ``Shape``."""
        return self._frame(failed(status))

    @staticmethod
    def _frame(line: bytes) -> bytes:
        # Not at module level: only some clients ask for it, and its table is large.
        from fairway.apiserver import protobuf

        told = orjson.loads(line)
        return protobuf.event(told["type"], told["object"])


def speaks_protobuf(kind: Kind, served: Served | None, form: Form) -> bool:
    """Whether there is a message for what ``form`` makes of objects of the kind."""
    from fairway.apiserver import protobuf

    return bool(form.shape) or protobuf.can(media_version(kind, served), kind.name)


class Shapes:
    """Every shape that was asked for, once."""

    def __init__(self) -> None:
        self._known: dict[Any, Shape] = {}

    def of(self, kind: Kind, served: Served | None, form: Form, include: str) -> Shape:
        """The shape of a request.  Raises: ``StatusError`` 400 for a bad ``includeObject``."""
        key = (
            kind,
            id(served),
            form.media == PROTOBUF,
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

    @staticmethod
    def _make(kind: Kind, served: Served | None, form: Form, include: str) -> Shape:
        if form.media == PROTOBUF:
            return AsProtobuf(Shapes._make(kind, served, form._replace(media=JSON), include))
        whole = Whole(kind, served)
        if form.shape == "Table":
            return AsTable(kind, form.version, table.included(include), whole._version)
        if form.shape == "Metadata":
            return AsMetadata(kind, form.version)
        return whole
