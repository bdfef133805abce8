"""An Ingress as the outside world sees it: every tongue of HTTP, TLS by name, and what goes on while things change."""

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from fairway.cluster import processes
from fairway.cluster.local_ca import authority
from fairway.cluster.local_ca.domains import RESERVED

from .clients import ANSWER, beyond
from .conftest import Cluster
from .ingress_world import Way, apply, backend, backend_objects, ingress, rule, way_to
from .test_resolver import LOOK_UP, OwnEtc

NAMESPACE = "ingress-clients"
HOST, CLIENT = "198.51.100.9", "198.51.100.10"
BACK_HOST, BACK = "198.51.100.13", "198.51.100.14"
MEBIBYTE = 1 << 20

pytestmark = pytest.mark.skipif(shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None, reason="needs haproxy")


@pytest.fixture(scope="module")
def outside() -> Iterator[str]:
    """A client beyond this machine."""
    with beyond(HOST, CLIENT, "c") as name:
        yield name


@pytest.fixture(scope="module")
def way(cluster: Cluster, outside: str) -> Iterator[Way]:
    """The way in to three pods and to a backend of many tongues."""
    cluster.kubectl("create", "namespace", NAMESPACE)
    with beyond(BACK_HOST, BACK, "b") as where, backend(where, "back-1"):
        apply(cluster, deployment(), service("kubia"), *backend_objects(NAMESPACE, BACK))
        rules = [
            rule("app.localhost", ("/", "Prefix", "kubia", 80)),
            rule("back.localhost", ("/", "Prefix", "back", 80), ("/talk", "Prefix", "back", 81)),
            rule("grpc.localhost", ("/", "Prefix", "back", 82)),
        ]
        tls = [{"hosts": ["app.localhost"]}]
        apply(cluster, ingress(NAMESPACE, "web", rules, tls=tls))
        cluster.ready_pods(NAMESPACE, "app=kubia", 3)
        found = way_to(cluster, NAMESPACE, "web")
        cluster.wait(lambda: answers(found, outside, "https://app.localhost/"), "the pods answer")
        cluster.wait(lambda: answers(found, outside, "http://back.localhost/"), "the backend answers")
        yield found
        cluster.kubectl("delete", "namespace", NAMESPACE)


def deployment() -> dict[str, Any]:
    container = {
        "name": "kubia", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent",
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
    }  # fmt: skip
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "kubia", "namespace": NAMESPACE},
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": "kubia"}},
            "template": {"metadata": {"labels": {"app": "kubia"}}, "spec": {"containers": [container]}},
        },
    }  # fmt: skip


def service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]},
    }  # fmt: skip


def answers(way: Way, where: str, url: str) -> bool:
    try:
        return way.curl(where, url, "-o", "/dev/null", "-w", "%{http_code}") == "200"
    except AssertionError:
        return False


def pods(cluster: Cluster) -> set[str]:
    return {pod["metadata"]["name"] for pod in cluster.ready_pods(NAMESPACE, "app=kubia", 3)}


# Every tongue


@pytest.mark.parametrize(("flag", "version"), [("--http1.1", "1.1"), ("--http2", "2")])
def test_https_of_every_version_reaches_the_pods(
    cluster: Cluster, way: Way, outside: str, flag: str, version: str
) -> None:
    seen = {way.curl(outside, "https://app.localhost/", flag, "-w", "%{http_version}") for _ in range(12)}
    names = pods(cluster)
    assert {ANSWER.search(text)[1] for text in seen} == names  # type: ignore[index]
    assert all(text.endswith(version) for text in seen)


def test_http_2_without_tls_is_understood(way: Way, outside: str) -> None:
    text = way.curl(outside, "http://back.localhost/a?b=c", "--http2-prior-knowledge", "-w", "\n%{http_version}")
    told, version = text.splitlines()
    assert (json.loads(told)["path"], version) == ("/a?b=c", "2")


