"""The introduction to Services, typed out: every command is shown with its real output, and checked.

Run by ``scripts/demo``.  Uses a cluster of its own (``--name demo``), so that a cluster that you have is left alone.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HOUSE = Path(__file__).resolve().parent.parent
EXAMPLES = HOUSE / "examples"
FAIRWAY = str(HOUSE / ".venv/bin/fairway")
PATIENCE_S = 60.0
ANSWER = re.compile(r"You've hit (\S+)")


class DemoFailure(Exception):
    """A step that did not do what the introduction says."""


class Demo:
    """What all chapters share: the commands, the checks and their count."""

    def __init__(self, *, kubectl: str, name: str, folder: Path) -> None:
        self.kubectl, self.name, self.data_dir = kubectl, name, str(folder / "data")
        self.environment = {**os.environ, "KUBECONFIG": str(folder / "kubeconfig")}
        self.checks = 0
        self.failures: list[str] = []

    # Commands ---------------------------------------------------------------------------------------------------

    def run(self, *words: str, shown: str = "", fails: bool = False, quiet: bool = False, text: str = "") -> str:
        """Run a command, print it and what it says; its output, standard error included."""
        if not quiet:
            print(f"$ {shown or self.typed(words)}", flush=True)
        program = {"kubectl": self.kubectl, "fairway": FAIRWAY}.get(words[0], words[0])
        done = subprocess.run(
            [program, *words[1:]], cwd=EXAMPLES, env=self.environment, input=text or None, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE_S * 2,
        )  # fmt: skip
        if not quiet and done.stdout.strip():
            print(_indented(done.stdout), flush=True)
        if words[0] == "fairway" and done.returncode != 0 and not fails:
            raise DemoFailure(f"`fairway {words[1]}` ended with exit code {done.returncode}, see above")
        if (done.returncode != 0) != fails and not quiet:
            self.check(False, f"`{' '.join(words[:3])} ...` ended with exit code {done.returncode}")
        return done.stdout

    def typed(self, words: Sequence[str]) -> str:
        """A command as one types it: `fairway` knows kubectl's verbs, and takes its place where it is not there."""
        program = "fairway" if words[0] == "kubectl" and self.kubectl == FAIRWAY else words[0]
        return " ".join(_quoted(word) for word in (program, *words[1:]))

    def fairway(self, command: str, *words: str) -> str:
        """A cluster command on the demo's own cluster."""
        own = ("--name", self.name, "--data-dir", self.data_dir)
        return self.run("fairway", command, *words, *own, shown=" ".join(["sudo fairway", command, *words]))

    def value(self, *words: str) -> str:
        """What kubectl says, without showing it."""
        return self.run("kubectl", *words, quiet=True).strip()

    def get(self, *words: str) -> dict:
        """An object."""
        return json.loads(self.run("kubectl", "get", *words, "-o", "json", quiet=True))

    def pods(self, selector: str) -> list[str]:
        """Names of the running pods."""
        return [
            item["metadata"]["name"]
            for item in self.get("pods", "-l", selector)["items"]
            if not item["metadata"].get("deletionTimestamp")
        ]

    def ready(self, selector: str, count: int) -> list[str]:
        """Wait until exactly ``count`` pods of the selector are there and ready; their names."""

        def settled() -> bool:
            items = self.get("pods", "-l", selector)["items"]
            return len(items) == count and all(_is_ready(item) for item in items)

        self.wait(
            settled, f"{count} pod{'s' if count > 1 else ''} with {selector} {'are' if count > 1 else 'is'} ready"
        )
        return self.pods(selector)

    def curl(self, pod: str, url: str, *, options: tuple[str, ...] = ("-s",), quiet: bool = True) -> str:
        """Call a URL from inside a pod."""
        return self.run("kubectl", "exec", pod, "--", "curl", "--max-time", "5", *options, url, quiet=quiet).strip()

    # Checks -----------------------------------------------------------------------------------------------------

    def check(self, is_true: object, what: str) -> None:
        """Count one check and print it."""
        self.checks += 1
        print(f"  {'✓' if is_true else '✗'} {what}", flush=True)
        if not is_true:
            self.failures.append(what)

    def wait(self, condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
        """Wait for a condition that only shows by asking again; a check that it came true."""
        deadline = time.monotonic() + patience_s
        while not (met := condition()) and time.monotonic() < deadline:
            time.sleep(0.1)  # the demo is a client like any other: it asks again
        self.check(met, what)

    def explain(self, text: str) -> None:
        """A sentence between two commands."""
        print(f"# {text}", flush=True)


def _quoted(word: str) -> str:
    return f"'{word}'" if re.search(r"[^\w@%+=:,./-]", word) else word


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.rstrip("\n").split("\n"))


