"""Draw a Service and all that makes it work, as one picture: slices, endpoints, pods, container ports.

fairway tree svc/kubia             from the Service down to the ports of the containers
fairway tree svc/kubia -w          drawn anew whenever something changes
fairway tree deploy/web            the pods of a Deployment, and the Services that choose them
fairway tree ingress/web           where an Ingress leads to
fairway tree svc/kubia --json      the same as data

● ready   ◐ terminating, but still serving   ○ not ready   ! something is wrong here
"""

import os
import sys

from fairway.cli.arguments import requests
from fairway.cli.failure import PROGRAM, Failure
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.arguments import Request
    from fairway.cli.call import Call
    from fairway.cli.tree.drawing import Sheet

USAGE = "(TYPE/NAME | TYPE NAME | SERVICE)"
FLAGS = (
    Flag("unfold", type="bool", help="draw all endpoints, not only the first of those that are alike"),
    Flag("json", type="bool", help="print what the picture shows as JSON"),
    Flag("watch", "w", "bool", "draw anew whenever something changes"),
)
KINDS = (
    "Service", "Ingress", "Pod", "Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "ReplicationController", "Job",
)  # fmt: skip
WIDTH = 80


def run(call: "Call") -> int:
    """Look, and draw."""
    request = _meant(call)
    call.session.is_quiet = True  # what is only looked at need not be warned of
    if call.flags.watch:
        from fairway.cli.session import Session
        from fairway.cli.tree.watching import run_watch

        return run_watch(lambda: Session(call.flags).api, request.namespace, lambda: text_of(call, request))
    sys.stdout.write(text_of(call, request))
    return 0


def _meant(call: "Call") -> "Request":
    words = call.words
    if len(words) == 1 and "/" not in words[0]:
        words = ["services", words[0]]
    if not words:
        raise Failure(f"say whose picture is to be drawn: {PROGRAM} tree svc/NAME")
    asked = requests(call, words)
    if len(asked) != 1 or asked[0].is_list:
        raise Failure(f"one object at a time: {PROGRAM} tree svc/NAME")
    if asked[0].resource.kind not in KINDS:
        known = ", ".join(kind.lower() for kind in KINDS)
        raise Failure(f"a {asked[0].resource.kind} has no picture; what has one: {known}")
    return asked[0]


def text_of(call: "Call", request: "Request") -> str:
    """The picture, or its facts as JSON."""
    from fairway.cli.describe.live import LiveWorld
    from fairway.cli.describe.world import Refused
    from fairway.cli.tree.others import facts
    from fairway.cli.tree.scene import look

    try:
        scene = look(LiveWorld(call.session.api), request.resource.kind, request.namespace, request.name)
    except Refused as error:
        raise error.__cause__ or error from None
    found = facts(scene)
    if call.flags.json:
        import json

        return json.dumps(found, indent=2, ensure_ascii=False) + "\n"
    from fairway.cli.tree.drawing import draw
    from fairway.cli.tree.picture import picture

    return draw(picture(found, is_whole=call.flags.unfold), sheet())


def sheet() -> "Sheet":
    """What standard output can show: a terminal's width and colours, or 80 plain columns; ASCII without UTF-8."""
    from fairway.cli.printers.colour import is_wanted
    from fairway.cli.tree.drawing import ASCII, FINE, Sheet

    is_terminal = sys.stdout.isatty()
    width = WIDTH
    if is_terminal:
        try:
            width = os.get_terminal_size(sys.stdout.fileno()).columns or WIDTH
        except OSError:
            width = WIDTH
    is_fine = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    return Sheet(width, FINE if is_fine else ASCII, is_wanted(is_terminal, os.environ))
