"""Remove a cluster from the kubeconfig: fairway config delete-cluster NAME"""

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
    if name not in files.whole()["clusters"]:
        raise Failure(f"cannot delete cluster {name}, not in {files.default}")
    file = files.change("clusters", name, lambda items: items.pop(name, None) and None)
    print(f"deleted cluster {name} from {file}")
    return 0
