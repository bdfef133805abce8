"""Go back to a revision before.

fairway rollout undo deploy/kubia
fairway rollout undo deploy/kubia --to-revision=3
"""

import sys

from fairway.cli.failure import PROGRAM, Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.rollouts import REVISION, ROLLOUT_FLAGS, rolled
from fairway.cli.rollouts.history import Revision, revisions
from fairway.cli.writing import DRY_RUN_FLAG, LAST_APPLIED, Writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(TYPE NAME | TYPE/NAME | -f FILE) [--to-revision=N]"
FLAGS = (
    *ROLLOUT_FLAGS,
    *OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    Flag("to-revision", type="int", help="which one; 0 for the one before"),
)
_HASH = "pod-template-hash"
_JSON_PATCH, _STRATEGIC = "application/json-patch+json", "application/strategic-merge-patch+json"
_OF_THE_SET = (
    LAST_APPLIED, REVISION, "deployment.kubernetes.io/revision-history", "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas", "deprecated.deployment.rollback.to",
)  # fmt: skip
"""Annotations that a Deployment and its ReplicaSets do not share."""


def run(call: "Call") -> int:
    """Take every object back."""
    writing = Writing(call)
    failures = Gathered()
    for target in rolled(call, failures):
        with failures:
            assert target.object is not None
            writing.told(target.object, _undo(call, writing, target.object, target))
    sys.stdout.flush()
    raise_all(failures)
    return 0


def _undo(call: "Call", writing: Writing, found: "dict[str, Any]", target: "Target") -> str:
    """What is told of it."""
    api, wanted = call.session.api, call.flags.to_revision
    history = revisions(api, found, "rollbacker")
    is_deployment = found["kind"] == "Deployment"
    if wanted < 0:
        raise Failure(f"unable to find specified revision {wanted} in history")
    number = _number(found, history, wanted)
    if writing.is_client:
        return history[number].told()
    if is_deployment and found["spec"].get("paused"):
        raise Failure(
            f"you cannot rollback a paused deployment; resume it first with '{PROGRAM} rollout resume' and try again"
        )
    revision = history[number]
    if _bare(revision.template) == _bare(found["spec"]["template"]):
        return f"skipped rollback (current template already matches revision {number})"
    if is_deployment:
        api.patch(target.path, _patch(found, revision), writing.query(), type=_JSON_PATCH)
    else:
        api.patch(target.path, revision.object.get("data") or {}, writing.query(), type=_STRATEGIC)
    return "rolled back"


def _number(found: "dict[str, Any]", history: "dict[int, Revision]", wanted: int) -> int:
    if wanted:
        if wanted not in history:
            raise Failure(f"unable to find specified revision {wanted} in history")
        return wanted
    if len(history) > 1:
        return sorted(history)[-2]
    if found["kind"] == "Deployment":
        raise Failure(f'no rollout history found for deployment "{found["metadata"]["name"]}"')
    raise Failure("no last revision to roll back to")


def _bare(template: "dict[str, Any]") -> "dict[str, Any]":
    """The template without the label that only ReplicaSets have."""
    meta = template.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != _HASH}
    shown = {name: value for name, value in meta.items() if name != "labels" and value is not None}
    return {**template, "metadata": {**shown, "labels": labels}}


def _patch(found: "dict[str, Any]", revision: Revision) -> "list[dict[str, Any]]":
    own, then = (each["metadata"].get("annotations") or {} for each in (found, revision.object))
    annotations = {key: own[key] for key in _OF_THE_SET if key in own}
    annotations |= {key: value for key, value in then.items() if key not in _OF_THE_SET}
    return [
        {"op": "replace", "path": "/spec/template", "value": _bare(revision.template)},
        {"op": "replace", "path": "/metadata/annotations", "value": annotations},
    ]
