"""File: changes a kubeconfig on disk, whole or not at all, alone, and for the user whose file it is.

Shape: ``change_file(path, change)`` with a pure ``change`` from text to text.
Source: client-go's clientcmd, whose lock is the file ``<path>.lock``, made exclusively.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from fairway.client.kubeconfig.selection import KubeconfigError

_LOOK_S = 0.02
"""Between two looks at a lock that another program holds; nothing tells when it goes."""


class Owner(NamedTuple):
    """Whose file it is, where root writes on behalf of a user."""

    uid: int
    gid: int


def change_file(
    path: Path, change: Callable[[str], str], *, owner: tuple[int, int] | None = None, lock_timeout_s: float = 5.0
) -> None:
    """Replace the text of ``path`` (``""`` if it is missing) by ``change`` of it; mode 0600, owned by ``owner``.

    Where ``change`` gives ``""``, the file is removed.  Links are followed.

    Raises: ``KubeconfigError``, also if the file belongs to someone other than ``owner``, or is a device or a folder.
    """
    whose = Owner(*owner) if owner is not None else None
    path = path.expanduser()
    path = path.resolve() if path.is_symlink() else path.absolute()
    try:
        _make_folder(path.parent, whose)
        if path.exists() and not path.is_file():
            # A device would be replaced by a file (/dev/null), or never end.
            raise KubeconfigError("is no regular file")
        with _locked(path, lock_timeout_s):
            old = _read(path, whose)
            new = change(old)
            if not new:
                path.unlink(missing_ok=True)
            elif new != old:
                _replace(path, new, whose)
    except OSError as error:
        raise KubeconfigError(f"kubeconfig {path} cannot be changed: {error.strerror}") from error
    except KubeconfigError as error:
        raise KubeconfigError(f"kubeconfig {path}: {error}") from error


def _make_folder(folder: Path, owner: Owner | None) -> None:
    missing = [folder, *folder.parents]
    missing = missing[: next(place for place, part in enumerate(missing) if part.exists())]
    for part in reversed(missing):
        part.mkdir(0o750, exist_ok=True)
        if owner is not None:
            os.chown(part, *owner)


@contextmanager
def _locked(path: Path, timeout_s: float) -> Iterator[None]:
    lock = path.with_name(f"{path.name}.lock")
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
            break
        except FileExistsError:
            if time.monotonic() >= deadline:
                raise KubeconfigError(f"locked by another program: if none runs, remove {lock}") from None
            time.sleep(_LOOK_S)
    try:
        yield
    finally:
        with suppress(FileNotFoundError):
            lock.unlink()


def _read(path: Path, owner: Owner | None) -> str:
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    with open(file, encoding="utf-8") as reading:
        holder = os.fstat(file).st_uid
        if owner is not None and holder != owner.uid:
            # Root must not hand a file of someone else to this user.
            raise KubeconfigError(f"belongs to user {holder} and not to user {owner.uid}: change its owner first")
        try:
            return reading.read()
        except UnicodeDecodeError as error:
            raise KubeconfigError("is not UTF-8") from error


def _replace(path: Path, text: str, owner: Owner | None) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    new.unlink(missing_ok=True)
    file = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with open(file, "w", encoding="utf-8") as writing:
            writing.write(text)
            writing.flush()
            if owner is not None:
                os.fchown(file, *owner)
            elif path.exists():
                found = path.stat()
                with suppress(PermissionError):
                    os.fchown(file, found.st_uid, found.st_gid)
            os.fsync(file)
        os.replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
