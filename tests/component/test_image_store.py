"""The image store on the real file system: archives, names, removal, crashes."""

import asyncio
import bz2
import gzip
import json
import lzma
import os
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from component.image_files import ImageFiles, image, tar
from component.own_network import needs
from fairway.node import records
from fairway.node.images.layout import DigestMismatch, Layout
from fairway.node.images.store import ImageStore
from fairway.node.machine import Machine
from fairway.node.records import ContainerRecord
from fairway.node.runtimes.interface import RuntimeFailure

pytestmark = needs()
WEB = image({"app/": b"", "app/web": b"1"}, {"app/more": b"2"}, User="web", Cmd=["/app/web"])
OTHER = image({"app/": b"", "app/web": b"1"}, Cmd=["/other"])
NAME = "docker.io/luksa/web:latest"


def machine(folder: Path) -> Machine:
    return Machine(cluster="t", data_dir=folder / "data", run_dir=folder / "run")


def archive(folder: Path, data: bytes, name: str = "image.tar") -> str:
    path = folder / name
    path.write_bytes(data)
    return str(path)


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout


def blobs(store: ImageStore) -> int:
    return len(store.layout.blobs())


@pytest.mark.parametrize("kind", ["oci", "docker"])
async def test_an_archive_is_imported_under_its_own_name(tmp_path: Path, kind: str) -> None:
    store = ImageStore(machine(tmp_path))
    data = WEB.oci_archive("luksa/web:latest") if kind == "oci" else WEB.docker_archive("luksa/web:latest", "b:1")
    names = [NAME] if kind == "oci" else [NAME, "docker.io/library/b:1"]
    (found,) = await store.load(archive(tmp_path, data))
    assert found.id == WEB.id
    assert list(found.names) == names
    assert found.user == "web"
    assert await store.find("luksa/web") == found
    rootfs = store.layout.rootfs(found.id)
    assert [(rootfs.layers_path / layer / "app").is_dir() for layer in rootfs.layers] == [True, True]


async def test_an_image_is_found_by_name_id_and_digest(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    (found,) = await store.load(archive(tmp_path, WEB.oci_archive("luksa/web")))
    (digest,) = found.digests
    for reference in ("luksa/web", NAME, found.id, found.id[7:19], digest, digest.removeprefix("docker.io/")):
        assert await store.find(reference) == found, reference
    for reference in ("luksa/web:v2", "other", "sha256:" + "0" * 64, "NO", digest[:-1] + "0"):
        assert await store.find(reference) is None, reference


async def test_an_archive_can_be_given_another_name(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    (found,) = await store.load(archive(tmp_path, WEB.oci_archive("")), "mine:v1")
    assert found.names == ("docker.io/library/mine:v1",)


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [(".gz", gzip.compress), (".bz2", bz2.compress), (".xz", lzma.compress)],
    ids=["gzip", "bzip2", "xz"],
)
async def test_a_packed_archive_is_imported(tmp_path: Path, suffix: str, pack: Any) -> None:
    store = ImageStore(machine(tmp_path))
    data = pack(WEB.docker_archive("web"))
    assert (await store.load(archive(tmp_path, data, f"image.tar{suffix}")))[0].id == WEB.id


@needs("zstd")
async def test_an_archive_packed_with_zstd_is_imported(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    assert (await store.load(archive(tmp_path, zstd(WEB.docker_archive("web")))))[0].id == WEB.id


async def test_an_archive_may_come_through_a_pipe(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_bytes, args=(gzip.compress(WEB.docker_archive("web")),))
    writer.start()
    (found,) = await store.load(str(path))
    writer.join()
    assert found.id == WEB.id


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"noise" * 1000, "it is no tar archive"),
        (tar({"a": b"x"}), "it has neither index.json (OCI) nor manifest.json (docker save)"),
        (tar({"manifest.json": b"[{"}), "manifest.json in the archive is no JSON"),
        (tar({"manifest.json": b'[{"Config":"c","Layers":[]}]'}), "the archive has no file c"),
        (gzip.compress(WEB.docker_archive("web"))[:-20], "the gzip data ends too early"),
        (WEB.oci_archive(""), "its image has no name: give one with --name"),
        (WEB.docker_archive("NO"), "must be lowercase"),
        (tar({"index.json": b'{"manifests":[]}'}), "it holds no image"),
    ],
)
async def test_a_broken_archive_is_told_why_and_leaves_nothing(tmp_path: Path, data: bytes, why: str) -> None:
    store = ImageStore(machine(tmp_path))
    with pytest.raises(RuntimeFailure) as refusal:
        await store.load(archive(tmp_path, data))
    assert why in str(refusal.value)
    assert await store.list() == []
    await store.load(archive(tmp_path, OTHER.oci_archive("other")))
    assert blobs(store) == 3
    assert list((store.layout.path / "ingest").iterdir()) == []


async def test_a_layer_that_is_not_what_its_config_says_is_refused(tmp_path: Path) -> None:
    forged = ImageFiles([tar({"evil": b"x"})], WEB.config)
    store = ImageStore(machine(tmp_path))
    with pytest.raises(RuntimeFailure, match=r"the config names 2 layers, the manifest 1"):
        await store.load(archive(tmp_path, forged.docker_archive("web")))
    forged.layers.append(forged.layers[0])
    with pytest.raises(RuntimeFailure, match="unexpected commit digest"):
        await store.load(archive(tmp_path, forged.docker_archive("web")))
    assert await store.find("web") is None


