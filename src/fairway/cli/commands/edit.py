"""Change objects in an editor ($KUBE_EDITOR, $EDITOR, or vi).

fairway edit svc kubia
EDITOR=nano fairway edit deploy/kubia
"""

from fairway.cli.applying import STRATEGIC_PATCH
from fairway.cli.arguments import FILE_FLAGS, fetched
from fairway.cli.editing.session import session
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.printers.documents import without_managed_fields
from fairway.cli.writing import (
    RECORD_FLAG,
    SAVE_CONFIG_FLAG,
    VALIDATE_FLAG,
    Writing,
    manager_flag,
    recorded,
    save_config,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(TYPE NAME | TYPE/NAME | -f FILE)"
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    VALIDATE_FLAG,
    SAVE_CONFIG_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-edit"),
    Flag("output-patch", type="bool", help="show the patch"),
    Flag("subresource", help="the subresource: status, scale or resize"),
    Flag("windows-line-endings", type="bool", help="taken for kubectl's sake", is_hidden=True),
)


def run(call: "Call") -> int:
    """Edit each object in turn."""
    writing = Writing(call)
    failures = Gathered()
    found = fetched(call, failures, lists=True)
    raise_all(failures)
    if not found:
        raise Failure("edit cancelled, no objects found")
    for target in found:
        assert target.object is not None
        shown = without_managed_fields(target.object)
        subject = f'{target.resource.name} "{target.name}"'
        session(shown, lambda after, target=target: _save(call, writing, target, after), subject)  # type: ignore[misc]
    return 0


def _save(call: "Call", writing: Writing, target: "Target", after: "dict[str, Any]") -> None:
    from fairway.objects.patches.three_way import strategic

    assert target.object is not None
    before = without_managed_fields(target.object)
    if any(before[name] != after.get(name) for name in ("apiVersion", "kind")) or (
        before["metadata"]["name"] != (after.get("metadata") or {}).get("name")
    ):
        raise Failure("At least one of apiVersion, kind and name was changed")
    recorded(call, after)
    if call.flags.save_config:
        save_config(after)
    patch = strategic(before, after, before, after["apiVersion"], after["kind"])
    if call.flags.output_patch:
        from fairway.cli.generators.go_json import compact

        print(f"Patch: {compact(patch)}")
    path = target.below(call.flags.subresource) if call.flags.subresource else target.path
    stored = call.session.api.patch(path, patch, writing.query(), type=STRATEGIC_PATCH)
    writing.told(stored, "edited")
