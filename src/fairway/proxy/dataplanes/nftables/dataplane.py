"""NftablesDataplane: the driver, which holds the netlink socket and decides nothing about Services.

Shape: ``open`` looks at what is there; ``commit`` sends one batch for both families; ``dump`` reads all elements back.
A dump that is not marked as torn may still miss elements (a set that is being resized, another writer), so one counts
only when a second one agrees and the generation did not move between them.
A table whose sets are of another version is replaced.  The kernel makes ranges visible a moment later than all else of
a commit, so meanwhile a second table with the same content, ``NAME.next``, stands in.
"""

import asyncio
import contextlib
import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar

from fairway.proxy import words
from fairway.proxy.dataplanes.interface import DataplaneError, Found
from fairway.proxy.dataplanes.nftables import load
from fairway.proxy.dataplanes.nftables.conntrack import ConntrackSocket
from fairway.proxy.dataplanes.nftables.monitor import Monitor
from fairway.proxy.dataplanes.nftables.netlink import (
    Batch,
    NetlinkError,
    NetlinkSocket,
    first,
    text,
)
from fairway.proxy.dataplanes.nftables.schema import SetCodec
from fairway.proxy.delta import FlowRule, Transaction
from fairway.proxy.model import IPV4, IPV6
from fairway.proxy.words import Elements, word_of

_T = TypeVar("_T")
INLINE_ELEMENTS: Final = 2000
"""What is smaller is sent from the event loop: a thread would cost more time than the kernel does."""
QUIET_ELEMENTS: Final = 100
"""From here on it is cheaper to look afterwards whether another program has changed something."""
_DUMPS: Final = 6
_IPV6_ENABLED = "/proc/net/if_inet6"
_NAME_LIMIT = 63
_NEXT = ".next"
"""No cluster's name has a dot."""


def table_name(cluster: str) -> str:
    """The table of one cluster's proxy: ``fairway-NAME``, cut and marked with a hash where NAME is long."""
    name = f"fairway-{cluster}"
    if len(name) <= _NAME_LIMIT:
        return name
    return f"{name[: _NAME_LIMIT - 9]}-{hashlib.sha256(cluster.encode()).hexdigest()[:8]}"


def _families() -> tuple[int, ...]:
    """IPv6 only where the kernel was started with it."""
    return (IPV4, IPV6) if os.path.exists(_IPV6_ENABLED) else (IPV4,)


