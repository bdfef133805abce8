"""Set how many pods a workload has.

fairway scale deploy kubia --replicas=3
fairway scale rs kubia --replicas=2 --current-replicas=3     only if it has three now
fairway scale deploy --all --replicas=0
"""

import sys

from fairway.cli.arguments import ALL_FLAG, FILE_FLAGS, SELECTOR_FLAGS, fetched
from fairway.cli.failure import Failure, Failures, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import CHANGE_CAUSE, DRY_RUN_FLAG, RECORD_FLAG, Writing, cause_of
from fairway.cli.writing.generated import required

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME... | TYPE/NAME...) --replicas=N"
FLAGS = (
    *FILE_FLAGS,
    SELECTOR_FLAGS[0],
    *OUTPUT_FLAGS,
    ALL_FLAG,
    DRY_RUN_FLAG,
    RECORD_FLAG,
    Flag("current-replicas", type="int", default=-1, help="only if it has so many now; -1 for any number"),
    Flag("replicas", type="int", help="how many there shall be"),
    Flag("resource-version", help="only if the object is in that state"),
    Flag("timeout", type="duration", help="wait so long until there are as many; 0 not to wait"),
)
_TRIES = 5


def run(call: "Call") -> int:
    """Scale every object."""
    flags = call.flags
    required(call, "replicas")
    if flags.replicas < 0:
        raise Failure("The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0")
    if flags.current_replicas < -1:
        raise Failure("The --current-replicas must specify an integer of -1 or greater")
    writing = Writing(call)
    failures = Gathered()
    found = fetched(call, failures, lists=flags.all)
    if flags.resource_version and len(found) > 1:
        raise Failure("cannot use --resource-version with multiple resources")
    for target in found:
        # The first that fails ends it, and is all that is told, as with kubectl.
        _scale(call, writing, target)
    sys.stdout.flush()
    if not found:
        raise Failure(f"no objects passed to scale {Failures(failures)}")
    raise_all(failures)
    return 0


def _scale(call: "Call", writing: Writing, target: "Target") -> None:
    flags, api = call.flags, call.session.api
    before = target.object
    assert before is not None
    if not writing.is_client:
        query = writing.query()
        if flags.current_replicas == -1 and not flags.resource_version:
            api.patch(target.below("scale"), {"spec": {"replicas": flags.replicas}}, query)
        else:
            _replace(call, target, query)
        if flags.record:
            cause = {"metadata": {"annotations": {CHANGE_CAUSE: cause_of(call)}}}
            api.patch(target.path, cause, query)
        if flags.timeout and writing.strategy == "none":
            _wait(call, target)
    writing.told(before, "scaled")


def _replace(call: "Call", target: "Target", query: "dict[str, Any]") -> None:
    """Scale from the state that is wanted, and from no other."""
    from fairway.client.blocking import ApiError

    flags, api = call.flags, call.session.api
    for tries_left in range(_TRIES, 0, -1):
        scale = api.get(target.below("scale"))
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        version = scale["metadata"].get("resourceVersion")
        if flags.current_replicas not in (-1, replicas):
            raise Failure(f"Expected replicas to be {flags.current_replicas}, was {replicas}")
        if flags.resource_version not in ("", version):
            raise Failure(f"Expected resource version to be {flags.resource_version}, was {version}")
        scale["spec"] = {**(scale.get("spec") or {}), "replicas": flags.replicas}
        try:
            api.replace(target.below("scale"), scale, query)
            return
        except ApiError as error:
            if error.reason != "Conflict" or tries_left == 1:
                raise


def _wait(call: "Call", target: "Target") -> None:
    """Wait until there are as many as are wanted; woken by what changes of the object."""
    import time

    from fairway.client.blocking import ApiError

    flags, api = call.flags, call.session.api
    deadline = time.monotonic() + flags.timeout
    path, query = target.resource.path(target.namespace), {"fieldSelector": f"metadata.name={target.name}"}
    while True:
        found = api.get(path, query)
        left_s = deadline - time.monotonic()
        if any(_is_there(item, flags.replicas) for item in found.get("items") or ()):
            return
        if left_s <= 0:
            raise Failure("timed out waiting for the condition")
        watching = {
            **query, "resourceVersion": found["metadata"].get("resourceVersion"), "timeoutSeconds": int(left_s) + 1,
        }  # fmt: skip
        try:
            if any(_is_there(item, flags.replicas) for _, item in api.watch(path, watching)):
                return
        except ApiError as error:
            if error.code != 410:  # The watch began too long ago: list again.
                raise


def _is_there(found: "dict[str, Any]", replicas: int) -> bool:
    wanted, status = (found.get("spec") or {}).get("replicas"), found.get("status") or {}
    return wanted == replicas and status.get("replicas", 0) == replicas
