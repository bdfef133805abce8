"""Does a request ever fail while pods are replaced, or while the cluster's own processes stop, restart and die?

Three nodes, ten pods, and four clients that open a connection for each request: on the machine and on another node
through the cluster IP, and from beyond the machine through a node port and a load balancer's address.  A request that
gets no whole answer within 5 s has failed.

    bench/rollouts.py --rollouts 100     the full measure, some minutes; 5 without it
    bench/rollouts.py --stop-at-once     the opposite: pods that do not wait for the proxies, to see that it matters
Bar: 0 failed.
"""

import argparse
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from _cluster import Cluster, cluster
from _report import report
from fairway.cluster import processes

REPLICAS, WORKERS = 10, 2
HOST, OUTSIDER = "198.51.100.17", "198.51.100.18"
PATIENCE_S = 5.0


# The client: a process of its own, told by lines on standard input to tell its figures.


class Load:
    """What some threads have seen since they were last asked."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self._lock = threading.Lock()
        self._seen: list[float] = []
        self._errors: list[str] = []

    def run(self) -> None:
        """Ask for ever."""
        while True:
            began = time.perf_counter()
            try:
                connection = http.client.HTTPConnection(self._host, self._port, timeout=PATIENCE_S)
                connection.request("GET", "/")
                body = connection.getresponse().read()
                connection.close()
                error = "" if body.startswith(b"You've hit") else f"answered {body!r}"
            except (OSError, http.client.HTTPException) as problem:
                error = repr(problem)
            took_ms = (time.perf_counter() - began) * 1000
            with self._lock:
                self._seen.append(took_ms)
                self._errors += [error] if error else []

    def tell(self) -> dict[str, Any]:
        """The figures; counting begins anew."""
        with self._lock:
            seen, errors, self._seen, self._errors = self._seen, self._errors, [], []
        return {
            "requests": len(seen),
            "failed": len(errors),
            "longest_ms": max(seen, default=0.0),
            "errors": errors[:3],
        }


def client(address: str) -> None:
    """Ask with several threads until standard input ends."""
    load = Load(address)
    for _ in range(WORKERS):
        threading.Thread(target=load.run, daemon=True).start()
    for _ in sys.stdin:
        print(json.dumps(load.tell()), flush=True)


class Client:
    """The other end of such a process."""

    def __init__(self, where: list[str], address: str) -> None:
        words = [*where, sys.executable, __file__, "--client", address]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self) -> dict[str, Any]:
        """Its figures since the last time."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        found: dict[str, Any] = json.loads(self._process.stdout.readline())
        return found

    def end(self) -> None:
        """Let it go."""
        self._process.communicate()


# The cluster, and the world beyond the machine.


@contextmanager
def beyond() -> Iterator[list[str]]:
    """What to put before a command so that it runs beyond the machine."""
    name, device = "fw-bench-outside", "fwbenchout"
    commands = (
        f"ip netns add {name}",
        f"ip link add {device} type veth peer name eth0 netns {name}",
        f"ip addr add {HOST}/30 dev {device}",
        f"ip link set {device} up",
        f"ip -n {name} addr add {OUTSIDER}/30 dev eth0",
        f"ip -n {name} link set eth0 up",
        f"ip -n {name} route add default via {HOST}",
    )
    try:
        for command in commands:
            subprocess.run(command.split(), check=True)
        yield ["ip", "netns", "exec", name]
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)
        subprocess.run(["ip", "link", "del", device], check=False, stderr=subprocess.DEVNULL)


def set_up(running: Cluster, annotations: dict[str, str]) -> dict[str, Any]:
    """Ten pods with these annotations and a Service of type LoadBalancer; its object."""
    container = {"name": "web", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent"}
    pod = {"containers": [container], "terminationGracePeriodSeconds": 10}
    labels = {"app": "web"}
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": REPLICAS, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels, "annotations": annotations}, "spec": pod},
        },
    }  # fmt: skip
    service = {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
    }  # fmt: skip
    running.kubectl(
        "create", "-f", "-", text=json.dumps({"apiVersion": "v1", "kind": "List", "items": [deployment, service]})
    )
    running.kubectl("rollout", "status", "deployment/web", "--timeout=60s")
    running.kubectl("wait", "svc/web", "--for=jsonpath={.status.loadBalancer.ingress}", "--timeout=10s")
    found: dict[str, Any] = json.loads(running.kubectl("get", "svc", "web", "-o", "json"))
    return found


