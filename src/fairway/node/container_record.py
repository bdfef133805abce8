"""Container record: what the agent remembers of one container between decisions."""

import asyncio
from dataclasses import dataclass, field

from fairway.node.backoff import Backoff
from fairway.node.pod_view import Attempt, Busy, ContainerView, Waiting
from fairway.objects import Object


@dataclass(slots=True)
class ContainerRecord:
    """One container of one pod.  Changed by the pod's worker and its operations only.

    ``reference`` is the image as the spec named it when the current attempt was started.  ``granted``: the resources
    that this node has promised the container; ``applied``: those that the current attempt has.  ``changed`` is set at
    each change of an attempt, for those who wait for an end.
    """

    container: Object
    attempts: list[Attempt] = field(default_factory=list)
    busy: Busy = Busy.NO
    backoff: Backoff | None = None
    pull_backoff: Backoff | None = None
    waiting: Waiting | None = None
    retry_s: float = 0.0
    failures: int = 0
    condemned: str = ""
    stop_grace_s: float | None = None
    has_passed_startup: bool = False
    is_ready: bool = False
    first_number: int = 0
    reference: str = ""
    told_number: int = -1
    granted: Object = field(default_factory=dict)
    applied: Object | None = None
    resize_error: str = ""
    resize_retry_s: float = 0.0
    prober: asyncio.Task[None] | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.container["name"])

    @property
    def current(self) -> Attempt | None:
        """The newest attempt."""
        return self.attempts[-1] if self.attempts else None

    @property
    def is_running(self) -> bool:
        """Whether the newest attempt runs."""
        return bool(self.attempts) and self.attempts[-1].is_running

    def view(self) -> ContainerView:
        """As decisions see it."""
        return ContainerView(
            tuple(self.attempts), self.busy, self.backoff, self.waiting, self.retry_s, self.condemned,
            self.has_passed_startup, self.is_ready, self.first_number, self.granted, self.applied, self.resize_error,
            self.resize_retry_s,
        )  # fmt: skip

    def put(self, attempt: Attempt) -> bool:
        """Take in what is known of an attempt; say whether anything changed.  An end is never taken back."""
        for index, known in enumerate(self.attempts):
            if known.number == attempt.number:
                if known == attempt or not known.is_running:
                    return False
                self.attempts[index] = attempt
                self.note()
                return True
        self.attempts.append(attempt)
        self.attempts.sort(key=lambda found: found.number)
        self.note()
        return True

    def drop(self, number: int) -> None:
        """Forget an attempt."""
        self.attempts = [attempt for attempt in self.attempts if attempt.number != number]

    def end_probing(self) -> None:
        """No probe asks any more."""
        if self.prober is not None:
            self.prober.cancel()
            self.prober = None
        self.has_passed_startup = self.is_ready = False

    def note(self) -> None:
        """Let those look again who wait for ``changed``."""
        self.changed.set()
        self.changed = asyncio.Event()


LOST_REASON = "ContainerStatusUnknown"
LOST_MESSAGE = "The container could not be located when the pod was terminated"
LOST_EXIT_CODE = 137
