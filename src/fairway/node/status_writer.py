"""Status writer: carries pod statuses to the API, the newest only, never losing one and never flooding.

Shape: a pod is either due or not; whoever writes it takes what its status is then.  At most ``WRITERS`` patches are
under way; while the API is away all wait with growing pauses.
"""

import asyncio
import logging
from typing import Protocol

from fairway.client.interface import STRATEGIC_PATCH, Client
from fairway.kinds import POD
from fairway.node.pod_status import status_patch
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.backoff import Backoff

log = logging.getLogger(__name__)

WRITERS = 8
FIRST_RETRY_S = 0.05
MAX_RETRY_S = 10.0
LOST_CAUSES = (404, 409, 422)
"""The object is gone, or another one has its name: nothing to write to."""


class Reporter(Protocol):
    """A pod with a status to tell."""

    @property
    def pod(self) -> Object:
        """The object as the API last showed it."""

    @property
    def wanted_status(self) -> Object | None:
        """The status as it should be in the API."""


class StatusWriter:
    """One for the whole node."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._due: dict[str, Reporter] = {}
        self._under_way: set[str] = set()
        self._acknowledged: dict[str, tuple[int, Object]] = {}
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._backoff = Backoff(FIRST_RETRY_S, MAX_RETRY_S)
        self._signal = asyncio.Event()

    def report(self, reporter: Reporter) -> None:
        """The pod's status may differ from what the API has."""
        uid = reporter.pod["metadata"]["uid"]
        if uid in self._due:
            self._due[uid] = reporter
        elif self._patch(reporter):
            self._due[uid] = reporter
            self._signal.set()

    def _patch(self, reporter: Reporter) -> Object:
        wanted = reporter.wanted_status
        return {} if wanted is None else status_patch(self._base(reporter.pod), wanted)

    def _base(self, pod: Object) -> Object:
        """What the API has, as far as we know: what it answered to our last write, or what it has shown since."""
        meta = pod["metadata"]
        shown: Object = pod.get("status") or {}
        acknowledged = self._acknowledged.get(meta["uid"])
        if acknowledged is None:
            return shown
        revision, status = acknowledged
        if _revision(pod) >= revision:
            del self._acknowledged[meta["uid"]]
            return shown
        return status

    async def written(self, uid: str) -> None:
        """Return when nothing about the pod is left to be written."""
        if uid in self._due or uid in self._under_way:
            done = asyncio.get_running_loop().create_future()
            self._waiters.setdefault(uid, []).append(done)
            await done

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        self._due.pop(uid, None)
        self._acknowledged.pop(uid, None)
        self._settle(uid)

    async def run(self) -> None:
        """Write for ever."""
        async with asyncio.TaskGroup() as group:
            slots = asyncio.Semaphore(WRITERS)
            while True:
                await self._signal.wait()
                self._signal.clear()
                for uid in [uid for uid in self._due if uid not in self._under_way]:
                    await slots.acquire()
                    reporter = self._due.pop(uid, None)
                    if reporter is None or uid in self._under_way:
                        slots.release()
                        continue
                    self._under_way.add(uid)
                    group.create_task(self._write(uid, reporter, slots))

    async def _write(self, uid: str, reporter: Reporter, slots: asyncio.Semaphore) -> None:
        pause_s = 0.0
        try:
            patch = self._patch(reporter)
            if patch:
                await self._send(uid, reporter.pod["metadata"], patch)
            self._backoff.reset()
        except StatusError as error:
            if error.code not in LOST_CAUSES:
                pause_s = self._failed(error)
            elif error.code != 404:
                log.warning("pod status refused", extra={"pod": uid, "error": str(error)})
        except OSError as error:
            pause_s = self._failed(error)
        except Exception:
            log.exception("pod status not written", extra={"pod": uid})
            pause_s = MAX_RETRY_S
        finally:
            slots.release()
        if pause_s:
            await asyncio.sleep(pause_s)
            self._due.setdefault(uid, reporter)
        self._under_way.discard(uid)
        self._finish(uid, reporter)

    def _finish(self, uid: str, reporter: Reporter) -> None:
        if uid in self._due:
            self._signal.set()
        else:
            self._settle(uid)

    def _settle(self, uid: str) -> None:
        for done in self._waiters.pop(uid, []):
            if not done.done():
                done.set_result(None)

    def _failed(self, error: Exception) -> float:
        level = logging.WARNING if self._backoff.failures == 0 else logging.DEBUG
        log.log(level, "pod status waits for the API", extra={"error": str(error)})
        return self._backoff.next_delay_s()

    async def _send(self, uid: str, meta: Object, patch: Object) -> None:
        answer = await self._client.patch(
            POD, meta["namespace"], meta["name"], {"metadata": {"uid": uid}, "status": patch},
            content_type=STRATEGIC_PATCH, subresource="status",
        )  # fmt: skip
        self._acknowledged[uid] = (_revision(answer), answer.get("status") or {})


def _revision(pod: Object) -> int:
    text = pod["metadata"].get("resourceVersion") or "0"
    return int(text) if text.isdigit() else 0
