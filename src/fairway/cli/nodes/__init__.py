"""Nodes: which nodes a command means, and whether they take new pods.

Shape: ``chosen(call)`` gives the live nodes; ``mark(call, writing, nodes, wanted)`` cordons or uncordons them.
Source: what ``kubectl cordon`` does and says.
"""

import sys

from fairway.cli.arguments import targets
from fairway.cli.failure import Failure, UsageFailure, told

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from fairway.cli.arguments import Target
    from fairway.cli.call import Call
    from fairway.cli.writing import Writing


def chosen(call: "Call", command: str) -> "list[Target]":
    """The nodes that words or ``--selector`` name, as they are.  Raises: ``UsageFailure``, ``ApiError``."""
    if call.words and call.flags.selector:
        raise UsageFailure("cannot specify both a node name and a --selector option")
    if not (call.words or call.flags.selector):
        raise UsageFailure(f"USAGE: {command} NODE [flags]")
    words = [word if "/" in word else f"nodes/{word}" for word in call.words] or ["nodes"]
    found = list(targets(call, words))
    for target in found:
        target.fetch(call.session.api)
        if target.resource.plural != "nodes":
            raise Failure(f'error: expected resource of type node, got "{target.resource.plural}"')
    return found


def mark(call: "Call", writing: "Writing", nodes: "Iterable[Target]", *, is_off: bool) -> None:
    """Have the nodes take no new pods, or take them again; one that is so already is left alone."""
    from fairway.client.blocking import ApiError

    verb = "cordon" if is_off else "uncordon"
    for node in nodes:
        found = node.object
        assert found is not None
        if bool(found["spec"].get("unschedulable")) == is_off:
            writing.say(found, f"already {verb}ed")
            continue
        if not writing.is_client:
            try:
                change = {"spec": {"unschedulable": True if is_off else None}}
                call.session.api.patch(node.path, change, writing.query())
            except ApiError as error:
                sys.stdout.flush()
                print(f'error: unable to {verb} node "{node.name}": {told(error)}', file=sys.stderr)
        writing.say(found, f"{verb}ed")
