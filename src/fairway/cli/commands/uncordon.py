"""Have nodes take new pods again.

fairway uncordon node-1
"""

from fairway.cli.commands.cordon import FLAGS, USAGE
from fairway.cli.writing import Writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

__all__ = ["FLAGS", "USAGE", "run"]


def run(call: "Call") -> int:
    """Uncordon every node."""
    from fairway.cli import nodes

    writing = Writing(call)
    nodes.mark(call, writing, nodes.chosen(call, "uncordon"), is_off=False)
    return 0
