"""Set the service account of the pods of workloads.

fairway set serviceaccount deploy/kubia worker
"""

from fairway.cli.failure import Failure
from fairway.cli.setting import SET_FLAGS, pod_spec
from fairway.cli.setting import run as run_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) SERVICE_ACCOUNT"
FLAGS = SET_FLAGS


def run(call: "Call") -> int:
    """Set it."""
    if not call.words:
        raise Failure("serviceaccount is required")
    *words, account = call.words

    def change(found: "dict[str, Any]", target: "Target") -> None:
        pod_spec(found, target)["serviceAccountName"] = account

    failing = "failed to patch ServiceAccountName "
    return run_setting(call, words, change, "serviceaccount updated", failing=failing, is_silent=False)