def test_clients_of_both_families_are_served(way: Way) -> None:
    with beyond("fd98:51::1", "fd98:51::2", "v") as where:
        over_ipv6 = replace(way, address="[fd98:51::1]")
        told = json.loads(over_ipv6.curl(where, "https://back.localhost/", "--http2"))
    assert (told["name"], dict(told["headers"])["x-forwarded-for"]) == ("back-1", "fd98:51::2")


def test_plain_http_of_a_host_with_tls_is_sent_to_https(way: Way, outside: str) -> None:
    written = "%{http_code} %{redirect_url}"
    told = way.curl(outside, "http://app.localhost/a%20b?c=d&e", "-o", "/dev/null", "-w", written)
    port = "" if way.https == 443 else f":{way.https}"
    assert told == f"308 https://app.localhost{port}/a%20b?c=d&e"
    told = way.curl(outside, "http://back.localhost/", "-o", "/dev/null", "-w", written)
    assert told == "200 "


def test_the_backend_is_told_who_asked_and_how(way: Way, outside: str) -> None:
    for scheme, port in (("http", way.http), ("https", way.https)):
        forged = ("-H", "X-Forwarded-For: 192.0.2.1", "-H", "X-Forwarded-Proto: gopher", "-H", "Forwarded: for=x")
        told = json.loads(way.curl(outside, f"{scheme}://back.localhost/", *forged))
        headers: dict[str, list[str]] = {}
        for name, value in told["headers"]:
            headers.setdefault(name, []).append(value)
        assert headers["host"] == ["back.localhost"]
        assert headers["x-forwarded-proto"] == [scheme]
        assert "forwarded" not in headers
        assert headers["x-forwarded-for"][-1].split(",")[-1].strip() == CLIENT
        assert headers.get("x-forwarded-port", [str(port)]) == [str(port)]


@pytest.mark.parametrize("is_tls", [True, False], ids=["wss", "ws"])
def test_web_sockets_pass_and_outlive_changes(cluster: Cluster, way: Way, outside: str, is_tls: bool) -> None:
    with way.client(outside, "websocket", "back.localhost", ca="" if is_tls else None) as client:
        host = f"new-{is_tls}.localhost".lower()
        apply(cluster, ingress(NAMESPACE, "new", [rule(host, ("/", "Prefix", "back", 80))]))
        cluster.wait(lambda: answers(way, outside, f"https://{host}/"), "a host that has come")
    assert client.seen["greeting"] == "back-1 /talk?a=1"
    assert client.seen["rounds"] > 0
    cluster.kubectl("delete", "ingress", "new", "-n", NAMESPACE)


@pytest.mark.parametrize("is_tls", [True, False], ids=["tls", "h2c"])
def test_grpc_passes_with_streams_trailers_and_statuses(way: Way, outside: str, is_tls: bool) -> None:
    with way.client(outside, "grpc", "grpc.localhost", ca="" if is_tls else None) as client:
        pass
    assert client.seen["from"] == "back-1"
    assert client.seen["status"] == "FAILED_PRECONDITION: as it was asked to"
    assert client.seen["calls"] > 0


@pytest.mark.parametrize("flag", ["--http1.1", "--http2"])
def test_a_hundred_mebibytes_pass_both_ways(way: Way, outside: str, tmp_path: Path, flag: str) -> None:
    size = 100 * MEBIBYTE
    big = tmp_path / "big"
    with big.open("wb") as file:
        file.truncate(size)
    url = "https://back.localhost/upload"
    told = json.loads(way.curl(outside, url, flag, "-T", str(big)))
    assert (told["method"], told["size"]) == ("PUT", size)
    with big.open("rb") as file:
        assert told["sha256"] == hashlib.file_digest(file, "sha256").hexdigest()
    count = way.curl(
        outside, f"https://back.localhost/download/{size}", flag, "-o", "/dev/null", "-w", "%{size_download}"
    )
    assert count == str(size)


