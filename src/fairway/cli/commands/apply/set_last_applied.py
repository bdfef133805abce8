"""Have a manifest be what was applied last, without changing anything else of the object.

fairway apply set-last-applied -f svc.yaml
fairway apply set-last-applied -f svc.yaml --create-annotation=true
"""

from fairway.cli.applying import MERGE_PATCH, last_applied
from fairway.cli.arguments import FILE_FLAGS
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.generators.go_json import compact
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import DRY_RUN_FLAG, LAST_APPLIED, Writing
from fairway.cli.writing.manifests import manifests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "-f FILE"
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    DRY_RUN_FLAG,
    Flag("create-annotation", type="bool", help="also for objects that were never applied"),
)


def run(call: "Call") -> int:
    """Set every object's annotation."""
    writing = Writing(call)
    if not (call.flags.filename or call.flags.kustomize):
        raise Failure("must specify one of -f and -k")
    failures = Gathered()
    pending = []
    for target in manifests(call, failures):
        with failures:
            pending.append((target, *_change(call, target)))
    raise_all(failures)
    for target, live, text in pending:
        if last_applied(live) == text:
            print(f"set-last-applied {target.name}: no changes required.")
            continue
        after = live
        if not writing.is_client:
            patch = {"metadata": {"annotations": {LAST_APPLIED: text}}}
            after = call.session.api.patch(target.path, patch, writing.query(), type=MERGE_PATCH)
        writing.told(after, "configured")
    return 0


def _change(call: "Call", target: "Target") -> "tuple[dict[str, Any], str]":
    """The live object and the text that its annotation shall hold."""
    assert target.object is not None
    wanted = compact(target.object) + "\n"
    live = call.session.api.get(target.path)
    if last_applied(live) is None and not call.flags.create_annotation:
        raise Failure(
            f"no last-applied-configuration annotation found on resource: {target.name}, to create the annotation, run "
            "the command with --create-annotation"
        )
    return live, wanted
