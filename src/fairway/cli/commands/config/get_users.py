"""List the users of the kubeconfig."""

from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call


def run(call: "Call") -> int:
    """A name a line, in order."""
    print("\n".join(["NAME", *sorted(Files(call.flags).whole()["users"])]))
    return 0
