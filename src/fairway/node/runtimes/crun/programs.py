"""Programs: which of the machine's programs run containers, and what they need hidden."""

import os
import shutil
from dataclasses import dataclass

from fairway.node.cgroups import Hierarchy, mixed_version_2
from fairway.node.runtimes.interface import RuntimeFailure

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
    path = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
    runtime = shutil.which("crun", path=path) or shutil.which("runc", path=path)
    if runtime is None:
        raise RuntimeFailure("ContainerRuntimeNotReady", f"crun is missing: install it with {INSTALL}")
    monitor = shutil.which("conmon", path=path)
    if monitor is None:
        raise RuntimeFailure("ContainerRuntimeNotReady", f"conmon is missing: install it with {INSTALL}")
    hidden = mixed_version_2(hierarchies) if runtime.endswith("/crun") else ""
    return Programs(runtime, monitor, hidden)
