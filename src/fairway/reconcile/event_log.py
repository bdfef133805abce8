"""EventLog: which Event a new occurrence belongs to, and which occurrences are too many.

Shape: pure; the clock is an argument.  An equal occurrence is counted on its Event; many alike with different messages
become one Event; a source that will not stop about one object is cut off.
Source: Kubernetes docs, "Event v1 core"; the limits are those of upstream's recorder.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from fairway.objects import Object

K = TypeVar("K")
V = TypeVar("V")

MAX_ALIKE = 10
"""Different messages of one reason within ``ALIKE_S``; the next ones share an Event."""
ALIKE_S = 600.0
BURST = 25
"""Occurrences of one source about one object at once."""
REFILL_S = 300.0
"""After the burst, one occurrence per this time."""
MAX_REMEMBERED = 2048


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Something that happened to the object ``regarding`` names (an ObjectReference)."""

    component: str
    regarding: tuple[tuple[str, str], ...]
    type: str
    reason: str
    message: str

    @property
    def source(self) -> tuple[object, ...]:
        """Who says it about whom."""
        return (self.component, self.regarding)

    @property
    def alike(self) -> tuple[object, ...]:
        """What makes occurrences alike whatever their message."""
        return (self.component, self.regarding, self.type, self.reason)


@dataclass(slots=True)
class Known:
    """An Event as last written or about to be.  Times are Unix seconds; ``is_stored``: the server has it.

    ``key`` is what further occurrences are recognised by; ``occurrence`` is the latest of them.
    """

    name: str
    key: Hashable
    occurrence: Occurrence
    first_s: float
    last_s: float
    count: int = 1
    is_stored: bool = False


@dataclass(slots=True)
class _Alike:
    messages: set[str] = field(default_factory=set)
    last_s: float = 0.0


@dataclass(slots=True)
class _Bucket:
    tokens: float = BURST
    at_s: float = 0.0


class EventLog:
    """What the recorder remembers, bounded; the oldest is forgotten first."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Known] = OrderedDict()
        self._alike: OrderedDict[tuple[object, ...], _Alike] = OrderedDict()
        self._buckets: OrderedDict[tuple[object, ...], _Bucket] = OrderedDict()
        self._last_ns = 0

    def observe(self, occurrence: Occurrence, now: float) -> Known | None:
        """The Event to write for ``occurrence``, counted up; ``None`` if the source is cut off."""
        key, occurrence = self._combined(occurrence, now)
        if not self._is_allowed(occurrence, now):
            return None
        known = self._known.get(key)
        if known is None:
            known = Known(self._name(occurrence, now), key, occurrence, now, now)
            _remember(self._known, key, known)
        else:
            known.occurrence = occurrence
            known.count += 1
            known.last_s = now
            self._known.move_to_end(key)
        return known

    def forget(self, known: Known) -> None:
        """The server no longer has it: the next equal occurrence is a new Event."""
        self._known.pop(known.key, None)

    def _combined(self, occurrence: Occurrence, now: float) -> tuple[Hashable, Occurrence]:
        """The occurrence and what its Event is known by; when too many are alike, one Event with the latest message."""
        alike = self._alike.get(occurrence.alike)
        if alike is None or now - alike.last_s > ALIKE_S:
            alike = _Alike()
            _remember(self._alike, occurrence.alike, alike)
        alike.last_s = now
        alike.messages.add(occurrence.message)
        if len(alike.messages) <= MAX_ALIKE:
            return occurrence, occurrence
        alike.messages.discard(occurrence.message)
        return occurrence.alike, replace(occurrence, message="(combined from similar events): " + occurrence.message)

    def _is_allowed(self, occurrence: Occurrence, now: float) -> bool:
        bucket = self._buckets.get(occurrence.source)
        if bucket is None:
            bucket = _Bucket(at_s=now)
            _remember(self._buckets, occurrence.source, bucket)
        bucket.tokens = min(BURST, bucket.tokens + (now - bucket.at_s) / REFILL_S)
        bucket.at_s = now
        if bucket.tokens < 1:
            return False
        bucket.tokens -= 1
        return True

    def _name(self, occurrence: Occurrence, now: float) -> str:
        self._last_ns = max(self._last_ns + 1, int(now * 1e9))
        return f"{dict(occurrence.regarding)['name']}.{self._last_ns:x}"


def _remember(table: OrderedDict[K, V], key: K, value: V) -> None:
    table[key] = value
    if len(table) > MAX_REMEMBERED:
        table.popitem(last=False)


def event_object(known: Known, host: str, first: str, last: str) -> Object:
    """The Event as on the wire; ``first`` and ``last`` are its times as text."""
    occurrence = known.occurrence
    regarding = dict(occurrence.regarding)
    source = {"component": occurrence.component, **({"host": host} if host else {})}
    return {
        "kind": "Event", "apiVersion": "v1",
        "metadata": {"name": known.name, "namespace": regarding.get("namespace") or "default"},
        "involvedObject": regarding, "reason": occurrence.reason, "message": occurrence.message, "source": source,
        "firstTimestamp": first, "lastTimestamp": last, "count": known.count, "type": occurrence.type,
        "eventTime": None, "reportingComponent": occurrence.component, "reportingInstance": host,
    }  # fmt: skip
