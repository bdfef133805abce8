"""Wire: DNS messages as bytes: queries are read, answers are written.

Shape: ``read_query`` gives a ``Query``; ``Sections`` are what is to be said; ``write`` makes the body that follows the
question, which may be kept and sent again to whoever asks the same with another id or other letters.
Rules for those who change it: nothing here may fail in any other way than by ``Refusal``, whatever the bytes are.
Source: RFC 1035 section 4; RFC 6891; RFC 2782 (the target of an SRV record is not compressed).
"""

import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from fairway.dns.names import NameFault, skip_name

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV, OPT, ANY = 1, 2, 5, 6, 12, 15, 16, 28, 33, 41, 255
IN: Final = 1
TYPE_NAMES: Final = {
    A: "A", NS: "NS", CNAME: "CNAME", SOA: "SOA", PTR: "PTR", MX: "MX", TXT: "TXT", AAAA: "AAAA", SRV: "SRV",
    64: "SVCB", 65: "HTTPS", ANY: "ANY",
}  # fmt: skip

NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, BADVERS = 0, 1, 2, 3, 4, 5, 16
RCODE_NAMES: Final = {
    NOERROR: "NOERROR", FORMERR: "FORMERR", SERVFAIL: "SERVFAIL", NXDOMAIN: "NXDOMAIN", NOTIMP: "NOTIMP",
    REFUSED: "REFUSED", BADVERS: "BADVERS",
}  # fmt: skip

IS_ANSWER, IS_AUTHORITATIVE, IS_TRUNCATED, WANTS_RECURSION, HAS_RECURSION = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
IS_AUTHENTIC, CHECKING_DISABLED = 0x0020, 0x0010
OPCODE: Final = 0x7800

HEADER: Final = 12
PLAIN_LIMIT: Final = 512
EDNS_LIMIT: Final = 1232
"""What goes through any network in one piece (DNS Flag Day 2020)."""
TCP_LIMIT: Final = 65535
OPT_BYTES: Final = 11

_SIX = struct.Struct(">6H")
_RECORD = struct.Struct(">HHIH")
_OPT_HEAD = struct.Struct(">BHHIH")
_IS_DNSSEC_OK = 0x8000
_POINTER = 0xC000
_POINTABLE = 0x4000


class Refusal(Exception):
    """A message that is answered with a bare rcode, or, where that is ``None``, not at all."""

    def __init__(self, rcode: int | None) -> None:
        super().__init__(rcode)
        self.rcode = rcode


class Edns(NamedTuple):
    """What the OPT record of a query says."""

    size: int
    version: int
    is_dnssec_ok: bool


class Query(NamedTuple):
    """A question.  ``name`` is in lower case; ``end`` is where the question ends in the message."""

    flags: int
    name: bytes
    type: int
    class_: int
    end: int
    edns: Edns | None

    def limit(self, *, is_tcp: bool) -> int:
        """How long an answer may be."""
        if is_tcp:
            return TCP_LIMIT
        return min(max(self.edns.size, PLAIN_LIMIT), EDNS_LIMIT) if self.edns else PLAIN_LIMIT


class RRset(NamedTuple):
    """Records of one name and type; names in ``rdatas`` are not compressed."""

    name: bytes
    type: int
    ttl_s: int
    rdatas: Sequence[bytes]


class Sections(NamedTuple):
    """What an answer says after the question."""

    rcode: int = NOERROR
    answer: tuple[RRset, ...] = ()
    authority: tuple[RRset, ...] = ()
    additional: tuple[RRset, ...] = ()
    is_authoritative: bool = True


class Body(NamedTuple):
    """What follows the question, without OPT, and how many records each section has."""

    counts: tuple[int, int, int]
    content: bytes
    is_truncated: bool


def read_query(message: bytes) -> Query:
    """The question that a message asks.  Raises: ``Refusal``."""
    if len(message) < HEADER:
        raise Refusal(None)
    _, flags, questions, answers, authorities, additionals = _SIX.unpack_from(message)
    if flags & IS_ANSWER:
        raise Refusal(None)
    if flags & OPCODE:
        raise Refusal(NOTIMP)
    if questions != 1 or answers or authorities:
        raise Refusal(FORMERR)
    try:
        at = skip_name(message, HEADER)
        kind, class_ = struct.unpack_from(">HH", message, at)
        edns = _read_edns(message, at + 4, additionals)
    except (NameFault, IndexError, struct.error):
        raise Refusal(FORMERR) from None
    return Query(flags, message[HEADER:at].lower(), kind, class_, at + 4, edns)


