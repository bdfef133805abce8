"""An operator written with kopf on a cluster: it sees, finalizes, patches and tells of what happens."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .conftest import Cluster

pytest.importorskip("kopf", reason="kopf is not installed")

OPERATOR = """
import kopf

@kopf.on.create("configmaps", labels={"watched": "yes"})
def made(body, patch, name, **_):
    patch.metadata.annotations["seen"] = "made"
    kopf.info(body, reason="Seen", message=f"{name} is there")

@kopf.on.update("configmaps", labels={"watched": "yes"}, field="data")
def changed(new, patch, **_):
    patch.metadata.annotations["seen"] = "changed to " + new["a"]

@kopf.on.delete("configmaps", labels={"watched": "yes"})
def gone(name, namespace, logger, **_):
    logger.info("farewell %s", name)
"""


@contextmanager
def operator(cluster: Cluster, namespace: str, folder: Path, text: str) -> Iterator[Path]:
    """A running operator; what it logs goes to the file."""
    program, log = folder / "operator.py", folder / "log"
    program.write_text(text)
    words = [sys.executable, "-m", "kopf", "run", str(program), f"--namespace={namespace}", "--standalone", "--verbose"]
    with log.open("w") as taken:
        process = subprocess.Popen(words, env=cluster.environment, stdout=taken, stderr=subprocess.STDOUT)
        try:
            yield log
        finally:
            process.terminate()
            process.wait(timeout=60)


def test_an_operator_of_config_maps(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    def seen() -> str:
        found = cluster.get("configmap", "m", "-n", namespace)["metadata"]
        return str(found.get("annotations", {}).get("seen", ""))

    with operator(cluster, namespace, tmp_path, OPERATOR) as log:
        cluster.kubectl("create", "configmap", "m", "-n", namespace, "--from-literal=a=1")
        cluster.kubectl("label", "configmap", "m", "-n", namespace, "watched=yes")
        cluster.wait(lambda: seen() == "made", f"the operator saw the creation: {log.read_text()}")
        assert cluster.get("configmap", "m", "-n", namespace)["metadata"]["finalizers"]
        cluster.kubectl("patch", "configmap", "m", "-n", namespace, "-p", '{"data":{"a":"2"}}')
        cluster.wait(lambda: seen() == "changed to 2", "the operator saw the change")

        def told() -> bool:
            events = cluster.get("events", "-n", namespace)["items"]
            return ("Seen", "m is there") in {(event["reason"], event["message"]) for event in events}

        cluster.wait(told, "the operator's event")
        cluster.kubectl("delete", "configmap", "m", "-n", namespace, "--timeout=20s")
        assert "farewell m" in log.read_text()


DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shops.kopf.example}
spec:
  group: kopf.example
  scope: Namespaced
  names: {plural: shops, singular: shop, kind: Shop}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {port: {type: integer, default: 80}}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
"""

CUSTOM_OPERATOR = """
import kopf
from kubernetes import client, config

config.load_kube_config()

@kopf.on.create("kopf.example", "v1", "shops")
def made(spec, name, namespace, body, **_):
    service = {
        "metadata": {"name": name}, "spec": {"selector": {"shop": name}, "ports": [{"port": spec["port"]}]},
    }
    kopf.adopt(service, owner=body)
    made = client.CoreV1Api().create_namespaced_service(namespace, service)
    return {"address": made.spec.cluster_ip}
"""


def test_an_operator_of_a_kind_of_its_own(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    pytest.importorskip("kubernetes", reason="the official Python client is not installed")
    cluster.kubectl("apply", "-f", "-", text=DEFINITION)
    with operator(cluster, namespace, tmp_path, CUSTOM_OPERATOR) as log:
        shop = (
            f"apiVersion: kopf.example/v1\nkind: Shop\nmetadata: {{name: corner, namespace: {namespace}}}\nspec: {{}}\n"
        )
        cluster.wait(lambda: cluster.run("get", "shops", "-n", namespace).returncode == 0, "the kind is served")
        cluster.kubectl("apply", "-f", "-", text=shop)

        def address() -> str:
            status = cluster.get("shop", "corner", "-n", namespace).get("status", {})
            return str(status.get("made", {}).get("address", ""))

        told = cluster.wait(address, f"the operator told the address: {log.read_text()}")
        service = cluster.get("service", "corner", "-n", namespace)
        assert (service["spec"]["clusterIP"], service["spec"]["ports"][0]["port"]) == (told, 80)
        assert service["metadata"]["ownerReferences"][0]["kind"] == "Shop"
        cluster.kubectl("delete", "shop", "corner", "-n", namespace, "--timeout=20s")
        gone = ("wait", "--for=delete", "service/corner", "-n", namespace, "--timeout=20s")
        assert cluster.run(*gone).returncode == 0
    cluster.kubectl("delete", "crd", "shops.kopf.example")
