"""Raw: a file sent to a path of the API server as it is, and the answer as it is."""

import sys

from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call


def check_raw(call: "Call") -> None:
    """Refuse what ``--raw`` does not go with.  Raises: ``Failure``."""
    flags = call.flags
    if not (flags.filename or flags.kustomize):
        raise Failure("must specify one of -f and -k")
    if getattr(flags, "edit", False):
        raise Failure("--raw and --edit are mutually exclusive")
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
    check_url(flags.raw)


def check_deletion(call: "Call") -> None:
    """Refuse what ``delete --raw`` does not go with; a file is its choice.  Raises: ``Failure``."""
    flags = call.flags
    if len(flags.filename) > 1:
        raise Failure("--raw can only use a single local file or stdin")
    if flags.filename and flags.filename[0].startswith(("http://", "https://")):
        raise Failure("--raw cannot read from a url")
    if flags.recursive:
        raise Failure("--raw and --recursive are mutually exclusive")
    if flags.output:
        raise Failure("--raw and --output are mutually exclusive")
    check_url(flags.raw)


def check_url(text: str) -> None:
    """Raises: ``Failure`` for what is no path of a server."""
    if not text.startswith(("/", "http://", "https://")):
        raise Failure(f'--raw must be a valid URL path: parse "{text}": invalid URI for request')


def send_raw(call: "Call", method: str) -> int:
    """Send the one file, if there is one."""
    from fairway.client.blocking import ApiError
    from fairway.client.blocking.api import status_of

    body = _body(call.flags.filename[0]) if call.flags.filename else None
    answer = call.session.api.request(method, call.flags.raw, body=body)
    if answer.status >= 400:
        raise ApiError(status_of(answer))
    sys.stdout.flush()
    sys.stdout.buffer.write(answer.body)
    return 0


def _body(name: str) -> bytes:
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        with open(name, "rb") as file:
            return file.read()
    except OSError as error:
        raise Failure(f"open {name}: {(error.strerror or '').lower()}") from None
