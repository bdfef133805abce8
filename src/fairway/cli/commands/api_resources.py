"""List the resource types that the server has.

fairway api-resources                       all
fairway api-resources --api-group=apps      of one group
fairway api-resources --verbs=list -o name  names of those that can be listed
"""

import sys

from fairway.cli.failure import Failure, UsageFailure
from fairway.cli.flags import Flag
from fairway.cli.printers.columns import aligned

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from fairway.cli.call import Call
    from fairway.cli.flags import Values
    from fairway.cli.resources import Resource

FLAGS = (
    Flag("api-group", help="only this group; empty for the core group"),
    Flag("cached", type="bool", help="be content with what is known already"),
    Flag("categories", type="strings", help="only resources that are in all of these categories"),
    Flag("namespaced", type="bool", default=True, help="false: only those without a namespace"),
    Flag("no-headers", type="bool", help="no line of headers"),
    Flag("output", "o", help="wide or name"),
    Flag("sort-by", help="name or kind"),
    Flag("verbs", type="strings", help="only resources that know all of these verbs"),
)


def run(call: "Call") -> int:
    """Ask what is served, and print it."""
    flags = call.flags
    if call.words:
        raise UsageFailure(f"unexpected arguments: [{' '.join(call.words)}]")
    if flags.output not in ("", "wide", "name"):
        raise Failure(f"--output {flags.output} is not available")
    if flags.sort_by not in ("", "name", "kind"):
        raise Failure("--sort-by accepts only name or kind")
    served = chosen(call.session.resources.served(is_fresh=not flags.cached), flags)
    if flags.output == "name":
        sys.stdout.write("".join(f"{each.name}\n" for each in served))
        return 0
    rows = [_cells(each, is_wide=flags.output == "wide") for each in served]
    if not flags.no_headers:
        wide = ["VERBS", "CATEGORIES"] if flags.output == "wide" else []
        rows.insert(0, ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", *wide])
    sys.stdout.write(aligned(rows))
    return 0


def chosen(served: "Iterable[Resource]", flags: "Values") -> "list[Resource]":
    """Of each resource the preferred version, as the flags say, in order.  Pure."""
    preferred: dict[str, str] = {}
    found = []
    for each in served:
        if preferred.setdefault(each.group, each.version) != each.version or not each.verbs:
            continue
        if flags.is_given("api-group") and each.group != flags.api_group:
            continue
        if flags.is_given("namespaced") and each.is_namespaced != flags.namespaced:
            continue
        if set(flags.verbs) <= set(each.verbs) and set(flags.categories) <= set(each.categories):
            found.append(each)

    def place(each: "Resource") -> "tuple[str, ...]":
        first = {"name": (each.plural,), "kind": (each.kind,)}.get(flags.sort_by, ())
        return (*first, each.group, each.plural)

    return sorted(found, key=place)


def _cells(each: "Resource", *, is_wide: bool) -> list[str]:
    cells = [
        each.plural, ",".join(each.short_names), each.api_version, str(each.is_namespaced).lower(), each.kind,
    ]  # fmt: skip
    return [*cells, ",".join(each.verbs), ",".join(each.categories)] if is_wide else cells
