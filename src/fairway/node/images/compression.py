"""Compression: read a layer or archive as plain bytes, whatever it was packed with.

gzip, bzip2 and xz by the standard library, zstd by the ``zstd`` program (Python has it from 3.14 on).  What a file
is is told by its first bytes, not by its name or media type.
"""

import bz2
import io
import lzma
import os
import subprocess
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from fairway.node.images.layers import InvalidLayer

CHUNK = 1 << 18


class _Gunzip(io.RawIOBase):
    """One or more gzip members, in large steps (the ``gzip`` module reads 8 KiB at a time)."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._inflate = zlib.decompressobj(31)
        self._rest = b""
        self._begun = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        while True:
            raw = self._rest or self._source.read(CHUNK)
            if not raw:
                if self._begun and not self._inflate.eof:
                    raise InvalidLayer("the gzip data ends too early")
                return 0
            if self._inflate.eof:
                if not raw.strip(b"\0"):
                    self._rest = b""
                    continue
                self._inflate = zlib.decompressobj(31)
            try:
                plain = self._inflate.decompress(raw, len(view))
            except zlib.error as error:
                raise InvalidLayer(f"the gzip data is corrupt: {error}") from error
            self._begun = True
            self._rest = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
            if plain:
                view[: len(plain)] = plain
                return len(plain)


def _gunzip(source: BinaryIO) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(_Gunzip(source), CHUNK))


@contextmanager
def _unzstd(source: BinaryIO) -> Iterator[BinaryIO]:
    os.lseek(source.fileno(), 0, os.SEEK_SET)  # The file object may have read ahead; the program starts from here.
    try:
        process = subprocess.Popen(["zstd", "-dcq"], stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    except FileNotFoundError:
        raise InvalidLayer("the layer is packed with zstd: install it with `apt-get install zstd`") from None
    with process:
        assert process.stdout is not None and process.stderr is not None
        try:
            yield cast(BinaryIO, process.stdout)
            told = process.stderr.read().decode(errors="replace").strip()
            if process.wait():
                raise InvalidLayer(f"the zstd data is corrupt: {told}")
        finally:
            process.kill()


_OPENERS: tuple[tuple[bytes, Callable[[BinaryIO], IO[bytes]]], ...] = (
    (b"\x1f\x8b", _gunzip),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\x00", lzma.open),
)
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


@contextmanager
def plain_reader(path: Path) -> Iterator[BinaryIO]:
    """The file's content, unpacked as it is read.  Raises: ``InvalidLayer`` where it is corrupt."""
    with path.open("rb") as source:
        magic = source.read(6)
        source.seek(0)
        if magic.startswith(ZSTD_MAGIC):
            with _unzstd(source) as stream:
                yield stream
            return
        for prefix, opener in _OPENERS:
            if magic.startswith(prefix):
                yield cast(BinaryIO, opener(source))
                return
        yield source


def is_packed(path: Path) -> bool:
    """Whether the file is compressed."""
    with path.open("rb") as source:
        magic = source.read(6)
    return magic.startswith((ZSTD_MAGIC, *(prefix for prefix, _opener in _OPENERS)))
