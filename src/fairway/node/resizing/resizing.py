"""The resizing part of a pod's worker: grants what is asked for if there is room, and applies what is granted.

Shape: ``consider`` decides for the whole pod; ``plan`` then sees that a container has other resources than it was
granted, and has it resized here, or stopped if it wants to be started anew for that.
Source: KEP-1287; Kubernetes docs, "Resize CPU and Memory Resources assigned to Containers".
"""

from typing import TYPE_CHECKING

from fairway.node.container_record import ContainerRecord
from fairway.node.pod_spec import is_terminal
from fairway.node.pod_view import Busy, Waiting
from fairway.node.qos import limits_of
from fairway.node.resizing.rules import asked_of, is_resizable, is_same, refusal, requested, story
from fairway.node.runtimes.interface import RuntimeFailure
from fairway.objects import Object
from fairway.reconcile.events import EventType

if TYPE_CHECKING:
    from fairway.node.pod_worker import PodWorker

RETRY_S = 5.0
"""How long after a failure a resize is tried again."""


class Resizing:
    """Of one pod.  ``pending``: why what is asked for is not granted."""

    def __init__(self, worker: "PodWorker") -> None:
        self._worker = worker
        self._shared = worker.shared
        self.pending: Waiting | None = None
        self._is_in_progress = is_in_progress(worker.pod.get("status") or {})

    def granted(self) -> dict[str, Object]:
        """What each container was granted, by its name."""
        return {name: record.granted for name, record in self._worker.records.items()}

    def consider(self) -> None:
        """Grant what is asked for, all or nothing, if the node has room for it."""
        worker = self._worker
        differing = [record for record in worker.records.values() if asked_of(record.container) != record.granted]
        if not differing:
            self.pending = None
            return
        wanted = [record for record in differing if self._is_resize(record)]
        refused = self._refusal() if wanted else None
        if refused is not None:
            self._refuse(refused)
            return
        for record in differing:
            record.granted, record.resize_error, record.resize_retry_s = asked_of(record.container), "", 0.0
        self.pending = None
        if any(record.is_running for record in wanted):
            self._tell("Normal", "ResizeStarted", "Pod resize started")
        if wanted:
            self._shared.room_made()

    def _is_resize(self, record: ContainerRecord) -> bool:
        is_other = not is_same(asked_of(record.container), record.granted)
        return is_other and is_resizable(self._worker.pod, record.name)

    def _refusal(self) -> Waiting | None:
        worker = self._worker
        others = [
            requested(other.pod, other.resizing.granted())
            for other in self._shared.workers.values()
            if other is not worker and not is_terminal(other.pod)
        ]
        asked, had = requested(worker.pod, {}), requested(worker.pod, self.granted())
        return refusal(asked, had, others, self._shared.allocatable or {})

    def _refuse(self, refused: Waiting) -> None:
        if refused != self.pending:
            self._tell("Warning", f"Resize{refused.reason}", f"Pod resize {refused.reason}", refused.message)
        self.pending = refused

    def apply(self, record: ContainerRecord) -> None:
        """Hold a running container to what it was granted."""
        record.busy = Busy.RESIZING
        self._worker.spawn(self._apply(record), f"resize {record.name}")

    async def _apply(self, record: ContainerRecord) -> None:
        granted = record.granted
        try:
            await self._shared.runtime.limit(self._worker.uid, record.name, limits_of({"resources": granted}))
        except RuntimeFailure as failure:
            if record.resize_error != str(failure):
                self._tell("Warning", "ResizeError", "Pod resize error", str(failure))
            record.resize_error = str(failure)
            record.resize_retry_s = self._shared.now_s() + RETRY_S
        else:
            record.applied, record.resize_error, record.resize_retry_s = granted, "", 0.0
        finally:
            if record.busy is Busy.RESIZING:
                record.busy = Busy.NO

    def noted(self, status: Object) -> None:
        """The pod's status is told so now: an end of a resize is worth an event."""
        before, self._is_in_progress = self._is_in_progress, is_in_progress(status)
        if before and not self._is_in_progress:
            self._tell("Normal", "ResizeCompleted", "Pod resize completed")

    def _tell(self, type_: EventType, reason: str, prefix: str, error: str = "") -> None:
        pod = self._worker.pod
        shown = {record.name: asked_of(record.container) for record in self._worker.records.values()}
        self._shared.tell(pod, type_, reason, story(pod, shown, prefix, error))


def is_in_progress(status: Object) -> bool:
    """Whether a status says that a resize is under way.  Pure."""
    return any(condition["type"] == "PodResizeInProgress" for condition in status.get("conditions") or ())
