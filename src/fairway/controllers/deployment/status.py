"""Status: the counts and conditions of a Deployment.  Pure.

Source: Kubernetes docs, "Deployments", "Deployment status".
"""

from collections.abc import Sequence

from fairway.controllers.deployment.rolling import fence_posts, name_of, replicas, reported
from fairway.objects import Object
from fairway.objects.conditions import condition
from fairway.reconcile.times import parse_rfc3339, rfc3339

NO_DEADLINE = 2**31 - 1
PAUSED, RESUMED, TIMED_OUT = "DeploymentPaused", "DeploymentResumed", "ProgressDeadlineExceeded"
COMPLETE, UPDATED = "NewReplicaSetAvailable", "ReplicaSetUpdated"
CREATED, FOUND, FAILED = "NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetCreateError"


def has_deadline(deployment: Object) -> bool:
    """Whether progress is judged at all."""
    seconds = deployment["spec"].get("progressDeadlineSeconds")
    return seconds is not None and seconds != NO_DEADLINE


def counts(deployment: Object, all_sets: Sequence[Object], new: Object | None) -> Object:
    """The status without conditions."""
    available = sum(reported(one, "availableReplicas") for one in all_sets)
    found: Object = {
        "observedGeneration": deployment["metadata"].get("generation") or 0,
        "replicas": sum(reported(one, "replicas") for one in all_sets),
        "updatedReplicas": reported(new, "replicas") if new is not None else 0,
        "readyReplicas": sum(reported(one, "readyReplicas") for one in all_sets),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sum(map(replicas, all_sets)) - available),
        "collisionCount": reported(deployment, "collisionCount"),
    }
    told = {name: value for name, value in found.items() if value}
    if (leaving := _leaving(all_sets)) is not None:
        told["terminatingReplicas"] = leaving
    return told


def _leaving(all_sets: Sequence[Object]) -> int | None:
    """How many pods are on their way out; unknown while a ReplicaSet that has been looked at does not say."""
    statuses = [one.get("status") or {} for one in all_sets]
    known = [one.get("terminatingReplicas") for one in statuses if one.get("observedGeneration")]
    return None if None in known else sum(one or 0 for one in known)


class Conditions:
    """The conditions of a Deployment while a status is made."""

    def __init__(self, deployment: Object, now: float) -> None:
        self._found: list[Object] = list((deployment.get("status") or {}).get("conditions") or ())
        self._now = rfc3339(now)

    def get(self, type_: str) -> Object | None:
        """The condition of that type."""
        return next((one for one in self._found if one["type"] == type_), None)

    def put(self, type_: str, status: str, reason: str, message: str, *, refresh: bool = False) -> None:
        """Set a condition.  Without ``refresh`` one of equal status and reason stays as it is."""
        present = self.get(type_)
        is_same = present is not None and present["status"] == status
        if present is not None and is_same and present.get("reason") == reason and not refresh:
            return
        since = present["lastTransitionTime"] if present is not None and is_same else self._now
        self.drop(type_)
        self._found.append(
            {
                "type": type_, "status": status, "lastUpdateTime": self._now, "lastTransitionTime": since,
                "reason": reason, "message": message,
            }
        )  # fmt: skip

    def drop(self, type_: str) -> None:
        """Remove a condition."""
        self._found = [one for one in self._found if one["type"] != type_]

    @property
    def all(self) -> list[Object]:
        """Every condition."""
        return list(self._found)


def status(
    deployment: Object, all_sets: Sequence[Object], new: Object | None, now: float, *,
    event: tuple[str, str, str] | None = None, is_rollout: bool = True,
) -> Object:  # fmt: skip
    """The whole status.

    ``event`` is (status, reason, message) of a Progressing condition that has just come true; ``is_rollout`` is false
    while the Deployment is paused or being scaled, when progress is not judged.
    """
    found = counts(deployment, all_sets, new)
    conditions = Conditions(deployment, now)
    _judge_availability(deployment, found, conditions)
    if event is not None and has_deadline(deployment):
        conditions.put("Progressing", *event)
    if is_rollout:
        _judge_progress(deployment, found, new, conditions, now)
        _pass_on_failure(all_sets, new, conditions)
    return {**found, "conditions": conditions.all}


