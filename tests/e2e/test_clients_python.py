"""The official Python client on a cluster: typed, dynamic, watches, streams, elections, informers."""

import gc
import gzip
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import KUBIA, Cluster

kubernetes = pytest.importorskip("kubernetes", reason="the official Python client is not installed")

pytestmark = pytest.mark.filterwarnings("ignore")  # the client's own, about its own dependencies


@pytest.fixture(autouse=True)
def _left_open() -> Iterator[None]:
    """Connections that the client leaves open go here, where nobody minds."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def client(cluster: Cluster) -> Iterator[Any]:
    with kubernetes.config.new_client_from_config(cluster.environment["KUBECONFIG"]) as made:
        made.configuration.verify_ssl = True
        yield made


@pytest.fixture
def core(client: Any) -> Any:
    return kubernetes.client.CoreV1Api(client)


def config_map(name: str, labels: dict[str, str] | None = None, **data: str) -> Any:
    metadata = kubernetes.client.V1ObjectMeta(name=name, labels=labels)
    return kubernetes.client.V1ConfigMap(metadata=metadata, data=data)


def test_services_are_made_read_patched_replaced_and_deleted(core: Any, namespace: str) -> None:
    port = kubernetes.client.V1ServicePort(port=80, target_port=8080)
    spec = kubernetes.client.V1ServiceSpec(selector={"app": "web"}, ports=[port])
    service = kubernetes.client.V1Service(metadata=kubernetes.client.V1ObjectMeta(name="web"), spec=spec)
    made = core.create_namespaced_service(namespace, service)
    assert made.spec.cluster_ip and made.spec.ports[0].target_port == 8080
    patched = core.patch_namespaced_service("web", namespace, {"metadata": {"labels": {"tier": "front"}}})
    assert patched.metadata.labels == {"tier": "front"}
    operation = [{"op": "replace", "path": "/spec/ports/0/port", "value": 81}]
    assert core.patch_namespaced_service("web", namespace, operation).spec.ports[0].port == 81
    stale = core.read_namespaced_service("web", namespace)
    stale.metadata.resource_version = made.metadata.resource_version
    with pytest.raises(kubernetes.client.ApiException) as refused:
        core.replace_namespaced_service("web", namespace, stale)
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert core.delete_namespaced_service("web", namespace).metadata.name == "web"
    with pytest.raises(kubernetes.client.ApiException) as missing:
        core.read_namespaced_service("web", namespace)
    assert missing.value.status == 404


def test_lists_go_on_where_they_stopped_and_watches_where_lists_did(core: Any, namespace: str) -> None:
    for number in range(5):
        core.create_namespaced_config_map(namespace, config_map(f"m{number}", {"odd": str(number % 2)}))
    names, token = [], None
    while True:
        page = core.list_namespaced_config_map(namespace, limit=2, _continue=token, label_selector="odd")
        names += [item.metadata.name for item in page.items]
        if not (token := page.metadata._continue):
            break
    assert names == [f"m{number}" for number in range(5)]
    core.patch_namespaced_config_map("m1", namespace, {"metadata": {"labels": {"odd": "0"}}})
    core.delete_namespaced_config_map("m3", namespace)
    watch, seen = kubernetes.watch.Watch(), []
    for event in watch.stream(
        core.list_namespaced_config_map, namespace, label_selector="odd=1",
        resource_version=page.metadata.resource_version, timeout_seconds=10,
    ):  # fmt: skip
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 2:
            watch.stop()
    assert seen == [("DELETED", "m1"), ("DELETED", "m3")]


def test_the_dynamic_client_applies_and_is_told_of_conflicts(client: Any, namespace: str) -> None:
    dynamic = kubernetes.dynamic.DynamicClient(client)
    deployments = dynamic.resources.get(api_version="apps/v1", kind="Deployment")
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "web", "image": KUBIA}]}}
    body = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }  # fmt: skip
    made = deployments.server_side_apply(body=body, namespace=namespace, field_manager="one")
    assert [entry.manager for entry in made.metadata.managedFields if entry.operation == "Apply"] == ["one"]
    other = {**body, "spec": {**body["spec"], "paused": True, "minReadySeconds": 3, "replicas": 0}}
    deployments.server_side_apply(body=other, namespace=namespace, field_manager="two")
    with pytest.raises(kubernetes.dynamic.exceptions.ConflictError) as refused:
        changed = {**body, "spec": {**body["spec"], "paused": False}}
        deployments.server_side_apply(body=changed, namespace=namespace, field_manager="one")
    assert 'conflict with \\"two\\": .spec.paused' in refused.value.body
    for event in deployments.watch(namespace=namespace, timeout=60):
        assert (event["type"], event["object"].metadata.name) == ("ADDED", "web")
        break
    assert deployments.delete(name="web", namespace=namespace, propagation_policy="Foreground").kind == "Deployment"


def test_a_file_of_manifests_is_created(client: Any, namespace: str, tmp_path: Path) -> None:
    path = tmp_path / "two.yaml"
    path.write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n"
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: b}\n"
        "spec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n"
    )
    kubernetes.utils.create_from_yaml(client, str(path), namespace=namespace)
    with pytest.raises(kubernetes.utils.FailToCreateError) as again:
        kubernetes.utils.create_from_yaml(client, str(path), namespace=namespace)
    assert str(again.value) == "".join(
        'Error from server (Conflict): {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",'
        f'"message":"{resource} \\"{name}\\" already exists","reason":"AlreadyExists",'
        f'"details":{{"name":"{name}",{group}"kind":"{kind}"}},"code":409}}\n'
        for resource, name, group, kind in (
            ("configmaps", "a", "", "configmaps"),
            ("ingresses.networking.k8s.io", "b", '"group":"networking.k8s.io",', "ingresses"),
        )
    )
    found = kubernetes.client.NetworkingV1Api(client).read_namespaced_ingress("b", namespace)
    assert found.spec.default_backend.service.port.number == 80


def test_commands_and_ports_of_a_pod(cluster: Cluster, core: Any, namespace: str) -> None:
    container = kubernetes.client.V1Container(name="web", image=KUBIA, image_pull_policy="Never")
    metadata = kubernetes.client.V1ObjectMeta(name="web", labels={"app": "web"})
    spec = kubernetes.client.V1PodSpec(containers=[container], termination_grace_period_seconds=0)
    core.create_namespaced_pod(namespace, kubernetes.client.V1Pod(metadata=metadata, spec=spec))
    cluster.ready_pods(namespace, "app=web", 1)
    stream, connect = kubernetes.stream.stream, core.connect_get_namespaced_pod_exec
    assert stream(connect, "web", namespace, command=["hostname"], stdout=True, stderr=True).strip() == "web"
    shell = stream(
        connect, "web", namespace, command=["sh", "-c", "read line; echo got $line; exit 3"],
        stdin=True, stdout=True, stderr=True, _preload_content=False,
    )  # fmt: skip
    shell.write_stdin("a line\n")
    shell.run_forever(timeout=60)
    assert (shell.read_stdout(), shell.returncode) == ("got a line\n", 3)
    packed = stream(connect, "web", namespace, command=["sh", "-c", "echo text | gzip"], stdout=True, binary=True)
    assert gzip.decompress(packed) == b"text\n"
    cat = stream(
        core.connect_post_namespaced_pod_exec, "web", namespace, command=["cat"], stdin=True, stdout=True,
        _preload_content=False,
    )  # fmt: skip
    cat.write_stdin("to the end\n")
    assert (cat.readline_stdout(timeout=60), cat.subprotocol) == ("to the end", "v5.channel.k8s.io")
    cat.close_channel(0)
    cat.run_forever(timeout=60)
    assert (cat.is_open(), cat.returncode) == (False, 0)
    ports = "8080,8081"
    forward = kubernetes.stream.portforward(core.connect_get_namespaced_pod_portforward, "web", namespace, ports=ports)
    refused, socket = forward.socket(8081), forward.socket(8080)
    for each in (refused, socket):
        each.settimeout(60)
    assert refused.recv(10) == b"" and "connection refused" in forward.error(8081)
    socket.sendall(b"GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n")
    answer = b""
    while part := socket.recv(4096):
        answer += part
    assert b"You've hit web" in answer and forward.error(8080) is None
    page = core.connect_get_namespaced_pod_proxy("web:8080", namespace)
    assert "You've hit web" in page


CANDIDATE = """
import sys
from kubernetes import config
from kubernetes.leaderelection.electionconfig import Config
from kubernetes.leaderelection.leaderelection import LeaderElection
from kubernetes.leaderelection.resourcelock.leaselock import LeaseLock

name, namespace = sys.argv[1:]
config.load_kube_config()
lead = lambda: print("leading", flush=True)
lock = LeaseLock("leader", namespace, name)
LeaderElection(Config(lock, 3, 2, 1, onstarted_leading=lead, onstopped_leading=None)).run()
"""


def test_the_next_one_leads_when_the_leader_is_gone(cluster: Cluster, client: Any, namespace: str) -> None:
    def candidate(name: str) -> "subprocess.Popen[str]":
        words = [sys.executable, "-W", "ignore", "-c", CANDIDATE, name, namespace]
        return subprocess.Popen(words, env=cluster.environment, stdout=subprocess.PIPE, text=True)

    def leads(process: "subprocess.Popen[str]") -> bool:
        assert process.stdout is not None
        return process.stdout.readline() == "leading\n"

    def holder() -> str:
        found = kubernetes.client.CoordinationV1Api(client).read_namespaced_lease("leader", namespace)
        return str(found.spec.holder_identity)

    with candidate("one") as first:
        try:
            assert leads(first) and holder() == "one"
        finally:
            first.kill()
    with candidate("two") as second:
        try:
            assert leads(second) and holder() == "two"
        finally:
            second.kill()
