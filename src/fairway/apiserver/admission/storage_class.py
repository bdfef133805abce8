"""Storage class: a new claim that names no class gets the default one; one that grows needs a class that allows it.

Source: Kubernetes docs, "Admission Controllers", DefaultStorageClass and PersistentVolumeClaimResize.
"""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import PERSISTENT_VOLUME_CLAIM, STORAGE_CLASS
from fairway.kinds.rules.volume_modes import class_of
from fairway.kinds.volumes.storage_class import default_class
from fairway.objects import Object, quantity
from fairway.objects.errors import forbidden

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_OLD = "volume.beta.kubernetes.io/storage-class"


def storage_class(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Fill in ``spec.storageClassName``; an empty one asks for none and stays.  Raises: ``StatusError`` 403."""
    spec = new.get("spec")
    if call.kind is not PERSISTENT_VOLUME_CLAIM or call.subresource or not isinstance(spec, dict):
        return
    if old is not None:
        _check_growth(call, spec, old, api)
        return
    if spec.get("storageClassName") is not None or _OLD in (new["metadata"].get("annotations") or ()):
        return
    found = default_class(entry.object for entry in api.cache.of(STORAGE_CLASS).live.values())
    if found is not None:
        spec["storageClassName"] = found["metadata"]["name"]


def _check_growth(call: Call, spec: Object, old: Object, api: "Api") -> None:
    if (old.get("status") or {}).get("phase") != "Bound" or not _requested(old["spec"]) < _requested(spec):
        return
    found = api.cache.get(STORAGE_CLASS, None, class_of(old)) if class_of(old) else None
    if found is None or not found.object.get("allowVolumeExpansion"):
        why = (
            "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support"
            " resize"
        )
        raise forbidden("", PERSISTENT_VOLUME_CLAIM.plural, call.name, why)


def _requested(spec: Object) -> quantity.Quantity:
    """The size that is asked for; 0 for what validation refuses anyhow."""
    requests = (spec.get("resources") or {}).get("requests")
    try:
        return quantity.parse(str((requests or {}).get("storage") or "0"))
    except ValueError:
        return quantity.parse("0")
