"""Create a Service of type NodePort.

fairway create service nodeport web --tcp=80:8080 --node-port=30080
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.service import service
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --tcp=PORT[:TARGET] [--node-port=PORT]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("tcp", type="strings", help="a port, PORT or PORT:TARGET; several with commas"),
    Flag("node-port", type="int", help="the port on every node"),
)


def run(call: "Call") -> int:
    """Create it."""
    flags = call.flags
    made = service(name_of(call), "NodePort", tcp=flags.tcp, node_port=flags.node_port)
    return send(call, made, "failed to create NodePort service")
