"""How fast is the API?  Verbs over TLS with 16 connections, durable, and the fan-out of a watch.

The server runs in a process of its own; the load generator shares the machine with it.
Usage: python bench/api.py [--count N] [--only NAME,...] [--connections 16] [--port P --pki DIR]
"""

import argparse
import asyncio
import itertools
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

import _http
from _report import report

HOUSE = Path(__file__).resolve().parent.parent
CORE = "/api/v1/namespaces/bench"
BARS = {
    "create ConfigMap": 4000, "get Service": 6500, "create Service": 1500, "list 1000 Services": 240,
    "update Service": 2500, "patch Service": 2500, "delete Service": 1500, "fan-out to 100 watchers": 40000,
}  # fmt: skip


def serve(folder: Path) -> None:
    """The server process: writes its port, serves until SIGTERM."""
    from fairway.apiserver.http import transport_error
    from fairway.apiserver.server import ApiServer
    from fairway.apiserver.settings import Settings
    from fairway.cluster import certificates
    from fairway.store.sqlite import SqliteStore
    from fairway.transport import tls
    from fairway.transport.limits import Limits
    from fairway.transport.server import serve as listen

    async def main() -> None:
        pki = folder / "pki"
        names = certificates.identities(node_name="n1", cluster_domain="cluster.local", addresses=["127.0.0.1"])
        certificates.ensure(pki, names)
        store = await SqliteStore.open(folder / "store.db")
        api_server = ApiServer(store, Settings(advertise_address="10.244.0.1"))
        await api_server.start()
        context = tls.server_context(pki / "apiserver.crt", pki / "apiserver.key", pki / "ca.crt")
        limits = Limits(error_response=transport_error)
        server = await listen(api_server.handler, ssl_context=context, limits=limits)
        print(server.addresses[0][1], flush=True)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await ended.wait()
        await server.close(1.0)
        await api_server.stop()
        await store.close()

    uvloop.run(main())


@contextmanager
def own_server() -> Iterator[tuple[int, Path, int]]:
    """(port, pki, process id) of a server with an empty store on this file system."""
    with tempfile.TemporaryDirectory(prefix="fairway-bench-", dir=HOUSE) as folder:
        child = subprocess.Popen(
            [sys.executable, __file__, "--serve", folder], stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(HOUSE / "src")},
        )  # fmt: skip
        assert child.stdout is not None
        try:
            yield int(child.stdout.readline()), Path(folder) / "pki", child.pid
        finally:
            child.terminate()
            child.wait()


