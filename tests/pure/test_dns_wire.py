"""Messages on the wire, with another implementation as the oracle."""

import struct
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from dns_cases import service, zone_of
from hypothesis import given
from hypothesis import strategies as st

from fairway.dns.answers import Prepared, Ready, rotations, tails
from fairway.dns.exchange import Ask, query_of
from fairway.dns.forward import Forwarder
from fairway.dns.metrics import DnsMetrics
from fairway.dns.names import NameFault, labels_of, name_text, read_name, reverse_name, reverse_prefix, wire_name
from fairway.dns.received import ReceivedFault, answer_sets, given_on, read_answer
from fairway.dns.responder import Responder
from fairway.dns.upstreams import Upstreams, servers_of, upstream_of
from fairway.dns.wire import (
    AAAA,
    CNAME,
    HEADER,
    NS,
    PTR,
    SRV,
    TXT,
    A,
    Refusal,
    RRset,
    Sections,
    head,
    read_query,
    write,
)

LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_", min_size=1, max_size=12)
NAME = st.lists(LABEL, min_size=1, max_size=6).map(lambda labels: wire_name(".".join(labels)))
TARGET = st.sampled_from([wire_name(f"{host}.db.default.svc.cluster.local") for host in "ab"]) | NAME
RRSETS = st.one_of(
    st.builds(RRset, NAME, st.just(A), st.just(5), st.lists(st.binary(min_size=4, max_size=4), min_size=1, max_size=9)),
    st.builds(
        RRset, NAME, st.just(AAAA), st.just(5), st.lists(st.binary(min_size=16, max_size=16), min_size=1, max_size=4)
    ),
    st.builds(RRset, NAME, st.sampled_from([CNAME, PTR, NS]), st.just(5), st.lists(TARGET, min_size=1, max_size=3)),
    st.builds(
        RRset, NAME, st.just(SRV), st.just(5),
        st.lists(TARGET.map(lambda name: struct.pack(">HHH", 0, 50, 80) + name), min_size=1, max_size=4),
    ),
    st.builds(RRset, NAME, st.just(TXT), st.just(5), st.just([b"\x051.1.0"])),
)  # fmt: skip


def read(question_name: bytes, sections: Sections, room: int = 65000) -> dns.message.Message:
    message = dns.message.make_query(name_text(question_name), "A", use_edns=False).to_wire()
    query = read_query(message)
    body = write(question_name, sections, room)
    made = message[:2] + head(query, sections.rcode, body.counts, 0) + message[HEADER : query.end] + body.content
    assert len(body.content) <= room
    return dns.message.from_wire(made, one_rr_per_rrset=True)


@given(NAME, st.lists(RRSETS, max_size=5), st.lists(RRSETS, max_size=3), st.lists(RRSETS, max_size=3))
def test_what_is_written_is_what_another_implementation_reads(
    name: bytes, answer: list[RRset], authority: list[RRset], additional: list[RRset]
) -> None:
    message = read(name, Sections(0, tuple(answer), tuple(authority), tuple(additional)))
    for found, wanted in ((message.answer, answer), (message.authority, authority), (message.additional, additional)):
        records = [(each.name.to_wire(), each.rdtype, each[0].to_wire()) for each in found]
        assert records == [(each.name, each.type, rdata) for each in wanted for rdata in each.rdatas]


@given(NAME, st.lists(RRSETS, max_size=5), st.integers(0, 300))
def test_however_little_room_there_is_the_answer_is_whole_records_from_the_first(
    name: bytes, answer: list[RRset], room: int
) -> None:
    message = read(name, Sections(0, tuple(answer)), room)
    wanted = [rdata for each in answer for rdata in each.rdatas]
    found = [each[0].to_wire() for each in message.answer]
    assert found == wanted[: len(found)]
    assert write(name, Sections(0, tuple(answer)), room).is_truncated == (len(found) < len(wanted))


@given(NAME, st.sampled_from(["A", "AAAA", "SRV", "HTTPS"]), st.booleans(), st.booleans(), st.booleans())
def test_queries_of_another_implementation_are_read(name: bytes, kind: str, edns: bool, dnssec: bool, cd: bool) -> None:
    flags = dns.flags.RD | (dns.flags.CD if cd else 0)
    made = dns.message.make_query(
        name_text(name).upper(), kind, use_edns=0 if edns else False, want_dnssec=dnssec and edns, flags=flags
    )
    query = read_query(made.to_wire())
    assert (query.name, query.type, query.class_) == (name, dns.rdatatype.from_text(kind), 1)
    assert (query.edns is not None) == edns
    if query.edns:
        assert query.edns.is_dnssec_ok == dnssec
        assert query.edns.size == made.payload


@given(st.binary(max_size=80))
def test_no_bytes_break_the_reader(message: bytes) -> None:
    try:
        read_query(message)
    except Refusal:
        return


