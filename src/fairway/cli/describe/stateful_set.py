"""The description of a StatefulSet."""

from __future__ import annotations

from fairway.cli.describe import events, pod_template
from fairway.cli.describe.claim import storage_class
from fairway.cli.describe.page import Page, listed, selector, stamp

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
    page.line(0, "CreationTimestamp:", stamp(metadata.get("creationTimestamp")))
    page.line(0, "Selector:", chosen)
    page.marks(metadata)
    page.line(0, "Replicas:", f"{spec.get('replicas', 0)} desired | {status.get('replicas', 0)} total")
    strategy = spec.get("updateStrategy") or {}
    page.line(0, "Update Strategy:", strategy.get("type", ""))
    rolling = strategy.get("rollingUpdate") or {}
    if rolling.get("partition") is not None:
        page.line(1, "Partition:", rolling["partition"])
        if rolling.get("maxUnavailable") is not None:
            page.line(1, "MaxUnavailable:", rolling["maxUnavailable"])
    page.line(0, "Pods Status:", pod_template.phases(world, found, chosen))
    pod_template.write(page, spec.get("template") or {})
    _claims(page, spec.get("volumeClaimTemplates") or [])
    events.write(page, found, world)


def _claims(page: Page, found: list[Object]) -> None:
    from fairway.objects.quantity import canonical

    page.line(0, "Volume Claims:", *(() if found else ("<none>",)))
    for each in found:
        metadata, spec = each.get("metadata") or {}, each.get("spec") or {}
        page.line(1, "Name:", metadata.get("name", ""))
        page.line(1, "StorageClass:", storage_class(metadata, spec))
        page.labels("Labels", metadata.get("labels"), "  ")
        page.labels("Annotations", metadata.get("annotations"), "  ")
        size = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
        page.line(1, "Capacity:", "<default>" if size is None else canonical(str(size)))
        page.line(1, "Access Modes:", listed(spec.get("accessModes")))
