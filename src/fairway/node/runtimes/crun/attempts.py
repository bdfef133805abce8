"""Attempts: one container as it is now: its record, its monitor's end, its state."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fairway.node import records
from fairway.node.machine import Machine
from fairway.node.records import ContainerRecord
from fairway.node.runtimes.crun.monitor import LOST_EXIT_CODE, Bundle, monitor_alive, read_exit, was_oom_killed
from fairway.node.runtimes.crun.streams import ProcessEnd
from fairway.node.runtimes.interface import ContainerState


class Attempt:
    """Lives as long as the attempt is known."""

    def __init__(self, record: ContainerRecord, bundle: Bundle, log: Path, ended: "Callable[[Attempt], None]") -> None:
        self.record = record
        self.bundle = bundle
        self.log = log
        self.monitor_lost = False
        self._tell = ended
        self._monitor: ProcessEnd | None = None
        self.state = ContainerState(
            pod_uid=record.pod_uid,
            name=record.name,
            attempt=record.attempt,
            container_id=record.container_id,
            image_id=record.image_id,
            pid=record.pid,
            started_s=record.started_s or 0.0,
        )

    def watch(self) -> None:
        """Learn of the end from now on; at once if it has come already."""
        if read_exit(self.bundle) is None:
            pid = monitor_alive(self.bundle)
            if pid:
                try:
                    self._monitor = ProcessEnd(pid)
                except ProcessLookupError:
                    pass
                else:
                    self._monitor.ended.add_done_callback(lambda _ended: self._finish(tell=True))
                    return
        self._finish(tell=False)

    def owns_process(self) -> bool:
        """Whether the recorded process id still is this container's."""
        try:
            groups = Path(f"/proc/{self.record.pid}/cgroup").read_text()
        except OSError:
            return False
        return self.record.container_id in groups

    def close(self) -> None:
        """Stop watching."""
        if self._monitor is not None:
            self._monitor.close()
            self._monitor.ended.cancel()

    def _finish(self, *, tell: bool) -> None:
        if self._monitor is not None and self._monitor.ended.cancelled():
            return
        ended = read_exit(self.bundle)
        self.monitor_lost = ended is None
        if ended is None:
            ended = self._write_lost()
        code, finished_s = ended
        self.state = replace(self.state, exit_code=code, finished_s=finished_s, oom_killed=was_oom_killed(self.bundle))
        if tell or self.monitor_lost:
            self._tell(self)

    def _write_lost(self) -> tuple[int, float]:
        """The monitor ended without a word: what is left of the container is killed, and that is its end."""
        self.bundle.exit_file.write_text(str(LOST_EXIT_CODE))
        return LOST_EXIT_CODE, self.bundle.exit_file.stat().st_mtime


def adopt(machine: Machine, record: ContainerRecord, ended: Callable[[Attempt], None]) -> Attempt:
    """The attempt of a record, watched."""
    where = (record.pod_uid, record.name, record.attempt)
    bundle = Bundle(records.bundle_path(machine, *where), record.container_id)
    attempt = Attempt(record, bundle, records.log_path(machine, *where), ended)
    attempt.watch()
    return attempt
