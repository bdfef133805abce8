"""Reconcile: carry out one step of a Job, and say so in its status and in Events."""

from collections.abc import Iterable, Sequence

from fairway.controllers.job.plan import Plan, plan
from fairway.controllers.job.pods import FINALIZER, NAME_LABEL, is_tracked, pod_of
from fairway.controllers.rules.pod_writes import Refused, drop, make
from fairway.kinds import JOB, POD
from fairway.objects import Object
from fairway.objects.conditions import is_true
from fairway.objects.errors import StatusError
from fairway.objects.labels import from_label_selector
from fairway.reconcile.claims import BY_CONTROLLER, claim
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_controller, by_namespace, object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_of, group_of

BY_TRACKER = "tracking job"
NAMESPACE_INDEX = "namespace"
MANAGER = "kubernetes.io/job-controller"


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """One step; what it writes wakes the next."""
    job = cluster.get(JOB, *key)
    held = cluster.by_index(POD, BY_TRACKER, "/".join(key))
    lost = [pod for pod in cluster.by_index(POD, BY_TRACKER, f"{key[0]}/") if not any(_selecting(pod, cluster))]
    await _release([*(pod for pod in held if not _belongs(pod, job)), *lost], cluster)
    if job is None or job["spec"].get("managedBy") not in (None, MANAGER):
        return None
    pods = await claim(cluster, JOB, job, POD, from_label_selector(job["spec"].get("selector")))
    step = plan(job, pods, cluster.now())
    if step.is_expired:
        same = {"uid": job["metadata"]["uid"], "resourceVersion": job["metadata"]["resourceVersion"]}
        await cluster.delete(JOB, job, propagationPolicy="Foreground", preconditions=same)
        return None
    if step.status != job.get("status"):
        await cluster.update(JOB, {**job, "status": step.status}, subresource="status")
        _tell(job, step.status, cluster)
    await _release(step.release, cluster)
    await cluster.together(*(_hold(pod, cluster) for pod in step.track))
    await _act(job, step, cluster)
    return step.again_s


async def _act(job: Object, step: Plan, cluster: Cluster) -> None:
    """Raises: ``StatusError`` of what was refused."""
    try:
        if step.delete:
            await drop(JOB, job, step.delete, cluster)
        if step.create:
            await make(JOB, job, [pod_of(job, new.index, new.failures) for new in step.create], cluster)
    except Refused as error:
        raise error.cause from error


def _belongs(pod: Object, job: Object | None) -> bool:
    """Whether the Job is going to count the pod: its own, or one that it may adopt."""
    if job is None:
        return False
    is_going, reference = "deletionTimestamp" in job["metadata"], controller_of(pod)
    is_selected = from_label_selector(job["spec"].get("selector")).matches(pod["metadata"].get("labels"))
    if reference is None:
        return is_selected and not is_going
    return bool(reference["uid"] == job["metadata"]["uid"]) and (is_selected or is_going)


async def _release(pods: Sequence[Object], cluster: Cluster) -> None:
    """Take the finalizer off pods that are counted, or that nobody counts any more."""
    await cluster.together(*(_let_go(pod, cluster) for pod in pods if is_tracked(pod)))


async def _let_go(pod: Object, cluster: Cluster) -> None:
    left = [name for name in pod["metadata"]["finalizers"] if name != FINALIZER]
    await _set_finalizers(pod, left, cluster)


async def _hold(pod: Object, cluster: Cluster) -> None:
    await _set_finalizers(pod, [*(pod["metadata"].get("finalizers") or ()), FINALIZER], cluster)


async def _set_finalizers(pod: Object, wanted: Sequence[str], cluster: Cluster) -> None:
    meta = pod["metadata"]
    same = {"uid": meta["uid"], "resourceVersion": meta["resourceVersion"]}
    try:
        await cluster.patch(POD, pod, {"metadata": {**same, "finalizers": list(wanted) or None}})
    except StatusError as error:
        if error.code != 404:
            raise


def _tell(job: Object, status: Object, cluster: Cluster) -> None:
    """An Event for every condition that has come true or false."""
    new = {**job, "status": status}
    for one in status.get("conditions") or ():
        type_ = one["type"]
        was_true = is_true(job, type_)
        if type_ == "Suspended" and is_true(new, type_) is not was_true:
            word = "Suspended" if is_true(new, type_) else "Resumed"
            cluster.event(JOB, job, "Normal", word, one["message"])
        elif type_ == "Complete" and not was_true:
            cluster.event(JOB, job, "Normal", "Completed", "Job completed")
        elif type_ == "Failed" and not was_true:
            cluster.event(JOB, job, "Warning", one["reason"], one["message"])


def by_tracker(pod: Object) -> Iterable[str]:
    """``namespace/name`` of the Job that is to let go of the pod, which may be gone; no name if that is not known."""
    if not is_tracked(pod):
        return ()
    meta, reference = pod["metadata"], controller_of(pod)
    if reference is not None:
        is_ours = reference["kind"] == JOB.name and group_of(reference) == JOB.group
        return (f"{meta['namespace']}/{reference['name']}",) if is_ours else ()
    return (f"{meta['namespace']}/{(meta.get('labels') or {}).get(NAME_LABEL) or ''}",)


def jobs_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Jobs that a changed pod concerns: its controller, or whoever may adopt it or must let go of it."""
    for pod in (change.old, change.new):
        if pod is None:
            continue
        meta, reference = pod["metadata"], controller_of(pod)
        if reference is not None:
            if reference["kind"] == JOB.name and group_of(reference) == JOB.group:
                yield meta["namespace"], reference["name"]
            continue
        for found in by_tracker(pod):
            namespace, _, name = found.partition("/")
            yield namespace, name
        yield from map(object_key, _selecting(pod, cluster))


def _selecting(pod: Object, cluster: Cluster) -> Iterable[Object]:
    """The Jobs that would take the pod for theirs."""
    meta = pod["metadata"]
    for job in cluster.by_index(JOB, NAMESPACE_INDEX, meta["namespace"]):
        if from_label_selector(job["spec"].get("selector")).matches(meta.get("labels")):
            yield job


JOBS = Controller(
    name="job-controller", owns=JOB, reconcile=reconcile, wakes={POD: jobs_of},
    indexes={
        POD: {BY_CONTROLLER: by_controller, BY_TRACKER: by_tracker}, JOB: {NAMESPACE_INDEX: by_namespace},
    },
)  # fmt: skip
