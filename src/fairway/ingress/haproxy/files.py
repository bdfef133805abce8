"""Files: what HAProxy starts from; they follow what it is told at run time, so that it comes back the same.

Rules: a file is replaced as a whole; what has not changed is not written.  Keys are for root alone.
"""

import os
from pathlib import Path

from fairway.ingress.haproxy.config_text import Layout, certificate_file, config_text, crt_list_text, map_text
from fairway.ingress.haproxy.program import Program
from fairway.ingress.model import TABLES


class Files:
    """The files of one HAProxy."""

    def __init__(self) -> None:
        self._written: dict[Path, str] = {}

    def write(self, layout: Layout, program: Program) -> None:
        """Bring all of them to the program.  Raises: ``OSError``."""
        certificates = layout.path("certificates")
        certificates.mkdir(mode=0o700, parents=True, exist_ok=True)
        wanted = {certificate_file(layout, host): pem for host, pem in program.certificates.items()}
        for path, pem in wanted.items():
            self._put(path, pem, 0o600)
        self._put(layout.path("crt-list"), crt_list_text(layout, program.certificates), 0o644)
        for table in TABLES:
            self._put(layout.path(f"{table}.map"), map_text(program.maps[table]), 0o644)
        self._put(layout.path("haproxy.cfg"), config_text(layout, program), 0o644)
        for path in certificates.iterdir():
            if path not in wanted:
                path.unlink()
                self._written.pop(path, None)

    def forget(self) -> None:
        """Write everything next time."""
        self._written.clear()

    def _put(self, path: Path, text: str, mode: int) -> None:
        if self._written.get(path) == text:
            return
        fresh = path.with_name(path.name + ".new")
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
            file.write(text)
        os.replace(fresh, path)
        self._written[path] = text
