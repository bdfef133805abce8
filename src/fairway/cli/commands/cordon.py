"""Have nodes take no new pods. Those that run there stay.

fairway cordon node-1
fairway cordon -l zone=a
"""

from fairway.cli.arguments import SELECTOR_FLAGS
from fairway.cli.writing import DRY_RUN_FLAG, Writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NODE... | -l SELECTOR"
FLAGS = (DRY_RUN_FLAG, SELECTOR_FLAGS[0])


def run(call: "Call") -> int:
    """Cordon every node."""
    from fairway.cli import nodes

    writing = Writing(call)
    nodes.mark(call, writing, nodes.chosen(call, "cordon"), is_off=True)
    return 0
