"""What a claim on storage asks for: of a PersistentVolumeClaim, and of the template of one within a pod."""

from __future__ import annotations

from fairway.cli.describe.page import NONE, Page
from fairway.objects.quantity import canonical

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairway.objects import Object

_CLASS = "volume.beta.kubernetes.io/storage-class"
_MODES = (
    ("ReadWriteOnce", "RWO"),
    ("ReadOnlyMany", "ROX"),
    ("ReadWriteMany", "RWX"),
    ("ReadWriteOncePod", "RWOP"),
)


def claim(page: Page, found: Object, *, level: int = 0, is_whole: bool = False) -> None:
    """The fields of a claim; ``is_whole``: it is an object, and no template of one."""
    metadata, spec, status = found.get("metadata") or {}, found.get("spec") or {}, found.get("status") or {}
    if is_whole:
        page.line(level, "Name:", metadata.get("name", ""))
        page.line(level, "Namespace:", metadata.get("namespace", ""))
    page.line(level, "StorageClass:", storage_class(metadata, spec))
    if is_whole:
        is_leaving = metadata.get("deletionTimestamp")
        leaving = f"Terminating (lasts {page.since(is_leaving)})"
        page.line(level, "Status:", leaving if is_leaving else status.get("phase", ""))
    page.line(level, "Volume:", spec.get("volumeName", ""))
    _marks(page, metadata, level)
    if is_whole:
        page.line(level, "Finalizers:", f"[{' '.join(metadata.get('finalizers') or ())}]")
    is_bound = bool(spec.get("volumeName"))
    capacity = (status.get("capacity") or {}).get("storage", "0") if is_bound else ""
    page.line(level, "Capacity:", canonical(str(capacity)) if capacity else "")
    page.line(level, "Access Modes:", modes(status.get("accessModes")) if is_bound else "")
    if spec.get("volumeMode") is not None:
        page.line(level, "VolumeMode:", spec["volumeMode"])
    source = spec.get("dataSource")
    if source is not None:
        page.line(level, "DataSource:")
        for title, field in (("APIGroup:", "apiGroup"), ("Kind:", "kind"), ("Name:", "name")):
            if field != "apiGroup" or source.get(field) is not None:
                page.line(level + 1, title, source.get(field, ""))


def _marks(page: Page, metadata: Object, level: int) -> None:
    if not level:
        page.marks(metadata)
        return
    # Within a pod kubectl indents each piece of such a line anew.
    indent = "  " * level
    labels = [f"{indent}{key}={value}" for key, value in sorted((metadata.get("labels") or {}).items())]
    page.column(f"{indent}Labels:", labels or [indent + NONE], indent * 2)
    inner = Page(page.now_s)
    inner.annotations("Annotations", metadata.get("annotations"))
    for place, line in enumerate(inner.written().splitlines()):
        title, _, value = line.partition("\t")
        is_continued = place > 0 and value.startswith("  ")
        page.put(f"{indent}{title}\t{'' if is_continued else indent}{value}\n")


def storage_class(metadata: Object, spec: Object) -> str:
    """The class, which older objects name in an annotation."""
    named = (metadata.get("annotations") or {}).get(_CLASS)
    return str(spec.get("storageClassName") or "") if named is None else str(named)


def modes(found: list[str] | None) -> str:
    """Access modes, short, each once."""
    return ",".join(short for mode, short in _MODES if mode in (found or ()))
