"""The description of a PersistentVolumeClaim, and the pods that use it."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.claim import claim
from fairway.cli.describe.page import Page, stamp
from fairway.cli.describe.world import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    claim(page, found, is_whole=True)
    pods = world.list(within(found["metadata"].get("namespace", ""), "pods"))
    page.column("Used By:", sorted(each["metadata"]["name"] for each in pods if _uses(each, found)))
    conditions = (found.get("status") or {}).get("conditions")
    if conditions:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status", "LastProbeTime", "LastTransitionTime", "Reason", "Message")
        page.line(1, "----", "------", "-----------------", "------------------", "------", "-------")
    for each in conditions or ():
        times = (f"{stamp(each.get(field))} " for field in ("lastProbeTime", "lastTransitionTime"))
        words = (f"{each.get(field, '')} " for field in ("type", "status"))
        page.line(1, *words, *times, f"{each.get('reason', '')} ", each.get("message", ""))
    events.write(page, found, world)


def _uses(pod: Object, found: Object) -> bool:
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    names = {(each.get("persistentVolumeClaim") or {}).get("claimName") for each in volumes}
    owners = {each.get("uid") for each in found["metadata"].get("ownerReferences") or () if each.get("kind") == "Pod"}
    return found["metadata"]["name"] in names or pod["metadata"].get("uid") in owners
