"""What the Ingress controller serves and what it says, to clients in a network namespace of their own."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairway.cluster.local_ca.leaves import self_signed

from .clients import ANSWER, beyond
from .conftest import KUBIA, Cluster, name_of, need_machine
from .ingress_world import apply, ingress, rule

NAMESPACE = "ingress-words"
HOST, CLIENT = "198.51.100.17", "198.51.100.18"

pytestmark = pytest.mark.skipif(shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None, reason="needs haproxy")


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    """A client beyond this machine."""
    with beyond(HOST, CLIENT, "w") as name:
        yield name


@pytest.fixture(scope="module")
def world(cluster: Cluster) -> Iterator[Cluster]:
    cluster.kubectl("create", "namespace", NAMESPACE)
    apply(cluster, *kubia("web", 2), service("empty", {"app": "nobody"}), service("other", {"app": "web"}))
    apply(cluster, {"apiVersion": "v1", "kind": "Service", "metadata": meta("outer"),
                    "spec": {"type": "ExternalName", "externalName": "example.com"}})  # fmt: skip
    cluster.ready_pods(NAMESPACE, "app=web", 2)
    yield cluster
    cluster.kubectl("delete", "namespace", NAMESPACE, "--wait=false")


def meta(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "namespace": NAMESPACE, **more}


def service(name: str, selector: dict[str, str]) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name),
        "spec": {"selector": selector, "ports": ports},
    }


def kubia(name: str, replicas: int) -> list[dict[str, Any]]:
    container = {"name": "kubia", "image": KUBIA, "imagePullPolicy": "IfNotPresent", "ports": [{"containerPort": 8080}]}
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return [
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(name), "spec": spec},
        service(name, {"app": name}),
    ]


def points(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    found = cluster.get("ingress", name, "-n", NAMESPACE)["status"].get("loadBalancer", {})
    return found.get("ingress", [])  # type: ignore[no-any-return]


def ask(cluster: Cluster, where: str, host: str, path: str = "/", *words: str, name: str = "") -> tuple[int, str]:
    """Status and body of a request from the namespace ``where``, at an address that the status of an Ingress names."""
    (point,) = cluster.wait(lambda: points(cluster, name or host.partition(".")[0]), f"an address of {host}")
    port = next(each["port"] for each in point["ports"])
    done = subprocess.run(
        ["ip", "netns", "exec", where, "curl", "-sS", "-m", "10", "-w", "\n%{http_code}", *words,
         "--resolve", f"{host}:{port}:{point['ip']}", f"http://{host}:{port}{path}"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


def events(cluster: Cluster, name: str) -> dict[str, str]:
    """The messages about an Ingress by their reasons."""
    found = cluster.get("events", "-n", NAMESPACE, "--field-selector", f"involvedObject.name={name}")["items"]
    return {each["reason"]: each["message"] for each in found}


def test_hosts_and_paths_lead_to_pods_and_all_else_is_not_found(world: Cluster, outside: str) -> None:
    paths = [("/", "Prefix", "web", 80), ("/only", "Exact", "empty", 80)]
    apply(world, ingress(NAMESPACE, "hosts", [rule("hosts.example", *paths), rule("*.hosts.example", paths[0])]))
    world.wait(lambda: ask(world, outside, "hosts.example")[0] == 200, "the pods answer")
    seen = {found[1] for _ in range(12) if (found := ANSWER.search(ask(world, outside, "hosts.example", "/x?y=z")[1]))}
    assert len(seen) == 2
    assert ask(world, outside, "hosts.example", "/only/x")[0] == 200
    assert ask(world, outside, "hosts.example", "/only") == (
        503, "no endpoint of the Service behind this path is ready\n",
    )  # fmt: skip
    assert ask(world, outside, "a.hosts.example", name="hosts")[0] == 200
    for stranger in ("b.a.hosts.example", "else.example"):
        assert ask(world, outside, stranger, name="hosts") == (404, "no Ingress has a rule for this host and path\n")


def test_the_status_says_where_and_goes_with_nothing(world: Cluster, outside: str) -> None:
    apply(world, ingress(NAMESPACE, "status", [rule("status.example", ("/", "Prefix", "web", 80))]))
    (point,) = world.wait(lambda: points(world, "status"), "an address")
    node = world.get("nodes")["items"][0]["status"]["addresses"]
    assert point["ip"] in [each["address"] for each in node]
    assert [each["protocol"] for each in point["ports"]] == ["TCP", "TCP"]
    line = world.kubectl("get", "ingress", "status", "-n", NAMESPACE, "--no-headers").split()
    assert line[:4] == ["status", "fairway", "status.example", point["ip"]]
    assert world.wait(lambda: events(world, "status").get("Synced"), "it is told") == "hosts and paths are served"
    for class_, is_served in (("another", False), ("fairway", True)):
        world.kubectl(
            "patch", "ingress", "status", "-n", NAMESPACE, "-p", f'{{"spec":{{"ingressClassName":"{class_}"}}}}'
        )
        world.wait(lambda served=is_served: bool(points(world, "status")) == served, f"its class is {class_}")


def test_pods_reach_it_too(world: Cluster, outside: str) -> None:
    apply(world, ingress(NAMESPACE, "inside", [rule("inside.example", ("/", "Prefix", "web", 80))]))
    world.wait(lambda: ask(world, outside, "inside.example")[0] == 200, "the pods answer")
    (point,) = points(world, "inside")
    (pod, *_) = world.ready_pods(NAMESPACE, "app=web", 2)
    url = f"http://{point['ip']}:{point['ports'][0]['port']}/"
    words = ["exec", "-n", NAMESPACE, pod["metadata"]["name"], "--", "curl", "-s", "-H", "Host: inside.example", url]
    assert ANSWER.search(world.kubectl(*words))


def test_a_default_backend_takes_the_rest(world: Cluster, outside: str) -> None:
    backend = {"service": {"name": "web", "port": {"name": "http"}}}
    rules = [rule("rest.example", ("/no", "Prefix", "empty", 80))]
    apply(world, ingress(NAMESPACE, "rest", rules, defaultBackend=backend))
    world.wait(lambda: ask(world, outside, "rest.example", "/")[0] == 200, "the default backend answers")
    assert ask(world, outside, "rest.example", "/no/x")[0] == 503
    assert ask(world, outside, "quite-another.example", name="rest")[0] == 200
    world.kubectl("delete", "ingress", "rest", "-n", NAMESPACE)


MISTAKES = [
    ("no-service", [("/", "Prefix", "gone", 80)], "ServiceNotFound", f'Service "{NAMESPACE}/gone" does not exist'),
    ("no-port", [("/", "Prefix", "web", 81)], "PortNotFound", "no port with the number 81, it has http (80)"),
    ("no-pod", [("/", "Prefix", "empty", 80)], "NoEndpoints", f'Service "{NAMESPACE}/empty" has no ready endpoint'),
    ("outer", [("/", "Prefix", "outer", 80)], "ExternalName", "is of type ExternalName"),
]


@pytest.mark.parametrize(("name", "paths", "reason", "text"), MISTAKES, ids=[each[0] for each in MISTAKES])
def test_a_backend_that_cannot_serve_is_told_and_answers_503(
    world: Cluster, outside: str, name: str, paths: list[Any], reason: str, text: str
) -> None:
    apply(world, ingress(NAMESPACE, name, [rule(f"{name}.example", *paths)]))
    assert ask(world, outside, f"{name}.example")[0] == 503
    assert text in world.wait(lambda: events(world, name).get(reason), f"an Event {reason}")


def test_what_two_ingresses_claim_belongs_to_the_older(world: Cluster, outside: str) -> None:
    apply(world, ingress(NAMESPACE, "older", [rule("claimed.example", ("/", "Prefix", "web", 80))]))
    world.wait(lambda: ask(world, outside, "claimed.example", name="older")[0] == 200, "the pods answer")
    apply(world, ingress(NAMESPACE, "younger", [rule("claimed.example", ("/", "Prefix", "empty", 80))]))
    message = world.wait(lambda: events(world, "younger").get("Conflict"), "an Event")
    assert f"the older Ingress {NAMESPACE}/older has paths below / of host claimed.example" in message
    assert ask(world, outside, "claimed.example", name="older")[0] == 200
    world.kubectl("delete", "ingress", "older", "-n", NAMESPACE)
    world.wait(lambda: ask(world, outside, "claimed.example", name="younger")[0] == 503, "the younger one has it now")


def test_other_classes_are_left_to_others_and_unknown_ones_are_told(world: Cluster, outside: str) -> None:
    other = {"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "ingress-words"},
             "spec": {"controller": "example.com/other"}}  # fmt: skip
    paths = ("/", "Prefix", "web", 80)
    apply(world, other, ingress(NAMESPACE, "others", [rule("others.example", paths)], ingressClassName="ingress-words"))
    apply(world, ingress(NAMESPACE, "unknown", [rule("unknown.example", paths)], ingressClassName="nowhere"))
    apply(world, ingress(NAMESPACE, "ours", [rule("ours.example", paths)]))
    world.wait(lambda: ask(world, outside, "ours.example")[0] == 200, "ours is served")
    for host in ("others.example", "unknown.example"):
        assert ask(world, outside, host, name="ours")[0] == 404
    assert points(world, "others") == points(world, "unknown") == []
    message = world.wait(lambda: events(world, "unknown").get("ClassNotFound"), "an Event")
    assert message == 'IngressClass "nowhere" does not exist: nobody serves this Ingress'
    assert events(world, "others") == {}
    legacy = ingress(NAMESPACE, "legacy", [rule("legacy.example", paths)])
    legacy["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "fairway"}
    apply(world, legacy)
    world.wait(lambda: ask(world, outside, "legacy.example")[0] == 200, "the annotation names us too")
    world.kubectl("delete", "ingressclass", "ingress-words")


def test_what_is_wrong_with_a_certificate_is_told(world: Cluster, outside: str, tmp_path: Path) -> None:
    leaf = self_signed(("other.example",))
    (tmp_path / "crt").write_bytes(leaf.chain)
    (tmp_path / "key").write_bytes(leaf.key)
    files = (f"--cert={tmp_path / 'crt'}", f"--key={tmp_path / 'key'}")
    world.kubectl("create", "secret", "tls", "for-other", *files, "-n", NAMESPACE)
    world.kubectl("create", "secret", "generic", "opaque", "--from-literal=a=b", "-n", NAMESPACE)
    for name, secret, reason in (
        ("tls-gone", "nowhere", "SecretNotFound"),
        ("tls-opaque", "opaque", "SecretInvalid"),
        ("tls-other", "for-other", "CertificateMismatch"),
    ):
        host = f"{name}.example"
        tls = [{"hosts": [host], "secretName": secret}]
        apply(world, ingress(NAMESPACE, name, [rule(host, ("/", "Prefix", "web", 80))], tls=tls))
        message = world.wait(lambda name=name, reason=reason: events(world, name).get(reason), f"an Event {reason}")
        assert f'"{NAMESPACE}/{secret}"' in message
        status, _ = ask(world, outside, host)
        assert status == 308  # it has TLS all the same


def test_redirects_can_be_switched_off(world: Cluster, outside: str) -> None:
    one = ingress(
        NAMESPACE, "plain", [rule("plain.example", ("/", "Prefix", "web", 80))], tls=[{"hosts": ["plain.example"]}]
    )
    one["metadata"]["annotations"] = {"fairway.dev/ssl-redirect": "false"}
    apply(world, one)
    world.wait(lambda: ask(world, outside, "plain.example")[0] == 200, "plain HTTP is served")


def test_nothing_is_started_before_it_is_needed_and_nothing_is_left(tmp_path: Path) -> None:
    need_machine()
    own = Cluster(name_of("ingress-life"), tmp_path)
    own.fairway("up")
    try:
        assert haproxies(own) == []
        classes = own.get("ingressclass")["items"]
        assert [(each["metadata"]["name"], each["spec"]["controller"]) for each in classes] == [
            ("fairway", "fairway.dev/ingress")
        ]
        apply(own, ingress("default", "one", [rule("one.example", ("/", "Prefix", "web", 80))]))
        own.wait(lambda: own.get("ingress", "one")["status"]["loadBalancer"].get("ingress"), "it is served")
        assert haproxies(own)
        told = json.loads(own.fairway("status", "--json").stdout)
        assert any(part["name"] == "ingress" and part["is_well"] for part in told["parts"])
    finally:
        own.fairway("down", "--purge")
    assert haproxies(own) == []


def haproxies(cluster: Cluster) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                words = (folder / "cmdline").read_bytes().decode().split("\0")
            except OSError:
                continue
            if f"/run/fairway/{cluster.name}/ingress/haproxy.cfg" in words:
                found.append(int(folder.name))
    return [pid for pid in found if pid != os.getpid()]
