"""System logs: the machine's own logs, as the node's API shows them below ``/logs/``.

A folder is a page of links; a file is sent as it is.  Links that lead out of the folder lead nowhere.
Source: Kubernetes docs, "System Logs", "Log query"; the kubelet's ``enableSystemLogHandler``.
"""

import html
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import quote

_PIECE_BYTES = 64 * 1024


def place_of(root: Path, parts: list[str]) -> Path | None:
    """The file or folder that is meant; ``None`` for what is not there or not below ``root``."""
    try:
        whole = root.resolve(strict=True)
        found = whole.joinpath(*parts).resolve(strict=True)
    except (OSError, ValueError, RuntimeError):
        return None
    is_shown = found.is_dir() or found.is_file()
    return found if is_shown and found.is_relative_to(whole) else None


def page(folder: Path) -> bytes:
    """A folder's names as links, folders with a slash."""
    with os.scandir(folder) as entries:
        names = sorted(entry.name + ("/" if entry.is_dir() else "") for entry in entries)
    links = "".join(f'<a href="{quote("./" + name)}">{html.escape(name)}</a>\n' for name in names)
    return f"<!doctype html>\n<pre>\n{links}</pre>\n".encode(errors="replace")


async def content(file: Path) -> AsyncGenerator[bytes, None]:
    """A file piece by piece, as long as it was when asked for."""
    with file.open("rb") as opened:
        left = os.fstat(opened.fileno()).st_size
        while left and (piece := opened.read(min(left, _PIECE_BYTES))):
            left -= len(piece)
            yield piece
