"""Responder: a message in, an answer out: from our zones at once, from other servers when they have answered.

Shape: ``respond`` gives the answer, a coroutine that will give it, or ``None`` for what deserves none.
Nothing is said of our zones before the API was heard once: a name that is not known yet is not a name that is not.
Until then a question waits, since resolvers take a failure as the end and wait five seconds for an answer.
"""

import asyncio
import logging
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Final

from fairway.dns.answers import Prepared, Ready, Said, rotations, say, tails
from fairway.dns.exchange import Ask
from fairway.dns.forward import Forwarder, ForwardFailure
from fairway.dns.metrics import DnsMetrics
from fairway.dns.names import NameFault
from fairway.dns.received import Received, answer_sets, given_on
from fairway.dns.wire import (
    BADVERS,
    FORMERR,
    HAS_RECURSION,
    HEADER,
    IN,
    IS_AUTHENTIC,
    IS_AUTHORITATIVE,
    IS_TRUNCATED,
    OPT_BYTES,
    REFUSED,
    SERVFAIL,
    SOA,
    Body,
    Query,
    Refusal,
    Sections,
    bare,
    head,
    opt,
    read_query,
    write,
)
from fairway.dns.zone import Place, Topic, Zone

log = logging.getLogger(__name__)

SYNC_PATIENCE_S: Final = 4.0
_TRANSFERS = (251, 252)
Answer = bytes | None
Later = Coroutine[None, None, Answer]


class Responder:
    """Answers; ``prepared`` may be asked first by a server that is in a hurry."""

    def __init__(self, zone: Zone, forwarder: Forwarder, metrics: DnsMetrics) -> None:
        self.prepared = Prepared()
        self._synced = asyncio.Event()
        self._zone = zone
        self._forwarder = forwarder
        self.metrics = metrics
        metrics.prepared_answers = lambda: len(self.prepared.entries)

    @property
    def is_synced(self) -> bool:
        """Whether the cluster is known."""
        return self._synced.is_set()

    def synced(self) -> None:
        """From now on the cluster is known."""
        self._synced.set()

    def touch(self, topics: set[Topic]) -> None:
        """Say something new of these from now on."""
        self.prepared.drop(topics)

    def respond(self, message: bytes, *, is_tcp: bool, family: int = 1) -> Answer | Later:
        """The answer to one message, whatever its bytes are."""
        try:
            query = read_query(message)
        except Refusal as refusal:
            return None if refusal.rcode is None else bare(message, None, refusal.rcode)
        turn = _Turn(message, query, "tcp" if is_tcp else "udp", family, query.limit(is_tcp=is_tcp))
        if refused := _refused(query):
            return self._bare(turn, refused)
        place = self._zone.find(query.name)
        if place is None:
            return self._forward(turn)
        return self._own(turn, place) if self.is_synced else self._when_synced(turn)

    def _own(self, turn: "_Turn", place: Place) -> Answer | Later:
        said = say(self._zone, turn.query.name, turn.query.type, place)
        return self._chase(turn, said) if said.elsewhere else self._tell(turn, said)

    async def _when_synced(self, turn: "_Turn") -> Answer:
        with suppress(TimeoutError):
            async with asyncio.timeout(SYNC_PATIENCE_S):
                await self._synced.wait()
        place = self._zone.find(turn.query.name)
        if place is None or not self.is_synced:
            return self._bare(turn, SERVFAIL)
        found = self._own(turn, place)
        return found if found is None or isinstance(found, bytes) else await found

    def _bare(self, turn: "_Turn", rcode: int, *, is_own: bool = True) -> bytes:
        self._count(turn, rcode, is_own=is_own)
        return bare(turn.message, turn.query, rcode)

    def _count(self, turn: "_Turn", rcode: int, *, is_own: bool) -> None:
        self._counter(turn, turn.family, rcode, is_own=is_own)[0] += 1
        durations = self.metrics.own_durations if is_own else self.metrics.other_durations
        durations.observe(time.perf_counter() - turn.began_s)

    def _counter(self, turn: "_Turn", family: int, rcode: int, *, is_own: bool = True) -> list[int]:
        return self.metrics.answers(turn.protocol, family, turn.query.type, rcode, is_own=is_own)

    def _tell(self, turn: "_Turn", said: Said) -> bytes:
        """Answer from our zones; over UDP the answer is kept ready for the next who asks."""
        rcode = said.sections.rcode
        self._count(turn, rcode, is_own=True)
        if turn.protocol == "tcp" or turn.query.type == SOA or not turn.is_common():
            return turn.finished(said.sections, write(turn.query.name, said.sections, turn.room()))
        bodies = [write(turn.query.name, turned, turn.room()) for turned in rotations(said.sections)]
        first = bodies[0]
        size = sum(len(body.content) for body in bodies) + len(turn.message)
        ready = Ready(
            turn.head(said.sections, first), turn.query.end,
            tails([body.content + turn.opt(rcode) for body in bodies if body.counts == first.counts]),
            (self._counter(turn, 1, rcode), self._counter(turn, 2, rcode)),
        )  # fmt: skip
        self.prepared.put(turn.message[2:].lower(), ready, said.topics, size)
        return turn.message[:2] + ready.head + turn.message[HEADER : ready.end] + next(ready.tails)

    def _forward(self, turn: "_Turn") -> Answer | Later:
        query = turn.query
        if self._forwarder.is_probe(query.name):
            return self._bare(turn, REFUSED, is_own=False)
        ask = turn.ask(query.name)
        kept = self._forwarder.kept(ask)
        return self._give_on(turn, *kept) if kept else self._forward_later(turn, ask)

    async def _forward_later(self, turn: "_Turn", ask: Ask) -> Answer:
        try:
            received, age_s = await self._forwarder.resolve(ask)
        except ForwardFailure:
            return self._bare(turn, SERVFAIL, is_own=False)
        return self._give_on(turn, received, age_s)

    def _give_on(self, turn: "_Turn", received: Received, age_s: int) -> bytes:
        self._count(turn, received.rcode, is_own=False)
        body = given_on(received, age_s, turn.room())
        flags = HAS_RECURSION | (IS_AUTHENTIC if received.is_authentic else 0)
        return turn.assembled(body, received.rcode, flags)

    async def _chase(self, turn: "_Turn", said: Said) -> Answer:
        """An alias that leads out of the cluster: what is there belongs into the same answer."""
        ask = turn.ask(said.elsewhere)
        try:
            received, age_s = self._forwarder.kept(ask) or await self._forwarder.resolve(ask)
            found = answer_sets(received, ask.question, age_s)
            rcode = received.rcode
        except (ForwardFailure, NameFault, IndexError):  # nobody answered, or with records that are none
            found, rcode = (), SERVFAIL
        self._count(turn, rcode, is_own=True)
        sections = said.sections._replace(rcode=rcode, answer=said.sections.answer + found)
        return turn.finished(sections, write(turn.query.name, sections, turn.room()))


