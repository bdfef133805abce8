"""Show what pods use of processors and memory, or each of their containers.

fairway top pod                       those of the namespace
fairway top pod -A --sort-by=memory   those of all namespaces, the largest first
fairway top pod web --containers      the containers of one pod
"""

import sys
import time

from fairway.cli.commands.top.asking import API, COMMON_FLAGS, amount, asked, mebibytes, millicores, name_of, ordered
from fairway.cli.failure import Failure
from fairway.cli.flags import Flag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.cli.call import Call

USAGE = "[NAME | -l SELECTOR]"
FLAGS = (
    *COMMON_FLAGS,
    Flag("all-namespaces", "A", "bool", "in all namespaces, whatever the context says"),
    Flag("containers", type="bool", help="a line for each container"),
    Flag("field-selector", help="only pods with these fields (metadata.name=web)"),
    Flag("sum", type="bool", help="and the sum of all"),
)
_NEW_S = 120.0
"""A pod that is younger may not have been measured yet."""


def run(call: "Call") -> int:
    """Ask, order, and print."""
    name, flags = name_of(call), call.flags
    if name and (flags.selector or flags.field_selector):
        raise Failure("only one of NAME or selector can be provided")
    place = "" if flags.all_namespaces and not name else f"/namespaces/{call.session.namespace}"
    query = {"labelSelector": flags.selector, "fieldSelector": flags.field_selector}
    found = asked(call, f"{API}{place}/pods", name, query)
    if not found:
        _check_nothing_runs(call.session.api.get(f"/api/v1{place}/pods", query)["items"])
        where = "" if flags.all_namespaces else f" in {call.session.namespace} namespace."
        print(f"No resources found{where}", file=sys.stderr)
        return 0
    from fairway.cli.printers.columns import aligned

    sys.stdout.write(aligned(list(_table(call, found))))
    return 0


def _check_nothing_runs(pods: "list[dict[str, Any]]") -> None:
    """Pods without usage are told of, the first that is old enough.  Raises: ``Failure``."""
    from fairway.reconcile.times import parse_rfc3339

    for pod in pods:
        meta = pod["metadata"]
        age_s = time.time() - parse_rfc3339(meta["creationTimestamp"])
        if age_s > _NEW_S:
            from fairway.objects.durations import go_duration

            pod_name = f"{meta['namespace']}/{meta['name']}"
            raise Failure(f"Metrics not available for pod {pod_name}, age: {go_duration(age_s)}")
    if pods:
        raise Failure("metrics not available yet")


def _table(call: "Call", found: "list[dict[str, Any]]") -> "Any":
    """Rows; behind the last cell stands one with nothing, as kubectl's have it."""
    flags = call.flags
    heads = ["POD", "NAME"] if flags.containers else ["NAME"]
    heads = ["NAMESPACE", *heads] if flags.all_namespaces else heads
    if not flags.no_headers:
        yield [*heads, "CPU(cores)", "MEMORY(bytes)", *_swap(flags, "SWAP(bytes)"), ""]
    usages = {id(each): [one["usage"] for one in each["containers"]] for each in found}
    for each in ordered(found, usages, flags.sort_by):
        meta = each["metadata"]
        place = [meta["namespace"]] if flags.all_namespaces else []
        if flags.containers:
            for one in _containers(each, flags.sort_by):
                yield [*place, meta["name"], one["name"], *_cells(flags, [one["usage"]]), ""]
        else:
            yield [*place, meta["name"], *_cells(flags, usages[id(each)]), ""]
    if flags.sum:
        # So far to the right as kubectl has it: it counts the column of swap, but none without headers.
        blank = [""] * ((1 if flags.no_headers else len(heads)) + flags.show_swap)
        total = [usage for one in usages.values() for usage in one]
        yield [*blank, "________", "________", ""]
        yield [*blank, *_cells(flags, total)[:2], "".join(cell.ljust(6) for cell in _cells(flags, total)[2:])]


def _containers(pod: "dict[str, Any]", by: str) -> "list[dict[str, Any]]":
    found: list[dict[str, Any]] = sorted(pod["containers"], key=lambda one: str(one["name"]))
    return sorted(found, key=lambda one: -amount([one["usage"]], by).nano) if by else found


def _cells(flags: "Any", usages: "list[dict[str, str]]") -> list[str]:
    cpu, memory = amount(usages, "cpu"), amount(usages, "memory")
    return [millicores(cpu), mebibytes(memory), *_swap(flags, mebibytes(amount(usages, "swap")))]


def _swap(flags: "Any", cell: str) -> list[str]:
    return [cell] if flags.show_swap else []
