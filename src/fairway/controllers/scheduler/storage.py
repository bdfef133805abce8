"""Storage: what a pod's claims have to say about when and where it can run.  Pure.

Source: Kubernetes docs, "Persistent Volumes", "Binding"; "Storage Classes", "Volume Binding Mode".
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fairway.kinds.rules.volume_modes import class_of
from fairway.kinds.volumes.storage_class import WAITING
from fairway.objects import Object

UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
CONFLICT = "node(s) had volume node affinity conflict"

Find = Callable[[str], Object | None]
"""An object of one kind, by its name."""


@dataclass(frozen=True, slots=True)
class Storage:
    """How the claims of a pod's namespace, their volumes and classes are found."""

    claim: Find
    volume: Find
    storage_class: Find


def obstacle(pod: Object, storage: Storage) -> str:
    """Why the pod cannot run anywhere yet; empty if its claims are no reason."""
    is_unbound = False
    for name in claims_of(pod):
        claim = storage.claim(name)
        if claim is None:
            return f'persistentvolumeclaim "{name}" not found'
        if "deletionTimestamp" in claim["metadata"]:
            return f'persistentvolumeclaim "{name}" is being deleted'
        phase = (claim.get("status") or {}).get("phase")
        if phase == "Lost":
            volume = claim["spec"].get("volumeName") or ""
            return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"'
        is_unbound = is_unbound or (phase != "Bound" and not _waits_for_pods(claim, storage))
    return UNBOUND if is_unbound else ""


def _waits_for_pods(claim: Object, storage: Storage) -> bool:
    found = storage.storage_class(class_of(claim)) if class_of(claim) else None
    return found is not None and found.get("volumeBindingMode") == WAITING


def claims_of(pod: Object) -> Iterator[str]:
    """The names of the claims that the pod mounts."""
    for volume in pod["spec"].get("volumes") or ():
        if source := volume.get("persistentVolumeClaim"):
            yield source["claimName"]


def node_selectors(pod: Object, storage: Storage) -> list[Object]:
    """What the volumes of the pod's claims demand of its node."""
    found = []
    for name in claims_of(pod):
        volume = storage.volume(((storage.claim(name) or {}).get("spec") or {}).get("volumeName") or "")
        demanded = ((volume or {"spec": {}})["spec"].get("nodeAffinity") or {}).get("required")
        if demanded:
            found.append(demanded)
    return found
