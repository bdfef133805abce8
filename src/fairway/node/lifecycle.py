"""Lifecycle: how containers are stopped and how a pod ends.

1. The proxies are waited for, within bounds, so that no new connection meets a server that is going.
2. preStop, then the stop signal, then, when the grace period is over, SIGKILL.
3. The final status, then the sandbox, then the object: an address is free only once the API knows that nobody has it.
Source: Kubernetes docs, "Pod Lifecycle", "Termination of Pods", "Container Lifecycle Hooks".
"""

import asyncio
import logging
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

from fairway.kinds import POD
from fairway.node.container_record import ContainerRecord
from fairway.node.pod_spec import grace_s, shown
from fairway.node.pod_view import Busy
from fairway.node.probes.handlers import Target, handle
from fairway.node.probing import pod_address
from fairway.node.runtimes.interface import RuntimeFailure
from fairway.node.volumes.pod_volumes import PodVolumes
from fairway.objects.errors import StatusError
from fairway.objects.label_syntax import integer
from fairway.reconcile.backoff import Backoff

if TYPE_CHECKING:
    from fairway.node.pod_worker import PodWorker

log = logging.getLogger(__name__)

LEAST_AFTER_HOOK_S = 2.0
"""What a container gets to end in when its preStop hook has used up the grace period."""
KILL_AGAIN_S = 5.0
FINAL_STATUS_S = 2.0
"""How long the sandbox of a stopped pod waits for the API to take the final status."""