def _read_edns(message: bytes, at: int, count: int) -> Edns | None:
    found = None
    for _ in range(count):
        name_end = skip_name(message, at)
        kind, size, flags, length = _RECORD.unpack_from(message, name_end)
        if kind == OPT:
            if found or name_end != at + 1:
                raise Refusal(FORMERR)
            found = Edns(size, flags >> 16 & 0xFF, bool(flags & _IS_DNSSEC_OK))
        at = name_end + _RECORD.size + length
        if at > len(message):
            raise Refusal(FORMERR)
    return found


def head(query: Query, rcode: int, counts: Sequence[int], more_flags: int) -> bytes:
    """The ten bytes between the id and the question of an answer."""
    flags = IS_ANSWER | query.flags & (WANTS_RECURSION | CHECKING_DISABLED) | more_flags | rcode & 0xF
    answers, authorities, additionals = counts
    return _SIX.pack(0, flags, 1, answers, authorities, additionals + (query.edns is not None))[2:]


def opt(query: Query, rcode: int) -> bytes:
    """The OPT record that answers that of the query; empty if it has none."""
    if query.edns is None:
        return b""
    flags = rcode >> 4 << 24 | (_IS_DNSSEC_OK if query.edns.is_dnssec_ok else 0)
    return _OPT_HEAD.pack(0, OPT, EDNS_LIMIT, flags, 0)


def bare(message: bytes, query: Query | None, rcode: int) -> bytes:
    """An answer that says nothing but a code; without a query, because that could not be read, without question."""
    if query is None:
        flags = int.from_bytes(message[2:4], "big") & (OPCODE | WANTS_RECURSION) | IS_ANSWER | rcode
        return message[:2] + struct.pack(">5H", flags, 0, 0, 0, 0)
    return message[:2] + head(query, rcode, (0, 0, 0), HAS_RECURSION) + message[HEADER : query.end] + opt(query, rcode)


def write(question_name: bytes, sections: Sections, room: int) -> Body:
    """The body of an answer, at most ``room`` bytes long.

    Records of the additional section are left out silently, others with a mark that the answer is truncated.
    """
    writer = _Writer(question_name)
    counts = []
    is_truncated = False
    for place, rrsets in enumerate((sections.answer, sections.authority, sections.additional)):
        count = 0
        for rrset in rrsets:
            written = writer.write(rrset, room) if not is_truncated else 0
            count += written
            is_truncated |= place < 2 and written < len(rrset.rdatas)
        counts.append(count)
    return Body((counts[0], counts[1], counts[2]), bytes(writer.content), is_truncated)


class _Writer:
    """Records behind one another, names that were there before as pointers."""

    def __init__(self, question_name: bytes) -> None:
        self.content = bytearray()
        self._base = HEADER + len(question_name) + 4
        self._known: dict[bytes, int] = {}
        self._remember(question_name, HEADER)

    def write(self, rrset: RRset, room: int) -> int:
        """As many records of the set as fit; their number."""
        content = self.content
        for count, rdata in enumerate(rrset.rdatas):
            start = len(content)
            self._name(rrset.name)
            content += _RECORD.pack(rrset.type, IN, rrset.ttl_s, 0)
            rdata_start = len(content)
            self._rdata(rrset.type, rdata)
            if len(content) > room:
                del content[start:]
                self._known = {name: at for name, at in self._known.items() if at < self._base + start}
                return count
            struct.pack_into(">H", content, rdata_start - 2, len(content) - rdata_start)
        return len(rrset.rdatas)

    def _rdata(self, kind: int, rdata: bytes) -> None:
        if kind in (CNAME, NS, PTR):
            self._name(rdata)
        elif kind == SRV:
            self._remember(rdata[6:], self._base + len(self.content) + 6)
            self.content += rdata
        else:
            self.content += rdata

    def _name(self, name: bytes) -> None:
        place = self._base + len(self.content)
        at = 0
        while name[at]:
            pointed = self._known.get(name[at:])
            if pointed is not None:
                self.content += name[:at] + (_POINTER | pointed).to_bytes(2, "big")
                break
            at += 1 + name[at]
        else:
            self.content += name
        self._remember(name[:at], place, name[at:])

    def _remember(self, name: bytes, place: int, rest: bytes = b"") -> None:
        """Each suffix of a name that lies at ``place``, ``rest`` of which is known already."""
        at = 0
        while at < len(name) and name[at] and place + at < _POINTABLE:
            self._known.setdefault(name[at:] + rest, place + at)
            at += 1 + name[at]
