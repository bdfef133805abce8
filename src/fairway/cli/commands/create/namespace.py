"""Create a namespace.

fairway create namespace shop
"""

from fairway.cli.generators import namespace
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME"
FLAGS = CREATE_FLAGS


def run(call: "Call") -> int:
    """Create it."""
    return send(call, namespace(name_of(call)))
