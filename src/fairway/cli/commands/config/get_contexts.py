"""List the contexts; a star marks the current one.

fairway config get-contexts            all
fairway config get-contexts dev -o name
"""

import sys

from fairway.cli.failure import PROGRAM, Failure, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers.columns import aligned
from fairway.cli.session.kubeconfig import Files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "[NAME...]"
FLAGS = (
    Flag("no-headers", type="bool", help="no line of headers"),
    Flag("output", "o", help="name: names only"),
)


def run(call: "Call") -> int:
    """List them."""
    flags = call.flags
    if flags.output not in ("", "name"):
        raise Failure(
            f"--output {flags.output} is not available in {PROGRAM} {call.command}; resetting to default output format"
        )
    config = Files(flags).whole()
    contexts = config["contexts"]
    names = [name for name in call.words if name in contexts] if call.words else list(contexts)
    failures = [Failure(f"context {name} not found") for name in call.words if name not in contexts]
    if flags.output == "name":
        sys.stdout.write("".join(f"{name}\n" for name in sorted(names)))
    else:
        rows = [] if flags.no_headers else [["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"]]
        for name in sorted(names):
            context, mark = contexts[name], "*" if name == config["current-context"] else ""
            rows.append([mark, name, *(str(context.get(key) or "") for key in ("cluster", "user", "namespace"))])
        sys.stdout.write(aligned(rows))
    raise_all(failures)
    return 0
