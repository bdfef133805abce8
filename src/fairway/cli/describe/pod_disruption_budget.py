"""The description of a PodDisruptionBudget."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.page import NONE, UNSET, Page, selector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

_COUNTS = (
    ("Allowed disruptions:", "disruptionsAllowed"),
    ("Current:", "currentHealthy"),
    ("Desired:", "desiredHealthy"),
    ("Total:", "expectedPods"),
)


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    page.line(0, "Name:", metadata.get("name", ""))
    page.line(0, "Namespace:", metadata.get("namespace", ""))
    if spec.get("minAvailable") is not None:
        page.line(0, "Min available:", spec["minAvailable"])
    elif spec.get("maxUnavailable") is not None:
        page.line(0, "Max unavailable:", spec["maxUnavailable"])
    chosen = spec.get("selector")
    page.line(0, "Selector:", UNSET if chosen is None else selector(chosen) or NONE)
    page.line(0, "Status:")
    for title, field in _COUNTS:
        page.line(2, title, status.get(field, 0))
    events.write(page, found, world)
