"""The same commands with the real kubectl and with fairway, on one cluster: the same answers and exit codes.

Compared are standard output, standard error and the exit code, after what must differ (ages, random names, the
program's own name) is made equal.  The rows are in ``cli_rows/``.
"""

import difflib
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Thread

import pytest

import kubectls

from .cli_rows import rows
from .cli_rows.row import Row, Step, normal
from .conftest import Cluster

ORACLE_VERSION = "1.32"
DESCRIBED_BY = 36
"""Of descriptions it is the newest kubectl that counts."""
ROWS = rows()
TRIES = 4
"""Ages and states may change between two programs: what differs is asked again so often."""
PATIENCE_S = 60.0
FILLED = """
apiVersion: v1
kind: Service
metadata: {name: web, labels: {app: kubia, tier: front}}
spec: {selector: {app: kubia}, ports: [{name: http, port: 80, targetPort: 8080}, {name: other, port: 81}]}
---
apiVersion: v1
kind: Service
metadata: {name: outside, annotations: {note: "a <b> & c: 'd'"}}
spec: {type: ExternalName, externalName: example.com}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: kubia}
spec:
  replicas: 2
  selector: {matchLabels: {app: kubia}}
  template:
    metadata: {labels: {app: kubia}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: kubia, image: luksa/kubia, imagePullPolicy: IfNotPresent, ports: [{containerPort: 8080}]}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: idle}
spec:
  replicas: 0
  selector: {matchLabels: {app: idle}}
  template:
    metadata: {labels: {app: idle}}
    spec: {containers: [{name: idle, image: luksa/kubia}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings, labels: {example.com/kind: text, app: kubia}}
data: {"true": "true", number: "80", colon: "a: b", lines: "one\\n two\\n", empty: "", tail: "a\\nb", dash: "- a",
  date: "2001-01-01", long: "a text that is much longer than eighty letters so that a writer of YAML may want to
  fold it"}
---
apiVersion: v1
kind: Pod
metadata: {name: two, labels: {app: two}}
spec:
  terminationGracePeriodSeconds: 0
  initContainers:
  - {name: first, image: luksa/kubia, imagePullPolicy: IfNotPresent, command: [echo, first done]}
  containers:
  - name: a
    image: luksa/kubia
    imagePullPolicy: IfNotPresent
    command: [sh, -c, "seq 1 30; echo end >&2; exec sleep 1000"]
  - {name: b, image: luksa/kubia, imagePullPolicy: IfNotPresent, stdin: true, tty: true, command: [cat]}
---
apiVersion: v1
kind: Pod
metadata: {name: done, annotations: {kubectl.kubernetes.io/default-container: other}}
spec:
  restartPolicy: Never
  containers:
  - {name: c, image: luksa/kubia, imagePullPolicy: IfNotPresent, command: [sh, -c, "echo out; echo err >&2; exit 3"]}
  - {name: other, image: luksa/kubia, imagePullPolicy: IfNotPresent, command: [echo, the other]}
"""


@pytest.fixture(scope="module")
def oracle(cluster: Cluster) -> str:
    """The kubectl whose answers count."""
    found = kubectls.found()
    return next((path for path in found if path.endswith(ORACLE_VERSION)), found[-1])


@pytest.fixture(scope="module")
def filled(cluster: Cluster) -> Iterator[str]:
    """A namespace with something to read."""
    name = "filled"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("apply", "-n", name, "-f", "-", text=FILLED)
    cluster.ready_pods(name, "app=kubia", 2)
    cluster.ready_pods(name, "app=two", 1)
    cluster.kubectl("wait", "-n", name, "pod/done", "--for=jsonpath={.status.phase}=Failed", "--timeout=30s")
    cluster.wait(lambda: len(cluster.get("events", "-n", name)["items"]) >= 25, "the events of all pods")
    yield name
    cluster.run("delete", "namespace", name, "--wait=false")


