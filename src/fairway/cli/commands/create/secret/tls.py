"""Create a Secret with a certificate and its key.

fairway create secret tls shop --cert=shop.crt --key=shop.key
"""

from fairway.cli.commands.create.configmap import HASH_FLAG
from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.generators.data import secret
from fairway.cli.generators.data_sources import read
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --cert=FILE --key=FILE"
FLAGS = (
    *CREATE_FLAGS,
    HASH_FLAG,
    Flag("cert", help="file with the certificate, PEM"),
    Flag("key", help="file with its key, PEM"),
)


def run(call: "Call") -> int:
    """Create it."""
    from fairway.cli.generators.key_pair import check

    flags = call.flags
    name = name_of(call)
    if not flags.cert or not flags.key:
        raise Failure("key and cert must be specified")
    cert, key = (_read(path) for path in (flags.cert, flags.key))
    check(cert, key)
    made = secret(name, "kubernetes.io/tls", (("tls.crt", cert), ("tls.key", key)), has_hash=flags.append_hash)
    return send(call, made, "failed to create secret")


def _read(path: str) -> bytes:
    try:
        return read(path)
    except Failure as error:
        raise Failure(f"Cannot read file {path}, {error}") from None
