"""The prober against real servers: what it counts, and when it gives up."""

import asyncio
import re

from loops import on_both_loops

from fairway.cluster.standalone.probe import BOUNDS_S, Prober, Target, probe
from fairway.transport.interface import Request, Response
from fairway.transport.server import serve


@on_both_loops
async def test_pings_are_counted_and_timed() -> None:
    paths = []

    def answer(request: Request) -> Response:
        paths.append(request.path)
        return Response(200, b"hello")

    server = await serve(answer)
    prober = Prober(Target("127.0.0.1", server.addresses[0][1], "/x"))
    await probe(prober, interval_s=0, count=20)
    await server.close(1)
    assert paths == ["/x"] * 20
    assert (prober.pings, prober.errors, prober.first_packet.count, prober.network.count) == (20, 0, 20, 20)
    assert 0 < prober.first_packet.total < prober.network.total
    text = prober.text().replace(f'target="127.0.0.1:{prober.target.port}"', "")
    assert "probes_in_cluster_network_latency_ping_count{} 20\n" in text
    assert "probes_in_cluster_network_latency_error{} 0\n" in text
    assert 'probes_in_cluster_network_latency_seconds_bucket{,le="+Inf"} 20' in text
    assert "probes_first_packet_latency_seconds_count{} 20\n" in text
    assert re.fullmatch(r"20 pings, 0 failed; first packet p50 [\d,]+ µs, p99 [\d,]+ µs", prober.summary())


@on_both_loops
async def test_an_ipv6_address_is_in_brackets_for_the_server_and_in_the_figures() -> None:
    hosts = []

    def answer(request: Request) -> Response:
        hosts.append(request.headers["host"])
        return Response(200, b"hello")

    server = await serve(answer, host="::1")
    port = server.addresses[0][1]
    prober = Prober(Target("::1", port))
    assert await prober.ping()
    await server.close(1)
    assert hosts == [f"[::1]:{port}"]
    assert f'probes_in_cluster_network_latency_ping_count{{target="[::1]:{port}"}} 1' in prober.text()


@on_both_loops
async def test_nobody_there_no_http_and_silence_are_errors() -> None:
    async def nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"SSH-2.0\r\n")
        writer.close()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    for handler in (nonsense, silence):
        server = await asyncio.start_server(handler, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        prober = Prober(Target("127.0.0.1", port), timeout_s=0.2)
        assert not await prober.ping()
        assert (prober.pings, prober.errors, prober.network.count) == (1, 1, 0)
        server.close()
    prober = Prober(Target("127.0.0.1", port), timeout_s=0.2)
    assert not await prober.ping()
    assert prober.summary() == "1 pings, 1 failed"


def test_buckets_are_those_of_the_probes() -> None:
    assert len(BOUNDS_S) == 26 and BOUNDS_S[0] == 1e-6 and 30 < BOUNDS_S[-1] < 60
