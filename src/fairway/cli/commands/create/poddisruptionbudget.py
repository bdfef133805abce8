"""Create a PodDisruptionBudget.

fairway create pdb web --selector=app=web --min-available=2 --dry-run=client -o yaml
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.policies import disruption_budget
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --selector=SELECTOR --min-available=N|N%"
FLAGS = (
    *CREATE_FLAGS,
    Flag("selector", help="which pods"),
    Flag("min-available", help="how many must stay, a number or a percentage"),
    Flag("max-unavailable", help="how many may go, a number or a percentage"),
)


def run(call: "Call") -> int:
    """Make it."""
    flags = call.flags
    made = disruption_budget(name_of(call), flags.selector, flags.min_available, flags.max_unavailable)
    return send(call, made, "failed to create poddisruptionbudgets")
