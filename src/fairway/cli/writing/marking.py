"""Marking: the run of ``label`` and ``annotate``: which objects, what changes, and what is told of it."""

import sys
from abc import ABC, abstractmethod

from fairway.cli.arguments import ALL_FLAG, FILE_FLAGS, SELECTOR_FLAGS, targets
from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.writing import DRY_RUN_FLAG, RECORD_FLAG, Writing, manager_flag, recorded
from fairway.cli.writing.manifests import local
from fairway.cli.writing.marks import marked, parted, patch_between, shown_marks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

MARK_FLAGS = (
    *FILE_FLAGS,
    *SELECTOR_FLAGS,
    *OUTPUT_FLAGS,
    ALL_FLAG,
    DRY_RUN_FLAG,
    RECORD_FLAG,
    Flag("list", type="bool", help="show them"),
    Flag("local", type="bool", help="change what the file says and print it; nothing is sent"),
    Flag("overwrite", type="bool", help="what has another value already gets the new one"),
    Flag("resource-version", help="only if the object is in that state"),
)


class Marking(ABC):
    """One kind of mark.  A subclass says what is allowed and told."""

    field = "labels"
    word = "label"
    manager = "kubectl-label"
    example = "pod"

    def __init__(self, call: "Call") -> None:
        self.call, self.flags = call, call.flags
        resources, pairs = parted(call.words, self.word)
        self.resources = resources
        self.new, self.removed = self.changes(pairs)
        self._check()
        self.writing = Writing(call)

    @abstractmethod
    def changes(self, pairs: "list[str]") -> "tuple[dict[str, str], list[str]]":
        """What is to be set and removed."""

    @abstractmethod
    def refuse(self, found: "dict[str, Any]") -> None:
        """Raises: ``Failure`` where the object has another value already and may not lose it."""

    @abstractmethod
    def operation(self, before: "dict[str, Any]", after: "dict[str, Any]") -> str:
        """What is told of the change."""

    def _check(self) -> None:
        flags = self.flags
        if flags.all and flags.selector:
            raise Failure("cannot set --all and --selector at the same time")
        if flags.all and flags.field_selector:
            raise Failure("cannot set --all and --field-selector at the same time")
        if flags.list and flags.output:
            raise Failure("--list and --output may not be specified together")
        files = f"-f {self.example}.yaml or --filename={self.example}.json"
        if flags.local and not flags.filename:
            if not self.resources:
                raise Failure(f"one or more files must be specified as {files}")
            raise Failure(f"can only use local files by {files} when --local=true is set")
        if not (self.resources or flags.filename or flags.kustomize):
            raise Failure("one or more resources must be specified as <resource> <name> or <resource>/<name>")
        if not (self.new or self.removed or flags.list):
            raise Failure(f"at least one {self.word} update is required")

    def run(self) -> int:
        """Mark every object."""
        failures = Gathered()
        found = list(self._targets(failures))
        if self.flags.resource_version and len(found) > 1:
            raise Failure("--resource-version may only be used with a single resource")
        for target in found:
            with failures:
                self._mark(target, is_one=len(found) == 1)
        sys.stdout.flush()
        raise_all(failures)
        return 0

    def _targets(self, failures: "Gathered") -> "Any":
        if self.flags.local:
            return local(self.call, failures)
        return targets(self.call, self.resources, lists=self.flags.all, failures=failures)

    def _mark(self, target: "Target", *, is_one: bool) -> None:
        is_live = not self.flags.local
        before = target.fetch(self.call.session.api) if is_live else target.object
        assert before is not None
        if not self.flags.overwrite:
            self.refuse(before)
        self.told_before(before)
        after = marked(before, self.field, self.new, self.removed, self.flags.resource_version)
        recorded(self.call, after)
        operation = self.operation(before, after)
        patch = patch_between(before, after)
        if is_live and not (self.writing.is_client or self.flags.list) and (self.new or self.removed):
            after = self._sent(target, patch)
        if self.flags.list:
            sys.stdout.write(shown_marks(after, self.field, is_one=is_one))
        else:
            self.writing.told(after, operation)

    def told_before(self, found: "dict[str, Any]") -> None:
        """What is to be said of the object as it was: nothing, unless a subclass knows something."""
        return

    def _sent(self, target: "Target", patch: "dict[str, Any]") -> "dict[str, Any]":
        if not patch:
            assert target.object is not None
            return target.object
        found: dict[str, Any] = self.call.session.api.patch(target.path, patch, self.writing.query())
        return found


def flags_of(marking: "type[Marking]") -> "tuple[Flag, ...]":
    """The command's flags."""
    return (*MARK_FLAGS, manager_flag(marking.manager))