def test_bodies_of_unknown_length_and_asked_for_first_pass(way: Way, outside: str, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(os.urandom(3 * MEBIBYTE))
    digest = hashlib.sha256(body.read_bytes()).hexdigest()
    for words in (("-H", "Transfer-Encoding: chunked"), ("-H", "Expect: 100-continue")):
        told = json.loads(way.curl(outside, "https://back.localhost/upload", "--http1.1", "-T", str(body), *words))
        assert (told["size"], told["sha256"]) == (3 * MEBIBYTE, digest)


def test_slow_clients_and_slow_servers_hold_nobody_up(way: Way, outside: str) -> None:
    slow = ("--limit-rate", "300k", "-o", "/dev/null", "-w", "%{size_download}")
    asked = ["ip", "netns", "exec", outside, "curl", "-sS", "--cacert", way.ca, *slow, "--connect-to"]
    asked += [f"back.localhost:443:{way.address}:{way.https}"]
    urls = [f"https://back.localhost/download/{MEBIBYTE}", "https://back.localhost/slow/30"]
    running = [subprocess.Popen([*asked, url], stdout=subprocess.PIPE, text=True) for url in urls for _ in range(4)]
    with way.client(outside, "load", "back.localhost") as client:
        sizes = [process.communicate(timeout=30)[0] for process in running]
    assert sizes == [str(MEBIBYTE)] * 4 + ["30"] * 4
    assert (client.seen["failed"], client.seen["requests"] > 100) == (0, True), client.seen


# TLS by name


def secret(name: str, leaf: authority.Leaf) -> dict[str, Any]:
    data = {"tls.crt": base64.b64encode(leaf.chain).decode(), "tls.key": base64.b64encode(leaf.key).decode()}
    meta = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "metadata": meta, "data": data}


def names_of(pem: str) -> list[str]:
    certificate = x509.load_pem_x509_certificate(pem.encode())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]


def serial(pem: str | bytes) -> int:
    text = pem.encode() if isinstance(pem, str) else pem
    return x509.load_pem_x509_certificates(text)[0].serial_number


@pytest.fixture(scope="module")
def shop_ca(tmp_path_factory: pytest.TempPathFactory) -> tuple[authority.Authority, str]:
    """A CA of the user's own, and its certificate's file."""
    folder = tmp_path_factory.mktemp("shop-ca")
    authority.ensure(folder, "shop", RESERVED)
    return authority.read(folder), str(folder / "root.crt")


def test_every_name_is_shown_its_own_certificate(
    cluster: Cluster, way: Way, outside: str, shop_ca: tuple[authority.Authority, str]
) -> None:
    ca, file = shop_ca
    one, wild = ca.issue(["one.test", "www.one.test"]), ca.issue(["*.wild.test"])
    hosts = ["one.test", "www.one.test", "a.wild.test", "b.wild.test", "late.test", "none.test", "shop.mine.com"]
    tls = [
        {"hosts": ["one.test", "www.one.test"], "secretName": "one"},
        {"hosts": ["*.wild.test"], "secretName": "wild"},
        {"hosts": ["late.test"], "secretName": "late"},
        {"hosts": ["none.test", "shop.mine.com"]},
    ]
    rules = [rule(host, ("/", "Prefix", "back", 80)) for host in (*hosts[:2], "*.wild.test", *hosts[4:])]
    apply(cluster, secret("one", one), secret("wild", wild), ingress(NAMESPACE, "names", rules, tls=tls))

    def shown(host: str) -> list[str]:
        return names_of(way.certificate(outside, host))

    cluster.wait(lambda: shown("one.test") == ["one.test", "www.one.test"], "the first name")
    assert {host: shown(host) for host in hosts} == {
        "one.test": ["one.test", "www.one.test"],
        "www.one.test": ["one.test", "www.one.test"],
        "a.wild.test": ["*.wild.test"],
        "b.wild.test": ["*.wild.test"],
        "late.test": ["late.test"],
        "none.test": ["none.test"],
        "shop.mine.com": ["shop.mine.com"],
    }
    assert shown("unknown.test") == shown(way.address) == ["localhost", "127.0.0.1", "::1"]
    for host in ("one.test", "a.wild.test"):
        told = json.loads(way.curl(outside, f"https://{host}/", "--cacert", file))
        assert told["name"] == "back-1"
    for host in ("late.test", "none.test"):  # vouched for by the cluster's own CA
        assert answers(way, outside, f"https://{host}/")
    apply(cluster, secret("late", ca.issue(["late.test"])))
    cluster.wait(lambda: answers_with(way, outside, "https://late.test/", file), "the Secret that came late")
    cluster.kubectl("delete", "ingress", "names", "-n", NAMESPACE)


