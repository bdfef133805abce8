"""Show the logs of containers, or those of the cluster's own processes.

Several pods at once are merged as their lines come, in a colour each on a terminal; with -f and a selector, pods that
come later join in.

Examples:
  fairway logs kubia-x7d2f
  fairway logs -f -l app=kubia --prefix
  fairway logs svc/kubia --all-pods --since 5m
  fairway logs                            # what control, node and supervisor have to say
  fairway logs node -f                    # one of them; a pod of such a name is pod/node
"""

import sys

from fairway.cli.failure import Failure, UsageFailure
from fairway.cli.flags import Flag
from fairway.cli.streams.pods import running_timeout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "[-f] [-p] (POD | TYPE/NAME | control | node | supervisor) [-c CONTAINER]"
FLAGS = (
    Flag("all-containers", type="bool", help="of every container"),
    Flag("all-pods", type="bool", help="of every pod of a workload or Service; lines have prefixes"),
    Flag("container", "c", help="of this container"),
    Flag("follow", "f", "bool", "go on as lines are written"),
    Flag("ignore-errors", type="bool", help="go on with the others where one log cannot be read"),
    Flag("insecure-skip-tls-verify-backend", type="bool", help="do not check the certificate of the node"),
    Flag("limit-bytes", type="int", help="at most so many bytes (default: all)"),
    Flag("max-log-requests", type="int", help="how many logs may be followed at once", default=5),
    running_timeout(20.0),
    Flag("prefix", type="bool", help="begin each line with its pod and container"),
    Flag("previous", "p", "bool", "of the container that ran before this one"),
    Flag("selector", "l", help="of all pods with these labels"),
    Flag("since", type="duration", help="only lines of the last 5s, 2m, 3h"),
    Flag("since-time", help="only lines since then (RFC 3339)"),
    Flag("tail", type="int", help="begin with the last so many lines (default all; 10 with a selector)", default=-1),
    Flag("timestamps", type="bool", help="begin each line with its time"),
    Flag("name", help="the cluster whose own logs are meant (default fairway)"),
    Flag("data-dir", help="where clusters keep their data"),
    Flag("json", type="bool", help="of the cluster's own processes: a JSON object a line"),
)
_EXPECTED = (
    "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\n"
    "POD or TYPE/NAME is a required argument for the logs command"
)


def run(call: "Call") -> int:
    """Show them."""
    from fairway.cli.commands.logs import own

    if own.is_meant(call):
        return _own(call)
    from fairway.cli.commands.logs import merging, sources

    _check_words(call)
    return merging.show(call, sources.wanted(call))


def _own(call: "Call") -> int:
    from fairway.cli.commands.logs import own
    from fairway.cluster.errors import ClusterError

    try:
        return own.show(call)
    except ClusterError as error:
        sys.stdout.flush()
        print(f"error: {error}" + (f"\n  fix: {error.fix}" if error.fix else ""), file=sys.stderr)
        return error.exit_code


def _check_words(call: "Call") -> None:
    words = call.words
    if len(words) > 2 or (not words and not call.flags.selector):
        raise UsageFailure(_EXPECTED)
    if len(words) == 1 and call.flags.selector:
        raise UsageFailure("only a selector (-l) or a POD name is allowed")
    if call.flags.pod_running_timeout <= 0:
        raise Failure("--pod-running-timeout must be higher than zero")
