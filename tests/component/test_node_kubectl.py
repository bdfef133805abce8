"""The real kubectl, of every version here, through the API server to the node: exec, logs, attach, port-forward."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

import kubectls
from component.host_commands import HostRuntime, log_lines
from component.node_world import World, free_port, is_ready, node_world, pod
from fairway.cluster.certificates import ensure, identities
from fairway.transport.server import serve
from fairway.transport.tls import server_context

KUBECTLS = {Path(path).name: path for path in kubectls.found()}
each_kubectl = pytest.mark.parametrize("kubectl", KUBECTLS.values(), ids=list(KUBECTLS))
pytestmark = pytest.mark.skipif(not KUBECTLS, reason="kubectl is not installed")


@dataclass
class Cluster:
    world: World
    runtime: HostRuntime
    arguments: list[str]
    environment: dict[str, str]

    async def start(self, kubectl: str, *arguments: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        return await asyncio.create_subprocess_exec(
            kubectl, *self.arguments, *arguments, stdin=pipe, stdout=pipe, stderr=pipe, env=self.environment
        )

    async def run(self, kubectl: str, *arguments: str, stdin: bytes = b"") -> tuple[int | None, bytes, bytes]:
        process = await self.start(kubectl, *arguments)
        async with asyncio.timeout(60):
            out, err = await process.communicate(stdin)
        return process.returncode, out, err


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pki")
    ensure(folder, identities(node_name="n1", cluster_domain="cluster.local", addresses=["127.0.0.1"]))
    return folder


@asynccontextmanager
async def _cluster(directory: Path, pki: Path) -> AsyncIterator[Cluster]:
    runtime = HostRuntime(directory / "logs")
    async with node_world(directory, pki=pki, runtime=runtime) as world:
        context = server_context(pki / "apiserver.crt", pki / "apiserver.key", pki / "ca.crt")
        server = await serve(world.server.handler, ssl_context=context)
        arguments = [
            f"--server=https://127.0.0.1:{server.addresses[0][1]}", f"--certificate-authority={pki}/ca.crt",
            f"--client-certificate={pki}/admin.crt", f"--client-key={pki}/admin.key",
        ]  # fmt: skip
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "KUBECONFIG": "/dev/null"}
        await world.create(pod())
        await world.until(is_ready)
        try:
            yield Cluster(world, runtime, arguments, environment)
        finally:
            await server.close(0.2)


@pytest.fixture
async def cluster(tmp_path: Path, pki: Path) -> AsyncIterator[Cluster]:
    async with _cluster(tmp_path, pki) as made:
        yield made


@each_kubectl
async def test_streams_are_kept_apart_and_the_exit_code_arrives(cluster: Cluster, kubectl: str) -> None:
    script = "echo out; echo err >&2; exit 3"
    code, out, err = await cluster.run(kubectl, "exec", "web", "--", "sh", "-c", script)
    assert (code, out) == (3, b"out\n")
    assert err.startswith(b"err\n")
    assert b"command terminated with exit code 3" in err


@each_kubectl
async def test_the_end_of_stdin_reaches_the_command(cluster: Cluster, kubectl: str) -> None:
    code, out, _ = await cluster.run(kubectl, "exec", "-i", "web", "--", "sort", stdin=b"b\na\n")
    assert (code, out) == (0, b"a\nb\n")


@each_kubectl
async def test_much_goes_in_and_out_without_loss(cluster: Cluster, kubectl: str) -> None:
    content = os.urandom(3_000_000)
    code, out, _ = await cluster.run(kubectl, "exec", "-i", "web", "--", "cat", stdin=content)
    assert code == 0
    assert out == content


@each_kubectl
async def test_output_that_nobody_waits_for_any_more_ends_the_command(cluster: Cluster, kubectl: str) -> None:
    process = await cluster.start(kubectl, "exec", "web", "--", "sleep", "1000")
    await cluster.world.until_true(lambda: cluster.runtime.sessions)
    await asyncio.sleep(0.2)
    process.kill()
    await process.communicate()
    async with asyncio.timeout(10):
        assert await cluster.runtime.sessions[0].process.wait() == -9


@each_kubectl
async def test_a_port_of_the_pod_is_reached(cluster: Cluster, kubectl: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello " + await reader.read(100))
        await writer.drain()
        writer.close()

    inside = await asyncio.start_server(answer, "127.0.0.1", 0)
    port, local = inside.sockets[0].getsockname()[1], free_port()
    process = await cluster.start(kubectl, "port-forward", "--address=127.0.0.1", "pod/web", f"{local}:{port}")
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            assert b"Forwarding from" in await process.stdout.readline()
            for _ in range(3):
                reader, writer = await asyncio.open_connection("127.0.0.1", local)
                writer.write(b"you")
                assert await reader.read() == b"hello you"
                writer.close()
    finally:
        process.terminate()
        await process.communicate()
        inside.close()


@each_kubectl
async def test_a_log_is_shown_and_followed_to_the_container_s_end(cluster: Cluster, kubectl: str) -> None:
    uid = (await cluster.world.get())["metadata"]["uid"]
    path = cluster.runtime.log_path(uid, "kubia", 0)
    log_lines(path, "one", "two")
    assert await cluster.run(kubectl, "logs", "web", "--tail=1") == (0, b"two\n", b"")
    process = await cluster.start(kubectl, "logs", "-f", "web")
    assert process.stdout is not None
    async with asyncio.timeout(20):
        assert await process.stdout.readline() == b"one\n"
        assert await process.stdout.readline() == b"two\n"
        log_lines(path, "three")
        assert await process.stdout.readline() == b"three\n"
        cluster.runtime.exit(uid, "kubia", 0)
        assert await process.stdout.read() == b""
        await process.wait()


async def test_what_a_client_does_wrong_is_told_in_known_words(cluster: Cluster) -> None:
    kubectl = next(iter(KUBECTLS.values()))
    _, _, err = await cluster.run(kubectl, "logs", "web", "-p")
    assert b'previous terminated container "kubia" in pod "web" not found' in err
    _, _, err = await cluster.run(kubectl, "exec", "web", "-c", "nope", "--", "date")
    assert b"container nope is not valid for pod web" in err
