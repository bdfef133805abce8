"""Make a context the current one: fairway config use-context dev"""

from fairway.cli.failure import Failure
from fairway.cli.help import show_help
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME"


def run(call: "Call") -> int:
    """Switch, if it is there."""
    if len(call.words) != 1:
        show_help(call)
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    name, files = call.words[0], Files(call.flags)
    if not name:
        raise Failure("empty context names are not allowed")
    if name not in files.whole()["contexts"]:
        raise Failure(f'no context exists with the name: "{name}"')
    files.set_current(name)
    print(f'Switched to context "{name}".')
    return 0