def _is_ready(pod: dict) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    is_ready = any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
    return is_ready and not pod["metadata"].get("deletionTimestamp")


# The chapters -----------------------------------------------------------------------------------------------------


def w1_create_and_look(demo: Demo) -> None:
    """W1 Create a Service and look at it"""
    said = demo.run("kubectl", "create", "-f", "svc.yaml")
    demo.check("replicaset" in said and "service/kubia created" in said, "the text-book's manifest is taken as it is")
    demo.check("Warning: spec.ports[0].targetPort" in said, "a warning names the slip in it")
    demo.run("kubectl", "get", "svc")
    demo.ready("app=kubia", 3)
    demo.run("kubectl", "get", "pods", "-o", "wide")
    address = cluster_ip(demo, "kubia")
    pod = demo.pods("app=kubia")[0]
    demo.explain("The manifest sends port 80 to port 80 of the pods, where nothing listens:")
    refused = demo.run("kubectl", "exec", pod, "--", "curl", "-sS", f"http://{address}", fails=True)
    demo.check("curl: (7)" in refused, "the connection is refused, as on any Kubernetes")
    answer = demo.run("fairway", "why", "svc/kubia", fails=True)
    demo.check("targetPort: http" in answer, "fairway why names the port that was meant")
    demo.explain("The cure: targetPort: http")
    demo.run("kubectl", "patch", "svc", "kubia", "-p", '{"spec":{"ports":[{"port":80,"targetPort":"http"}]}}')
    demo.wait(lambda: bool(ANSWER.search(demo.curl(pod, f"http://{address}"))), "the Service answers")
    demo.check(cluster_ip(demo, "kubia") == address, "its address is still the same")


def w2_reach_it_from_inside(demo: Demo) -> None:
    """W2 Reach it from inside the cluster"""
    address, pods = cluster_ip(demo, "kubia"), demo.pods("app=kubia")
    said = demo.run("kubectl", "exec", pods[0], "--", "curl", "-s", f"http://{address}")
    demo.check(ANSWER.search(said), "a pod answers through the cluster IP")
    hits = calls(demo, pods[0], f"http://{address}", 30)
    print(f"  30 calls: {dict(hits)}")
    demo.check(set(hits) == set(pods), "thirty calls reach all three pods")


def w3_the_address_outlives_the_pods(demo: Demo) -> None:
    """W3 The address outlives the pods"""
    address = cluster_ip(demo, "kubia")
    with steady_client(demo, f"http://{address}/") as client:
        victim = demo.pods("app=kubia")[0]
        demo.run("kubectl", "delete", "pod", victim)
        demo.ready("app=kubia", 3)
        for count in (5, 1, 3):
            demo.run("kubectl", "scale", "rs", "kubia", f"--replicas={count}")
            demo.ready("app=kubia", count)
    print(f"  the client that never paused made {client.calls} calls, {client.failed} failed")
    demo.check(client.calls > 20 and client.failed == 0, "no call failed while pods came and went")
    demo.check(cluster_ip(demo, "kubia") == address, "the cluster IP never changed")


