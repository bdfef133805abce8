"""Reconcile: carry out one step of a CronJob, and say so in its status and in Events."""

from collections.abc import Iterable

from fairway.controllers.cron_job.plan import Plan, is_finished, plan, reference
from fairway.controllers.rules.refusals import is_namespace_leaving
from fairway.kinds import CRON_JOB, JOB
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.claims import BY_CONTROLLER
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_controller
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_of, group_of, is_controlled_by
from fairway.reconcile.times import rfc3339


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """One step; the answer is the time until the schedule is due again."""
    cron_job = cluster.get(CRON_JOB, *key)
    if cron_job is None:
        return None
    jobs = cluster.by_index(JOB, BY_CONTROLLER, cron_job["metadata"]["uid"])
    step = plan(cron_job, jobs, cluster.now())
    for told in step.events:
        cluster.event(CRON_JOB, cron_job, told.type, told.reason, told.message)
    for job in [*step.forget, *step.replace]:
        if "deletionTimestamp" not in job["metadata"]:
            await cluster.delete(JOB, job, propagationPolicy="Background")
            cluster.event(CRON_JOB, cron_job, "Normal", "SuccessfulDelete", f"Deleted job {job['metadata']['name']}")
    if step.create is not None:
        await _start(cron_job, step, cluster)
    if step.status != (cron_job.get("status") or {}):
        await cluster.update(CRON_JOB, {**cron_job, "status": step.status}, subresource="status")
    return step.again_s


async def _start(cron_job: Object, step: Plan, cluster: Cluster) -> None:
    """Make the Job; one of that name that is there already is this very run."""
    assert step.create is not None
    meta = step.create["metadata"]
    try:
        job = await cluster.create(JOB, step.create)
        cluster.event(CRON_JOB, cron_job, "Normal", "SuccessfulCreate", f"Created job {meta['name']}")
    except StatusError as error:
        if is_namespace_leaving(error):
            return
        if error.reason != "AlreadyExists":
            cluster.event(CRON_JOB, cron_job, "Warning", "FailedCreate", f"Error creating job: {error}")
            raise
        found = await cluster.read(JOB, meta["namespace"], meta["name"])
        if found is None or not is_controlled_by(found, cron_job):
            cluster.event(CRON_JOB, cron_job, "Warning", "FailedCreate", f"Error creating job: {error}")
            return
        job = found
    gone = {one["metadata"]["uid"] for one in step.replace}
    active = [one for one in step.status.get("active") or () if one["uid"] not in gone]
    if not is_finished(job) and all(one["uid"] != job["metadata"]["uid"] for one in active):
        active.append(reference(job))
    step.status["lastScheduleTime"] = rfc3339(step.scheduled_s)
    if active:
        step.status["active"] = active


def cron_job_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The CronJob that controls a changed Job."""
    owner = controller_of(change.object)
    if owner is not None and owner["kind"] == CRON_JOB.name and group_of(owner) == CRON_JOB.group:
        yield change.object["metadata"]["namespace"], owner["name"]


CRON_JOBS = Controller(
    name="cronjob-controller", owns=CRON_JOB, reconcile=reconcile, wakes={JOB: cron_job_of},
    indexes={JOB: {BY_CONTROLLER: by_controller}},
)  # fmt: skip
