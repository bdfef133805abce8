"""Forward: names that are not ours are asked of other servers, once for all who ask, and their answers are kept.

Shape: ``Forwarder.kept`` answers from memory, ``resolve`` asks.  A server that does not answer in time is followed by
the next; where none does, what was kept and is too old still serves for an hour (RFC 8767).
Rules for those who change it: a question that is on its way is never sent a second time, so that a server which asks us
in turn cannot multiply it; a probe at the start finds such servers, and they are asked no more.
"""

import asyncio
import logging
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, NamedTuple

from fairway.dns.exchange import Ask, Upstream, exchange
from fairway.dns.metrics import DnsMetrics
from fairway.dns.names import wire_name
from fairway.dns.received import Received
from fairway.dns.upstreams import Upstreams
from fairway.dns.wire import NOTIMP, REFUSED, SERVFAIL, TXT

log = logging.getLogger(__name__)

MAX_KEPT: Final = 8192
MAX_KEPT_BYTES: Final = 16 << 20
MAX_IN_FLIGHT: Final = 1024
STALE_S: Final = 3600.0
STALE_TTL_S: Final = 30
TRIES_S: Final = (0.8, 1.2, 2.0)
"""How long each server is waited for in the first, second and last round."""
FAILURE_S: Final = 1.0
"""How long a question that nobody answered is not asked again: the least that RFC 9520 demands."""
_ELSEWHERE: Final = (SERVFAIL, NOTIMP, REFUSED)
"""Codes that say nothing of the name but of the server: another one is asked, as resolvers do."""
PROBE_TREE: Final = "fairway-loop-probe"


class ForwardFailure(Exception):
    """No server answered."""


class Kept(NamedTuple):
    """An answer and when it came."""

    received: Received
    since_s: float

    def age_s(self, now_s: float) -> int:
        """Whole seconds since then."""
        return int(now_s - self.since_s)


