"""OpenAPI: descriptions of the API that clients check objects with, merge by, and explain from.

Shape: ``OpenApi(kinds).answer(request)`` gives a ``Response`` or ``None``.  Nothing is made at start: a document is
made when first asked for, and then kept compressed.  ``replace(kinds)`` starts anew, for kinds that come at run time.
Source: Kubernetes docs, "The Kubernetes API", "OpenAPI interface definition".
"""

import gzip
import hashlib
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import orjson

from fairway import __version__
from fairway.apiserver.aggregation.described import Described, merged
from fairway.apiserver.discovery import Entry, entries, group_version, resource_list
from fairway.apiserver.negotiation import takes_gzip
from fairway.kinds.kind import Kind
from fairway.objects import Object, schema
from fairway.objects.errors import StatusError
from fairway.transport.head import http_date
from fairway.transport.interface import Request, Response

_JSON = "application/json"
_KEPT_S = 365 * 24 * 3600
_V3 = "/openapi/v3"
_GZIP_LEVEL = 6
_HERE = Path(__file__).parent


class OpenApi:
    """The documents of a set of kinds.  ``version`` is the server's, as ``/version`` says it."""

    def __init__(self, kinds: Iterable[Kind], version: str = "v1.36.0") -> None:
        self._version = version
        self._packed: dict[str, tuple[bytes, str]] = {}
        self._entries: dict[str, list[Entry]] = {}
        self._known: dict[str, str] = {}
        self._others: dict[str, Described] = {}
        self.replace(kinds)

    def replace(self, kinds: Iterable[Kind]) -> None:
        """From now on describe ``kinds``."""
        before = self._entries
        self._entries = {
            group_version(group, version): found
            for group, versions in entries(kinds).items()
            for version, found in versions.items()
        }
        same = {served for served, found in self._entries.items() if found == before.get(served)}
        self._packed = {key: made for key, made in self._packed.items() if _served(key) in same}
        self._known = {}

    def aggregate(self, others: Mapping[tuple[str, str], Described]) -> None:
        """From now on describe also what these extension servers say of their groups and versions."""
        found = {f"apis/{group}/{version}": described for (group, version), described in others.items()}
        if {place: one.hash for place, one in found.items()} == {
            place: one.hash for place, one in self._others.items()
        }:
            return
        same = {place for place, one in found.items() if one == self._others.get(place)}
        kept = {f"{_V3}/{place}" for place in (*same, *self._places()) if place in same or place not in self._others}
        self._others = found
        self._packed = {key: made for key, made in self._packed.items() if key in kept}

    def answer(self, request: Request) -> Response | None:
        """The document that is asked for, or ``None`` if it is none of these.  Raises: ``StatusError`` 406."""
        path = request.path.rstrip("/")
        if path == "/openapi/v2":
            return self._answer_v2(request)
        if path == _V3:
            return self._sent(request, path, self._index)
        return self._answer_v3(request, path) if path.startswith(f"{_V3}/") else None

    def _answer_v2(self, request: Request) -> Response:
        from fairway.apiserver.openapi import gnostic, v2

        def whole() -> Object:
            document = v2.document(dict(self._entries), self._version)
            for described in self._others.values():
                if described.v2 is not None:
                    merged(document, described.v2)
            return document

        if _asks_protobuf(request.headers.get("accept", "")):
            return self._sent(request, "v2.protobuf", lambda: gnostic.encode(whole()), gnostic.CONTENT_TYPE)
        return self._sent(request, "v2", lambda: orjson.dumps(whole()))

    def _answer_v3(self, request: Request, path: str) -> Response | None:
        place = path.removeprefix(f"{_V3}/")
        if place not in self._every():
            return None
        asked = dict(request.query).get("hash", "")
        if asked and asked != (right := self._hash(place)):
            return Response(301, b"", headers=[("Location", f"{path}?hash={right}")])
        response = self._sent(request, path, lambda: self._made(place))
        if asked:
            until = http_date(int(time.time()) + _KEPT_S)
            response.headers = [*response.headers, ("Cache-Control", "public, immutable"), ("Expires", until)]
        return response

    def _made(self, place: str) -> bytes:
        from fairway.apiserver.openapi import small, v3

        if place in self._others:
            return self._others[place].v3
        served = self._places()[place]
        if not served:
            return orjson.dumps(v3.small_document(small.operations(place), self._version))
        return orjson.dumps(v3.document(served, self._entries[served], self._version))

    def _places(self) -> dict[str, str]:
        """What follows ``/openapi/v3/``, and the group version that is described there; empty: something smaller."""
        if not self._known:
            from fairway.apiserver.openapi import small

            built_in = {name.rpartition("/")[0] for name, found in self._entries.items() if _has_built_in(found)}
            places = dict.fromkeys(small.places(sorted(built_in)), "")
            self._known = dict(sorted((places | {_place(served): served for served in self._entries}).items()))
        return self._known

    def _every(self) -> set[str]:
        """What follows ``/openapi/v3/`` with a document behind it, whoever made it."""
        return {*self._places(), *(place for place, described in self._others.items() if described.v3)}

    def _index(self) -> bytes:
        """Where each document is; the hash lets clients keep it as long as it is good."""
        paths = {
            place: {"serverRelativeURL": f"{_V3}/{place}?hash={self._hash(place)}"} for place in sorted(self._every())
        }  # fmt: skip
        return orjson.dumps({"paths": paths})

    def _hash(self, place: str) -> str:
        """Changes whenever the document may: it is made of what the document is made from, and of what makes it."""
        if place in self._others:
            return self._others[place].hash
        found = self._entries.get(self._places()[place], [])
        listed: Object = resource_list(place, found)
        custom = [entry.kind.custom.schema for entry in found if entry.kind.custom is not None]
        described = orjson.dumps([listed, custom]).decode()
        source = (__version__, self._version, schema.fingerprint(), makers(_HERE), described)
        return hashlib.sha256("\n".join(source).encode()).hexdigest().upper()

    def _sent(
        self, request: Request, key: str, make: Callable[[], bytes], content_type: str = _JSON
    ) -> Response:  # fmt: skip
        if key not in self._packed:
            made = make()
            packed = gzip.compress(made, _GZIP_LEVEL, mtime=0)
            self._packed[key] = (packed, f'"{hashlib.sha512(made).hexdigest().upper()}"')
        packed, etag = self._packed[key]
        headers = [("ETag", etag), ("Vary", "Accept, Accept-Encoding")]
        if request.headers.get("if-none-match") == etag:
            return Response(304, b"", content_type, headers)
        if takes_gzip(request.headers.get("accept-encoding", "")):
            return Response(200, packed, content_type, [*headers, ("Content-Encoding", "gzip")])
        return Response(200, gzip.decompress(packed), content_type, headers)


@lru_cache(1)
def makers(folder: Path) -> str:
    """A short text that changes whenever the words or the code of the documents do."""
    found = 0
    for file in sorted(folder.rglob("*.py")):
        found = zlib.crc32(file.read_bytes(), found)
    return f"{found:08x}"


def _has_built_in(found: Iterable[Entry]) -> bool:
    return any(entry.kind.custom is None for entry in found)


def _place(served: str) -> str:
    return f"apis/{served}" if "/" in served else f"api/{served}"


def _served(key: str) -> str:
    """The group version that a kept document of OpenAPI 3 describes; empty for one that describes more."""
    return key.removeprefix(f"{_V3}/").removeprefix("apis/").removeprefix("api/") if key.startswith(f"{_V3}/") else ""


def _asks_protobuf(accept: str) -> bool:
    """Whether the first form that is understood is protobuf.  Raises: ``StatusError`` 406 without details."""
    if not accept:
        return False
    for clause in accept.split(","):
        media = clause.split(";")[0].strip()
        if media.startswith("application/com.github.proto-openapi.spec.v2"):
            return True
        if media in (_JSON, "*/*", "application/*"):
            return False
    raise StatusError(406, "NotAcceptable", f"only the following media types are accepted: {_JSON}")
