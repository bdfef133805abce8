"""Cluster DNS at real sockets: both transports, changes, and other name servers on loopback."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import pytest
from loops import on_both_loops
from name_server import NameServer, Running, closed_port, cluster_dns, name_server

from fairway.client.interface import WatchEvent
from fairway.client.memory import MemoryClient
from fairway.dns import forward, server
from fairway.dns.exchange import Upstream
from fairway.kinds import ENDPOINT_SLICE, SERVICE
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.labels import parse

WEB = "web.default.svc.cluster.local"


def service(name: str, ip: str = "10.96.0.17", **spec: Any) -> Object:
    ports = [{"name": "http", "protocol": "TCP", "port": 80}]
    return {
        "kind": "Service", "metadata": {"name": name, "namespace": "default", "uid": name},
        "spec": {"clusterIP": ip, "clusterIPs": [ip], "ports": ports, **spec},
    }  # fmt: skip


def headless_slice(name: str, count: int) -> Object:
    labels = {"kubernetes.io/service-name": name, "service.kubernetes.io/headless": ""}
    return {
        "kind": "EndpointSlice", "metadata": {"name": f"{name}-1", "namespace": "default", "labels": labels},
        "addressType": "IPv4", "ports": [{"name": "http", "protocol": "TCP", "port": 8080}],
        "endpoints": [{"addresses": [f"10.244.{n >> 8}.{n & 255}"], "conditions": {}} for n in range(1, count + 1)],
    }  # fmt: skip


class Selecting(MemoryClient):
    """One that regards label selectors, for objects whose labels stay."""

    async def list(
        self, kind: Kind, namespace: str | None = None, *, labels: str = "", fields: str = "",
        keep: Callable[[Object], Object] | None = None,
    ) -> tuple[list[Object], str]:  # fmt: skip
        found, revision = await super().list(kind, namespace)
        chosen = [each for each in found if parse(labels).matches(each["metadata"].get("labels"))]
        return [keep(each) for each in chosen] if keep else chosen, revision

    async def watch(
        self, kind: Kind, namespace: str | None = None, *, revision: str, labels: str = "", fields: str = ""
    ) -> AsyncIterator[WatchEvent]:
        async for event in super().watch(kind, namespace, revision=revision):
            if parse(labels).matches(event.object["metadata"].get("labels")):
                yield event


def texts(message: dns.message.Message) -> list[str]:
    return [f"{dns.rdatatype.to_text(each.rdtype)} {data}" for each in message.answer for data in each]


@pytest.fixture
def client() -> MemoryClient:
    made = MemoryClient()
    made.put(SERVICE, service("web"))
    return made


@pytest.mark.parametrize("tcp", [False, True], ids=["udp", "tcp"])
@on_both_loops
async def test_both_transports_answer(client: MemoryClient, tcp: bool) -> None:
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        for _ in range(2):  # the second is prepared
            answer = await running.ask(WEB, tcp=tcp)
            assert texts(answer) == ["A 10.96.0.17"]
            assert answer.flags & dns.flags.AA
            assert answer.flags & dns.flags.RA
        assert (await running.ask("no.default.svc.cluster.local", tcp=tcp)).rcode() == dns.rcode.NXDOMAIN


@pytest.mark.skipif(shutil.which("dig") is None, reason="needs dig")
@on_both_loops
async def test_dig_finds_nothing_to_complain_of(client: MemoryClient) -> None:
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        for words in (("+notcp",), ("+tcp",), ("+noedns",), ("+dnssec",), ("+nocookie",)):
            said = await running.dig(*words, f"_http._tcp.{WEB}", "SRV")
            assert not [line for line in said if "WARNING" in line and "Multicast" not in line]
            assert any(line.split()[3:] == ["SRV", "0", "100", "80", f"{WEB}."] for line in said)
        assert (await running.dig("+short", "-x", "10.96.0.17")) == [f"{WEB}."]
        said = await running.dig(WEB, "AAAA")
        assert any("status: NOERROR" in line for line in said)
        assert any("ANSWER: 0, AUTHORITY: 1" in line for line in said)


@on_both_loops
async def test_a_change_is_told_from_the_next_question_on(client: MemoryClient) -> None:
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        asked = []
        for number in range(20, 40):
            client.put(SERVICE, service("web", f"10.96.0.{number}"))
            asked.append(1)
            while texts(await running.ask(WEB)) != [f"A 10.96.0.{number}"]:
                asked[-1] += 1
        assert sorted(asked)[10] <= 3
        client.remove(SERVICE, "default", "web")
        while (await running.ask(WEB)).rcode() != dns.rcode.NXDOMAIN:
            pass


@on_both_loops
async def test_an_external_name_becomes_an_address(client: MemoryClient) -> None:
    client.put(SERVICE, {**service("flip", type="ExternalName", externalName="example.org")})
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        assert texts(await running.ask("flip.default.svc.cluster.local", "CNAME")) == ["CNAME example.org."]
        client.put(SERVICE, service("flip", "10.96.0.33"))
        began_s = asyncio.get_running_loop().time()
        while texts(await running.ask("flip.default.svc.cluster.local")) != ["A 10.96.0.33"]:
            assert asyncio.get_running_loop().time() - began_s < 5
        assert texts(await running.ask("flip.default.svc.cluster.local", "CNAME")) == []


@on_both_loops
async def test_answers_go_on_while_the_api_is_away(client: MemoryClient) -> None:
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        client.failures["watch"] = [ConnectionRefusedError()] * 1000
        client.disconnect()
        assert texts(await running.ask(WEB)) == ["A 10.96.0.17"]
        assert (await running.ask("other.default.svc.cluster.local")).rcode() == dns.rcode.NXDOMAIN


@on_both_loops
async def test_a_long_answer_is_cut_over_udp_and_whole_over_tcp(client: MemoryClient) -> None:
    client.put(SERVICE, service("many", "None"))
    client.put(ENDPOINT_SLICE, headless_slice("many", 300))
    name = "many.default.svc.cluster.local"
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        plain, extended = await running.ask(name), await running.ask(name, use_edns=0, payload=4096)
        assert plain.flags & dns.flags.TC
        assert extended.flags & dns.flags.TC
        assert 20 < len(texts(plain)) < len(texts(extended)) < 300
        firsts = {texts(await running.ask(name))[0] for _ in range(40)}
        assert len(firsts) == 16
        whole = await running.ask(name, tcp=True)
        assert not whole.flags & dns.flags.TC
        assert len(texts(whole)) == 300


@on_both_loops
async def test_questions_on_one_connection_are_answered_each_when_it_can_be(client: MemoryClient) -> None:
    async with name_server(lambda query: None) as slow, cluster_dns(client, upstreams=(slow.upstream,)) as running:
        await running.dns.wait_ready()
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        questions = [
            dns.message.make_query(name, "A", id=number)
            for number, name in enumerate(["slow.example.org", *[WEB] * 200], 1)
        ]
        for question in questions:
            wire = question.to_wire()
            writer.write(len(wire).to_bytes(2, "big") + wire)
        ids = []
        for _ in range(200):
            wire = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            ids.append(dns.message.from_wire(wire).id)
        assert ids == list(range(2, 202))
        writer.close()


@on_both_loops
async def test_a_silent_client_is_dismissed(client: MemoryClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.05)
    async with cluster_dns(client) as running:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"\0\x20half")
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()


# Other name servers


def example(query: dns.message.Message, ttl_s: int = 60) -> dns.message.Message:
    """The address of whatever is asked, nothing for AAAA, and no name below ``no.``."""
    answer = dns.message.make_response(query, recursion_available=True)
    name = query.question[0].name
    if str(name).startswith("no."):
        answer.set_rcode(dns.rcode.NXDOMAIN)
    elif query.question[0].rdtype == dns.rdatatype.A:
        answer.answer = [dns.rrset.from_text(name, ttl_s, "IN", "A", "192.0.2.1")]
        return answer
    answer.authority = [dns.rrset.from_text("example.org.", ttl_s, "IN", "SOA", "a.b. c.d. 1 2 3 4 60")]
    return answer


@on_both_loops
async def test_other_names_are_forwarded_once_and_kept(client: MemoryClient) -> None:
    async with name_server(example) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        await running.dns.wait_ready()
        answers = await asyncio.gather(*(running.ask("www.example.org") for _ in range(20)))
        assert [texts(each) for each in answers] == [["A 192.0.2.1"]] * 20
        assert texts(await running.ask("WWW.example.org", tcp=True)) == ["A 192.0.2.1"]
        assert other.asked == ["www.example.org."]
        assert (await running.ask("no.example.org")).rcode() == dns.rcode.NXDOMAIN
        assert (await running.ask("no.example.org")).rcode() == dns.rcode.NXDOMAIN
        assert len(other.asked) == 2
        await asyncio.gather(*(running.ask(f"{n}.example.org") for n in range(30)))
        assert len({port for port, _ in other.sources}) > 20
        assert len({number for _, number in other.sources}) > 20


@on_both_loops
async def test_an_alias_out_of_the_cluster_is_followed_there(client: MemoryClient) -> None:
    client.put(SERVICE, {**service("alias", type="ExternalName", externalName="www.example.org")})
    async with name_server(example) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        await running.dns.wait_ready()
        answer = await running.ask("alias.default.svc.cluster.local")
        assert texts(answer) == ["CNAME www.example.org.", "A 192.0.2.1"]
        assert texts(await running.ask("alias.default.svc.cluster.local", "AAAA")) == ["CNAME www.example.org."]


@on_both_loops
async def test_an_alias_to_where_nonsense_is_said_is_a_failure(client: MemoryClient) -> None:
    client.put(SERVICE, {**service("alias", type="ExternalName", externalName="www.example.org")})

    def nonsense(query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        data = dns.rdata.GenericRdata(dns.rdataclass.IN, dns.rdatatype.CNAME, b"\xc0\xff")
        rrset = dns.rrset.RRset(query.question[0].name, dns.rdataclass.IN, dns.rdatatype.CNAME)
        rrset.add(data, 60)
        answer.answer = [rrset]
        return answer

    async with name_server(nonsense) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        await running.dns.wait_ready()
        answer = await running.ask("alias.default.svc.cluster.local")
        assert (answer.rcode(), texts(answer)) == (dns.rcode.SERVFAIL, ["CNAME www.example.org."])


@on_both_loops
async def test_a_dead_server_is_followed_by_the_next_and_then_asked_last(client: MemoryClient) -> None:
    dead = Upstream("127.0.0.1", closed_port())
    async with (
        name_server(example) as other,
        name_server(lambda query: None) as silent,
        cluster_dns(client, upstreams=(silent.upstream, dead, other.upstream), tries_s=(0.2, 5.0)) as running,
    ):
        assert texts(await running.ask("a.example.org")) == ["A 192.0.2.1"]
        assert texts(await running.ask("b.example.org")) == ["A 192.0.2.1"]
        assert silent.asked == ["a.example.org."]


@on_both_loops
async def test_without_any_answer_it_is_a_failure_or_what_was_known(
    client: MemoryClient,
) -> None:
    is_well = True

    def reply(query: dns.message.Message) -> dns.message.Message | None:
        return example(query, 1) if is_well else None

    async with name_server(reply) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        assert texts(await running.ask("www.example.org")) == ["A 192.0.2.1"]
        is_well = False
        running.dns._forwarder._tries_s = (0.05,)
        assert (await running.ask("other.example.org")).rcode() == dns.rcode.SERVFAIL
        await asyncio.sleep(1.05)  # the answer's life is over: seconds are the unit of the protocol
        stale = await running.ask("www.example.org")
        assert texts(stale) == ["A 192.0.2.1"]
        assert stale.answer[0].ttl == forward.STALE_TTL_S


@on_both_loops
async def test_what_does_not_fit_is_asked_again_over_tcp(client: MemoryClient) -> None:
    def cut(query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.TC
        return answer

    async with name_server(cut, example) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        assert texts(await running.ask("www.example.org")) == ["A 192.0.2.1"]


@on_both_loops
async def test_a_server_that_knows_no_edns_is_asked_without(client: MemoryClient) -> None:
    def old(query: dns.message.Message) -> dns.message.Message:
        if query.edns < 0:
            return example(query)
        answer = dns.message.Message(query.id)
        answer.flags |= dns.flags.QR
        answer.set_rcode(dns.rcode.FORMERR)
        return answer

    async with name_server(old) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        assert texts(await running.ask("www.example.org")) == ["A 192.0.2.1"]


@on_both_loops
async def test_a_server_that_asks_us_in_turn_is_found_and_left_out(client: MemoryClient) -> None:
    ours: list[Running] = []
    pending: set[asyncio.Task[None]] = set()

    async def turn(server: NameServer, data: bytes, addr: Any) -> None:
        server._transport.sendto(await ours[0].over_udp(data), addr)

    class Looping(NameServer):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            self.asked.append(str(dns.message.from_wire(data).question[0].name))
            task = asyncio.get_running_loop().create_task(turn(self, data, addr))
            pending.add(task)
            task.add_done_callback(pending.discard)

    looping = Looping(lambda query: None)
    await looping.open()
    async with cluster_dns(client, upstreams=(looping.upstream,), tries_s=(0.2,)) as running:
        ours.append(running)
        assert (await running.ask("www.example.org")).rcode() == dns.rcode.SERVFAIL
        assert looping.asked.count("www.example.org.") == 1
        assert (await running.ask("two.example.org")).rcode() == dns.rcode.SERVFAIL
        assert "two.example.org." not in looping.asked
    await asyncio.gather(*pending, return_exceptions=True)
    await looping.close()


@on_both_loops
async def test_name_servers_are_read_anew_when_their_file_changes(client: MemoryClient, tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    async with cluster_dns(client, resolv_conf=path, tries_s=(0.05,)) as running:
        assert (await running.ask("www.example.org")).rcode() == dns.rcode.SERVFAIL
        path.write_text("nameserver 127.0.0.1\n")
        upstreams = running.dns._forwarder._upstreams
        assert upstreams.current() == (Upstream("127.0.0.1"),)


@on_both_loops
async def test_a_server_that_refuses_is_followed_by_the_next(client: MemoryClient) -> None:
    def refuse(query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.set_rcode(dns.rcode.REFUSED)
        return answer

    async with (
        name_server(refuse) as first,
        name_server(example) as second,
        cluster_dns(client, upstreams=(first.upstream, second.upstream)) as running,
    ):
        assert texts(await running.ask("a.example.org")) == ["A 192.0.2.1"]
        assert (first.asked, second.asked) == (["a.example.org."], ["a.example.org."])


@on_both_loops
async def test_a_failure_is_remembered_for_a_second_only(client: MemoryClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(query: dns.message.Message) -> dns.message.Message:
        answer = dns.message.make_response(query)
        answer.set_rcode(dns.rcode.SERVFAIL)
        return answer

    monkeypatch.setattr(forward, "FAILURE_S", 3600.0)  # a second, longer than the test may take on a busy machine
    async with name_server(fail) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        for _ in range(5):
            assert (await running.ask("a.example.org")).rcode() == dns.rcode.SERVFAIL
        assert other.asked == ["a.example.org."]
        monkeypatch.setattr(forward, "FAILURE_S", 0.0)
        assert (await running.ask("b.example.org")).rcode() == dns.rcode.SERVFAIL
        other.reply = example
        assert texts(await running.ask("b.example.org")) == ["A 192.0.2.1"]


@on_both_loops
async def test_answers_that_are_not_from_whom_they_seem_are_left_aside(client: MemoryClient) -> None:
    """Another id, another question and another sender; the true answer comes last and counts."""

    class Spoofed(NameServer):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            query = dns.message.from_wire(data)
            if str(query.question[0].name) != "www.example.org.":
                return
            false = dns.message.make_response(query)
            false.answer = [dns.rrset.from_text("www.example.org.", 60, "IN", "A", "192.0.2.66")]
            wire = false.to_wire()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
                stranger.sendto(wire, addr)
            self._transport.sendto(bytes((wire[0] ^ 1,)) + wire[1:], addr)
            self._transport.sendto(wire.replace(b"\3www", b"\3wwx"), addr)
            self._transport.sendto(example(query).to_wire(), addr)

    spoofed = Spoofed(lambda query: None)
    await spoofed.open()
    async with cluster_dns(client, upstreams=(spoofed.upstream,)) as running:
        assert texts(await running.ask("www.example.org")) == ["A 192.0.2.1"]
    await spoofed.close()


@pytest.mark.parametrize(("bound", "most"), [("MAX_KEPT", 3), ("MAX_KEPT_BYTES", 3 * 16)], ids=["answers", "bytes"])
@on_both_loops
async def test_memory_for_answers_of_others_has_an_end(
    client: MemoryClient, monkeypatch: pytest.MonkeyPatch, bound: str, most: int
) -> None:
    monkeypatch.setattr(forward, bound, most)
    async with name_server(example) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        for name in "abcd":
            await running.ask(f"{name}.example.org")
        await running.ask("d.example.org")
        assert len(other.asked) == 4
        await running.ask("a.example.org")
        assert len(other.asked) == 5, "the oldest had to go"
        assert running.dns.metrics.cache_evictions == 2


@on_both_loops
async def test_what_happens_is_counted(client: MemoryClient) -> None:
    async with name_server(example) as other, cluster_dns(client, upstreams=(other.upstream,)) as running:
        await running.dns.wait_ready()
        for _ in range(3):
            await running.ask(WEB)
        for _ in range(2):
            await running.ask("www.example.org", tcp=True)
            await running.ask("no.example.org")
        text = running.dns.metrics.text()
    server = 'server="dns://:0"'
    to = str(other.upstream)
    for line in (
        f'coredns_dns_requests_total{{{server},zone="cluster.local.",view="",proto="udp",family="1",type="A"}} 3',
        f'coredns_dns_responses_total{{{server},zone="cluster.local.",view="",rcode="NOERROR",plugin="kubernetes"}} 3',
        f'coredns_dns_responses_total{{{server},zone=".",view="",rcode="NXDOMAIN",plugin="forward"}} 2',
        f'coredns_dns_request_duration_seconds_count{{{server},zone="cluster.local.",view=""}} 3',
        f'coredns_dns_request_duration_seconds_count{{{server},zone=".",view=""}} 4',
        f'coredns_cache_hits_total{{{server},zones=".",view="",type="success"}} 1',
        f'coredns_cache_hits_total{{{server},zones=".",view="",type="denial"}} 1',
        f'coredns_cache_misses_total{{{server},zones=".",view=""}} 2',
        f'coredns_forward_requests_total{{to="{to}"}} 2',
        f'coredns_forward_responses_total{{to="{to}",rcode="NXDOMAIN"}} 1',
        f'coredns_proxy_request_duration_seconds_count{{proxy_name="forward",to="{to}",rcode="NOERROR"}} 1',
        "coredns_panics_total 0",
    ):
        assert line in text.splitlines()


@on_both_loops
async def test_an_answer_that_was_kept_ready_counts_for_the_family_of_who_asks(client: MemoryClient) -> None:
    question = dns.message.make_query(WEB, "A").to_wire()
    async with cluster_dns(client, listen=("127.0.0.1", "::1")) as running:
        await running.dns.wait_ready()
        first = await running.over_udp(question)
        for _ in range(2):
            assert await running.over_udp(question, "::1", 1) == first
        lines = running.dns.metrics.text().splitlines()
    head = 'coredns_dns_requests_total{server="dns://:0",zone="cluster.local.",view="",proto="udp",family='
    assert [line.removeprefix(head) for line in lines if line.startswith(head)] == [
        '"1",type="A"} 1',
        '"2",type="A"} 2',
    ]


@on_both_loops
async def test_the_time_from_a_change_to_its_answer_is_counted_once() -> None:
    """For headless Services, whose slices say when they changed; what was there at the start has no such time."""
    client = Selecting()
    early, mine, other = headless_slice("pods", 1), headless_slice("pods", 2), headless_slice("byhand", 1)
    mine["metadata"]["name"] = "pods-2"
    for made in (early, mine, other):
        made["metadata"]["annotations"] = {
            "endpoints.kubernetes.io/last-change-trigger-time": datetime.now(UTC).isoformat()
        }
    for made in (early, mine):
        made["metadata"]["labels"]["endpointslice.kubernetes.io/managed-by"] = "endpointslice-controller.k8s.io"
    for name in ("pods", "byhand"):
        client.put(SERVICE, service(name, "None"))
    client.put(ENDPOINT_SLICE, early)
    async with cluster_dns(client) as running:
        await running.dns.wait_ready()
        client.put(ENDPOINT_SLICE, mine)
        client.put(ENDPOINT_SLICE, other)
        client.put(ENDPOINT_SLICE, {**mine, "ports": []})
        while len(texts(await running.ask("byhand.default.svc.cluster.local"))) != 1:
            pass
        text = running.dns.metrics.text()
    name = "coredns_kubernetes_dns_programming_duration_seconds"
    assert f'{name}_count{{service_kind="headless_with_selector"}} 1' in text
    assert f'{name}_count{{service_kind="headless_without_selector"}} 1' in text
    assert f'{name}_bucket{{service_kind="headless_with_selector",le="4.096"}} 1' in text


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_thousands_of_questions_wait_while_nobody_reads() -> None:
    with (
        server.bind("127.0.0.1", 0, socket.SOCK_DGRAM) as waiting,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking,
    ):
        asking.connect(waiting.getsockname())
        question = dns.message.make_query(WEB, "A").to_wire()
        for _ in range(5000):
            asking.send(question)
        waiting.setblocking(False)
        assert [waiting.recv(512) for _ in range(5000)] == [question] * 5000
