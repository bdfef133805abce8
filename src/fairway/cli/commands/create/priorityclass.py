"""Create a PriorityClass.

fairway create priorityclass high --value=1000 --description=first --dry-run=client -o yaml
"""

from fairway.cli.flags import Flag
from fairway.cli.generators.policies import priority_class
from fairway.cli.writing.generated import CREATE_FLAGS, name_of, send

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "NAME --value=N [--global-default]"
FLAGS = (
    *CREATE_FLAGS,
    Flag("value", type="int", help="the priority; the higher goes first"),
    Flag("global-default", type="bool", help="pods that name none have this one"),
    Flag("description", help="what it is for"),
    Flag("preemption-policy", default="PreemptLowerPriority", help="PreemptLowerPriority or Never"),
)


def run(call: "Call") -> int:
    """Make it."""
    flags = call.flags
    made = priority_class(
        name_of(call), flags.value, is_default=flags.global_default, description=flags.description,
        preemption=flags.preemption_policy,
    )  # fmt: skip
    return send(call, made, "failed to create priorityclass", kind_word="priorityclasses")
