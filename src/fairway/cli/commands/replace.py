"""Put what manifests say in the place of what is there.

fairway replace -f svc.yaml
fairway replace --force -f svc.yaml      delete it and make it anew
"""

import sys

from fairway.cli.arguments import FILE_FLAGS
from fairway.cli.commands.delete import DELETION_FLAGS
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import (
    DRY_RUN_FLAG,
    LAST_APPLIED,
    NONE,
    RECORD_FLAG,
    SAVE_CONFIG_FLAG,
    VALIDATE_FLAG,
    Writing,
    manager_flag,
    recorded,
    save_config,
    with_source,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call
    from fairway.cli.commands.delete import Deletion

USAGE = "-f FILE"
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    *DELETION_FLAGS,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    SAVE_CONFIG_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-replace"),
    Flag("raw", help="a path of the API server, to which the file is sent as it is"),
    Flag("subresource", help="the subresource: status, scale or resize"),
    Flag("wait", type="bool", help="with --force: wait until what is deleted is gone"),
)


def run(call: "Call") -> int:
    """Replace every object."""
    from fairway.cli.commands.delete import Deletion
    from fairway.cli.writing.manifests import manifests

    flags = call.flags
    writing = Writing(call)
    if flags.raw:
        from fairway.cli.writing.raw import check_raw, send_raw

        check_raw(call)
        return send_raw(call, "PUT")
    _check(call, writing)
    deletion = Deletion(call, is_quiet=True)
    deletion.is_lenient = True
    failures = Gathered()
    found = manifests(call, failures, validation=writing.validation)
    for target in _gone(call, deletion, list(found), failures) if flags.force else found:
        with failures:
            _replace(call, writing, target)
    sys.stdout.flush()
    raise_all(failures)
    return 0


def _check(call: "Call", writing: Writing) -> None:
    flags = call.flags
    if flags.grace_period >= 0 and not flags.force:
        raise Failure("--grace-period must have --force specified")
    if flags.timeout and not flags.force:
        raise Failure("--timeout must have --force specified")
    if not (flags.filename or flags.kustomize):
        raise Failure("must specify one of -f and -k")
    if flags.force and writing.strategy != NONE:
        raise Failure("--dry-run can not be used when --force is set")


def _gone(
    call: "Call", deletion: "Deletion", found: "list[Target]", failures: "Gathered"
) -> "list[Target]":  # fmt: skip
    """Delete each, and wait until it is gone."""
    from fairway.cli.writing.gone import wait_until_gone

    gone = []
    for target in found:
        with failures:
            if (uid := deletion.delete(target, is_told=False)) is not None:
                print(f'{target.resource.printed} "{target.name}" deleted')
                gone.append((target, uid))
    sys.stdout.flush()
    raise_all(failures)
    wait_until_gone(call.session.api, gone, call.flags.timeout)
    return found


def _replace(call: "Call", writing: Writing, target: "Target") -> None:
    from fairway.client.blocking import ApiError

    found: dict[str, Any] = target.object or {}
    flags, api = call.flags, call.session.api
    if flags.save_config or LAST_APPLIED in (found["metadata"].get("annotations") or {}):
        save_config(found)
    recorded(call, found)
    if not writing.is_client:
        if not target.name:
            raise with_source(Failure("resource name may not be empty"), "replacing", target.source)
        try:
            if flags.force:
                found["metadata"].pop("resourceVersion", None)
                found = api.create(target.resource.path(target.namespace), found, writing.query())
            else:
                found = _put(api, target, found, writing, flags.subresource)
        except ApiError as error:
            raise with_source(error, "replacing" if not flags.force else "creating", target.source) from None
    writing.told(found, "replaced")


def _put(api: "Any", target: "Target", found: "dict[str, Any]", writing: Writing, subresource: str) -> "dict[str, Any]":
    """PUT on the state that is there, unless the manifest names one."""
    from fairway.client.blocking import ApiError

    path = target.below(subresource) if subresource else target.path
    if not found["metadata"].get("resourceVersion"):
        try:
            version = api.get(target.path)["metadata"].get("resourceVersion")
        except ApiError:
            version = None  # Nothing is there: the server says what it thinks of that.
        if version:
            found = {**found, "metadata": {**found["metadata"], "resourceVersion": version}}
    stored: dict[str, Any] = api.replace(path, found, writing.query())
    return stored
