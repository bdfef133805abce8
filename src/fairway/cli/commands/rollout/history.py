"""Show the revisions of a workload, and what its pods looked like in one of them.

fairway rollout history deploy/kubia
fairway rollout history deploy/kubia --revision=2
"""

import sys

from fairway.cli.failure import Failure, Gathered, raise_all
from fairway.cli.flags import Flag
from fairway.cli.printers import OUTPUT_FLAGS
from fairway.cli.rollouts import ROLLOUT_FLAGS, rolled
from fairway.cli.rollouts.history import revisions
from fairway.cli.writing import Writing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.arguments import Target
    from fairway.cli.call import Call
    from fairway.cli.rollouts.history import Revision

USAGE = "(TYPE NAME | TYPE/NAME | -f FILE) [--revision=N]"
FLAGS = (*ROLLOUT_FLAGS, *OUTPUT_FLAGS, Flag("revision", type="int", help="show this one whole"))


def run(call: "Call") -> int:
    """Show every object's."""
    flags = call.flags
    if not (call.words or flags.filename or flags.kustomize):
        raise Failure("required resource not specified")
    if flags.revision < 0:
        raise Failure(f"revision must be a positive integer: {flags.revision}")
    writing = Writing(call, is_typed=True)
    failures = Gathered()
    for target in rolled(call, failures):
        with failures:
            _show(call, writing, target)
    sys.stdout.flush()
    raise_all(failures)
    return 0


def _show(call: "Call", writing: Writing, target: "Target") -> None:
    assert target.object is not None
    number = call.flags.revision
    found = revisions(call.session.api, target.object)
    if writing.printer is not None:
        if number and number not in found:
            raise Failure(f"unable to find the specified revision {number} in history")
        for each in [found[number]] if number else found.values():
            writing.show(each.object)
    elif number:
        if number not in found:
            raise Failure("unable to find the specified revision")
        writing.say(target.object, f"with revision #{number}\n{found[number].told()}")
    else:
        writing.say(target.object, "\n" + _table(found))


def _table(found: "dict[int, Revision]") -> str:
    if not found:
        return "No rollout history found."
    rows = [("REVISION", "CHANGE-CAUSE"), *((str(number), each.cause or "<none>") for number, each in found.items())]
    width = max(len(number) for number, _ in rows) + 2
    return "".join(f"{number:<{width}}{cause}\n" for number, cause in rows)
