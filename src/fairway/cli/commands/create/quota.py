"""Create a ResourceQuota.

fairway create quota small --hard=cpu=1,pods=2 --scopes=BestEffort --dry-run=client -o yaml
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.policies import quota
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME [--hard=RESOURCE=AMOUNT,...] [--scopes=SCOPE,...]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("hard", help="limits, RESOURCE=AMOUNT with commas between them"),
    Flag("scopes", help="what is counted, with commas between"),
)


def run(call: "Call") -> int:
    """Make it."""
    made = quota(name_of(call), call.flags.hard, call.flags.scopes)
    return send(call, made, "failed to create quota", kind_word="resourcequotas")
