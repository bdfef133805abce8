"""Have all pods of a workload made anew, a few at a time.

fairway rollout restart deploy/kubia
"""

from fairway.cli.rollouts.switches import SWITCH_FLAGS, restarted, switch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "(TYPE NAME | TYPE/NAME | -f FILE)"
FLAGS = SWITCH_FLAGS


def run(call: "Call") -> int:
    """Do so with every object."""
    return switch(call, restarted, "restarted")
