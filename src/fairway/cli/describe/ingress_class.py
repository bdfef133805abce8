"""The description of an IngressClass."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    spec = found.get("spec") or {}
    page.head(found["metadata"], has_namespace=False)
    page.line(0, "Controller:", spec.get("controller", ""))
    parameters = spec.get("parameters")
    if parameters is not None:
        page.line(0, "Parameters:")
        if parameters.get("apiGroup") is not None:
            page.line(1, "APIGroup:", parameters["apiGroup"])
        page.line(1, "Kind:", parameters.get("kind", ""))
        page.line(1, "Name:", parameters.get("name", ""))
    events.write(page, found, world)
