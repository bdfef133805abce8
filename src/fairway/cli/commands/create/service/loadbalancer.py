"""Create a Service of type LoadBalancer.

fairway create service loadbalancer web --tcp=80:8080
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.service import service
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --tcp=PORT[:TARGET]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("tcp", type="strings", help="a port, PORT or PORT:TARGET; several with commas"),
)


def run(call: "Call") -> int:
    """Create it."""
    flags = call.flags
    made = service(name_of(call), "LoadBalancer", tcp=flags.tcp)
    return send(call, made, "failed to create LoadBalancer service")
