"""Programs: which of the machine's programs run containers, and what they need hidden."""

import os
import subprocess
import tempfile
from dataclasses import dataclass

from fairway.node.cgroups import Hierarchy, mixed_version_2
from fairway.node.path import find
from fairway.node.runtimes.interface import RuntimeFailure

RUNTIMES = ("crun", "runc")
UNKNOWN = "unknown"
INSTALL = "`apt-get install crun conmon`"


@dataclass(frozen=True, slots=True)
class Programs:
    """Paths of the OCI runtime and the monitor; ``hidden`` is the mount point that the runtime must not see."""

    runtime: str
    monitor: str
    hidden: str = ""

    @property
    def runtime_name(self) -> str:
        """``crun`` or ``runc``."""
        return os.path.basename(self.runtime)


def find_programs(hierarchies: list[Hierarchy]) -> Programs:
    """crun if there is one, else runc; conmon in any case.  Raises: ``RuntimeFailure`` naming the cure."""
    runtime = find(*RUNTIMES)
    if runtime is None:
        raise RuntimeFailure("ContainerRuntimeNotReady", f"crun is missing: install it with {INSTALL}")
    monitor = find("conmon")
    if monitor is None:
        raise RuntimeFailure("ContainerRuntimeNotReady", f"conmon is missing: install it with {INSTALL}")
    hidden = mixed_version_2(hierarchies) if runtime.endswith("/crun") else ""
    return Programs(runtime, monitor, hidden)


def runtime_identity() -> tuple[str, str]:
    """Name and version of the OCI runtime, as the Node tells them."""
    runtime = find(*RUNTIMES)
    if runtime is None:
        return RUNTIMES[0], UNKNOWN
    with tempfile.TemporaryDirectory() as passing:  # Else crun leaves /run/crun, even for this question.
        environment = {**os.environ, "XDG_RUNTIME_DIR": passing}
        words = [runtime, "--version"]
        told = subprocess.run(words, capture_output=True, text=True, check=False, env=environment).stdout
    return os.path.basename(runtime), version_in(told)


def version_in(told: str) -> str:
    """The version in what ``--version`` prints: ``crun version 1.8.1`` and more lines.  Pure."""
    first, _, _ = told.partition("\n")
    return first.rpartition("version ")[2].strip() or UNKNOWN
