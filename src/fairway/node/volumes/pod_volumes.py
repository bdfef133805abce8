"""Pod volumes: makes the volumes of one pod on this machine, keeps them current and takes them away.

Shape: everything of a pod lies in two directories, ``<root>/pods/<uid>`` and, for secret material,
``<secrets>/<uid>``; both are found again after a restart because they are named by the uid.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from fairway.node import trees
from fairway.node.environment import Sources
from fairway.node.expansion import expanded
from fairway.node.field_refs import ReferenceProblem, Surroundings
from fairway.node.pod_spec import fs_group
from fairway.node.propagation import mounts_below
from fairway.node.runtimes.interface import Mount
from fairway.node.settings import Settings
from fairway.node.syscalls import mount, umount
from fairway.node.volumes import atomic_directory
from fairway.node.volumes.claimed import NotBound, claimed_path
from fairway.node.volumes.host_path import checked_path
from fairway.node.volumes.payload import Payload, is_secret, is_written, payload
from fairway.node.volumes.sub_path import pinned
from fairway.objects import Object
from fairway.objects.quantity import parse

MS_NOSUID, MS_NODEV = 2, 4


class PodVolumes:
    """The volumes of the pod with ``uid``."""

    def __init__(self, settings: Settings, uid: str) -> None:
        self.directory = settings.pods_dir / uid
        self._written: dict[str, int] = {}
        """Hashes of what lies in the volumes, so that files are looked at only where something else is wanted."""
        self._secrets = settings.secrets_dir / uid if settings.secrets_dir else self.directory / "secrets"

    def prepare(self, pod: Object, sources: Sources, around: Surroundings) -> dict[str, Path]:
        """Make every volume that is missing; volume name -> where it lies.  May be repeated.

        Raises: ``ReferenceProblem`` naming the volume, ``OSError``.
        """
        self.directory.mkdir(mode=0o750, parents=True, exist_ok=True)
        places = {}
        for volume in pod["spec"].get("volumes") or []:
            try:
                places[volume["name"]] = self._prepare(pod, volume, sources, around)
            except NotBound:
                raise
            except (ReferenceProblem, OSError) as error:
                text = f'MountVolume.SetUp failed for volume "{volume["name"]}" : {error}'
                raise ReferenceProblem(text) from error
        return places

    def refresh(self, pod: Object, sources: Sources, around: Surroundings) -> bool:
        """Write anew what came from the API and has changed; say whether anything did."""
        changed = False
        for volume in pod["spec"].get("volumes") or []:
            if is_written(volume):
                changed = self._write(pod, volume, payload(pod, volume, sources, around)) or changed
        return changed

    def _write(self, pod: Object, volume: Object, files: Payload) -> bool:
        content = hash(frozenset(files.items()))
        if self._written.get(volume["name"]) == content:
            return False
        changed = atomic_directory.write(self.place(volume), files, fs_group(pod))
        self._written[volume["name"]] = content
        return changed

    def place(self, volume: Object) -> Path:
        """Where a volume lies that is made here, not found."""
        base = self._secrets if is_secret(volume) else self.directory / "volumes"
        place: Path = base / volume["name"]
        return place

    def _prepare(self, pod: Object, volume: Object, sources: Sources, around: Surroundings) -> Path:
        if "hostPath" in volume:
            return checked_path(volume)
        if "persistentVolumeClaim" in volume:
            return claimed_path(volume, sources, fs_group(pod))
        place = self.place(volume)
        if is_written(volume):
            self._write(pod, volume, payload(pod, volume, sources, around))
        elif "emptyDir" in volume or set(volume) == {"name"}:
            self._prepare_empty(volume.get("emptyDir") or {}, place, fs_group(pod))
        else:
            kind = next(name for name in volume if name != "name")
            raise ReferenceProblem(f"volume type {kind} is not supported by this node")
        return place

    def _prepare_empty(self, empty_dir: Object, place: Path, gid: int | None) -> None:
        is_memory = empty_dir.get("medium") == "Memory"
        if place.exists() and not (is_memory and not place.is_mount()):
            return
        place.mkdir(parents=True, exist_ok=True)
        if is_memory:
            limit = empty_dir.get("sizeLimit")
            size = f"size={parse(str(limit)).whole}" if limit else ""
            mount("tmpfs", str(place), "tmpfs", MS_NOSUID | MS_NODEV, size)
        if gid is not None:
            os.chown(place, -1, gid)
        place.chmod(0o2777 if gid is not None else 0o777)

    def mounts_of(
        self, container: Object, attempt: int, places: Mapping[str, Path], variables: Mapping[str, str]
    ) -> list[Mount]:
        """What a container mounts of the pod's volumes.  Raises: ``ReferenceProblem``, ``OSError``."""
        found = []
        for index, wanted in enumerate(container.get("volumeMounts") or []):
            place = places.get(wanted["name"])
            if place is None:
                raise ReferenceProblem(f'volume "{wanted["name"]}" of container "{container["name"]}" does not exist')
            sub_path = wanted.get("subPath") or expanded(wanted.get("subPathExpr") or "", variables)
            if sub_path:
                target = self.directory / "subpaths" / f"{container['name']}-{attempt}-{index}"
                place = pinned(place, sub_path, target)
            found.append(Mount(str(place), wanted["mountPath"], read_only=bool(wanted.get("readOnly"))))
        return found

    def remove(self) -> None:
        """Take away everything; nothing left is harmless.  Raises: ``OSError``.

        Nothing is deleted below a mount point: a bind mount may show files that are not the pod's.
        """
        for directory in (self.directory, self._secrets):
            if directory.exists():
                for point in mounts_below(directory):
                    umount(point)
                if left := mounts_below(directory):
                    raise OSError(f"cannot remove {directory}: {left[0]} is still mounted")
                trees.remove(directory)
