"""A Store without a disk: the smallest thing that keeps the seam's rules."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from fairway.store.interface import Entry, Put, Revision, StoreConflict


class MemoryStore:
    def __init__(self) -> None:
        self.revision = 0
        self.live: dict[str, Entry] = {}
        self.history: list[list[Entry]] = []
        self.changed = asyncio.Event()
        self.fault: Exception | None = None

    async def commit(self, puts: Sequence[Put]) -> Revision:
        await asyncio.sleep(0)
        if self.fault is not None:
            raise self.fault
        for put in puts:
            found = self.live.get(put.key)
            if put.expect is not None and put.expect != (found.revision if found else 0):
                raise StoreConflict(put.key)
        self.revision += 1
        entries = [Entry(put.key, put.value, Revision(self.revision)) for put in puts]
        for entry in entries:
            if entry.value is None:
                self.live.pop(entry.key, None)
            else:
                self.live[entry.key] = entry
        self.history.append(entries)
        changed, self.changed = self.changed, asyncio.Event()
        changed.set()
        return Revision(self.revision)

    async def read(self, prefix: str, at: Revision | None = None) -> tuple[list[Entry], Revision]:
        return [self.live[key] for key in sorted(self.live) if key.startswith(prefix)], Revision(self.revision)

    async def watch(self, prefix: str, after: Revision) -> AsyncIterator[Sequence[Entry]]:
        sent = int(after)
        while True:
            while sent < len(self.history):
                yield self.history[sent]
                sent += 1
            await self.changed.wait()

    async def compact(self, before: Revision) -> None:
        pass

    async def close(self) -> None:
        pass
