"""`fairway why` on a cluster that is not ours: without its subresources, with things forbidden, by reading alone."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from fairway.why.facts import Look
from pure.why_cases import World, deployment, made, pod, policy, service, slice_of

VERSION = {"major": "1", "minor": "31", "gitVersion": "v1.31.4"}


class Elsewhere:
    """An API server with the objects of a world; it remembers what it was asked."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.asked: list[str] = []
        elsewhere = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                elsewhere.asked.append(f"GET {self.path}")
                code, body = elsewhere.answer(self.path)
                raw = json.dumps(body).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, target: str) -> tuple[int, Any]:
        url = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        parts = url.path.strip("/").split("/")
        if parts == ["version"]:
            return 200, VERSION
        group, parts = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
        namespace, parts = (parts[1], parts[2:]) if parts[0] == "namespaces" and len(parts) > 2 else ("", parts)
        plural, name, below = (*parts, "", "")[:3]
        if below:
            return 404, status(404, "NotFound", "the server could not find the requested resource")
        fields = query.get("fieldSelector", "")
        seen = self.world.see(Look(plural, group, "v1", namespace, name, "", query.get("labelSelector", ""), fields))
        if seen.refused:
            return 403, status(
                403, "Forbidden", f'{plural} is forbidden: User "reader" cannot list resource "{plural}"'
            )
        if name and not seen.items:
            return 404, status(404, "NotFound", f'{plural} "{name}" not found')
        return 200, seen.items[0] if name else {"kind": "List", "items": list(seen.items)}


def status(code: int, reason: str, message: str) -> Any:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


@pytest.fixture
def says(tmp_path: Path) -> Iterator[Any]:
    """Ask about a world: (exit code, output, what the server was asked)."""
    servers = []

    def ask(world: World, *words: str, **environment: str) -> tuple[int, str, list[str]]:
        elsewhere = Elsewhere(world)
        threading.Thread(target=elsewhere.server.serve_forever, args=(0.01,)).start()
        servers.append(elsewhere.server)
        file = tmp_path / "kubeconfig"
        entry: dict[str, Any] = {"clusters": [{"name": "c", "cluster": {"server": elsewhere.url}}]}
        entry |= {"contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}], "current-context": "c"}
        file.write_text(json.dumps(entry))
        done = subprocess.run(
            [sys.executable, "-m", "fairway", "why", *words, "--kubeconfig", str(file)],
            env={**os.environ, "HOME": str(tmp_path), **environment}, capture_output=True, text=True, timeout=30,
        )  # fmt: skip
        return done.returncode, done.stdout, elsewhere.asked

    yield ask
    for server in servers:
        server.shutdown()
        server.server_close()


ONE = pod()


def test_the_whole_answer_comes_from_reading(says: Any) -> None:
    code, out, asked = says(World(service(), ONE, slice_of(ONE)), "svc/kubia")
    assert (code, out.splitlines()[0]) == (0, "svc/kubia works: new connections go to 1 pod")
    assert {line.split()[0] for line in asked} == {"GET"}
    assert asked[0] == "GET /api/v1/namespaces/default/services/kubia/why"


def test_without_a_look_into_pods_a_port_that_nothing_declares_is_a_doubt(says: Any) -> None:
    slip = service(ports=[{"port": 80, "targetPort": 80}])
    code, out, _ = says(World(slip, ONE, slice_of(ONE)), "svc/kubia")
    assert (code, "did you mean  targetPort: http" in out) == (4, True)


def test_cures_are_commands_of_a_program_that_is_there(says: Any, tmp_path: Path) -> None:
    world = World(service(selector={"app": "kubbia"}), ONE)
    assert "$ fairway set selector svc kubia app=kubia\n" in says(world, "svc/kubia", PATH=str(tmp_path))[1]


def test_policies_are_a_doubt_where_nobody_knows_whether_they_are_enforced(says: Any) -> None:
    code, out, _ = says(World(service(), ONE, slice_of(ONE), policy("deny", {}, policyTypes=["Ingress"])), "svc/kubia")
    assert (code, "where policies are enforced, connections are dropped" in out) == (4, True)


def test_a_selector_that_misses(says: Any) -> None:
    pods = [pod(f"kubia-{number}") for number in range(3)]
    code, out, _ = says(World(service(selector={"app": "kubbia"}), *pods, deployment()), "svc", "kubia")
    assert code == 3
    assert "3 pods have app=kubia; the selector says app=kubbia" in out
    assert "$ kubectl set selector svc kubia app=kubia\n" in out


def test_what_is_forbidden_is_told_and_the_rest_is_answered(says: Any) -> None:
    unready = pod(ready=False)
    world = World(service(), unready, slice_of(unready), forbidden=["events", "networkpolicies"])
    code, out, _ = says(world, "svc/kubia")
    assert code == 3
    assert '  ? could not look at events in namespace default: events is forbidden: User "reader"' in out


def test_a_reader_of_almost_nothing_gets_almost_nothing_and_no_verdict_that_is_wrong(says: Any) -> None:
    code, out, _ = says(World(service(), ONE, slice_of(ONE), forbidden=["pods", "endpointslices"]), "svc/kubia")
    assert code == 4
    assert out.startswith("svc/kubia may not work: neither its pods nor its EndpointSlices could be looked at")
    code, out, _ = says(World(service(), forbidden=["services"]), "svc/kubia")
    assert code == 4
    assert out.startswith("svc/kubia may not work: it could not be looked at")


def test_addresses_and_workloads_too(says: Any) -> None:
    world = World(service(), ONE, slice_of(ONE), deployment(), made("Namespace", "default"))
    assert says(world, "http://kubia:8080")[0] == 3
    assert says(world, "kubia.default.svc.cluster.local:80")[0] == 0
    assert says(world, "deploy/kubia")[0] == says(world, "deployments.apps/kubia")[0] == 0
    assert says(world, "pod/kubia-1", "-o", "yaml")[1].startswith(
        "apiVersion: fairway.dev/v1alpha1\nkind: Explanation\n"
    )
