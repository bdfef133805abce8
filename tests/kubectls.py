"""Every kubectl of this machine: on the search path, beside it, from scripts/clients, and in $FAIRWAY_KUBECTLS."""

import os
import shutil
from pathlib import Path

CLIENTS = Path(__file__).parents[1] / "build" / "clients"


def found() -> list[str]:
    """Their paths, each version once where the names tell it."""
    programs: list[Path] = []
    if first := shutil.which("kubectl"):
        programs = sorted(Path(first).resolve().parent.glob("kubectl.1.*")) or [Path(first)]
    programs += sorted(CLIENTS.glob("kubectl*"))
    programs += map(Path, os.environ.get("FAIRWAY_KUBECTLS", "").split())
    once = {program.name: str(program) for program in reversed(programs) if os.access(program, os.X_OK)}
    return [once[name] for name in sorted(once)]
