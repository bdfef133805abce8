"""A cluster of three nodes, and how a test looks from inside each of them and from outside."""

import json
from pathlib import Path
from typing import Any

from .conftest import Cluster

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
