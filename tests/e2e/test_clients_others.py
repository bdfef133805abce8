"""Other people's clients on a cluster: kr8s, lightkube, the JavaScript client."""

import gc
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import HOUSE, KUBIA, Cluster

pytestmark = pytest.mark.filterwarnings("ignore")  # the clients' own, about their own dependencies


@pytest.fixture(autouse=True)
def _left_open() -> Iterator[None]:
    """Connections that the clients leave open go here, where nobody minds."""
    yield
    gc.collect()


POD: dict[str, Any] = {
    "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "web", "image": KUBIA, "imagePullPolicy": "Never", "ports": [{"containerPort": 8080}]}],
    },
}  # fmt: skip


KR8S = """
import json, socket, sys
import httpx, kr8s
from kr8s.objects import Pod, Service

namespace, pod = sys.argv[1], Pod(json.loads(sys.argv[2]), namespace=sys.argv[1])
said = {"major": kr8s.api().version()["major"]}
pod.create()
pod.wait("condition=Ready", timeout=30)
pod.label({"tier": "front"})
said["labelled"] = [found.name for found in kr8s.get("pods", label_selector={"tier": "front"}, namespace=namespace)]
said["executed"] = pod.exec(["hostname"]).stdout.decode().strip()
spec = {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]}
service = Service({"metadata": {"name": "web", "namespace": namespace}, "spec": spec})
service.create()
with socket.create_server(("127.0.0.1", 0)) as free:  # its own choice may be taken
    local = free.getsockname()[1]
with service.portforward(remote_port=8080, local_port=local) as port:
    said["forwarded"] = httpx.get(f"http://127.0.0.1:{port}", trust_env=False).text.strip()
pod.delete()
pod.wait("delete", timeout=30)
said["exists"] = pod.exists()
print(json.dumps(said))
"""


def test_kr8s_makes_waits_labels_executes_forwards_and_deletes(cluster: Cluster, namespace: str) -> None:
    pytest.importorskip("kr8s", reason="kr8s is not installed")
    # In a process of its own: it leaves its loop and its sockets open.
    words = [sys.executable, "-W", "ignore", "-c", KR8S, namespace, json.dumps(POD)]
    done = subprocess.run(words, env=cluster.environment, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "major": "1", "labelled": ["web"], "executed": "web", "forwarded": "You've hit web", "exists": False,
    }  # fmt: skip


def test_lightkube_applies_patches_scales_watches_and_deletes(cluster: Cluster, namespace: str) -> None:
    lightkube = pytest.importorskip("lightkube", reason="lightkube is not installed")
    from lightkube.core.exceptions import ApiError
    from lightkube.models.autoscaling_v1 import ScaleSpec
    from lightkube.models.meta_v1 import ObjectMeta
    from lightkube.resources.apps_v1 import Deployment
    from lightkube.resources.core_v1 import ConfigMap
    from lightkube.types import CascadeType, PatchType

    config = lightkube.KubeConfig.from_file(cluster.environment["KUBECONFIG"])
    client = lightkube.Client(config=config, namespace=namespace, field_manager="one")
    labels = {"app": "web"}
    deployment = Deployment.from_dict(
        {
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
            "spec": {
                "replicas": 0, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": POD["spec"]},
            },
        }
    )  # fmt: skip
    assert client.apply(deployment).metadata.managedFields[0].manager == "one"
    with pytest.raises(ApiError) as refused:
        deployment.spec.replicas = 1
        client.apply(deployment, field_manager="two")
    assert (refused.value.status.code, refused.value.status.reason) == (409, "Conflict")
    scale = Deployment.Scale(metadata=ObjectMeta(name="web", namespace=namespace), spec=ScaleSpec(replicas=0))
    assert not client.replace(scale, "web").spec.replicas  # upstream leaves a zero out
    client.create(ConfigMap(metadata=ObjectMeta(name="m", namespace=namespace), data={"a": "1"}))
    before = client.get(ConfigMap, "m").metadata.resourceVersion
    patched = client.patch(ConfigMap, "m", {"data": {"b": "2"}}, patch_type=PatchType.MERGE)
    assert patched.data == {"a": "1", "b": "2"}
    client.delete(ConfigMap, "m")
    seen = []
    for type_, found in client.watch(ConfigMap, fields={"metadata.name": "m"}, resource_version=before):
        seen.append((type_, found.data))
        if type_ == "DELETED":
            break
    assert seen == [("MODIFIED", {"a": "1", "b": "2"}), ("DELETED", {"a": "1", "b": "2"})]
    client.delete(Deployment, "web", cascade=CascadeType.FOREGROUND)


def test_the_javascript_client(cluster: Cluster, namespace: str) -> None:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    folder = HOUSE / "build" / "client-node"
    if not (folder / "node_modules" / "@kubernetes" / "client-node").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
        words = ["npm", "install", "--silent", "--no-audit", "--no-fund", "@kubernetes/client-node@^1"]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
        if done.returncode:
            pytest.skip(f"@kubernetes/client-node cannot be installed: {done.stderr[-200:]}")
    program = folder / "behaviours.js"
    program.write_text(Path(__file__).with_name("client_node.js").read_text())
    cluster.kubectl("create", "-n", namespace, "-f", "-", text=json.dumps(POD))
    cluster.ready_pods(namespace, "app=web", 1)
    done = subprocess.run(
        [node, str(program), namespace, "web"],
        env=cluster.environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {
        "made": "1", "patched": {"a": "1", "b": "2"}, "missing": 404, "informed": ["add m", "update m", "delete m"],
        "watched": "ADDED", "applied": "js", "executed": [100000, "bad\n", "3"], "forwarded": "You've hit web",
        "logged": True,
    }  # fmt: skip
