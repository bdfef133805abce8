"""Monitor: one conmon for each container: it holds the output, writes the log and notes the exit code.

It is nobody's child and in a control group of its own, so it and the container outlive the agent.
Sources: conmon(8) and conmon's own pipe protocol (``_OCI_SYNCPIPE``, ``_OCI_STARTPIPE``).
"""

import json
import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairway.node.runtimes.crun.programs import Programs
from fairway.node.runtimes.interface import RuntimeFailure

ANSWER_MAX = 1 << 16
LOST_EXIT_CODE = 137
"""Of a container whose monitor was killed: what was left of it is killed too."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The folder of one attempt and the id that runtime and monitor know it by."""

    path: Path
    container_id: str

    @property
    def rootfs(self) -> Path:
        """Where its file system is mounted, seen only from its own place."""
        return self.path / "rootfs"

    @property
    def config(self) -> Path:
        """The runtime configuration."""
        return self.path / "config.json"

    @property
    def exit_file(self) -> Path:
        """Holds the exit code once the container has ended."""
        return self.path / "exits" / self.container_id

    @property
    def monitor_pid_file(self) -> Path:
        """Holds the monitor's process id."""
        return self.path / "monitor.pid"


def runtime_arguments(programs: Programs, root: Path) -> list[str]:
    """What every call of the runtime begins with, after its name."""
    manager = ["--cgroup-manager=cgroupfs"] if programs.runtime_name == "crun" else []
    return [f"--root={root}", *manager]


def monitor_command(programs: Programs, root: Path, bundle: Bundle, log: Path, *, tty: bool, stdin: str) -> list[str]:
    """The command line of a monitor.  ``stdin``: ``none``, ``once`` (ends with its first client) or ``open``."""
    path = bundle.path
    command = [
        programs.monitor,
        *("--cid", bundle.container_id, "--cuuid", bundle.container_id, "--name", bundle.container_id),
        *("--runtime", programs.runtime, "--bundle", str(path)),
        *("--container-pidfile", str(path / "pid"), "--conmon-pidfile", str(bundle.monitor_pid_file)),
        *("--exit-dir", str(path / "exits"), "--persist-dir", str(path / "persist")),
        *("--log-path", f"k8s-file:{log}", "--log-level", "error"),
        *("--full-attach", "--no-sync-log"),
    ]
    if tty:
        command.append("--terminal")
    if stdin != "none":
        command.append("--stdin")
    if stdin == "open":
        command.append("--leave-stdin-open")
    for argument in runtime_arguments(programs, root):
        command += ["--runtime-arg", argument]
    return command


def start_monitor(command: Sequence[str], settle: Callable[[int], None]) -> int:
    """Start a monitor, which creates the container, and return the container's process id.

    ``settle`` is given the monitor's process id before it does anything.  Blocking.  Raises: ``RuntimeFailure``.
    """
    answer_read, answer_write = os.pipe()
    start_read, start_write = os.pipe()
    environment = {
        "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
        "_OCI_SYNCPIPE": str(answer_write),
        "_OCI_STARTPIPE": str(start_read),
    }
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            pass_fds=(answer_write, start_read),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(answer_write)
        answer_write = -1
        settle(process.pid)
        os.write(start_write, b"\0")
        process.wait()
        told = _read_answer(answer_read)
    finally:
        for descriptor in (answer_read, answer_write, start_read, start_write):
            if descriptor >= 0:
                os.close(descriptor)
    pid = told.get("pid", told.get("data", -1))
    if not isinstance(pid, int) or pid <= 0:
        message = str(told.get("message", "")).strip() or "the runtime gave no reason"
        raise RuntimeFailure("RunContainerError", f"failed to create container: {message}")
    return pid


def _read_answer(descriptor: int) -> dict[str, object]:
    data = b""
    while len(data) < ANSWER_MAX and not data.endswith(b"\n"):
        chunk = os.read(descriptor, ANSWER_MAX)
        if not chunk:
            break
        data += chunk
    try:
        found = json.loads(data)
    except ValueError:
        return {"message": "the monitor ended without an answer"}
    return found if isinstance(found, dict) else {}


def monitor_alive(bundle: Bundle) -> int:
    """The monitor's process id; 0 when it is gone.  Safe against a process id that was given again."""
    try:
        pid = int(bundle.monitor_pid_file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if bundle.container_id.encode() in command.split(b"\0") else 0


def read_exit(bundle: Bundle) -> tuple[int, float] | None:
    """Exit code and time of the end; ``None`` while there is none."""
    try:
        text = bundle.exit_file.read_text()
        return int(text), bundle.exit_file.stat().st_mtime
    except (OSError, ValueError):
        return None


def was_oom_killed(bundle: Bundle) -> bool:
    """Whether the monitor saw the kernel kill for want of memory."""
    return (bundle.path / "persist" / "oom").exists() or (bundle.path / "oom").exists()
