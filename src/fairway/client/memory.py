"""Client on a dict: a double of the API for tests of what lists and watches, with faults on demand.

It keeps revisions, watches and their order as the API server does; it defaults and validates nothing.
Rules for those who use it: where an API server can run in process, prefer that one.
"""

import asyncio
import fnmatch
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from fairway.client.interface import MERGE_PATCH, EventType, WatchEvent
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import already_exists, conflict, expired, not_found


class MemoryClient:
    """A ``Client`` whose objects live in this process.

    ``failures`` are raised one by one by the next calls of the verb that they stand under (``"list"``, ``"watch"``...).
    ``calls`` counts the calls of each verb.
    """

    def __init__(self) -> None:
        self.failures: dict[str, list[Exception]] = {}
        self.calls: dict[str, int] = {}
        self._objects: dict[str, Object] = {}
        self._history: list[tuple[int, str, EventType, Object]] = []
        self._revision = 1
        self._compacted = 0
        self._changed = asyncio.Event()
        self._generation = 0

    # What tests do to it

    def put(self, kind: Kind, new: Object) -> Object:
        """Write without a client: create or replace."""
        meta = new["metadata"]
        key = kind.key(meta.get("namespace"), meta["name"])
        return self._write(key, new, "MODIFIED" if key in self._objects else "ADDED")

    def remove(self, kind: Kind, namespace: str | None, name: str) -> None:
        """Delete without a client."""
        key = kind.key(namespace, name)
        self._write(key, self._objects[key], "DELETED")

    def bookmark(self, kind: Kind) -> None:
        """Send the present revision to every watcher of ``kind``."""
        self._revision += 1
        self._history.append((self._revision, kind.prefix, "BOOKMARK", self._stamped({"metadata": {}})))
        self._wake()

    def compact(self) -> None:
        """Forget all history: a watch from an older revision gets 410."""
        self._history.clear()
        self._compacted = self._revision

    def disconnect(self) -> None:
        """End every watch that is open now."""
        self._generation += 1
        self._wake()

    # Client

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Object:
        """See ``Client``."""
        self._count("get")
        return self._found(kind, namespace, name)

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        """See ``Client``."""
        self._count("list")
        pattern = kind.prefix + (f"{namespace}/*" if namespace else "*")
        found = [self._objects[key] for key in sorted(fnmatch.filter(self._objects, pattern))]
        return [keep(each) for each in found] if keep else found, str(self._revision)

    async def watch(
        self, kind: Kind, namespace: str | None = None, *, revision: str, labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent]:
        """See ``Client``."""
        self._count("watch")
        prefix = kind.prefix + (f"{namespace}/" if namespace else "")
        generation, seen = self._generation, int(revision)
        while generation == self._generation:
            if seen < self._compacted:
                raise expired(f"too old resource version: {seen} ({self._compacted})")
            changed = self._changed
            for at, key, type_, new in list(self._history):
                if at > seen and (key.startswith(prefix) or (type_ == "BOOKMARK" and key == kind.prefix)):
                    yield WatchEvent(type_, new)
            seen = self._revision
            if changed is self._changed and generation == self._generation:
                await changed.wait()

    async def create(self, kind: Kind, new: Object, *, subresource: str = "", name: str = "") -> Object:
        """See ``Client``."""
        self._count("create")
        meta = new["metadata"]
        key = kind.key(meta.get("namespace"), meta["name"])
        if key in self._objects:
            raise already_exists(kind.group, kind.plural, meta["name"])
        return self._write(key, new, "ADDED")

    async def update(self, kind: Kind, new: Object, *, subresource: str = "") -> Object:
        """See ``Client``."""
        self._count("update")
        meta = new["metadata"]
        old = self._found(kind, meta.get("namespace"), meta["name"])
        if meta.get("resourceVersion") not in (None, old["metadata"]["resourceVersion"]):
            raise conflict(kind.group, kind.plural, meta["name"])
        return self._write(kind.key(meta.get("namespace"), meta["name"]), new, "MODIFIED")

    async def patch(
        self, kind: Kind, namespace: str | None, name: str, patch: Any, *,
        content_type: str = MERGE_PATCH, subresource: str = "",
    ) -> Object:  # fmt: skip
        """See ``Client``; knows merge patches only."""
        self._count("patch")
        old = self._found(kind, namespace, name)
        return self._write(kind.key(namespace, name), _merged(old, patch), "MODIFIED")

    async def delete(
        self, kind: Kind, namespace: str | None, name: str, *, options: Mapping[str, Any] | None = None
    ) -> Object:
        """See ``Client``; always at once."""
        self._count("delete")
        return self._write(kind.key(namespace, name), self._found(kind, namespace, name), "DELETED")

    async def close(self) -> None:
        """See ``Client``."""

    # Inside

    def _count(self, verb: str) -> None:
        self.calls[verb] = self.calls.get(verb, 0) + 1
        if self.failures.get(verb):
            raise self.failures[verb].pop(0)

    def _found(self, kind: Kind, namespace: str | None, name: str) -> Object:
        found = self._objects.get(kind.key(namespace, name))
        if found is None:
            raise not_found(kind.group, kind.plural, name)
        return found

    def _write(self, key: str, new: Object, type_: EventType) -> Object:
        self._revision += 1
        stored = self._stamped(new)
        if type_ == "DELETED":
            del self._objects[key]
        else:
            self._objects[key] = stored
        self._history.append((self._revision, key, type_, stored))
        self._wake()
        return stored

    def _stamped(self, new: Object) -> Object:
        return {**new, "metadata": {**new["metadata"], "resourceVersion": str(self._revision)}}

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


def _merged(old: Any, patch: Any) -> Any:
    """A merge patch applied.  Source: RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(old) if isinstance(old, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = _merged(merged.get(name), value)
    return merged
