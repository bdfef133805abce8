"""Atomic directory: replaces all files of a directory in one step, as a reader inside a container sees it.

Shape: files lie in a fresh ``..<time>`` directory; ``..data`` is a link to it and is exchanged by rename; every
visible name is a link through ``..data``.  An unchanged payload is not written again.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from fairway.node.volumes.payload import File, Payload

DATA_LINK = "..data"


def write(directory: Path, files: Payload, gid: int | None = None) -> bool:
    """Make ``directory`` hold exactly ``files``; say whether anything changed.  ``gid`` is the pod's fsGroup."""
    directory.mkdir(mode=0o755, parents=True, exist_ok=True)
    old = _current(directory)
    if old is not None and _holds(old, files):
        return False
    fresh = _fresh(directory)
    for path, file in files.items():
        _write_file(fresh / path, file, gid)
    _own(fresh, gid)
    link = directory / "..data_tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(fresh.name)
    link.rename(directory / DATA_LINK)
    _show(directory, {path.split("/")[0] for path in files})
    if old is not None:
        shutil.rmtree(old)
    return True


def _current(directory: Path) -> Path | None:
    try:
        return directory / os.readlink(directory / DATA_LINK)
    except FileNotFoundError:
        return None


def _fresh(directory: Path) -> Path:
    number = 0
    while True:
        fresh = directory / f"..generation-{number}"
        try:
            fresh.mkdir(mode=0o755)
        except FileExistsError:
            number += 1
            continue
        fresh.chmod(0o755)
        return fresh


def _holds(directory: Path, files: Payload) -> bool:
    found = {str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file()}
    if found != set(files):
        return False
    return all((directory / path).read_bytes() == file.content for path, file in files.items())


def _write_file(path: Path, file: File, gid: int | None) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(os.dup(descriptor), "wb") as opened:
            opened.write(file.content)
        if gid is not None or file.uid is not None:
            os.fchown(descriptor, -1 if file.uid is None else file.uid, -1 if gid is None else gid)
        os.fchmod(descriptor, file.mode | (0o040 if gid is not None else 0))
    finally:
        os.close(descriptor)


def _own(directory: Path, gid: int | None) -> None:
    if gid is None:
        return
    for path in (directory, *directory.rglob("*")):
        if path.is_dir():
            os.chown(path, -1, gid)
            path.chmod(0o2775)


def _show(directory: Path, names: Iterable[str]) -> None:
    wanted = set(names)
    for entry in os.scandir(directory):
        if entry.is_symlink() and entry.name != DATA_LINK and entry.name not in wanted:
            os.unlink(entry.path)
    for name in wanted:
        link = directory / name
        if not link.is_symlink():
            link.symlink_to(f"{DATA_LINK}/{name}")
