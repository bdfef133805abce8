"""Show what nodes use of processors and memory, and how much that is of what pods may have of them.

fairway top node                 all nodes
fairway top node --sort-by=cpu   the busiest first
"""

import sys

from fairway.cli.commands.top.asking import API, COMMON_FLAGS, amount, asked, mebibytes, millicores, name_of, ordered
from fairway.cli.failure import Failure
from fairway.cli.flags import Flag
from fairway.cli.printers.columns import aligned
from fairway.objects.quantity import Quantity, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "[NAME | -l SELECTOR]"
FLAGS = (
    *COMMON_FLAGS,
    Flag("show-capacity", type="bool", help="compare with all that a node has, not with what pods may have"),
)
_UNKNOWN = "<unknown>"


def run(call: "Call") -> int:
    """Ask for usage and for nodes, compare, and print."""
    name, flags = name_of(call), call.flags
    if name and flags.selector:
        raise Failure("only one of NAME or --selector can be provided")
    query = {"labelSelector": flags.selector}
    found = asked(call, f"{API}/nodes", name, query)
    if not found:
        raise Failure("metrics not available yet")
    api = call.session.api
    nodes = [api.get(f"/api/v1/nodes/{name}")] if name else api.get("/api/v1/nodes", query)["items"]
    field = "capacity" if flags.show_capacity else "allocatable"
    room = {node["metadata"]["name"]: (node.get("status") or {}).get(field) or {} for node in nodes}
    ranked = ordered(found, {id(each): [each["usage"]] for each in found}, flags.sort_by)
    rows = [_row(each, room.pop(each["metadata"]["name"], {}), has_swap=flags.show_swap) for each in ranked]
    width = 6 if flags.show_swap else 4
    rows += [[missing, *[_UNKNOWN] * width, ""] for missing in room]
    head = ["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)", *["SWAP(bytes)", "SWAP(%)"][: width - 4], ""]
    sys.stdout.write(aligned(rows if flags.no_headers else [head, *rows]))
    return 0


def _row(metrics: "dict[str, Any]", room: "dict[str, str]", *, has_swap: bool) -> list[str]:
    cpu, memory = amount([metrics["usage"]], "cpu"), amount([metrics["usage"]], "memory")
    row = [metrics["metadata"]["name"], millicores(cpu), _share(cpu, room.get("cpu"))]
    row += [mebibytes(memory), _share(memory, room.get("memory"))]
    # Nobody tells how much swap there is.
    return [*row, *[_UNKNOWN] * (2 if has_swap else 0), ""]


def _share(used: Quantity, room: str | None) -> str:
    has = parse(room) if room else None
    return f"{used.milli * 100 // has.milli}%" if has else _UNKNOWN
