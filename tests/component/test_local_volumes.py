"""The directories of PersistentVolumes: removed with their volume, unless what is on it is to be retained."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from component.loops import until
from fairway.client.memory import MemoryClient
from fairway.kinds import PERSISTENT_VOLUME
from fairway.node.volumes.local_volumes import LocalVolumes
from fairway.objects import Object

pytestmark = pytest.mark.component
OURS = "fairway.dev/local"


def volume(folder: Path, name: str, policy: str = "Delete", *, made_by: str = OURS, at: str = "") -> Object:
    (folder / (at or name)).mkdir(parents=True, exist_ok=True)
    return {
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": made_by}},
        "spec": {"persistentVolumeReclaimPolicy": policy, "hostPath": {"path": str(folder / (at or name))}},
    }


@asynccontextmanager
async def watched(client: MemoryClient, folder: Path) -> AsyncIterator[None]:
    running = asyncio.create_task(LocalVolumes(client, folder).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def until_gone(path: Path) -> None:
    async with asyncio.timeout(10):
        await until(lambda: not path.exists())


def shown(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if not each.name.startswith("."))


async def test_what_is_retained_outlives_its_volume_and_starts_of_the_node(tmp_path: Path) -> None:
    client, folder = MemoryClient(), tmp_path / "volumes"
    for name, policy, made_by, at in (
        ("a", "Retain", OURS, ""), ("b", "Delete", "somebody", ""), ("c", "Delete", OURS, ""),
        ("d", "Delete", OURS, "c"), ("last", "Delete", OURS, ""),
    ):  # fmt: skip
        client.put(PERSISTENT_VOLUME, volume(folder, name, policy, made_by=made_by, at=at))
    (folder / "nobodys").mkdir()
    async with watched(client, folder):
        await until_gone(folder / "nobodys")
        for name in ("a", "b", "d", "last"):
            client.remove(PERSISTENT_VOLUME, None, name)
        await until_gone(folder / "last")
        assert shown(folder) == ["a", "b", "c"]
        client.remove(PERSISTENT_VOLUME, None, "c")
        await until_gone(folder / "c")
    (folder / "nobodys").mkdir()
    async with watched(client, folder):
        await until_gone(folder / "nobodys")
    assert shown(folder) == ["a", "b"]


async def test_who_changes_his_mind_is_heard(tmp_path: Path) -> None:
    client, folder = MemoryClient(), tmp_path / "volumes"
    client.put(PERSISTENT_VOLUME, volume(folder, "x", "Retain"))
    async with watched(client, folder):
        client.put(PERSISTENT_VOLUME, volume(folder, "x", "Delete"))
        client.remove(PERSISTENT_VOLUME, None, "x")
        await until_gone(folder / "x")
