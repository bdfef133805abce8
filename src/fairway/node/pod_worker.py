"""Pod worker: everything that is done for one pod on this node, one decision at a time.

Shape: whatever happens (the API's object, the runtime, a probe, a timer, an operation that ended) calls ``wake``; the
next turn of the loop then asks ``plan`` what to do and reports the status.  A decision never waits: what takes time is
an operation, a task of the agent's group, whose end wakes the worker again.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fairway.node import plan as planning
from fairway.node.conditions import OWNED
from fairway.node.container_record import ContainerRecord
from fairway.node.lifecycle import Lifecycle
from fairway.node.pod_directory import termination_message
from fairway.node.pod_spec import every_container, shown
from fairway.node.pod_status import pod_status
from fairway.node.pod_view import PodView, Waiting, attempt_of
from fairway.node.probing import begin_probing
from fairway.node.resizing.resizing import Resizing
from fairway.node.resizing.rules import asked_of
from fairway.node.runtimes.interface import ContainerState, Sandbox
from fairway.node.shared import Shared
from fairway.node.starting import Starting
from fairway.objects import Object

log = logging.getLogger(__name__)

UNEXPECTED_RETRY_S = 5.0
EVICTION_GRACE_S = 1.0


class PodWorker:
    """The pod with one uid.  ``finished`` is called once nothing of it is left."""

    def __init__(
        self, shared: Shared, pod: Object, finished: Callable[["PodWorker"], None], *,
        sandbox: Sandbox | None = None, records: Iterable[ContainerRecord] = (),
    ) -> None:  # fmt: skip
        self.shared = shared
        self.pod = pod
        self.uid: str = pod["metadata"]["uid"]
        self.sandbox = sandbox
        self.records: dict[str, ContainerRecord] = {record.name: record for record in records}
        for container in every_container(pod):
            self.records.setdefault(container["name"], ContainerRecord(container, granted=asked_of(container)))
        self.is_gone = False
        self.is_sandbox_busy = False
        self.sandbox_retry_s = 0.0
        self.sandbox_failures = 0
        self.failure: Waiting | None = None
        self.has_cleared_traffic = False
        self.leaving = asyncio.Event()
        self.wanted_status: Object | None = None
        self._first_seen_s = shared.now_s()
        self._finished = finished
        self._is_finished = False
        self._is_halted = False
        self._is_ending = False
        self._is_woken = False
        self._timer: asyncio.TimerHandle | None = None
        self._lifecycle = Lifecycle(self)
        self._starting = Starting(self)
        self.resizing = Resizing(self)
        for record in self.records.values():
            self._resume(record)
        if sandbox is not None:
            # Volumes that were made by an earlier run of the agent are kept current from now on.
            self._starting.refresh_volumes()
        self.resizing.consider()
        self.wake()

    def _resume(self, record: ContainerRecord) -> None:
        if record.is_running:
            begin_probing(self, record)

    # What happens

    def update(self, pod: Object) -> None:
        """The API shows another version of the pod."""
        shows_otherwise = _shown_in_volumes(pod) != _shown_in_volumes(self.pod)
        self.pod = pod
        for container in every_container(pod):
            record = self.records.setdefault(container["name"], ContainerRecord(container, granted=asked_of(container)))
            record.container = container
            if record.is_running and record.reference and container.get("image") != record.reference:
                record.condemned = f"Container {record.name} definition changed, will be restarted"
        if self.is_leaving:
            self.leaving.set()
            for record in self.records.values():
                record.note()
        if shows_otherwise:
            self._starting.refresh_volumes()
        self.resizing.consider()
        self.wake()

    def wake_resize(self) -> None:
        """There may be room now for what the pod asked for."""
        self.resizing.consider()
        self.wake()

    def mark_gone(self) -> None:
        """The API has the pod no more."""
        self.is_gone = True
        self.leaving.set()
        self.shared.statuses.forget(self.uid)
        self.wake()

    def observe(self, states: Iterable[ContainerState]) -> None:
        """The runtime's containers of this pod."""
        for state in states:
            record = self.records.get(state.name)
            if record is not None:
                self._observe(record, state)

    def _observe(self, record: ContainerRecord, state: ContainerState) -> None:
        known = next((found for found in record.attempts if found.number == state.attempt), None)
        if known is None or not known.is_running or state.exit_code is None:
            return
        path = self.shared.runtime.log_path(self.uid, record.name, state.attempt)
        message = termination_message(
            self.shared.settings, self.uid, record.container, state.attempt, state.exit_code, path
        )
        if record.put(attempt_of(state, known.image, known.image_ref, message)):
            record.end_probing()
            record.condemned = ""
            self.wake()

    def references_changed(self) -> None:
        """A ConfigMap or Secret that the pod names is another one."""
        for record in self.records.values():
            if record.waiting is not None and record.waiting.reason == "CreateContainerConfigError":
                record.retry_s = 0.0
        if self.sandbox is None:
            self.sandbox_retry_s = 0.0
        self._starting.refresh_volumes()
        self.wake()

    # Deciding

    @property
    def is_leaving(self) -> bool:
        """Whether the pod is to be deleted."""
        return self.is_gone or "deletionTimestamp" in self.pod["metadata"]

    def wake(self) -> None:
        """Decide again, soon; many calls before that are one."""
        if not (self._is_woken or self._is_finished or self._is_halted):
            self._is_woken = True
            asyncio.get_running_loop().call_soon(self._turn)

    def view(self) -> PodView:
        """All that is known now."""
        pod = self.pod if self.wanted_status is None else {**self.pod, "status": self._told_status(self.wanted_status)}
        return PodView(
            pod, self._first_seen_s, self.sandbox, self.is_sandbox_busy, self.sandbox_retry_s,
            {name: record.view() for name, record in self.records.items()},
            self.is_gone, self.failure, self.has_cleared_traffic, self.resizing.pending,
        )  # fmt: skip

    def _told_status(self, wanted: Object) -> Object:
        """What this node last said, with the conditions that others have written since."""
        own = {condition["type"] for condition in wanted["conditions"]}
        present = (self.pod.get("status") or {}).get("conditions") or []
        foreign = [condition for condition in present if condition["type"] not in own]
        return {**wanted, "conditions": [*wanted["conditions"], *foreign]} if foreign else wanted

    def _turn(self) -> None:
        self._is_woken = False
        if self._is_finished or self._is_halted:
            return
        try:
            self._decide()
        except Exception:
            log.exception("pod decision failed", extra={"pod": shown(self.pod)})
            self._look_again(self.shared.now_s() + UNEXPECTED_RETRY_S)

    def _decide(self) -> None:
        now_s = self.shared.now_s()
        made = planning.plan(self.view(), now_s)
        # First told, then done: the removal of a sandbox waits for the final status to be written.
        self.report()
        for action in made.actions:
            self._perform(action)
        self._look_again(made.wake_s)

    def _look_again(self, at_s: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at_s is not None:
            delay_s = max(0.0, at_s - self.shared.now_s())
            self._timer = asyncio.get_running_loop().call_later(delay_s, self.wake)

    def report(self) -> None:
        """Tell the API how the pod fares, if that has changed."""
        if self.is_gone or self._is_ending:
            return
        settings = self.shared.settings
        wanted = pod_status(self.view(), settings.node_ips, settings.runtime_name, self.shared.now_s())
        own = [condition for condition in wanted["conditions"] if condition["type"] in OWNED]
        self.wanted_status = {**wanted, "conditions": own}
        self.resizing.noted(self.wanted_status)
        self.shared.statuses.report(self)

    def _perform(self, action: planning.Action) -> None:
        match action:
            case planning.Start(name, number):
                self._starting.begin(self.records[name], number)
            case planning.Stop(name, why):
                self._lifecycle.stop(self.records[name], why)
            case planning.Resize(name):
                self.resizing.apply(self.records[name])
            case planning.MakeSandbox():
                self._starting.make_sandbox()
            case planning.Forget(name, number):
                self._lifecycle.forget(self.records[name], number)
            case planning.TellBackOff(name, number):
                self._tell_back_off(self.records[name], number)
            case planning.Fail(failure):
                self.shared.tell(self.pod, "Normal", failure.reason, failure.message)
                self.fail(failure)
            case _:
                self._end(action)

    def _end(self, action: planning.Action) -> None:
        match action:
            case planning.ClearTraffic():
                self._lifecycle.clear_traffic()
            case planning.ReleaseSandbox():
                self._lifecycle.release_sandbox()
            case planning.RemoveSandbox():
                self._is_ending = True
                self._lifecycle.remove_sandbox()
            case planning.DeleteObject():
                self._is_ending = True
                self._lifecycle.delete_object()

    def fail(self, failure: Waiting) -> None:
        """End the pod for a reason of the agent's own."""
        self.failure = failure
        self.wake()

    def evict(self, why: str) -> None:
        """End the pod because it takes more than it may; its containers get a second."""
        if self.failure is None:
            self.shared.tell(self.pod, "Warning", "Evicted", why)
            for record in self.records.values():
                record.stop_grace_s = EVICTION_GRACE_S
            self.fail(Waiting("Evicted", why))

    def _tell_back_off(self, record: ContainerRecord, number: int) -> None:
        if record.told_number != number:
            record.told_number = number
            text = f"Back-off restarting failed container {record.name} in pod {shown(self.pod)}"
            self.shared.tell(self.pod, "Warning", "BackOff", text, record.name)

    # Operations

    def spawn(self, operation: Coroutine[Any, Any, None], what: str) -> asyncio.Task[None]:
        """Run an operation; its end, however it comes, wakes the worker."""
        task = self.shared.group.create_task(self._operate(operation, what))
        task.add_done_callback(lambda _: operation.close())  # it may have been cancelled before it began
        return task

    async def _operate(self, operation: Coroutine[Any, Any, None], what: str) -> None:
        try:
            await operation
        except Exception:
            log.exception("pod operation failed", extra={"pod": shown(self.pod), "operation": what})
        finally:
            self.wake()

    def halt(self) -> None:
        """The agent ends: decide nothing any more; what was begun is cancelled, and the next agent takes it up."""
        self._is_halted = True
        self._look_again(None)
        self._starting.close()

    def finish(self) -> None:
        """Nothing of the pod is left: let go of everything."""
        self._is_finished = True
        self._look_again(None)
        for record in self.records.values():
            record.end_probing()
        self._starting.close()
        self.shared.references.release(self.uid)
        self.shared.tokens.release(self.uid)
        self.shared.statuses.forget(self.uid)
        self._finished(self)

    @property
    def is_finished(self) -> bool:
        """Whether nothing of the pod is left here."""
        return self._is_finished


def _shown_in_volumes(pod: Object) -> tuple[Any, ...]:
    """What the API may change of a pod that its volumes show."""
    metadata = pod["metadata"]
    return pod["spec"], metadata.get("labels"), metadata.get("annotations")
