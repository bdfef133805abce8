"""Trees: folders that pods fill as they like: nested deeper than a path may be long, and changing while looked at.

Blocking.
"""

import errno
import os
import shutil
import stat
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

_BLOCK_BYTES = 512
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def used_bytes(folder: Path) -> int:
    """What a folder takes on its disk, each file once whatever its names; what goes meanwhile counts as nothing."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for status in _below(folder):
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            total += status.st_blocks * _BLOCK_BYTES
    return total


def remove(folder: Path, *, ignore_errors: bool = False) -> None:
    """Remove a folder and all that is in it.  Raises: ``OSError``."""
    try:
        shutil.rmtree(folder, ignore_errors=ignore_errors)
    except RecursionError:  # too deep for it, not for rm(1)
        done = subprocess.run(["rm", "-rf", "--", str(folder)], capture_output=True, text=True, check=False)
        if done.returncode and not ignore_errors:
            raise OSError(errno.ENOTEMPTY, done.stderr.strip(), str(folder)) from None


def _below(folder: Path) -> Iterator[os.stat_result]:
    """Everything in a folder, at any depth, with one folder open at a time; ends early where one is moved meanwhile."""
    above: list[tuple[tuple[int, int], list[str]]] = []
    try:
        here = os.open(folder, _FOLDER)
    except OSError:
        return
    try:
        left = yield from _entries(here)
        while left or above:
            into, is_deeper = (left.pop(), True) if left else ("..", False)
            try:
                there = os.open(into, _FOLDER, dir_fd=here)
            except OSError:
                if is_deeper:
                    continue
                return
            found = _identity(here)
            os.close(here)
            here = there
            if is_deeper:
                above.append((found, left))
                left = yield from _entries(here)
            else:
                expected, left = above.pop()
                if _identity(here) != expected:
                    return
    finally:
        os.close(here)


def _entries(folder: int) -> Generator[os.stat_result, None, list[str]]:
    """What is directly in a folder; the result is the names of the folders among it."""
    folders = []
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            yield status
            if stat.S_ISDIR(status.st_mode):
                folders.append(entry.name)
    return folders


def _identity(folder: int) -> tuple[int, int]:
    status = os.fstat(folder)
    return status.st_dev, status.st_ino
