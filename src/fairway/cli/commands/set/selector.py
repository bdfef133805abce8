"""Set which pods a Service has.

fairway set selector svc/kubia app=kubia,tier=front
"""

from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.setting import ONLY_FILES, SET_FLAGS
from fairway.cli.setting import run as run_setting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call

USAGE = "(-f FILE | TYPE NAME | TYPE/NAME) KEY=VALUE,..."
FLAGS = (*SET_FLAGS, Flag("resource-version", help="only if the object is in that state"))


def run(call: "Call") -> int:
    """Set it."""
    if not call.words:
        raise Failure("one selector is required" if call.flags.filename else "selector is required")
    *words, text = call.words
    selector = _parsed(text)

    def change(found: "dict[str, Any]", target: "Target") -> None:
        if selector.get("matchExpressions"):
            shown = " ".join(
                f"{{{each['key']} {each['operator']} [{' '.join(each.get('values') or ())}]}}"
                for each in selector["matchExpressions"]
            )
            raise Failure(f"match expression [{shown}] not supported on this object")
        if found["kind"] != "Service" or found["apiVersion"] != "v1":
            raise Failure("setting a selector is only supported for Services")
        if call.flags.resource_version:
            found["metadata"]["resourceVersion"] = call.flags.resource_version
        found["spec"]["selector"] = selector.get("matchLabels") or {}

    return run_setting(call, words, change, "selector updated", is_silent=False, local_without_files=ONLY_FILES)


def _parsed(text: str) -> "dict[str, Any]":
    from fairway.cli.generators.policies import label_selector

    return label_selector(text)
