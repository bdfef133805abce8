"""The description of a PriorityClass."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import Page, joined, true

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    page.line(0, "Name:", found["metadata"].get("name", ""))
    page.line(0, "Value:", found.get("value", 0))
    page.line(0, "GlobalDefault:", true(found.get("globalDefault")))
    page.line(0, "PreemptionPolicy:", found.get("preemptionPolicy", ""))
    page.line(0, "Description:", found.get("description", ""))
    page.line(0, "Annotations:", joined(found["metadata"].get("annotations")))
    events.write(page, found, world)
