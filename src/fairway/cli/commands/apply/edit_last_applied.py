"""Edit what was applied last, in an editor ($KUBE_EDITOR, $EDITOR, or vi).

fairway apply edit-last-applied svc/kubia
"""

import json

from fairway.cli.applying import MERGE_PATCH, last_applied
from fairway.cli.arguments import FILE_FLAGS, targets
from fairway.cli.editing.session import session
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.generators.go_json import compact
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import LAST_APPLIED, VALIDATE_FLAG, Writing, manager_flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(TYPE NAME | TYPE/NAME | -f FILE)"
FLAGS = (*FILE_FLAGS, *OUTPUT_FLAGS, VALIDATE_FLAG, manager_flag("kubectl-client-side-apply"))


def run(call: "Call") -> int:
    """Edit each object's."""
    writing = Writing(call)
    failures = Gathered()
    found = []
    for target in targets(call, lists=True, failures=failures):
        with failures:
            text = last_applied(target.fetch(call.session.api))
            if text is None:
                raise Failure(
                    f"no last-applied-configuration annotation found on resource: {target.name}, to create the "
                    "annotation, use set-last-applied --create-annotation"
                )
            found.append((target, json.loads(text)))
    raise_all(failures)
    for target, applied in found:
        subject = f'{target.resource.name} "{target.name}"'
        session(applied, lambda after, target=target: _save(call, writing, target, after), subject)  # type: ignore[misc]
    return 0


def _save(call: "Call", writing: Writing, target: "Target", after: "dict[str, Any]") -> None:
    patch = {"metadata": {"annotations": {LAST_APPLIED: compact(after) + "\n"}}}
    stored = call.session.api.patch(target.path, patch, writing.query(), type=MERGE_PATCH)
    writing.told(stored, "edited")
