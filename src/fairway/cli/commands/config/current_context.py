"""Print the name of the current context."""

from fairway.cli.failure import Failure
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call


def run(call: "Call") -> int:
    """Print it."""
    name = Files(call.flags).whole()["current-context"]
    if not name:
        raise Failure("current-context is not set")
    print(name)
    return 0