class NftablesDataplane:
    """Holds the tables ``ip`` and ``ip6`` of one cluster in the network namespace in which ``open`` is called."""

    def __init__(self, cluster: str) -> None:
        self.table = table_name(cluster)
        self.families: tuple[int, ...] = ()
        self._socket: NetlinkSocket | None = None
        self._conntrack: ConntrackSocket | None = None
        self._looking: NetlinkSocket | None = None
        self._monitor: Monitor | None = None
        self._frame: Batch = []
        self._replaced: tuple[int, ...] = ()
        self._left_over: Batch = []
        """Deletes the tables that a killed process had meant for a moment."""

    async def open(self) -> Found:
        """See ``Dataplane``."""
        self.close()
        self._connect()
        self.families = _families()
        held = await self._threaded(self._take_hold)
        return Found(held, is_fresh=not any(held.values()) and not self._replaced)

    async def commit(self, transactions: Mapping[int, Transaction]) -> None:
        """See ``Dataplane``."""
        if (
            not self._frame
            and not self._left_over
            and not any(each.deletes or each.adds for each in transactions.values())
        ):
            return
        size = sum(each.size for each in transactions.values())
        if self._frame or self._left_over or size > INLINE_ELEMENTS:
            with self._unheard():
                await self._threaded(lambda: self._commit(transactions))
        elif size > QUIET_ELEMENTS:
            with self._unheard():
                self._commit(transactions)
        else:
            self._commit(transactions)

    @contextlib.contextmanager
    def _unheard(self) -> Iterator[None]:
        """Nobody listens meanwhile: the kernel would write a message about each element."""
        monitor = self._monitor
        if monitor is None:
            yield
            return
        monitor.pause()
        try:
            yield
        finally:
            monitor.resume()

    async def dump(self) -> dict[int, Elements]:
        """See ``Dataplane``."""
        return await self._threaded(self._take_hold)

    async def forget_flows(self, rules: Mapping[int, Sequence[FlowRule]]) -> int:
        """See ``Dataplane``."""
        conntrack = self._conntrack
        if conntrack is None or not any(rules.values()):
            return 0
        return await self._threaded(lambda: conntrack.forget(rules))

    async def disturbed(self) -> None:
        """See ``Dataplane``."""
        if self._monitor is None or self._looking is None:
            raise DataplaneError(f"table {self.table} was not opened")
        while self._is_intact(self._looking):
            await self._monitor.wait()

    async def remove(self) -> None:
        """See ``Dataplane``."""
        if self._socket is None:
            self._connect()
        await self._threaded(self._remove)
        self.close()

    def close(self) -> None:
        """See ``Dataplane``."""
        for held in (self._socket, self._conntrack, self._looking, self._monitor):
            if held is not None:
                held.close()
        self._socket = self._conntrack = self._looking = self._monitor = None

    def _connect(self) -> None:
        try:
            self._socket = NetlinkSocket()
            self._conntrack = ConntrackSocket()
            self._looking = NetlinkSocket()
            self._monitor = Monitor(self._socket.port)
        except OSError as error:
            raise DataplaneError(f"cannot open a netlink socket: {error.strerror}; root is needed") from error

    # Below here everything runs in one thread at a time: the caller awaits each call.

    async def _threaded(self, work: Callable[[], _T]) -> _T:
        """``work`` in a thread; a cancelled caller waits for its end, so that no socket is closed under it."""
        running = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise
        except NetlinkError as error:
            raise self._refused("reading table", error) from error

    def _open_socket(self) -> NetlinkSocket:
        if self._socket is None:
            raise DataplaneError(f"table {self.table} was not opened")
        return self._socket

    def _refused(self, what: str, error: NetlinkError) -> DataplaneError:
        return DataplaneError(f"{what} {self.table}: the kernel answered {error.strerror}; the rules in force stay")

    def _commit(self, transactions: Mapping[int, Transaction]) -> None:
        stand_in = f"{self.table}{_NEXT}"
        self._send(self._left_over)
        self._left_over = []
        for family in self._replaced:
            change = transactions.get(family, Transaction({}, {}))
            self._send([*load.new_table(family, stand_in), *load.changed_elements(family, stand_in, change)])
        batch = list(self._frame)
        for family, change in transactions.items():
            batch += load.changed_elements(family, self.table, change)
        self._send(batch)
        self._send([load.delete_table(family, stand_in) for family in self._replaced])
        self._frame, self._replaced = [], ()

    def _send(self, batch: Batch) -> None:
        if not batch:
            return
        try:
            self._open_socket().commit(batch)
        except NetlinkError as error:
            raise self._refused(f"message {error.position} of {len(batch)} to table", error) from error

    def _remove(self) -> None:
        self._send([
            load.delete_table(family, name)
            for family in (IPV4, IPV6)
            for name in (self.table, f"{self.table}{_NEXT}")
            if self._table_comment(family, name) is not None
        ])  # fmt: skip

    def _take_hold(self) -> dict[int, Elements]:
        """The elements of every family; what the next commit has to bring beside elements is prepared.

        That is a whole table where there is none, and the rules where they are of another version.
        """
        self._frame, self._replaced, self._left_over = [], (), []
        found: dict[int, Elements] = {}
        for family in self.families:
            note = self._table_comment(family, self.table)
            if self._table_comment(family, f"{self.table}{_NEXT}") is not None:
                self._left_over.append(load.delete_table(family, f"{self.table}{_NEXT}"))
            if note is None:
                self._frame += load.new_table(family, self.table)
                found[family] = {}
            elif note != load.table_comment(family):
                self._frame += [load.delete_table(family, self.table), *load.new_table(family, self.table)]
                self._replaced += (family,)
                found[family] = {}
            else:
                found[family] = self._dump_family(family)
                if self._rules_comment(self._open_socket(), family) != load.rules_comment(family):
                    timeouts = [word_of(each) for each in found[family].get(words.TIMEOUTS, {}).values()]
                    self._frame += load.new_rules(family, self.table, self._chain_names(family), timeouts)
        return found

    def _dump_family(self, family: int) -> Elements:
        last: Elements | None = None
        generation = self._generation()
        for _ in range(_DUMPS):
            try:
                if last is not None and self._is_same(family, last) and self._generation() == generation:
                    return last
                generation = self._generation()
                last = {
                    name: held for name, codec in load.codecs(family).items() if (held := self._held(family, codec))
                }
            except NetlinkError as error:
                if error.errno != errno.EINTR:
                    raise
                last = None
        if last is None:
            raise DataplaneError(f"table {self.table} changes faster than it can be read")
        return last

    def _is_same(self, family: int, known: Elements) -> bool:
        """Whether a second dump says the same as the first; set by set, since two dumps need much memory."""
        return all(self._held(family, codec) == known.get(name, {}) for name, codec in load.codecs(family).items())

    def _held(self, family: int, codec: SetCodec) -> dict[bytes, bytes]:
        request = load.nft_message(load.GET_ELEMENT, 0, family, text(1, self.table), text(2, codec.schema.name))
        return codec.parsed(self._open_socket().dump(request))

    def _generation(self) -> int:
        answer = self._open_socket().request(load.nft_message(load.GET_GENERATION, 0, IPV4))
        found = first(answer, 20, len(answer), 1) if answer else None
        return int.from_bytes(found or b"", "big")

    def _table_comment(self, family: int, name: str) -> str | None:
        """What a table says of itself; ``None`` if there is no table."""
        return _comment_of_table(self._open_socket(), family, name)

    def _rules_comment(self, asked: NetlinkSocket, family: int) -> str:
        request = load.nft_message(load.GET_RULE, 0, family, text(1, self.table), text(2, load.DIGEST_CHAIN))
        for answer in asked.dump(request):
            return load.comment_text(first(answer, 20, len(answer), 7) or b"")
        return ""

    def _is_intact(self, asked: NetlinkSocket) -> bool:
        """Whether the tables are there with our rules; before the first commit there is nothing to miss."""
        if self._frame:
            return True
        try:
            return all(
                _comment_of_table(asked, family, self.table) == load.table_comment(family)
                and self._rules_comment(asked, family) == load.rules_comment(family)
                for family in self.families
            )
        except NetlinkError:
            return False

    def _chain_names(self, family: int) -> Iterable[str]:
        request = load.nft_message(load.GET_CHAIN, 0, family)
        for answer in self._open_socket().dump(request):
            if first(answer, 20, len(answer), 1) == self.table.encode() + b"\0":
                yield (first(answer, 20, len(answer), 3) or b"").rstrip(b"\0").decode()


def _comment_of_table(asked: NetlinkSocket, family: int, name: str) -> str | None:
    answer = asked.request(load.nft_message(load.GET_TABLE, 0, family, text(1, name)))
    return None if answer is None else load.comment_text(first(answer, 20, len(answer), 6) or b"")
