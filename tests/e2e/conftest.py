"""A whole cluster for the session, and every kubectl that the machine has."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import kubectls

if TYPE_CHECKING:
    from .three_nodes import ThreeNodes

HOUSE = Path(__file__).resolve().parents[2]
EXAMPLES = HOUSE / "examples"
IMAGE = HOUSE / "build" / "kubia.tar"
KUBIA = "luksa/kubia"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    all_of_them = bool(os.environ.get("FAIRWAY_EVERY_KUBECTL"))
    for name, programs in (
        ("any_kubectl", kubectls.found()),
        ("kubectl", kubectls.found() if all_of_them else list(filter(None, [kubectls.newest()]))),
    ):
        if name in metafunc.fixturenames:
            names = [Path(program).name for program in programs]
            none = [pytest.param("", marks=pytest.mark.skip("no kubectl"))]
            metafunc.parametrize(name, programs or none, ids=names or ["none"])


class Cluster:
    """A running cluster and the commands on it."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.data_dir = str(folder / "data")
        self.kubectl_program = shutil.which("kubectl") or "kubectl"
        self.environment = {**os.environ, "KUBECONFIG": str(folder / "kubeconfig"), "HOME": str(folder)}

    def fairway(self, command: str, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        own = ["--name", self.name, "--data-dir", self.data_dir]
        done = subprocess.run(
            [sys.executable, "-m", "fairway", command, *words, *own],
            env=self.environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        if check:
            assert done.returncode == 0, f"fairway {command}: {done.stdout}{done.stderr}{self.logs()}"
        return done

    def logs(self) -> str:
        texts = [path.read_text()[-4000:] for path in Path(self.data_dir, self.name, "logs").glob("*.log")]
        return "\n".join(texts)

    def run(
        self, *words: str, program: str = "", text: str = "", timeout_s: float = 90
    ) -> subprocess.CompletedProcess[str]:
        """kubectl; nothing is checked."""
        return subprocess.run(
            [program or self.kubectl_program, *words],
            env=self.environment, input=text or None, capture_output=True, text=True, timeout=timeout_s, cwd=EXAMPLES,
        )  # fmt: skip

    def kubectl(self, *words: str, program: str = "", text: str = "") -> str:
        """kubectl; must succeed; its standard output."""
        done = self.run(*words, program=program, text=text)
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def get(self, *words: str) -> dict[str, Any]:
        return json.loads(self.kubectl("get", *words, "-o", "json"))

    def wait(self, condition: Callable[[], Any], what: str, patience_s: float = 60) -> Any:
        """Ask again until it is true: the only way for a client of the command line."""
        deadline = time.monotonic() + patience_s
        while not (met := condition()):
            assert time.monotonic() < deadline, f"not within {patience_s} s: {what}\n{self.logs()}"
            time.sleep(0.05)
        return met

    def ready_pods(self, namespace: str, selector: str, count: int) -> list[dict[str, Any]]:
        """Exactly ``count`` pods, all ready."""

        def settled() -> list[dict[str, Any]]:
            pods = self.get("pods", "-n", namespace, "-l", selector)["items"]
            is_settled = len(pods) == count and all(is_ready(pod) for pod in pods)
            return pods if is_settled else []

        found: list[dict[str, Any]] = self.wait(settled, f"{count} pods with {selector}")
        return found


def is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions", [])
    is_ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return is_ready and "deletionTimestamp" not in pod["metadata"]


def name_of(*parts: str) -> str:
    """The name of a cluster: two checkouts may test at the same time."""
    return "-".join((os.environ.get("FAIRWAY_E2E_NAME", "e2e"), *parts))


def need_machine() -> None:
    """Skip by name what the machine lacks."""
    if os.geteuid() != 0:
        pytest.skip("needs root")
    for program in ("crun", "conmon"):
        if shutil.which(program) is None:
            pytest.skip(f"needs {program}")
    if not kubectls.found():
        pytest.skip("needs kubectl")
    if not IMAGE.exists():
        pytest.skip("needs build/kubia.tar (scripts/bootstrap)")


@contextmanager
def up(cluster: Cluster, *settings: str) -> Iterator[None]:
    """Up with the kubia image; gone at the end."""
    need_machine()
    try:
        cluster.fairway("image", "import", str(IMAGE))
        cluster.fairway("up", *settings)
        yield
    finally:
        cluster.fairway("down", "--purge")


@contextmanager
def three_pods(cluster: Cluster, namespace: str) -> Iterator[list[str]]:
    """A new namespace with the pods and the Service of the examples; the pods' names."""
    cluster.kubectl("create", "namespace", namespace)
    cluster.kubectl("create", "-n", namespace, "-f", "svc.yaml")
    yield [pod["metadata"]["name"] for pod in cluster.ready_pods(namespace, "app=kubia", 3)]
    cluster.kubectl("delete", "namespace", namespace)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    running = Cluster(name_of(), tmp_path_factory.mktemp("cluster"))
    with up(running):
        yield running


@pytest.fixture(scope="session")
def three_nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator["ThreeNodes"]:
    """A cluster of three nodes."""
    from .three_nodes import ThreeNodes

    running = ThreeNodes(name_of("nodes"), tmp_path_factory.mktemp("nodes"))
    with up(running, "--nodes", "3"):
        yield running


@pytest.fixture(scope="session")
def known(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What every row knows: where the manifests are, how cluster IPs begin, the range of node ports and one of them."""
    from .kubectl_manifests import write_all

    folder = tmp_path_factory.mktemp("manifests")
    net = cluster.get("svc", "kubernetes", "-n", "default")["spec"]["clusterIP"].removesuffix(".0.1")
    refused = cluster.run("create", "service", "nodeport", "low", "--tcp=80", "--node-port=80").stderr
    first, last = re.findall(r"range of valid ports is (\d+)-(\d+)", refused)[0]
    write_all(folder, net)
    return {"manifests": str(folder), "net": net, "range": f"{first}-{last}", "port": str(int(last) - 1)}


@pytest.fixture
def namespace(cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace of the test's own, gone afterwards."""
    digits = f"{abs(hash(request.node.nodeid)):x}"[:8]
    name = f"t-{digits}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.run("delete", "namespace", name, "--wait=false")
