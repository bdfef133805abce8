"""Informer: a watched cache of one kind, with indexes, that tells its subscribers every true difference.

Shape: list once, then watch from the list's revision; after a broken watch go on from the last revision seen;
after 410 list again and tell only what differs.
Source: Kubernetes API concepts, "Efficient detection of changes".
Rules for those who use it: objects are shared by all and never changed; handlers are called in the order of their
subscription, at once, and must not wait.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass

from fairway.client.interface import Client, WatchEvent
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.indexes import Index, IndexFunction, ObjectKey, object_key

log = logging.getLogger(__name__)

FIRST_DELAY_S = 0.05
MAX_DELAY_S = 30.0
REFUSED_DELAY_S = 2.0
"""Where nobody listens: a try costs no server anything, and what happened meanwhile is wanted once one is back."""
SHORT_WATCH_S = 1.0
"""A watch that ends sooner without an event counts as a failure, so that a broken server is not hammered."""

BREATH = 500
"""Objects of a list that are taken in before others in the process have a turn."""


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: ``old`` is ``None`` for an arrival, ``new`` is ``None`` for a departure.

    A name that was deleted and given to another object (another uid) is told as departure and arrival.
    """

    old: Object | None
    new: Object | None

    @property
    def object(self) -> Object:
        """The newer of the two, which always exists."""
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found


Handler = Callable[[Change], None]


