"""The pods of a Job: how one is made, which index it has, how it ended and when.  Pure.

Source: Kubernetes docs, "Jobs"; KEP-2214 (indexed), KEP-3850 (limits per index), KEP-3939 (replacement).
"""

from collections.abc import Iterable

from fairway.controllers.rules import pods as pod_rules
from fairway.kinds import JOB
from fairway.objects import Object
from fairway.reconcile.owners import controller_reference
from fairway.reconcile.times import parse_rfc3339

FINALIZER = "batch.kubernetes.io/job-tracking"
"""Holds a pod until its end is counted."""
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES = "batch.kubernetes.io/job-index-failure-count"
IGNORED_FAILURES = "batch.kubernetes.io/job-index-ignored-failure-count"
NAME_LABEL = "batch.kubernetes.io/job-name"
_VARIABLE = "JOB_COMPLETION_INDEX"


def is_tracked(pod: Object) -> bool:
    """Whether the pod still waits to be counted."""
    return FINALIZER in (pod["metadata"].get("finalizers") or ())


def is_indexed(job: Object) -> bool:
    """Whether each pod has a number of its own."""
    return bool(job["spec"].get("completionMode") == "Indexed")


def replaces_only_failed(job: Object) -> bool:
    """Whether a pod that is leaving keeps its place until it is gone."""
    return bool(job["spec"].get("podReplacementPolicy") == "Failed")


def index_of(pod: Object) -> int | None:
    """The completion index; ``None`` for a pod without a good one."""
    text = (pod["metadata"].get("annotations") or {}).get(INDEX) or ""
    return int(text) if text.isascii() and text.isdecimal() else None


def is_leaving(pod: Object) -> bool:
    """Whether the pod was asked to go and still runs."""
    return pod_rules.is_terminating(pod) and not pod_rules.is_terminal(pod)


def has_failed(job: Object, pod: Object) -> bool:
    """Whether the pod counts as failed: it did, or it was taken away before it could end."""
    if pod_rules.phase(pod) == "Failed":
        return True
    is_lost = not pod["spec"].get("nodeName")  # no node will ever say how it ended
    return is_leaving(pod) and (is_lost or not replaces_only_failed(job))


def failures_before(pod: Object, name: str = FAILURES) -> int:
    """How often the pod's index had failed before it."""
    text = (pod["metadata"].get("annotations") or {}).get(name) or ""
    return int(text) if text.isascii() and text.isdecimal() else 0


def finished_s(pod: Object) -> float:
    """When the last container ended, in Unix seconds; else when the pod was asked to go, else its creation."""
    status, meta = pod.get("status") or {}, pod["metadata"]
    ends = [
        (one.get("state") or {}).get("terminated", {}).get("finishedAt")
        for one in status.get("containerStatuses") or ()
    ]
    if ends and all(ends):
        return max(map(parse_rfc3339, ends))
    left = meta.get("deletionTimestamp")
    if left:
        return parse_rfc3339(left) - (meta.get("deletionGracePeriodSeconds") or 0)
    began = meta.get("creationTimestamp")
    return parse_rfc3339(began) if began else 0.0


def last_failed(job: Object, pods: Iterable[Object]) -> dict[int, Object]:
    """Of each index the pod that failed as the last."""
    found: dict[int, Object] = {}
    for pod in pods:
        index = index_of(pod)
        if index is not None and has_failed(job, pod):
            before = found.get(index)
            if before is None or _rank(pod) > _rank(before):
                found[index] = pod
    return found


def _rank(pod: Object) -> tuple[int, float]:
    return failures_before(pod) + failures_before(pod, IGNORED_FAILURES), finished_s(pod)


def pod_of(job: Object, index: int | None, failures: tuple[int, int] | None) -> Object:
    """A new pod; ``failures`` are those of its index, counted and ignored, where they are counted by index."""
    meta, template = job["metadata"], job["spec"]["template"]
    given = template.get("metadata") or {}
    labels, annotations = dict(given.get("labels") or {}), dict(given.get("annotations") or {})
    spec = {**(template.get("spec") or {})}
    prefix = meta["name"]
    if index is not None:
        labels[INDEX] = annotations[INDEX] = str(index)
        prefix = f"{prefix}-{index}"
        spec.setdefault("hostname", prefix)
        for field in ("containers", "initContainers"):
            if spec.get(field):
                spec[field] = [_numbered(container) for container in spec[field]]
    if failures is not None:
        annotations[FAILURES] = str(failures[0])
        if failures[1]:
            annotations[IGNORED_FAILURES] = str(failures[1])
    made: Object = {"generateName": f"{prefix}-", "namespace": meta["namespace"], "labels": labels}
    if annotations:
        made["annotations"] = annotations
    made["finalizers"] = [*(given.get("finalizers") or ()), FINALIZER]
    made["ownerReferences"] = [controller_reference(JOB, job)]
    return {"kind": "Pod", "apiVersion": "v1", "metadata": made, "spec": spec}


def _numbered(container: Object) -> Object:
    """The container with its index in the environment, unless it has a variable of that name."""
    present = container.get("env") or []
    if any(one.get("name") == _VARIABLE for one in present):
        return container
    source = {"fieldRef": {"fieldPath": f"metadata.labels['{INDEX}']"}}
    return {**container, "env": [*present, {"name": _VARIABLE, "valueFrom": source}]}
