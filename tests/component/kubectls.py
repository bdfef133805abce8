"""Every kubectl of this machine: on the search path, beside its target, Debian's own, and in $FAIRWAY_KUBECTLS."""

import os
import shutil
from pathlib import Path

HOUSE = Path(__file__).parents[2]


def found() -> list[str]:
    """Their paths, each program once."""
    programs: list[Path] = []
    if first := shutil.which("kubectl"):
        programs = [Path(first), *sorted(Path(first).resolve().parent.glob("kubectl.1.*"))]
    programs += (HOUSE / "build" / "kubectl-debian").glob("usr/bin/kubectl")
    programs += map(Path, os.environ.get("FAIRWAY_KUBECTLS", "").split())
    once = {program.resolve(): str(program) for program in reversed(programs) if os.access(program, os.X_OK)}
    return sorted(once.values())
