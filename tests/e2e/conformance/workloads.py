"""Workloads as the specs of sig-apps use them: one container that sleeps or ends."""

from typing import Any

from ..conftest import KUBIA
from .asking import Object


def container(script: str = "trap exit TERM; sleep 1000 & wait", **more: Any) -> Object:
    """A container that runs ``script``."""
    command = ["sh", "-c", script]
    return {"name": "c", "image": KUBIA, "imagePullPolicy": "IfNotPresent", "command": command, **more}


def template(app: str, script: str = "trap exit TERM; sleep 1000 & wait", **spec: Any) -> Object:
    """A template of pods with the label ``app``."""
    wanted = {"terminationGracePeriodSeconds": 0, "containers": [container(script)], **spec}
    return {"metadata": {"labels": {"app": app}}, "spec": wanted}


def workload(app: str, replicas: int | None = 1, **spec: Any) -> Object:
    """A Deployment, ReplicaSet, StatefulSet or (without ``replicas``) DaemonSet."""
    wanted: Object = {"selector": {"matchLabels": {"app": app}}, "template": template(app), **spec}
    if replicas is not None:
        wanted["replicas"] = replicas
    return {"metadata": {"name": app, "labels": {"app": app}}, "spec": wanted}


def job(name: str, script: str = "exit 0", *, pod: Object | None = None, **spec: Any) -> Object:
    """A Job whose pods run ``script``."""
    inner = template(name, script, restartPolicy="Never", **(pod or {}))
    return {"metadata": {"name": name, "labels": {"app": name}}, "spec": {"template": inner, **spec}}


def path(kind: str, namespace: str) -> str:
    """Where the workloads of a plural are."""
    group = {
        "jobs": "apis/batch/v1", "cronjobs": "apis/batch/v1", "poddisruptionbudgets": "apis/policy/v1",
        "pods": "api/v1", "replicationcontrollers": "api/v1", "podtemplates": "api/v1", "limitranges": "api/v1",
    }.get(kind, "apis/apps/v1")  # fmt: skip
    return f"/{group}/namespaces/{namespace}/{kind}"
