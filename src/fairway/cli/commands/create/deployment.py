"""Create a Deployment.

fairway create deployment web --image=luksa/kubia --replicas=3 --port=8080
fairway create deployment job --image=busybox -- sleep 1000      with a command of its own
"""

import secrets

from fairway.cli.flags import Flag
from fairway.cli.generators.workloads import deployment
from fairway.cli.writing.generated import CREATE_FLAGS, command_of, name_of, required, send
from fairway.objects.names import SUFFIX_ALPHABET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --image=IMAGE [-- COMMAND [ARGS...]]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("image", type="strings", help="the container's image; several for several containers"),
    Flag("port", type="int", default=-1, help="a port that the first container declares"),
    Flag("replicas", "r", "int", "how many pods", default=1),
)


def run(call: "Call") -> int:
    """Create it."""
    flags = call.flags
    required(call, "image")
    name = name_of(call, is_required=False)
    made = deployment(
        name, flags.image, command_of(call), port=flags.port, replicas=flags.replicas, suffix=_suffix
    )  # fmt: skip
    return send(call, made, "failed to create deployment")


def _suffix() -> str:
    return "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(5))
