"""Set, change and remove labels of objects.

fairway label pod kubia-x tier=front               a new label
fairway label pod kubia-x tier=back --overwrite    another value
fairway label pods --all tier-                     gone, from all pods
fairway label pod kubia-x --list                   what it has
"""

from fairway.cli.writing.marking import Marking, flags_of
from fairway.cli.writing.marks import label_changes, refuse_labels, taken

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call


class _Labels(Marking):
    def changes(self, pairs: "list[str]") -> "tuple[dict[str, str], list[str]]":
        return label_changes(pairs)

    def refuse(self, found: "dict[str, Any]") -> None:
        refuse_labels(taken(found["metadata"].get("labels") or {}, self.new))

    def told_before(self, found: "dict[str, Any]") -> None:
        for key in self.removed:
            if key not in (found["metadata"].get("labels") or {}):
                print(f'label "{key}" not found.')

    def operation(self, before: "dict[str, Any]", after: "dict[str, Any]") -> str:
        if before == after:
            return "not labeled"
        return "unlabeled" if not self.flags.overwrite and _size(after) < _size(before) else "labeled"


def _size(found: "dict[str, Any]") -> int:
    from fairway.cli.generators.go_json import compact

    return len(compact(found).encode())


USAGE = "(-f FILE | TYPE NAME... | TYPE/NAME...) KEY=VALUE... KEY-..."
FLAGS = flags_of(_Labels)


def run(call: "Call") -> int:
    """Label every object."""
    return _Labels(call).run()