def clients(running: Cluster, service: dict[str, Any], outside: list[str]) -> list[Client]:
    """The four, each behind an address that answers already."""
    nodes = json.loads(running.kubectl("get", "nodes", "-o", "json"))["items"]
    third = next(node for node in nodes if node["metadata"]["name"].endswith("-3"))["status"]["addresses"][0]["address"]
    spec, ingress = service["spec"], service["status"]["loadBalancer"]["ingress"][0]["ip"]
    second = ["nsenter", f"--net=/run/fairway/{running.name}/nodes/2/network"]
    inside, node_port = f"{spec['clusterIP']}:80", spec["ports"][0]["nodePort"]
    wanted = [([], inside), (second, inside), (outside, f"{third}:{node_port}"), (outside, f"{ingress}:80")]
    for where, address in wanted:
        words = [*where, "curl", "-s", "-m", "5", "--retry", "20", "--retry-connrefused", f"http://{address}"]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    return [Client(where, address) for where, address in wanted]


# What happens meanwhile.


def roll(running: Cluster) -> None:
    """One rolling update, to its end."""
    running.kubectl("rollout", "restart", "deployment/web")
    running.kubectl("rollout", "status", "deployment/web", "--timeout=120s")


def pid(running: Cluster, part: str) -> int:
    """Of the one process."""
    return processes.find(part, running.name, running.data_dir)[0]


def serves_again(running: Cluster) -> None:
    """Wait until the API server answers; a client can only ask again."""
    while True:
        try:
            if running.kubectl("get", "--raw", "/readyz") == "ok":
                return
        except subprocess.CalledProcessError:
            continue


def stop_control(running: Cluster) -> None:
    """Frozen for three seconds: connections stand, nothing answers."""
    frozen = pid(running, "control")
    os.kill(frozen, signal.SIGSTOP)
    time.sleep(3)  # the time for which it is to be away
    os.kill(frozen, signal.SIGCONT)
    serves_again(running)


def end_control(number: int) -> Callable[[Cluster], None]:
    """A signal in the middle of a rolling update."""

    def step(running: Cluster) -> None:
        running.kubectl("rollout", "restart", "deployment/web")
        os.kill(pid(running, "control"), number)
        serves_again(running)
        running.kubectl("rollout", "status", "deployment/web", "--timeout=120s")

    return step


def kill_nodes(running: Cluster) -> None:
    """Each node's process in turn, each followed by a rolling update."""
    for part in ("node", "node-2", "node-3"):
        os.kill(pid(running, part), signal.SIGKILL)
        roll(running)


def kill_all(running: Cluster) -> None:
    """Everything at once, then what an operator types."""
    for part in ("supervisor", "control", "node", "node-2", "node-3"):
        os.kill(pid(running, part), signal.SIGKILL)
    running.fairway("up")
    roll(running)


def measured(name: str, step: Callable[[], None], asked: list[Client]) -> dict[str, Any]:
    """A row: what the clients saw while it happened."""
    for each in asked:
        each.tell()
    began = time.monotonic()
    step()
    seconds = time.monotonic() - began
    told = [each.tell() for each in asked]
    for error in [error for each in told for error in each["errors"]]:
        print(f"  failed: {error}", file=sys.stderr)
    return {
        "meanwhile": name, "seconds": seconds, "requests": sum(each["requests"] for each in told),
        "failed": sum(each["failed"] for each in told), "longest_ms": max(each["longest_ms"] for each in told),
    }  # fmt: skip


def main(rollouts: int, annotations: dict[str, str]) -> int:
    with cluster("bench-rollouts", up=("--nodes", "3")) as running, beyond() as outside:
        asked = clients(running, set_up(running, annotations), outside)

        def many() -> None:
            for _ in range(rollouts):
                roll(running)

        steps: list[tuple[str, Callable[[], None]]] = [
            (f"{rollouts} rolling updates of {REPLICAS} pods", many),
            ("control stopped for 3 s", lambda: stop_control(running)),
            ("control restarted in a rolling update", lambda: end_control(signal.SIGTERM)(running)),
            ("control killed in a rolling update", lambda: end_control(signal.SIGKILL)(running)),
            ("each node process killed, then a rolling update", lambda: kill_nodes(running)),
            ("all processes killed, up, a rolling update", lambda: kill_all(running)),
        ]
        try:
            rows = [measured(name, step, asked) for name, step in steps]
        finally:
            for each in asked:
                each.end()
    report(Path(__file__).stem, [*rows, {"meanwhile": "bar", "failed": 0}])
    return int(any(row["failed"] for row in rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rollouts", type=int, default=5, help="how many rolling updates (default 5)")
    parser.add_argument("--stop-at-once", action="store_true", help="with pods that do not wait")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.client:
        client(given.client)
    else:
        raise SystemExit(main(given.rollouts, {"fairway.dev/stop-at-once": "true"} if given.stop_at_once else {}))
