"""Answers: replies and errors as HTTP responses: headers, compression, YAML, human-readable JSON.

Shape: the usual answer is the stored bytes and a fixed list of headers.  Large plain lists are kept, packed too, until
their collection changes.
"""

import gzip
import itertools
import os
import time
import uuid
from collections.abc import Iterable
from typing import NamedTuple

import orjson

from fairway.apiserver import go_json, pretty
from fairway.apiserver.call import Call
from fairway.apiserver.list_stream import ListStream
from fairway.apiserver.negotiation import (
    AS_IT_IS,
    JSON,
    PROTOBUF,
    YAML,
    Form,
    accepted,
    check_number,
    takes_gzip,
    wants_pretty,
)
from fairway.apiserver.pace import Pace
from fairway.apiserver.reply import Found, Made, Page, Reply
from fairway.apiserver.settings import Limits
from fairway.apiserver.shapes import AsTable, Shape
from fairway.objects.errors import StatusError, too_large, unavailable
from fairway.transport.interface import Request, Response, Stream

Header = tuple[str, str]

_GZIP_LEVEL = 1
_KEPT_FROM_BYTES = 64 * 1024
_KEPT_BYTES = 8 * 1024 * 1024
_WHOLE_BYTES = _KEPT_BYTES // 2
"""Larger lists go out piece by piece."""
_PIECES_FROM = 2
"""Items of a list that may be sent in pieces."""
_SLOW_WHOLE_BYTES = 256 * 1024
"""The same of lists that are not as they are stored, and take longer to make."""
_ROWS_AT_ONCE = 100
"""Rows of a Table that are made at once; those that were made before cost little."""
_PACKED_MAX_BYTES = 4 * 1024 * 1024
"""Larger answers are not packed: the event loop would stand still for others meanwhile."""
_WARNINGS_LENGTH, _WARNING_LENGTH = 4096, 256
"""Characters of all warnings of an answer before each is cut off, and what is left of it then; as upstream has them."""
FIXED: tuple[Header, ...] = (("Cache-Control", "no-cache, private"),)
TRANSPORT_ERRORS = {
    413: lambda: too_large(Limits().body_bytes),
    503: lambda: unavailable("too many connections are open: please try again later"),
}


class _Kept(NamedTuple):
    """A large list as it was answered; good until its collection changes, one with ages until the second is over."""

    changed: int
    revision: int
    body: bytes
    packed: list[bytes]
    second: int


def _audit_prefix() -> str:
    found = uuid.UUID(bytes=os.urandom(16), version=4)
    return str(found)[:24]


