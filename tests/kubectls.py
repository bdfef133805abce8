"""Every kubectl of this machine: on the search path, beside it, from scripts/clients, and in $FAIRWAY_KUBECTLS."""

import os
import re
import shutil
import subprocess
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


def newest() -> str:
    """The highest version among them; Debian's is the oldest there is."""
    known = found()
    return next((program for program in reversed(known) if "debian" not in program), known[-1] if known else "")


def minor(program: str) -> int:
    """The minor version of a kubectl; 0 if it does not tell."""
    told = subprocess.run([program, "version", "--client", "-o", "json"], capture_output=True, text=True, check=False)
    seen = re.search(r'"minor": "(\d+)', told.stdout)
    return int(seen[1]) if seen else 0
