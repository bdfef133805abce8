"""Set, change and remove annotations of objects.

fairway annotate svc kubia note='in front of the shop'
fairway annotate svc kubia note='behind it' --overwrite
fairway annotate svc kubia note-
"""

from fairway.cli.failure import Failure
from fairway.cli.writing.marking import Marking, flags_of
from fairway.cli.writing.marks import annotation_changes, taken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call


class _Annotations(Marking):
    field = "annotations"
    word = "annotation"
    manager = "kubectl-annotate"
    example = "rsrc"

    def changes(self, pairs: "list[str]") -> "tuple[dict[str, str], list[str]]":
        return annotation_changes(pairs)

    def refuse(self, found: "dict[str, Any]") -> None:
        if said := taken(found["metadata"].get("annotations") or {}, self.new):
            declared = "; ".join(said)
            raise Failure(f"--overwrite is false but found the following declared annotation(s): {declared}")

    def operation(self, before: "dict[str, Any]", after: "dict[str, Any]") -> str:
        return "annotated"


USAGE = "(-f FILE | TYPE NAME... | TYPE/NAME...) KEY=VALUE... KEY-..."
FLAGS = flags_of(_Annotations)


def run(call: "Call") -> int:
    """Annotate every object."""
    return _Annotations(call).run()
