"""Delete objects, and wait until they are gone.

fairway delete svc kubia
fairway delete -f svc.yaml
fairway delete pods -l app=kubia --now
fairway delete pod kubia-x --grace-period=0 --force
"""

import sys

from fairway.cli.arguments import (
    ALL_AND_SELECTOR,
    ALL_FLAG,
    FILE_FLAGS,
    NO_TYPE_TO_SELECT,
    SELECTOR_FLAGS,
    targets,
)
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.writing import DRY_RUN_FLAG, SERVER, Writing, with_source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME... | TYPE/NAME... | TYPE -l LABELS | TYPE --all)"
DELETION_FLAGS = (
    Flag(
        "cascade", default="background", bare="background",
        help="what becomes of the objects that it owns: background or foreground (deleted too), orphan (kept)",
    ),
    Flag("force", type="bool", help="with --grace-period=0: out of the API at once, without waiting for the node"),
    Flag("grace-period", type="int", default=-1, help="seconds that a pod gets to end; below 0 its own"),
    Flag("timeout", type="duration", help="how long to wait; 0 as long as the objects are given"),
)  # fmt: skip
FLAGS = (
    *FILE_FLAGS,
    *SELECTOR_FLAGS,
    *DELETION_FLAGS,
    ALL_FLAG,
    DRY_RUN_FLAG,
    Flag("ignore-not-found", type="bool", help="what is not there is no failure (the rule with --all and -l)"),
    Flag("interactive", "i", "bool", "ask before anything is deleted"),
    Flag("now", type="bool", help="the same as --grace-period=1"),
    Flag("output", "o", help="name: print names only"),
    Flag("raw", help="a path of the API server that is sent a DELETE"),
    Flag("wait", type="bool", default=True, help="wait until they are gone"),
)
IMMEDIATE = (
    "Warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The "
    "resource may continue to run on the cluster indefinitely."
)


def run(call: "Call") -> int:
    """Delete, then wait."""
    flags = call.flags
    if flags.raw:
        from fairway.cli.writing.raw import check_deletion, send_raw

        cascade_of(flags.cascade)
        check_deletion(call)
        return send_raw(call, "DELETE")
    if flags.all and not (call.words or flags.filename or flags.kustomize):
        _refuse_all_of_nothing(call)
    deletion = Deletion(call)
    if flags.all or flags.selector or flags.field_selector:
        deletion.is_lenient = deletion.is_lenient or not flags.is_given("ignore-not-found")
    failures = Gathered()
    found = targets(call, failures=failures, is_grouped=True)
    if flags.interactive:
        asked = list(found)
        if asked and not _confirmed(asked):
            return 0
        found = iter(asked)
    gone = _deleted(call, deletion, found, failures)
    sys.stdout.flush()
    raise_all(failures)
    if flags.wait and not deletion.is_dry:
        from fairway.cli.writing.gone import wait_until_gone

        wait_until_gone(call.session.api, gone, flags.timeout)
    return 0


def _refuse_all_of_nothing(call: "Call") -> None:
    if call.flags.selector or call.flags.field_selector:
        raise Failure(ALL_AND_SELECTOR)
    raise Failure(NO_TYPE_TO_SELECT)


def _deleted(
    call: "Call", deletion: "Deletion", found: "Iterator[Target]", failures: "Gathered"
) -> "list[tuple[Target, str]]":
    """Delete each; those that the API had, with their UIDs."""
    gone: list[tuple[Target, str]] = []
    is_any, is_told = False, not call.session.is_namespace_given or call.flags.all_namespaces
    for target in found:
        is_any = True
        if not target.resource.is_namespaced and not is_told:
            is_told = True
            print("Warning: deleting cluster-scoped resources, not scoped to the provided namespace", file=sys.stderr)
        with failures:
            if (uid := deletion.delete(target)) is not None:
                gone.append((target, uid))
    if not is_any and not failures:
        print("No resources found")
    return gone


