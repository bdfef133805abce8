"""Log reader: the wanted part of a container's log as pieces of bytes, and what comes after it when it is followed.

Shape: the file is read in pieces and never held whole; the tail is found from the end.  A log that was rotated (its
name belongs to another file now) is read to its end before the new file is opened.
"""

import os
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from fairway.node.logs.cri import LineReader, LogOptions, is_line_end
from fairway.node.logs.inotify import Inotify

PIECE_BYTES = 64 * 1024


def tail_offset(file: BinaryIO, lines: int, stream: str = "") -> int:
    """Where the last ``lines`` lines of output begin."""
    after = file.seek(0, os.SEEK_END)
    found = 0
    if lines == 0:
        return after
    for offset, line in _backwards(file):
        if is_line_end(line, stream):
            found += 1
            if found > lines:
                return after
        after = offset
    return 0


def _backwards(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Every raw line with its offset, last one first."""
    start, rest = file.seek(0, os.SEEK_END), b""
    while start:
        end, start = start, max(0, start - PIECE_BYTES)
        file.seek(start)
        first, *others = (file.read(end - start) + rest).split(b"\n")
        offset = start + len(first) + 1
        offsets = [offset]
        for line in others[:-1]:
            offset += len(line) + 1
            offsets.append(offset)
        yield from zip(reversed(offsets), reversed(others), strict=False) if others else ()
        rest = first
    yield 0, rest


async def read_log(
    path: str, options: LogOptions, is_running: Callable[[], bool], inotify: Inotify | None = None
) -> AsyncGenerator[bytes, None]:
    """Pieces of output.  With ``inotify`` (which the caller closes and pokes when ``is_running`` changes) the log is
    followed until the container has ended.  A missing file is an empty log.
    """
    reader = LineReader(options)
    file = _opened(path)
    try:
        if file is not None and options.tail_lines is not None:
            file.seek(tail_offset(file, options.tail_lines, options.stream))
        while True:
            if inotify is not None:
                inotify.clear()
                inotify.watch(path)
            # Looked at before the file: what was written before an end must not be missed.
            was_running = is_running()
            for piece in _pieces(file, reader):
                yield piece
            if reader.is_full:
                return
            if (fresh := _rotated(path, file)) is not None:
                if file is not None and fresh is not file:
                    file.close()
                file = fresh
                continue
            if inotify is None or not was_running:
                return
            await inotify.wait()
    finally:
        if file is not None:
            file.close()


def _pieces(file: BinaryIO | None, reader: LineReader) -> Iterator[bytes]:
    """The output up to the present end of the file, or to the reader's limit."""
    while file is not None and not reader.is_full and (content := file.read(PIECE_BYTES)):
        if shown := reader.read(content):
            yield shown


def _opened(path: str) -> BinaryIO | None:
    try:
        return Path(path).open("rb")
    except FileNotFoundError:
        return None


def _rotated(path: str, file: BinaryIO | None) -> BinaryIO | None:
    """The file to go on with: that which has the log's name now, or this one if it was cut to nothing in place."""
    try:
        now = os.stat(path)
    except FileNotFoundError:
        return None
    if file is not None:
        mine = os.fstat(file.fileno())
        if (mine.st_dev, mine.st_ino) == (now.st_dev, now.st_ino):
            if now.st_size >= file.tell():
                return None
            file.seek(0)
            return file
    return _opened(path)
