"""The description of a DaemonSet."""

from __future__ import annotations

from fairway.cli.describe import events, pod_template
from fairway.cli.describe.page import Page, joined, selector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

_COUNTS = (
    ("Desired Number of Nodes Scheduled", "desiredNumberScheduled"),
    ("Current Number of Nodes Scheduled", "currentNumberScheduled"),
    ("Number of Nodes Scheduled with Up-to-date Pods", "updatedNumberScheduled"),
    ("Number of Nodes Scheduled with Available Pods", "numberAvailable"),
    ("Number of Nodes Misscheduled", "numberMisscheduled"),
)


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    template = spec.get("template") or {}
    chosen = selector(spec.get("selector"))
    page.line(0, "Name:", metadata.get("name", ""))
    if metadata.get("namespace"):
        page.line(0, "Namespace:", metadata["namespace"])
    page.line(0, "Selector:", chosen)
    page.line(0, "Node-Selector:", joined((template.get("spec") or {}).get("nodeSelector")))
    page.marks(metadata)
    for title, field in _COUNTS:
        page.line(0, f"{title}: {status.get(field, 0)}")
    page.line(0, "Pods Status:", pod_template.phases(world, found, chosen))
    pod_template.write(page, template)
    events.write(page, found, world)
