"""Give a context another name: fairway config rename-context old new"""

from fairway.cli.failure import Failure
from fairway.cli.help import show_help
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "NAME NEW_NAME"


def run(call: "Call") -> int:
    """Rename it; if it is the current one, it stays that."""
    if len(call.words) != 2:
        show_help(call)
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    old, new = call.words
    files = Files(call.flags)
    config = files.whole()
    if old not in config["contexts"]:
        raise Failure(f'cannot rename the context "{old}", it\'s not in {files.default}')
    if new in config["contexts"]:
        raise Failure(f'cannot rename the context "{old}", the context "{new}" already exists in {files.default}')

    def renamed(contexts: "dict[str, Any]") -> None:
        contexts[new] = contexts.pop(old)

    files.change("contexts", old, renamed)
    if config["current-context"] == old:
        files.set_current(new)
    print(f'Context "{old}" renamed to "{new}".')
    return 0
