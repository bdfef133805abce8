"""Cache: every live object in memory, fed by one watch of the store; what reads and watches are answered from.

Shape: reads are synchronous.  A writer hands over the dict that it has just encoded, commits, and waits until the
cache has its revision, so that everybody reads their own writes.
Rules for those who change it: events of one kind reach its watchers in store order, each exactly once; the window of
remembered events is bounded in bytes over all kinds together, oldest out first.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from fairway.apiserver.collection import Batch, Collection, Watcher, mirrored
from fairway.apiserver.events import Event
from fairway.apiserver.stored import Stored, splice
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.store.interface import Entry, Revision, Store, StoreCompacted, StoreFailure

log = logging.getLogger(__name__)

_ROOT = "/"
_NOTHING = "/nothing/"
"""A prefix that no key has: reading it tells the revision."""
_RETRY_S = 1.0
LISTED_S = 300.0
"""Seconds for which a state can be listed after it has changed, page by page: upstream compacts as often."""
_REPLAYED = 2000
"""Revisions before the newest that a start goes through again."""


class Cache:
    """Collections by kind, bare claims by key, and the revision that all of it is of."""

    def __init__(self, store: Store, kinds: Iterable[Kind], *, window_bytes: int) -> None:
        self.revision = 0
        self.oldest_listed = 0
        """The oldest revision whose state is still listed."""
        self.size = 0
        """Bytes of all live objects."""
        self.is_following = False
        self.claims: set[str] = set()
        self.collections = {kind.prefix: Collection(kind) for kind in kinds}
        self._store = store
        self._window_bytes = window_bytes
        self._window: deque[tuple[Collection, int]] = deque()
        self._window_used = 0
        self._marks: deque[tuple[float, int]] = deque()
        self._handed: dict[bytes, Object] = {}
        self._versions: dict[bytes, Mapping[str, bytes]] = {}
        self._mirrors: dict[str, dict[str, Collection]] = {}
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._changes: dict[str, list[asyncio.Future[None]]] = {}
        self._unsent: dict[Collection, list[Event]] = {}

    def of(self, kind: Kind) -> Collection:
        """The collection of one kind."""
        if kind.custom is not None and kind.custom.is_mirror:
            return self._mirrors[kind.prefix][kind.version]
        return self.collections[kind.prefix]

    def get(self, kind: Kind, namespace: str | None, name: str) -> Stored | None:
        """One live object."""
        return self.of(kind).live.get(kind.key(namespace, name))

    def adopt(self, kind: Kind) -> Collection:
        """The collection of a kind that came at run time, or is another record from now on."""
        collection = self._collection(kind.prefix)
        assert collection is not None
        collection.kind = kind
        return collection

    def mirror(self, kinds: Iterable[Kind]) -> None:
        """Keep the objects of a custom kind in each of these versions, the stored one among them."""
        mirrors: dict[str, Collection] = {}
        for kind in kinds:
            home = self.collections[kind.prefix]
            assert kind.custom is not None
            if not kind.custom.is_mirror:
                home.unconverted = dict.fromkeys(
                    key for key, state in home.live.items() if state.object["apiVersion"] != kind.api_version
                )
                continue
            mirrors[kind.version] = made = Collection(kind)
            made.load([Stored(state.key, state.revision, state.wire) for state in home.live.values()], self.revision)
            made.unconverted = dict.fromkeys(made.live)
        prefix = kind.prefix
        for gone in self._mirrors.get(prefix, {}).values():
            gone.renew(self.revision)
        self._mirrors[prefix] = mirrors

    async def load(self) -> int:
        """Read what the store holds, as of some changes ago, so that ``run`` goes through those changes again.

        Then watches that began before a restart can go on after it.  The newest revision: wait for it.
        """
        _, newest = await self._store.read(_NOTHING)
        base = Revision(max(newest - _REPLAYED, 1))
        try:
            entries, base = await self._store.read(_ROOT, at=base if base < newest else None)
        except StoreCompacted:
            entries, base = await self._store.read(_ROOT)
        left = list(entries)
        del entries
        self._fill(left, base)
        return newest

    def _fill(self, left: list[Entry], revision: Revision) -> None:
        states: dict[Collection, list[Stored]] = {each: [] for each in self.collections.values()}
        self.claims = set()
        self.size = sum(len(entry.value or b"") for entry in left)
        left.reverse()
        while left:
            # One by one, so that what is read and what is kept are not in memory both.
            entry = left.pop()
            assert entry.value is not None
            collection = self._collection(entry.key)
            if collection is None:
                self.claims.add(entry.key)
            else:
                states.setdefault(collection, []).append(Stored.of_store(entry.key, entry.revision, entry.value))
        for collection, found in states.items():
            collection.load(found, revision)
        self._window.clear()
        self._window_used = 0
        self._reach(revision)

    async def run(self) -> None:
        """Follow the store until cancelled; after lost events every watcher is told to list again."""
        while True:
            self.is_following = True
            try:
                async for entries in self._store.watch(_ROOT, after=Revision(self.revision)):
                    self.apply(entries)
                self.is_following = False
                log.warning("the store's watch ended; following again soon")
                await asyncio.sleep(_RETRY_S)
            except (StoreCompacted, StoreFailure) as error:
                self.is_following = False
                log.warning("the store's watch broke; loading again", extra={"error": str(error)})
                await self._recover()

    async def _recover(self) -> None:
        await asyncio.sleep(_RETRY_S)
        try:
            await self.load()
        except StoreFailure as error:
            log.error("the store cannot be read", extra={"error": str(error)})
            return
        for prefix, mirrors in list(self._mirrors.items()):
            if mirrors:
                self.mirror([self.collections[prefix].kind, *(mirror.kind for mirror in mirrors.values())])
        for collection in self.every():
            for watcher in list(collection.watchers):
                watcher.lose()

    def apply(self, entries: Sequence[Entry]) -> None:
        """Take one commit."""
        for entry in entries:
            collection = self._collection(entry.key)
            if collection is None:
                self._claim(entry)
            else:
                self._change(collection, entry)
        self._reach(entries[-1].revision)

    def _claim(self, entry: Entry) -> None:
        if entry.value is None:
            self.claims.discard(entry.key)
        else:
            self.claims.add(entry.key)

    def _change(self, collection: Collection, entry: Entry) -> None:
        state = self._state(entry)
        collection.unconverted.pop(entry.key, None)
        event = collection.apply(entry.key, state, entry.revision)
        if event is not None:
            self.size += event.growth
        self._tell(collection, event, entry)
        for version, mirror in self._mirrors.get(collection.kind.prefix, {}).items():
            value = self._versions.get(entry.value or b"", {}).get(version)
            found = mirrored(mirror, entry.key, entry.revision, value, state)
            self._tell(mirror, mirror.apply(entry.key, found, entry.revision), entry)
            if entry.key in mirror.unconverted:
                # Nobody may be told of it before it is converted.
                self._unsent.pop(mirror, None)
                mirror.forget(entry.revision)
                for watcher in list(mirror.watchers):
                    watcher.lose()

    def _tell(self, collection: Collection, event: Event | None, entry: Entry) -> None:
        if event is None:
            return
        size = event.size_bytes
        self._window.append((collection, size))
        self._window_used += size
        while self._window_used > self._window_bytes:
            oldest, freed = self._window.popleft()
            oldest.forget_oldest()
            self._window_used -= freed
        if collection.watchers:
            self._announce(collection, event)
        else:
            self._economize(collection, event)
        for changed in self._changes.pop(entry.key, ()):
            if not changed.done():
                changed.set_result(None)

    def _state(self, entry: Entry) -> Stored | None:
        if entry.value is None:
            return None
        decoded = self._handed.pop(entry.value, None)
        if decoded is not None:
            decoded["metadata"]["resourceVersion"] = str(entry.revision)
        return Stored(entry.key, entry.revision, splice(entry.value, entry.revision), decoded)

    def _announce(self, collection: Collection, event: Event) -> None:
        """Events that arrive together go out together: one write for each watcher."""
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self.send)
        self._unsent.setdefault(collection, []).append(event)

    def send(self) -> None:
        """Tell the watchers what has happened so far."""
        unsent, self._unsent = self._unsent, {}
        for collection, events in unsent.items():
            batch = Batch(events)
            for watcher in list(collection.watchers):
                _send(watcher, batch)
            for event in events:
                self._economize(collection, event)

    @staticmethod
    def _economize(collection: Collection, event: Event) -> None:
        """Bytes are an eighth of the memory: who looks at dicts keeps of them what he needs."""
        if event.old is not None:
            event.old.forget()
        if event.new is not None:
            event.new.forget()
            if collection.codec is not None:
                event.new.pack(collection.codec)

    def tick(self, now_s: float | None = None) -> None:
        """Now and then: bookmarks for watchers; dicts that were looked at are let go, and old states are closed."""
        self.send()
        self._close_old(time.monotonic() if now_s is None else now_s)
        for collection in self.every():
            for watcher in list(collection.watchers):
                watcher.bookmark(self.revision)
            for state in collection.live.values():
                state.forget_shown()

    def every(self) -> list[Collection]:
        """Every collection, and those that keep custom kinds in other versions."""
        return [*self.collections.values(), *(one for found in self._mirrors.values() for one in found.values())]

    def _close_old(self, now_s: float) -> None:
        self._marks.append((now_s, self.revision))
        while self._marks[0][0] <= now_s - LISTED_S:
            self.oldest_listed = self._marks.popleft()[1]

    def hand_over(self, value: bytes, decoded: Object) -> None:
        """``decoded`` is what ``value`` says: it need not be decoded again when it comes back from the store."""
        self._handed[value] = decoded

    def hand_over_versions(self, value: bytes, versions: Mapping[str, bytes]) -> None:
        """What ``value`` is in the other versions of its kind."""
        self._versions[value] = versions

    def take_back(self, value: bytes) -> None:
        """The commit of ``value`` is over, or failed."""
        self._handed.pop(value, None)
        self._versions.pop(value, None)

    async def wait(self, revision: int) -> None:
        """Return when everything up to ``revision`` can be read here."""
        if self.revision < revision:
            reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((revision, reached))
            await reached

    async def wait_newer(self, kind: Kind, namespace: str | None, name: str, than: int) -> None:
        """Return when the object is not at revision ``than`` any more: after a lost race."""
        key = kind.key(namespace, name)
        state = self.of(kind).live.get(key)
        if (state.revision if state else 0) == than:
            changed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._changes.setdefault(key, []).append(changed)
            await changed

    def _reach(self, revision: int) -> None:
        self.revision = revision
        if self._waiting:
            still = []
            for wanted, reached in self._waiting:
                if wanted > revision:
                    still.append((wanted, reached))
                elif not reached.done():
                    reached.set_result(None)
            self._waiting = still

    def _collection(self, key: str) -> Collection | None:
        second = key.find("/", 1)
        prefix = key[: key.find("/", second + 1) + 1]
        found = self.collections.get(prefix)
        if found is None and "." in key[:second]:
            # An object of a custom kind, whose definition is not known yet; its group is a domain.
            group, plural = prefix.strip("/").split("/")
            found = self.collections[prefix] = Collection(Kind(group=group, version="", name="", plural=plural))
            found.load([], self.revision)
        return found


def _send(watcher: Watcher, batch: Batch) -> None:
    """One watcher that fails must not cost the others their events; it has to list again."""
    try:
        watcher.take(batch)
    except Exception:
        log.exception("a watcher could not take its events")
        watcher.lose()
