"""Put taints on nodes, or take them off: only pods that tolerate them are put there.

fairway taint node node-1 gpu=yes:NoSchedule
fairway taint node node-1 gpu=no:NoSchedule --overwrite
fairway taint node node-1 gpu:NoSchedule-              take it off
fairway taint node -l zone=a gpu-                      with this key, whatever the effect
"""

import sys

from fairway.cli.arguments import ALL_FLAG, SELECTOR_FLAGS, targets
from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import DRY_RUN_FLAG, VALIDATE_FLAG, Writing, manager_flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.arguments import Target
    from fairway.cli.call import Call
    from fairway.cli.nodes.taints import Taint

USAGE = "node NAME... KEY[=VALUE]:EFFECT... KEY[:EFFECT]-..."
FLAGS = (
    SELECTOR_FLAGS[0],
    *OUTPUT_FLAGS,
    ALL_FLAG,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    manager_flag("kubectl-taint"),
    Flag("overwrite", type="bool", help="a taint that is there already gets the new value"),
)


def run(call: "Call") -> int:
    """Taint every node."""
    from fairway.cli.nodes import taints

    resources, words = _parted(call.words)
    new, removed = taints.read(words)
    writing = Writing(call, has_suffix=False)
    _check(call, resources)
    taints.refuse_both(new, removed)
    picked = call.flags.all or call.flags.selector
    for target in targets(call, ["nodes", *([] if picked else resources[1:])]):
        _taint(call, writing, target, new, removed)
    sys.stdout.flush()
    return 0


def _parted(words: "list[str]") -> tuple[list[str], list[str]]:
    resources: list[str] = []
    changes: list[str] = []
    for word in words:
        if "=" in word or ":" in word or word.endswith("-"):
            changes.append(word)
        elif changes:
            raise Failure(f"all resources must be specified before taint changes: {word}")
        else:
            resources.append(word)
    if not resources:
        raise Failure("one or more resources must be specified as <resource> <name>")
    if not changes:
        raise Failure("at least one taint update is required")
    return resources, changes


def _check(call: "Call", resources: list[str]) -> None:
    if resources[0].lower() not in ("node", "nodes"):
        raise Failure(f"invalid resource type {resources[0]}, only node types are supported")
    if call.flags.all and call.flags.selector:
        raise Failure("setting 'all' parameter with a non empty selector is prohibited")
    if not (call.flags.all or call.flags.selector) and len(resources) < 2:
        raise Failure("at least one resource name must be specified since 'all' parameter is not set")


def _taint(call: "Call", writing: Writing, target: "Target", new: "list[Taint]", removed: "list[Taint]") -> None:
    from fairway.cli.nodes import taints

    found = target.fetch(call.session.api)
    present = found["spec"].get("taints") or []
    if not call.flags.overwrite:
        taints.refuse_present(target.name, present, new)
    after, done = taints.changed(present, new, removed, overwrites=call.flags.overwrite)
    shown = {**found, "spec": {**found["spec"], "taints": after}}
    if not writing.is_client:
        shown = call.session.api.patch(target.path, {"spec": {"taints": after or None}}, writing.query())
    writing.told(shown, done)
