"""Show objects: as a table, YAML, JSON or what a template picks.

fairway get svc                                    a table of the Services in the namespace
fairway get pods,svc -o wide                       two kinds, more columns
fairway get svc/kubia -o yaml                      one object, whole
fairway get pods -l app=kubia -w                   and what changes from now on
fairway get svc kubia -o jsonpath={.spec.clusterIP}
fairway get --raw /readyz?verbose                  any path of the API server
"""

import sys

from fairway.cli.arguments import FILE_FLAGS, SELECTOR_FLAGS
from fairway.cli.failure import PROGRAM, Failure, UsageFailure
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call
    from fairway.cli.flags import Values

USAGE = "(TYPE[,TYPE...] [NAME...] | TYPE/NAME... | -f FILE)"
FLAGS = (
    *FILE_FLAGS,
    *SELECTOR_FLAGS,
    *OUTPUT_FLAGS,
    Flag("chunk-size", type="int", default=500, help="how many objects are asked for at a time; 0 for all at once"),
    Flag("ignore-not-found", type="bool", help="nothing found is no failure and not told"),
    Flag("label-columns", "L", "strings", "labels that are columns; may be repeated"),
    Flag("no-headers", type="bool", help="no line of headers"),
    Flag("output-watch-events", type="bool", help="with --watch: the type of the event, too"),
    Flag("raw", help="a path of the API server, whose answer is printed as it is"),
    Flag("server-print", type="bool", default=True, help="have the server choose the columns"),
    Flag("show-kind", type="bool", help="names with their type, as in service/web"),
    Flag("show-labels", type="bool", help="all labels as the last column"),
    Flag("sort-by", help="order by what a JSONPath expression picks, such as {.metadata.name}"),
    Flag("subresource", help="the subresource: status, scale or resize"),
    Flag("watch", "w", "bool", "and then what changes"),
    Flag("watch-only", type="bool", help="only what changes"),
)
NO_TYPE = (
    f'You must specify the type of resource to get. Use "{PROGRAM} api-resources" for a complete list of supported '
    "resources.\n"
)


def run(call: "Call") -> int:
    """Ask, and print."""
    flags = call.flags
    if flags.raw:
        from fairway.cli.commands.get.raw import run_raw

        return run_raw(call)
    if not (call.words or flags.filename or flags.kustomize):
        print(NO_TYPE, file=sys.stderr)
        raise UsageFailure(
            f'Required resource not specified.\nUse "{PROGRAM} explain <resource>" for a detailed description of that '
            f"resource (e.g. {PROGRAM} explain pods)."
        )
    from fairway.cli.commands.get.form import form_of

    _check(flags)
    form = form_of(flags)
    if flags.watch or flags.watch_only:
        from fairway.cli.commands.get.watch import run_watch

        return run_watch(call, form)
    if form.printer is None:
        from fairway.cli.commands.get.table import run_table

        return run_table(call, form)
    from fairway.cli.commands.get.whole import run_whole

    return run_whole(call, form)


def _check(flags: "Values") -> None:
    """Raises: ``Failure`` for flags that do not go together."""
    is_watch = flags.watch or flags.watch_only
    if flags.output_watch_events and not is_watch:
        raise Failure("--output-watch-events option can only be used with --watch or --watch-only")
    name = flags.output.partition("=")[0]
    if flags.show_labels and name and name != "wide":
        raise Failure(f"--show-labels option cannot be used with {flags.output} printer")
    if flags.sort_by and is_watch:
        print("warning: --watch requested, --sort-by will be ignored for watch events received", file=sys.stderr)
