"""Make or change a context: which cluster, as which user, in which namespace.

fairway config set-context dev --cluster=dev --user=me
fairway config set-context --current --namespace=kube-system
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.help import show_help
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "[NAME | --current]"
FLAGS = (
    Flag("cluster", help="its cluster"),
    Flag("current", type="bool", help="change the current context"),
    Flag("namespace", "n", help="its namespace"),
    Flag("user", help="its user"),
)


def run(call: "Call") -> int:
    """Make or change it."""
    flags, files = call.flags, Files(call.flags)
    if len(call.words) > 1:
        show_help(call)
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    if flags.current and call.words:
        raise Failure("you cannot specify both a context name and --current")
    config = files.whole()
    if flags.current and not config["current-context"]:
        raise Failure("no current context is set")
    name = config["current-context"] if flags.current else (call.words or [""])[0]
    if not name:
        raise Failure("you must specify a non-empty context name or --current")

    def changed(contexts: "dict[str, Any]") -> None:
        context = contexts.setdefault(name, {"cluster": "", "user": ""})
        for key in ("cluster", "namespace", "user"):
            if flags.is_given(key):
                context[key] = getattr(flags, key)
        if not context.get("namespace"):
            context.pop("namespace", None)

    files.change("contexts", name, changed)
    print(f'Context "{name}" {"modified" if name in config["contexts"] else "created"}.')
    return 0
