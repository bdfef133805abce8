"""The description of a ServiceAccount: its pods pull images with which Secrets."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import NONE, Page

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

_TITLE = "Image pull secrets:"


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata = found["metadata"]
    page.head(metadata)
    for place, name in enumerate(each.get("name", "") for each in found.get("imagePullSecrets") or ({"name": NONE},)):
        page.line(0, " " * len(_TITLE) if place else _TITLE, name)
    events.write(page, found, world)
