"""Remove one value of the kubeconfig, named by its path: fairway config unset contexts.dev.namespace"""

from fairway.cli.commands.config.set import parted
from fairway.cli.failure import Failure
from fairway.cli.help import show_help
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "PATH"


def run(call: "Call") -> int:
    """Remove it; what is not there is gone already."""
    if len(call.words) != 1:
        show_help(call)
        raise Failure(f"Unexpected args: [{' '.join(call.words)}]")
    path, files = call.words[0], Files(call.flags)
    if path == "current-context":
        files.set_current("")
    elif path in ("clusters", "contexts", "users"):
        for name in files.whole()[path]:
            files.change(path, name, lambda items: items.clear())
    else:
        section, name, fields = parted(path)

        if fields and name not in files.whole()[section]:
            raise Failure(f"current map key `{name}` is invalid")

        def changed(items: "dict[str, Any]") -> None:
            at = items if not fields else items.get(name, {})
            for field in fields[:-1]:
                at = at.get(field) or {}
            at.pop(fields[-1] if fields else name, None)

        files.change(section, name, changed)
    print(f'Property "{path}" unset.')
    return 0
