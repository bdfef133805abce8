"""Claimed volumes: where on this machine the storage of a PersistentVolumeClaim lies.

Source: Kubernetes docs, "Persistent Volumes", "Claims As Volumes".
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from fairway.node.environment import Reference, Sources
from fairway.node.field_refs import ReferenceProblem
from fairway.node.volumes.host_path import checked_path
from fairway.objects import Object

CLAIM, VOLUME = "PersistentVolumeClaim", "PersistentVolume"
PROVISIONED_BY, PROVISIONER = "pv.kubernetes.io/provisioned-by", "fairway.dev/local"


class NotBound(ReferenceProblem):
    """The claim has no volume yet; where volumes wait for their first consumer that is how every pod begins."""


def volumes_of(sources: Sources) -> Iterator[Reference]:
    """The volumes that the claims among ``sources`` are bound to."""
    for (kind, _), found in sources.items():
        if kind == CLAIM and found is not None and (name := found["spec"].get("volumeName")):
            yield VOLUME, name


def claimed_path(volume: Object, sources: Mapping[Reference, Object | None], gid: int | None) -> Path:
    """The directory of a pod's volume that is a claim.  Raises: ``ReferenceProblem``, ``OSError``."""
    name = volume["persistentVolumeClaim"]["claimName"]
    claim = sources.get((CLAIM, name))
    if claim is None:
        raise ReferenceProblem(f'persistentvolumeclaim "{name}" not found')
    if (claim.get("status") or {}).get("phase") != "Bound":
        raise NotBound(f'persistentvolumeclaim "{name}" is not bound to a volume yet')
    found = sources.get((VOLUME, claim["spec"].get("volumeName") or ""))
    if found is None:
        raise ReferenceProblem(f'persistentvolume "{claim["spec"].get("volumeName")}" not found')
    if claim["spec"].get("volumeMode") == "Block":
        raise ReferenceProblem("volumes of mode Block are not supported by this node")
    return _path(found, gid)


def _path(found: Object, gid: int | None) -> Path:
    spec = found["spec"]
    if "local" in spec:
        return checked_path({"hostPath": {"path": spec["local"]["path"], "type": "Directory"}})
    if "hostPath" not in spec:
        kind = next((name for name in spec if isinstance(spec[name], dict) and name not in _NO_SOURCES), "unknown")
        raise ReferenceProblem(f"volume type {kind} is not supported by this node")
    path = Path(spec["hostPath"]["path"])
    is_new = not path.exists()
    place = checked_path(spec)
    if (found["metadata"].get("annotations") or {}).get(PROVISIONED_BY) == PROVISIONER:
        _open_up(place, gid, is_new=is_new)
    return place


_NO_SOURCES = ("capacity", "claimRef", "nodeAffinity")


def _open_up(place: Path, gid: int | None, *, is_new: bool) -> None:
    """A directory of ours is for whatever user the pod runs as, and for its group."""
    if is_new:
        place.chmod(0o777)
    if gid is not None and place.stat().st_gid != gid:
        os.chown(place, -1, gid)
        place.chmod(0o2777)
