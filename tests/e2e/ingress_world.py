"""What the tests of the Ingress share: clients beyond the machine, a backend of many tongues, and where to ask."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .conftest import Cluster
from .ingress_backend import GRPC, HTTP, WEB_SOCKET

FOLDER = Path(__file__).resolve().parent


@dataclass
class Client:
    """A program in another network namespace; ``seen`` is what it told at its end."""

    words: list[str]
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """Where the Ingresses of a cluster are reached from outside, and the certificate that vouches for its hosts."""

    address: str
    http: int
    https: int
    ca: str

    def curl(self, where: str, url: str, *words: str) -> str:
        """What curl says in the namespace ``where``; ``url`` is as a browser has it.  Fails when curl does."""
        scheme, _, rest = url.partition("://")
        host = rest.partition("/")[0]
        standard, port = (443, self.https) if scheme == "https" else (80, self.http)
        done = subprocess.run(
            ["ip", "netns", "exec", where, "curl", "-sS", "-m", "30", "--cacert", self.ca,
             "--connect-to", f"{host}:{standard}:{self.address}:{port}", *words, url],
            capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"curl {url}: {done.returncode} {done.stderr}"
        return done.stdout

    @contextmanager
    def client(self, where: str, kind: str, host: str, *, ca: str | None = "") -> Iterator[Client]:
        """A client at work while the block runs; ``ca`` is that of the cluster, another, or ``None`` without TLS."""
        port = self.http if ca is None else self.https
        words = ["ip", "netns", "exec", where, sys.executable, str(FOLDER / "ingress_client.py"), kind]
        words += [self.address, str(port), host, *([] if ca is None else [ca or self.ca])]
        made = Client(words)
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout
        try:
            is_going = process.stdout.readline() == "going\n"
            if is_going:
                yield made
        finally:
            out, err = process.communicate(timeout=60)
        assert is_going and process.returncode == 0, f"{kind} {host}: {out}{err}"
        made.seen = json.loads(out.splitlines()[-1])

    def certificate(self, where: str, host: str) -> str:
        """The certificate (PEM) that a client is shown for a host; for an address none is named."""
        words = [sys.executable, str(FOLDER / "ingress_client.py"), "certificate", self.address, str(self.https), host]
        done = subprocess.run(["ip", "netns", "exec", where, *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return str(json.loads(done.stdout)["pem"])


@contextmanager
def backend(where: str, name: str) -> Iterator[None]:
    """The program of many tongues, in the namespace ``where``."""
    process = subprocess.Popen(
        ["ip", "netns", "exec", where, sys.executable, str(FOLDER / "ingress_backend.py"), name],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield
    finally:
        process.communicate(timeout=60)


def backend_objects(namespace: str, address: str) -> list[dict[str, Any]]:
    """A Service ``back`` without a selector, and its endpoint at ``address``."""
    ports = [
        ("http", 80, HTTP, None),
        ("ws", 81, WEB_SOCKET, "kubernetes.io/ws"),
        ("grpc", 82, GRPC, "kubernetes.io/h2c"),
    ]
    service_ports = [
        {"name": name, "port": port, "targetPort": target, **({"appProtocol": app} if app else {})}
        for name, port, target, app in ports
    ]
    slice_ports = [
        {"name": name, "port": target, "protocol": "TCP", **({"appProtocol": app} if app else {})}
        for name, _, target, app in ports
    ]
    return [
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "back", "namespace": namespace},
         "spec": {"ports": service_ports}},
        {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4", "ports": slice_ports,
         "metadata": {"name": "back-1", "namespace": namespace, "labels": {"kubernetes.io/service-name": "back"}},
         "endpoints": [{"addresses": [address], "conditions": {"ready": True}}]},
    ]  # fmt: skip


def rule(host: str, *paths: tuple[str, str, str, int]) -> dict[str, Any]:
    """A rule of an Ingress: (path, type, Service, port) each."""
    found = [
        {"path": path, "pathType": kind, "backend": {"service": {"name": service, "port": {"number": port}}}}
        for path, kind, service, port in paths
    ]
    return {"host": host, "http": {"paths": found}}


def apply(cluster: Cluster, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("apply", "-f", "-", text=json.dumps(listed))


def ingress(namespace: str, name: str, rules: list[dict[str, Any]], **spec: Any) -> dict[str, Any]:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": meta, "spec": {"rules": rules, **spec}}


def way_to(cluster: Cluster, namespace: str, name: str) -> Way:
    """Where an Ingress is reached, once it is served."""

    def points() -> list[dict[str, Any]]:
        found = cluster.get("ingress", name, "-n", namespace)["status"]
        return found.get("loadBalancer", {}).get("ingress", [])  # type: ignore[no-any-return]

    (point, *_) = cluster.wait(points, "the Ingress has an address")
    ports = [port["port"] for port in point.get("ports", [{"port": 80}, {"port": 443}])]
    ca = Path(cluster.data_dir, cluster.name, "ingress-ca", "root.crt")
    return Way(point["ip"], ports[0], ports[1], str(ca))
