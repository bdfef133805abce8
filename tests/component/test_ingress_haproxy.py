"""HAProxy does what it is told at run time, goes on without its owner, and comes back the same."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from ingress_engine import FALLBACK, Engine, Gate, needs_haproxy, pem, pods, rsa_pem, to, wanted

from fairway.ingress.engine import EngineError
from fairway.ingress.haproxy.program import FIRST_SLOTS
from fairway.ingress.model import Server, Upstream, Wanted
from fairway.ingress.routes import routing

sys.path.append(str(Path(__file__).resolve().parent.parent / "pure"))
from ingress_oracle import ASKED_HOSTS, ASKED_PATHS, Ingress, answer, worlds

pytestmark = [pytest.mark.component, needs_haproxy]
A, B, C = "127.0.9.1", "127.0.9.2", "127.0.9.3"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    made = Engine(tmp_path / "ingress")
    try:
        yield made
    finally:
        await asyncio.to_thread(made.close)


def test_a_real_haproxy_answers_as_the_words_of_the_documentation_do(tmp_path: Path) -> None:
    """One HAProxy is led from one random set of Ingresses to the next, without a reload."""
    made = Engine(tmp_path / "ingress")
    with asyncio.Runner() as runner:
        haproxy = made.make()
        hosts = {
            (service, port): f"127.0.{8 + (port == 81)}.{ord(service)}" for service in "abcdef" for port in (80, 81)
        }

        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
        @given(worlds())
        def agree(ingresses: list[Ingress]) -> None:
            runner.run(check(ingresses))

        async def check(ingresses: list[Ingress]) -> None:
            claims = routing(ingresses).claims
            routes = {place: claim.route for place, claim in claims.items()}
            async with pods(*hosts.values()) as at:
                upstreams = {
                    backend: Upstream(servers=frozenset({Server(hosts[backend.service[-1], int(backend.port)], at)}))
                    for backend in {route.backend for route in routes.values()}
                }
                await haproxy.apply(Wanted(routes, upstreams, {"": FALLBACK}))
                for host in ASKED_HOSTS:
                    for path in ASKED_PATHS:
                        expected = answer(ingresses, host, path)
                        status, body = await made.get(host, path)
                        if expected is None:
                            assert status == 404, (host, path)
                        else:
                            service, port = expected
                            assert (status, body) == (200, hosts[service[-1], int(port)]), (host, path)

        try:
            agree()
            assert haproxy.reloads == 0
        finally:
            made.close()


async def test_endpoints_change_under_load_without_a_reload_or_a_lost_request(engine: Engine) -> None:
    haproxy, failed, seen, done = engine.make(), [], set(), asyncio.Event()

    async def load() -> int:
        count = 0
        while not done.is_set():
            status, body = await engine.get("web.example", "/")
            count += 1
            seen.add(body)
            if status != 200:
                failed.append((status, body))
        return count

    async with pods(A, B, C) as port:
        await haproxy.apply(wanted(to("web", [A], port)))
        loads = [asyncio.create_task(load()) for _ in range(4)]
        for hosts in ([A, B], [B], [B, C], [C], [A], [A, B, C]) * 5:
            before = len(seen)
            await haproxy.apply(wanted(to("web", hosts, port)))
            await haproxy.tidy()
            assert len(seen) >= before
            await engine.get("web.example", "/")
        done.set()
        counts = await asyncio.gather(*loads)
    assert (failed, haproxy.reloads, seen) == ([], 0, {A, B, C})
    assert sum(counts) > 30


async def test_what_leaves_gets_nothing_new_and_may_finish(engine: Engine) -> None:
    haproxy, gate = engine.make(), Gate()
    async with pods(A, gate=gate) as port:
        await haproxy.apply(wanted(to("web", [A], port)))
        slow = asyncio.create_task(engine.get("web.example", "/"))
        await gate.is_reached.wait()
        await haproxy.apply(wanted(to("web", [], port)))
        assert await haproxy.tidy()
        assert (await engine.get("web.example", "/"))[0] == 503
        gate.is_open.set()
        assert await slow == (200, A)
        async with asyncio.timeout(30):
            while await haproxy.tidy():  # noqa: ASYNC110 - HAProxy does not tell when a request has ended
                await asyncio.sleep(0.05)


async def test_another_owner_takes_it_over_as_it_is(engine: Engine) -> None:
    first = engine.make()
    async with pods(A, B) as port:
        asked = wanted(to("web", [A, B], port), to("api", [B], port), certificates={"web.example": pem("web.example")})
        await first.apply(asked)
        first.let_go()
        pids = engine.pids()
        second = engine.make()
        assert await second.adopt()
        assert (await engine.get("web.example", "/"))[0] == 200
        await second.apply(wanted(to("web", [B], port)))
        assert [(await engine.get("web.example", "/"))[1] for _ in range(3)] == [B] * 3
        assert (await engine.get("api.example", "/"))[0] == 404
        assert (engine.pids(), second.reloads) == (pids, 0)


async def test_killed_it_is_noticed_and_comes_back_the_same(engine: Engine) -> None:
    haproxy = engine.make()
    async with pods(A) as port:
        asked = wanted(to("web", [A], port), certificates={"web.example": pem("web.example")})
        await haproxy.apply(asked)
        shown = await engine.certificate("web.example")
        for pid in engine.pids():
            os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(30):
            await haproxy.ended()
        waiting = asyncio.create_task(engine.get("web.example", "/"))  # its sockets are still there
        await haproxy.apply(asked)
        assert await waiting == (200, A)
        assert await engine.certificate("web.example") == shown


async def test_certificates_go_by_name_and_change_without_a_reload(engine: Engine) -> None:
    haproxy, own, wild, next_one = engine.make(), pem("a.example"), pem("*.example"), pem("a.example")
    fallback = der(FALLBACK)
    await haproxy.apply(wanted())
    assert await engine.certificate("a.example") == fallback
    await haproxy.apply(wanted(certificates={"a.example": own, "*.example": wild}))
    for name, expected in (("a.example", own), ("b.example", wild), ("b.a.example", FALLBACK), ("other", FALLBACK)):
        assert await engine.certificate(name) == der(expected), name
    await haproxy.apply(wanted(certificates={"a.example": next_one, "*.example": wild}))
    assert await engine.certificate("a.example") == der(next_one)
    await haproxy.apply(wanted(certificates={"*.example": wild}))
    assert await engine.certificate("a.example") == der(wild)
    await haproxy.apply(wanted())
    assert await engine.certificate("a.example") == fallback
    assert haproxy.reloads == 0


async def test_an_rsa_certificate_of_a_host_is_not_beaten_by_an_elliptic_one_of_its_domain(engine: Engine) -> None:
    haproxy = engine.make()
    exact, other, wild = rsa_pem("a.example"), rsa_pem("b.example"), pem("*.example")

    async def shown() -> list[bytes]:
        return [await engine.certificate(name) for name in ("a.example", "b.example", "c.example")]

    await haproxy.apply(wanted(certificates={"*.example": wild}))
    await haproxy.apply(wanted(certificates={"*.example": wild, "a.example": exact}))
    assert await shown() == [der(exact), der(wild), der(wild)]
    haproxy.let_go()
    haproxy = engine.make()
    assert await haproxy.adopt()
    await haproxy.apply(wanted(certificates={"*.example": wild, "a.example": exact, "b.example": other}))
    assert await shown() == [der(exact), der(other), der(wild)]
    await haproxy.apply(wanted(certificates={"*.example": wild, "b.example": other}))
    assert await shown() == [der(wild), der(other), der(wild)]
    await haproxy.apply(wanted(certificates={"a.example": exact}))
    assert await shown() == [der(exact), der(FALLBACK), der(FALLBACK)]
    assert haproxy.reloads == 0


async def test_a_certificate_that_is_none_harms_no_other_host(engine: Engine) -> None:
    haproxy, own = engine.make(), pem("a.example")
    broken = own[: own.index("-----BEGIN PRIVATE")]
    async with pods(A) as port:
        for certificates in ({"b.example": broken}, {"a.example": own, "b.example": broken}, {"a.example": own}):
            refused = await haproxy.apply(wanted(to("web", [A], port), certificates=certificates))
            assert set(refused) == certificates.keys() & {"b.example"}
            assert (await engine.get("web.example", "/")) == (200, A)
            assert await engine.certificate("b.example") == der(FALLBACK)
        later = {"a.example": own, "c.example": broken + "\n"}
        assert set(await haproxy.apply(wanted(to("web", [A], port), certificates=later))) == {"c.example"}
        assert await engine.certificate("a.example") == der(own)
        assert (await engine.get("web.example", "/")) == (200, A)


async def test_the_longest_host_has_a_certificate_too(engine: Engine) -> None:
    haproxy, host = engine.make(), ".".join(["a" * 63] * 3 + ["b" * 61])
    own = pem(host)
    await haproxy.apply(wanted(certificates={host: own}))
    assert await engine.certificate(host) == der(own)


async def test_more_backends_than_slots_take_one_reload_that_nobody_notices(engine: Engine) -> None:
    haproxy, many, gate = engine.make(), FIRST_SLOTS[0] + 1, Gate()
    async with pods(A, gate=gate) as port:
        await haproxy.apply(wanted(to("s0", [A], port)))
        under_way = asyncio.create_task(engine.get("s0.example", "/"))
        await gate.is_reached.wait()
        await haproxy.apply(wanted(*[to(f"s{each}", [A], port) for each in range(many)]))
        assert haproxy.reloads == 1
        gate.is_open.set()
        assert await under_way == (200, A)
        assert await engine.get(f"s{many - 1}.example", "/") == (200, A)
        assert len(engine.pids()) >= 2  # the worker is found again, though its command line is another
        master = engine.pids()[0]
        second = engine.make()
        haproxy.let_go()
        assert await second.adopt()
        await second.apply(wanted(to("s0", [A], port)))
        assert (engine.pids()[0], second.reloads) == (master, 0)


async def test_affinity_keeps_a_client_on_its_pod(engine: Engine) -> None:
    haproxy = engine.make()
    async with pods(A, B, C) as port:
        await haproxy.apply(wanted(to("web", [A, B, C], port, affinity_s=60)))
        (first,) = {(await engine.get("web.example", "/"))[1] for _ in range(6)}
        rest = sorted({A, B, C} - {first})
        await haproxy.apply(wanted(to("web", rest, port, affinity_s=60)))
        (second,) = {(await engine.get("web.example", "/"))[1] for _ in range(6)}
        assert second in rest


async def test_a_dead_endpoint_is_gone_round(engine: Engine) -> None:
    haproxy = engine.make()
    async with pods(A) as port:
        await haproxy.apply(wanted(to("web", [A, B], port)))
        for method in ("GET", "POST"):  # a request that nobody has begun to answer may be tried elsewhere
            assert [await engine.get("web.example", "/", method=method) for _ in range(6)] == [(200, A)] * 6


async def test_without_the_package_the_error_says_what_to_install(tmp_path: Path) -> None:
    engine = Engine(tmp_path / "ingress")
    haproxy = engine.make()
    object.__setattr__(haproxy._settings, "find", lambda: None)
    with pytest.raises(EngineError, match="sudo apt-get install -y haproxy") as raised:
        await haproxy.apply(wanted())
    assert raised.value.reason == "HAProxyMissing"
    engine.close()


def der(text: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(text[: text.index("-----END CERTIFICATE-----")] + "-----END CERTIFICATE-----\n")


async def test_connections_to_a_server_that_came_later_are_used_again(engine: Engine) -> None:
    haproxy, accepted = engine.make(), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer.get_extra_info("sockname")[0])
        while await reader.readline():
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, A, 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        await haproxy.apply(wanted())
        await haproxy.apply(wanted(to("web", [A], port)))
        reader, writer = await asyncio.open_connection("127.0.0.1", engine.http)
        for _ in range(20):
            writer.write(b"GET / HTTP/1.1\r\nHost: web.example\r\n\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        writer.close()
        assert (accepted, haproxy.reloads) == ([A], 0)
        await asyncio.to_thread(engine.close)


async def test_what_waits_to_be_removed_comes_back_at_any_moment(engine: Engine) -> None:
    haproxy, failed, done = engine.make(), [], asyncio.Event()

    async def load() -> None:
        while not done.is_set():
            status, body = await engine.get("web.example", "/")
            if status != 200:
                failed.append((status, body))

    async def tidy() -> None:
        while not done.is_set():
            await haproxy.tidy()
            await asyncio.sleep(0)

    async with pods(A, B) as port:
        await haproxy.apply(wanted(to("web", [A], port)))
        tasks = [asyncio.create_task(work) for work in (load(), load(), tidy(), tidy())]
        for hosts in ([B], [A]) * 40:
            await haproxy.apply(wanted(to("web", hosts, port)))
            await engine.get("web.example", "/")
        done.set()
        await asyncio.gather(*tasks)
    assert (failed, haproxy.reloads) == ([], 0)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("GET http://web.example/a?b=c HTTP/1.1\r\nHost: web.example", "GET /a?b=c"),
        ("GET HTTP://web.example:81 HTTP/1.1\r\nHost: web.example:81", "GET /"),
        ("GET http://other/a HTTP/1.1\r\nHost: web.example", "400"),
        ("GET /a HTTP/1.1\r\nHost: web.example/x", "400"),
        ("GET /a HTTP/1.1\r\nHost: other, web.example", "400"),
        ("GET /a HTTP/1.1\r\nHost: me@web.example", "400"),
        ("GET /a HTTP/1.1\r\nHost: WEB.example.:99", "GET /a"),
        ("GET /a HTTP/1.0\r\nHost: web.example", "GET /a"),
        ("GET /a HTTP/1.0", "404"),
    ],
)
async def test_requests_that_are_written_oddly(engine: Engine, head: str, expected: str) -> None:
    haproxy, seen = engine.make(), []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(serve, A, 0)
    async with server:
        await haproxy.apply(wanted(to("web", [A], server.sockets[0].getsockname()[1])))
        reader, writer = await asyncio.open_connection("127.0.0.1", engine.http)
        writer.write(f"{head}\r\n\r\n".encode())
        status = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
        writer.close()
        assert (seen[0].partition(" HTTP/")[0] if seen else status) == expected
        await asyncio.to_thread(engine.close)
