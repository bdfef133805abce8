"""Lock: keeps a second process away from a store's file and says who holds it."""

import fcntl
import os
from pathlib import Path

from fairway.store.interface import StoreFailure


class FileLock:
    """An exclusive lock on ``<path>.lock`` that the kernel frees when the process ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock.  Raises: ``StoreFailure`` that names the holder."""
        self._file = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 32).decode().strip() or "unknown"
            os.close(self._file)
            raise StoreFailure(f"store {path} is in use by process {holder}: stop that process first") from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Let others open the store.  The file stays: removing it would race with whoever waits for it."""
        os.close(self._file)
