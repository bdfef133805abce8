"""The description of a ServiceCIDR."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.namespace import conditions
from fairway.cli.describe.page import Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    page.head(found["metadata"], has_namespace=False)
    page.line(0, "CIDRs:", ", ".join((found.get("spec") or {}).get("cidrs") or ()))
    found_conditions = (found.get("status") or {}).get("conditions")
    if found_conditions:
        page.line(0, "Status:")
        conditions(page, found_conditions)
    events.write(page, found, world)