def answers_with(way: Way, where: str, url: str, ca: str) -> bool:
    try:
        return bool(way.curl(where, url, "--cacert", ca))
    except AssertionError:
        return False


def test_a_certificate_changes_under_load_and_nobody_notices(
    cluster: Cluster, way: Way, outside: str, shop_ca: tuple[authority.Authority, str]
) -> None:
    ca, file = shop_ca
    leaves = [ca.issue(["turn.test"]) for _ in range(4)]
    tls = [{"hosts": ["turn.test"], "secretName": "turn"}]
    rules = [rule("turn.test", ("/", "Prefix", "back", 80))]
    apply(cluster, secret("turn", leaves[0]), ingress(NAMESPACE, "turn", rules, tls=tls))

    def is_shown(leaf: authority.Leaf) -> bool:
        return serial(way.certificate(outside, "turn.test")) == serial(leaf.chain)

    cluster.wait(lambda: is_shown(leaves[0]), "the first certificate")
    cluster.wait(lambda: answers_with(way, outside, "https://turn.test/", file), "the host answers")
    processes_before = haproxies(cluster)
    with (
        way.client(outside, "fresh", "turn.test", ca=file) as fresh,
        way.client(outside, "load", "turn.test", ca=file) as kept,
    ):
        for leaf in leaves[1:]:
            apply(cluster, secret("turn", leaf))
            cluster.wait(lambda leaf=leaf: is_shown(leaf), "the next certificate")
    assert (fresh.seen["failed"], fresh.seen["retried"]) == (0, 0), fresh.seen
    assert (kept.seen["failed"], kept.seen["retried"]) == (0, 0), kept.seen
    assert haproxies(cluster) == processes_before, "a certificate costs no reload"
    cluster.kubectl("delete", "ingress", "turn", "-n", NAMESPACE)


# While things change


def test_a_rollout_costs_no_request(cluster: Cluster, way: Way, outside: str) -> None:
    before, processes_before = pods(cluster), haproxies(cluster)
    with (
        way.client(outside, "load", "app.localhost") as kept,
        way.client(outside, "fresh", "app.localhost") as fresh,
        way.client(outside, "post", "app.localhost") as post,
    ):
        cluster.kubectl("rollout", "restart", "deployment/kubia", "-n", NAMESPACE)
        cluster.kubectl("rollout", "status", "deployment/kubia", "-n", NAMESPACE, "--timeout=60s")
        after = pods(cluster)
    assert not before & after
    assert haproxies(cluster) == processes_before, "pods that come and go cost no reload"
    for seen in (kept.seen, fresh.seen, post.seen):
        assert (seen["failed"], seen["retried"]) == (0, 0), seen
        answered = {ANSWER.search(text)[1] for text in seen["answers"]}  # type: ignore[index]
        assert answered & before and answered & after


def test_pods_that_are_there_no_more_cost_no_read(cluster: Cluster, way: Way, outside: str) -> None:
    before = pods(cluster)
    with (
        way.client(outside, "load", "app.localhost") as kept,
        way.client(outside, "fresh", "app.localhost") as fresh,
    ):
        for name in sorted(before)[:2]:
            cluster.kubectl("delete", "pod", name, "-n", NAMESPACE, "--grace-period=0", "--force")
        assert not before < pods(cluster)
    for seen in (kept.seen, fresh.seen):
        assert (seen["failed"], seen["retried"]) == (0, 0), seen


