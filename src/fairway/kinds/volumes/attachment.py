"""VolumeAttachment (storage.k8s.io/v1): the wish that a driver attaches a volume to a node, and whether it did.

Source: Kubernetes API reference, "VolumeAttachment v1 storage.k8s.io".
"""

from collections.abc import Iterator

from fairway.kinds.kind import STATUS, Column, Kind
from fairway.kinds.rules.cells import AGE, at
from fairway.kinds.rules.driver_name import driver_name
from fairway.kinds.rules.status import OF_THE_OBJECT, keep_apart
from fairway.kinds.rules.values import IMMUTABLE, INT32_MAX, child, each, fill
from fairway.kinds.volumes.persistent_volume import inline_problems
from fairway.objects import Object, names
from fairway.objects.errors import Problem, forbidden_value, invalid_value, required, too_long

_ONE_SOURCE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"
_VOLUME = "persistentVolumeName"
_METADATA_MAX_BYTES, _MESSAGE_MAX_BYTES = 256 * 1024, 1024


def defaults(new: Object) -> None:
    """Not attached yet."""
    child(child(new, "spec"), "source")
    fill(child(new, "status"), attached=False)


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource."""
    keep_apart(new, old, subresource, {"attached": False}, metadata=OF_THE_OBJECT)


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Who attaches what to which node: all named, and never changed."""
    yield from _spec(new["spec"])
    yield from _status_problems(new.get("status") or {})
    if old is not None and new["spec"] != old["spec"]:
        yield invalid_value("spec", new["spec"], IMMUTABLE)


def _spec(spec: Object) -> Iterator[Problem]:
    yield from driver_name("spec.attacher", spec.get("attacher") or "")
    source = spec["source"]
    volume, inline = source.get(_VOLUME), source.get("inlineVolumeSpec")
    if volume is None and inline is None:
        yield required("spec.source", _ONE_SOURCE)
    elif volume is not None and inline is not None:
        yield forbidden_value("spec.source", _ONE_SOURCE)
    elif volume is not None:
        if not volume:
            yield required(f"spec.source.{_VOLUME}", f"must specify non empty {_VOLUME}")
        yield from each(f"spec.source.{_VOLUME}", volume, names.dns_subdomain(volume))
    else:
        yield from inline_problems("spec.source.inlineVolumeSpec", inline or {})
    node = spec.get("nodeName") or ""
    yield from each("spec.nodeName", node, names.dns_subdomain(node))


def _status_problems(status: Object) -> Iterator[Problem]:
    told = status.get("attachmentMetadata") or {}
    if sum(len(name.encode()) + len(str(value).encode()) for name, value in told.items()) > _METADATA_MAX_BYTES:
        yield too_long("status.attachmentMetadata", _METADATA_MAX_BYTES)
    for name in ("attachError", "detachError"):
        error = status.get(name) or {}
        if len((error.get("message") or "").encode(errors="surrogatepass")) > _MESSAGE_MAX_BYTES:
            yield too_long(f"status.{name}.message", _METADATA_MAX_BYTES)  # upstream names the wrong limit
        code = error.get("errorCode")
        if code is not None and not 1 <= code <= INT32_MAX:
            yield invalid_value(f"status.{name}.errorCode", code, f"must be between 1 and {INT32_MAX}, inclusive")


VOLUME_ATTACHMENT = Kind(
    group="storage.k8s.io", version="v1", name="VolumeAttachment", plural="volumeattachments",
    namespaced=False,
    subresources=(STATUS,),
    columns=(
        Column("Attacher", at("spec", "attacher"), format="name"),
        Column("PV", at("spec", "source", _VOLUME)),
        Column("Node", at("spec", "nodeName")),
        Column("Attached", at("status", "attached", absent=False), type="boolean"),
        AGE,
    ),
    defaults=defaults,
    prepare=prepare,
    status_leaves=OF_THE_OBJECT,
    validate=validate,
    unconditional_update=False,
    delete_returns_object=True,
)  # fmt: skip
