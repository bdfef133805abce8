"""Received: answers of other servers, checked, and kept so that they can be given on byte for byte.

Shape: ``read_answer`` checks and measures a message once; ``given_on`` makes the part after the question from it.
What follows the question may be copied as it is, because its pointers count from the start of the message and the
client's question is as long as ours was.
Source: RFC 1035 section 7.3; RFC 2308 section 5; RFC 3597 section 4 (which types have compressed names).
"""

import struct
from typing import Final, NamedTuple

from fairway.dns.names import NameFault, read_name
from fairway.dns.wire import (
    CNAME,
    HEADER,
    IS_ANSWER,
    IS_AUTHENTIC,
    IS_TRUNCATED,
    MX,
    NOERROR,
    NS,
    NXDOMAIN,
    OPT,
    PTR,
    SOA,
    SRV,
    Body,
    RRset,
)

MAX_TTL_S: Final = 3600
MAX_NEGATIVE_TTL_S: Final = 1800
_SIX = struct.Struct(">6H")
_RECORD = struct.Struct(">HHIH")


class ReceivedFault(ValueError):
    """A message that is no answer to what was asked."""


class Record(NamedTuple):
    """Where one record lies, counted from the end of the question."""

    section: int
    type: int
    start: int
    ttl_at: int
    ttl_s: int
    end: int


class Received(NamedTuple):
    """An answer; ``life_s`` is how long it may be kept, 0 if not at all."""

    rcode: int
    is_authentic: bool
    is_truncated: bool
    content: bytes
    records: tuple[Record, ...]
    life_s: int

    @property
    def answers(self) -> int:
        """How many records the answer section has."""
        return sum(record.section == 0 for record in self.records)


def read_answer(message: bytes, question: bytes) -> Received:
    """Check an answer against the question that was sent.  Raises: ``ReceivedFault``."""
    end = HEADER + len(question)
    if len(message) < HEADER or not message[2] & IS_ANSWER >> 8:
        raise ReceivedFault("not an answer")
    _, flags, questions, *counts = _SIX.unpack_from(message)
    if flags & 0xF and not questions:
        return Received(flags & 0xF, False, False, b"", (), 0)
    if questions != 1 or message[HEADER:end].lower() != question.lower():
        raise ReceivedFault("answers another question")
    is_truncated = bool(flags & IS_TRUNCATED)
    try:
        records = () if is_truncated else tuple(_records(message, end, counts))
    except (IndexError, struct.error, NameFault) as fault:
        raise ReceivedFault("a damaged answer") from fault
    content = message[end : end + records[-1].end] if records else b""
    rcode = flags & 0xF
    return Received(
        rcode, bool(flags & IS_AUTHENTIC), is_truncated, content, records, _life_s(rcode, records, message, end)
    )


def _records(message: bytes, base: int, counts: list[int]) -> list[Record]:
    """All records up to the first OPT, which concerns only us and whoever answered."""
    found: list[Record] = []
    at = base
    for section, count in enumerate(counts):
        for _ in range(count):
            _, name_end = read_name(message, at)
            kind, _, ttl_s, length = _RECORD.unpack_from(message, name_end)
            end = name_end + _RECORD.size + length
            if end > len(message):
                raise NameFault("a record ends behind the message")
            if kind == OPT:
                return found
            ttl_s = 0 if ttl_s & 0x80000000 else ttl_s
            found.append(Record(section, kind, at - base, name_end + 4 - base, ttl_s, end - base))
            at = end
    return found


def _life_s(rcode: int, records: tuple[Record, ...], message: bytes, base: int) -> int:
    """The shortest life of a record; of a negative answer what its SOA allows."""
    if rcode not in (NOERROR, NXDOMAIN):
        return 0
    answers = [record.ttl_s for record in records if record.section == 0]
    is_negative = rcode == NXDOMAIN or not any(r.section == 0 and r.type != CNAME for r in records)
    if not is_negative:
        return min(*answers, MAX_TTL_S)
    for record in records:
        if record.section == 1 and record.type == SOA and record.end - record.ttl_at >= 4:
            minimum = int.from_bytes(message[base + record.end - 4 : base + record.end], "big")
            return min([record.ttl_s, minimum, MAX_NEGATIVE_TTL_S, *answers])
    return 0


def given_on(received: Received, age_s: int, room: int) -> Body:
    """What follows the question: lives shortened by ``age_s``, as many whole records as fit."""
    fitting = [record for record in received.records if record.end <= room]
    content = bytearray(received.content[: fitting[-1].end] if fitting else b"")
    if age_s:
        for record in fitting:
            struct.pack_into(">I", content, record.ttl_at, max(record.ttl_s - age_s, 0))
    lost = received.records[len(fitting) :]
    counts = tuple(sum(record.section == section for record in fitting) for section in range(3))
    is_truncated = received.is_truncated or any(record.section < 2 for record in lost)
    return Body((counts[0], counts[1], counts[2]), bytes(content), is_truncated)


def answer_sets(received: Received, question: bytes, age_s: int) -> tuple[RRset, ...]:
    """The records of the answer section, with their names written out."""
    message = bytes(HEADER) + question + received.content
    base = HEADER + len(question)
    found = []
    for record in received.records:
        if record.section == 0:
            name, at = read_name(message, base + record.start)
            rdata = _expanded(message, record.type, at + _RECORD.size, base + record.end)
            found.append(RRset(name.lower(), record.type, max(record.ttl_s - age_s, 0), [rdata]))
    return tuple(found)


def _expanded(message: bytes, kind: int, start: int, end: int) -> bytes:
    if kind in (NS, CNAME, PTR):
        return read_name(message, start)[0]
    if kind in (MX, SRV):
        fixed = 2 if kind == MX else 6
        return message[start : start + fixed] + read_name(message, start + fixed)[0]
    if kind == SOA:
        first, at = read_name(message, start)
        second, at = read_name(message, at)
        return first + second + message[at:end]
    return message[start:end]
