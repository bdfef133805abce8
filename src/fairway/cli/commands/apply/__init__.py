"""Make objects what manifests say: create, change, and take away what the last manifest said.

fairway apply -f svc.yaml
fairway apply -f folder -R --prune -l app=shop     and delete what is in no manifest any more
fairway apply -f svc.yaml --dry-run=server -o yaml
"""

import sys

from fairway.cli.arguments import ALL_FLAG, FILE_FLAGS
from fairway.cli.commands.delete import DELETION_FLAGS
from fairway.cli.failure import Failure, Failures, Gathered, UsageFailure, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import (
    CLIENT,
    DRY_RUN_FLAG,
    RECORD_FLAG,
    SERVER,
    VALIDATE_FLAG,
    Writing,
    manager_flag,
    recorded,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | -k FOLDER)"
COMMANDS = {
    "edit-last-applied": "edit what was applied last",
    "set-last-applied": "have a manifest be what was applied last",
    "view-last-applied": "show what was applied last",
}
FLAGS = (
    *FILE_FLAGS,
    *OUTPUT_FLAGS,
    *DELETION_FLAGS,
    ALL_FLAG,
    DRY_RUN_FLAG,
    VALIDATE_FLAG,
    RECORD_FLAG,
    manager_flag("kubectl-client-side-apply"),
    Flag("force-conflicts", type="bool", help="with --server-side: take over fields that others own"),
    Flag("openapi-patch", type="bool", default=True, help="(without effect: the merge keys are known)"),
    Flag("overwrite", type="bool", default=True, help="(always: what the manifest says is what shall be)"),
    Flag("prune", type="bool", help="delete what was applied once and is in no manifest; with -l or --all"),
    Flag("prune-allowlist", type="array", help="with --prune: only this kind, GROUP/VERSION/KIND; may be repeated"),
    Flag("selector", "l", help="of the manifests, and with --prune of the objects, only those with these labels"),
    Flag("server-side", type="bool", help="have the server do it, where it can"),
    Flag("subresource", help="with --server-side: apply to the subresource, such as status"),
    Flag("wait", type="bool", help="with --force: wait until what is deleted is gone"),
)


def run(call: "Call") -> int:
    """Apply what the manifests say."""
    from fairway.cli.commands.delete import Deletion
    from fairway.cli.writing.manifests import manifests

    flags = call.flags
    if call.words:
        raise UsageFailure(f"Unexpected args: [{' '.join(call.words)}]")
    writing = Writing(call)
    kinds = _checked(call, writing)
    deletion = Deletion(call, is_quiet=True)
    applier = _applier(call, writing, deletion)
    failures = Gathered()
    found = list(manifests(call, failures, validation=writing.validation))
    if len(failures) > 1:
        failures[:] = [Failures(failures)]
    applied: list[Target] = []
    for target in found:
        with failures:
            assert target.object is not None
            recorded(call, target.object)
            target.object, operation = applier.apply(target)
            applied.append(target)
            _tell(writing, target, operation)
    sys.stdout.flush()
    if not found and not failures:
        raise Failure("no objects passed to apply")
    if is_shown(writing) and applied:
        _show(writing, [target.object or {} for target in applied])
    raise_all(failures)
    if flags.prune:
        from fairway.cli.applying.pruning import prune

        prune(call, writing, deletion, applied, kinds)
    return 0


def is_shown(writing: Writing) -> bool:
    """Whether the objects themselves are printed, when all is done."""
    return writing.printer is not None and writing.call.flags.output != "name"


def _tell(writing: Writing, target: "Target", operation: str) -> None:
    if not is_shown(writing):
        writing.told(target.object or {}, operation)


def _show(writing: Writing, found: "list[dict[str, Any]]") -> None:
    from fairway.cli.printers.documents import Declared

    assert writing.printer is not None
    several = Declared(kind="List", apiVersion="v1", metadata={}, items=found)
    if writing.call.flags.output == "json":
        sys.stdout.write(writing.printer(several if len(found) > 1 else found[0]))
    else:
        sys.stdout.write(writing.printer(dict(several) if len(found) > 1 else found[0]))


def _checked(call: "Call", writing: Writing) -> "list[str]":
    """The kinds that may be pruned.  Raises: ``Failure`` for flags that do not go together."""
    from fairway.cli.applying.pruning import allowed

    flags = call.flags
    if flags.force_conflicts and not flags.server_side:
        raise Failure("--force-conflicts only works with --server-side")
    if flags.subresource and not flags.server_side:
        raise Failure("--subresource can only be specified for --server-side")
    if flags.server_side and writing.strategy == CLIENT:
        raise Failure("--dry-run=client doesn't work with --server-side (did you mean --dry-run=server instead?)")
    if writing.strategy == SERVER and flags.force:
        raise Failure("--dry-run=server cannot be used with --force")
    if not (flags.filename or flags.kustomize):
        raise Failure("must specify one of -f and -k")
    kinds = allowed(flags.prune_allowlist) if flags.prune else []
    if flags.force and flags.server_side:
        raise Failure("--force cannot be used with --server-side")
    if flags.prune and flags.all and flags.selector:
        raise Failure("cannot set --all and --selector at the same time")
    if flags.prune and not flags.all and not flags.selector:
        raise Failure(
            "all resources selected for prune without explicitly passing --all. To prune all resources, pass the --all "
            "flag. If you did not mean to prune all resources, specify a label selector"
        )
    return kinds


def _applier(call: "Call", writing: Writing, deletion: "Any") -> "Any":
    if call.flags.server_side:
        from fairway.cli.applying.server_side import ServerSide

        return ServerSide(call, writing)
    from fairway.cli.applying.client_side import ClientSide

    return ClientSide(call, writing, deletion)