class Deletion:
    """How objects are deleted.  Raises: ``Failure`` for flags that contradict each other.

    ``is_quiet``: for commands that delete on the way to something else.
    """

    def __init__(self, call: "Call", *, is_quiet: bool = False) -> None:
        flags = call.flags
        self._call = call
        self._writing = Writing(_WithoutOutput(call))  # type: ignore[arg-type]
        self.is_dry = self._writing.strategy != "none"
        self.is_lenient: bool = getattr(flags, "ignore_not_found", False)
        self.cascade = cascade_of(flags.cascade)
        self.grace_s: int = flags.grace_period
        if getattr(flags, "now", False):
            if self.grace_s != -1:
                raise Failure("--now and --grace-period cannot be specified together")
            self.grace_s = 1
        if self.grace_s == 0 and not flags.force:
            # Without --force nobody loses a pod's last words by a slip.
            self.grace_s = 1
        if flags.force and self.grace_s < 0:
            self.grace_s = 0
        self._output = "" if is_quiet else flags.output
        if self._output not in ("", "name"):
            raise Failure(f"unexpected -o output mode: {self._output}. We only support '-o name'")
        if flags.force and self.grace_s == 0:
            if not is_quiet:
                print(IMMEDIATE, file=sys.stderr)
        elif flags.force and self.grace_s > 0:
            raise Failure("--force and --grace-period greater than 0 cannot be specified together")

    def delete(self, target: "Target", *, is_told: bool = True) -> str | None:
        """Delete one object and say so; its UID, or ``None`` where there was none."""
        from fairway.client.blocking import ApiError

        answer: dict[str, Any] = {}
        options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": self.cascade}
        if self.grace_s >= 0:
            options["gracePeriodSeconds"] = self.grace_s
        if self._writing.strategy == SERVER:
            options["dryRun"] = ["All"]
        api = self._call.session.api
        if not target.name:
            raise with_source(Failure("resource name may not be empty"), "deleting", target.source)
        try:
            if not self._writing.is_client:
                answer = api.delete(target.path, options)
        except ApiError as error:
            if error.is_not_found and self.is_lenient:
                return None
            raise with_source(error, "deleting", target.source) from None
        if is_told:
            self._say(target)
        details = answer.get("details") or {}
        return str(details.get("uid") or (answer.get("metadata") or {}).get("uid") or "")

    def _say(self, target: "Target") -> None:
        if self._output == "name":
            print(target.printed)
            return
        operation = "force deleted" if self.grace_s == 0 else "deleted"
        suffix = {"client": " (dry run)", "server": " (server dry run)"}.get(self._writing.strategy, "")
        print(f'{target.resource.printed} "{target.name}" {operation}{suffix}')


class _WithoutOutput:
    """The call for ``Writing``, which prints objects; deleting prints names."""

    def __init__(self, call: "Call") -> None:
        self.flags = _Flags(getattr(call.flags, "dry_run", "none"))
        self.session = call.session


class _Flags:
    def __init__(self, dry_run: str) -> None:
        self.dry_run = dry_run


def cascade_of(text: str) -> str:
    """What ``--cascade`` says, as a propagation policy.  Raises: ``Failure``."""
    meant = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
    if text in meant:
        return meant[text]
    for words, now in ((("1", "t", "T", "true", "TRUE", "True"), "background"),
                       (("0", "f", "F", "false", "FALSE", "False"), "orphan")):  # fmt: skip
        if text in words:
            print(
                f"warning: --cascade={text} is deprecated (boolean value) and can be replaced with --cascade={now}.",
                file=sys.stderr,
            )
            return meant[now]
    raise Failure(f'invalid cascade value ({text}). Must be "background", "foreground", or "orphan"')


def _confirmed(found: "Sequence[Target]") -> bool:
    print(f"You are about to delete the following {len(found)} resource(s):")
    for target in found:
        print(target.printed)
    sys.stdout.write("Do you want to continue? (y/n): ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return True
    print("deletion is cancelled")
    return False
