"""LogFile: lines appended to a file that is begun anew when it is large; the event loop never waits for the disk long.

Rules for those who change it: the file is opened before the process gives up root, and may lie where it cannot be
renamed afterwards; then it goes on in the same file from its beginning.
"""

import asyncio
import logging
import os
from pathlib import Path

log = logging.getLogger(__name__)

FILE_BYTES = 100 * 1024 * 1024
KEPT = 10
_MODE = 0o600


class LogFile:
    """``write`` collects what is said in one round of the loop and writes it at once.  Raises: ``OSError`` at first."""

    def __init__(self, path: Path, *, file_bytes: int = FILE_BYTES, kept: int = KEPT) -> None:
        self._path = path
        self._file_bytes, self._kept = file_bytes, kept
        self._lines: list[bytes] = []
        self._is_well = True
        self._open()

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
        self._size = os.fstat(self._file).st_size

    def write(self, line: bytes) -> None:
        """Append, soon."""
        if not self._lines:
            asyncio.get_running_loop().call_soon(self.flush)
        self._lines.append(line)

    def flush(self) -> None:
        """Write what was collected; what cannot be written is lost, and told once."""
        data, self._lines = b"".join(self._lines), []
        try:
            if self._size and self._size + len(data) > self._file_bytes:
                self._begin_anew()
            self._size += os.write(self._file, data)
            self._is_well = True
        except OSError as error:
            if self._is_well:
                log.error("the audit log cannot be written", extra={"path": str(self._path), "error": error.strerror})
            self._is_well = False

    def _begin_anew(self) -> None:
        """FILE becomes FILE.1, FILE.1 becomes FILE.2, and so on."""
        try:
            for number in range(self._kept - 1, 0, -1):
                older = self._numbered(number)
                if older.exists():
                    os.replace(older, self._numbered(number + 1))
            os.replace(self._path, self._numbered(1))
        except OSError as error:
            log.warning("the audit log cannot be renamed: it begins anew", extra={"error": error.strerror})
            os.ftruncate(self._file, 0)
            self._size = 0
            return
        os.close(self._file)
        self._open()

    def _numbered(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def close(self) -> None:
        """Write what is left."""
        self.flush()
        os.close(self._file)