class Answers:
    """Makes responses; one for a server."""

    def __init__(self, limits: Limits, pace: Pace) -> None:
        self._limits = limits
        self._pace = pace
        self._prefix = _audit_prefix()
        self._numbers = itertools.count(1)
        self._kept: dict[tuple[Shape, str], _Kept] = {}

    def audit_id(self) -> str:
        """An id that no other request has."""
        return f"{self._prefix}{next(self._numbers):012x}"

    def headers(self, warnings: Iterable[str] = ()) -> list[Header]:
        """What every answer carries, and the warnings."""
        made = [("Audit-Id", self.audit_id()), *FIXED]
        if warnings:
            made.extend(("Warning", warning(text)) for text in shortened(dict.fromkeys(warnings)))
        return made

    def reply(self, request: Request, call: Call, reply: Reply, shape: Shape, form: Form) -> Response | Stream:
        """What a verb replied, in the shape that was asked for.  Raises: ``StatusError`` 406."""
        check_number(form, call.kind, is_list=isinstance(reply, Page))
        status, headers = 200, self.headers(call.warnings)
        match reply:
            case Found(stored, status):
                body = shape.one(stored)
                if shape.media != JSON:
                    return self.compressed(request, Response(status, body, shape.media, headers))
                body += b"\n"
            case Made(made, status):
                body = shape.made(made) + b"\n"
            case Page():
                return self._list(request, call, reply, shape, form, headers)
            case _:
                raise TypeError(f"no response for {type(reply).__name__}")
        return self._formed(request, form, Response(status, body, headers=headers))

    def _list(
        self, request: Request, call: Call, page: Page, shape: Shape, form: Form, headers: list[Header]
    ) -> Response | Stream:
        may_keep = bool(page.whole_prefix) and shape.media == JSON and not _is_pretty(request)
        if may_keep and (kept := self._known(page, shape)) is not None:
            return self._kept_answer(request, kept, headers)
        size = sum(item.size for item in page.items)
        if (sent := self._stream(request, page, shape, size)) is not None:
            sent.headers = headers
            return sent
        body = shape.page(page)
        if may_keep and size >= _KEPT_FROM_BYTES:
            return self._kept_answer(request, self._keep(page, shape, body), headers)
        response = Response(200, body, shape.media, headers)
        return self._formed(request, form, response) if shape.media == JSON else self.compressed(request, response)

    def _stream(self, request: Request, page: Page, shape: Shape, size: int) -> Stream | None:
        """A list that is so large that it goes out piece by piece."""
        if len(page.items) < _PIECES_FROM or size <= _SLOW_WHOLE_BYTES:
            return None
        is_pretty = shape.media == JSON and _is_pretty(request)
        if size <= _WHOLE_BYTES and not is_pretty and not _is_slow(page, shape):
            return None
        parts = pretty.spread_list(shape.parts(page)) if is_pretty else shape.parts(page)
        sent = ListStream(page.items, parts, self._pace, self._limits.patience_s)
        return Stream(sent.opened, sent.closed, content_type=shape.media)

    def _kept_answer(self, request: Request, kept: _Kept, headers: list[Header]) -> Response:
        if not self._may_pack(request, kept.body):
            return Response(200, kept.body, headers=headers)
        if not kept.packed:
            kept.packed.append(gzip.compress(kept.body, _GZIP_LEVEL))
        return Response(200, kept.packed[0], headers=[*headers, *_PACKED])

    def _known(self, page: Page, shape: Shape) -> _Kept | None:
        """The list as it was answered before, if nothing has changed since."""
        kept = self._kept.get((shape, page.whole_prefix))
        if kept is None or kept.revision < page.asked or (kept.changed, kept.second) != (page.changed, _second(shape)):
            return None
        return kept

    def _keep(self, page: Page, shape: Shape, body: bytes) -> _Kept:
        """Keep a list for the next who asks."""
        key = (shape, page.whole_prefix)
        self._kept.pop(key, None)
        while self._kept and len(body) + sum(len(one.body) for one in self._kept.values()) > _KEPT_BYTES:
            self._kept.pop(next(iter(self._kept)))
        made = self._kept[key] = _Kept(page.changed, page.revision, body, [], _second(shape))
        return made

    def error(self, request: Request, error: StatusError, warnings: Iterable[str] = ()) -> Response:
        """A Status."""
        headers = self.headers(warnings)
        if error.retry_after_s is not None:
            headers.append(("Retry-After", str(error.retry_after_s)))
        response = Response(error.code, go_json.dumps(error.status()) + b"\n", headers=headers)
        try:
            form = accepted(request.headers.get("accept", ""), shapes=AS_IT_IS)
        except StatusError:
            # Upstream shows what is wrong all the same, for human eyes.
            response.body = orjson.dumps(error.status(), option=orjson.OPT_INDENT_2)
            return self.compressed(request, response)
        return self._formed(request, form, response)

    def _formed(self, request: Request, form: Form, response: Response) -> Response:
        if form.media == PROTOBUF:
            _put_into_protobuf(response)
        elif form.media == YAML:
            from fairway.apiserver import yaml_text  # few ask for it

            response.body, response.content_type = yaml_text.dump(orjson.loads(response.body)), YAML
        elif _is_pretty(request):
            response.body = pretty.spread(response.body)
        return self.compressed(request, response)

    def page(self, request: Request, response: Response) -> Response:
        """What is served outside of the resources; its own headers go before the usual ones."""
        own = {name for name, _ in response.headers}
        response.headers = [*(usual for usual in self.headers() if usual[0] not in own), *response.headers]
        return response if "Content-Encoding" in own else self.compressed(request, response)

    def compressed(self, request: Request, response: Response) -> Response:
        """Packed if it is large and the client takes it."""
        if self._may_pack(request, response.body):
            response.body = gzip.compress(response.body, _GZIP_LEVEL)
            response.headers = [*response.headers, *_PACKED]
        return response

    def _may_pack(self, request: Request, body: bytes) -> bool:
        is_worth_it = self._limits.gzip_from_bytes <= len(body) <= _PACKED_MAX_BYTES
        return is_worth_it and takes_gzip(request.headers.get("accept-encoding", ""))


_PACKED: tuple[Header, ...] = (("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding"))


def _put_into_protobuf(response: Response) -> None:
    """Where there is a message for it."""
    # Not at module level: only some clients ask for it, and its table is large.
    from fairway.apiserver import protobuf

    encoded = protobuf.encode(orjson.loads(response.body))
    if encoded is not None:
        response.body, response.content_type = encoded, PROTOBUF


def _second(shape: Shape) -> int:
    """What a kept list is good for: one with ages is until the second is over."""
    return int(time.time()) if isinstance(shape, AsTable) else 0


def _is_slow(page: Page, shape: Shape) -> bool:
    """Whether the items of a list are still to be made into what they are shown as."""
    if isinstance(shape, AsTable):
        return sum(item.row is None for item in page.items) > _ROWS_AT_ONCE
    return shape.media != JSON


def _is_pretty(request: Request) -> bool:
    asked = next((value for name, value in request.query if name == "pretty"), "") if request.query else ""
    return wants_pretty(asked, request.headers.get("user-agent", "")[:12])


def shortened(warnings: Iterable[str]) -> list[str]:
    """Warnings as they fit into headers: where all together are too long, the first of them, each cut off."""
    found, size = [], 0
    for text in warnings:
        found.append(text)
        size += len(text)
        if size > _WARNINGS_LENGTH:
            break
    else:
        return found
    found, size = [], 0
    for text in warnings:
        if size >= _WARNINGS_LENGTH:
            break
        found.append(text[:_WARNING_LENGTH])
        size += len(found[-1])
    return found


def warning(text: str) -> str:
    """The value of a ``Warning:`` header (RFC 7234 §5.5), in bytes that a header can hold."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    quoted = printable.replace("\\", "\\\\").replace('"', '\\"')
    return f'299 - "{quoted}"'.encode().decode("latin-1")
