"""Progress: how far a rollout is, in kubectl's words.

Pure.  Shape: ``progress(object, revision)`` gives the line and whether all is done.  Raises: ``Failure``.
"""

from fairway.cli.failure import Failure
from fairway.cli.rollouts import REVISION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def progress(found: "dict[str, Any]", revision: int = 0) -> "tuple[str, bool]":
    """The line, and whether the rollout has ended.  ``revision``: the one that is meant, 0 for any."""
    kind, group = found.get("kind", ""), found.get("apiVersion", "").rpartition("/")[0]
    told = {"Deployment": _deployment, "DaemonSet": _daemon_set, "StatefulSet": _stateful_set}.get(kind)
    if told is None or group not in ("apps", "extensions"):
        raise Failure(f"no status viewer has been implemented for {kind}{'.' if group else ''}{group}")
    return told(found, revision)


def _is_seen(found: "dict[str, Any]") -> bool:
    status = found.get("status") or {}
    return bool((found["metadata"].get("generation") or 0) <= (status.get("observedGeneration") or 0))


def _deployment(found: "dict[str, Any]", revision: int) -> "tuple[str, bool]":
    name, status = found["metadata"]["name"], found.get("status") or {}
    if revision > 0:
        running = int((found["metadata"].get("annotations") or {}).get(REVISION) or 0)
        if running != revision:
            raise Failure(f"desired revision ({revision}) is different from the running revision ({running})")
    if not _is_seen(found):
        return "Waiting for deployment spec update to be observed...", False
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            raise Failure(f'deployment "{name}" exceeded its progress deadline')
    wanted, updated = found["spec"].get("replicas", 1), status.get("updatedReplicas", 0)
    there, available = status.get("replicas", 0), status.get("availableReplicas", 0)
    waiting = f'Waiting for deployment "{name}" rollout to finish:'
    if updated < wanted:
        return f"{waiting} {updated} out of {wanted} new replicas have been updated...", False
    if there > updated:
        return f"{waiting} {there - updated} old replicas are pending termination...", False
    if available < updated:
        return f"{waiting} {available} of {updated} updated replicas are available...", False
    return f'deployment "{name}" successfully rolled out', True


def _check_rolling(found: "dict[str, Any]") -> None:
    if ((found.get("spec") or {}).get("updateStrategy") or {}).get("type") != "RollingUpdate":
        raise Failure("rollout status is only available for RollingUpdate strategy type")


def _daemon_set(found: "dict[str, Any]", _revision: int) -> "tuple[str, bool]":
    _check_rolling(found)
    name, status = found["metadata"]["name"], found.get("status") or {}
    if not _is_seen(found):
        return "Waiting for daemon set spec update to be observed...", False
    wanted, updated = status.get("desiredNumberScheduled", 0), status.get("updatedNumberScheduled", 0)
    available = status.get("numberAvailable", 0)
    waiting = f'Waiting for daemon set "{name}" rollout to finish:'
    if updated < wanted:
        return f"{waiting} {updated} out of {wanted} new pods have been updated...", False
    if available < wanted:
        return f"{waiting} {available} of {wanted} updated pods are available...", False
    return f'daemon set "{name}" successfully rolled out', True


def _stateful_set(found: "dict[str, Any]", _revision: int) -> "tuple[str, bool]":
    _check_rolling(found)
    status, spec = found.get("status") or {}, found["spec"]
    if not status.get("observedGeneration") or not _is_seen(found):
        return "Waiting for statefulset spec update to be observed...", False
    wanted, ready, updated = spec.get("replicas", 1), status.get("readyReplicas", 0), status.get("updatedReplicas", 0)
    if ready < wanted:
        return f"Waiting for {wanted - ready} pods to be ready...", False
    partition = (spec["updateStrategy"].get("rollingUpdate") or {}).get("partition") or 0
    if partition:
        if updated < wanted - partition:
            rolled = f"{updated} out of {wanted - partition} new pods have been updated"
            return f"Waiting for partitioned roll out to finish: {rolled}...", False
        return f"partitioned roll out complete: {updated} new pods have been updated...", True
    revision = status.get("updateRevision", "")
    if revision != status.get("currentRevision"):
        return f"waiting for statefulset rolling update to complete {updated} pods at revision {revision}...", False
    current = status.get("currentReplicas", 0)
    return f"statefulset rolling update complete {current} pods at revision {revision}...", True
