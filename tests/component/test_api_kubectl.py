"""The real kubectl against the API server over TLS on SQLite: what people type, and what it prints."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from component.served_api import KUBECTLS, Kubectl, ServedApi, served_api
from fairway.store.sqlite import SqliteStore

REPLICA_SET = """
apiVersion: apps/v1beta2
kind: ReplicaSet
metadata: {name: kubia}
spec:
  replicas: 3
  selector: {matchLabels: {app: kubia}}
  template:
    metadata: {labels: {app: kubia}}
    spec: {containers: [{name: kubia, image: luksa/kubia, ports: [{name: http, containerPort: 8080}]}]}
"""
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: kubia}
spec:
  ports: [{name: http, port: 80}]
  selector: {app: kubia}
"""

pytestmark = pytest.mark.skipif(not KUBECTLS, reason="no kubectl on this machine")


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[ServedApi]:
    store = await SqliteStore.open(tmp_path / "store.db")
    async with served_api(tmp_path, store=store) as made:
        yield made
    await store.close()


@pytest.fixture
def kubectl(served: ServedApi) -> Kubectl:
    return served.kubectl


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]


@pytest.mark.parametrize("program", KUBECTLS, ids=lambda program: Path(program).name)
async def test_every_kubectl_works_with_services_from_create_to_delete(program: str, served: ServedApi) -> None:
    kubectl = Kubectl(program, served.folder)
    assert rows(await kubectl("get", "svc"))[1][:3] == ["kubernetes", "ClusterIP", "10.96.0.1"]
    told = await kubectl("create", "-f", "-", text=f"{REPLICA_SET}---{SERVICE}")
    assert "replicaset.apps/kubia created" in told
    assert "service/kubia created" in told
    assert "Warning: apps/v1beta2 ReplicaSet is deprecated in v1.9+, unavailable in v1.16+; use apps/v1" in told
    assert "but their containers declare 8080 (http)" in told
    assert "service/kubia patched" in await kubectl(
        "patch", "svc", "kubia", "-p", '{"spec":{"ports":[{"port":80,"targetPort":"http"}]}}'
    )
    assert "scaled" in await kubectl("scale", "rs", "kubia", "--replicas=5")
    assert "Expected replicas to be 9, was 5" in await kubectl(
        "scale", "rs", "kubia", "--replicas=2", "--current-replicas=9", code=1
    )
    assert "service/kubia labeled" in await kubectl("label", "svc", "kubia", "tier=web")
    described = await kubectl("describe", "svc", "kubia")
    assert "TargetPort:" in described
    assert "http/TCP" in described
    assert "configmap/c created" in await kubectl("create", "configmap", "c", "--from-literal=k=v")
    assert (await kubectl("get", "cm", "c", "-o", "jsonpath={.data.k}")) == "v"
    assert "service/n created" in await kubectl("create", "service", "nodeport", "n", "--tcp=80:8080")
    assert "deployment.apps/d created" in await kubectl("create", "deployment", "d", "--image=x")
    assert "pod/p created" in await kubectl("run", "p", "--image=x", "--port=80")
    assert "service/exposed exposed" in await kubectl("expose", "pod", "p", "--name=exposed", "--port=1000")
    await kubectl("delete", "pod", "p", "--timeout=10s")
    await kubectl("delete", "svc", "kubia", "n", "exposed", "--timeout=10s")
    assert [row[0] for row in rows(await kubectl("get", "svc", "--no-headers"))] == ["kubernetes"]
    assert 'services "kubia" not found' in await kubectl("get", "svc", "kubia", code=1)
    assert 'the server doesn\'t have a resource type "gadgets"' in await kubectl("get", "gadgets", code=1)


