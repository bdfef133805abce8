"""An operator written with kopf on a cluster: it sees, finalizes, patches and tells of what happens."""

import subprocess
import sys
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


def test_an_operator_of_config_maps(cluster: Cluster, namespace: str, tmp_path: Path) -> None:
    program = tmp_path / "operator.py"
    program.write_text(OPERATOR)
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "kopf", "run", str(program), f"--namespace={namespace}", "--standalone", "--verbose"],
        env=cluster.environment, stdout=log, stderr=subprocess.STDOUT,
    )  # fmt: skip

    def seen() -> str:
        found = cluster.get("configmap", "m", "-n", namespace)["metadata"]
        return str(found.get("annotations", {}).get("seen", ""))

    try:
        cluster.kubectl("create", "configmap", "m", "-n", namespace, "--from-literal=a=1")
        cluster.kubectl("label", "configmap", "m", "-n", namespace, "watched=yes")
        cluster.wait(lambda: seen() == "made", f"the operator saw the creation: {(tmp_path / 'log').read_text()}")
        assert cluster.get("configmap", "m", "-n", namespace)["metadata"]["finalizers"]
        cluster.kubectl("patch", "configmap", "m", "-n", namespace, "-p", '{"data":{"a":"2"}}')
        cluster.wait(lambda: seen() == "changed to 2", "the operator saw the change")
        events = cluster.get("events", "-n", namespace)["items"]
        assert ("Seen", "m is there") in {(event["reason"], event["message"]) for event in events}
        cluster.kubectl("delete", "configmap", "m", "-n", namespace, "--timeout=20s")
        assert "farewell m" in (tmp_path / "log").read_text()
    finally:
        process.terminate()
        process.wait(timeout=20)
        log.close()
