"""The kubia server and its image: many clients at once, TLS, a graceful end."""

import asyncio
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from component.container_world import PROGRAMS, UID, World, run
from component.own_network import needs

KUBIA = Path(__file__).parents[2] / "examples" / "kubia"
ANSWER = f"You've hit {socket.gethostname()}\n".encode()


@contextmanager
def server(**environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """The server on this machine, once it listens."""
    command = [sys.executable, "-I", "-S", str(KUBIA / "kubia.py")]
    with subprocess.Popen(command, env={**os.environ, **environment}, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"kubia listens on")
            yield process
        finally:
            process.kill()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def received(client: socket.socket) -> bytes:
    """All until the server closes."""
    found = b""
    while data := client.recv(65536):
        found += data
    return found


def body(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def test_every_request_is_answered_with_the_host_s_name() -> None:
    port = free_port()
    with server(KUBIA_PORTS=str(port)):
        for request in (b"GET / HTTP/1.1", b"GET /any/where?x HTTP/1.0", b"DELETE /x HTTP/1.1"):
            with connected(port) as client:
                client.sendall(request + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = received(client)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert body(answer) == ANSWER


def test_a_connection_is_kept_and_bodies_are_passed_over() -> None:
    port = free_port()
    with server(KUBIA_PORTS=str(port)), connected(port) as client:
        one = b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"
        for part in (one + one[:20], one[20:] + b"HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n"):
            client.sendall(part)
        answer = received(client)
    assert answer.count(b"200 OK") == 3
    assert answer.count(ANSWER) == 2


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
        (b"GET /" + b"x" * 70_000, b"431"),
    ],
)
def test_what_is_no_request_is_refused(request_bytes: bytes, status: bytes) -> None:
    port = free_port()
    with server(KUBIA_PORTS=str(port)), connected(port) as client:
        client.sendall(request_bytes)
        assert received(client).split(b" ")[1] == status


def test_several_ports_are_served() -> None:
    ports = [free_port(), free_port()]
    with server(KUBIA_PORTS=f"{ports[0]} {ports[1]}"):
        for port in ports:
            with connected(port) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert body(received(client)) == ANSWER


def test_hundreds_of_connections_at_once_are_served() -> None:
    port = free_port()
    with server(KUBIA_PORTS=str(port)), ExitStack() as stack:
        clients = [stack.enter_context(connected(port)) for _ in range(400)]
        for client in clients:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert [body(received(client)) for client in clients] == [ANSWER] * 400


def test_the_end_waits_for_requests_that_have_begun_and_for_no_others() -> None:
    port = free_port()
    with server(KUBIA_PORTS=str(port)) as process, connected(port) as idle, connected(port) as begun:
        idle.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert idle.recv(65536).endswith(ANSWER)
        begun.sendall(b"GET / HTTP/1.1\r\nHo")
        with connected(port) as fresh:
            process.send_signal(signal.SIGTERM)
            assert idle.recv(1) == b""
            fresh.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert body(received(fresh)) == ANSWER
        begun.sendall(b"st: x\r\nConnection: close\r\n\r\n")
        assert body(received(begun)) == ANSWER
        assert process.wait(30) == 0


@needs(*PROGRAMS, "curl")
def test_the_image_is_small_the_same_each_time_and_serves_many_over_tls(tmp_path: Path) -> None:
    archives = [tmp_path / "one.tar", tmp_path / "two.tar"]
    for archive in archives:
        subprocess.run([sys.executable, str(KUBIA / "build.py"), str(archive)], check=True, stdout=subprocess.DEVNULL)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    assert archives[0].stat().st_size < 25 << 20

    async def scenario(world: World) -> None:
        (kubia,) = await world.images.load(str(archives[0]))
        assert kubia.names == ("docker.io/luksa/kubia:latest",)
        address = await world.sandbox()
        environment = {"KUBIA_PORTS": "8080 9090", "KUBIA_TLS_PORT": "8443"}
        await world.start(image_id=kubia.id, env=environment)
        await listening(address, 8443)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        answers = await asyncio.gather(*(answer(address, 8443, context) for _ in range(200)))
        answers += await asyncio.gather(*(answer(address, port, None) for port in (8080, 9090) * 100))
        assert set(answers) == {b"You've hit web-1\n"}
        told = await world.executed("curl", "-s", "http://127.0.0.1:8080")
        assert told == (0, b"You've hit web-1\n", b"")
        told = await world.executed("sh", "-c", "curl -sk https://web-1:8443 --resolve web-1:8443:127.0.0.1")
        assert told == (0, b"You've hit web-1\n", b"")
        await world.runtime.signal(UID, "c", signal.SIGTERM)
        assert (await world.ended()).exit_code == 0

    run(tmp_path, scenario)


async def listening(address: str, port: int) -> None:
    while True:
        try:
            _reader, writer = await asyncio.open_connection(address, port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.005)
            continue
        writer.close()
        return


async def answer(address: str, port: int, context: ssl.SSLContext | None) -> bytes:
    reader, writer = await asyncio.open_connection(address, port, ssl=context)
    writer.write(b"GET / HTTP/1.1\r\nHost: kubia\r\nConnection: close\r\n\r\n")
    found = await reader.read()
    writer.close()
    return body(found)
