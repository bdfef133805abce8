"""Pulling from a real registry on loopback, healthy and faulty."""

import asyncio
import base64
import json
import platform
from pathlib import Path

import pytest

from component.image_files import describe, digest, image
from component.image_registry import TOKEN, Registry, registry
from component.own_network import needs
from fairway.node.images.manifest import ARCHITECTURES
from fairway.node.images.store import CREDENTIALS_FILE, ImageStore
from fairway.node.machine import Machine
from fairway.node.runtimes.interface import RuntimeFailure

pytestmark = needs()
WEB = image({"app/": b"", "app/web": b"1"}, {"app/more": b"2"}, Cmd=["/app/web"])
OTHER = image({"app/": b"", "app/other": b"1"}, Cmd=["/app/other"])


def store_in(folder: Path) -> ImageStore:
    (folder / "data").mkdir(exist_ok=True)
    machine = Machine(cluster="t", data_dir=folder / "data", run_dir=folder / "run")
    return ImageStore(machine, pause=lambda seconds: None)


def log_in(folder: Path, host: str, user: str, password: str) -> None:
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / CREDENTIALS_FILE).write_text(json.dumps({"auths": {host: {"auth": auth}}}))


async def failure_of(store: ImageStore, reference: str) -> RuntimeFailure:
    with pytest.raises(RuntimeFailure) as refusal:
        await store.pull(reference)
    return refusal.value


