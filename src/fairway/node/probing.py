"""Probing: joins the probes of one container attempt to the pod's worker."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from fairway.node.container_record import ContainerRecord
from fairway.node.pod_view import Busy
from fairway.node.probes.handlers import Target
from fairway.node.probes.listening import awaited_ports
from fairway.node.probes.prober import Prober

if TYPE_CHECKING:
    from fairway.node.pod_worker import PodWorker

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def pod_address(worker: "PodWorker") -> str:
    """Where a pod's servers are asked: its first address, or the machine's for host network."""
    sandbox = worker.sandbox
    return sandbox.ips[0] if sandbox is not None and sandbox.ips else worker.shared.settings.node_ips[0]


def begin_probing(worker: "PodWorker", record: ContainerRecord) -> None:
    """Ask the current attempt its probes from now on; a container without any is ready at once."""
    container = record.container
    awaited: frozenset[int] = frozenset()
    if not record.is_ready and "readinessProbe" not in container:
        awaited = awaited_ports(worker.pod, container, worker.shared.services_of(worker.pod))
    if not awaited and not any(probe in container for probe in PROBES):
        record.has_passed_startup = record.is_ready = True
        return
    current = record.current
    assert current is not None
    elapsed_s = max(0.0, worker.shared.now_s() - current.started_s)
    target = Target(worker.shared.runtime, worker.uid, container, pod_address(worker))
    listener = AttemptListener(worker, record, current.number)
    prober = Prober(target, listener, elapsed_s, record.is_ready, record.has_passed_startup, awaited)
    record.prober = worker.spawn(prober.run(), f"probes of {record.name}")


@dataclass(frozen=True, slots=True)
class AttemptListener:
    """A ``Listener`` for one attempt; what comes after its end is not heard."""

    worker: "PodWorker"
    record: ContainerRecord
    number: int

    def _is_current(self) -> bool:
        current = self.record.current
        return current is not None and current.number == self.number and current.is_running

    def startup_passed(self) -> None:
        """See ``Listener``."""
        if self._is_current() and not self.record.has_passed_startup:
            self.record.has_passed_startup = True
            self.worker.wake()

    def ready_changed(self, *, is_ready: bool) -> None:
        """See ``Listener``."""
        if self._is_current() and self.record.is_ready != is_ready:
            self.record.is_ready = is_ready
            self.worker.wake()

    def failed(self, kind: str) -> None:
        """See ``Listener``."""
        record = self.record
        if not self._is_current() or record.busy is Busy.STOPPING:
            return
        probe = record.container.get(f"{kind.lower()}Probe") or {}
        record.stop_grace_s = probe.get("terminationGracePeriodSeconds")
        record.condemned = f"Container {record.name} failed {kind.lower()} probe, will be restarted"
        self.worker.wake()

    def told(self, type_: Literal["Normal", "Warning"], reason: str, message: str) -> None:
        """See ``Listener``."""
        if self._is_current():
            self.worker.shared.tell(self.worker.pod, type_, reason, message, self.record.name)
