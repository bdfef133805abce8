"""Local volumes: the directories of provisioned PersistentVolumes on this machine, removed with their volume.

Shape: a directory that no PersistentVolume names any more goes, when it is told or when the node starts.
"""

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

from fairway.client.interface import Client
from fairway.kinds import PERSISTENT_VOLUME
from fairway.node import trees
from fairway.objects import Object
from fairway.reconcile.informer import Change, Informer

log = logging.getLogger(__name__)


def abandoned(present: Iterable[Path], volumes: Iterable[Object]) -> list[Path]:
    """The directories that belong to none of ``volumes``.  Pure."""
    named = {path for volume in volumes if (path := _path(volume)) is not None}
    return [folder for folder in present if folder not in named]


def _path(volume: Object) -> Path | None:
    path = (volume["spec"].get("hostPath") or {}).get("path")
    return Path(path) if path else None


class LocalVolumes:
    """Watches over what lies directly below ``folder``."""

    def __init__(self, client: Client, folder: Path) -> None:
        self._folder = folder
        self._volumes = Informer(client, PERSISTENT_VOLUME)
        self._gone: asyncio.Queue[Path] = asyncio.Queue()

    async def run(self) -> None:
        """Remove what is left behind; until cancelled."""
        present = list(self._folder.iterdir()) if self._folder.exists() else []
        async with asyncio.TaskGroup() as group:
            group.create_task(self._volumes.run())
            await self._volumes.wait_synced()
            self._volumes.subscribe(self._changed)
            for folder in abandoned(present, self._volumes.items()):
                self._gone.put_nowait(folder)
            while True:
                await asyncio.to_thread(self._remove, await self._gone.get())

    def _changed(self, change: Change) -> None:
        path = _path(change.object) if change.new is None else None
        if path is not None and path.parent == self._folder:
            self._gone.put_nowait(path)

    def _remove(self, folder: Path) -> None:
        try:
            if folder.exists():
                trees.remove(folder)
        except OSError as error:
            log.warning("cannot remove the directory of a volume", extra={"path": str(folder), "error": str(error)})