class Typist:
    """Types at both programs."""

    def __init__(self, cluster: Cluster, oracle: str, known: dict[str, str]) -> None:
        self._cluster, self._known = cluster, known
        self._programs = [[oracle], [str(Path(sys.executable).with_name("fairway"))]]

    def answers(self, step: Step, namespaces: tuple[str, str]) -> list[tuple[int, str, str]]:
        """Exit code, output and errors of both, at the same time."""
        with ThreadPoolExecutor(2) as pool:
            return list(
                pool.map(lambda each: self._typed(each[0], step, each[1]), zip(self._programs, namespaces, strict=True))
            )

    def _typed(self, program: list[str], step: Step, namespace: str) -> tuple[int, str, str]:
        words = [self._word(word, namespace) for word in shlex.split(step.command)]
        deadline = time.monotonic() + PATIENCE_S
        while True:
            done = subprocess.run(
                [*program, "-n", namespace, *words],
                env=self._cluster.environment, input=self._word(step.given, namespace), text=True, capture_output=True,
                timeout=90, cwd=self._known["manifests"],
            )  # fmt: skip
            if not step.is_until or done.returncode == 0 or time.monotonic() > deadline:
                return done.returncode, done.stdout, done.stderr
            time.sleep(0.05)

    def _word(self, word: str, namespace: str) -> str:
        if word.startswith("@"):
            return str(Path(self._known["manifests"], f"{word[1:]}.yaml"))
        for name, value in {**self._known, "ns": namespace}.items():
            word = word.replace(f"${name}", value)
        return word


def difference(step: Step, answers: list[tuple[int, str, str]], namespaces: tuple[str, str]) -> str:
    """What differs; empty if nothing does.  Alignment counts unless ages or names differ."""
    (code, *texts), (our_code, *our_texts) = answers
    parts = [] if code == our_code else [f"exit code {code}, fairway's {our_code}"]
    for what, text, ours in zip(("stdout", "stderr"), texts, our_texts, strict=True):
        if text == ours:
            continue
        wanted, found = (normal(each, name).splitlines() for each, name in zip((text, ours), namespaces, strict=True))
        if step.any_order:
            wanted, found = sorted(wanted), sorted(found)
        lines = difflib.unified_diff(wanted, found, f"kubectl {what}", f"fairway {what}", lineterm="", n=1)
        parts += lines
    return "\n".join([step.command, *parts]) if parts else ""


def describes(row: Row) -> bool:
    """Whether it is one of descriptions, which are those of the newest kubectl."""
    return row.name.startswith("describe: describe")


AT_ONCE = 3
"""Rows that are typed at the same time: what a row waits for is another one's time to think."""


@pytest.fixture(scope="module")
def problems(
    cluster: Cluster, oracle: str, known: dict[str, str], filled: str, request: pytest.FixtureRequest
) -> Iterator[dict[str, "Future[list[str]]"]]:
    """What differs in each row that is to run: first those that read, then those that write."""
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    rows = [item.callspec.params["row"] for item in items if item.function is test_a_row]
    typist, describing = Typist(cluster, oracle, known), Typist(cluster, kubectls.newest(), known)
    found = {row.name: Future[list[str]]() for row in rows}

    def type_row(row: Row) -> None:
        try:
            found[row.name].set_result(problems_of(row, describing if describes(row) else typist, cluster, filled))
        except BaseException as error:
            found[row.name].set_exception(error)

    def type_all() -> None:
        for is_reading in (True, False):
            with ThreadPoolExecutor(AT_ONCE) as pool:
                for row in rows:
                    if row.is_reading == is_reading:
                        pool.submit(type_row, row)

    typing = Thread(target=type_all)
    typing.start()
    yield found
    typing.join()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row(problems: dict[str, "Future[list[str]]"], row: Row) -> None:
    if describes(row) and kubectls.minor(kubectls.newest()) < DESCRIBED_BY:
        pytest.skip(f"descriptions are those of kubectl 1.{DESCRIBED_BY}")
    told = problems[row.name].result()
    assert not any(told), "\n\n".join(filter(None, told))


def problems_of(row: Row, typist: "Typist", cluster: Cluster, filled: str) -> list[str]:
    """What differs, step by step."""
    if row.is_reading:
        return [reading(typist, step, (filled, filled)) for step in row.steps]
    name = f"rows-{ROWS.index(row):05}"
    both = (f"{name}-k", f"{name}-f")
    for each in both:
        cluster.kubectl("create", "namespace", each)
    try:
        return [
            difference(step, typist.answers(step, both), both) for step in row.steps if not until(typist, step, both)
        ]
    finally:
        for each in both:
            cluster.run("delete", "namespace", each, "--wait=false")


def until(typist: Typist, step: Step, namespaces: tuple[str, str]) -> bool:
    """Whether the step was one to wait for."""
    if step.is_until:
        assert [code for code, _, _ in typist.answers(step, namespaces)] == [0, 0], step.command
    return step.is_until


def reading(typist: Typist, step: Step, namespaces: tuple[str, str]) -> str:
    """What differs each time that it is asked."""
    problem = ""
    for _ in range(TRIES):
        problem = difference(step, typist.answers(step, namespaces), namespaces)
        if not problem:
            break
    return problem