async def test_a_name_moves_to_the_image_that_came_last(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    await store.load(archive(tmp_path, WEB.oci_archive("web")))
    await store.load(archive(tmp_path, OTHER.oci_archive("web")))
    assert [each.id for each in await store.list()] == [OTHER.id]


async def test_what_nobody_needs_goes_and_what_is_shared_stays(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    await store.load(archive(tmp_path, WEB.oci_archive("web")))
    await store.load(archive(tmp_path, OTHER.oci_archive("other")))
    assert len(store.layout.unpacked()) == 2
    await store.remove("web")
    assert [each.id for each in await store.list()] == [OTHER.id]
    assert len(store.layout.unpacked()) == 1
    assert blobs(store) == 3
    await store.remove(OTHER.id)
    assert (store.layout.unpacked(), blobs(store), await store.list()) == ([], 0, [])


async def test_an_image_keeps_its_files_until_its_last_name_goes(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    await store.load(archive(tmp_path, WEB.docker_archive("a", "b")))
    await store.remove("a")
    assert (await store.list())[0].names == ("docker.io/library/b:latest",)
    assert len(store.layout.unpacked()) == 2


async def test_an_image_that_a_container_stands_on_keeps_its_layers(tmp_path: Path) -> None:
    where = machine(tmp_path)
    store = ImageStore(where)
    await store.load(archive(tmp_path, WEB.oci_archive("web")))
    record = ContainerRecord("u1", "c", 0, "id", WEB.id, tty=False)
    records.bundle_path(where, "u1", "c", 0).mkdir(parents=True)
    records.write_container(where, record)
    await store.remove("web")
    assert await store.find("web") is None
    assert store.layout.rootfs(WEB.id).layers
    shutil.rmtree(where.run_pods_path)
    await store.load(archive(tmp_path, OTHER.oci_archive("other")))
    with pytest.raises(FileNotFoundError):
        store.layout.rootfs(WEB.id)


async def test_an_image_that_a_container_of_another_node_stands_on_keeps_its_layers(tmp_path: Path) -> None:
    first = machine(tmp_path)
    second = replace(first, node=2, run_dir=tmp_path / "run-2")
    store = ImageStore(replace(first, neighbours=(second.run_path,)))
    await store.load(archive(tmp_path, WEB.oci_archive("web")))
    records.bundle_path(second, "u1", "c", 0).mkdir(parents=True)
    records.write_container(second, ContainerRecord("u1", "c", 0, "id", WEB.id, tty=False))
    await store.remove("web")
    assert store.layout.rootfs(WEB.id).layers
    await ImageStore(first).load(archive(tmp_path, OTHER.oci_archive("other")))
    with pytest.raises(FileNotFoundError):
        store.layout.rootfs(WEB.id)


async def test_removing_what_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFailure, match='image "web" is not in the store'):
        await ImageStore(machine(tmp_path)).remove("web")


async def test_two_processes_see_each_other_s_images(tmp_path: Path) -> None:
    one, other = ImageStore(machine(tmp_path)), ImageStore(machine(tmp_path))
    assert await other.find("web") is None
    await one.load(archive(tmp_path, WEB.oci_archive("web")))
    found = await other.find("web")
    assert found is not None
    await other.remove("web")
    assert await one.find("web") is None


async def test_many_imports_at_once_all_arrive(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    path = archive(tmp_path, WEB.oci_archive(""))
    await asyncio.gather(*(store.load(path, f"web:{number}") for number in range(8)))
    (found,) = await store.list()
    assert len(found.names) == 8
    assert len(store.layout.unpacked()) == 2


async def test_what_a_crash_left_half_written_is_cleared_by_the_next_import(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    store.layout.prepare()
    (store.layout.path / "ingest" / "half").write_bytes(b"x")
    (store.layout.path / "ingest" / "layer" / "root").mkdir(parents=True)
    (store.layout.layers_path / "unknown").mkdir()
    await store.load(archive(tmp_path, WEB.oci_archive("web")))
    assert list((store.layout.path / "ingest").iterdir()) == []
    assert "unknown" not in store.layout.unpacked()


def test_a_blob_that_is_not_its_digest_is_not_kept(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.prepare()
    path = tmp_path / "blob"
    path.write_bytes(b"x")
    with pytest.raises(DigestMismatch), path.open("rb") as source:
        layout.add_blob(source, "sha256:" + "0" * 64)
    assert layout.blobs() == []


async def test_the_store_is_an_oci_layout(tmp_path: Path) -> None:
    store = ImageStore(machine(tmp_path))
    await store.load(archive(tmp_path, WEB.oci_archive("web")))
    assert json.loads((store.layout.path / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (entry,) = json.loads((store.layout.path / "index.json").read_text())["manifests"]
    assert entry["annotations"]["org.opencontainers.image.ref.name"] == "docker.io/library/web:latest"
    assert store.layout.blob_path(entry["digest"]).read_bytes() == WEB.manifest
