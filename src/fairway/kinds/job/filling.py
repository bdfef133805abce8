"""What a Job may leave out, and what only the server writes: the selector and its labels."""

from fairway.kinds.rules.pod_spec import fill_template
from fairway.kinds.rules.status import keep_apart
from fairway.kinds.rules.values import INT32_MAX, child, drop_null, fill, fill_empty
from fairway.objects import Object

CONTROLLER_UID = "batch.kubernetes.io/controller-uid"
JOB_NAME = "batch.kubernetes.io/job-name"
OLD_CONTROLLER_UID, OLD_JOB_NAME = "controller-uid", "job-name"


def defaults(new: Object) -> None:
    """One pod, once, tried seven times."""
    fill_spec(child(new, "spec"))
    child(new, "status")


def fill_spec(spec: Object) -> None:
    """The spec of a Job, or of a CronJob's template of Jobs."""
    drop_null(
        spec, "selector", "completions", "parallelism", "activeDeadlineSeconds", "ttlSecondsAfterFinished",
        "podFailurePolicy", "successPolicy", "backoffLimitPerIndex", "maxFailedIndexes", "managedBy", "manualSelector",
    )  # fmt: skip
    if spec.get("completions") is None and spec.get("parallelism") is None:
        spec["completions"] = 1
    fill(spec, parallelism=1)
    fill(spec, backoffLimit=6 if spec.get("backoffLimitPerIndex") is None else INT32_MAX)
    fill_template(child(spec, "template"))
    fill(spec, completionMode="NonIndexed", suspend=False)
    policy = spec.get("podFailurePolicy")
    for rule in (policy or {}).get("rules") or ():
        for pattern in rule.get("onPodConditions") or ():
            fill_empty(pattern, status="True")
    fill(spec, podReplacementPolicy="TerminatingOrFailed" if policy is None else "Failed")


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """Status and spec each belong to their own resource; a new Job is given its selector."""
    keep_apart(new, old, subresource, {})
    if subresource:
        return
    spec, metadata = new["spec"], new["metadata"]
    if old is None and not spec.get("manualSelector"):
        _select(spec, metadata)
    if not metadata.get("labels") and (labels := (spec["template"].get("metadata") or {}).get("labels")):
        metadata["labels"] = dict(labels)


def _select(spec: Object, metadata: Object) -> None:
    """The Job's uid tells its pods from all others; labels that are there already are judged, not changed."""
    labels = child(child(spec["template"], "metadata"), "labels")
    uid, name = metadata.get("uid") or "", metadata.get("name") or ""
    for key, value in (
        (OLD_JOB_NAME, name), (JOB_NAME, name),
        (OLD_CONTROLLER_UID, uid), (CONTROLLER_UID, uid),
    ):  # fmt: skip
        labels.setdefault(key, value)
    child(child(spec, "selector"), "matchLabels").setdefault(CONTROLLER_UID, uid)
