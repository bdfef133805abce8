"""The description of an Endpoints object."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import NONE, UNSET, Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    page.head(found["metadata"])
    page.line(0, "Subsets:")
    for subset in found.get("subsets") or ():
        for title, field in (("Addresses:", "addresses"), ("NotReadyAddresses:", "notReadyAddresses")):
            page.line(1, title, ",".join(each.get("ip", "") for each in subset.get(field) or ()) or NONE)
        if subset.get("ports"):
            page.line(1, "Ports:")
            page.line(2, "Name", "Port", "Protocol")
            page.line(2, "----", "----", "--------")
            for port in subset["ports"]:
                page.line(2, port.get("name") or UNSET, port.get("port", 0), port.get("protocol", ""))
        page.line(0)
    events.write(page, found, world)