def w4_session_affinity(demo: Demo) -> None:
    """W4 Session affinity"""
    demo.run("kubectl", "create", "-f", "svc-session-affinity.yaml")
    address, pods = cluster_ip(demo, "kubia-sticky"), demo.pods("app=kubia")
    seconds = demo.value(
        "get", "svc", "kubia-sticky", "-o", "jsonpath={.spec.sessionAffinityConfig.clientIP.timeoutSeconds}"
    )
    demo.check(seconds == "10800", "the timeout's default is 10800 s")
    reachable(demo, pods[0], f"http://{address}")
    hits = calls(demo, pods[0], f"http://{address}", 15)
    print(f"  15 calls with ClientIP: {dict(hits)}")
    demo.check(len(hits) == 1, "all calls of one client reach one pod")
    demo.run("kubectl", "patch", "svc", "kubia-sticky", "-p", '{"spec":{"sessionAffinity":"None"}}')
    demo.wait(
        lambda: len(calls(demo, pods[0], f"http://{address}", 20)) > 1, "back to None, the calls are spread again"
    )
    demo.run("kubectl", "delete", "svc", "kubia-sticky")


def w5_several_ports(demo: Demo) -> None:
    """W5 Several ports in one Service"""
    said = demo.run("kubectl", "create", "-f", "svc-unnamed-ports.yaml", fails=True)
    wanted = [f"spec.ports[{i}].name: Required value" for i in (0, 1)]
    demo.check(all(text in said for text in wanted), "several ports without names are refused, each by its path")
    demo.run("kubectl", "create", "-f", "svc-two-ports.yaml")
    pods, address = demo.ready("app=web", 2), cluster_ip(demo, "web")
    demo.run("kubectl", "get", "svc", "web")
    reachable(demo, pods[0], f"http://{address}")
    plain = demo.curl(pods[0], f"http://{address}", quiet=False)
    secure = demo.curl(pods[0], f"https://{address}", options=("-sk",), quiet=False)
    demo.check(ANSWER.search(plain) and ANSWER.search(secure), "http on 80 and https on 443 answer at one address")


def w6_named_ports(demo: Demo) -> None:
    """W6 Named ports"""
    demo.explain('A second ReplicaSet joins with the same labels; its "http" is 9090. The Service is not touched.')
    demo.run("kubectl", "create", "-f", "rs-other-port.yaml")
    pods, address = demo.ready("app=web", 3), cluster_ip(demo, "web")
    seen: Counter[str] = Counter()

    def all_hit() -> bool:
        seen.update(calls(demo, pods[0], f"http://{address}", 10))
        return set(seen) == set(pods)

    demo.wait(all_hit, "the Service reaches both, 8080 and 9090, by the port's name")
    print(f"  {dict(seen)}")
    demo.run("kubectl", "get", "endpoints", "web")


def w7_endpoints(demo: Demo) -> None:
    """W7 Endpoints"""
    said = demo.run("kubectl", "describe", "svc", "kubia")
    demo.check(re.search(r"Endpoints:\s+10\.\d+\.\d+\.\d+:8080", said), "describe lists the endpoints")
    said = demo.run("kubectl", "get", "endpoints", "kubia", "-o", "yaml")
    demo.check(said.count("targetRef:") == 3, "the Endpoints object holds an address for each pod")
    said = demo.run("kubectl", "get", "endpointslices", "-l", "kubernetes.io/service-name=kubia")
    demo.check("IPv4" in said, "and so does the EndpointSlice")
    demo.explain("A Service without a selector takes endpoints written by hand:")
    demo.run("kubectl", "create", "-f", "svc-external.yaml")
    pod = demo.get("pods", "-l", "app=kubia")["items"][0]
    written = {
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "external"},
        "subsets": [{"addresses": [{"ip": pod["status"]["podIP"]}], "ports": [{"port": 8080}]}],
    }  # fmt: skip
    demo.run("kubectl", "create", "-f", "-", text=json.dumps(written))
    address = cluster_ip(demo, "external")
    caller, name = demo.pods("app=web")[0], pod["metadata"]["name"]
    demo.wait(lambda: name in demo.curl(caller, f"http://{address}"), "the hand-written endpoint answers")
    demo.run("kubectl", "delete", "svc", "external")


