"""The part of a description that tells what the pods of a workload look like, and how they fare."""

from __future__ import annotations

from fairway.cli.describe.containers import containers
from fairway.cli.describe.page import Page
from fairway.cli.describe.pod import spread, tolerations
from fairway.cli.describe.volumes import volumes
from fairway.cli.describe.world import within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object

PHASES = {"Running": "Running", "Pending": "Waiting", "Succeeded": "Succeeded", "Failed": "Failed"}


def write(page: Page, template: Object | None) -> None:
    """The template of the pods."""
    page.line(0, "Pod Template:")
    if template is None:
        page.put("  <unset>")
        return
    metadata, spec = template.get("metadata") or {}, template.get("spec") or {}
    page.labels("  Labels", metadata.get("labels"))
    if metadata.get("annotations"):
        page.annotations("  Annotations", metadata["annotations"])
    if spec.get("serviceAccountName"):
        page.line(1, "Service Account:", spec["serviceAccountName"])
    if spec.get("initContainers"):
        containers(page, "Init Containers", spec["initContainers"], None, indent="  ")
    containers(page, "Containers", spec.get("containers"), None, indent="  ")
    volumes(page, spec.get("volumes"), "  ")
    spread(page, spec.get("topologySpreadConstraints"), "  ")
    if spec.get("priorityClassName"):
        page.line(1, "Priority Class Name:", spec["priorityClassName"])
    page.labels("  Node-Selectors", spec.get("nodeSelector"))
    tolerations(page, spec.get("tolerations"), "  ")


def phases(world: World, owner: Object, selector: str) -> str:
    """How many pods of ``owner`` are in which phase.  Raises: ``Refused``."""
    counts = dict.fromkeys(PHASES, 0)
    for pod in world.list(within(owner["metadata"].get("namespace", ""), "pods"), labels=selector):
        phase = (pod.get("status") or {}).get("phase")
        if phase in counts and _is_of(pod, owner):
            counts[phase] += 1
    return " / ".join(f"{counts[phase]} {word}" for phase, word in PHASES.items())


def _is_of(pod: Object, owner: Object) -> bool:
    owners = [each for each in pod["metadata"].get("ownerReferences") or () if each.get("controller")]
    return bool(owners) and owners[0].get("uid") == owner["metadata"].get("uid")


def conditions(page: Page, found: Object) -> None:
    """The short table of a workload's conditions."""
    listed = (found.get("status") or {}).get("conditions")
    if listed:
        page.line(0, "Conditions:")
        page.line(1, "Type", "Status", "Reason")
        page.line(1, "----", "------", "------")
        for each in listed:
            page.line(1, f"{each.get('type', '')} ", each.get("status", ""), each.get("reason", ""))
