"""The description of an IPAddress: whose it is."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    page.head(found["metadata"], has_namespace=False)
    parent = (found.get("spec") or {}).get("parentRef")
    if parent is not None:
        page.line(0, "Parent Reference:")
        for title in ("Group", "Resource", "Namespace", "Name"):
            page.line(1, f"{title}:", parent.get(title.lower(), ""))
    events.write(page, found, world)
