"""Set what containers ask for (requests) and may have (limits).

fairway set resources deploy/kubia --requests=cpu=100m --limits=cpu=200m,memory=64Mi
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.generators.policies import resource_list
from fairway.cli.setting import CONTAINERS_FLAG, ONLY_FILES, SELECTOR_FLAG, SET_FLAGS, chosen, pod_spec
from fairway.cli.setting import run as run_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) [--limits=RESOURCE=AMOUNT,...] [--requests=RESOURCE=AMOUNT,...]"
FLAGS = (
    *SET_FLAGS,
    SELECTOR_FLAG,
    CONTAINERS_FLAG,
    Flag("limits", help="what they may have, RESOURCE=AMOUNT,..."),
    Flag("requests", help="what they ask for, RESOURCE=AMOUNT,..."),
)


def run(call: "Call") -> int:
    """Set them."""
    flags = call.flags
    wanted: dict[str, dict[str, str]] = {}

    def check() -> None:
        if not flags.limits and not flags.requests:
            raise Failure("you must specify an update to requests or limits (in the form of --requests/--limits)")
        wanted.update({name: resource_list(getattr(flags, name)) for name in ("limits", "requests")})

    def change(found: "dict[str, Any]", target: "Target") -> None:
        meant = chosen(pod_spec(found, target).get("containers") or (), flags.containers)
        if not meant:
            raise Failure(f"unable to find container named {flags.containers}")
        for container in meant:
            for name, amounts in wanted.items():
                if amounts:
                    resources = container.setdefault("resources", {})
                    resources[name] = {**(resources.get(name) or {}), **amounts}

    failing = "failed to patch resources update to pod template "
    return run_setting(
        call,
        call.words,
        change,
        "resource requirements updated",
        failing=failing,
        check=check,
        local_without_files=ONLY_FILES,
    )