async def test_an_image_is_pulled_by_tag_and_digest(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with registry() as found:
        found.add("team/web", "v1", WEB)
        pulled = await store.pull(f"{found.host}/team/web:v1")
        by_digest = await store.pull(f"{found.host}/team/web@{digest(WEB.manifest)}")
    assert pulled.id == by_digest.id == WEB.id
    assert pulled.names == (f"{found.host}/team/web:v1",)
    assert pulled.digests == (f"{found.host}/team/web@{digest(WEB.manifest)}",)
    assert len(store.layout.rootfs(WEB.id).layers) == 2


async def test_of_a_list_the_manifest_of_this_machine_is_pulled(tmp_path: Path) -> None:
    architecture, variant = ARCHITECTURES[platform.machine()]
    ours = {"os": "linux", "architecture": architecture, "variant": variant}
    with registry() as found:
        found.add("web", "ours", WEB)
        found.add("web", "theirs", OTHER)
        media = "application/vnd.oci.image.manifest.v1+json"
        entries = [
            describe(media, OTHER.manifest) | {"platform": {"os": "linux", "architecture": "vax"}},
            describe(media, WEB.manifest) | {"platform": ours},
        ]
        found.add_list("web", "v1", {"schemaVersion": 2, "manifests": entries})
        pulled = await store_in(tmp_path).pull(f"{found.host}/web:v1")
        assert pulled.id == WEB.id
        assert pulled.digests == (f"{found.host}/web@{digest(found.manifests['web:v1'][1])}",)
        found.add_list("web", "v2", {"schemaVersion": 2, "manifests": entries[:1]})
        refusal = await failure_of(store_in(tmp_path), f"{found.host}/web:v2")
    assert "no match for platform in manifest: not found" in str(refusal)


async def test_a_missing_image_is_told_as_users_know_it(tmp_path: Path) -> None:
    with registry() as found:
        refusal = await failure_of(store_in(tmp_path), f"{found.host}/web:v9")
    name = f"{found.host}/web:v9"
    assert refusal.reason == "ErrImagePull"
    assert str(refusal) == (
        f'failed to pull and unpack image "{name}": failed to resolve reference "{name}": {name}: not found'
    )


async def test_a_registry_that_is_not_there_is_told(tmp_path: Path) -> None:
    with registry() as found:
        host = found.host
    refusal = await failure_of(store_in(tmp_path), f"{host}/web")
    assert f'failed to do request: Get "http://{host}/v2/web/manifests/latest": ' in str(refusal)
    assert "Connection refused" in str(refusal)


async def test_a_name_that_is_none_is_told(tmp_path: Path) -> None:
    refusal = await failure_of(store_in(tmp_path), "Web")
    assert refusal.reason == "InvalidImageName"
    assert str(refusal) == (
        'Failed to apply default image tag "Web": couldn\'t parse image name "Web": '
        "invalid reference format: repository name (library/Web) must be lowercase"
    )


@pytest.mark.parametrize("kind", ["bearer", "basic"])
async def test_a_registry_that_asks_who_we_are_is_answered(tmp_path: Path, kind: str) -> None:
    with registry() as found:
        found.add("web", "latest", WEB)
        found.authentication, found.users = kind, {"ann": "secret"}
        refusal = await failure_of(store_in(tmp_path), f"{found.host}/web")
        log_in(tmp_path, found.host, "ann", "wrong")
        wrong = await failure_of(store_in(tmp_path), f"{found.host}/web")
        log_in(tmp_path, found.host, "ann", "secret")
        pulled = await store_in(tmp_path).pull(f"{found.host}/web")
    assert pulled.id == WEB.id
    for each in (refusal, wrong):
        assert "authoriz" in str(each)


async def test_an_anonymous_token_is_fetched_once(tmp_path: Path) -> None:
    with registry() as found:
        found.add("web", "latest", WEB)
        found.authentication = "bearer"
        await store_in(tmp_path).pull(f"{found.host}/web")
    assert len([path for path in found.requests if path.startswith("/token")]) == 1


async def test_the_token_does_not_follow_a_redirect_to_another_host(tmp_path: Path) -> None:
    with registry() as found:
        found.add("web", "latest", WEB)
        found.authentication, found.redirect_blobs = "bearer", True
        await store_in(tmp_path).pull(f"{found.host}/web")
    sent = {path.split("/")[1]: header for path, header in found.authorized}
    assert sent["v2"] == f"Bearer {TOKEN}"
    assert sent["elsewhere"] == ""


async def test_a_corrupt_blob_is_never_kept(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with registry() as found:
        found.add("web", "latest", WEB)
        bad = digest(WEB.blobs[1])
        found.corrupt.add(bad)
        refusal = await failure_of(store, f"{found.host}/web")
        assert f'failed commit on ref "layer-{bad}": unexpected commit digest' in str(refusal)
        assert not store.layout.has_blob(bad)
        assert await store.find(f"{found.host}/web") is None
        found.corrupt.clear()
        assert (await store.pull(f"{found.host}/web")).id == WEB.id


async def test_passing_failures_are_tried_again(tmp_path: Path) -> None:
    with registry() as found:
        found.add("web", "latest", WEB)
        found.failures = [503, 429, 500]
        assert (await store_in(tmp_path).pull(f"{found.host}/web")).id == WEB.id


async def test_lasting_failures_are_told(tmp_path: Path) -> None:
    with registry() as found:
        found.add("web", "latest", WEB)
        found.failures = [503] * 50
        refusal = await failure_of(store_in(tmp_path), f"{found.host}/web")
    assert "unexpected status from GET request to" in str(refusal)
    assert "503" in str(refusal)


async def test_pulls_of_one_image_at_once_are_one(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with registry() as found:
        found.add("web", "latest", WEB)
        images = await asyncio.gather(*(store.pull(f"{found.host}/web") for _ in range(5)))
        assert {each.id for each in images} == {WEB.id}
        assert len([path for path in found.requests if "/manifests/" in path]) == 1


async def test_what_is_here_is_not_fetched_again(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    with registry() as found:
        found.add("web", "latest", WEB)
        await store.pull(f"{found.host}/web")
        found.requests.clear()
        await store.pull(f"{found.host}/web")
        assert [path for path in found.requests if "/blobs/" in path] == []


def test_a_registry_keeps_what_it_is_given() -> None:
    found = Registry()
    found.add("web", "v1", WEB)
    assert set(found.blobs) == {WEB.id, *map(digest, WEB.blobs)}
