"""The mistakes that users make with Services: manifest, what `why` says, and the cure, which cures."""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from .conftest import Cluster

SPACE, OTHER = "why", "warehouse"


class Mistake(NamedTuple):
    """A manifest of examples/mistakes, or examples/svc.yaml; what is asked; the answer; what cures it.

    ``cure`` is a command where the answer has none that does it by itself.
    """

    file: str
    asked: str
    reason: str
    line: str
    cure: str = ""
    again: str = ""
    code: int = 3


MISTAKES = [
    Mistake(
        "../svc", "svc/kubia", "PortUndeclared",
        "svc/kubia does not work: nothing listens on 80 in any of its pods",
    ),
    Mistake(
        "selector-typo", "svc/orders", "SelectorMisses",
        "svc/orders does not work: its selector matches no pod: 1 pod has app=orders; the selector says app=ordres",
    ),
    Mistake(
        "label-on-deployment", "svc/billing", "LabelNotInTemplate",
        "svc/billing does not work: app=billing stands on deploy/billing but not on its pods",
    ),
    Mistake(
        "port-name-typo", "svc/search", "PortNameUndeclared",
        'svc/search does not work: no container declares a port named "htpp"',
    ),
    Mistake(
        "other-namespace", "svc/stock", "OtherNamespace",
        f"svc/stock does not work: 1 pod that it would match is in namespace {OTHER}, not {SPACE}",
        again=f"svc/stock -n {OTHER}",
    ),
    Mistake(
        "readiness-port", "svc/cart", "ProbeFails",
        "svc/cart does not work: its pod is not ready: the readiness probe of container cart (GET :80/) fails: ",
    ),
    Mistake(
        "loopback", "svc/admin", "ListensOnLoopback", "svc/admin does not work: the program in pod admin-",
        cure='patch deploy/admin -p {"spec":{"template":{"spec":{"containers":[{"name":"admin","command":'
        '["httpd","-f","-p","8080"]}]}}}}',
    ),
    Mistake("no-replicas", "svc/mail", "ScaledToZero", "svc/mail does not work: deploy/mail is scaled to 0"),
    Mistake(
        "image-typo", "svc/photos", "ImagePullBackOff",
        "svc/photos does not work: its pod is not ready: the image luksa/kubai:none cannot be had: ",
        cure="set image deploy/photos photos=luksa/kubia",
    ),
    Mistake("no-selector", "svc/video", "NoSelector", "svc/video does not work: it has no selector and no endpoint"),
    Mistake(
        "too-broad", "svc/shop", "SelectorTooBroad",
        "svc/shop may not work: its selector also matches the pods of deploy/shop-db (1 pod)", code=4,
    ),
    Mistake(
        "protocol", "svc/files", "ProtocolMismatch",
        "svc/files does not work: nothing listens on 8080/UDP in pod files-",
    ),
    Mistake(
        "slice-port-name", "svc/legacy", "SlicePortName",
        'svc/legacy does not work: no endpoint has a port named "web"',
    ),
    Mistake(
        "right", "svc/right --from outside", "NotExposed",
        "svc/right does not work from outside: its type is ClusterIP, whose address works inside the cluster only",
    ),
    Mistake(
        "right", "http://right:8080 --from pod/caller", "PortNotInService",
        "http://right:8080 does not work from pod/caller: it has no port 8080, but 80",
        again="http://right:80 --from pod/caller",
    ),
    Mistake(
        "right", "http://rihgt --from pod/caller", "NoSuchService",
        "http://rihgt does not work from pod/caller: there is no Service rihgt in namespace why; did you mean right?",
        again="http://right --from pod/caller",
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def own(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The cluster with a context of its own namespace, and all mistakes at once: they are told apart all the same."""
    found = copy.copy(cluster)
    config = tmp_path_factory.mktemp("why") / "kubeconfig"
    config.write_bytes(Path(cluster.environment["KUBECONFIG"]).read_bytes())
    found.environment = {**cluster.environment, "KUBECONFIG": str(config)}
    found.kubectl("config", "set-context", "--current", f"--namespace={SPACE}")
    found.kubectl("create", "namespace", SPACE)
    for file in dict.fromkeys(mistake.file for mistake in MISTAKES):
        found.kubectl("apply", "-f", f"mistakes/{file}.yaml")
    yield found
    found.kubectl("delete", "namespace", SPACE, OTHER)


def why(own: Cluster, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fairway", "why", *line.split()],
        env=own.environment, capture_output=True, text=True, timeout=30,
    )  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES, ids=[f"{each.file}-{each.reason}" for each in MISTAKES])
def test_a_mistake_its_answer_and_its_cure(mistake: Mistake, own: Cluster) -> None:
    def says() -> Any:
        done = why(own, mistake.asked)
        return done if done.stdout.startswith(mistake.line) else None

    done = own.wait(says, mistake.line)
    assert done.returncode == mistake.code, done.stderr
    told = json.loads(why(own, f"{mistake.asked} -o json").stdout)
    cause = next(each for each in told["status"]["causes"] if each["reason"] == mistake.reason)
    if mistake.cure:
        own.kubectl(*mistake.cure.split())
    else:
        cured = subprocess.run(
            ["bash", "-c", cause["commands"][0]], env=own.environment, capture_output=True, text=True
        )
        is_question = cause["commands"][0].startswith("fairway")
        assert is_question or cured.returncode == 0, f"{cause['commands'][0]}: {cured.stderr}"
    again = mistake.again or mistake.asked
    own.wait(lambda: why(own, again).returncode == 0, f"the cure of {again} cures")


def test_the_answer_is_an_object_for_any_client(own: Cluster) -> None:
    raw = json.loads(own.kubectl("get", "--raw", f"/api/v1/namespaces/{SPACE}/services/right/why"))
    assert (raw["kind"], raw["status"]["verdict"]) == ("Explanation", "Works")
    assert json.loads(why(own, "svc/right --json").stdout) == raw
    assert "verdict: Works" in why(own, "svc/right -o yaml").stdout
