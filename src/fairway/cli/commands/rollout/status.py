"""Tell how far the rollout of a workload is, until it has ended.

fairway rollout status deploy/kubia
fairway rollout status deploy/kubia --timeout=30s     and fail if it takes longer
"""

import time

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.rollouts import ROLLOUT_FLAGS, each_rolled
from fairway.cli.rollouts.progress import progress
from fairway.client.blocking import ApiError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(TYPE NAME | TYPE/NAME | -f FILE)"
FLAGS = (
    *ROLLOUT_FLAGS,
    Flag("revision", type="int", help="only this revision: fail when another one is rolled out; 0 for the latest"),
    Flag("timeout", type="duration", help="how long to wait; 0 until it has ended"),
    Flag("watch", "w", "bool", "wait until it has ended", default=True),
)
_FOREVER_S = 10 * 365 * 86400.0


def run(call: "Call") -> int:
    """Tell of each object in turn."""
    flags = call.flags
    if not (call.words or flags.filename or flags.kustomize):
        raise Failure("required resource not specified")
    if flags.revision < 0:
        raise Failure(f"revision must be a positive integer: {flags.revision}")
    return each_rolled(call, lambda target: _follow(call, target))


def _follow(call: "Call", target: "Target") -> None:
    flags = call.flags
    assert target.object is not None
    deadline = time.monotonic() + (flags.timeout or _FOREVER_S)
    text, is_done = progress(target.object, flags.revision)
    print(text, flush=True)
    if is_done or not flags.watch:
        return
    path, query = target.resource.path(target.namespace), {"fieldSelector": f"metadata.name={target.name}"}
    version = target.object["metadata"].get("resourceVersion")
    while (left_s := deadline - time.monotonic()) > 0:
        watching = {**query, "resourceVersion": version, "timeoutSeconds": int(min(left_s, 3600)) + 1}
        try:
            for event, item in call.session.api.watch(path, watching):
                if event == "DELETED":
                    raise Failure("object has been deleted")
                text, is_done = progress(item, flags.revision)
                print(text, flush=True)
                if is_done:
                    return
                version = item["metadata"].get("resourceVersion")
        except ApiError as error:
            if error.code != 410:  # The watch began too long ago: begin again with what is now.
                raise
            version = target.fetch(call.session.api)["metadata"].get("resourceVersion")
    raise Failure("timed out waiting for the condition")