@pytest.mark.parametrize("part", ["node", "control"])
def test_traffic_goes_on_while_a_process_is_killed(cluster: Cluster, way: Way, outside: str, part: str) -> None:
    (pid, *_) = processes.find(part, cluster.name, cluster.data_dir)
    with (
        way.client(outside, "load", "app.localhost") as kept,
        way.client(outside, "fresh", "app.localhost") as fresh,
    ):
        os.kill(pid, signal.SIGKILL)
        cluster.wait(
            lambda: set(processes.find(part, cluster.name, cluster.data_dir)) - {pid}, f"{part} is started again"
        )
        host = f"after-{part}.localhost"
        cluster.wait(lambda: cluster.run("get", "ns").returncode == 0, "the API server answers")
        apply(cluster, ingress(NAMESPACE, "after", [rule(host, ("/", "Prefix", "back", 80))]))
        cluster.wait(lambda: answers(way, outside, f"https://{host}/"), "changes are followed again")
    for seen in (kept.seen, fresh.seen):
        assert (seen["failed"], seen["retried"]) == (0, 0), seen
    cluster.kubectl("delete", "ingress", "after", "-n", NAMESPACE)


def test_after_a_kill_of_haproxy_only_what_was_on_its_way_is_lost(cluster: Cluster, way: Way, outside: str) -> None:
    pids = haproxies(cluster)
    assert pids
    with way.client(outside, "fresh", "app.localhost") as fresh:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        cluster.wait(lambda: haproxies(cluster) - pids, "HAProxy is started again")
        cluster.wait(lambda: answers(way, outside, "https://app.localhost/"), "and serves")
    assert fresh.seen["failed"] <= 16, fresh.seen  # two for each of its connections
    with way.client(outside, "fresh", "app.localhost") as fresh:
        pass
    assert fresh.seen["failed"] == 0, fresh.seen


def haproxies(cluster: Cluster) -> set[int]:
    """The processes that work from this cluster's folder."""
    found = set()
    mark = f"/run/fairway/{cluster.name}/ingress".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if b"haproxy" in words.split(b"\0")[0] and mark in words:
                found.add(int(entry.name))
    return found


# On the machine itself


@pytest.fixture
def etc(tmp_path: Path) -> Iterator[OwnEtc]:
    """A mount namespace where the stores of trusted certificates are copies, and the resolver has nobody to ask."""
    (tmp_path / "etc").mkdir()
    own = OwnEtc(tmp_path / "etc")
    local = Path("/usr/local/share/ca-certificates")
    (tmp_path / "local").mkdir()
    own.run("mount", "--bind", str(tmp_path / "local"), str(local))
    # With few certificates, and without Java's hook, Debian's program is quick.
    own.run("mount", "-t", "tmpfs", "none", "/etc/ssl/certs")
    own.run("mount", "-t", "tmpfs", "none", "/etc/ca-certificates/update.d")
    shipped = Path("/etc/ca-certificates.conf").read_bytes().splitlines(keepends=True)
    own.write("/etc/ca-certificates.conf", b"".join([line for line in shipped if line[:1] not in b"#!\n"][:5]))
    own.write("/etc/resolv.conf", b"nameserver 192.0.2.53\n")
    own.write("/etc/nsswitch.conf", b"passwd: files\ngroup: files\nhosts: files dns\n")
    yield own
    own.end()


def test_app_localhost_just_works_on_a_machine_that_trusts_the_ca(cluster: Cluster, way: Way, etc: OwnEtc) -> None:
    port = "" if way.https == 443 else f":{way.https}"
    url = f"https://app.localhost{port}/"
    plain = ("env", "-u", "CURL_CA_BUNDLE", "-u", "SSL_CERT_FILE", "-u", "SSL_CERT_DIR")
    python = f"import urllib.request; print(urllib.request.urlopen({url!r}, timeout=60).read().decode())"
    etc.fairway(cluster, "ca", "trust")
    etc.fairway(cluster, "dns", "install-resolver")
    assert ANSWER.search(etc.run(*plain, "curl", "-sS", url))
    assert etc.python(LOOK_UP, "app.localhost") in ("127.0.0.1", "::1")
    assert ANSWER.search(etc.run(*plain, "/usr/bin/python3", "-c", python))
    etc.fairway(cluster, "dns", "remove-resolver")
    etc.fairway(cluster, "ca", "untrust")
    with pytest.raises(AssertionError, match="SSL certificate problem"):
        etc.run(*plain, "curl", "-sS", url)
