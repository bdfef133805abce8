"""Create a Secret from literals, files, folders or files of variables.

fairway create secret generic login --from-literal=user=admin --from-file=password=./password
"""

from fairway.cli.commands.create.configmap import SOURCE_FLAGS
from fairway.cli.flags import Flag
from fairway.cli.generators.data import secret
from fairway.cli.generators.data_sources import sources
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME [--type=TYPE] [--from-literal=KEY=VALUE] [--from-file=[KEY=]PATH] [--from-env-file=PATH]"
FLAGS = (*CREATE_FLAGS, *SOURCE_FLAGS, Flag("type", help="the Secret's type (the server's default: Opaque)"))


def run(call: "Call") -> int:
    """Create it."""
    flags = call.flags
    name = name_of(call)
    found = sources(flags.from_literal, flags.from_file, flags.from_env_file)
    return send(call, secret(name, flags.type, found, has_hash=flags.append_hash), "failed to create secret")
