"""AsProtobuf: a shape in protobuf.  What was made of a state is kept beside it for the next who asks.

Shape: a kept message is a field of its own, ``\\x12``, its length and its bytes: as an item of a list has it, and the
content of an envelope.  Imported, with the tables of messages, only when somebody asks for protobuf.
"""

from collections import deque

import orjson

from fairway.apiserver import protobuf
from fairway.apiserver.negotiation import PROTOBUF
from fairway.apiserver.reply import Page
from fairway.apiserver.shapes import Parts, Shape, failed
from fairway.apiserver.stored import Stored
from fairway.objects import Object

KEPT_BYTES = 8 * 1024 * 1024
"""Messages of all states together; the oldest go first."""


class Kept:
    """Which states have a message beside them; one for a server."""

    def __init__(self) -> None:
        self._states: deque[tuple[Stored, int]] = deque()
        self._size = 0

    def keep(self, stored: Stored, shape: Shape, message: bytes) -> None:
        """Put a message beside its state."""
        stored.message = (shape, message)
        self._states.append((stored, len(message)))
        self._size += len(message)
        while self._size > KEPT_BYTES:
            oldest, size = self._states.popleft()
            self._size -= size
            oldest.message = None


class AsProtobuf:
    """``inner`` in protobuf: objects of a kind, or their metadata, called so."""

    media = PROTOBUF

    def __init__(self, inner: Shape, api_version: str, kind: str, list_kind: str, kept: Kept) -> None:
        self._inner = inner
        self._kept = kept
        self._list = (api_version, list_kind)
        self._message = protobuf.message_of(api_version, kind) or ""
        self._head, self._tail = protobuf.ends(api_version, kind)
        self._bookmark: tuple[tuple[int, bool], bytes] | None = None

    def one(self, stored: Stored) -> bytes:
        """See ``Shape``."""
        return b"".join((self._head, self._item(stored), self._tail))

    def _item(self, stored: Stored) -> bytes:
        """A state as one field of a list."""
        kept = stored.message
        if kept is not None and kept[0] is self:
            return kept[1]
        made = protobuf.content(self._message, self._inner.one(stored))
        self._kept.keep(stored, self, made)
        return made

    def made(self, made: Object) -> bytes:
        """JSON of what is not stored: it is put into protobuf if there is a message for it."""
        return self._inner.made(made)

    def parts(self, page: Page) -> Parts:
        """See ``Shape``."""
        empty = orjson.dumps({"metadata": page.metadata()})

        def head(size: int) -> bytes:
            return protobuf.list_head(*self._list, empty, size)

        return Parts(b"", self._item, self._tail, b"", sized=head)

    def page(self, page: Page) -> bytes:
        """See ``Shape``."""
        return self.parts(page).joined(page.items)

    def event(self, type_: str, stored: Stored, *, is_first: bool) -> bytes:
        """See ``Shape``."""
        return protobuf.event(type_, self.one(stored))

    def bookmark(self, revision: int, *, ends_initial: bool) -> bytes:
        """See ``Shape``; all watchers are told the same."""
        key = (revision, ends_initial)
        if self._bookmark is None or self._bookmark[0] != key:
            self._bookmark = key, self._framed(self._inner.bookmark(revision, ends_initial=ends_initial))
        return self._bookmark[1]

    def failed(self, status: Object) -> bytes:
        """See ``Shape``."""
        return self._framed(failed(status))

    @staticmethod
    def _framed(line: bytes) -> bytes:
        told = orjson.loads(line)
        return protobuf.event(told["type"], protobuf.encode(told["object"]) or b"")