def _refused(query: Query) -> int:
    """The code for what is not answered on principle; 0 for all else."""
    if query.edns is not None and query.edns.version:
        return BADVERS
    if query.type == 0:
        return FORMERR
    return REFUSED if query.class_ != IN or query.type in _TRANSFERS else 0


class _Turn:
    """One message and how it is to be answered."""

    __slots__ = ("began_s", "family", "limit", "message", "protocol", "query")

    def __init__(self, message: bytes, query: Query, protocol: str, family: int, limit: int) -> None:
        self.message, self.query, self.protocol, self.family, self.limit = message, query, protocol, family, limit
        self.began_s = time.perf_counter()

    def ask(self, name: bytes) -> Ask:
        """The question for others about ``name``."""
        edns = self.query.edns
        disabled = bool(self.query.flags & 0x10)
        return Ask(name, self.query.type, self.query.class_, bool(edns and edns.is_dnssec_ok), disabled)

    def room(self) -> int:
        """How long the body may be."""
        return self.limit - self.query.end - (OPT_BYTES if self.query.edns else 0)

    def is_common(self) -> bool:
        """Whether others will send the very same bytes, and whether upper and lower case differ only in the name."""
        rest = self.message[2:HEADER] + self.message[self.query.end - 4 :]
        return len(self.message) - self.query.end in (0, OPT_BYTES) and rest.lower() == rest.upper()

    def opt(self, rcode: int) -> bytes:
        """The OPT record of the answer."""
        return opt(self.query, rcode)

    def head(self, sections: Sections, body: Body) -> bytes:
        """The head of an answer of ours."""
        flags = HAS_RECURSION | (IS_AUTHORITATIVE if sections.is_authoritative else 0)
        return head(self.query, sections.rcode, body.counts, flags | (IS_TRUNCATED if body.is_truncated else 0))

    def finished(self, sections: Sections, body: Body) -> bytes:
        """The whole answer from our zones."""
        flags = HAS_RECURSION | (IS_AUTHORITATIVE if sections.is_authoritative else 0)
        return self.assembled(body, sections.rcode, flags)

    def assembled(self, body: Body, rcode: int, flags: int) -> bytes:
        """The whole answer."""
        flags |= IS_TRUNCATED if body.is_truncated else 0
        made = self.message[:2] + head(self.query, rcode, body.counts, flags)
        return made + self.message[HEADER : self.query.end] + body.content + opt(self.query, rcode)
