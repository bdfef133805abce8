"""Serve: the write path on one screen, and the door through which every verb is called.

Shape: ``Api.call`` is for callers in this process, ``Api.answer`` for those that bring a ``Call`` (HTTP).
"""

import asyncio
import random
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import orjson

from fairway.apiserver import metadata, verbs
from fairway.apiserver.admission import admit
from fairway.apiserver.cache import Cache
from fairway.apiserver.call import Call, User
from fairway.apiserver.reply import Found, Made, Reply, as_object
from fairway.apiserver.selection import select
from fairway.apiserver.settings import Settings
from fairway.apiserver.stored import Stored, encode
from fairway.apiserver.watchers import ObjectWatch
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError, already_exists, conflict, invalid, timeout, unavailable
from fairway.store.interface import ABSENT, Put, Revision, Store, StoreConflict, StoreFailure

ITSELF = User("system:apiserver", ("system:masters",))


class Api:
    """What verbs work with: the cache to read, the store to write, the clock, and chance."""

    def __init__(
        self,
        store: Store,
        cache: Cache,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        chance: random.Random | None = None,
    ) -> None:
        self.cache = cache
        self.settings = settings
        self.clock = clock
        self.chance = chance or random.SystemRandom()
        self._store = store

    async def call(
        self, verb: str, kind: Kind, *, namespace: str | None = None, name: str = "", subresource: str = "",
        body: Any = None, content_type: str = "", options: Mapping[str, str] | None = None, agent: str = "",
    ) -> Object:  # fmt: skip
        """One request from this process, as ``ITSELF``; ``body`` stays the caller's.  Raises: ``StatusError``."""
        raw = b"" if body is None else orjson.dumps(body)
        call = Call(
            verb, kind, ITSELF, namespace=namespace, name=name, subresource=subresource,
            body=orjson.loads(raw) if raw else None, raw=raw, content_type=content_type,
            options=options or {}, user_agent=agent,
        )  # fmt: skip
        return as_object(await self.answer(call))

    def watch(
        self, kind: Kind, *, namespace: str | None, revision: str, labels: str, fields: str
    ) -> AsyncIterator[tuple[str, Object]]:
        """(type, shared object) after ``revision``.  Raises: ``StatusError`` 410."""
        selection = select(kind, namespace, labels, fields)
        return ObjectWatch(self.cache.of(kind), selection, int(revision)).events()

    async def answer(self, call: Call) -> Reply:
        """Whatever the verb says, within the time that a request may take.  Raises: ``StatusError``."""
        try:
            async with asyncio.timeout(self.settings.limits.request_s):
                reply = verbs.find(call)(call, self)
                return await reply if isinstance(reply, Awaitable) else reply
        except TimeoutError as error:
            raise timeout("request did not complete within the allotted timeout") from error

    async def write(self, call: Call, new: Object, old: Stored | None) -> Reply:
        """Create (``old`` is ``None``) or replace one object.  Raises: ``StatusError``.

        Steps: 1 admission; 2 defaults; 3 metadata and what the writer may not set; 4 claims; 5 validation; 6 warnings;
        7 one commit; 8 the cache has it.
        """
        kind, before = call.kind, old.object if old else None
        admit(call, new, self.cache)
        kind.defaults(new)
        if before is None:
            self._begin(call, new)
        else:
            metadata.carry(new, before)
        kind.prepare(new, before, call.subresource)
        if before is not None and kind.has_generation and new.get("spec") != before.get("spec"):
            new["metadata"]["generation"] = before["metadata"].get("generation", 0) + 1
        problems = list(kind.validate(new, before))
        if problems:
            raise invalid(kind.group, kind.name, new["metadata"].get("name", ""), problems)
        call.warnings.extend(kind.warnings(new, before))
        if call.options.get("dryRun"):
            return Made(new, 200 if old else 201)
        if old is not None and is_same(new, old.object):
            return Found(old)
        return Found(await self.commit(call, new, old), 200 if old else 201)

    def _begin(self, call: Call, new: Object) -> None:
        metadata.begin(
            new, uid=str(uuid.uuid4()), now=metadata.stamp(self.clock()),
            has_generation=call.kind.has_generation, ending=metadata.suffix(self.chance.choice),
        )  # fmt: skip

    async def commit(self, call: Call, new: Object, old: Stored | None) -> Stored:
        """Write ``new`` in place of ``old`` and wait until it can be read.  Raises: ``StatusError`` 409."""
        kind, name = call.kind, new["metadata"]["name"]
        key, value = kind.key(call.namespace, name), encode(new)
        self.cache.hand_over(value, new)
        try:
            revision = await self.put([Put(key, value, Revision(old.revision) if old else ABSENT)])
        except StoreConflict as error:
            self.cache.take_back(value)
            if old is None:
                raise already_exists(kind.group, kind.plural, name) from error
            raise conflict(kind.group, kind.plural, name) from error
        except BaseException:
            self.cache.take_back(value)
            raise
        stored = self.cache.of(kind).live.get(key)
        if stored is None or stored.revision != revision:
            return Stored(key, revision, splice_of(value, revision))
        return stored

    async def put(self, puts: list[Put]) -> Revision:
        """Commit, and wait until the cache has it.  Raises: ``StoreConflict``; ``StatusError`` 503."""
        try:
            revision = await self._store.commit(puts)
        except StoreFailure as error:
            raise unavailable(f"the store refused: {error}") from error
        await self.cache.wait(revision)
        return revision


def splice_of(value: bytes, revision: int) -> bytes:
    """What was written, if it has been superseded meanwhile."""
    from fairway.apiserver.stored import splice

    return splice(value, revision)


def is_same(new: Object, old: Object) -> bool:
    """Whether a write would change nothing: then nothing is written and nobody is told."""
    new["metadata"]["resourceVersion"] = old["metadata"]["resourceVersion"]
    return new == old


__all__ = ["ITSELF", "Api", "StatusError"]
