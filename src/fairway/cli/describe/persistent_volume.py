"""The description of a PersistentVolume."""

from __future__ import annotations

from fairway.cli.describe import events
from fairway.cli.describe.claim import modes, storage_class
from fairway.cli.describe.page import NONE, Page, listed
from fairway.cli.describe.volumes import SOURCES, source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.cli.describe.world import World
    from fairway.objects import Object


def write(page: Page, found: Object, world: World) -> None:
    """The whole description."""
    from fairway.objects.quantity import canonical

    metadata, spec, status = found["metadata"], found.get("spec") or {}, found.get("status") or {}
    page.head(metadata, has_namespace=False)
    page.line(0, "Finalizers:", listed(metadata.get("finalizers")))
    page.line(0, "StorageClass:", storage_class(metadata, spec))
    leaving = metadata.get("deletionTimestamp")
    page.line(0, "Status:", f"Terminating (lasts {page.since(leaving)})" if leaving else status.get("phase", ""))
    owner = spec.get("claimRef")
    page.line(0, "Claim:", "" if owner is None else f"{owner.get('namespace', '')}/{owner.get('name', '')}")
    page.line(0, "Reclaim Policy:", spec.get("persistentVolumeReclaimPolicy", ""))
    page.line(0, "Access Modes:", modes(spec.get("accessModes")))
    if spec.get("volumeMode") is not None:
        page.line(0, "VolumeMode:", spec["volumeMode"])
    page.line(0, "Capacity:", canonical(str((spec.get("capacity") or {}).get("storage", "0"))))
    _affinity(page, (spec.get("nodeAffinity") or {}).get("required"))
    page.line(0, "Message:", status.get("message", ""))
    page.line(0, "Source:")
    kind = next((name for name in (*SOURCES, "local") if spec.get(name) is not None), "")
    if kind:
        source(page, kind, spec[kind], is_persistent=True)
    else:
        page.line(1, "<unknown>")
    events.write(page, found, world)


def _affinity(page: Page, required: Object | None) -> None:
    page.line(0, "Node Affinity:", NONE if required is None else "")
    if required is None:
        return
    terms = required.get("nodeSelectorTerms") or ()
    page.line(1, "Required Terms:", "" if terms else NONE)
    for place, term in enumerate(terms):
        page.column(f"    Term {place}:", [_rule(each) for each in term.get("matchExpressions") or ()], "    ")


def _rule(found: Object) -> str:
    values = f" [{', '.join(found['values'])}]" if found.get("values") else ""
    return f"{found.get('key', '')} {found.get('operator', '').lower()}{values}"
