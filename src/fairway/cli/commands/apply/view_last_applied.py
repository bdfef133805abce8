"""Show what was applied last, out of the objects' annotations.

fairway apply view-last-applied svc/kubia
fairway apply view-last-applied -f svc.yaml -o json
"""

import json
import sys

from fairway.cli.applying import last_applied
from fairway.cli.arguments import ALL_FLAG, FILE_FLAGS, SELECTOR_FLAGS, targets
from fairway.cli.failure import Failure, Gathered, UsageFailure, raise_all
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.call import Call

USAGE = "(TYPE NAME | TYPE/NAME | -l LABELS | -f FILE)"
FLAGS = (*FILE_FLAGS, SELECTOR_FLAGS[0], ALL_FLAG, Flag("output", "o", default="yaml", help="yaml or json"))


def run(call: "Call") -> int:
    """Show every object's."""
    output = call.flags.output
    if output not in ("json", "yaml"):
        raise UsageFailure(f"Unexpected -o output mode: {output}, the flag 'output' must be one of yaml|json")
    # With -n a type alone means all of it, and --all is too much: an oddity of kubectl's that scripts may lean on.
    lists = call.session.is_namespace_given or call.flags.all
    if call.flags.all and call.session.is_namespace_given:
        raise Failure("setting 'all' parameter but found a non empty selector. ")
    failures = Gathered()
    shown = []
    for target in targets(call, lists=lists, failures=failures):
        with failures:
            text = last_applied(target.fetch(call.session.api))
            if text is not None:
                shown.append(json.loads(text))
    raise_all(failures)
    for found in shown:
        sys.stdout.write(_text(found, output))
    return 0


def _text(found: "dict[str, object]", output: str) -> str:
    from fairway.cli.generators.go_json import escaped
    from fairway.cli.printers.documents import yaml_text

    if output == "yaml":
        return yaml_text(found)
    return escaped(json.dumps(found, indent=2, ensure_ascii=False, sort_keys=True)) + "\n"
