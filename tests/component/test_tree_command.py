"""fairway tree as a program: what a terminal, a pipe and a watch get, from an API server that refuses nothing."""

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from queue import SimpleQueue

import pytest
from canned_api import CannedApi
from described_objects import ALL, ago, make, owned

from fairway.cli.tree.watching import run_watch
from fairway.client.blocking import ApiError, Unreachable
from fairway.objects import Object

pytestmark = pytest.mark.component
FAIRWAY = [sys.executable, "-m", "fairway"]
PLAIN = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "KUBECONFIG": "/dev/null", "HOME": "/nonexistent", "PYTHONUTF8": "1"}
POD = make(
    "Pod",
    "bare-1",
    namespace="shop",
    meta={"labels": {"app": "bare-app"}, "ownerReferences": owned("ReplicaSet", "kubia")},
    spec={"nodeName": "n1", "containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 8080}]}]},
    status={
        "phase": "Running",
        "podIPs": [{"ip": "10.0.0.1"}],
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {"name": "c", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": ago(1)}}}
        ],
    },
)


@pytest.fixture(scope="module")
def api() -> Iterator[CannedApi]:
    with CannedApi([*ALL, POD]) as served:
        yield served


def run(api: CannedApi, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [*FAIRWAY, "tree", *words, "-n", "shop", f"--server={api.url}"]
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", timeout=30, env=PLAIN | environment, check=False
    )


def on_terminal(api: CannedApi, columns: int, **environment: str) -> str:
    """What a terminal of that width gets."""
    leader, follower = pty.openpty()
    with os.fdopen(leader, "rb", buffering=0) as screen:
        os.set_blocking(leader, True)
        command = f"stty cols {columns}; exec {' '.join(FAIRWAY)} tree service/many -n shop --server={api.url}"
        process = subprocess.Popen(["sh", "-c", command], stdin=follower, stdout=follower, env=PLAIN | environment)
        os.close(follower)
        shown = b""
        try:
            while piece := screen.read(4096):
                shown += piece
        except OSError:
            pass  # the other end has gone: all is said
        assert process.wait(30) == 0
    return shown.decode().replace("\r\n", "\n")


def test_a_pipe_gets_the_picture_in_eighty_plain_columns(api: CannedApi) -> None:
    done = run(api, "service/many")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Service many  ClusterIP 10.96.0.7  app=many\n")
    assert max(map(len, done.stdout.splitlines())) <= 80 and "\x1b" not in done.stdout
    assert "├─ ● 10.0.0.1  ready\n" in done.stdout


def test_a_terminal_gets_colours_and_its_own_width(api: CannedApi) -> None:
    shown = on_terminal(api, 44, TERM="xterm")
    assert "\x1b[32m● 10.0.0.1\x1b[0m" in shown and "\x1b[1mService many\x1b[0m" in shown
    plain = on_terminal(api, 44, TERM="xterm", NO_COLOR="1")
    assert "\x1b" not in plain and max(map(len, plain.splitlines())) <= 44


def test_without_utf_8_the_picture_is_in_ascii(api: CannedApi) -> None:
    done = run(api, "service/many", PYTHONUTF8="0", LC_ALL="C", PYTHONCOERCECLOCALE="0")
    assert done.stdout.isascii() and "|  |- * 10.0.0.1  ready\n" in done.stdout


def test_the_facts_are_json(api: CannedApi) -> None:
    found = json.loads(run(api, "many", "--json").stdout)
    assert (found["kind"], found["name"], len(found["slices"])) == ("Service", "many", 2)
    assert [port["name"] for port in found["ports"]] == ["http", "metrics"]


@pytest.mark.parametrize(
    "word", ["ingress/full", "deployment.apps/web", "replicaset/kubia", "pod/kubia-1", "daemonset/agent"]
)
def test_other_kinds_have_a_picture_too(api: CannedApi, word: str) -> None:
    done = run(api, word)
    kind, name = done.stdout.split()[:2]
    assert done.returncode == 0 and (kind.lower(), name) == (
        word.partition("/")[0].removesuffix(".apps"),
        word.split("/")[1],
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "error: say whose picture is to be drawn: fairway tree svc/NAME"),
        (("service/many", "service/six"), "error: one object at a time: fairway tree svc/NAME"),
        (("configmap/one",), "error: a ConfigMap has no picture; what has one: service, "),
        (("service/nobody",), 'Error from server (NotFound): services "nobody" not found'),
    ],
)
def test_wrong_use_is_told(api: CannedApi, words: tuple[str, ...], told: str) -> None:
    done = run(api, *words)
    assert done.returncode == 1 and done.stdout == "" and done.stderr.startswith(told)


class Watched:
    """An API whose watches tell what the test puts in; ``error`` is what the watch of pods ends with."""

    def __init__(self, changes: "SimpleQueue[int]", error: Exception) -> None:
        self.changes, self.error = changes, error

    def watch(self, path: str) -> Iterator[tuple[str, Object]]:
        if not path.endswith("/pods"):
            raise ApiError({"code": 403, "message": "forbidden"})
        while self.changes.get():
            yield "MODIFIED", {}
        raise self.error


def test_a_watch_draws_anew_what_has_changed_until_the_server_is_gone(capsys: pytest.CaptureFixture[str]) -> None:
    changes: SimpleQueue[int] = SimpleQueue()
    pictures = iter(["one\n", "one\n", "two\n"])

    def draw() -> str:
        # A change for each picture but the last, which the end of the watch follows.
        text = next(pictures)
        changes.put(int(text != "two\n"))
        return text

    with pytest.raises(Unreachable):
        run_watch(lambda: Watched(changes, Unreachable("gone")), "shop", draw)  # type: ignore[arg-type, return-value]
    assert capsys.readouterr().out == "one\n\ntwo\n"
