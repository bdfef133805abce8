"""Client in process: calls the API server's write path directly, with no socket and no encoding.

Shape: ``Api`` is what the API server offers to its own process; the composition root joins the two.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

from fairway.client.interface import MERGE_PATCH, WatchEvent
from fairway.kinds.kind import Kind
from fairway.objects import Object


class Api(Protocol):
    """One door for every verb.  Objects handed out are shared: never change them.

    ``body`` is copied by the callee where it keeps it.  ``options`` are query parameters or, for delete, DeleteOptions.
    """

    async def call(
        self, verb: str, kind: Kind, *, namespace: str | None = None, name: str = "", subresource: str = "",
        body: Any = None, content_type: str = "", options: Mapping[str, str] | None = None, agent: str = "",
    ) -> Object:  # fmt: skip
        """The object (for list: the List).  Raises: ``StatusError``."""

    async def list(
        self, kind: Kind, *, namespace: str | None, labels: str, fields: str, keep: Callable[[Object], Object] | None
    ) -> tuple[list[Object], str]:
        """The objects, each as ``keep`` makes it, and the revision.  Raises: ``StatusError``."""

    def watch(
        self, kind: Kind, *, namespace: str | None, revision: str, labels: str, fields: str
    ) -> AsyncIterator[tuple[str, Object]]:
        """(type, object) after ``revision``.  Raises: ``StatusError`` 410."""


class InProcessClient:
    """A ``Client`` on an ``Api``.  ``agent`` names the component in managedFields and logs."""

    def __init__(self, api: Api, agent: str = "fairway") -> None:
        self._api = api
        self._agent = agent

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """See ``Client``."""
        return await self._api.call("get", kind, namespace=namespace, name=name, agent=self._agent)

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        """See ``Client``."""
        return await self._api.list(kind, namespace=namespace, labels=labels, fields=fields, keep=keep)

    async def watch(
        self, kind: Kind, namespace: str | None = None, *, revision: str, labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent]:
        """See ``Client``."""
        changes = self._api.watch(kind, namespace=namespace, revision=revision, labels=labels, fields=fields)
        async for type_, changed in changes:
            yield WatchEvent(type_, changed)  # type: ignore[arg-type]

    async def create(self, kind: Kind, new: Object, *, subresource: str = "", name: str = "") -> Object:
        """See ``Client``."""
        namespace = new["metadata"].get("namespace")
        return await self._api.call(
            "create",
            kind,
            namespace=namespace,
            name=name,
            subresource=subresource,
            body=new,
            agent=self._agent,
        )

    async def update(self, kind: Kind, new: Object, *, subresource: str = "") -> Object:
        """See ``Client``."""
        meta = new["metadata"]
        return await self._api.call(
            "update", kind, namespace=meta.get("namespace"), name=meta["name"], subresource=subresource, body=new,
            agent=self._agent,
        )  # fmt: skip

    async def patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Any, *,
        content_type: str = MERGE_PATCH, subresource: str = "",
    ) -> Object:  # fmt: skip
        """See ``Client``."""
        return await self._api.call(
            "patch", kind, namespace=namespace, name=name, subresource=subresource, body=patch,
            content_type=content_type, agent=self._agent,
        )  # fmt: skip

    async def delete(
        self, kind: Kind, namespace: str | None, name: str, *, options: Mapping[str, Any] | None = None
    ) -> Object:
        """See ``Client``."""
        return await self._api.call(
            "delete", kind, namespace=namespace, name=name, body=dict(options or {}), agent=self._agent
        )

    async def close(self) -> None:
        """Nothing to let go of."""
