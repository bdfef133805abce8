"""What people type at kubectl and what it answers: a table of rows, with the newest kubectl and some with every one."""

import re
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from fairway.cli.main import COMMANDS
from kubectls import minor, newest

from .conftest import Cluster
from .kubectl_rows import CORE, ROWS, Row, Step

PATIENCE_S = 60.0


class Typist:
    """Types the steps of a row in one namespace, remembering what steps keep."""

    def __init__(self, cluster: Cluster, namespace: str, known: dict[str, str], program: str) -> None:
        self._cluster, self._namespace, self._program = cluster, namespace, program
        self._manifests = Path(known["manifests"])
        self._kept = {**known, "ns": namespace}

    def all_of(self, steps: tuple[Step, ...]) -> None:
        for step in steps:
            deadline = time.monotonic() + (PATIENCE_S if step.until else 0)
            while (problem := self._problem(step)) and time.monotonic() < deadline:
                time.sleep(0.05)
            assert not problem, problem

    def _problem(self, step: Step) -> str:
        """What is wrong with the answer; empty if nothing is."""
        words = [self._word(word) for word in shlex.split(step.command)]
        given = self._filled(step.given)
        done = self._cluster.run("-n", self._namespace, *words, program=self._program, text=given)
        if step.keep:
            self._kept[step.keep] = done.stdout
        wrong = [says for says in step.says if not self._is_said(self._filled(says), done.stdout, done.stderr)]
        wrong += [f"never {one}" for one in step.never if one in done.stdout + done.stderr]
        if done.returncode != step.code:
            wrong.append(f"exit {step.code}, not {done.returncode}")
        return f"{step.command}\n  wants: {wrong}\n{done.stdout}{done.stderr}" if wrong else ""

    def _word(self, word: str) -> str:
        return str(self._manifests / f"{word[1:]}.yaml") if word.startswith("@") else self._filled(word)

    def _filled(self, text: str) -> str:
        for name, value in self._kept.items():
            text = text.replace(f"${name}", value)
        return text

    @staticmethod
    def _is_said(says: str, out: str, err: str) -> bool:
        match says[:1]:
            case "=":
                return out.strip() == says[1:].strip()
            case "~":
                return re.search(says[1:], f"{out}\n{err}", re.MULTILINE) is not None
        return says in out + err


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row(cluster: Cluster, namespace: str, known: dict[str, str], row: Row, kubectl: str) -> None:
    """With the newest kubectl; with every one where FAIRWAY_EVERY_KUBECTL is set, which takes minutes for each."""
    if minor(kubectl) < row.since:
        pytest.skip(f"kubectl 1.{row.since} is the first that says it so")
    Typist(cluster, namespace, known, kubectl).all_of(row.steps)


@pytest.mark.parametrize("row", CORE, ids=lambda row: row.name)
def test_a_row_with_every_kubectl(
    cluster: Cluster, namespace: str, known: dict[str, str], row: Row, any_kubectl: str
) -> None:
    Typist(cluster, namespace, known, any_kubectl).all_of(row.steps)


def verb(step: Step) -> str:
    """The command that a step types: its first word that is no flag."""
    words = iter(shlex.split(step.command))
    for word in words:
        if word in ("-n", "--namespace"):
            next(words)
        elif not word.startswith("-"):
            return word
    return ""


DIFFERENT = ("create --raw", "version")
"""Commands that ``fairway`` has in a form of its own, or without a flag that a row needs."""
OURS = [
    row for row in ROWS if all(verb(step) in COMMANDS and not step.command.startswith(DIFFERENT) for step in row.steps)
]
"""Rows whose every verb ``fairway`` has."""


@pytest.mark.parametrize("row", OURS, ids=lambda row: row.name)
def test_a_row_with_fairway_itself(cluster: Cluster, namespace: str, known: dict[str, str], row: Row) -> None:
    Typist(cluster, namespace, known, str(Path(sys.executable).with_name("fairway"))).all_of(row.steps)


