"""Pods and views that the node's pure tests share."""

from typing import Any

from fairway.node.pod_view import Attempt, ContainerView, PodView
from fairway.node.runtimes.interface import Sandbox
from fairway.objects import Object

UID = "11111111-2222-3333-4444-555555555555"
NOW = 1_700_000_000.0
SANDBOX = Sandbox(UID, "default", "web", ("10.244.0.5",), "/run/netns/x")


def pod(*, containers: list[Object] | None = None, status: Object | None = None, **spec: Any) -> Object:
    return {
        "kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", "namespace": "default", "uid": UID},
        "spec": {"nodeName": "n1", "containers": containers or [{"name": "main", "image": "kubia"}], **spec},
        "status": status or {},
    }  # fmt: skip


def leaving(found: Object, grace_s: int = 30) -> Object:
    meta = {**found["metadata"], "deletionTimestamp": "2023-11-14T22:13:20Z", "deletionGracePeriodSeconds": grace_s}
    return {**found, "metadata": meta}


def running(number: int = 0) -> Attempt:
    return Attempt(number, f"id-{number}", NOW - 60, "kubia", "sha256:a")


def ended(code: int, number: int = 0, finished_s: float = NOW) -> Attempt:
    reason = "Error" if code else "Completed"
    return Attempt(number, f"id-{number}", NOW - 60, "kubia", "sha256:a", code, finished_s, reason)


def ready(number: int = 0) -> ContainerView:
    return ContainerView((running(number),), has_passed_startup=True, is_ready=True)


def view(found: Object, containers: dict[str, ContainerView] | None = None, **more: Any) -> PodView:
    given = {"sandbox": SANDBOX, **more}
    return PodView(found, NOW - 100, containers=containers or {}, **given)
