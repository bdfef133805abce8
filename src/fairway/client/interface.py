"""The Client interface: how every component speaks to the API, whether over TLS or in process.

Shape: kinds are ``Kind`` records, objects are dicts that the receiver must not change.
Errors: ``StatusError`` is the server's answer; ``ConnectionError`` (or a subclass) means that none came.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fairway.kinds.kind import Kind
from fairway.objects import Object

EventType = Literal["ADDED", "MODIFIED", "DELETED", "BOOKMARK"]
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"


@dataclass(frozen=True, slots=True)
class WatchEvent:
    """One change.  ``object`` of a BOOKMARK holds little more than metadata.resourceVersion."""

    type: EventType
    object: Object


class Client(Protocol):
    """Every method may raise ``StatusError``; a 404 is one with ``code == 404``."""

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """One object, newest."""

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        """All matching objects (of all namespaces if ``None``) and the resourceVersion of the list.

        ``keep`` reduces each object as it arrives, so that many of them are never in memory whole and at once.
        """

    def watch(
        self, kind: Kind, namespace: str | None = None, *, revision: str, labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent]:
        """Every change after ``revision``; ends when the server ends it.  410: list again."""

    async def create(self, kind: Kind, new: Object, *, subresource: str = "", name: str = "") -> Object:
        """Create ``new`` in its own namespace; with a subresource (binding, token) POST to it at ``name``."""

    async def update(self, kind: Kind, new: Object, *, subresource: str = "") -> Object:
        """Replace; 409 if ``new``'s resourceVersion is stale."""

    async def patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Any, *,
        content_type: str = MERGE_PATCH, subresource: str = "",
    ) -> Object:  # fmt: skip
        """Change part of an object."""

    async def delete(
        self, kind: Kind, namespace: str | None, name: str, *,
        options: Mapping[str, Any] | None = None,
    ) -> Object:  # fmt: skip
        """Delete; ``options`` as in DeleteOptions (gracePeriodSeconds, propagationPolicy, preconditions)."""

    async def close(self) -> None:
        """Let go of connections."""
