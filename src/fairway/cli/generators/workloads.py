"""Workloads from words: ``create deployment | job | cronjob``."""

from collections.abc import Callable, Sequence

from fairway.cli.generators import GeneratorError, head, metadata
from fairway.objects import Object


def deployment(
    name: str, images: Sequence[str], command: Sequence[str], *, port: int, replicas: int, suffix: Callable[[], str]
) -> Object:
    """A Deployment with a container for each image; ``port`` below 0 is none.

    ``suffix`` draws five characters for a container whose image's name is no name for a container.
    """
    if len(images) > 1 and command:
        raise GeneratorError("cannot specify multiple --image options and command")
    labels = {"app": name}
    containers: list[Object] = []
    for image in images:
        container: Object = {"name": container_name(image, suffix), "image": image}
        if command:
            container["command"] = list(command)
        if port >= 0 and not containers:
            container["ports"] = [{"containerPort": port}]
        containers.append({**container, "resources": {}})
    spec: Object = {
        "replicas": replicas,
        "selector": {"matchLabels": dict(labels)},
        "template": {
            "metadata": {"creationTimestamp": None, "labels": dict(labels)},
            "spec": {"containers": containers},
        },
        "strategy": {},
    }
    return head("Deployment", "apps/v1", metadata(name, labels), spec=spec, status={})


def container_name(image: str, suffix: Callable[[], str]) -> str:
    """A container's name after its image: the last part without tag and digest."""
    name = image.rpartition("/")[2].partition(":")[0].partition("@")[0]
    if "_" in name or "." in name:
        name = f"{name.replace('_', '-').replace('.', '-')}-{suffix()}"
    return name


def job(name: str, image: str, source: str, command: Sequence[str]) -> Object:
    """A Job that runs one container once; ``source`` (``cronjob/NAME``) is not for here."""
    if bool(image) == bool(source):
        raise GeneratorError("either --image or --from must be specified")
    if command and source:
        raise GeneratorError("cannot specify --from and command")
    return head("Job", "batch/v1", metadata(name), spec=_job_spec(name, image, command, "Never"), status={})


def cron_job(name: str, image: str, schedule: str, restart: str, command: Sequence[str]) -> Object:
    """A CronJob that runs one container at those times."""
    inner = {"metadata": metadata(name), "spec": _job_spec(name, image, command, restart or "OnFailure")}
    spec = {"schedule": schedule, "jobTemplate": inner}
    return head("CronJob", "batch/v1", metadata(name), spec=spec, status={})


def _job_spec(name: str, image: str, command: Sequence[str], restart: str) -> Object:
    container: Object = {"name": name, "image": image}
    if command:
        container["command"] = list(command)
    pod = {"containers": [{**container, "resources": {}}], "restartPolicy": restart}
    return {"template": {"metadata": {"creationTimestamp": None}, "spec": pod}}
