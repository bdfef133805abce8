"""Shared lists: components of one process that list the same kind at the same time are served by one list.

Shape: a ``Client`` around a ``Client``.  Those who ask before a list has begun take part in it: it is read and decoded
once, and each gets of every object what its own selectors let through, as its own ``keep`` makes it.  Watches and all
else pass unchanged, each with its selectors at the server: a change costs little, ten thousand objects do not.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, Final, cast

from fairway.client.interface import MERGE_PATCH, Client, WatchEvent
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.fields import select
from fairway.objects.labels import parse

_LEFT_OUT: Final[Object] = {}


class _Member:
    """One who waits for a list.  Raises: ``StatusError`` 400 for selectors that are none."""

    def __init__(self, kind: Kind, labels: str, fields: str, keep: Callable[[Object], Object] | None) -> None:
        self.selectors = (labels, fields)
        self.answer: asyncio.Future[tuple[list[Object], str]] = asyncio.get_running_loop().create_future()
        self._labels, self._fields, self._keep = parse(labels), select(fields, kind.fields), keep

    def kept(self, found: Object) -> Object:
        """What an object is for this member; ``_LEFT_OUT`` where its selectors do not let it through."""
        if not self._labels.matches(found["metadata"].get("labels")) or not self._fields.matches(found):
            return _LEFT_OUT
        return self._keep(found) if self._keep else found


_Members = list[_Member]


class SharedLists:
    """``client`` for several components; their lists of ``kinds``, over all namespaces, are shared.

    ``turn`` is awaited before each list; whoever asks meanwhile takes part.
    """

    def __init__(self, client: Client, kinds: Collection[Kind], turn: Callable[[], Awaitable[object]]) -> None:
        self._client = client
        self._kinds = frozenset(kinds)
        self._turn = turn
        self._waiting: dict[Kind, _Members] = {}
        self._lists: set[asyncio.Task[None]] = set()

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        """See ``Client``."""
        if kind not in self._kinds or namespace is not None:
            return await self._client.list(kind, namespace, labels=labels, fields=fields, keep=keep)
        member = _Member(kind, labels, fields, keep)
        members = self._waiting.get(kind)
        if members is None:
            members = self._waiting[kind] = []
            task = asyncio.create_task(self._answer(kind, members), name=f"shared list of {kind.resource}")
            self._lists.add(task)
            task.add_done_callback(self._lists.discard)
        members.append(member)
        return await member.answer

    async def _answer(self, kind: Kind, members: _Members) -> None:
        """One list for all who are there when it begins; a failure is everybody's."""
        try:
            try:
                await self._turn()
            finally:
                del self._waiting[kind]
            await self._ask(kind, [each for each in members if not each.answer.done()])
        except Exception as error:
            for each in members:
                if not each.answer.done():
                    each.answer.set_exception(error)
        finally:
            for each in members:
                each.answer.cancel()  # which does nothing to one that is done

    async def _ask(self, kind: Kind, members: _Members) -> None:
        if not members:
            return
        selectors = {each.selectors for each in members}
        labels, fields = selectors.pop() if len(selectors) == 1 else ("", "")

        def keep(found: Object) -> Object:
            return cast(Object, tuple([each.kept(found) for each in members]))

        found, revision = await self._client.list(kind, labels=labels, fields=fields, keep=keep)
        rows = cast(Sequence[Sequence[Object]], found)
        for place, each in enumerate(members):
            if not each.answer.done():
                each.answer.set_result(([row[place] for row in rows if row[place] is not _LEFT_OUT], revision))

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """See ``Client``."""
        return await self._client.get(kind, namespace, name)

    def watch(
        self, kind: Kind, namespace: str | None = None, *, revision: str, labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent]:
        """See ``Client``."""
        return self._client.watch(kind, namespace, revision=revision, labels=labels, fields=fields)

    async def create(self, kind: Kind, new: Object, *, subresource: str = "", name: str = "") -> Object:
        """See ``Client``."""
        return await self._client.create(kind, new, subresource=subresource, name=name)

    async def update(self, kind: Kind, new: Object, *, subresource: str = "") -> Object:
        """See ``Client``."""
        return await self._client.update(kind, new, subresource=subresource)

    async def patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Any, *,
        content_type: str = MERGE_PATCH, subresource: str = "",
    ) -> Object:  # fmt: skip
        """See ``Client``."""
        return await self._client.patch(
            kind, namespace, name, patch, content_type=content_type, subresource=subresource
        )  # fmt: skip

    async def delete(
        self, kind: Kind, namespace: str | None, name: str, *, options: Mapping[str, Any] | None = None
    ) -> Object:
        """See ``Client``."""
        return await self._client.delete(kind, namespace, name, options=options)

    async def close(self) -> None:
        """See ``Client``.  It is the client's owner who closes it."""