class Forwarder:
    """Asks others.  ``clock`` gives monotonic seconds."""

    def __init__(
        self, upstreams: Upstreams, metrics: DnsMetrics, *, clock: Callable[[], float] = time.monotonic,
        tries_s: tuple[float, ...] = TRIES_S,
    ) -> None:  # fmt: skip
        self._upstreams = upstreams
        self._metrics = metrics
        self._clock = clock
        self._tries_s = tries_s
        self._kept: OrderedDict[Ask, Kept] = OrderedDict()
        self._kept_bytes = 0
        self._failed_s: dict[Ask, float] = {}
        self._in_flight: dict[Ask, asyncio.Task[Kept]] = {}
        self._probes: dict[bytes, Upstream] = {}
        self._probing: set[asyncio.Task[None]] = set()
        self._probed: frozenset[Upstream] = frozenset()

    def kept(self, ask: Ask) -> tuple[Received, int] | None:
        """An answer that is still good, and its age in seconds."""
        found = self._kept.get(ask)
        now_s = self._clock()
        if found is None or now_s - found.since_s >= found.received.life_s:
            self._metrics.cache_misses += 1
            return None
        self._metrics.cache_hit(found.received.rcode, found.received.answers)
        return found.received, found.age_s(now_s)

    async def resolve(self, ask: Ask) -> tuple[Received, int]:
        """The answer of others and its age.  Raises: ``ForwardFailure``."""
        task = self._in_flight.get(ask)
        if task is None:
            if self._failed_s.get(ask, 0.0) > self._clock():
                raise ForwardFailure("no name server answered a moment ago")
            if len(self._in_flight) >= MAX_IN_FLIGHT:
                self._metrics.forward_rejects += 1
                raise ForwardFailure("too many questions on their way")
            task = self._in_flight[ask] = asyncio.create_task(self._ask(ask))
            task.add_done_callback(lambda done: self._landed(ask, done))
        kept = await asyncio.shield(task)
        return kept.received, kept.age_s(self._clock())

    def is_probe(self, name: bytes) -> bool:
        """Whether a question is one of our own that has come back; whoever sent it on is asked no more."""
        upstream = self._probes.pop(name, None)
        if upstream is None:
            return False
        self._upstreams.refuse(upstream)
        log.error("name server asks this one in turn; it is left out", extra={"server": upstream.host})
        return True

    async def close(self) -> None:
        """Let go of what is on its way."""
        tasks = [*self._in_flight.values(), *self._probing]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _landed(self, ask: Ask, done: asyncio.Task[Kept]) -> None:
        self._in_flight.pop(ask, None)
        if not done.cancelled():
            done.exception()  # seen by those who wait, if they still do

    async def _ask(self, ask: Ask) -> Kept:
        self._probe()
        received = await self._try_all(ask)
        now_s = self._clock()
        if received is None or received.rcode == SERVFAIL:
            old = self._kept.get(ask)
            if old is not None and now_s - old.since_s < old.received.life_s + STALE_S:
                self._metrics.served_stale += 1
                return Kept(_shortened(old.received), now_s)
            self._remember_failure(ask, now_s)
        if received is None:
            raise ForwardFailure("no name server answered")
        kept = Kept(received, now_s)
        if received.life_s:
            self._keep(ask, kept)
        return kept

    def _keep(self, ask: Ask, kept: Kept) -> None:
        if (old := self._kept.pop(ask, None)) is not None:
            self._kept_bytes -= len(old.received.content)
        self._kept[ask] = kept
        self._kept_bytes += len(kept.received.content)
        while len(self._kept) > MAX_KEPT or self._kept_bytes > MAX_KEPT_BYTES:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= len(oldest.received.content)
            self._metrics.cache_evictions += 1
        self._metrics.cache_entries = len(self._kept)

    def _remember_failure(self, ask: Ask, now_s: float) -> None:
        if len(self._failed_s) >= MAX_KEPT:
            self._failed_s.clear()
        self._failed_s[ask] = now_s + FAILURE_S

    async def _try_all(self, ask: Ask) -> Received | None:
        last = None
        for patience_s in self._tries_s:
            for upstream in self._upstreams.ordered(self._clock()):
                began_s = self._clock()
                try:
                    async with asyncio.timeout(patience_s):
                        received = await exchange(upstream, ask)
                except (OSError, TimeoutError) as error:
                    self._upstreams.failed(upstream, self._clock())
                    self._metrics.forward_failures += 1
                    log.debug("name server failed", extra={"server": upstream.host, "error": str(error)})
                    continue
                self._metrics.forwarded(str(upstream), received.rcode, self._clock() - began_s)
                self._upstreams.answered(upstream)
                if received.rcode not in _ELSEWHERE:
                    return received
                last = received
            if last is not None:
                break
        return last

    def _probe(self) -> None:
        """Ask every new server for a name that nobody else knows."""
        servers = frozenset(self._upstreams.current())
        new, self._probed = servers - self._probed, servers
        for upstream in new:
            name = wire_name(f"{secrets.token_hex(12)}.{PROBE_TREE}")
            self._probes[name] = upstream
            task = asyncio.create_task(self._send_probe(name, upstream))
            self._probing.add(task)
            task.add_done_callback(self._probing.discard)

    async def _send_probe(self, name: bytes, upstream: Upstream) -> None:
        try:
            async with asyncio.timeout(self._tries_s[-1]):
                await exchange(upstream, Ask(name, TXT))
        except (OSError, TimeoutError):
            return  # whether it works shows when it is asked in earnest
        finally:
            self._probes.pop(name, None)


def _shortened(received: Received) -> Received:
    """The same with lives so short that nobody keeps it."""
    content = bytearray(received.content)
    records = []
    for record in received.records:
        content[record.ttl_at : record.ttl_at + 4] = STALE_TTL_S.to_bytes(4, "big")
        records.append(record._replace(ttl_s=STALE_TTL_S))
    return received._replace(content=bytes(content), records=tuple(records), life_s=0)
