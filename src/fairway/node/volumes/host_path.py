"""Host paths: the check that a hostPath volume asks for, and what it may create.

Source: Kubernetes docs, "Volumes", "hostPath", the table of types.
"""

import stat
from collections.abc import Callable
from pathlib import Path

from fairway.node.field_refs import ReferenceProblem
from fairway.objects import Object

_CHECKS: dict[str, tuple[Callable[[int], bool], str]] = {
    "Directory": (stat.S_ISDIR, "directory"),
    "File": (stat.S_ISREG, "file"),
    "Socket": (stat.S_ISSOCK, "socket file"),
    "CharDevice": (stat.S_ISCHR, "character device"),
    "BlockDevice": (stat.S_ISBLK, "block device"),
}


def checked_path(volume: Object) -> Path:
    """The path of a hostPath volume once its type holds.  Raises: ``ReferenceProblem``."""
    path, kind = Path(volume["hostPath"]["path"]), volume["hostPath"].get("type") or ""
    if kind == "DirectoryOrCreate":
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        kind = "Directory"
    elif kind == "FileOrCreate":
        if not path.exists():
            path.touch(mode=0o644)
        kind = "File"
    if kind == "":
        # What has no type is made by the container engine where it is missing, as upstream's engines do.
        if not path.exists():
            path.mkdir(mode=0o755, parents=True)
        return path
    is_kind, word = _CHECKS[kind]
    try:
        mode = path.stat().st_mode
    except OSError:
        raise ReferenceProblem(f"hostPath type check failed: {path} is not a {word}") from None
    if not is_kind(mode):
        raise ReferenceProblem(f"hostPath type check failed: {path} is not a {word}")
    return path
