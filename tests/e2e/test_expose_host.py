"""fairway expose-host: a client beyond the machine, localhost, and everything that comes and goes meanwhile."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairway.cluster import processes

from .clients import Traffic, answered_by, beyond
from .conftest import Cluster, three_pods

NAMESPACE = "expose-host"
HOST, CLIENT = "198.51.100.37", "198.51.100.38"
FAIRWAY = str(Path(sys.executable).with_name("fairway"))
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: kubia}, ports: [{name: http, port: 80, targetPort: http}]}
"""


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[Cluster]:
    with three_pods(cluster, NAMESPACE):
        cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", text=SERVICE)
        yield cluster


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    with beyond(HOST, CLIENT) as client:
        yield client


def free_port() -> int:
    with socket.create_server(("0.0.0.0", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def expose(world: Cluster, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [FAIRWAY, "expose-host", "-n", NAMESPACE, *words], env=world.environment, capture_output=True, text=True
    )


def test_a_port_comes_changes_and_goes_on_a_live_cluster(world: Cluster, outside: str) -> None:
    port, other = free_port(), free_port()
    done = expose(world, "svc/web", f"{port}:http")
    assert (done.returncode, done.stdout) == (0, f"service/web exposed at host port {port} -> http/TCP\n"), done.stderr
    assert answered_by(HOST, port, where=outside)
    assert answered_by("127.0.0.1", port)
    assert expose(world, "svc/web", f"{other}:80", "--address", "127.0.0.1").returncode == 0
    assert answered_by("127.0.0.1", other)
    assert not answered_by(HOST, other, where=outside, patience_s=1)
    listed = json.loads(expose(world, "--list", "--json").stdout)
    assert {(row["address"], row["hostPort"]) for row in listed} == {("", str(port)), ("127.0.0.1", str(other))}
    assert expose(world, "svc/web", str(port), "--remove").returncode == 0
    assert not answered_by(HOST, port, where=outside, patience_s=1)
    assert answered_by("127.0.0.1", other)
    assert (
        expose(world, "svc/web", "--remove").stdout == f"service/web no longer exposed at host port 127.0.0.1:{other}\n"
    )
    annotations = world.get("svc", "web", "-n", NAMESPACE)["metadata"].get("annotations", {})
    assert not [name for name in annotations if "host-ports" in name]


def test_it_outlives_every_process_and_up_again(world: Cluster, outside: str) -> None:
    port = free_port()
    assert expose(world, "svc/web", f"{port}:http").returncode == 0
    within = ["ip", "netns", "exec", outside]
    with Traffic(within, f"http://{HOST}:{port}") as far, Traffic([], f"http://127.0.0.1:{port}") as near:
        for part in ("node", "control", "supervisor"):
            (before,) = processes.find(part, world.name, world.data_dir)
            os.kill(before, signal.SIGKILL)
            if part == "supervisor":
                world.fairway("up")
            world.wait(
                lambda: {*processes.find(part, world.name, world.data_dir)} - {before},  # noqa: B023
                f"another {part}",
            )
            world.fairway("up")  # returns when everything is ready
    assert (far.failures, near.failures) == ([], [])
    assert min(far.answers, near.answers) > 5
    assert expose(world, "svc/web", "--remove").returncode == 0


def test_it_goes_with_its_service(world: Cluster, outside: str) -> None:
    port = free_port()
    world.kubectl("apply", "-n", NAMESPACE, "-f", "-", text=SERVICE.replace("web", "going"))
    assert expose(world, "svc/going", str(port)).returncode == 0
    assert answered_by(HOST, port, where=outside)
    world.kubectl("delete", "svc", "going", "-n", NAMESPACE)
    world.wait(lambda: not answered_by(HOST, port, where=outside, patience_s=1), "the host port is gone")
    with socket.create_server(("127.0.0.1", port)):
        pass


def test_a_port_in_use_is_refused_with_its_owner_and_a_cure(world: Cluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mine:
        port = mine.getsockname()[1]
        done = expose(world, "svc/web", f"{port}:80")
        assert (done.returncode, done.stdout) == (1, "")
        assert re.search(
            rf"^error: host port {port} is in use on this machine by \S+ \(pid {os.getpid()}\): end that program, or "
            r"take another port, such as \d+:80$",
            done.stderr.rstrip(),
        ), done.stderr
        # Another client does not look; the node does, and leaves the program alone.
        world.kubectl("annotate", "svc", "web", f"fairway.dev/host-ports={port}:80", "-n", NAMESPACE)
        told = world.wait(
            lambda: [
                event
                for event in world.get("events", "-n", NAMESPACE)["items"]
                if event["reason"] == "HostPortInUse" and f"host port {port} " in event["message"]
            ],
            "an event",
        )
        assert told[0]["type"] == "Warning"
        client = socket.create_connection(("127.0.0.1", port), timeout=3)
        mine.accept()[0].close()
        client.close()
    world.wait(lambda: answered_by("127.0.0.1", port), "it is the Service's once it is free")
    world.kubectl("annotate", "svc", "web", "fairway.dev/host-ports-", "-n", NAMESPACE)
    refused = world.run("annotate", "svc", "web", "fairway.dev/host-ports=bogus", "-n", NAMESPACE)
    assert 'metadata.annotations[fairway.dev/host-ports]: Invalid value: "bogus"' in refused.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("", "which Service? try: fairway expose-host svc/NAME 8080:80, or --list"),
        ("svc/web", "which port? try: fairway expose-host svc/web 8080:80"),
        ("rs/kubia 1:2", "cannot expose a ReplicaSet on the host: a Service is what has host ports"),
        ("svc/web 8080:nope", "service/web has no port nope/TCP: it has 80/TCP (http)"),
        ("svc/web 8080:80/UDP", "service/web has no port 80/UDP: it has 80/TCP (http)"),
        ("svc/web x:80", 'host port "x" must be a number between 1 and 65535'),
        ("svc/web 8080:80 --address ::1", "service/web has no IPv6 cluster IP, so ::1 cannot lead to it"),
        ("svc/web 8080:80 8080:80 --address 127.0.0.1,nope", '"nope" is not an IP address'),
        ("svc/web 8080 --remove", "service/web has no host port 8080: it has none"),
    ],
)
def test_mistakes_are_told(world: Cluster, words: str, told: str) -> None:
    done = expose(world, *words.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: {told}")
