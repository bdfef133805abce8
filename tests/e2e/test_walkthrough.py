"""The introduction to Services, row by row (W1 to W10), with the real kubectl, real pods and the real kernel."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from .clients import ANSWER
from .conftest import HOUSE, Cluster, name_of, need_machine

FAIRWAY = str(Path(sys.executable).with_name("fairway"))


def pods_and_service(cluster: Cluster, namespace: str, *, count: int = 3, fixed: bool = True) -> tuple[list[str], str]:
    """The ReplicaSet and Service of the introduction; names of the pods and the cluster IP."""
    cluster.kubectl("create", "-n", namespace, "-f", "svc.yaml")
    if fixed:
        cluster.kubectl("replace", "-n", namespace, "-f", "svc-fixed.yaml")
    pods = cluster.ready_pods(namespace, "app=kubia", count)
    address = cluster.get("svc", "kubia", "-n", namespace)["spec"]["clusterIP"]
    return [pod["metadata"]["name"] for pod in pods], address


def calls(cluster: Cluster, namespace: str, pod: str, url: str, count: int) -> Counter[str]:
    loop = f"for i in $(seq {count}); do curl -sk --max-time 5 {url}; done"
    return Counter(ANSWER.findall(cluster.run("exec", "-n", namespace, pod, "--", "sh", "-c", loop).stdout))


def reaches(cluster: Cluster, namespace: str, pod: str, url: str) -> None:
    cluster.wait(lambda: calls(cluster, namespace, pod, url, 1), f"{url} answers from {pod}")


def test_w1_the_manifest_is_taken_and_its_slip_is_told(cluster: Cluster, namespace: str) -> None:
    said = cluster.run("create", "-n", namespace, "-f", "svc.yaml")
    assert said.returncode == 0
    assert "service/kubia created" in said.stdout
    assert "Warning: apps/v1beta2 ReplicaSet is deprecated" in said.stderr
    assert "Warning: spec.ports[0].targetPort" in said.stderr
    pods = cluster.ready_pods(namespace, "app=kubia", 3)
    row = cluster.kubectl("get", "svc", "kubia", "-n", namespace).splitlines()
    assert row[0].split() == ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]
    assert re.match(r"kubia\s+ClusterIP\s+10\.\d+\.\d+\.\d+\s+<none>\s+80/TCP\s+\d+s", row[1])
    address = cluster.get("svc", "kubia", "-n", namespace)["spec"]["clusterIP"]
    refused = cluster.run(
        "exec", "-n", namespace, pods[0]["metadata"]["name"], "--", "curl", "-sS", f"http://{address}"
    )
    assert "curl: (7)" in refused.stderr


def test_w2_thirty_calls_reach_all_three_pods(cluster: Cluster, namespace: str) -> None:
    pods, address = pods_and_service(cluster, namespace)
    reaches(cluster, namespace, pods[0], f"http://{address}")
    hits = calls(cluster, namespace, pods[0], f"http://{address}", 40)
    assert set(hits) == set(pods)
    assert hits.total() == 40


def test_w3_the_address_outlives_the_pods(cluster: Cluster, namespace: str) -> None:
    _, address = pods_and_service(cluster, namespace)
    done = threading.Event()
    results: list[bool] = []

    def client() -> None:
        while not done.is_set():
            said = subprocess.run(
                ["curl", "-s", "--max-time", "5", f"http://{address}/"], capture_output=True, text=True
            )
            results.append(bool(ANSWER.search(said.stdout)))

    cluster.wait(
        lambda: subprocess.run(["curl", "-s", f"http://{address}/"], capture_output=True).stdout, "first answer"
    )
    thread = threading.Thread(target=client)
    thread.start()
    try:
        victim = cluster.get("pods", "-n", namespace, "-l", "app=kubia")["items"][0]["metadata"]["name"]
        cluster.kubectl("delete", "pod", victim, "-n", namespace)
        for count in (5, 1, 3):
            cluster.kubectl("scale", "rs", "kubia", f"--replicas={count}", "-n", namespace)
            cluster.ready_pods(namespace, "app=kubia", count)
    finally:
        done.set()
        thread.join()
    assert len(results) > 20
    assert results.count(False) == 0
    assert cluster.get("svc", "kubia", "-n", namespace)["spec"]["clusterIP"] == address


def test_w4_affinity_binds_a_client_and_lets_it_go(cluster: Cluster, namespace: str) -> None:
    pods, _ = pods_and_service(cluster, namespace)
    cluster.kubectl("create", "-n", namespace, "-f", "svc-session-affinity.yaml")
    sticky = cluster.get("svc", "kubia-sticky", "-n", namespace)["spec"]
    assert sticky["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    url = f"http://{sticky['clusterIP']}"
    reaches(cluster, namespace, pods[0], url)
    assert len(calls(cluster, namespace, pods[0], url, 20)) == 1
    cluster.kubectl("patch", "svc", "kubia-sticky", "-n", namespace, "-p", '{"spec":{"sessionAffinity":"None"}}')
    cluster.wait(lambda: len(calls(cluster, namespace, pods[0], url, 20)) > 1, "calls are spread again")


def test_w5_several_ports_need_names(cluster: Cluster, namespace: str) -> None:
    said = cluster.run("create", "-n", namespace, "-f", "svc-unnamed-ports.yaml")
    assert said.returncode == 1
    assert "* spec.ports[0].name: Required value" in said.stderr
    assert "* spec.ports[1].name: Required value" in said.stderr


def test_w5_and_w6_ports_by_name_across_different_pods(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "-n", namespace, "-f", "svc-two-ports.yaml")
    first = cluster.ready_pods(namespace, "app=web", 2)[0]["metadata"]["name"]
    address = cluster.get("svc", "web", "-n", namespace)["spec"]["clusterIP"]
    reaches(cluster, namespace, first, f"http://{address}")
    assert calls(cluster, namespace, first, f"https://{address}", 4).total() == 4
    cluster.kubectl("create", "-n", namespace, "-f", "rs-other-port.yaml")
    names = {pod["metadata"]["name"] for pod in cluster.ready_pods(namespace, "app=web", 3)}
    seen: Counter[str] = Counter()
    cluster.wait(
        lambda: seen.update(calls(cluster, namespace, first, f"http://{address}", 10)) or set(seen) == names, "all"
    )


def test_w7_endpoints_by_selector_and_by_hand(cluster: Cluster, namespace: str) -> None:
    pods, _ = pods_and_service(cluster, namespace)
    described = cluster.kubectl("describe", "svc", "kubia", "-n", namespace)
    assert re.search(r"Endpoints:\s+10\.\d+\.\d+\.\d+:8080,10\.\d+\.\d+\.\d+:8080,10\.\d+\.\d+\.\d+:8080", described)
    endpoints = cluster.get("endpoints", "kubia", "-n", namespace)
    (subset,) = endpoints["subsets"]
    assert {address["targetRef"]["name"] for address in subset["addresses"]} == set(pods)
    assert subset["ports"] == [{"name": "http", "port": 8080, "protocol": "TCP"}]
    cluster.kubectl("create", "-n", namespace, "-f", "svc-external.yaml")
    written: dict[str, Any] = {
        "apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "external"},
        "subsets": [{"addresses": [{"ip": subset["addresses"][0]["ip"]}], "ports": [{"port": 8080}]}],
    }  # fmt: skip
    cluster.kubectl("create", "-n", namespace, "-f", "-", text=json.dumps(written))
    external = cluster.get("svc", "external", "-n", namespace)["spec"]["clusterIP"]
    reaches(cluster, namespace, pods[0], f"http://{external}")


def test_w8_a_frontend_finds_its_backend_by_environment(cluster: Cluster, namespace: str) -> None:
    cluster.kubectl("create", "-n", namespace, "-f", "frontend-backend.yaml")
    cluster.ready_pods(namespace, "app=backend", 1)
    frontend = cluster.ready_pods(namespace, "app=frontend", 2)[0]["metadata"]["name"]
    command = "curl -s --max-time 5 http://$BACKEND_SERVICE_HOST:$BACKEND_SERVICE_PORT"

    def answer() -> str:
        return cluster.run("exec", "-n", namespace, frontend, "--", "sh", "-c", command).stdout

    first = cluster.wait(lambda: ANSWER.search(answer()), "the backend answers")[1]
    cluster.kubectl("delete", "pod", "-l", "app=backend", "-n", namespace)
    cluster.ready_pods(namespace, "app=backend", 1)
    second = cluster.wait(lambda: ANSWER.search(answer()), "the new backend answers")[1]
    assert first != second


def test_w9_expose_of_every_kind(cluster: Cluster, namespace: str) -> None:
    pods, _ = pods_and_service(cluster, namespace)
    flags = ("-n", namespace, "--port=80", "--target-port=8080")
    assert cluster.kubectl("expose", "rs", "kubia", "--name=a", *flags) == "service/a exposed\n"
    assert cluster.kubectl("expose", "pod", pods[0], "--name=b", *flags) == "service/b exposed\n"
    assert cluster.kubectl("expose", "service", "kubia", "--name=c", *flags) == "service/c exposed\n"
    for name in ("a", "b", "c"):
        service = cluster.get("svc", name, "-n", namespace)["spec"]
        assert service["selector"]["app"] == "kubia"
        reaches(cluster, namespace, pods[1], f"http://{service['clusterIP']}")


_RC = """
apiVersion: v1
kind: ReplicationController
metadata: {name: nginx}
spec:
  replicas: 1
  selector: {app: nginx}
  template:
    metadata: {labels: {app: nginx}}
    spec:
      terminationGracePeriodSeconds: 0
      containers: [{name: nginx, image: luksa/kubia, imagePullPolicy: Never}]