def w8_frontend_and_backend(demo: Demo) -> None:
    """W8 Frontend and backend: by the environment and by name"""
    demo.run("kubectl", "create", "-f", "frontend-backend.yaml")
    demo.ready("app=backend", 1)
    frontend = demo.ready("app=frontend", 2)[0]
    said = demo.run("kubectl", "exec", frontend, "--", "sh", "-c", "env | grep ^BACKEND_SERVICE")
    address = cluster_ip(demo, "backend")
    demo.check(
        f"BACKEND_SERVICE_HOST={address}" in said and "BACKEND_SERVICE_PORT=80" in said, "the variables are there"
    )
    command = "curl -s --max-time 5 http://$BACKEND_SERVICE_HOST:$BACKEND_SERVICE_PORT"
    said = demo.run("kubectl", "exec", frontend, "--", "sh", "-c", command)
    first = ANSWER.search(said)
    demo.check(first, "the frontend reaches the backend by them")
    said = demo.run("kubectl", "exec", frontend, "--", "curl", "-s", "http://backend")
    demo.check(first and first[0] in said, "and by its name")
    for name in ("backend.default", "backend.default.svc.cluster.local"):
        said = demo.run("kubectl", "exec", frontend, "--", "curl", "-s", f"http://{name}")
        demo.check(first and first[0] in said, f"{name} is the same")
    said = demo.run("kubectl", "exec", frontend, "--", "nslookup", "backend.default.svc.cluster.local.")
    demo.check(f"Address: {address}" in said, "the name stands for the cluster IP")
    before = demo.get("pods", "-l", "app=backend")["items"][0]["status"]["podIP"]
    demo.run("kubectl", "delete", "pod", "-l", "app=backend")
    demo.ready("app=backend", 1)
    after = demo.get("pods", "-l", "app=backend")["items"][0]["status"]["podIP"]
    demo.check(before != after, f"the database pod came back with another IP ({before}, now {after})")

    def second() -> bool:
        found = ANSWER.search(demo.run("kubectl", "exec", frontend, "--", "sh", "-c", command, quiet=True))
        return bool(found and first and found[1] != first[1])

    demo.wait(second, "the frontend works on without being told")
    said = demo.run("kubectl", "exec", frontend, "--", "curl", "-s", "http://backend")
    found = ANSWER.search(said)
    demo.check(found and first and found[1] != first[1], "and the name leads to the new pod")


def w9_expose(demo: Demo) -> None:
    """W9 Expose"""
    demo.run("kubectl", "expose", "rs", "kubia", "--name=kubia-http", "--port=80", "--target-port=8080")
    demo.run(
        "kubectl", "expose", "pod", demo.pods("app=kubia")[0], "--port=444", "--target-port=8080", "--name=one-pod"
    )
    demo.run("kubectl", "expose", "service", "kubia", "--port=8443", "--target-port=http", "--name=kubia-again")
    said = demo.run("kubectl", "get", "svc")
    caller = demo.pods("app=web")[0]
    for name, port in (("kubia-http", 80), ("one-pod", 444), ("kubia-again", 8443)):
        demo.check(name in said, f"{name} is there")
        reachable(demo, caller, f"http://{cluster_ip(demo, name)}:{port}")
    demo.run("kubectl", "delete", "svc", "kubia-http", "one-pod", "kubia-again")


