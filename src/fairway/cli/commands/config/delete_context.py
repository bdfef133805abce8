"""Remove a context from the kubeconfig: fairway config delete-context NAME"""

from fairway.cli.session.kubeconfig import remove

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME"


def run(call: "Call") -> int:
    """Remove it, if it is there."""
    return remove(call, "contexts")
