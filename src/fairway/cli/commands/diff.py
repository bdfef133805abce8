"""Show what applying manifests would change.

fairway diff -f svc.yaml
KUBECTL_EXTERNAL_DIFF="diff -u -N" fairway diff -f folder

Exit code 0: nothing; 1: something; more than 1: it could not be found out.
"""

import json
import os
import subprocess
import sys
import tempfile

from fairway.cli.applying import configuration, three_way
from fairway.cli.arguments import FILE_FLAGS
from fairway.cli.failure import Failure, Failures, Gathered, Silent, UsageFailure, raise_all, told
from fairway.cli.flags import Flag
from fairway.cli.writing import manager_flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "-f FILE"
FLAGS = (
    *FILE_FLAGS,
    manager_flag("kubectl-client-side-apply"),
    Flag("concurrency", type="int", default=1, help="(without effect: one object at a time)"),
    Flag("force-conflicts", type="bool", help="with --server-side: take over fields that others own"),
    Flag("selector", "l", help="of the manifests only those with these labels"),
    Flag("server-side", type="bool", help="have the server apply it"),
    Flag("show-managed-fields", type="bool", help="compare managedFields, too"),
    Flag("show-secrets", type="bool", help="show what Secrets hold, and not only whether it differs"),
)
_TROUBLE = 2
_APPLY_PATCH = "application/apply-patch+yaml"


def run(call: "Call") -> int:
    """Compare every object with what it would be."""
    from fairway.client.blocking import ApiError, Unreachable

    try:
        return _run(call)
    except UsageFailure:
        raise
    except (Failure, Failures, ApiError, Unreachable) as error:
        sys.stdout.flush()
        print(told(error), file=sys.stderr)
        raise Silent(_TROUBLE) from None


def _run(call: "Call") -> int:
    from fairway.cli.writing.manifests import manifests

    flags = call.flags
    if call.words:
        raise UsageFailure(f"Unexpected args: [{' '.join(call.words)}]", exit_code=_TROUBLE)
    if not (flags.filename or flags.kustomize):
        raise Failure("must specify one of -f and -k")
    failures = Gathered()
    with tempfile.TemporaryDirectory(prefix="LIVE-") as live, tempfile.TemporaryDirectory(prefix="MERGED-") as merged:
        for target in manifests(call, failures):
            with failures:
                _write(call, target, live, merged)
        raise_all(failures)
        sys.stdout.flush()
        return _compared(live, merged)


def _write(call: "Call", target: "Target", live: str, merged: str) -> None:
    from fairway.client.blocking import ApiError

    resource = target.resource
    group = f"{resource.group}." if resource.group else ""
    name = f"{group}{resource.version}.{resource.kind}.{target.namespace}.{target.name}"
    try:
        before: dict[str, Any] | None = call.session.api.get(target.path)
    except ApiError as error:
        if not error.is_not_found:
            raise
        before = None
    after = _after(call, target, before)
    if after["kind"] == "Secret" and not call.flags.show_secrets:
        before, after = masked(before, after)
    for folder, found in ((live, before), (merged, after)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write("" if found is None else _text(call, found))


def _after(call: "Call", target: "Target", before: "dict[str, Any] | None") -> "dict[str, Any]":
    """What the object would be, as the server says, which keeps nothing of it."""
    api, query = call.session.api, {"dryRun": "All", "fieldManager": call.flags.field_manager}
    assert target.object is not None
    if call.flags.server_side:
        query["force"] = "true" if call.flags.force_conflicts else "false"
        found = api.patch(target.path, target.object, query, type=_APPLY_PATCH)
    elif before is None:
        found = api.create(target.resource.path(target.namespace), target.object, query)
    else:
        patch, media_type = three_way(json.loads(configuration(target.object)), before)
        found = api.patch(target.path, patch, query, type=media_type)
    return found  # type: ignore[no-any-return]


def _text(call: "Call", found: "dict[str, Any]") -> str:
    from fairway.cli.printers.documents import without_managed_fields, yaml_text

    shown = found if call.flags.show_managed_fields else without_managed_fields(found)
    return yaml_text(shown)


def masked(
    before: "dict[str, Any] | None", after: "dict[str, Any]"
) -> "tuple[dict[str, Any] | None, dict[str, Any]]":  # fmt: skip
    """Two states of a Secret, which tell whether a value has changed, and no value.  Pure."""
    old, new = (before or {}).get("data") or {}, after.get("data") or {}
    changed = {key for key in old.keys() & new.keys() if old[key] != new[key]}
    shown = []
    for found, values, when in ((before, old, "before"), (after, new, "after")):
        told = {key: f"*** ({when})" if key in changed else "***" for key in values}
        shown.append({**found, "data": told} if found and values else found)
    return shown[0], shown[1] or {}


def _compared(live: str, merged: str) -> int:
    words = os.environ.get("KUBECTL_EXTERNAL_DIFF", "").split() or ["diff", "-u", "-N"]
    try:
        code = subprocess.run([*words, live, merged]).returncode
    except FileNotFoundError:
        raise Failure(f'failed to run "{words[0]}": executable file not found in $PATH') from None
    if code > 1:
        raise Failure(f"exit status {code}")
    return code
