"""fairway port-forward to a Service: its pods come and go, and no new connection is refused."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import Cluster, three_pods

NAMESPACE = "port-forward"
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: kubia}, ports: [{name: http, port: 80, targetPort: http}]}
"""
FAIRWAY = str(Path(sys.executable).with_name("fairway"))


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[Cluster]:
    with three_pods(cluster, NAMESPACE):
        cluster.kubectl("apply", "-n", NAMESPACE, "-f", "-", text=SERVICE)
        yield cluster


class Forward:
    """A running ``port-forward``; ``port`` is where it listens."""

    def __init__(self, world: Cluster, *words: str) -> None:
        self._process = subprocess.Popen(
            [FAIRWAY, "port-forward", "-n", NAMESPACE, *words],
            env=world.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        found = re.match(r"Forwarding from 127\.0\.0\.1:(\d+) -> (\d+)", first)
        assert found, first + self.ended()
        self.port = int(found[1])

    def ended(self) -> str:
        """End it; what it said of pods."""
        self._process.send_signal(signal.SIGINT)
        _, errors = self._process.communicate(timeout=60)
        return errors

    def says(self) -> str:
        """The next line that it says of pods; moves apart."""
        assert self._process.stderr is not None
        while (line := self._process.stderr.readline()).startswith("Pod "):
            pass
        return line.rstrip()

    @property
    def code(self) -> int | None:
        """Its exit code."""
        return self._process.wait(timeout=60)


@contextmanager
def forward(world: Cluster, *words: str) -> Iterator[Forward]:
    made = Forward(world, *words)
    try:
        yield made
    finally:
        made.ended()


def ask(port: int, *, patience_s: float = 60) -> str:
    """One new connection, one request; the pod that answers, or why none did."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=patience_s) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            text = b""
            while got := client.recv(65536):
                text += got
    except OSError as error:
        return f"failed: {error}"
    found = re.search(rb"You've hit (\S+)", text)
    return found[1].decode() if found else f"failed: {text!r}"


class Hammer:
    """New connections from several threads until the block ends."""

    def __init__(self, port: int, threads: int = 3) -> None:
        self.answers: list[str] = []
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(port,)) for _ in range(threads)]

    def _run(self, port: int) -> None:
        while not self._stop.is_set():
            self.answers.append(ask(port))

    @property
    def failures(self) -> list[str]:
        return [each for each in self.answers if each.startswith("failed")]

    def __enter__(self) -> "Hammer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def pods(world: Cluster) -> list[str]:
    return [pod["metadata"]["name"] for pod in world.ready_pods(NAMESPACE, "app=kubia", 3)]


def test_a_service_whose_pods_die_one_after_another_refuses_no_connection(world: Cluster) -> None:
    before = pods(world)
    made = Forward(world, "svc/web", ":80")
    with Hammer(made.port) as hammer:
        for name in before:
            world.kubectl("delete", "pod", name, "-n", NAMESPACE)
            after = pods(world)
            world.wait(lambda: hammer.answers[-1] in after, "another pod answers")  # noqa: B023
    said = made.ended()
    assert hammer.failures == []
    assert len(hammer.answers) > 50
    assert not {*before} & {*hammer.answers[-3:]}
    moves = re.findall(r"Pod (\S+) is gone or not ready: forwarding to pod (\S+)", said)
    assert moves, said  # whichever pod was first, it is gone
    assert made.code == 0


def test_where_no_pod_is_ready_a_connection_waits_for_one(world: Cluster) -> None:
    def scale(count: int) -> None:
        world.kubectl("scale", "rs", "kubia", f"--replicas={count}", "-n", NAMESPACE)

    with forward(world, "rs/kubia", ":8080") as made:
        scale(0)
        with Hammer(made.port, 1) as waiting:
            assert made.says() == "No pod of replicaset/kubia is ready: waiting for one, at most 60s"
            waiting.answers.clear()
            scale(3)
            names = pods(world)
        assert {*waiting.answers} <= {*names}, waiting.answers
    with forward(world, "svc/web", ":http", "--pod-running-timeout=1s") as made:
        scale(0)
        world.wait(lambda: not world.get("pods", "-n", NAMESPACE)["items"], "no pods")
        began = time.monotonic()
        assert ask(made.port).startswith("failed")
        assert 0.9 < time.monotonic() - began < 30  # not the 60 s of the first
        scale(3)
        names = pods(world)
        assert ask(made.port) in names, "the listener stays"


def test_a_port_that_the_service_lacks_is_told_before_a_pod_is_waited_for(world: Cluster) -> None:
    world.kubectl("create", "service", "clusterip", "podless", "--tcp=80", "-n", NAMESPACE)
    for port, why in (("1:99", "a service port 99"), (":http", "a named port 'http'")):
        told = world.run("port-forward", "-n", NAMESPACE, "svc/podless", port, program=FAIRWAY)
        assert told.returncode == 1
        assert re.fullmatch(rf"error: Service '?podless'? does not have {why}\n", told.stderr)


def test_a_single_pod_is_not_left(world: Cluster) -> None:
    name = pods(world)[0]
    made = Forward(world, name, ":8080")
    assert ask(made.port) == name
    world.kubectl("delete", "pod", name, "-n", NAMESPACE)
    assert made.code == 1
    assert "error: lost connection to pod" in made.ended()


def test_a_long_answer_and_half_closed_connections_pass(world: Cluster) -> None:
    """Sixteen megabytes there and back at the same time, and the end of the client's half arrives."""
    name = pods(world)[0]
    content = bytes(range(256)) * 65536
    listening = subprocess.Popen(
        [FAIRWAY, "exec", "-n", NAMESPACE, name, "--", "nc", "-l", "-p", "9000", "-e", "cat"], env=world.environment
    )
    try:
        world.wait(
            lambda: "9000" in world.kubectl("exec", "-n", NAMESPACE, name, "--", "netstat", "-ltn"), "nc listens"
        )
        with forward(world, name, ":9000") as made, socket.create_connection(("127.0.0.1", made.port)) as client:
            sending = threading.Thread(target=lambda: (client.sendall(content), client.shutdown(socket.SHUT_WR)))
            sending.start()
            back = bytearray()
            while got := client.recv(1 << 16):
                back += got
            sending.join()
        assert back == content
    finally:
        listening.kill()
        listening.wait()
