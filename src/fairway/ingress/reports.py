"""Reports: what users are told: Events about what keeps an Ingress from being served, and where it is reached.

Shape: ``news`` (pure) compares problems; ``Reports`` tells each once, an early one only if it lasts.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from fairway.client.interface import MERGE_PATCH, Client
from fairway.ingress.model import Problem
from fairway.kinds import INGRESS
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.events import EventRecorder

log = logging.getLogger(__name__)

PATIENCE_S: Final = 2.0
"""How long what may only be a matter of order, such as a Service that comes after its Ingress, is not told."""
COMPONENT: Final = "fairway-ingress"


class Reports:
    """Tells about the Ingresses of one controller.  ``find`` gives an Ingress by ``namespace/name``."""

    def __init__(self, client: Client, find: Callable[[str], Object | None], host: str = "") -> None:
        self._client, self._find = client, find
        self._recorder = EventRecorder(client, COMPONENT, host=host)
        self._seen_s: dict[Problem, float] = {}
        self._told: set[Problem] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._wanted: dict[str, list[dict[str, Any]]] = {}
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Write Events and statuses, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._recorder.run())
            while True:
                await self._wake.wait()
                self._wake.clear()
                if not await self._write_statuses():
                    await asyncio.sleep(1.0)
                    self._wake.set()

    # Events

    def problems(self, found: Iterable[Problem]) -> None:
        """All that is wrong now."""
        loop = asyncio.get_running_loop()
        now_s, there = loop.time(), dict.fromkeys(found)
        self._seen_s = {each: self._seen_s.get(each, now_s) for each in there}
        self._told &= there.keys()
        self._tell(now_s)

    def _tell(self, now_s: float) -> None:
        due_s = None
        for each, seen_s in self._seen_s.items():
            if each in self._told:
                continue
            if each.is_early and seen_s + PATIENCE_S > now_s:
                due_s = min(due_s or seen_s + PATIENCE_S, seen_s + PATIENCE_S)
                continue
            self._told.add(each)
            self._record(each.ingress, "Warning", each.reason, each.message)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if due_s is not None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(due_s, lambda: self._tell(loop.time()))

    def _record(self, key: str, type_: str, reason: str, message: str) -> None:
        ingress = self._find(key)
        if ingress is not None:
            self._recorder.record(INGRESS, ingress, type_, reason, message)  # type: ignore[arg-type]
            level = logging.WARNING if type_ == "Warning" else logging.INFO
            log.log(level, "ingress", extra={"ingress": key, "reason": reason, "note": message})

    # Statuses

    def serving(self, ours: Mapping[str, Object], others: Iterable[str], points: list[dict[str, Any]]) -> None:
        """Ours are served at these points, in the form of ``status.loadBalancer.ingress``; others are so no longer."""
        for key, ingress in ours.items():
            if key not in self._wanted and points and _points_of(ingress) != points:  # else it was told before
                self._record(key, "Normal", "Synced", "hosts and paths are served")
        self._wanted = dict.fromkeys(ours, points)
        # Whoever else serves it knows no ports of ours, so what equals our points is what we wrote.
        left = [key for key in others if points and _points_of(self._find(key) or {}) == points]
        self._wanted |= {each: [] for each in left}
        if any(_points_of(self._find(key) or {}) != wanted for key, wanted in self._wanted.items()):
            self._wake.set()

    async def _write_statuses(self) -> bool:
        """Whether all went well."""
        is_well = True
        for key, points in list(self._wanted.items()):
            ingress = self._find(key)
            if ingress is None or _points_of(ingress) == points:
                continue
            meta = ingress["metadata"]
            patch = {"status": {"loadBalancer": {"ingress": points or None}}}
            try:
                await self._client.patch(
                    INGRESS, meta["namespace"], meta["name"], patch, content_type=MERGE_PATCH, subresource="status"
                )
            except StatusError as error:
                is_well &= error.code in (403, 404, 409, 422)
                if error.code != 404:
                    log.warning("status not written", extra={"ingress": key, "error": str(error)})
            except OSError:
                is_well = False
        return is_well


def _points_of(ingress: Object) -> list[dict[str, Any]]:
    found = ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    return found or []
