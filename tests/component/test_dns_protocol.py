"""What RFC 8906 asks of every DNS server, at real sockets: all that comes gets its code, or rightly no answer."""

import asyncio
import socket
import struct

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
from loops import on_both_loops
from name_server import cluster_dns
from test_dns_server import WEB, service, texts

from fairway.client.memory import MemoryClient
from fairway.dns import responder
from fairway.kinds import SERVICE

VALID = dns.message.make_query(WEB, "A", use_edns=False, id=7).to_wire()
QUESTION = VALID[12:]


@pytest.fixture
def client() -> MemoryClient:
    made = MemoryClient()
    made.put(SERVICE, service("web"))
    made.put(SERVICE, service("six", "fd00:96::17"))
    return made


def headed(flags: int, *counts: int, rest: bytes = QUESTION) -> bytes:
    return struct.pack(">6H", 7, flags, *counts) + rest


OPT = b"\0\0\x29\x04\xd0\0\0\0\0\0\0"
DAMAGED = [
    ("status", headed(0x1000, 1, 0, 0, 0), "NOTIMP"),
    ("notify", headed(0x2000, 1, 0, 0, 0), "NOTIMP"),
    ("update", headed(0x2800, 1, 0, 0, 0), "NOTIMP"),
    ("opcode 15", headed(0x7800, 1, 0, 0, 0), "NOTIMP"),
    ("no question", headed(0x0100, 0, 0, 0, 0, rest=b""), "FORMERR"),
    ("two questions", headed(0x0100, 2, 0, 0, 0, rest=QUESTION * 2), "FORMERR"),
    ("an answer in the query", headed(0x0100, 1, 1, 0, 0), "FORMERR"),
    ("cut in the name", headed(0x0100, 1, 0, 0, 0, rest=QUESTION[:5]), "FORMERR"),
    ("cut before the class", headed(0x0100, 1, 0, 0, 0, rest=QUESTION[:-2]), "FORMERR"),
    ("a label of 64", headed(0x0100, 1, 0, 0, 0, rest=b"\x40" + b"x" * 64 + QUESTION), "FORMERR"),
    ("a pointer in the question", headed(0x0100, 1, 0, 0, 0, rest=b"\xc0\x0c\0\1\0\1"), "FORMERR"),
    ("a name of 256", headed(0x0100, 1, 0, 0, 0, rest=(b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1"), "FORMERR"),
    ("two OPT", headed(0x0100, 1, 0, 0, 2, rest=QUESTION + OPT * 2), "FORMERR"),
    ("OPT with a name", headed(0x0100, 1, 0, 0, 1, rest=QUESTION + b"\1x" + OPT), "FORMERR"),
    ("OPT longer than the message", headed(0x0100, 1, 0, 0, 1, rest=QUESTION + OPT[:-1] + b"\x09"), "FORMERR"),
    ("type 0", headed(0x0100, 1, 0, 0, 0, rest=QUESTION[:-4] + b"\0\0\0\1"), "FORMERR"),
]


@on_both_loops
async def test_what_is_damaged_or_not_done_gets_its_code_and_the_server_goes_on(client: MemoryClient) -> None:
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        for what, message, expected in DAMAGED:
            for over in (running.over_udp, running.over_tcp):
                answer = await over(message)
                assert answer[:2] == message[:2], what
                assert answer[2] >> 7, what
                assert dns.rcode.to_text(dns.rcode.Rcode(answer[3] & 15)) == expected, what
        assert texts(await running.ask(WEB)) == ["A 10.96.0.17"]


@on_both_loops
async def test_what_is_no_question_gets_no_answer(client: MemoryClient) -> None:
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(("127.0.0.1", running.port))
            for message in (b"", b"\0", VALID[:11], headed(0x8100, 1, 0, 0, 0)):
                await loop.sock_sendall(sock, message)
            await loop.sock_sendall(sock, VALID)
            async with asyncio.timeout(30):
                first = await loop.sock_recv(sock, 4096)
            assert texts(dns.message.from_wire(first)) == ["A 10.96.0.17"], "the first answer is that to the last"


@on_both_loops
async def test_extensions_are_answered_as_far_as_they_are_known(client: MemoryClient) -> None:
    unknown = dns.edns.GenericOption(100, b"xyz")
    cookie = dns.edns.GenericOption(10, b"12345678")
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        plain = await running.ask(WEB, use_edns=False)
        assert plain.edns == -1, "none asked, none told"
        for more in (
            {"use_edns": 0}, {"use_edns": 0, "options": [unknown]}, {"use_edns": 0, "options": [cookie]},
            {"use_edns": 0, "payload": 100}, {"use_edns": 0, "ednsflags": 0x4000},
        ):  # fmt: skip
            answer = await running.ask(WEB, **more)  # type: ignore[arg-type]
            assert (answer.rcode(), answer.edns, answer.payload) == (0, 0, 1232)
            assert (texts(answer), answer.options, answer.ednsflags) == (["A 10.96.0.17"], (), 0)
        signed = await running.ask(WEB, want_dnssec=True)
        assert signed.ednsflags & dns.flags.DO
        newer = await running.ask(WEB, use_edns=1)
        assert (newer.rcode(), newer.edns, newer.answer) == (dns.rcode.BADVERS, 0, [])


@on_both_loops
async def test_unknown_types_classes_and_flags(client: MemoryClient) -> None:
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        for kind in ("TYPE666", "HTTPS", "MX", "DS", "DNSKEY"):
            answer = await running.ask(WEB, kind)
            assert (answer.rcode(), answer.answer) == (dns.rcode.NOERROR, [])
            assert answer.authority[0].rdtype == dns.rdatatype.SOA
        every = await running.ask(WEB, "ANY")
        assert texts(every) == ["A 10.96.0.17"]
        chaos = await running.ask("version.bind", "TXT", rdclass=dns.rdataclass.CH)
        assert chaos.rcode() == dns.rcode.REFUSED
        for kind in ("AXFR", "IXFR"):
            assert (await running.ask("cluster.local", kind)).rcode() == dns.rcode.REFUSED
        with_z = await running.over_udp(headed(0x0140, 1, 0, 0, 0))
        assert not with_z[3] & 0x40, "the reserved bit does not come back"
        silent = dns.message.from_wire(await running.over_udp(headed(0x0000, 1, 0, 0, 0)))
        assert not silent.flags & dns.flags.RD
        assert silent.flags & dns.flags.AA


@on_both_loops
async def test_letters_come_back_as_they_were_sent(client: MemoryClient) -> None:
    """Resolvers mix upper and lower case at random and take no other answer (0x20)."""
    name = "wEb.dEfaULt.SVC.cLUster.LOCaL"
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        await running.ask(WEB)
        for tcp in (False, True):
            answer = await running.ask(name, tcp=tcp)
            assert answer.question[0].name.to_text() == f"{name}."
            assert answer.answer[0].name.to_text() == f"{name}."


@on_both_loops
async def test_it_answers_over_both_families(client: MemoryClient) -> None:
    async with cluster_dns(client, listen=("127.0.0.1", "::1")) as running:
        await running.dns.wait_ready()
        query = dns.message.make_query("six.default.svc.cluster.local", "AAAA")
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)
            sock.connect(("::1", running.dns.ports[1]))
            await loop.sock_sendall(sock, query.to_wire())
            async with asyncio.timeout(30):
                said = dns.message.from_wire(await loop.sock_recv(sock, 4096))
        assert texts(said) == ["AAAA fd00:96::17"]
        assert 'family="2",type="AAAA"' in running.dns.metrics.text()


@on_both_loops
async def test_a_question_before_the_cluster_is_known_waits_for_it() -> None:
    client = MemoryClient()
    client.failures["list"] = [ConnectionRefusedError()] * 3
    client.put(SERVICE, service("web"))
    async with cluster_dns(client) as running:
        udp, tcp = await asyncio.gather(running.ask(WEB), running.ask(WEB, tcp=True))
        assert texts(udp) == texts(tcp) == ["A 10.96.0.17"]


@on_both_loops
async def test_a_question_that_waited_long_enough_is_a_failure_and_not_a_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responder, "SYNC_PATIENCE_S", 0.05)
    client = MemoryClient()
    client.failures["list"] = [ConnectionRefusedError()] * 1000
    async with cluster_dns(client) as running:
        assert (await running.ask(WEB)).rcode() == dns.rcode.SERVFAIL
        client.failures.clear()
        client.put(SERVICE, service("web"))
        await running.dns.wait_ready()
        assert texts(await running.ask(WEB)) == ["A 10.96.0.17"]


@on_both_loops
async def test_who_asks_no_more_gets_what_was_asked_and_is_let_go(client: MemoryClient) -> None:
    """A client may end its side of the connection at once; the answer may come later."""
    client.failures["list"] = [ConnectionRefusedError()] * 3
    async with cluster_dns(client) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(len(VALID).to_bytes(2, "big") + VALID)
        writer.write_eof()
        async with asyncio.timeout(30):
            said = await reader.read()
        assert texts(dns.message.from_wire(said[2:])) == ["A 10.96.0.17"]
        writer.close()
