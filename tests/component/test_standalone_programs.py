"""``fairway proxy`` and ``fairway dns`` as processes of their own, in a network namespace, over TLS."""

import asyncio
import base64
import json
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from authority import Authority
from foreign_api import ForeignApi
from own_network import in_own_network, needs
from programmed_table import endpoint_slice, service
from service_network import Pod

from fairway.transport.tls import server_context

PODS = [Pod(f"p{number}", "here", None, f"10.244.0.{number}", f"fd44::{number}") for number in range(1, 5)]  # type: ignore[arg-type]
TABLE = "fairway-service.proxy"
NAME_SERVER = ("127.0.0.1", 5353)

pytestmark = needs("nft")


@asynccontextmanager
async def foreign(folder: Path) -> AsyncIterator[ForeignApi]:
    """A server whose certificate bears another name than its address, and a kubeconfig for it."""
    authority = Authority(folder)
    pair = authority.issue("server")
    async with ForeignApi(context=server_context(pair.cert, pair.key)) as api:
        ca = base64.b64encode(authority.ca.read_bytes()).decode()
        server = f"https://127.0.0.1:{api.port}"
        cluster = {"server": server, "certificate-authority-data": ca, "tls-server-name": "localhost"}
        (folder / "token").write_text("first")
        (folder / "config").write_text(json.dumps({
            "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": cluster}],
            "users": [{"name": "u", "user": {"tokenFile": "token"}}],
        }))  # fmt: skip
        api.put("nodes", {"metadata": {"name": "here"}, "spec": {"podCIDRs": ["10.244.0.0/24"]}})
        api.put("servicecidrs", {"metadata": {"name": "kubernetes"}, "spec": {"cidrs": ["10.96.0.0/16"]}})
        yield api
        assert api.violations == []


class Program:
    """One ``fairway`` process and the lines that it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    @asynccontextmanager
    async def started(cls, *words: str) -> "AsyncIterator[Program]":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "fairway", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        try:
            yield cls(process)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def says(self, text: str) -> str:
        """The first line with ``text`` in it."""
        seen = []
        assert self.process.stdout is not None
        async with asyncio.timeout(20):
            while line := (await self.process.stdout.readline()).decode():
                seen.append(line)
                if text in line:
                    return line
        raise AssertionError(f"{text!r} is not in {''.join(seen)}")

    async def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            return await self.process.wait()


async def ran(*words: str) -> tuple[int, str]:
    """A command from start to end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "fairway", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await process.communicate()
    return process.returncode or 0, out.decode()


def held(name: str, family: str = "ip") -> int:
    """How many elements a set of the table has; -1 where there is no table."""
    found = subprocess.run(
        ["nft", "-j", "list", "set" if name == "service-cidrs" else "map", family, TABLE, name],
        capture_output=True, text=True,
    )  # fmt: skip
    if found.returncode:
        return -1
    listed = json.loads(found.stdout)["nftables"][1]
    return len(next(iter(listed.values())).get("elem", []))


async def get(port: int, path: str) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    head, _, body = (await reader.read()).decode().partition("\r\n\r\n")
    writer.close()
    return int(head.split()[1]), body


async def until(condition: Any) -> None:
    async with asyncio.timeout(30):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_the_proxy_alone_works_ends_and_cleans_up(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with foreign(tmp_path) as api:
            flags = ("proxy", "--kubeconfig", str(tmp_path / "config"), "--node-name", "here")
            api.put("services", service("web", "10.96.0.1"))
            api.put("endpointslices", endpoint_slice("web", PODS))

            code, text = await ran(*flags, "--dry-run")
            assert code == 0 and "+ frontends 10.96.0.1 . tcp . 80 : 0x00000201  # default/web" in text
            assert held("slots") == -1, "a dry run changes nothing"

            async with Program.started(*flags) as program:
                await program.says("proxy is ready")
                assert (held("frontends"), held("slots"), held("service-cidrs")) == (1, 4, 1)
                api.put("endpointslices", endpoint_slice("web", PODS[:1]))
                await until(lambda: held("slots") == 1)
                assert (await get(10256, "/healthz"))[0] == (await get(10256, "/livez"))[0] == 200
                assert await get(10249, "/proxyMode") == (200, "nftables")
                assert json.loads((await get(10249, "/configz"))[1])["kubeproxy.config.k8s.io"]["hostnameOverride"]
                metrics = (await get(10249, "/metrics"))[1]
                assert "kubeproxy_network_programming_duration_seconds_count{" in metrics
                code, text = await ran(*flags)
                assert code == 1 and "another fairway service-proxy works in this network namespace" in text
                assert await program.end() == 0

            assert held("slots") == 1, "the rules stay"
            assert await ran(*flags, "--dry-run") == (0, "nothing would change\n")
            assert await ran("proxy", "--cleanup") == (0, "")
            assert held("slots") == -1
            assert await ran("proxy", "--cleanup") == (0, "")

    in_own_network(scenario)


def test_what_stands_between_a_dry_run_and_its_answer_is_said_with_the_cure(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with foreign(tmp_path) as api:
            flags = ("proxy", "--kubeconfig", str(tmp_path / "config"), "--dry-run")
            api.allowed.discard(("discovery.k8s.io", "endpointslices"))
            code, text = await ran(*flags)
            assert code == 1 and "endpointslices.discovery.k8s.io is forbidden" in text
            assert "fix: give the user the ClusterRole system:node-proxier" in text
            api.allowed.add(("discovery.k8s.io", "endpointslices"))
            api.served.discard("/apis/discovery.k8s.io/v1/endpointslices")
            code, text = await ran(*flags)
            assert code == 1 and "/apis/discovery.k8s.io/v1/endpointslices: the server could not find" in text
            assert "fix: use an API server of Kubernetes 1.21 or newer" in text
            api.tokens.clear()
            code, text = await ran(*flags)
            assert code == 1 and "Unauthorized" in text and "fix: look at its credentials" in text
        code, text = await ran(*flags)
        assert code == 1 and "cannot connect to 127.0.0.1" in text and "fix: is the API server up" in text

    in_own_network(scenario)


def question(name: str) -> bytes:
    labels = b"".join(bytes((len(part),)) + part.encode() for part in name.split("."))
    return struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def asked(name: str) -> str:
    """The address that the server gives for ``name``; empty where it gives none or none in time."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(10)
        try:
            client.sendto(question(name), NAME_SERVER)
            answer = client.recv(512)
        except OSError:
            return ""
    return socket.inet_ntoa(answer[-4:]) if answer[7] and not answer[3] & 15 else ""


def test_cluster_dns_alone_answers_and_follows(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with foreign(tmp_path) as api:
            api.put("services", service("web", "10.96.0.1"))
            at = f"{NAME_SERVER[0]}:{NAME_SERVER[1]}"
            flags = ("--kubeconfig", str(tmp_path / "config"), "--listen", at, "--cluster-domain", "example.org")
            async with Program.started("dns", *flags) as program:
                await program.says("cluster DNS knows the cluster")
                assert await asyncio.to_thread(asked, "web.default.svc.example.org") == "10.96.0.1"
                api.put("services", service("late", "10.96.0.2"))
                async with asyncio.timeout(30):
                    while await asyncio.to_thread(asked, "late.default.svc.example.org") != "10.96.0.2":  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
                assert await get(9153, "/ready") == (200, "OK")
                assert await program.end() == 0

    in_own_network(scenario)
