"""Create a ConfigMap from literals, files, folders or files of variables.

fairway create configmap settings --from-literal=colour=blue --from-file=app.conf
fairway create configmap settings --from-file=key=path --from-file=folder
fairway create configmap settings --from-env-file=.env
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.data import config_map
from fairway.cli.generators.data_sources import sources
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME [--from-literal=KEY=VALUE] [--from-file=[KEY=]PATH] [--from-env-file=PATH]"
HASH_FLAG = Flag("append-hash", type="bool", help="put a hash of the contents behind the name")
SOURCE_FLAGS = (
    HASH_FLAG,
    Flag("from-literal", type="array", help="a key and its value, KEY=VALUE; may be repeated"),
    Flag("from-file", type="strings", help="a file, [KEY=]PATH, or a folder of files; may be repeated"),
    Flag("from-env-file", type="strings", help="a file of lines KEY=VALUE"),
)
FLAGS = (*CREATE_FLAGS, *SOURCE_FLAGS)


def run(call: "Call") -> int:
    """Create it."""
    flags = call.flags
    name = name_of(call)
    found = sources(flags.from_literal, flags.from_file, flags.from_env_file)
    made = config_map(name, found, has_hash=flags.append_hash)
    return send(call, made, "failed to create configmap")
