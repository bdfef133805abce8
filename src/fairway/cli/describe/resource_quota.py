"""The description of a ResourceQuota: what is used of what there may be."""

from __future__ import annotations

from fairway.cli.describe.page import Page
from fairway.objects.quantity import ZERO, Quantity, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

SCOPES = {
    "Terminating": "Matches all pods that have an active deadline. These pods have a limited lifespan on a node before "
    "being actively terminated by the system.",
    "NotTerminating": "Matches all pods that do not have an active deadline. These pods usually include long running "
    "pods whose container command is not expected to terminate.",
    "BestEffort": "Matches all pods that do not have resource requirements set. These pods have a best effort quality "
    "of service.",
    "NotBestEffort": "Matches all pods that have at least one resource requirement set. These pods have a burstable or "
    "guaranteed quality of service.",
}


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata = found["metadata"]
    page.line(0, "Name:", metadata["name"])
    page.line(0, "Namespace:", metadata.get("namespace", ""))
    scopes(page, found, 0, " * ")
    page.line(0, "Resource", "Used", "Hard")
    page.line(0, "--------", "----", "----")
    resources(page, found, 0, has_one_notation=True)


def scopes(page: Page, quota: Object, level: int, bullet: str) -> None:
    """Which pods are counted, each scope explained."""
    found = sorted((quota.get("spec") or {}).get("scopes") or ())
    if found:
        page.line(level, "Scopes:", ", ".join(found))
        for scope in found:
            if scope in SCOPES:
                page.line(level, f"{bullet}{SCOPES[scope]}")


def resources(page: Page, quota: Object, level: int, *, has_one_notation: bool) -> None:
    """A line for each resource that has a bound; ``has_one_notation``: both amounts are written alike."""
    status = quota.get("status") or {}
    used = status.get("used") or {}
    for name, bound in sorted((status.get("hard") or {}).items()):
        hard, spent = parse(str(bound)), parse(str(used[name])) if name in used else ZERO
        if has_one_notation and hard.notation != spent.notation:
            spent = Quantity(spent.whole * 10**9, hard.notation)
        page.line(level, name, spent, hard)
