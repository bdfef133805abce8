"""Writing: what commands that change objects share: dry runs, field managers, validation, and what they tell.

Shape: a command adds some of the ``*_FLAG`` s to its own and makes a ``Writing(call)``; ``writing.query()`` are the
parameters of its requests, ``writing.told(object, "created")`` prints the object as ``-o`` asks, or the line that says
what was done.
"""

import sys

from fairway.cli.failure import PROGRAM, Failure
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from fairway.cli.call import Call

DRY_RUN_FLAG = Flag(
    "dry-run", default="none", bare="unchanged",
    help="client: only print what would be sent; server: have the server try it and keep nothing; none",
)  # fmt: skip
VALIDATE_FLAG = Flag(
    "validate", default="strict", bare="strict",
    help="unknown and double fields: strict (refuse), warn, ignore; also true and false",
)  # fmt: skip
SAVE_CONFIG_FLAG = Flag("save-config", type="bool", help="write the object into its own annotation, as apply does")
RECORD_FLAG = Flag("record", type="bool", help="write the command into an annotation (deprecated)", is_hidden=True)
NONE, CLIENT, SERVER = "none", "client", "server"
CHANGE_CAUSE = "kubernetes.io/change-cause"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SUFFIX = {NONE: "", CLIENT: " (dry run)", SERVER: " (server dry run)"}
_TRUE, _FALSE = ("1", "t", "T", "true", "TRUE", "True"), ("0", "f", "F", "false", "FALSE", "False")


def manager_flag(name: str) -> Flag:
    """``--field-manager`` with that default, which is kubectl's, so that objects look alike whoever wrote them."""
    return Flag("field-manager", default=name, help="who is said to own the fields")


class Writing:
    """See the module.  ``strategy`` is ``none``, ``client`` or ``server``.

    ``has_suffix``: a dry run is told as one, which ``patch`` does not do.
    ``is_typed``: JSON shows members as Kubernetes' types declare them, as kubectl does for objects made of words.
    """

    def __init__(self, call: "Call", *, is_typed: bool = False, has_suffix: bool = True) -> None:
        flags = call.flags
        self.call = call
        self.is_typed = is_typed
        self._has_suffix = has_suffix
        self.strategy = strategy_of(getattr(flags, "dry_run", NONE))
        self.validation = _validation_of(flags.validate) if hasattr(flags, "validate") else ""
        self.manager: str = getattr(flags, "field_manager", "")
        self.printer = printer_for(call)
        if getattr(flags, "record", False):
            print("Flag --record has been deprecated, --record will be removed in the future", file=sys.stderr)

    @property
    def is_client(self) -> bool:
        """Whether nothing is sent at all."""
        return self.strategy == CLIENT

    def query(self, **more: "Any") -> "dict[str, Any]":
        """Parameters of a request that writes."""
        dry_run = "All" if self.strategy == SERVER else ""
        return {"dryRun": dry_run, "fieldManager": self.manager, "fieldValidation": self.validation, **more}

    def told(self, found: "dict[str, Any]", operation: str) -> None:
        """Print what was done to ``found``, or ``found`` itself."""
        if self.printer is not None:
            self.show(found)
        else:
            self.say(found, operation)

    def show(self, found: "dict[str, Any]") -> None:
        """Print ``found`` as ``-o`` asks."""
        assert self.printer is not None
        if self.is_typed:
            from fairway.cli.writing.declared_order import typed

            found = typed(found, is_new=self.is_client, is_json=self.call.flags.output == "json")
        sys.stdout.write(self.printer(found))

    def say(self, found: "dict[str, Any]", operation: str) -> None:
        """The line that says what was done, whatever ``-o`` asks."""
        print(f"{named(found)} {operation}{_SUFFIX[self.strategy] if self._has_suffix else ''}")


def printer_for(call: "Call") -> "Callable[[dict[str, Any]], str] | None":
    """What ``-o`` asks for."""
    from fairway.cli.printers import printer_of

    return printer_of(call.flags) if hasattr(call.flags, "output") else None


def named(found: "dict[str, Any]") -> str:
    """``service/web``, ``deployment.apps/web``."""
    group = str(found.get("apiVersion", "")).rpartition("/")[0]
    kind = str(found.get("kind", "")).lower()
    name = (found.get("metadata") or {}).get("name") or "<unknown>"
    return f"{kind}.{group}/{name}" if group else f"{kind}/{name}"


def strategy_of(text: str) -> str:
    """What ``--dry-run`` says.  Raises: ``Failure``."""
    if text in (NONE, CLIENT, SERVER):
        return text
    if text == "unchanged":
        _log("--dry-run is deprecated and can be replaced with --dry-run=client.")
        return CLIENT
    if text in _TRUE or text in _FALSE:
        meant = CLIENT if text in _TRUE else NONE
        _log(f"--dry-run={text} is deprecated (boolean value) and can be replaced with --dry-run={meant}.")
        return meant
    raise Failure(f'Invalid dry-run value ({text}). Must be "none", "server", or "client".')


def _log(text: str) -> None:
    """A line of kubectl's own log, which those who compare texts know to leave out: a W, the time, the process."""
    import os
    import time

    now = time.time()
    shown = time.strftime("%m%d %H:%M:%S", time.localtime(now))
    print(f"W{shown}.{int(now % 1 * 1e6):06d} {os.getpid():7d} writing] {text}", file=sys.stderr)


def _validation_of(text: str) -> str:
    if text == "strict" or text in _TRUE:
        return "Strict"
    if text == "warn":
        return "Warn"
    if text == "ignore" or text in _FALSE:
        return "Ignore"
    raise Failure(f'invalid - validate option "{text}"; must be one of: strict (or true), warn, ignore (or false)')


def recorded(call: "Call", found: "dict[str, Any]") -> None:
    """Write the command into the object, where ``--record`` asks for it."""
    if call.flags.record:
        annotations = found["metadata"].get("annotations") or {}
        found["metadata"]["annotations"] = {**annotations, CHANGE_CAUSE: cause_of(call)}


def cause_of(call: "Call") -> str:
    """The command, its words and then its flags, as ``--record`` writes it."""
    flags = [f"--{name}={_shown(getattr(call.flags, name.replace('-', '_')))}" for name in call.flags.given_in_order]
    return " ".join((PROGRAM, call.command, *call.words, *flags))


def _shown(value: "Any") -> str:
    if isinstance(value, list):
        return f"[{','.join(value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def save_config(found: "dict[str, Any]", *, is_sorted: bool = True) -> None:
    """Write the object, as it is now, into its own annotation."""
    from fairway.cli.generators.go_json import compact

    meta = found["metadata"]
    kept = dict(meta.get("annotations") or {})
    kept.pop(LAST_APPLIED, None)
    bare = {**meta, "annotations": kept} if kept or is_sorted else {k: v for k, v in meta.items() if k != "annotations"}
    text = compact({**found, "metadata": bare}, is_sorted=is_sorted) + "\n"
    meta["annotations"] = dict(sorted({**kept, LAST_APPLIED: text}.items()))


def with_source(error: Exception, verb: str, source: str) -> Exception:
    """``error`` with the manifest that it is about: ``error when creating "svc.yaml": ...``."""
    from fairway.client.blocking import ApiError

    if not source:
        return error
    said = f'error when {verb} "{source}": '
    if isinstance(error, ApiError):
        return ApiError({**error.status, "message": said + error.message})
    return Failure(said + str(error))
