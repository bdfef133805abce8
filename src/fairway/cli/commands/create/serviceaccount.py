"""Create a service account.

fairway create serviceaccount worker
"""

from fairway.cli.generators import service_account
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME"
FLAGS = CREATE_FLAGS


def run(call: "Call") -> int:
    """Create it."""
    return send(call, service_account(name_of(call)), "failed to create serviceaccount")
