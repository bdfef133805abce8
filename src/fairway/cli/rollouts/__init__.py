"""Rollouts: how far one is, what was before, and how to go back.

Shape: ``progress`` says in words how far a workload's rollout is; ``history`` finds its revisions; ``switches`` has it
pause, go on or begin again.
"""

import sys

from fairway.cli.arguments import FILE_FLAGS, SELECTOR_FLAGS, fetched
from fairway.cli.failure import Failure, Gathered, raise_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

ROLLOUT_FLAGS = (*FILE_FLAGS, SELECTOR_FLAGS[0])
REVISION = "deployment.kubernetes.io/revision"


def rolled(call: "Call", failures: "Gathered") -> "list[Target]":
    """The live objects that are meant; of those that are not there, why not.  Raises: ``Failure``."""
    flags = call.flags
    if not (call.words or flags.filename or flags.kustomize):
        raise Failure("required resource not specified")
    return fetched(call, failures, lists=True)


def each_rolled(call: "Call", work: "Callable[[Target], None]") -> int:
    """Do it to each of them, whichever fails.  Raises: ``Failure``, ``Failures``."""
    failures = Gathered()
    found = rolled(call, failures)
    if not found and not failures:
        print(f"No resources found in {call.session.namespace} namespace.", file=sys.stderr)
        return 0
    for target in found:
        with failures:
            work(target)
    sys.stdout.flush()
    raise_all(failures)
    return 0


def refused(target: "Target", why: str) -> Failure:
    """What is told of an object with which it cannot be done."""
    return Failure(f'{target.resource.name} "{target.name}" {why}')
