"""Switches: the run of ``rollout pause | resume | restart``: one small patch of each object."""

from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.rollouts import ROLLOUT_FLAGS, each_rolled, refused
from fairway.cli.writing import Writing, manager_flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

SWITCH_FLAGS = (*ROLLOUT_FLAGS, *OUTPUT_FLAGS, manager_flag("kubectl-rollout"))
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
STRATEGIC = "application/strategic-merge-patch+json"


def switch(call: "Call", patch_of: "Callable[[Target], dict[str, Any]]", operation: str) -> int:
    """Patch every object with what ``patch_of`` says, which raises where it cannot be."""
    writing = Writing(call, is_typed=True)

    def patch(target: "Target") -> None:
        after = call.session.api.patch(target.path, patch_of(target), writing.query(), type=STRATEGIC)
        writing.told(after, operation)

    return each_rolled(call, patch)


def paused(target: "Target") -> "dict[str, Any]":
    """The patch of ``pause``."""
    if _kind(target) != "Deployment":
        raise refused(target, "pausing is not supported")
    if _is_paused(target):
        raise refused(target, "is already paused")
    return {"spec": {"paused": True}}


def resumed(target: "Target") -> "dict[str, Any]":
    """The patch of ``resume``."""
    if _kind(target) != "Deployment":
        raise refused(target, "resuming is not supported")
    if not _is_paused(target):
        raise refused(target, "is not paused")
    return {"spec": {"paused": None}}


def restarted(target: "Target") -> "dict[str, Any]":
    """The patch of ``restart``: a mark in the template, which makes all pods anew."""
    from datetime import datetime

    from fairway.cli.failure import Failure

    if _kind(target) not in ("Deployment", "DaemonSet", "StatefulSet"):
        raise refused(target, "restarting is not supported")
    if _is_paused(target):
        raise refused(target, "can't restart paused deployment (run rollout resume first)")
    now = datetime.now().astimezone().isoformat(timespec="seconds").replace("+00:00", "Z")
    template = (target.object or {})["spec"]["template"]
    if ((template.get("metadata") or {}).get("annotations") or {}).get(_RESTARTED) == now:
        raise Failure(
            f"failed to create patch for {target.name}: if restart has already been triggered within the past second, "
            "please wait before attempting to trigger another"
        )
    return {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: now}}}}}


def _kind(target: "Target") -> str:
    return target.resource.kind if target.resource.group in ("apps", "extensions") else ""


def _is_paused(target: "Target") -> bool:
    return bool(((target.object or {}).get("spec") or {}).get("paused"))