def w10_ways_in(demo: Demo) -> None:
    """W10 Ways in from outside: NodePort, LoadBalancer, externalIPs, Ingress, port-forward, proxy"""
    demo.run("kubectl", "create", "-f", "svc-nodeport.yaml")
    demo.run("kubectl", "get", "svc", "kubia-nodeport")
    port = demo.value("get", "svc", "kubia-nodeport", "-o", "jsonpath={.spec.ports[0].nodePort}")
    node = demo.value("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")
    answers_outside(demo, f"http://{node}:{port}", "the node port answers")
    demo.run("kubectl", "create", "-f", "svc-loadbalancer.yaml")
    said = demo.run("kubectl", "get", "svc", "kubia-loadbalancer")
    address = demo.value("get", "svc", "kubia-loadbalancer", "-o", "jsonpath={.status.loadBalancer.ingress[0].ip}")
    demo.check(address and address in said, "the load balancer has its address at once: never <pending>")
    answers_outside(demo, f"http://{address}", "the load balancer's address answers")
    demo.run("kubectl", "create", "-f", "svc-external-ips.yaml")
    answers_outside(demo, "http://203.0.113.10", "the external IP answers")
    ingress(demo)
    tool = "fairway" if demo.kubectl == FAIRWAY else "kubectl"
    with listening(demo, "port-forward", "svc/kubia-loadbalancer", ":80") as local:
        answers_outside(demo, f"http://127.0.0.1:{local}", f"{tool} port-forward leads to a pod")
    with listening(demo, "proxy", "--port=0") as local:
        said = demo.run("curl", "-s", f"http://127.0.0.1:{local}/api/v1/namespaces/default/services/kubia", quiet=True)
        demo.check('"name": "kubia"' in said or '"name":"kubia"' in said, f"{tool} proxy opens the API on this machine")
        url = f"http://127.0.0.1:{local}/api/v1/namespaces/default/services/kubia:http/proxy/"
        answers_outside(demo, url, "and leads through it to the Service")


def ingress(demo: Demo) -> None:
    """A host name leads to the Service, by HTTP and by HTTPS; the ports are 80 and 443 unless others have them."""
    if shutil.which("haproxy", path="/usr/sbin:/usr/bin:/sbin:/bin") is None:
        demo.explain("there is no HAProxy here, so no Ingress is served: sudo apt-get install -y haproxy")
        return
    demo.run("kubectl", "create", "-f", "ingress.yaml")
    where = "jsonpath={.status.loadBalancer.ingress[0].ports[*].port}"
    demo.wait(lambda: bool(demo.value("get", "ingress", "kubia", "-o", where)), "the Ingress has an address")
    demo.run("kubectl", "get", "ingress", "kubia")
    http, https = demo.value("get", "ingress", "kubia", "-o", where).split()
    ca = Path(demo.data_dir, demo.name, "ingress-ca", "root.crt")
    for scheme, port, options in (("http", http, ()), ("https", https, ("--cacert", str(ca)))):
        url = f"{scheme}://kubia.localhost" + ("" if port in ("80", "443") else f":{port}")
        to_here = ("--resolve", f"kubia.localhost:{port}:127.0.0.1")
        answers_outside(demo, url, f"the Ingress answers by {scheme.upper()}", *to_here, *options)


def answers_outside(demo: Demo, url: str, what: str, *options: str) -> None:
    """A client on the machine, outside the pods, gets an answer; the call is shown."""

    def is_answered() -> bool:
        return bool(ANSWER.search(demo.run("curl", "-s", "--max-time", "3", *options, url, quiet=True)))

    demo.wait(is_answered, what)
    demo.run("curl", "-s", *options, url)


