"""Pods as their users meet them: how they start, fail, end, are attached to, and are replaced under traffic."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import Cluster, is_ready

CONTAINER = {"name": "c", "image": "luksa/kubia", "imagePullPolicy": "IfNotPresent"}
RUN = ("--image=luksa/kubia", "--image-pull-policy=IfNotPresent", "--restart=Never")


def create(cluster: Cluster, namespace: str, *objects: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("create", "-n", namespace, "-f", "-", text=json.dumps(listed))


def pod(name: str, *command: str, container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    main = {**CONTAINER, **(container or {})}
    if command:
        main["command"] = list(command)
    meta = {"name": name, "labels": {"app": name}}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": meta,
        "spec": {"containers": [main], "terminationGracePeriodSeconds": 2, **spec},
    }  # fmt: skip


def service(name: str) -> dict[str, Any]:
    spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def deployment(name: str, replicas: int) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [CONTAINER]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def status_column(cluster: Cluster, namespace: str, name: str) -> str:
    return cluster.kubectl("get", "pod", name, "-n", namespace, "--no-headers").split()[2]


def events(cluster: Cluster, namespace: str, name: str, reason: str) -> list[str]:
    chosen = f"involvedObject.name={name},reason={reason}"
    return [event["message"] for event in cluster.get("events", "-n", namespace, "--field-selector", chosen)["items"]]


def is_open(address: str) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((address, 80)) == 0


@contextmanager
def clients(address: str, count: int) -> Iterator[tuple[list[str], list[float]]]:
    """Callers that open a connection each time and never pause: what failed, and when calls succeeded."""
    failures: list[str] = []
    answers: list[float] = []
    stop = threading.Event()

    def call() -> None:
        with socket.create_connection((address, 80), timeout=30) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            heard = b""
            while piece := connection.recv(4096):
                heard += piece
        assert b"You've hit" in heard, heard

    def run() -> None:
        while not stop.is_set():
            try:
                call()
                answers.append(time.monotonic())
            except (OSError, AssertionError) as error:
                failures.append(repr(error))

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield failures, answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_rolling_updates_drop_no_request_even_without_a_readiness_probe(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, deployment("roll", 5), service("roll"))
    cluster.ready_pods(namespace, "app=roll", 5)
    address = cluster.get("svc", "roll", "-n", namespace)["spec"]["clusterIP"]
    cluster.wait(lambda: is_open(address), "first answer")
    with clients(address, 3) as (failures, answers):
        for number in range(6):
            cluster.kubectl("set", "env", "deployment/roll", "-n", namespace, f"ROUND={number}")
            cluster.kubectl("rollout", "status", "deployment/roll", "-n", namespace, "--timeout=60s")
    assert failures == []
    assert len(answers) > 500


@pytest.mark.parametrize(
    ("name", "spec", "shown", "reason", "message"),
    [
        (
            "no-image", pod("no-image", container={"image": "luksa/nosuch", "imagePullPolicy": "Never"}),
            "ErrImageNeverPull", "ErrImageNeverPull",
            'Container image "luksa/nosuch" is not present with pull policy of Never',
        ),
        (
            "no-key",
            pod(
                "no-key",
                container={
                    "env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "kube-root-ca.crt", "key": "x"}}}]
                },
            ),
            "CreateContainerConfigError", "Failed", "couldn't find key x in ConfigMap",
        ),
        (
            "no-program", pod("no-program", "/nosuch"), "CrashLoopBackOff", "Failed", "/nosuch",
        ),
        (
            "greedy",
            pod(
                "greedy", "tail", "/dev/zero", container={"resources": {"limits": {"memory": "20Mi"}}},
                restartPolicy="Never",
            ),
            "OOMKilled", "Started", "Container started",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.count(" ") == 0 else "",
)  # fmt: skip
def test_what_keeps_a_pod_from_running_is_told(
    cluster: Cluster, namespace: str, name: str, spec: dict[str, Any], shown: str, reason: str, message: str
) -> None:
    create(cluster, namespace, spec)
    cluster.wait(lambda: status_column(cluster, namespace, name) == shown, f"{name} shows {shown}")
    cluster.wait(lambda: any(message in text for text in events(cluster, namespace, name, reason)), f"event {reason}")


def test_a_failing_readiness_probe_takes_the_pod_out_of_its_service_and_back(cluster: Cluster, namespace: str) -> None:
    probe = {"exec": {"command": ["test", "!", "-e", "/tmp/ill"]}, "periodSeconds": 1, "failureThreshold": 1}
    create(cluster, namespace, pod("web", container={"readinessProbe": probe}), service("web"))
    cluster.ready_pods(namespace, "app=web", 1)

    def slice_says(*, ready: bool) -> bool:
        listed = cluster.get("endpointslices", "-n", namespace, "-l", "kubernetes.io/service-name=web")["items"]
        found = [endpoint["conditions"] for each in listed for endpoint in each["endpoints"] or []]
        return found == [{"ready": ready, "serving": ready, "terminating": False}]

    cluster.wait(lambda: slice_says(ready=True), "the endpoint is ready")
    cluster.kubectl("exec", "-n", namespace, "web", "--", "touch", "/tmp/ill")
    cluster.wait(lambda: slice_says(ready=False), "the endpoint is not ready")
    cluster.kubectl("exec", "-n", namespace, "web", "--", "rm", "/tmp/ill")
    cluster.wait(lambda: slice_says(ready=True), "the endpoint is ready again")
    assert cluster.get("pod", "web", "-n", namespace)["status"]["containerStatuses"][0]["restartCount"] == 0


def test_init_containers_come_first_and_a_sidecar_does_not_hold_up_the_end(cluster: Cluster, namespace: str) -> None:
    last = "trap 'exit 0' TERM; while true; do sleep 0.05; done"
    place = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}

    def init(name: str, script: str, **more: Any) -> dict[str, Any]:
        return {**CONTAINER, **place, "name": name, "command": ["sh", "-c", script], **more}

    inits = [init("one", "echo one >> /shared/order"), init("side", last, restartPolicy="Always"),
             init("two", "echo two >> /shared/order")]  # fmt: skip
    main = "echo main >> /shared/order; cat /shared/order"
    spec = pod(
        "order", "sh", "-c", main, container=place, initContainers=inits, restartPolicy="Never",
        volumes=[{"name": "shared", "emptyDir": {}}],
    )  # fmt: skip
    create(cluster, namespace, spec)
    cluster.wait(lambda: status_column(cluster, namespace, "order") == "Completed", "the pod completes")
    assert cluster.kubectl("logs", "-n", namespace, "order").split() == ["one", "two", "main"]


def test_kubectl_run_talks_to_a_container_and_ends_with_its_code(
    cluster: Cluster, namespace: str, any_kubectl: str
) -> None:
    words = ("run", "-i", "--rm", "talk", "-n", namespace, *RUN, "--command", "--")
    echoed = cluster.run(*words, "cat", program=any_kubectl, text="spoken\n")
    assert (echoed.returncode, echoed.stdout.splitlines()[0]) == (0, "spoken"), echoed
    cluster.wait(lambda: "talk" not in cluster.kubectl("get", "pods", "-n", namespace), "the pod is gone")
    failed = cluster.run(*words, "sh", "-c", "read word; echo $word; exit 7", program=any_kubectl, text="bye\n")
    assert (failed.returncode, failed.stdout.splitlines()[0]) == (7, "bye"), failed


def test_processes_have_the_groups_and_the_limits_that_the_pod_asks_for(cluster: Cluster, namespace: str) -> None:
    spec = pod(
        "careful", container={"securityContext": {"runAsUser": 1000, "allowPrivilegeEscalation": False}},
        securityContext={"fsGroup": 2000, "supplementalGroups": [3000]},
    )  # fmt: skip
    create(cluster, namespace, spec)
    cluster.ready_pods(namespace, "app=careful", 1)
    said = cluster.kubectl("exec", "-n", namespace, "careful", "--", "cat", "/proc/1/status").splitlines()
    lines = {line.partition(":")[0]: line.partition(":")[2].split() for line in said}
    assert (lines["Uid"][0], lines["Groups"], lines["NoNewPrivs"]) == ("1000", ["2000", "3000"], ["1"])


def test_a_pod_past_its_deadline_is_failed_once_it_has_stopped(cluster: Cluster, namespace: str) -> None:
    create(cluster, namespace, pod("late", "sleep", "1000", restartPolicy="Never"))
    cluster.kubectl("wait", "pod/late", "-n", namespace, "--for=jsonpath={.status.phase}=Running", "--timeout=30s")
    cluster.kubectl("patch", "pod", "late", "-n", namespace, "-p", '{"spec": {"activeDeadlineSeconds": 1}}')
    cluster.wait(lambda: cluster.get("pod", "late", "-n", namespace)["status"].get("reason"), "the deadline passes")
    status = cluster.get("pod", "late", "-n", namespace)["status"]
    assert (status["phase"], status["reason"]) == ("Failed", "DeadlineExceeded")
    assert status["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 137
    assert not is_ready({"metadata": {}, "status": status})


MEMORY_LIMIT = "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true"


def test_a_pod_is_resized_in_place(cluster: Cluster, namespace: str) -> None:
    resources = {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}}
    policy = [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}]
    sized = {"resources": resources, "resizePolicy": policy}
    create(cluster, namespace, pod("sized", "sleep", "1000", container=sized))
    cluster.ready_pods(namespace, "app=sized", 1)

    def resize(**amounts: dict[str, str]) -> None:
        patch = json.dumps({"spec": {"containers": [{"name": "c", "resources": amounts}]}})
        cluster.kubectl("patch", "pod", "sized", "-n", namespace, "--subresource", "resize", "-p", patch)

    def container() -> Any:
        found = cluster.get("pod", "sized", "-n", namespace)
        return found["status"]["containerStatuses"][0] if is_ready(found) else {}

    def limit() -> str:
        return cluster.kubectl("exec", "sized", "-n", namespace, "--", "sh", "-c", MEMORY_LIMIT).strip()

    assert limit() == str(64 << 20)
    resize(limits={"memory": "96Mi"}, requests={"memory": "48Mi"})
    found = cluster.wait(
        lambda: (found := container()).get("allocatedResources", {}).get("memory") == "48Mi" and found, "it"
    )
    assert (found["resources"]["limits"]["memory"], found["restartCount"], limit()) == ("96Mi", 0, str(96 << 20))
    resize(requests={"cpu": "30m"})
    cluster.wait(lambda: container().get("restartCount") == 1, "the container is started anew for its CPU")
    assert limit() == str(96 << 20)
    assert events(cluster, namespace, "sized", "ResizeCompleted")
