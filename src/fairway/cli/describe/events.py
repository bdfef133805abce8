"""Events of an object: which they are, and the table at the end of its description."""

from __future__ import annotations

from fairway.cli.describe.page import NONE, Page
from fairway.cli.describe.world import Refused, within
from fairway.cli.printers.unstable_order import sort
from fairway.objects.ages import event_age

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The events of ``found``, if events are shown at all."""
    if page.has_events:
        metadata = found["metadata"]
        table(page, search(world, metadata, found.get("kind", ""), metadata.get("uid", "")))


def search(world: World, metadata: Object, kind: str, uid: str) -> list[Object]:
    """The events that speak of one object; none if the API refuses to say.  An empty ``kind`` or ``uid`` is any."""
    namespace = metadata.get("namespace", "")
    wanted = {"name": metadata.get("name", ""), "namespace": namespace}
    wanted |= {"kind": kind} if kind else {}
    wanted |= {"uid": uid} if uid else {}
    fields = ",".join(f"involvedObject.{name}={value}" for name, value in wanted.items())
    try:
        return world.list(within(namespace, "events"), fields=fields)
    except Refused:
        return []


def table(page: Page, found: list[Object]) -> None:
    """The table, the oldest event first."""
    if not found:
        page.line(0, "Events:", NONE)
        return
    page.cut()
    page.line(0, "Events:")
    page.line(1, "Type", "Reason", "Age", "From", "Message")
    page.line(1, "----", "------", "----", "----", "-------")
    for event in sort(found, lambda event: event.get("lastTimestamp") or ""):
        source = (event.get("source") or {}).get("component") or event.get("reportingComponent") or ""
        page.line(
            1, event.get("type", ""), event.get("reason", ""), event_age(event, page.now_s), source,
            _said(event),
        )  # fmt: skip


def _said(event: Object) -> str:
    """The message, after the part of the object that it is about."""
    part, message = (event.get("involvedObject") or {}).get("fieldPath"), (event.get("message") or "").strip()
    return f"{part}: {message}" if part else message
