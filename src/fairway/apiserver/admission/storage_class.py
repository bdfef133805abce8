"""Storage class: a new claim that names no class gets the default one, if there is one.

Source: Kubernetes docs, "Admission Controllers", DefaultStorageClass.
"""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import PERSISTENT_VOLUME_CLAIM, STORAGE_CLASS
from fairway.kinds.volumes.storage_class import default_class
from fairway.objects import Object

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_OLD = "volume.beta.kubernetes.io/storage-class"


def storage_class(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Fill in ``spec.storageClassName``; an empty one asks for none and stays."""
    spec = new.get("spec")
    if call.kind is not PERSISTENT_VOLUME_CLAIM or old is not None or not isinstance(spec, dict):
        return
    if spec.get("storageClassName") is not None or _OLD in (new["metadata"].get("annotations") or ()):
        return
    found = default_class(entry.object for entry in api.cache.of(STORAGE_CLASS).live.values())
    if found is not None:
        spec["storageClassName"] = found["metadata"]["name"]
