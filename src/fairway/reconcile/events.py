"""EventRecorder: tell the cluster's users what happened to an object, without ever holding up the teller.

Shape: ``record`` returns at once; ``run`` writes.  What cannot be written is dropped: Events are best effort.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable
from typing import Literal

from fairway.client.interface import Client
from fairway.kinds import EVENT
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.event_log import EventLog, Known, Occurrence, event_object
from fairway.reconcile.times import rfc3339

log = logging.getLogger(__name__)

MAX_PENDING = 1000
AT_ONCE = 16
"""Writes in flight, so that a store may commit them together."""

EventType = Literal["Normal", "Warning"]


class EventRecorder:
    """Events of ``component`` on ``host``.  Times come from ``now`` (Unix seconds)."""

    def __init__(self, client: Client, component: str, *, host: str = "", now: Callable[[], float] = time.time) -> None:
        self._client = client
        self._component = component
        self._host = host
        self._now = now
        self._log = EventLog()
        self._pending: dict[str, Known] = {}
        self._wake = asyncio.Event()

    def record(
        self, kind: Kind, regarding: Object, type_: EventType, reason: str, message: str, *,
        component: str = "", field_path: str = "",
    ) -> None:  # fmt: skip
        """Say that ``reason`` happened to ``regarding``.  Never waits, never fails."""
        if len(self._pending) >= MAX_PENDING:
            log.debug("event dropped", extra={"reason": reason, "pending": MAX_PENDING})
            return
        reference = tuple(_reference(kind, regarding, field_path).items())
        occurrence = Occurrence(component or self._component, reference, type_, reason, message[:1024])
        known = self._log.observe(occurrence, self._now())
        if known is not None:
            self._pending[known.name] = known
            self._wake.set()

    async def run(self) -> None:
        """Write what is recorded, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._pending:
                names = list(itertools.islice(self._pending, AT_ONCE))
                await asyncio.gather(*(self._write(self._pending.pop(name)) for name in names))

    async def _write(self, known: Known) -> None:
        try:
            await self._put(known)
        except (StatusError, OSError) as error:
            self._log.forget(known)
            log.debug("event not written", extra={"event": known.name, "error": str(error)})

    async def _put(self, known: Known) -> None:
        event = event_object(known, self._host, rfc3339(known.first_s), rfc3339(known.last_s))
        if not known.is_stored:
            await self._client.create(EVENT, event)
            known.is_stored = True
            return
        namespace = event["metadata"]["namespace"]
        patch = {"count": known.count, "lastTimestamp": event["lastTimestamp"], "message": event["message"]}
        await self._client.patch(EVENT, namespace, known.name, patch)


def _reference(kind: Kind, regarding: Object, field_path: str) -> dict[str, str]:
    meta = regarding["metadata"]
    found = {
        "kind": kind.name, "namespace": meta.get("namespace") or "", "name": meta["name"],
        "uid": meta.get("uid") or "", "apiVersion": kind.api_version, "fieldPath": field_path,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}
