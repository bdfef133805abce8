"""Pods that speak to the API as who they are, and requests that reach pods through the API server."""

import json
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from .conftest import Cluster

PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
ASK = (
    f'curl -s --cacert {PLACE}/ca.crt -H "Authorization: Bearer $(cat {PLACE}/token)" '
    "--resolve kubernetes.default:443:$KUBERNETES_SERVICE_HOST https://kubernetes.default"
)
PODS = """
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: kubia}
spec:
  replicas: 2
  selector: {matchLabels: {app: kubia}}
  template:
    metadata: {labels: {app: kubia}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: kubia, image: luksa/kubia, imagePullPolicy: IfNotPresent, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: kubia}
spec: {selector: {app: kubia}, ports: [{port: 80, targetPort: 8080}]}
"""


class Place:
    """A namespace with two kubia pods behind a Service."""

    def __init__(self, cluster: Cluster, name: str, pod: str) -> None:
        self.cluster, self.name, self.pod = cluster, name, pod

    def inside(self, script: str) -> str:
        return self.cluster.kubectl("exec", "-n", self.name, self.pod, "--", "sh", "-c", script)

    def raw(self, path: str) -> str:
        return self.cluster.kubectl("get", "--raw", path)


@pytest.fixture(scope="module")
def place(cluster: Cluster) -> Iterator[Place]:
    name = "tokens-and-proxies"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("create", "-n", name, "-f", "-", text=PODS)
    pods = cluster.ready_pods(name, "app=kubia", 2)
    yield Place(cluster, name, pods[0]["metadata"]["name"])
    cluster.run("delete", "namespace", name, "--wait=false")


def test_a_pod_finds_its_token_and_the_api_knows_it(place: Place) -> None:
    assert place.inside(f"ls {PLACE}").split() == ["ca.crt", "namespace", "token"]
    assert place.inside(f"cat {PLACE}/namespace") == place.name
    review = '{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}'
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    me = json.loads(place.inside(f"{ASK}{path} -H 'Content-Type: application/json' -d '{review}'"))["status"][
        "userInfo"
    ]
    assert me["username"] == f"system:serviceaccount:{place.name}:default"
    assert me["extra"]["authentication.kubernetes.io/pod-name"] == [place.pod]


def test_a_pod_may_look_around_and_nothing_else(place: Place) -> None:
    assert "APIVersions" in place.inside(f"{ASK}/api")
    told = json.loads(place.inside(f"{ASK}/api/v1/namespaces/{place.name}/secrets"))
    who = f"system:serviceaccount:{place.name}:default"
    assert told["message"] == (
        f'secrets is forbidden: User "{who}" cannot list resource "secrets" in API group "" '
        f'in the namespace "{place.name}"'
    )


def test_a_token_of_a_pod_that_is_gone_is_refused(place: Place) -> None:
    script = f"{ASK}/api -o /dev/null -w '%{{http_code}}'"
    assert place.inside(script) == "200"
    token = place.inside(f"cat {PLACE}/token")
    cluster, url = (
        place.cluster,
        place.cluster.kubectl("config", "view", "-o", "jsonpath={.clusters[0].cluster.server}"),
    )

    def status() -> str:
        asked = ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}"]
        return subprocess.run([*asked, f"{url}/api"], capture_output=True, text=True, timeout=30).stdout

    assert status() == "200"
    cluster.kubectl("delete", "pod", "-n", place.name, place.pod)
    assert status() == "401"
    place.pod = cluster.ready_pods(place.name, "app=kubia", 2)[0]["metadata"]["name"]


def test_kubectl_asks_for_tokens_and_who_it_is(place: Place) -> None:
    cluster = place.cluster
    assert "kubernetes-admin" in cluster.kubectl("auth", "whoami")
    token = cluster.kubectl("create", "token", "default", "-n", place.name, "--duration", "10m").strip()
    shown = cluster.kubectl("auth", "whoami", "-o", "json", "--as", "jane")
    assert json.loads(shown)["status"]["userInfo"]["username"] == "jane"
    assert token.count(".") == 2
    assert cluster.run("auth", "can-i", "list", "pods", "--as", "jane").stdout.strip() == "no"
    assert cluster.run("auth", "can-i", "list", "pods").stdout.strip() == "yes"


def test_services_pods_and_nodes_answer_through_the_api_server(place: Place) -> None:
    base = f"/api/v1/namespaces/{place.name}"
    hits = {place.raw(f"{base}/services/kubia{port}/proxy/") for port in ("", ":80") for _ in range(12)}
    assert len(hits) == 2
    assert place.raw(f"{base}/pods/{place.pod}/proxy/") == f"You've hit {place.pod}\n"
    assert place.raw(f"{base}/pods/http:{place.pod}:8080/proxy/x?y=z") == f"You've hit {place.pod}\n"
    node = place.cluster.get("nodes")["items"][0]["metadata"]["name"]
    assert place.raw(f"/api/v1/nodes/{node}/proxy/healthz") == "ok"
    refused = place.cluster.run("get", "--raw", f"{base}/pods/{place.pod}:81/proxy/")
    assert "error trying to reach service: dial tcp" in refused.stderr
    assert "connect: connection refused" in refused.stderr


def test_kubectl_proxy_leads_to_a_service(place: Place) -> None:
    cluster = place.cluster
    running = subprocess.Popen(
        [cluster.kubectl_program, "proxy", "--port=0"], env=cluster.environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert running.stdout is not None
        port = running.stdout.readline().rpartition(":")[2].strip()
        url = f"http://127.0.0.1:{port}/api/v1/namespaces/{place.name}/services/kubia/proxy"
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert answer.url == f"{url}/"
            assert answer.read().startswith(b"You've hit kubia-")
    finally:
        running.terminate()
        running.communicate(timeout=30)
