"""PodView: all that the agent knows of one pod at one moment; what ``plan`` and ``pod_status`` look at.

Shape: frozen records, made anew by the pod's worker before each decision.  Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from fairway.node.backoff import Backoff
from fairway.node.runtimes.interface import ContainerState, Sandbox
from fairway.objects import Object


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to run a container.  ``exit_code`` is ``None`` while it runs; times are Unix seconds.

    ``reason`` and ``message`` are of the end; ``image`` and ``image_ref`` are its name and its digest as shown in
    status.  ``container_id`` is empty for an attempt that never came to be.  ``is_lost``: the machine knows nothing of
    it any more (a reboot, a new sandbox); only the API's status tells that it was.
    """

    number: int
    container_id: str
    started_s: float
    image: str = ""
    image_ref: str = ""
    exit_code: int | None = None
    finished_s: float | None = None
    reason: str = ""
    message: str = ""
    is_lost: bool = False

    @property
    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        return self.exit_code is None


def attempt_of(state: ContainerState, image: str, image_ref: str, message: str = "") -> Attempt:
    """What the runtime reports, with the reason that a kubelet would give for the end."""
    reason = ""
    if state.exit_code is not None:
        reason = "OOMKilled" if state.oom_killed else "Completed" if state.exit_code == 0 else "Error"
    return Attempt(
        state.attempt, state.container_id, state.started_s, image, image_ref,
        state.exit_code, state.finished_s, reason, message,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a container does not run: the reason and message of ``state.waiting``."""

    reason: str
    message: str = ""


class Busy(Enum):
    """What is being done with a container at this moment."""

    NO = "no"
    STARTING = "starting"
    STOPPING = "stopping"
    RESIZING = "resizing"


@dataclass(frozen=True, slots=True)
class ContainerView:
    """One container.  ``attempts``: oldest first, the last one is the current.

    ``waiting`` tells why the last start did not come about and ``retry_s`` when to try again.  ``condemned`` is the
    text of the Killing event for a container that must be stopped and started anew (failed liveness, new image).
    ``first_number`` is what the first attempt of this sandbox is numbered.
    ``has_passed_startup`` and ``is_ready`` are what the probes say of the current attempt.
    ``granted``: the resources that the node has promised; ``applied``: those that the current attempt has, ``None`` if
    there never was one; ``resize_error`` is why the two still differ, ``resize_retry_s`` when to try again.
    """

    attempts: Sequence[Attempt] = ()
    busy: Busy = Busy.NO
    backoff: Backoff | None = None
    waiting: Waiting | None = None
    retry_s: float = 0.0
    condemned: str = ""
    has_passed_startup: bool = False
    is_ready: bool = False
    first_number: int = 0
    granted: Object = field(default_factory=dict)
    applied: Object | None = None
    resize_error: str = ""
    resize_retry_s: float = 0.0

    @property
    def current(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def previous(self) -> Attempt | None:
        """The attempt before the newest."""
        return self.attempts[-2] if len(self.attempts) > 1 else None

    @property
    def is_running(self) -> bool:
        """Whether the newest attempt runs."""
        current = self.current
        return current is not None and current.is_running

    @property
    def next_number(self) -> int:
        """The number of the attempt to be made next."""
        current = self.current
        return self.first_number if current is None else current.number + 1


NOTHING_YET = ContainerView()


@dataclass(frozen=True, slots=True)
class PodView:
    """One pod as the API wants it and as the machine has it.

    ``is_gone``: the API no longer has the pod.  ``first_seen_s``: when this node took the pod up.
    ``failure``: reason and message with which the agent itself ended the pod (DeadlineExceeded).
    """

    pod: Object
    first_seen_s: float
    sandbox: Sandbox | None = None
    is_sandbox_busy: bool = False
    sandbox_retry_s: float = 0.0
    containers: Mapping[str, ContainerView] = field(default_factory=dict)
    is_gone: bool = False
    failure: Waiting | None = None
    has_cleared_traffic: bool = False
    """A leaving pod's proxies have been waited for."""
    resize_pending: Waiting | None = None
    """Why the resources that the pod asks for are not granted."""

    def container(self, name: str) -> ContainerView:
        """What is known of a container, perhaps nothing."""
        return self.containers.get(name, NOTHING_YET)

    @property
    def is_leaving(self) -> bool:
        """Whether the pod is to be deleted."""
        return self.is_gone or "deletionTimestamp" in self.pod["metadata"]
