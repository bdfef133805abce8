"""Create a Role.

fairway create role reader --verb=get,list --resource=pods,services --dry-run=client -o yaml
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.generators.policies import role
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send
from fairway.cli.writing.role_rules import rules_of, verbs_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --verb=VERB --resource=TYPE[/SUBRESOURCE] [--resource-name=NAME]"
RULE_FLAGS = (
    Flag("verb", type="strings", help="what may be done; several with commas"),
    Flag("resource", type="strings", help="to which resources; several with commas"),
    Flag("resource-name", type="array", help="only to the objects of these names"),
)
FLAGS = (*CREATE_FLAGS, *RULE_FLAGS)


def run(call: "Call") -> int:
    """Make it."""
    name, verbs = name_of(call), verbs_of(call)
    if not verbs:
        raise Failure("at least one verb must be specified")
    if not call.flags.resource:
        raise Failure("at least one resource must be specified")
    return send(call, role(name, rules_of(call, verbs)))
