"""Rollouts: how far one is, what was before, and how to go back.

Shape: ``progress`` says in words how far a workload's rollout is; ``history`` finds its revisions; ``switches`` has it
pause, go on or begin again.
"""

from fairway.cli.arguments import FILE_FLAGS, SELECTOR_FLAGS, targets
from fairway.cli.failure import Failure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

ROLLOUT_FLAGS = (*FILE_FLAGS, SELECTOR_FLAGS[0])
REVISION = "deployment.kubernetes.io/revision"


def rolled(call: "Call", failures: "list[Exception]") -> "list[Target]":
    """The live objects that are meant; of those that are not there, why not.  Raises: ``Failure``."""
    flags = call.flags
    if not (call.words or flags.filename or flags.kustomize):
        raise Failure("required resource not specified")
    found = []
    for target in targets(call, lists=True, failures=failures):
        try:
            target.fetch(call.session.api)
            found.append(target)
        except Exception as error:
            failures.append(error)
    return found


def refused(target: "Target", why: str) -> Failure:
    """What is told of an object with which it cannot be done."""
    return Failure(f'{target.resource.name} "{target.name}" {why}')