@contextmanager
def listening(demo: Demo, *words: str) -> Iterator[int]:
    """A kubectl that listens while the block runs; its port."""
    print(f"$ {demo.typed(('kubectl', *words))} &", flush=True)
    process = subprocess.Popen(
        [demo.kubectl, *words], env=demo.environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        print(_indented(said), flush=True)
        port = re.search(r"127\.0\.0\.1:(\d+)", said)
        yield int(port[1]) if port else 0
    finally:
        process.terminate()
        process.communicate()


CHAPTERS = (
    w1_create_and_look,
    w2_reach_it_from_inside,
    w3_the_address_outlives_the_pods,
    w4_session_affinity,
    w5_several_ports,
    w6_named_ports,
    w7_endpoints,
    w8_frontend_and_backend,
    w9_expose,
    w10_ways_in,
)


def cluster_ip(demo: Demo, name: str) -> str:
    """A Service's address."""
    return demo.value("get", "svc", name, "-o", "jsonpath={.spec.clusterIP}")


def calls(demo: Demo, pod: str, url: str, count: int) -> Counter[str]:
    """Which pods answered ``count`` separate connections from inside ``pod``."""
    loop = f"for i in $(seq {count}); do curl -s --max-time 5 {url}; done"
    return Counter(ANSWER.findall(demo.run("kubectl", "exec", pod, "--", "sh", "-c", loop, quiet=True)))


def reachable(demo: Demo, pod: str, url: str) -> None:
    """Wait until a URL answers from inside a pod."""
    demo.wait(lambda: bool(ANSWER.search(demo.curl(pod, url))), f"{url} answers")


class SteadyClient:
    """Calls a URL without pause, a new connection each time, until told to stop."""

    def __init__(self, url: str) -> None:
        self.url, self.calls, self.failed = url, 0, 0
        self.stop = threading.Event()

    def run(self) -> None:
        """Call on."""
        while not self.stop.is_set():
            done = subprocess.run(["curl", "-s", "--max-time", "5", self.url], capture_output=True, text=True)
            self.calls += 1
            self.failed += not ANSWER.search(done.stdout)


@contextmanager
def steady_client(demo: Demo, url: str) -> Iterator[SteadyClient]:
    """A client on the node itself that calls while the block runs."""
    client = SteadyClient(url)
    thread = threading.Thread(target=client.run)
    demo.explain(f"A client calls {url} without pause from here on")
    thread.start()
    try:
        yield client
    finally:
        client.stop.set()
        thread.join()


def walk(demo: Demo) -> None:
    """The cluster, the chapters, the end."""
    print("\n== A cluster", flush=True)
    demo.fairway("image", "import", str(HOUSE / "build/kubia.tar"))
    demo.fairway("up")
    demo.run("kubectl", "get", "nodes")
    for chapter in CHAPTERS:
        print(f"\n== {chapter.__doc__}", flush=True)
        chapter(demo)


def leave(demo: Demo, folder: Path, *, keep: bool) -> None:
    """Take the cluster down, or say how to."""
    if keep:
        print(f"\nThe cluster stays up.  KUBECONFIG={folder}/kubeconfig fairway get svc")
        print(f"Stop it: sudo fairway down --name {demo.name} --data-dir {demo.data_dir} --purge")
        return
    try:
        print("\n== The end")
        demo.fairway("down", "--purge")
    except DemoFailure as failure:
        demo.check(False, str(failure))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run all; 0 if every check held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the cluster up")
    parser.add_argument(
        "--kubectl",
        default=shutil.which("kubectl") or FAIRWAY,
        help="which kubectl (default %(default)s); where there is none, fairway does what kubectl would",
    )
    parser.add_argument("--name", default="demo", help="name of the cluster (default %(default)s)")
    args = parser.parse_args()
    if os.geteuid() != 0:
        os.execvp("sudo", ["sudo", "-E", sys.executable, *sys.argv])
    kubectl = shutil.which(args.kubectl)
    if kubectl is None:
        print(
            f"error: there is no {args.kubectl} here\n  fix: name the file of a kubectl, 1.20 or newer "
            "(https://kubernetes.io/docs/tasks/tools/), or leave --kubectl away",
            file=sys.stderr,
        )
        return 2
    folder = Path(tempfile.mkdtemp(prefix="fairway-demo-"))
    folder.chmod(0o755)
    demo = Demo(kubectl=os.path.abspath(kubectl), name=args.name, folder=folder)
    started_s = time.monotonic()
    try:
        walk(demo)
    except (DemoFailure, subprocess.SubprocessError, ValueError, KeyError, IndexError) as error:
        demo.check(False, f"the walk broke off: {error}")
    except KeyboardInterrupt:
        demo.check(False, "broken off by Ctrl-C")
    finally:
        leave(demo, folder, keep=args.keep)
    took_s = time.monotonic() - started_s
    print(f"\n{demo.checks} checks, {len(demo.failures)} failed, {took_s:.0f} s")
    for failure in demo.failures:
        print(f"  ✗ {failure}")
    return 1 if demo.failures else 0


if __name__ == "__main__":
    sys.exit(main())