class Lifecycle:
    """The ending half of a pod's worker."""

    def __init__(self, worker: "PodWorker") -> None:
        self._worker = worker
        self._shared = worker.shared

    # Stopping containers

    def stop(self, record: ContainerRecord, why: str) -> None:
        """Stop the running attempt; its end comes from the runtime."""
        record.busy = Busy.STOPPING
        self._shared.tell(self._worker.pod, "Normal", "Killing", why, record.name)
        self._worker.spawn(self._stop(record), f"stop {record.name}")

    async def _stop(self, record: ContainerRecord) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        try:
            await self._pre_stop(record)
            least_s = loop.time() + (LEAST_AFTER_HOOK_S if _has_pre_stop(record) else 0.0)
            await self._signal(record, await self._stop_signal(record))
            while record.is_running:
                # Asked anew at each turn: a second delete may have shortened the grace period.
                left_s = max(began_s + self._grace_s(record), least_s) - loop.time()
                if left_s <= 0:
                    break
                await _changed(record, left_s)
            while record.is_running:
                await self._signal(record, signal.SIGKILL)
                await _changed(record, KILL_AGAIN_S)
        finally:
            record.busy = Busy.NO
            record.condemned = ""
            record.stop_grace_s = None

    def _grace_s(self, record: ContainerRecord) -> float:
        if record.stop_grace_s is not None and not self._worker.is_leaving:
            return record.stop_grace_s
        return grace_s(self._worker.pod)

    async def _pre_stop(self, record: ContainerRecord) -> None:
        hook = (record.container.get("lifecycle") or {}).get("preStop")
        if not hook or not record.is_running:
            return
        worker = self._worker
        target = Target(self._shared.runtime, worker.uid, record.container, pod_address(worker))
        running = asyncio.create_task(handle(target, hook, self._grace_s(record)))
        ended = asyncio.create_task(_wait_ended(record))
        try:
            await asyncio.wait((running, ended), return_when=asyncio.FIRST_COMPLETED)
            if running.done() and not running.result().is_success:
                self._shared.tell(worker.pod, "Warning", "FailedPreStopHook", "PreStopHook failed", record.name)
        finally:
            running.cancel()
            ended.cancel()
            await asyncio.gather(running, ended, return_exceptions=True)

    async def _stop_signal(self, record: ContainerRecord) -> int:
        """The container's own stop signal, or its image's, or SIGTERM."""
        wanted = (record.container.get("lifecycle") or {}).get("stopSignal") or ""
        if not wanted:
            image = await self._shared.puller.images.find(record.reference or record.container.get("image") or "")
            wanted = image.stop_signal if image is not None else ""
        return signal_number(wanted)

    async def _signal(self, record: ContainerRecord, number: int) -> None:
        try:
            await self._shared.runtime.signal(self._worker.uid, record.name, number)
        except RuntimeFailure as failure:
            text = f"error killing pod: {failure}"
            self._shared.tell(self._worker.pod, "Warning", "FailedKillPod", text)

    def forget(self, record: ContainerRecord, number: int) -> None:
        """Drop an old attempt."""
        known = next((attempt for attempt in record.attempts if attempt.number == number), None)
        record.drop(number)
        if known is not None and not known.is_lost:
            self._worker.spawn(self._forget(record, number), f"remove attempt {number} of {record.name}")

    async def _forget(self, record: ContainerRecord, number: int) -> None:
        try:
            await self._shared.runtime.remove(self._worker.uid, record.name, number)
        except RuntimeFailure as failure:
            extra = {"pod": shown(self._worker.pod), "container": record.name, "error": str(failure)}
            log.warning("attempt not removed", extra=extra)

    # Ending the pod

    def clear_traffic(self) -> None:
        """Wait until the proxies send nothing new, no longer than is set."""
        if not self._worker.is_sandbox_busy:
            self._worker.is_sandbox_busy = True
            self._worker.spawn(self._clear_traffic(), "wait for proxies")

    async def _clear_traffic(self) -> None:
        worker = self._worker
        limit_s = min(self._shared.settings.before_stop_timeout_s, grace_s(worker.pod))
        try:
            async with asyncio.timeout(limit_s):
                await self._shared.before_stop(worker.pod)
        except TimeoutError:
            log.warning("proxies did not confirm in time", extra={"pod": shown(worker.pod), "seconds": limit_s})
        finally:
            worker.is_sandbox_busy = False
            worker.has_cleared_traffic = True

    def release_sandbox(self) -> None:
        """Give back what others may need."""
        self._worker.is_sandbox_busy = True
        self._worker.spawn(self._release_sandbox(), "release sandbox")

    async def _release_sandbox(self) -> None:
        """Once the API knows that the pod has ended: until then somebody may send to its address."""
        worker = self._worker
        backoff = Backoff(0.2, 30.0)
        try:
            await self._told()
            while not worker.is_leaving:
                try:
                    await self._shared.runtime.release_sandbox(worker.uid)
                except (RuntimeFailure, OSError) as error:
                    log.warning("sandbox not released", extra={"pod": shown(worker.pod), "error": str(error)})
                    await asyncio.sleep(backoff.next_delay_s())
                    continue
                if worker.sandbox is not None:
                    worker.sandbox = replace(worker.sandbox, is_released=True)
                return
        finally:
            worker.is_sandbox_busy = False

    async def _told(self) -> None:
        """Wait until the API has the final status, not for ever."""
        try:
            async with asyncio.timeout(FINAL_STATUS_S):
                await self._shared.statuses.written(self._worker.uid)
        except TimeoutError:
            log.info("sandbox goes before the API has the final status", extra={"pod": shown(self._worker.pod)})

    def remove_sandbox(self) -> None:
        """Free everything on this machine."""
        self._worker.is_sandbox_busy = True
        self._worker.spawn(self._remove_sandbox(), "remove sandbox")

    async def _remove_sandbox(self) -> None:
        worker = self._worker
        try:
            await self._told()
            backoff = Backoff(0.2, 30.0)
            while True:
                try:
                    await self._shared.runtime.remove_sandbox(worker.uid)
                    await asyncio.to_thread(PodVolumes(self._shared.settings, worker.uid).remove)
                    break
                except (RuntimeFailure, OSError) as error:
                    self._shared.tell(worker.pod, "Warning", "FailedKillPod", f"error killing pod: {error}")
                    await asyncio.sleep(backoff.next_delay_s())
            worker.sandbox = None
        finally:
            worker.is_sandbox_busy = False

    def delete_object(self) -> None:
        """Tell the API that nothing is left, or just finish if it knows."""
        self._worker.is_sandbox_busy = True
        self._worker.spawn(self._delete_object(), "delete pod")

    async def _delete_object(self) -> None:
        worker, meta = self._worker, self._worker.pod["metadata"]
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": worker.uid}}
        await asyncio.to_thread(PodVolumes(self._shared.settings, worker.uid).remove)
        backoff = Backoff(0.1, 10.0)
        while not worker.is_gone:
            try:
                await self._shared.client.delete(POD, meta["namespace"], meta["name"], options=options)
                break
            except StatusError as error:
                if error.code in (404, 409):
                    break
                log.warning("pod not deleted", extra={"pod": shown(worker.pod), "error": str(error)})
            except OSError as error:
                log.debug("pod delete waits for the API", extra={"pod": shown(worker.pod), "error": str(error)})
            await asyncio.sleep(backoff.next_delay_s())
        worker.finish()


def signal_number(name: str) -> int:
    """``SIGQUIT``, ``QUIT`` or ``3`` as a number; SIGTERM for what is unknown.  Pure."""
    if (number := integer(name)) is not None:
        return number
    try:
        return signal.Signals[name.upper() if name.upper().startswith("SIG") else f"SIG{name.upper()}"]
    except KeyError:
        return signal.SIGTERM


def _has_pre_stop(record: ContainerRecord) -> bool:
    return "preStop" in (record.container.get("lifecycle") or {})


async def _wait_ended(record: ContainerRecord) -> None:
    while record.is_running:
        await record.changed.wait()


async def _changed(record: ContainerRecord, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await record.changed.wait()
    except TimeoutError:
        return
