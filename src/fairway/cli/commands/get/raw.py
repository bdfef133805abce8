"""Raw: any path of the API server, and its answer as it is."""

import sys

from fairway.cli.failure import Failure
from fairway.cli.writing.raw import check_url

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call


def run_raw(call: "Call") -> int:
    """GET the path; a refusal is told as one."""
    flags = call.flags
    if call.words:
        raise Failure("arguments may not be passed when --raw is specified")
    if flags.watch or flags.watch_only or flags.selector or flags.field_selector:
        raise Failure("--raw may not be specified with other flags that filter the server request or alter the output")
    if flags.output:
        raise Failure("--raw and --output are mutually exclusive")
    check_url(flags.raw)
    sys.stdout.flush()
    path = flags.raw if flags.raw.startswith("/") else "/" + flags.raw.partition("://")[2].partition("/")[2]
    for piece in call.session.api.stream(path, accept="application/json, */*"):
        sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()
    return 0
