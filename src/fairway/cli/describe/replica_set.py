"""The description of a ReplicaSet."""

from __future__ import annotations

from fairway.cli.describe import events, pod_template
from fairway.cli.describe.page import NONE, Page, selector
from fairway.cli.describe.pod import controlled_by
from fairway.cli.describe.world import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    chosen = selector(spec.get("selector"))
    page.line(0, "Name:", metadata.get("name", ""))
    page.line(0, "Namespace:", metadata.get("namespace", ""))
    page.line(0, "Selector:", chosen or NONE)
    page.marks(metadata)
    controlled_by(page, found)
    page.line(0, "Replicas:", f"{status.get('replicas', 0)} current / {spec.get('replicas', 0)} desired")
    try:
        page.line(0, "Pods Status:", pod_template.phases(world, found, chosen))
    except Refused as error:
        page.line(0, "Pods Status:", f"error in fetching pods: {error}")
    pod_template.write(page, spec.get("template") or {})
    pod_template.conditions(page, found)
    events.write(page, found, world)