VALID = dns.message.make_query("web.default.svc.cluster.local", "A", use_edns=0).to_wire()


def responder() -> Responder:
    metrics = DnsMetrics()
    made = Responder(
        zone_of(service("web", ip="10.96.0.17")), Forwarder(Upstreams(Path("/nonexistent")), metrics), metrics
    )
    made.synced()
    return made


@given(st.binary(max_size=60), st.integers(0, 60), st.booleans())
def test_damaged_queries_are_answered_or_left_but_never_break_the_server(damage: bytes, at: int, is_tcp: bool) -> None:
    message = VALID[:at] + damage + VALID[at + len(damage) :]
    answer = responder().respond(message, is_tcp=is_tcp)
    if isinstance(answer, bytes):
        assert answer[:2] == message[:2]
        assert answer[2] & 0x80
        dns.message.from_wire(answer)
    elif answer is not None:
        answer.close()


@given(st.binary(max_size=120))
def test_no_answer_of_others_breaks_us(message: bytes) -> None:
    question = wire_name("example.org") + b"\0\1\0\1"
    try:
        received = read_answer(message[:2] + b"\x81\x80\0\1" + message[6:12] + question + message[12:], question)
        given_on(received, 1, 400)
        answer_sets(received, question, 1)
    except (ReceivedFault, IndexError, NameFault):
        return


def test_refused_messages_are_named() -> None:
    for change, rcode in (
        (b"\0\1\x28\0\0\1\0\0\0\0\0\0", 4),
        (b"\0\1\1\0\0\2\0\0\0\0\0\0", 1),
        (b"\0\1\1\0\0\1\0\1\0\0\0\0", 1),
    ):
        with pytest.raises(Refusal) as refusal:
            read_query(change + VALID[12:])
        assert refusal.value.rcode == rcode
    with pytest.raises(Refusal) as refusal:
        read_query(b"\0\1\x80\0\0\1\0\0\0\0\0\0" + VALID[12:])
    assert refusal.value.rcode is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (dns.message.make_query("web.default.svc.cluster.local", "A", use_edns=1), "BADVERS"),
        (dns.message.make_query("version.bind", "TXT", "CH"), "REFUSED"),
        (dns.message.make_query("cluster.local", "AXFR"), "REFUSED"),
        (dns.message.make_query("web.default.svc.cluster.local", "A"), "NOERROR"),
    ],
)
def test_what_is_not_done_is_refused_by_its_code(query: dns.message.Message, expected: str) -> None:
    answer = responder().respond(query.to_wire(), is_tcp=False)
    assert isinstance(answer, bytes)
    assert dns.rcode.to_text(dns.message.from_wire(answer).rcode()) == expected


def test_the_start_of_the_zone_is_never_told_from_memory_since_its_serial_goes_up() -> None:
    server = responder()
    for kind in ("SOA", "NS"):
        server.respond(dns.message.make_query("cluster.local", kind, use_edns=0).to_wire(), is_tcp=False)
    assert len(server.prepared.entries) == 1


def test_what_is_kept_ready_is_told_as_it_is_now() -> None:
    server = responder()
    server.respond(VALID, is_tcp=False)
    assert "fairway_dns_prepared_answers 1\n" in server.metrics.text()
    server.touch({"default/web"})
    assert "fairway_dns_prepared_answers 0\n" in server.metrics.text()


def test_a_prepared_answer_serves_every_id_and_case_and_not_another_type() -> None:
    server = responder()
    first = server.respond(VALID, is_tcp=False)
    (key,) = server.prepared.entries
    assert key == VALID[2:]
    ready = server.prepared.entries[key]
    assert isinstance(first, bytes)
    assert VALID[:2] + ready.head + VALID[12 : ready.end] + next(ready.tails) == first
    upper = dns.message.make_query("WEB.default.svc.cluster.local", "A", use_edns=0, id=7).to_wire()
    assert upper[2:].lower() == key
    server.respond(dns.message.make_query("web.default.svc.cluster.local", "HTTPS", use_edns=0).to_wire(), is_tcp=False)
    assert list(server.prepared.entries) == [key], "the type's bytes look like a letter: not kept"
    server.touch({"default/web"})
    assert not server.prepared.entries


def test_a_full_cache_starts_anew() -> None:
    prepared = Prepared(limit=2)
    ready = Ready(b"", 0, tails([b"x"]), [0])
    for key in (b"a", b"b", b"c"):
        prepared.put(key, ready, ("t",), 1)
    assert list(prepared.entries) == [b"c"]
    prepared.drop(("t",))
    assert not prepared.entries


def test_large_answers_fill_a_cache_sooner() -> None:
    prepared = Prepared(limit_bytes=100)
    for key in (b"a", b"b", b"c", b"d"):
        prepared.put(key, Ready(b"", 0, tails([b"x"]), [0]), (key.decode(),), 40)
    assert list(prepared.entries) == [b"c", b"d"]


