"""The description of a ReplicationController."""

from __future__ import annotations

from fairway.cli.describe import events, pod_template
from fairway.cli.describe.page import NONE, Page, joined

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    chosen = joined(spec.get("selector"))
    page.line(0, "Name:", metadata.get("name", ""))
    page.line(0, "Namespace:", metadata.get("namespace", ""))
    page.line(0, "Selector:", chosen)
    page.marks(metadata)
    page.line(0, "Replicas:", f"{status.get('replicas', 0)} current / {spec.get('replicas', 0)} desired")
    page.line(0, "Pods Status:", pod_template.phases(world, found, "" if chosen == NONE else chosen))
    pod_template.write(page, spec.get("template"))
    pod_template.conditions(page, found)
    events.write(page, found, world)