"""


def test_w9_with_fairway_itself(cluster: Cluster, namespace: str) -> None:
    """The commands of the introduction, with no kubectl on the machine."""

    def types(command: str, text: str = "") -> str:
        done = cluster.run("-n", namespace, *command.split(), program=FAIRWAY, text=text)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert types("create -f -", _RC) == "replicationcontroller/nginx created\n"
    assert types("run pod-nginx --image=luksa/kubia --image-pull-policy=Never") == "pod/pod-nginx created\n"
    assert types("create deployment web --image=luksa/kubia:none --port=8080") == "deployment.apps/web created\n"
    assert types("expose rc nginx --port=80 --target-port=8080") == "service/nginx exposed\n"
    assert types("expose pod pod-nginx --port=444 --target-port=8080 --name=frontend") == "service/frontend exposed\n"
    assert types("expose service nginx --port=443 --target-port=8443 --name=nginx-https").endswith("exposed\n")
    assert types("expose deployment web") == "service/web exposed\n"
    types("wait pod -l app=nginx --for=condition=Ready --timeout=30s")
    types("wait pod/pod-nginx --for=condition=Ready --timeout=30s")
    for name, port, selector in (("nginx", 80, {"app": "nginx"}), ("frontend", 444, {"run": "pod-nginx"})):
        service = cluster.get("svc", name, "-n", namespace)["spec"]
        assert service["selector"] == selector
        reaches(cluster, namespace, "pod-nginx", f"http://{service['clusterIP']}:{port}")
    assert cluster.get("svc", "nginx-https", "-n", namespace)["spec"]["ports"][0]["targetPort"] == 8443
    assert cluster.get("svc", "web", "-n", namespace)["spec"]["ports"][0]["port"] == 8080


def test_w10_a_node_port_answers_at_the_node(cluster: Cluster, namespace: str) -> None:
    pods_and_service(cluster, namespace)
    cluster.kubectl("create", "-n", namespace, "-f", "svc-nodeport.yaml")
    port = cluster.get("svc", "kubia-nodeport", "-n", namespace)["spec"]["ports"][0]["nodePort"]
    node = cluster.get("nodes")["items"][0]["status"]["addresses"][0]["address"]

    def answer() -> str:
        return subprocess.run(["curl", "-s", "-m", "3", f"http://{node}:{port}"], capture_output=True, text=True).stdout

    assert cluster.wait(lambda: ANSWER.search(answer()), "the node port answers")


def test_exec_and_logs_with_every_kubectl(cluster: Cluster, namespace: str, any_kubectl: str) -> None:
    cluster.run("create", "-n", namespace, "-f", "svc.yaml", program=any_kubectl)
    pod = cluster.ready_pods(namespace, "app=kubia", 3)[0]["metadata"]["name"]
    said = cluster.run(
        "exec", "-n", namespace, pod, "--", "sh", "-c", "echo out; echo err >&2; exit 3", program=any_kubectl
    )
    assert said.stdout == "out\n"
    assert said.stderr.splitlines() == ["err", "command terminated with exit code 3"]
    assert said.returncode == 3
    fed = cluster.run("exec", "-i", "-n", namespace, pod, "--", "wc", "-c", program=any_kubectl, text="x" * 100_000)
    assert fed.stdout.strip() == "100000"
    assert cluster.run("logs", "-n", namespace, pod, program=any_kubectl).returncode == 0


def test_create_get_apply_delete_with_every_kubectl(cluster: Cluster, namespace: str, any_kubectl: str) -> None:
    for verb, said in (
        ("create", "service/kubia created"),
        ("apply", "service/kubia configured"),
        ("apply", "unchanged"),
    ):
        assert said in cluster.kubectl(verb, "-n", namespace, "-f", "svc-fixed.yaml", program=any_kubectl)
    assert "80/TCP" in cluster.kubectl("get", "svc", "-n", namespace, program=any_kubectl)
    assert "TargetPort:" in cluster.kubectl("describe", "svc", "kubia", "-n", namespace, program=any_kubectl)
    assert "FIELDS" in cluster.kubectl("explain", "service.spec.ports", program=any_kubectl)
    assert 'service "kubia" deleted' in cluster.kubectl("delete", "svc", "kubia", "-n", namespace, program=any_kubectl)


@pytest.mark.parametrize("flag", ["--validate=true", "--validate=false"])
def test_unknown_fields_are_found_unless_validation_is_off(
    cluster: Cluster, namespace: str, any_kubectl: str, flag: str
) -> None:
    body = json.dumps({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": f"odd{len(flag)}"},
        "spec": {"ports": [{"port": 80}], "colour": "red"},
    })  # fmt: skip
    said = cluster.run("create", "-n", namespace, flag, "-f", "-", text=body, program=any_kubectl)
    assert (said.returncode == 0) == (flag == "--validate=false")
    if said.returncode:
        assert re.search('unknown field "(spec.)?colour"', said.stderr)


def test_the_whole_introduction_without_a_kubectl(tmp_path: Path) -> None:
    need_machine()
    path = tmp_path / "bin"
    path.mkdir()
    for name in ("sh", "bash", "ip", "nft", "crun", "conmon", "haproxy", "curl", "busybox"):
        if found := shutil.which(name):
            (path / name).symlink_to(found)
    done = subprocess.run(
        [sys.executable, str(HOUSE / "scripts/walkthrough.py"), "--name", name_of("demo")],
        env={**os.environ, "PATH": str(path)}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\n[5-9]\d checks, 0 failed", done.stdout)
    assert "kubectl" not in done.stdout.replace("kubectl.kubernetes.io", "")
    for row in range(1, 11):
        assert f"\n== W{row} " in done.stdout
