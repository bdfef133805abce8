"""Collection: the live objects of one kind, in key order, its recent events and its watchers.

Shape: ``apply`` takes one change; everything else answers from memory at once.
"""

from bisect import bisect_left, insort
from collections import deque
from itertools import islice
from typing import Protocol

from fairway.apiserver.events import Event
from fairway.apiserver.stored import Stored, splice
from fairway.kinds.kind import Kind


class Watcher(Protocol):
    """Whoever follows a collection.  Calls come in order, from the event loop, and must not wait."""

    def take(self, batch: "Batch") -> None:
        """Some consecutive events."""

    def bookmark(self, revision: int) -> None:
        """Everything up to ``revision`` has been told."""

    def lose(self) -> None:
        """Events were lost: the watch must end with 410."""

    def end(self) -> None:
        """The watch is over, and nothing is wrong: whoever wants to go on asks again."""


class Codec(Protocol):
    """Makes bytes small and gives them back."""

    def pack(self, wire: bytes) -> bytes:
        """The small form."""

    def unpack(self, packed: bytes) -> bytes:
        """What was packed."""


class Batch:
    """Consecutive events of one collection, and what was made of them for one watcher and serves the next."""

    __slots__ = ("events", "made")

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.made: dict[object, tuple[bytes, int]] = {}


class Collection:
    """One kind's part of the cache.

    ``changed`` is the revision of the last change; ``floor`` the last revision whose events are no longer remembered,
    or look otherwise than the kind does now.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.live: dict[str, Stored] = {}
        self.recent: deque[Event] = deque()
        self.watchers: dict[Watcher, None] = {}
        self.changed = 0
        self._forgotten = self._renewed = 0
        self.codec: Codec | None = None
        """What keeps the bytes small, once there are many."""
        self.unconverted: dict[str, None] = {}
        """Keys of objects that are still in another version: to be converted before they are read."""
        self._keys: list[str] = []

    def load(self, states: list[Stored], revision: int) -> None:
        """Start from ``states``; nothing before ``revision`` is remembered."""
        self.live = {state.key: state for state in states}
        self._keys = sorted(self.live)
        self.recent.clear()
        self.changed = self._forgotten = revision

    @property
    def floor(self) -> int:
        """See the class; a watch from before it must list first."""
        return max(self._forgotten, self._renewed)

    @property
    def forgotten(self) -> int:
        """The last revision whose events are no longer remembered: the state at any later one can be told."""
        return self._forgotten

    def forget(self, revision: int) -> None:
        """What happened up to ``revision`` can't be told."""
        self._forgotten = revision

    def renew(self, revision: int) -> None:
        """From ``revision`` on the kind looks otherwise: what watches told before holds no more, and they end."""
        self._renewed = revision
        for watcher in list(self.watchers):
            watcher.end()

    def apply(self, key: str, new: Stored | None, revision: int) -> Event | None:
        """Take one change; ``None`` if it deletes what is not there."""
        old = self.live.get(key)
        if new is not None:
            self.live[key] = new
            if old is None:
                insort(self._keys, key)
        elif old is not None:
            del self.live[key]
            del self._keys[bisect_left(self._keys, key)]
        else:
            return None
        self.changed = revision
        event = Event(revision, old, new)
        self.recent.append(event)
        return event

    def forget_oldest(self) -> None:
        """Drop the oldest remembered event."""
        self._forgotten = self.recent.popleft().revision

    def keys(self, prefix: str, start: str = "") -> list[str]:
        """The keys under ``prefix``, in order, from ``start`` on."""
        low = bisect_left(self._keys, max(prefix, start))
        high = bisect_left(self._keys, True, low, key=lambda key: not key.startswith(prefix))
        return self._keys[low:high]

    def first(self, prefix: str, count: int) -> list[str]:
        """The first few keys under ``prefix``, however many there are."""
        low = bisect_left(self._keys, prefix)
        return [key for key in self._keys[low : low + count] if key.startswith(prefix)]

    def since(self, revision: int) -> list[Event]:
        """The events after ``revision``, oldest first; the caller has compared with ``floor``."""
        if self.changed <= revision:
            return []
        low = bisect_left(self.recent, revision + 1, key=lambda event: event.revision)
        return list(islice(self.recent, low, None))

    def at(self, revision: int) -> dict[str, Stored | None]:
        """What differs from now in the state at ``revision``: key -> state then, ``None`` where there was none."""
        then: dict[str, Stored | None] = {}
        for event in self.since(revision):
            then.setdefault(event.key, event.old)
        return then


def mirrored(
    collection: Collection, key: str, revision: int, value: bytes | None, source: Stored | None
) -> Stored | None:
    """The state of a mirror after a change; one that could not be converted is marked."""
    if source is None:
        collection.unconverted.pop(key, None)
        return None
    if value is None:
        collection.unconverted[key] = None
        return Stored(key, revision, source.wire)
    collection.unconverted.pop(key, None)
    return Stored(key, revision, splice(value, revision))
