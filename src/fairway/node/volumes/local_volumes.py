"""Local volumes: the directories of provisioned PersistentVolumes on this machine, removed with their volume.

Shape: a directory that no PersistentVolume names any more goes, when it is told or when the node starts. Where the last
one that did was to be retained, a mark beside it says so, and whoever wants the room removes both.
Source: Kubernetes docs, "Persistent Volumes", "Reclaiming".
"""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

from fairway.client.interface import Client
from fairway.kinds import PERSISTENT_VOLUME
from fairway.node import trees
from fairway.node.volumes.claimed import PROVISIONED_BY, PROVISIONER
from fairway.objects import Object
from fairway.reconcile.informer import Change, Informer

log = logging.getLogger(__name__)


def abandoned(present: Iterable[Path], volumes: Iterable[Object]) -> list[Path]:
    """The directories that belong to none of ``volumes``.  Pure."""
    named = {path for volume in volumes if (path := _path(volume)) is not None}
    return [folder for folder in present if folder not in named]


def _path(volume: Object) -> Path | None:
    spec = volume["spec"]
    path = (spec.get("local") or spec.get("hostPath") or {}).get("path")
    return Path(path) if path else None


def is_retained(volume: Object) -> bool:
    """Whether what is on a volume outlives it: on all but those that we made, and that are to be deleted."""
    made_by = (volume["metadata"].get("annotations") or {}).get(PROVISIONED_BY)
    return made_by != PROVISIONER or volume["spec"].get("persistentVolumeReclaimPolicy") != "Delete"


def _mark(folder: Path) -> Path:
    """The file that says that a directory is to be retained; a directory's own name may be as long as names can be."""
    return folder.with_name(f".{folder.name.partition('_')[0]}.retained")


class LocalVolumes:
    """Watches over what lies directly below ``folder``."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._folder = folder
        self._volumes = Informer(client, PERSISTENT_VOLUME)
        self._gone: asyncio.Queue[Path] = asyncio.Queue()

    async def run(self) -> None:
        """Remove what is left behind; until cancelled."""
        present = await asyncio.to_thread(self._present)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._volumes.run())
            await self._volumes.wait_synced()
            self._volumes.subscribe(self._changed)
            for volume in self._volumes.items():
                self._note(volume)
            for folder in abandoned(present, self._volumes.items()):
                self._gone.put_nowait(folder)
            while True:
                await asyncio.to_thread(self._remove, await self._gone.get())

    def _present(self) -> list[Path]:
        if not self._folder.exists():
            return []
        folders = (each for each in self._folder.iterdir() if not each.name.startswith("."))
        return [each for each in folders if not _mark(each).exists()]

    def _changed(self, change: Change) -> None:
        if change.new is not None:
            self._note(change.new)
            return
        path = _path(change.object)
        if path is None or path.parent != self._folder or is_retained(change.object):
            return
        if path not in map(_path, self._volumes.items()):
            self._gone.put_nowait(path)

    def _note(self, volume: Object) -> None:
        """Mark its directory as to be retained, or take the mark away."""
        path = _path(volume)
        if path is None or path.parent != self._folder:
            return
        try:
            if is_retained(volume):
                self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
                _mark(path).touch(mode=0o600)
            else:
                _mark(path).unlink(missing_ok=True)
        except OSError as error:
            log.warning("cannot mark the directory of a volume", extra={"path": str(path), "error": str(error)})

    def _remove(self, folder: Path) -> None:
        """Every node of the machine is told, so that another one may have been faster."""
        if folder.exists():
            trees.remove(folder, ignore_errors=True)
        if folder.exists():
            log.warning("cannot remove the directory of a volume", extra={"path": str(folder)})
