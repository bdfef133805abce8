"""The description of a LimitRange."""

from __future__ import annotations

from fairway.cli.describe.page import Page
from fairway.objects.quantity import canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

HEAD = ("Type", "Resource", "Min", "Max", "Default Request", "Default Limit", "Max Limit/Request Ratio")
RULE = tuple("-" * len(word) for word in HEAD)
_FIELDS = ("min", "max", "defaultRequest", "default", "maxLimitRequestRatio")


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    page.line(0, "Name:", found["metadata"]["name"])
    page.line(0, "Namespace:", found["metadata"].get("namespace", ""))
    page.line(0, *HEAD)
    page.line(0, *RULE)
    items(page, found, "")


def items(page: Page, found: Object, prefix: str) -> None:
    """A line for each resource of each limit."""
    for item in (found.get("spec") or {}).get("limits") or ():
        for name in sorted({name for field in _FIELDS for name in item.get(field) or ()}):
            amounts = [(item.get(field) or {}).get(name) for field in _FIELDS]
            shown = ("-" if amount is None else canonical(str(amount)) for amount in amounts)
            page.line(0, f"{prefix}{item.get('type', '')}", name, *shown)
