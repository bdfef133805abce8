"""Create a Secret with which pods pull images from a registry.

fairway create secret docker-registry pull --docker-server=registry.example.com --docker-username=me --docker-password=x
"""

from fairway.cli.commands.create.configmap import HASH_FLAG
from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.generators.data import DOCKER_SERVER, docker_config, secret
from fairway.cli.generators.data_sources import sources
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --docker-username=USER --docker-password=PASSWORD [--docker-server=HOST] [--docker-email=MAIL]"
FLAGS = (
    *CREATE_FLAGS,
    HASH_FLAG,
    Flag("docker-email", help="the mail address"),
    Flag("docker-password", help="the password"),
    Flag("docker-server", default=DOCKER_SERVER, help="the registry"),
    Flag("docker-username", help="the user"),
    Flag("from-file", type="strings", help="a configuration file of docker's, [KEY=]PATH"),
)


def run(call: "Call") -> int:
    """Create it."""
    flags = call.flags
    name = name_of(call)
    if not flags.from_file and not (flags.docker_username and flags.docker_password and flags.docker_server):
        raise Failure(
            "either --from-file or the combination of --docker-username, --docker-password and --docker-server is "
            "required"
        )
    if flags.from_file:
        found = list(sources((), flags.from_file, ()))
    else:
        config = docker_config(flags.docker_server, flags.docker_username, flags.docker_password, flags.docker_email)
        found = [(".dockerconfigjson", config)]
    made = secret(name, "kubernetes.io/dockerconfigjson", found, has_hash=flags.append_hash)
    return send(call, made, "failed to create secret")
