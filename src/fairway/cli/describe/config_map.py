"""The description of a ConfigMap: its data in full, of its binary data the size."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import Page
from fairway.cli.describe.secret import size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description, keys in their order (kubectl has them in any)."""
    page.head(found["metadata"])
    page.put("\nData\n====\n")
    for key, value in sorted((found.get("data") or {}).items()):
        page.put(f"{key}:\n----\n{value}\n\n")
    page.put("\nBinaryData\n====\n")
    for key, value in sorted((found.get("binaryData") or {}).items()):
        page.put(f"{key}: {size(value)} bytes\n")
    page.put("\n")
    events.write(page, found, world)