async def test_apply_creates_configures_and_leaves_alone(kubectl: Kubectl) -> None:
    assert "service/kubia created" in await kubectl("apply", "-f", "-", text=SERVICE)
    before = await kubectl("get", "svc", "kubia", "-o", "jsonpath={.metadata.resourceVersion}")
    assert "service/kubia unchanged" in await kubectl("apply", "-f", "-", text=SERVICE)
    assert await kubectl("get", "svc", "kubia", "-o", "jsonpath={.metadata.resourceVersion}") == before
    changed = SERVICE.replace("port: 80", "port: 80, targetPort: http")
    assert "service/kubia configured" in await kubectl("apply", "-f", "-", text=changed)
    assert await kubectl("get", "svc", "kubia", "-o", "jsonpath={.spec.ports[0].targetPort}") == "http"
    moved = changed.replace("spec:", "spec:\n  clusterIP: 10.96.0.77")
    assert "may not change once set" in await kubectl("apply", "-f", "-", text=moved, code=1)
    assert "service/kubia" in await kubectl("apply", "--force", "-f", "-", text=moved)
    assert await kubectl("get", "svc", "kubia", "-o", "jsonpath={.spec.clusterIP}") == "10.96.0.77"


async def test_a_dump_can_be_created_and_replaced(kubectl: Kubectl) -> None:
    await kubectl("create", "-f", "-", text=SERVICE)
    dump = await kubectl("get", "svc", "kubia", "-o", "json")
    assert "service/kubia replaced" in await kubectl("replace", "-f", "-", text=dump)
    address = await kubectl("get", "svc", "kubia", "-o", "jsonpath={.spec.clusterIP}")
    await kubectl("delete", "svc", "kubia")
    assert "service/kubia created" in await kubectl("create", "-f", "-", text=dump)
    assert await kubectl("get", "svc", "kubia", "-o", "jsonpath={.spec.clusterIP}") == address


async def test_faults_are_told_as_kubernetes_tells_them(kubectl: Kubectl) -> None:
    unnamed = SERVICE.replace("[{name: http, port: 80}]", "[{port: 80}, {port: 443}]")
    told = await kubectl("create", "-f", "-", text=unnamed, code=1)
    assert 'The Service "kubia" is invalid: ' in told
    assert "* spec.ports[0].name: Required value" in told
    assert "* spec.ports[1].name: Required value" in told
    unknown = SERVICE.replace("spec:", "spec:\n  colour: blue")
    assert 'strict decoding error: unknown field "spec.colour"' in await kubectl(
        "create", "-f", "-", text=unknown, code=1
    )
    assert "service/kubia created" in await kubectl("create", "--validate=ignore", "-f", "-", text=unknown)
    assert 'services "kubia" already exists' in await kubectl("create", "-f", "-", text=SERVICE, code=1)
    assert "spec.ports[0].nodePort" in await kubectl(
        "create", "service", "nodeport", "n", "--tcp=80:80", "--node-port=80", code=1
    )
    big = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"big"},"data":{"k":"%s"}}' % ("x" * 4_000_000)
    told = await kubectl("create", "--validate=false", "-f", "-", text=big, code=1)
    assert "Request entity too large: limit is 3145728" in told


async def test_watch_and_wait_follow_what_happens(kubectl: Kubectl) -> None:
    watch = await kubectl.start("get", "cm", "--watch-only", "--no-headers")
    gone = await kubectl.start("wait", "--for=delete", "cm/a", "--timeout=20s")
    assert watch.stdout is not None
    await kubectl("create", "configmap", "a")
    # The watch may have begun after the creation: a change of the object is seen in any case.
    for turn in range(50):
        await kubectl("annotate", "--overwrite", "cm", "a", f"turn=t{turn}")
        try:
            line = await asyncio.wait_for(watch.stdout.readline(), 0.2)
        except TimeoutError:
            continue
        break
    assert line.split()[0] == b"a"
    await kubectl("delete", "cm", "a")
    assert await asyncio.wait_for(gone.wait(), 20) == 0
    watch.terminate()
    await watch.wait()


async def test_namespaces_and_collections(kubectl: Kubectl) -> None:
    await kubectl("create", "namespace", "n")
    for name in ("a", "b"):
        await kubectl("-n", "n", "create", "configmap", name)
    assert len(rows(await kubectl("get", "cm", "-A", "--no-headers"))) == 2
    assert len(rows(await kubectl("-n", "n", "get", "cm", "--chunk-size=1", "--no-headers"))) == 2
    await kubectl("-n", "n", "delete", "cm", "--all")
    assert "No resources found in n namespace." in await kubectl("-n", "n", "get", "cm")
    await kubectl("delete", "ns", "n", "--wait=false")
    assert "because it is being terminated" in await kubectl("-n", "n", "create", "configmap", "c", code=1)
