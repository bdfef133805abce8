"""Relay: a backend's answer as the client gets it: whole if it is small, else as it comes, at the client's pace."""

import asyncio
import logging
import zlib
from collections.abc import AsyncIterator, Callable

from fairway.apiserver.subresources.node_tunnel import NodeAnswer
from fairway.apiserver.subresources.proxy.headers import Header
from fairway.apiserver.subresources.proxy.links import Links
from fairway.transport.interface import Answer, Response, Stream, StreamWriter
from fairway.transport.server import frame

log = logging.getLogger(__name__)

_WHOLE_BYTES = 256 * 1024
_BODILESS = (204, 304)
_WINDOWS = {"gzip": 31, "x-gzip": 31, "deflate": 15}
"""zlib's window sizes: the codings that a document is taken out of, to see its links."""


async def relayed(answer: NodeAnswer, headers: list[Header], *, is_head: bool, rewrite: Callable[[str], str]) -> Answer:
    """The client's answer.  ``rewrite`` is given the links of HTML documents.  Raises: ``ConnectionError``."""
    content_type = answer.headers.get("content-type", "")
    answer.is_over = is_head or answer.status in _BODILESS
    if answer.status in _BODILESS:
        answer.close()
        return Response(answer.status, b"", content_type, headers)
    if is_head:
        return Stream(lambda writer: writer.close(), answer.close, answer.status, content_type, headers)
    pieces = answer.pieces()
    coding = answer.headers.get("content-encoding", "").lower()
    is_document = content_type.partition(";")[0].strip().lower() == "text/html" and not answer.headers.get("location")
    if is_document and coding in ("", "identity", *_WINDOWS):
        pieces = _linked(_unpacked(pieces, coding), Links(rewrite))
        headers = [header for header in headers if header[0].lower() not in ("content-encoding", "etag")]
    length = answer.headers.get("content-length", "")
    if length.isdigit() and int(length) <= _WHOLE_BYTES:
        try:
            body = b"".join([piece async for piece in pieces])
        finally:
            answer.close()
        return Response(answer.status, body, content_type, headers)
    return Relay(answer, pieces).stream(content_type, headers)


async def _unpacked(pieces: AsyncIterator[bytes], coding: str) -> AsyncIterator[bytes]:
    if coding not in _WINDOWS:
        async for piece in pieces:
            yield piece
        return
    packed = zlib.decompressobj(_WINDOWS[coding])
    is_first = coding == "deflate"
    try:
        async for piece in pieces:
            if is_first and piece:
                is_first = False
                packed = zlib.decompressobj(_window_of(piece))
            yield packed.decompress(piece)
        yield packed.flush()
    except zlib.error as error:
        raise ConnectionResetError(f"the backend's {coding} is malformed: {error}") from error


def _window_of(piece: bytes) -> int:
    """Of what calls itself deflate: zlib's form, as the standard has it, or the bare one that many send."""
    has_head = piece[0] & 0x0F == 8 and (len(piece) < 2 or int.from_bytes(piece[:2], "big") % 31 == 0)
    return zlib.MAX_WBITS if has_head else -zlib.MAX_WBITS


async def _linked(pieces: AsyncIterator[bytes], links: Links) -> AsyncIterator[bytes]:
    async for piece in pieces:
        yield links.feed(piece)
    yield links.close()


class Relay:
    """A body, passed on as it comes, at the client's pace."""

    def __init__(self, answer: NodeAnswer, pieces: AsyncIterator[bytes]) -> None:
        self._answer = answer
        self._pieces = pieces
        self._task: asyncio.Task[None] | None = None

    def stream(self, content_type: str, headers: list[Header]) -> Stream:
        """The answer that runs this relay."""
        return Stream(self._opened, self._closed, self._answer.status, content_type, headers)

    def _opened(self, writer: StreamWriter) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(writer))

    def _closed(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._answer.close()

    async def _run(self, writer: StreamWriter) -> None:
        try:
            async for piece in self._pieces:
                if piece:
                    writer.write(frame(piece))
                    await writer.drained()
            self._task = None
            writer.close()
        except (OSError, EOFError) as error:
            log.info("an answer that is passed on broke off", extra={"error": str(error)})
            self._task = None
            writer.abort()
