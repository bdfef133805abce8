"""Revisions: the annotations by which a rollout can be told, and undone.  Pure.

Source: Kubernetes docs, "Deployments", "Rolling Back a Deployment".
"""

from collections.abc import Iterable, Mapping

from fairway.objects import Object
from fairway.objects.label_syntax import integer

REVISION = "deployment.kubernetes.io/revision"
HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
NOT_COPIED = frozenset(
    {
        "kubectl.kubernetes.io/last-applied-configuration", REVISION, HISTORY, DESIRED, MAXIMUM,
        "deprecated.deployment.rollback.to",
    }
)  # fmt: skip
HISTORY_LIMIT = 2000


def annotations(found: Object) -> Mapping[str, str]:
    """The annotations of an object."""
    return found["metadata"].get("annotations") or {}


def number(found: Object, name: str = REVISION) -> int | None:
    """The number that an annotation holds; ``None`` if there is none."""
    return integer(annotations(found).get(name, ""))


def next_revision(old: Iterable[Object]) -> int:
    """The revision that follows those of the ``old`` ReplicaSets."""
    return max((number(one) or 0 for one in old), default=0) + 1


def of_new(deployment: Object, replica_set: Object | None, revision: int) -> dict[str, str]:
    """The annotations of the ReplicaSet of the present template, which may have been an old one before."""
    wanted = dict(annotations(replica_set)) if replica_set else {}
    wanted.update((name, value) for name, value in annotations(deployment).items() if name not in NOT_COPIED)
    before = number(replica_set) if replica_set else None
    if (before or 0) < revision:
        wanted[REVISION] = str(revision)
        if before is not None:
            wanted[HISTORY] = _longer(wanted.get(HISTORY, ""), str(before))
    return wanted


def _longer(history: str, revision: str) -> str:
    """The history with one revision more; the oldest are dropped when it becomes too long."""
    found = [*filter(None, history.split(",")), revision]
    while len(",".join(found)) > HISTORY_LIMIT:
        found.pop(0)
    return ",".join(found)


def sizes(replicas: int, maximum: int) -> dict[str, str]:
    """The annotations that tell how large the Deployment was when a ReplicaSet was scaled."""
    return {DESIRED: str(replicas), MAXIMUM: str(maximum)}
