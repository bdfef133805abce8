"""Sub-paths: one file or directory inside a volume, pinned so that no container can lead it elsewhere.

The path is resolved with the volume as its root (openat2) and what was found is bind-mounted below the pod's
directory: what was checked is what is mounted, whatever a container does to the volume meanwhile.
Source: Kubernetes docs, "Volumes", "Using subPath"; CVE-2017-1002101 for why.
"""

import os
import stat
from pathlib import Path

from fairway.node.field_refs import ReferenceProblem
from fairway.node.syscalls import MS_BIND, mount, open_in_root, umount


def pinned(volume: Path, sub_path: str, target: Path) -> Path:
    """``target``, where ``sub_path`` of ``volume`` is now seen.  A missing directory is made.

    Raises: ``ReferenceProblem`` for a path that would leave the volume, ``OSError``.
    """
    parts = [part for part in sub_path.split("/") if part not in ("", ".")]
    if ".." in parts or sub_path.startswith("/"):
        raise ReferenceProblem(f"invalid subPath {sub_path!r}: must be relative and must not contain '..'")
    root = os.open(volume, os.O_PATH | os.O_CLOEXEC)
    try:
        found = _opened(root, parts)
    finally:
        os.close(root)
    try:
        _prepare(target, is_directory=stat.S_ISDIR(os.fstat(found).st_mode))
        mount(f"/proc/self/fd/{found}", str(target), flags=MS_BIND)
    finally:
        os.close(found)
    return target


def _opened(root: int, parts: list[str]) -> int:
    path = "/".join(parts) or "."
    try:
        return open_in_root(root, path, os.O_PATH)
    except FileNotFoundError:
        for depth in range(1, len(parts) + 1):
            _make(root, parts[:depth])
        return open_in_root(root, path, os.O_PATH)


def _make(root: int, parts: list[str]) -> None:
    parent = open_in_root(root, "/".join(parts[:-1]) or ".", os.O_PATH | os.O_DIRECTORY)
    try:
        os.mkdir(parts[-1], 0o755, dir_fd=parent)
    except FileExistsError:
        pass
    finally:
        os.close(parent)


def _prepare(target: Path, *, is_directory: bool) -> None:
    target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
    umount(str(target))
    if is_directory:
        target.mkdir(exist_ok=True)
    else:
        target.touch(exist_ok=True)
