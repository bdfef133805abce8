"""The real Helm, each that is here: a release with hooks, a custom kind and a test through its whole life.

Its programs come by ``scripts/clients``, or are named in ``$FAIRWAY_HELMS``.
"""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import kubectls

from .conftest import Cluster

CHART = Path(__file__).parent / "charts" / "shop"
HELMS = [*map(str, sorted(kubectls.CLIENTS.glob("helm.*"))), *os.environ.get("FAIRWAY_HELMS", "").split()]

Helm = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(not HELMS, reason="needs a helm: scripts/clients")


@pytest.fixture(params=HELMS, ids=[Path(path).name for path in HELMS])
def helm(request: pytest.FixtureRequest, cluster: Cluster, namespace: str, tmp_path: Path) -> Helm:
    """Runs it in the namespace of the test."""
    homes = {f"HELM_{each}_HOME": str(tmp_path / each.lower()) for each in ("CACHE", "CONFIG", "DATA")}

    def run(*words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [request.param, *words, "--namespace", namespace],
            env={**cluster.environment, **homes}, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


def test_a_release_lives(helm: Helm, cluster: Cluster, namespace: str) -> None:
    def greeting() -> dict[str, str]:
        data = cluster.get("configmap", "shop", "-n", namespace)["data"]
        return {name: data[name] for name in ("greeting", "before", "has-orders")}

    wait = ("--wait", "--timeout", "60s")
    done = helm("install", "shop", str(CHART), *wait)
    assert "shop greets with hello." in done.stdout
    assert greeting() == {"greeting": "hello", "before": "nothing", "has-orders": "true"}
    (pod,) = cluster.ready_pods(namespace, "app.kubernetes.io/instance=shop", 1)
    helm("test", "shop", "--timeout", "60s")

    helm("upgrade", "shop", str(CHART), "--set", "greeting=bonjour,replicas=2", *wait)
    assert greeting() == {"greeting": "bonjour", "before": "hello", "has-orders": "true"}
    assert cluster.get("orders", "shop", "-n", namespace)["spec"] == {"amount": 2}
    assert pod not in cluster.ready_pods(namespace, "app.kubernetes.io/instance=shop", 2)

    # What others have changed by hand stays where the chart says nothing new of it.
    cluster.kubectl("annotate", "-n", namespace, "deployment/shop", "by=hand")
    helm("rollback", "shop", "1", *wait)
    assert greeting()["greeting"] == "hello"
    assert cluster.get("deployment", "shop", "-n", namespace)["metadata"]["annotations"]["by"] == "hand"

    history = json.loads(helm("history", "shop", "-o", "json").stdout)
    assert [each["status"] for each in history] == ["superseded", "superseded", "deployed"]
    assert [each["name"] for each in json.loads(helm("list", "-o", "json").stdout)] == ["shop"]
    assert "kind: Ingress" in helm("get", "manifest", "shop").stdout
    helm("uninstall", "shop", "--wait", "--timeout", "60s")
    left = cluster.kubectl("get", "deploy,svc,ing,hpa,sa,cm,orders", "-n", namespace, "-o", "name").split()
    assert left == ["serviceaccount/default", "configmap/kube-root-ca.crt"]
    cluster.kubectl("delete", "crd", "orders.shop.example.com")


def test_a_release_that_fails_is_told_and_taken_back(helm: Helm, cluster: Cluster, namespace: str) -> None:
    helm("install", "shop", str(CHART), "--wait", "--timeout", "60s")
    done = helm("upgrade", "shop", str(CHART), "--set", "replicas=0", "--wait", "--timeout", "20s", code=1)
    assert "spec.amount" in done.stderr, done.stderr
    failed = ("upgrade", "shop", str(CHART), "--set", "fails=true", "--wait", "--timeout", "3s")
    undo = "--rollback-on-failure" if "--rollback-on-failure" in helm("upgrade", "--help").stdout else "--atomic"
    helm(*failed, undo, code=1)
    (now,) = json.loads(helm("list", "-o", "json").stdout)
    assert now["status"] == "deployed"
    assert (
        "command" not in cluster.get("deployment", "shop", "-n", namespace)["spec"]["template"]["spec"]["containers"][0]
    )
    helm("install", "shop", str(CHART), code=1)
    helm("uninstall", "shop")
    cluster.kubectl("delete", "crd", "orders.shop.example.com")


def test_what_the_server_says_of_a_dry_run(helm: Helm, cluster: Cluster) -> None:
    if "--dry-run string" not in helm("install", "--help").stdout:
        pytest.skip("this Helm asks no server for a dry run")
    cluster.kubectl("apply", "-f", str(CHART / "crds"))
    cluster.kubectl("wait", "--for=condition=Established", "crd/orders.shop.example.com", "--timeout=10s")
    done = helm("install", "shop", str(CHART), "--dry-run=server")
    assert 'kubernetes: "36"' in done.stdout, done.stdout
    assert json.loads(helm("list", "-o", "json").stdout) == []
    cluster.kubectl("delete", "crd", "orders.shop.example.com")
