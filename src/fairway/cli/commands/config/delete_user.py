"""Remove a user from the kubeconfig: fairway config delete-user NAME"""

from fairway.cli.failure import Failure
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME"


def run(call: "Call") -> int:
    """Remove it, if it is there."""
    if len(call.words) != 1:
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    name, files = call.words[0], Files(call.flags)
    if name not in files.whole()["users"]:
        raise Failure(f"cannot delete user {name}, not in {files.default}")
    file = files.change("users", name, lambda items: items.pop(name, None) and None)
    print(f"deleted user {name} from {file}")
    return 0
