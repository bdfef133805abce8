"""Copy files and folders to a container and from it; the container needs the program tar.

Examples:
  fairway cp notes.txt kubia-x7d2f:/tmp/notes.txt
  fairway cp site default/kubia-x7d2f:/srv -c kubia
  fairway cp kubia-x7d2f:/var/log ./logs
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.streams.pods import CONTAINER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "SOURCE DESTINATION, one of them [NAMESPACE/]POD:PATH"
FLAGS = (
    CONTAINER,
    Flag("no-preserve", type="bool", help="let owners and permissions be what they become in the container"),
    Flag("retries", type="int", help="how often a copy from a container is tried again (negative: for ever)"),
)


def run(call: "Call") -> int:
    """Copy."""
    from fairway.cli.commands.cp import downloading, uploading
    from fairway.cli.commands.cp.places import place_of

    if len(call.words) != 2:
        raise Failure("source and destination are required")
    source, destination = map(place_of, call.words)
    if source.pod and destination.pod:
        raise Failure("one of src or dest must be a local file specification")
    if not source.path or not destination.path:
        raise Failure("filepath can not be empty")
    if source.pod:
        return downloading.copy(call, source, destination.path)
    if destination.pod:
        return uploading.copy(call, source.path, destination)
    raise Failure("one of src or dest must be a remote file specification")