@contextmanager
def typed(cluster: Cluster, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A command that goes on while others are typed; its end is not waited for longer than it takes."""
    running = subprocess.Popen(
        [newest(), *words], env=cluster.environment, cwd=cluster.folder, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def listened(pipe: IO[str] | None, what: str) -> str:
    """The first line that tells ``what``."""
    assert pipe is not None
    return next(line for line in pipe if what in line)


def test_w02_wait_sees_the_deletes_of_others(cluster: Cluster, namespace: str) -> None:
    for name in ("test-1", "test-2"):
        cluster.kubectl("create", "deployment", name, "--image=luksa/kubia", "--replicas=0", "-n", namespace)
    words = ("wait", "deployment", "--for=delete", "--all", "--timeout=20s", "-n", namespace, "-v=6")
    with typed(cluster, *words) as waiting:
        listened(waiting.stderr, "watch=true")
        cluster.kubectl("delete", "deploy", "test-1", "test-2", "-n", namespace)
        assert waiting.stdout is not None
        said = [waiting.stdout.readline().strip() for _ in range(2)]
        assert said == ["deployment.apps/test-1 condition met", "deployment.apps/test-2 condition met"]


def test_x07_port_forward_to_a_service_answers_twice(cluster: Cluster, namespace: str) -> None:
    kubia = ("--image=luksa/kubia", "--image-pull-policy=IfNotPresent", "--port=8080", "--expose")
    cluster.kubectl("run", "web", *kubia, "-n", namespace)
    cluster.ready_pods(namespace, "run=web", 1)
    with typed(cluster, "port-forward", "svc/web", ":8080", "-n", namespace) as forwarding:
        line = listened(forwarding.stdout, "Forwarding from 127.0.0.1:")
        assert line.endswith("-> 8080\n")
        port = line.removeprefix("Forwarding from 127.0.0.1:").split()[0]
        for _ in range(2):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
                assert answer.read() == b"You've hit web\n"
            assert listened(forwarding.stdout, "Handling") == f"Handling connection for {port}\n"
    said = cluster.run("port-forward", "svc/web", "8080:99", "-n", namespace, program=newest())
    assert (said.returncode, "Service web does not have a service port 99" in said.stderr) == (1, True)


def test_proxy_serves_the_api_and_what_is_behind_it_on_loopback(cluster: Cluster, namespace: str) -> None:
    kubia = ("--image=luksa/kubia", "--image-pull-policy=IfNotPresent", "--port=8080", "--expose")
    cluster.kubectl("run", "web", *kubia, "-n", namespace)
    cluster.ready_pods(namespace, "run=web", 1)
    inside = f"/api/v1/namespaces/{namespace}"

    def through_the_api(path: str) -> str:
        return cluster.run("get", "--raw", f"{inside}/{path}", program=newest()).stdout

    cluster.wait(lambda: through_the_api("services/web/proxy/") == "You've hit web\n", "the Service by the API server")
    assert through_the_api("pods/web:8080/proxy/") == "You've hit web\n"
    with typed(cluster, "proxy", "--port=0") as proxy:
        address = listened(proxy.stdout, "Starting to serve on").rpartition(" ")[2].strip()
        with urllib.request.urlopen(f"http://{address}{inside}/services/web/proxy/", timeout=60) as answer:
            assert answer.read() == b"You've hit web\n"


def test_edit_changes_what_the_editor_leaves(cluster: Cluster, namespace: str, known: dict[str, str]) -> None:
    cluster.kubectl("create", "-f", f"{known['manifests']}/svc-a.yaml", "-n", namespace)
    edit = {**cluster.environment, "KUBE_EDITOR": "sed -i s/6379/6380/"}
    words = [newest(), "edit", "svc", "redis-master", "-n", namespace]
    done = subprocess.run(words, env=edit, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "service/redis-master edited\n")
    assert cluster.get("svc", "redis-master", "-n", namespace)["spec"]["ports"][0]["port"] == 6380
    done = subprocess.run(words, env={**edit, "KUBE_EDITOR": "true"}, capture_output=True, text=True, timeout=60)
    assert "Edit cancelled, no changes made." in done.stdout + done.stderr


@pytest.mark.parametrize("drainer", ["kubectl", "fairway"])
def test_a_cordoned_node_takes_no_pods_and_drain_empties_it(cluster: Cluster, namespace: str, drainer: str) -> None:
    program = newest() if drainer == "kubectl" else str(Path(sys.executable).with_name("fairway"))
    node = cluster.get("nodes")["items"][0]["metadata"]["name"]
    run = ("run", "--image=luksa/kubia", "--image-pull-policy=IfNotPresent", "-n", namespace)
    cluster.kubectl(*run, "early", "--labels=drain=me")
    cluster.ready_pods(namespace, "drain=me", 1)
    try:
        drain = ("drain", node, "--force", "--ignore-daemonsets", "--pod-selector=drain=me", "--timeout=40s")
        told = cluster.kubectl(*drain, program=program)
        assert all(part in told for part in (f"evicting pod {namespace}/early", "pod/early evicted", f"{node} drained"))
        assert "Ready,SchedulingDisabled" in cluster.kubectl("get", "node", node)
        cluster.kubectl(*run, "late", "--labels=drain=not")
        cluster.wait(
            lambda: "1 node(s) were unschedulable" in cluster.kubectl("describe", "pod", "late", "-n", namespace),
            "told",
        )
    finally:
        assert cluster.kubectl("uncordon", node, program=program) == f"node/{node} uncordoned\n"
    cluster.ready_pods(namespace, "drain=not", 1)