class Informer:
    """The cache of ``kind``, limited by ``namespace`` and by label and field selectors.

    ``saving`` are field selectors that only save traffic: a server that does not know them (400) is asked without, and
    what they would have left out comes too.
    ``indexes`` maps names to functions that name the values under which an object is found.
    ``keep`` reduces an object before it is stored, where a part of it is all that is needed and there are many; what
    it gives must have the metadata's name, namespace, uid and resourceVersion.
    """

    def __init__(
        self, client: Client, kind: Kind, *, namespace: str | None = None, labels: str = "", fields: str = "",
        saving: str = "", indexes: Mapping[str, IndexFunction] | None = None,
        keep: Callable[[Object], Object] | None = None,
    ) -> None:  # fmt: skip
        self.kind = kind
        self._keep = keep
        self._client = client
        self._namespace = namespace
        self._labels = labels
        self._fields = fields
        self._saving = saving
        self._objects: dict[ObjectKey, Object] = {}
        self._indexes: dict[str, Index] = {}
        self._handlers: tuple[Handler, ...] = ()
        self._revision = ""
        self.trouble = ""
        """What keeps it from its server, in the server's words; empty while all is well."""
        self._synced = asyncio.Event()
        self._refused = asyncio.Event()
        self._is_refused = False
        self._is_relisting = False
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._backoff = Backoff(FIRST_DELAY_S, MAX_DELAY_S)
        for name, function in (indexes or {}).items():
            self.add_index(name, function)

    # Reading

    @property
    def has_synced(self) -> bool:
        """Whether the first list is in."""
        return self._synced.is_set()

    async def wait_synced(self) -> None:
        """Return when the first list is in."""
        await self._synced.wait()

    async def wait_answered(self) -> None:
        """Return when the first list is in, or the server has refused one: some servers do not have every kind."""
        waits = [asyncio.ensure_future(each.wait()) for each in (self._synced, self._refused)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits:
                each.cancel()

    @property
    def revision(self) -> int:
        """The newest revision that the cache is known to be complete up to; 0 before the first list."""
        return _number(self._revision)

    async def wait_revision(self, revision: int) -> None:
        """Return when the cache holds everything up to ``revision``, which must be of a write to this kind."""
        await self.wait_until(lambda: self.revision >= revision)

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return when ``condition``, asked after every change, holds."""
        if not condition():
            arrived = asyncio.get_running_loop().create_future()
            self._waiters.append((condition, arrived))
            await arrived

    def get(self, namespace: str | None, name: str) -> Object | None:
        """One object, or ``None``."""
        return self._objects.get((namespace or "", name))

    def items(self) -> Iterable[Object]:
        """Every object, as a snapshot."""
        return list(self._objects.values())

    @property
    def first(self) -> ObjectKey | None:
        """The key of the object that came first of those that are there."""
        return next(iter(self._objects), None)

    def __len__(self) -> int:
        return len(self._objects)

    def by_index(self, index: str, value: str) -> list[Object]:
        """The objects under ``value`` of an index.  Raises: ``KeyError`` if there is no such index."""
        return self._indexes[index].get(value)

    def index(self, name: str) -> Index | None:
        """The index of that name, if there is one."""
        return self._indexes.get(name)

    def add_index(self, name: str, function: IndexFunction) -> None:
        """Keep one more index; adding the same again changes nothing."""
        known = self._indexes.get(name)
        if known is not None:
            if known.function != function:
                raise ValueError(f'index "{name}" of {self.kind.resource} exists with another function')
            return
        index = self._indexes[name] = Index(function)
        for key, found in self._objects.items():
            index.replace(key, None, found)

    def subscribe(self, handler: Handler) -> Callable[[], None]:
        """Tell ``handler`` every change from now on, beginning with an arrival per present object.

        The answer is a function that ends the subscription.
        """
        self._handlers += (handler,)
        for found in list(self._objects.values()):
            self._tell(handler, Change(None, found))

        def unsubscribe() -> None:
            self._handlers = tuple(known for known in self._handlers if known is not handler)

        return unsubscribe

    def clear(self) -> None:
        """Forget every object, each as a departure: the kind itself is gone."""
        for key in list(self._objects):
            self._put(key, None)

    # Following

    async def run(self) -> None:
        """Follow the server for ever; ends only by cancellation."""
        while True:
            wait_s, limit_s = 0, None
            try:
                if not self._revision:
                    await self._list()
                await self._watch()
                continue
            except StatusError as error:
                if error.code == 400 and self._saving:
                    log.info("informer asks for more", extra={"kind": self.kind.resource, "error": str(error)})
                    self._saving = self._revision = ""
                    continue
                if error.code == 410:
                    self._revision = ""
                    log.info("informer lists again", extra={"kind": self.kind.resource, "error": str(error)})
                    if not self._is_relisting:  # the server is there; only a second 410 in a row is strange
                        self._is_relisting = True
                        continue
                else:
                    self._refused.set()
                    self._report(error)
                wait_s = error.retry_after_s or 0
            except (OSError, EOFError, TimeoutError) as error:
                limit_s = REFUSED_DELAY_S if isinstance(error, ConnectionRefusedError) else None
                self._report(error)
            except Exception:
                log.exception("informer failed", extra={"kind": self.kind.resource})
            await asyncio.sleep(max(wait_s, self._backoff.next_delay_s(limit_s)))

    @property
    def _selected(self) -> str:
        return ",".join(filter(None, (self._fields, self._saving)))

    def _report(self, error: Exception) -> None:
        """Say it once, and again where an absence turns into a refusal or one refusal into another."""
        is_refusal = isinstance(error, StatusError)
        is_known = self._is_refused == is_refusal and (not is_refusal or self.trouble == str(error))
        level = logging.DEBUG if self.trouble and is_known else logging.WARNING
        self.trouble, self._is_refused = str(error) or type(error).__name__, is_refusal
        what = "informer was refused" if is_refusal else "informer lost its server"
        log.log(level, what, extra={"kind": self.kind.resource, "error": self.trouble})

    def _recovered(self) -> None:
        if self.trouble:
            log.info("informer has its server again", extra={"kind": self.kind.resource})
            self.trouble = ""

    async def _list(self) -> None:
        found, revision = await self._client.list(
            self.kind, self._namespace, labels=self._labels, fields=self._selected, keep=self._keep
        )  # fmt: skip
        present = {object_key(new): new for new in found}
        for key in [key for key in self._objects if key not in present]:
            self._put(key, None)
        for place, (key, new) in enumerate(present.items(), 1):
            self._put(key, new)
            if place % BREATH == 0:
                await asyncio.sleep(0)
        self._synced.set()
        self._recovered()
        self._advance(revision)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        count = 0
        events = self._client.watch(
            self.kind, self._namespace, revision=self._revision, labels=self._labels, fields=self._selected
        )
        try:
            async for event in events:
                count += 1
                self._backoff.reset()
                self._is_relisting = False
                self._recovered()
                self._take(event)
        finally:
            lasted_s = loop.time() - started_s
            if lasted_s >= SHORT_WATCH_S:
                self._backoff.reset()
                self._is_relisting = False
                self._recovered()
            await _close(events)
        if not count and lasted_s < SHORT_WATCH_S:
            raise ConnectionResetError(f"watch of {self.kind.resource} ended at once")

    def _take(self, event: WatchEvent) -> None:
        if event.type != "BOOKMARK":
            new = None if event.type == "DELETED" else event.object
            self._put(object_key(event.object), self._keep(new) if self._keep and new is not None else new)
        self._advance(event.object["metadata"]["resourceVersion"])

    def _put(self, key: ObjectKey, new: Object | None) -> None:
        old = self._objects.get(key)
        if old is not None and new is not None:
            before, after = old["metadata"], new["metadata"]
            if before.get("uid") != after.get("uid"):
                self._put(key, None)
                old = None
            elif before.get("resourceVersion") == after.get("resourceVersion"):
                return
        if new is not None:
            self._objects[key] = new
        elif old is None:
            return
        else:
            del self._objects[key]
        for index in self._indexes.values():
            index.replace(key, old, new)
        change = Change(old, new)
        for handler in self._handlers:
            self._tell(handler, change)

    def _tell(self, handler: Handler, change: Change) -> None:
        try:
            handler(change)
        except Exception:
            key = "/".join(object_key(change.object))
            log.exception("handler failed", extra={"kind": self.kind.resource, "key": key})

    def _advance(self, revision: str) -> None:
        self._revision = revision
        if not self._waiters:
            return
        for condition, arrived in self._waiters:
            if not arrived.done() and condition():
                arrived.set_result(None)
        self._waiters = [waiter for waiter in self._waiters if not waiter[1].done()]


def _number(revision: str) -> int:
    return int(revision) if revision.isdigit() else 0


async def _close(events: AsyncIterator[WatchEvent]) -> None:
    """Let go of the watch now and not when the collector finds it."""
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()
