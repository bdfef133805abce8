"""Objects: what this process itself does with objects that extension servers hold.

Shape: the same three doors as ``Api`` has for its own process: ``call``, ``list`` and ``watch``.
Source: Kubernetes API concepts, "Resource URIs", "Efficient detection of changes".
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import orjson

from fairway.apiserver.aggregation.availability import FAILURES, fetched, opened
from fairway.apiserver.aggregation.target import Unavailable
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.aggregation.aggregation import Aggregation

_METHODS = {"get": "GET", "create": "POST", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}
Keep = Callable[[Object], Object]


class ExtensionObjects:
    """``has`` says of which kinds."""

    def __init__(self, aggregation: "Aggregation") -> None:
        self._aggregation = aggregation

    def has(self, kind: Kind) -> bool:
        """Whether an extension server answers for it."""
        return self._aggregation.answers_for(kind.group, kind.version)

    async def call(
        self, verb: str, kind: Kind, namespace: str | None, name: str, subresource: str, body: Any, content_type: str
    ) -> Object:  # fmt: skip
        """One request about one object.  Raises: ``StatusError``."""
        path = "/".join(filter(None, (_path(kind, namespace), quote(name, safe=""), subresource)))
        raw = b"" if body is None else orjson.dumps(body)
        return await self._asked(kind, path, _METHODS[verb], raw, content_type)

    async def list(
        self, kind: Kind, namespace: str | None, labels: str, fields: str, keep: Keep | None
    ) -> tuple[list[Object], str]:
        """See ``Api``.  Raises: ``StatusError``."""
        found = await self._asked(kind, _asking(_path(kind, namespace), labelSelector=labels, fieldSelector=fields))
        items = [keep(one) if keep else one for one in found.get("items") or ()]
        return items, str((found.get("metadata") or {}).get("resourceVersion") or "")

    async def watch(
        self, kind: Kind, namespace: str | None, revision: str, labels: str, fields: str
    ) -> AsyncIterator[tuple[str, Object]]:
        """See ``Api``.  Raises: ``StatusError``."""
        options = {"labelSelector": labels, "fieldSelector": fields, "resourceVersion": revision}
        path = _asking(_path(kind, namespace), watch="true", allowWatchBookmarks="true", **options)
        try:
            answer = await opened(*self._aggregation.target(kind.group, kind.version), path)
            try:
                if answer.status != 200:
                    raise _refused(answer.status, await answer.body())
                rest = b""
                async for piece in answer.pieces():
                    *lines, rest = (rest + piece).split(b"\n")
                    for event in _events(lines):
                        yield event
            finally:
                answer.close()
        except (Unavailable, *FAILURES) as error:
            raise _silent(error) from error

    async def _asked(
        self, kind: Kind, path: str, method: str = "GET", body: bytes = b"", content_type: str = ""
    ) -> Object:
        try:
            target = self._aggregation.target(kind.group, kind.version)
            status, answer = await fetched(*target, path, method, body, content_type or "application/json")
            if not 200 <= status < 300:
                raise _refused(status, answer)
            made: Object = orjson.loads(answer)
        except (Unavailable, *FAILURES) as error:
            raise _silent(error) from error
        return made


def _path(kind: Kind, namespace: str | None) -> str:
    within = f"namespaces/{quote(namespace, safe='')}/" if kind.namespaced and namespace else ""
    return f"/apis/{kind.group}/{kind.version}/{within}{kind.plural}"


def _asking(path: str, **options: str) -> str:
    given = {name: value for name, value in options.items() if value}
    return f"{path}?{urlencode(given)}" if given else path


def _events(lines: list[bytes]) -> Iterator[tuple[str, Object]]:
    """Raises: ``StatusError`` where the server reports one; ``ValueError`` for what is no event."""
    for line in filter(None, lines):
        event: Any = orjson.loads(line)
        if not isinstance(event, Mapping) or not isinstance(event.get("object"), dict):
            raise ValueError("a line of a watch is no event")
        if event.get("type") == "ERROR":
            raise StatusError.from_status(event["object"])
        yield str(event.get("type")), event["object"]


def _refused(status: int, body: bytes) -> StatusError:
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict) and found.get("kind") == "Status":
        return StatusError.from_status(found, status)
    return StatusError(status, "", f"the extension server answered {status}")


def _silent(error: Exception) -> StatusError:
    return StatusError(503, "ServiceUnavailable", f"an extension server does not answer: {error or 'EOF'}")
