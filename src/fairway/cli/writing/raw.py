"""Raw: a file sent to a path of the API server as it is, and the answer as it is."""

import sys

from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call


def check_raw(call: "Call") -> None:
    """Refuse what ``--raw`` does not go with.  Raises: ``Failure``."""
    flags = call.flags
    if getattr(flags, "edit", False):
        raise Failure("--raw and --edit are mutually exclusive")
    if not (flags.filename or flags.kustomize):
        raise Failure("must specify one of -f and -k")
    if len(flags.filename) != 1:
        raise Failure("--raw can only use a single local file or stdin")
    if flags.filename[0].startswith(("http://", "https://")):
        raise Failure("--raw cannot read from a url")
    if flags.recursive:
        raise Failure("--raw and --recursive are mutually exclusive")
    if getattr(flags, "selector", ""):
        raise Failure("--raw and --selector (-l) are mutually exclusive")
    if flags.output:
        raise Failure("--raw and --output are mutually exclusive")


def send_raw(call: "Call", method: str) -> int:
    """Send the one file."""
    from fairway.client.blocking import ApiError
    from fairway.client.blocking.api import status_of

    name = call.flags.filename[0]
    if name == "-":
        body = sys.stdin.buffer.read()
    else:
        try:
            with open(name, "rb") as file:
                body = file.read()
        except OSError as error:
            raise Failure(f"open {name}: {(error.strerror or '').lower()}") from None
    answer = call.session.api.request(method, call.flags.raw, body=body)
    if answer.status >= 400:
        raise ApiError(status_of(answer))
    sys.stdout.flush()
    sys.stdout.buffer.write(answer.body)
    return 0
