"""A cluster of three nodes, and how a test looks from inside each of them and from outside."""

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .conftest import Cluster

ANSWER = re.compile(r"You've hit (\S+)")
NUMBERS = (1, 2, 3)


class ThreeNodes(Cluster):
    """Its nodes are known by number; the first is the machine."""

    def node_name(self, number: int) -> str:
        return f"{self._first()}-{number}" if number > 1 else self._first()

    def _first(self) -> str:
        name: str = json.loads(Path(self.data_dir, self.name, "config.json").read_text())["node_name"]
        return name

    def address(self, number: int) -> str:
        """The node's InternalIP."""
        addresses = self.get("node", self.node_name(number))["status"]["addresses"]
        found: str = next(each["address"] for each in addresses if each["type"] == "InternalIP")
        return found

    def netns(self, number: int) -> Path:
        return Path("/run/fairway", self.name, "nodes", str(number), "network")

    def inside(self, number: int) -> list[str]:
        """What to put before a command so that it runs in a node's network."""
        return ["nsenter", f"--net={self.netns(number)}"] if number > 1 else []

    def pod(self, namespace: str, name: str, number: int, **labels: str) -> dict[str, Any]:
        """A web server on one node."""
        return {
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"namespace": namespace, "name": name, "labels": {"app": name, **labels}},
            "spec": {
                "nodeName": self.node_name(number), "terminationGracePeriodSeconds": 5,
                "containers": [{"name": "web", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent"}],
            },
        }  # fmt: skip

    def create(self, *objects: dict[str, Any]) -> None:
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("create", "-f", "-", text=text)

    def service(self, namespace: str, name: str, selector: dict[str, str], **spec: Any) -> dict[str, Any]:
        """A new Service, as the API server made it."""
        meta = {"namespace": namespace, "name": name}
        spec = {"selector": selector, "ports": [{"port": 80, "targetPort": 8080}], **spec}
        self.create({"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec})
        found: dict[str, Any] = self.get("svc", name, "-n", namespace)["spec"]
        return found

    def exec(self, namespace: str, pod: str, *words: str) -> str:
        return self.run("exec", "-n", namespace, pod, "--", *words).stdout


def hits(where: Sequence[str], url: str, *, times: int = 1, patience_s: float = 3) -> list[str]:
    """The pods that answered; fewer than ``times`` if some requests failed."""
    each = ["curl", "-s", "-g", "-m", str(patience_s), url]
    texts = [subprocess.run([*where, *each], capture_output=True, text=True).stdout for _ in range(times)]
    return [found[1] for text in texts if (found := ANSWER.search(text))]


class Traffic:
    """New connections, one after the other, each for one request, until the block ends."""

    def __init__(self, where: Sequence[str], url: str) -> None:
        self.answers, self.failures = 0, []  # type: int, list[str]
        self._words = [*where, "curl", "-sS", "-g", "-m", "5", url]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            done = subprocess.run(self._words, capture_output=True, text=True)
            if ANSWER.search(done.stdout):
                self.answers += 1
            else:
                self.failures.append(done.stderr)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@contextmanager
def beyond(host: str, client: str) -> Iterator[str]:
    """A client beyond this machine: a namespace with the address ``client``, whose router is this machine, ``host``."""
    name, device = f"fw-e2e-{os.getpid()}-out", f"fwo{os.getpid()}"[:15]
    commands = (
        f"ip netns add {name}",
        f"ip link add {device} type veth peer name eth0 netns {name}",
        f"ip addr add {host}/30 dev {device}",
        f"ip link set {device} up",
        f"ip -n {name} addr add {client}/30 dev eth0",
        f"ip -n {name} link set eth0 up",
        f"ip -n {name} link set lo up",
        f"ip -n {name} route add default via {host}",
    )
    try:
        for command in commands:
            subprocess.run(command.split(), check=True)
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", device], check=False, capture_output=True)
