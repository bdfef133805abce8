"""SPDY header blocks: names and values, compressed with one zlib stream per direction.  Pure.

Source: SPDY Protocol, Draft 3.1, section 2.6.10, which fixes the dictionary.
"""

import struct
import zlib
from collections.abc import Mapping

_WORDS = (
    "options", "head", "post", "put", "delete", "trace", "accept", "accept-charset", "accept-encoding",
    "accept-language", "accept-ranges", "age", "allow", "authorization", "cache-control", "connection",
    "content-base", "content-encoding", "content-language", "content-length", "content-location", "content-md5",
    "content-range", "content-type", "date", "etag", "expect", "expires", "from", "host", "if-match",
    "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified", "location",
    "max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "range", "referer", "retry-after",
    "server", "te", "trailer", "transfer-encoding", "upgrade", "user-agent", "vary", "via", "warning",
    "www-authenticate", "method", "get", "status",
)  # fmt: skip
_TAIL = (
    "100101201202205206300302303304305306307402405406407408409410411412413414415416417502504505"
    "203 Non-Authoritative Information204 No Content301 Moved Permanently400 Bad Request401 Unauthorized"
    "403 Forbidden404 Not Found500 Internal Server Error501 Not Implemented503 Service Unavailable"
    "Jan Feb Mar Apr May Jun Jul Aug Sept Oct Nov Dec 00:00:00 Mon, Tue, Wed, Thu, Fri, Sat, Sun, GMT"
    "chunked,text/html,image/png,image/jpg,image/gif,application/xml,application/xhtml+xml,text/plain,"
    "text/javascript,publicprivatemax-age=gzip,deflate,sdchcharset=utf-8charset=iso-8859-1,utf-,*,enq=0."
)


def _counted(word: str) -> bytes:
    return struct.pack(">I", len(word)) + word.encode()


DICTIONARY = (
    b"".join(map(_counted, _WORDS))
    + _counted("200 OK") + _counted("version") + _counted("HTTP/1.1") + _counted("url") + _counted("public")
    + _counted("set-cookie") + _counted("keep-alive") + _counted("origin") + _TAIL.encode()
)  # fmt: skip
MAX_BLOCK_BYTES = 64 * 1024

Headers = Mapping[str, str]
"""Lower-case names; several values of a name are joined with NUL."""


class HeaderProblem(Exception):
    """A header block that cannot be read: the connection is lost, as its compression is out of step."""


def encode(headers: Headers) -> bytes:
    """A header block before compression."""
    block = bytearray(struct.pack(">I", len(headers)))
    for name, value in headers.items():
        for text in (name.lower(), value):
            raw = text.encode()
            block += struct.pack(">I", len(raw)) + raw
    return bytes(block)


def decode(block: bytes) -> dict[str, str]:
    """Read a block after decompression.  Raises: ``HeaderProblem``."""
    texts, offset = [], 4
    if len(block) < 4:
        raise HeaderProblem("header block is cut off")
    for _ in range(2 * struct.unpack_from(">I", block)[0]):
        if offset + 4 > len(block):
            raise HeaderProblem("header block is cut off")
        end = offset + 4 + struct.unpack_from(">I", block, offset)[0]
        if end > len(block):
            raise HeaderProblem("header block is cut off")
        texts.append(block[offset + 4 : end].decode("utf-8", errors="replace"))
        offset = end
    return dict(zip(texts[::2], texts[1::2], strict=True))


class Compressor:
    """The sending side; blocks must be sent in the order in which they were made."""

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(zdict=DICTIONARY)

    def compress(self, headers: Headers) -> bytes:
        """The next block as it goes out."""
        return self._zlib.compress(encode(headers)) + self._zlib.flush(zlib.Z_SYNC_FLUSH)


class Decompressor:
    """The receiving side; bounded, so that a small block cannot fill the memory."""

    def __init__(self) -> None:
        self._zlib = zlib.decompressobj(zdict=DICTIONARY)

    def decompress(self, block: bytes) -> dict[str, str]:
        """The next block as it came in.  Raises: ``HeaderProblem``."""
        try:
            plain = self._zlib.decompress(block, MAX_BLOCK_BYTES)
        except zlib.error as error:
            raise HeaderProblem(f"header block cannot be decompressed: {error}") from error
        if self._zlib.unconsumed_tail:
            raise HeaderProblem(f"header block is larger than {MAX_BLOCK_BYTES} bytes")
        return decode(plain)
