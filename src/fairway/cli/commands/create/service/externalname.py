"""Create a Service of type ExternalName.

fairway create service externalname api --external-name=api.example.com
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.service import service
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, required, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --external-name=HOST [--tcp=PORT[:TARGET]]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("tcp", type="strings", help="a port, PORT or PORT:TARGET; several with commas"),
    Flag("external-name", help="the name that it stands for"),
)


def run(call: "Call") -> int:
    """Create it."""
    flags = call.flags
    required(call, "external-name")
    made = service(name_of(call), "ExternalName", tcp=flags.tcp, external_name=flags.external_name)
    return send(call, made, "failed to create ExternalName service")