def _judge_availability(deployment: Object, found: Object, conditions: Conditions) -> None:
    _, unavailable = fence_posts(deployment)
    if found.get("availableReplicas", 0) >= replicas(deployment) - unavailable:
        conditions.put("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    else:
        text = "Deployment does not have minimum availability."
        conditions.put("Available", "False", "MinimumReplicasUnavailable", text)


def is_complete(deployment: Object, found: Object) -> bool:
    """Whether every pod is of the new template and available."""
    wanted = replicas(deployment)
    names = ("updatedReplicas", "replicas", "availableReplicas")
    seen = found.get("observedGeneration", 0) >= (deployment["metadata"].get("generation") or 0)
    return seen and all(found.get(name, 0) == wanted for name in names)


def _is_progressing(deployment: Object, found: Object) -> bool:
    """Whether anything has moved towards the goal since the last status."""

    def before(name: str) -> int:
        return reported(deployment, name)

    def after(name: str) -> int:
        return int(found.get(name, 0))

    return (
        after("updatedReplicas") > before("updatedReplicas")
        or after("replicas") - after("updatedReplicas") < before("replicas") - before("updatedReplicas")
        or after("readyReplicas") > before("readyReplicas")
        or after("availableReplicas") > before("availableReplicas")
    )


def _judge_progress(deployment: Object, found: Object, new: Object | None, conditions: Conditions, now: float) -> None:
    if not has_deadline(deployment):
        conditions.drop("Progressing")
        return
    present = conditions.get("Progressing")
    is_settled = (
        found.get("replicas", 0) == found.get("updatedReplicas", 0)
        and present is not None and present.get("reason") == COMPLETE
    )  # fmt: skip
    if is_settled:
        return
    who = f'ReplicaSet "{name_of(new)}"' if new is not None else f'Deployment "{name_of(deployment)}"'
    if is_complete(deployment, found):
        conditions.put("Progressing", "True", COMPLETE, f"{who} has successfully progressed.")
    elif _is_progressing(deployment, found):
        conditions.put("Progressing", "True", UPDATED, f"{who} is progressing.", refresh=True)
    elif deadline_s(deployment, present, now) == 0:
        conditions.put("Progressing", "False", TIMED_OUT, f"{who} has timed out progressing.")


def deadline_s(deployment: Object, progressing: Object | None, now: float) -> float | None:
    """Seconds until progress is given up; 0 if it is overdue; ``None`` if nothing is awaited."""
    if not has_deadline(deployment) or progressing is None or progressing.get("reason") == COMPLETE:
        return None
    if progressing.get("reason") == TIMED_OUT:
        return 0.0
    since = parse_rfc3339(progressing.get("lastUpdateTime") or progressing["lastTransitionTime"])
    limit_s: int = deployment["spec"]["progressDeadlineSeconds"]
    return max(0.0, since + limit_s - now)


def _pass_on_failure(all_sets: Sequence[Object], new: Object | None, conditions: Conditions) -> None:
    """A ReplicaSet that cannot make its pods makes the Deployment say so, the new one first."""
    ordered = [*([new] if new is not None else []), *all_sets]
    failure = next((found for one in ordered if (found := condition(one, "ReplicaFailure"))), None)
    if failure is None:
        conditions.drop("ReplicaFailure")
    else:
        conditions.put("ReplicaFailure", failure["status"], failure.get("reason") or "", failure.get("message") or "")


def pause(deployment: Object) -> tuple[str, str, str] | None:
    """The Progressing condition that says that the Deployment was paused, or resumed; ``None`` if it says so."""
    present = condition(deployment, "Progressing") or {}
    if not has_deadline(deployment) or present.get("reason") == TIMED_OUT:
        return None
    was_paused, is_paused = present.get("reason") == PAUSED, bool(deployment["spec"].get("paused"))
    if is_paused and not was_paused:
        return "Unknown", PAUSED, "Deployment is paused"
    if was_paused and not is_paused:
        return "Unknown", RESUMED, "Deployment is resumed"
    return None