def test_answers_of_several_records_come_in_turns() -> None:
    rrset = RRset(wire_name("a"), A, 5, [b"1111", b"2222", b"3333"])
    orders = [list(each.answer[0].rdatas) for each in rotations(Sections(0, (rrset,)))]
    assert orders == [[b"1111", b"2222", b"3333"], [b"2222", b"3333", b"1111"], [b"3333", b"1111", b"2222"]]


# What others say

EXAMPLE = Ask(wire_name("www.example.org"), A)


def said(*answer: str, authority: tuple[str, ...] = (), rcode: int = 0) -> bytes:
    query = dns.message.from_wire(query_of(EXAMPLE, 7))
    response = dns.message.make_response(query, recursion_available=True)
    response.set_rcode(rcode)
    response.answer = [dns.rrset.from_text(*line.split(maxsplit=4)) for line in answer]  # type: ignore[arg-type]
    response.authority = [dns.rrset.from_text(*line.split(maxsplit=4)) for line in authority]  # type: ignore[arg-type]
    return response.to_wire()


CHAIN = ("www.example.org. 300 IN CNAME web.example.org.", "web.example.org. 60 IN A 192.0.2.1")
NOTHING = "example.org. 900 IN SOA ns.example.org. host.example.org. 1 7200 1800 86400 30"


def test_an_answer_lives_as_long_as_its_shortest_record_and_ages() -> None:
    received = read_answer(said(*CHAIN), EXAMPLE.question)
    assert received.life_s == 60
    body = given_on(received, 10, 500)
    query = query_of(EXAMPLE, 9, has_edns=False)
    made = query[:2] + head(read_query(query), 0, body.counts, 0) + query[12:] + body.content
    assert [rrset.ttl for rrset in dns.message.from_wire(made).answer] == [290, 50]


def test_an_answer_that_says_no_lives_as_its_soa_allows() -> None:
    assert read_answer(said(authority=(NOTHING,), rcode=3), EXAMPLE.question).life_s == 30
    assert read_answer(said(authority=(NOTHING,)), EXAMPLE.question).life_s == 30
    assert read_answer(said(rcode=3), EXAMPLE.question).life_s == 0
    assert read_answer(said(rcode=2), EXAMPLE.question).life_s == 0


def test_an_answer_to_another_question_is_none() -> None:
    with pytest.raises(ReceivedFault):
        read_answer(said(*CHAIN), Ask(wire_name("www.example.com"), A).question)
    with pytest.raises(ReceivedFault):
        read_answer(said(*CHAIN), EXAMPLE._replace(type=AAAA).question)


def test_the_records_of_an_answer_can_be_told_in_another() -> None:
    received = read_answer(said(*CHAIN), EXAMPLE.question)
    assert answer_sets(received, EXAMPLE.question, 0) == (
        RRset(wire_name("www.example.org"), CNAME, 300, [wire_name("web.example.org")]),
        RRset(wire_name("web.example.org"), A, 60, [b"\xc0\0\2\1"]),
    )


def test_a_resolv_conf_names_servers() -> None:
    text = "search x\nnameserver 192.0.2.1\nnameserver not-an-ip\n# nameserver 192.0.2.2\nnameserver fd00::53 # six\n"
    assert [each.host for each in servers_of(text)] == ["192.0.2.1", "fd00::53"]


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("192.0.2.1", "192.0.2.1", 53), ("192.0.2.1:5353", "192.0.2.1", 5353),
        ("fd00::53", "fd00::53", 53), ("[fd00::53]", "fd00::53", 53), ("[fd00::53]:5353", "fd00::53", 5353),
    ],
)  # fmt: skip
def test_a_name_server_may_be_given_with_its_port(text: str, host: str, port: int) -> None:
    assert upstream_of(text) == (host, port)


# Names


@given(NAME)
def test_names_survive_the_way_through_text_and_labels(name: bytes) -> None:
    assert wire_name(name_text(name)) == name
    assert dns.name.from_text(name_text(name)).to_wire() == name
    assert read_name(name, 0) == (name, len(name))
    assert ".".join(labels_of(name)) + "." == name_text(name)


@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
def test_reverse_names_lead_back(packed: bytes) -> None:
    assert reverse_prefix(labels_of(wire_name(reverse_name(packed)))) == packed


@pytest.mark.parametrize("text", ["a..b", "x" * 64, "é.example", ".".join(["abcdefgh"] * 29)])
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(NameFault):
        wire_name(text)


def test_pointers_that_lead_in_a_circle_are_refused() -> None:
    for message in (b"\xc0\x00", b"\x01a\xc0\x00", b"\xc0\x02\xc0\x00"):
        with pytest.raises((NameFault, IndexError)):
            read_name(message, 0)