def config_map(number: int) -> bytes:
    data = {f"key-{k}": "x" * 40 for k in range(20)}
    return json.dumps(
        {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": f"c{number}"}, "data": data}
    ).encode()


def service(number: int) -> bytes:
    spec = {"selector": {"app": f"s{number}"}, "ports": [{"name": "http", "port": 80, "targetPort": 8080}]}
    metadata = {"name": f"s{number}", "labels": {"app": f"s{number}"}}
    return json.dumps({"kind": "Service", "apiVersion": "v1", "metadata": metadata, "spec": spec}).encode()


RULES = [
    "self.least <= self.size", "self.size <= self.most", "has(self.image) && self.image.startsWith('reg')",
    "self.ports.all(p, p.port > 0 && p.port < 65536)", "!has(self.mode) || self.mode in ['a', 'b']",
]  # fmt: skip


def definition(group: str, rules: list[str]) -> bytes:
    number, text = {"type": "integer"}, {"type": "string", "maxLength": 200}
    ports = {"type": "array", "maxItems": 10, "items": {"type": "object", "properties": {"name": text, "port": number}}}
    properties = {"least": number, "size": number, "most": number, "image": text, "mode": text, "ports": ports}
    spec = {"type": "object", "properties": properties, "x-kubernetes-validations": [{"rule": rule} for rule in rules]}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"}
    about = {"kind": "CustomResourceDefinition", "apiVersion": "apiextensions.k8s.io/v1"}
    whole = {"group": group, "scope": "Namespaced", "names": names, "versions": [version]}
    return json.dumps({**about, "metadata": {"name": f"widgets.{group}"}, "spec": whole}).encode()


def widget(group: str, number: int) -> bytes:
    ports = [{"name": f"p{n}", "port": 80 + n} for n in range(5)]
    spec = {"least": 1, "size": 3, "most": 5, "image": "registry.example.com/a:1", "mode": "a", "ports": ports}
    about = {"kind": "Widget", "apiVersion": f"{group}/v1", "metadata": {"name": f"w{number}"}}
    return json.dumps({**about, "spec": spec}).encode()


def jobs(count: int, job: Callable[[int], _http.Job]) -> Callable[[], _http.Job | None]:
    numbers = iter(range(count))

    def take() -> _http.Job | None:
        number = next(numbers, None)
        return None if number is None else job(number)

    return take


class Bench:
    def __init__(self, port: int, pki: Path, pid: int, connections: int, count: int) -> None:
        self.port, self.pki, self.tls, self.pid = port, pki, _http.context(pki), pid
        self.connections, self.count = connections, count
        self.rows: list[dict[str, Any]] = []

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def rss_mib(self) -> float:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20

    async def measure(self, name: str, count: int, job: Callable[[int], _http.Job], headers: str = "") -> None:
        before = self.cpu_s()
        load = await _http.run(
            jobs(count, job), port=self.port, tls=self.tls, connections=self.connections, headers=headers
        )
        self.add(name, load.per_second, BARS.get(name), {
            "p50 ms": round(load.quantile_ms(0.5), 2), "p99 ms": round(load.quantile_ms(0.99), 2),
            "server CPU us": round((self.cpu_s() - before) / count * 1e6), "failed": len(load.failures),
        })  # fmt: skip
        if load.failures:
            print(load.failures[0].decode(errors="replace"), file=sys.stderr)

    def add(self, name: str, rate: float, bar: int | None, more: dict[str, Any]) -> None:
        self.rows.append(
            {"what": name, "per second": round(rate), "bar": bar or "", **more, "server MiB": round(self.rss_mib(), 1)}
        )

    async def run(self, only: set[str]) -> None:
        count = self.count
        made = b'{"metadata":{"name":"bench"}}'
        await _http.run(
            jobs(1, lambda _: ("POST", "/api/v1/namespaces", made)), port=self.port, tls=self.tls, connections=1
        )

        def wanted(name: str) -> bool:
            return not only or name in only

        if wanted("create"):
            await self.measure("create ConfigMap", count, lambda n: ("POST", f"{CORE}/configmaps", config_map(n)))
        if wanted("service"):
            await self.services(count)
        if wanted("rules"):
            await self.custom(count // 4)
        if wanted("fanout"):
            await self.fan_out(100, 400)

    async def custom(self, count: int) -> None:
        """Objects of a custom kind without rules in CEL, and with five."""
        for name, rules in (("plain", []), ("ruled", RULES)):
            path = f"/apis/{name}.example.com/v1/namespaces/bench/widgets"
            made = definition(f"{name}.example.com", rules)
            await self.ask(("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", made))
            while (await self.ask(("GET", path, b""))).failures:
                pass
            await self.measure(f"create of a custom kind, {len(rules)} rules", count, lambda n, path=path: (
                "POST", path, widget(path.split("/")[2], n)
            ))  # fmt: skip

    async def ask(self, job: _http.Job) -> _http.Load:
        return await _http.run(jobs(1, lambda _: job), port=self.port, tls=self.tls, connections=1)

    async def services(self, count: int) -> None:
        turns = itertools.count()
        path = f"{CORE}/services"
        await self.measure("create Service", count, lambda n: ("POST", path, service(n)))
        await self.measure("get Service", 3 * count, lambda n: ("GET", f"{path}/s{n % count}", b""))

        def changed(n: int) -> bytes:
            return json.dumps({"metadata": {"labels": {"turn": str(next(turns))}}}).encode()

        def whole(n: int) -> bytes:
            return service(n).replace(b'"labels": {', b'"labels": {"turn": "u%d", ' % next(turns))

        await self.measure("update Service", count, lambda n: ("PUT", f"{path}/s{n}", whole(n)))
        await self.measure("patch Service", count, lambda n: ("PATCH", f"{path}/s{n}", changed(n)))
        table = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io\r\n"
        await self.measure("delete Service", max(count - 1000, 0), lambda n: ("DELETE", f"{path}/s{n}", b""))
        await self.measure("list 1000 Services", 600, lambda _: ("GET", path, b""))
        await self.measure("list 1000 Services, gzip", 200, lambda _: ("GET", path, b""), "Accept-Encoding: gzip\r\n")
        await self.measure("list 1000 Services, Table", 40, lambda _: ("GET", path, b""), table)

    async def fan_out(self, watchers: int, changes: int) -> None:
        """``changes`` updates of one object, by one writer, to ``watchers`` watches in a process of its own."""
        name = "fan-out to 100 watchers"
        before = self.cpu_s()
        counter = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "--watchers", str(watchers), "--expect", str(changes),
            "--port", str(self.port), "--pki", str(self.pki), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert counter.stdout is not None
        await counter.stdout.readline()
        load = await _http.run(
            jobs(changes, lambda n: ("POST", f"{CORE}/secrets", secret(n))),
            port=self.port, tls=self.tls, connections=16,
        )  # fmt: skip
        found = json.loads(await counter.stdout.readline())
        await counter.wait()
        self.add(name, found["events"] / found["seconds"], BARS[name], {
            "p50 ms": round(load.quantile_ms(0.5), 2), "p99 ms": round(load.quantile_ms(0.99), 2),
            "server CPU us": round((self.cpu_s() - before) / found["events"] * 1e6), "failed": len(load.failures),
        })  # fmt: skip


def secret(number: int) -> bytes:
    data = {"payload": "eHh4" * 200}
    return json.dumps({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": f"f{number}"}, "data": data}).encode()


async def watch(port: int, pki: Path, watchers: int, expected: int) -> None:
    """Count events on ``watchers`` connections until each has seen ``expected``."""
    tls = _http.context(pki)
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    state = {"events": 0, "first": 0.0, "open": 0}

    class Watch(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.write(  # type: ignore[attr-defined]
                f"GET {CORE}/secrets?watch=1&resourceVersion=0 HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
            )
            self.is_open = False

        def data_received(self, data: bytes) -> None:
            if not self.is_open:
                self.is_open = True
                state["open"] += 1
                if state["open"] == watchers:
                    print("open", flush=True)
            found = data.count(b'{"type":"ADDED"')
            if found and not state["events"]:
                state["first"] = time.perf_counter()
            state["events"] += found
            if state["events"] >= watchers * expected and not done.done():
                done.set_result(None)

        def connection_lost(self, exc: Exception | None) -> None:
            if not done.done():
                done.set_exception(exc or ConnectionResetError("a watch was closed"))

    for _ in range(watchers):
        await loop.create_connection(Watch, "127.0.0.1", port, ssl=tls)
    await done
    print(json.dumps({"events": state["events"], "seconds": time.perf_counter() - state["first"]}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=8000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--only", default="")
    parser.add_argument("--serve", default="")
    parser.add_argument("--watchers", type=int, default=0)
    parser.add_argument("--expect", type=int, default=0)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--pki", default="")
    given = parser.parse_args()
    if given.serve:
        serve(Path(given.serve))
        return
    if given.watchers:
        uvloop.run(watch(given.port, Path(given.pki), given.watchers, given.expect))
        return
    with own_server() as (port, pki, pid):
        bench = Bench(port, pki, pid, given.connections, given.count)
        uvloop.run(bench.run(set(filter(None, given.only.split(",")))))
    report("api", bench.rows)


if __name__ == "__main__":
    main()
