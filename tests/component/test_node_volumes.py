"""Volumes on a real file system: replaced in one step, never left by a path, gone with their pod."""

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.field_refs import ReferenceProblem, Surroundings
from fairway.node.settings import Settings
from fairway.node.volumes import limits
from fairway.node.volumes.atomic_directory import write
from fairway.node.volumes.payload import File
from fairway.node.volumes.pod_volumes import PodVolumes
from pure.node_cases import UID, pod

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
AROUND = Surroundings()


@pytest.fixture
def volumes(tmp_path: Path) -> PodVolumes:
    return PodVolumes(Settings(node_name="n1", node_ips=("192.0.2.1",), root_dir=tmp_path), UID)


def contents(directory: Path) -> dict[str, bytes]:
    """What a reader inside a container sees."""
    return {
        str(Path(folder).relative_to(directory) / name): (Path(folder) / name).read_bytes()
        for folder, folders, names in os.walk(directory, followlinks=True)
        if not Path(folder).name.startswith("..")
        for name in names
        if not any(part.startswith("..") for part in (Path(folder).relative_to(directory) / name).parts)
    }


NAMES = st.sampled_from(["a", "b", "deep/c", "deep/d", "e/f/g"])
PAYLOADS = st.dictionaries(NAMES, st.binary(max_size=20), max_size=5)


@given(st.lists(PAYLOADS, min_size=1, max_size=4))
def test_a_directory_shows_exactly_what_was_written_last(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[dict[str, bytes]]
) -> None:
    directory = tmp_path_factory.mktemp("volume")
    for wanted in payloads:
        write(directory, {name: File(content) for name, content in wanted.items()})
        assert contents(directory) == wanted
    assert len([entry for entry in os.scandir(directory) if entry.name.startswith("..generation")]) == 1


def test_an_equal_payload_is_not_written_again(tmp_path: Path) -> None:
    assert write(tmp_path / "v", {"a": File(b"1")})
    before = os.readlink(tmp_path / "v" / "..data")
    assert not write(tmp_path / "v", {"a": File(b"1")})
    assert os.readlink(tmp_path / "v" / "..data") == before


def test_files_have_their_modes(tmp_path: Path) -> None:
    write(tmp_path / "v", {"a": File(b"1", 0o400)})
    assert stat.S_IMODE((tmp_path / "v" / "a").stat().st_mode) == 0o400


def test_an_empty_dir_is_for_everybody_and_kept(volumes: PodVolumes) -> None:
    wanted = pod(volumes=[{"name": "scratch", "emptyDir": {}}])
    place = volumes.prepare(wanted, {}, AROUND)["scratch"]
    assert stat.S_IMODE(place.stat().st_mode) == 0o777
    (place / "kept").touch()
    assert (volumes.prepare(wanted, {}, AROUND)["scratch"] / "kept").exists()
    volumes.remove()
    assert not volumes.directory.exists()


def test_a_missing_host_path_is_told_by_its_type(volumes: PodVolumes, tmp_path: Path) -> None:
    wanted = pod(volumes=[{"name": "h", "hostPath": {"path": str(tmp_path / "none"), "type": "Directory"}}])
    with pytest.raises(ReferenceProblem, match=r'volume "h" : hostPath type check failed: .* is not a directory'):
        volumes.prepare(wanted, {}, AROUND)


def test_a_kind_of_volume_that_is_not_served_is_named(volumes: PodVolumes) -> None:
    with pytest.raises(ReferenceProblem, match="volume type nfs is not supported by this node"):
        volumes.prepare(pod(volumes=[{"name": "n", "nfs": {"server": "x", "path": "/"}}]), {}, AROUND)


@needs_root
def test_an_empty_dir_in_memory_is_limited_and_unmounted(volumes: PodVolumes) -> None:
    wanted = pod(volumes=[{"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "64Ki"}}])
    place = volumes.prepare(wanted, {}, AROUND)["m"]
    try:
        assert place.is_mount()
        assert os.statvfs(place).f_blocks * os.statvfs(place).f_frsize == 65536
    finally:
        volumes.remove()
    assert not volumes.directory.exists()


@needs_root
def test_a_sub_path_is_made_where_it_is_missing_and_leads_nowhere_else(volumes: PodVolumes, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("no")
    wanted = pod(volumes=[{"name": "scratch", "emptyDir": {}}])
    places = volumes.prepare(wanted, {}, AROUND)
    (places["scratch"] / "link").symlink_to(outside)
    own = {"name": "main", "volumeMounts": [{"name": "scratch", "mountPath": "/made", "subPathExpr": "dir-$(X)"}]}
    led = {"name": "main", "volumeMounts": [{"name": "scratch", "mountPath": "/led", "subPath": "link/secret"}]}
    try:
        [made] = volumes.mounts_of(own, 0, places, {"X": "1"})
        (places["scratch"] / "dir-1" / "seen").touch()
        assert (Path(made.source) / "seen").exists()
        with pytest.raises(OSError, match="link"):
            volumes.mounts_of(led, 0, places, {})
    finally:
        volumes.remove()
    assert (outside / "secret").read_text() == "no"


def test_a_sub_path_may_not_climb(volumes: PodVolumes) -> None:
    places = volumes.prepare(pod(volumes=[{"name": "scratch", "emptyDir": {}}]), {}, AROUND)
    container = {"name": "main", "volumeMounts": [{"name": "scratch", "mountPath": "/x", "subPath": "../.."}]}
    with pytest.raises(ReferenceProblem, match="must not contain"):
        volumes.mounts_of(container, 0, places, {})


def test_a_volume_on_disk_is_held_against_its_limit(tmp_path: Path) -> None:
    settings = Settings(node_name="n", node_ips=("10.0.0.1",), root_dir=tmp_path)
    listed = [
        {"name": "free", "emptyDir": {}}, {"name": "small", "emptyDir": {"sizeLimit": "64Ki"}},
        {"name": "zero", "emptyDir": {"sizeLimit": "0"}},
    ]  # fmt: skip
    wanted = pod(volumes=listed)
    places = PodVolumes(settings, wanted["metadata"]["uid"]).prepare(wanted, {}, AROUND)
    for place in places.values():
        (place / "below").mkdir()
        (place / "below" / "file").write_bytes(b"x" * 40_000)
        (place / "another-name").hardlink_to(place / "below" / "file")
        (place / "sparse").touch()
        os.truncate(place / "sparse", 1 << 30)
    assert limits.outgrown(settings, wanted, nothing) == ""
    (places["small"] / "more").write_bytes(b"x" * 40_000)
    assert limits.outgrown(settings, wanted, nothing) == 'Usage of EmptyDir volume "small" exceeds the limit "64Ki". '
    in_memory = {"name": "m", "emptyDir": {"medium": "Memory", "sizeLimit": "1Ki"}}
    assert [limits.is_limited(pod(volumes=listed)) for listed in ([in_memory], listed)] == [False, True]


def nothing(uid: str, name: str) -> list[str]:
    return []


STORAGE = "ephemeral-storage"


@pytest.mark.parametrize(
    ("sizes", "why"),
    [
        ({"main/layer": 30, "main/logs": 20, "side/layer": 40, "scratch": 10}, ""),
        ({"main/layer": 50, "main/logs": 20}, 'Container main exceeded its local ephemeral storage limit "64Ki". '),
        (
            {"main/layer": 30, "side/layer": 90, "scratch": 20},
            "Pod ephemeral local storage usage exceeds the total limit of containers 131072. ",
        ),
    ],
    ids=["within", "a container", "the pod with its volumes"],
)
def test_what_containers_write_is_held_against_their_limits(tmp_path: Path, sizes: dict[str, int], why: str) -> None:
    settings = Settings(node_name="n", node_ips=("10.0.0.1",), root_dir=tmp_path / "node")
    names = ("main", "side")
    wanted = pod(
        containers=[{"name": name, "resources": {"limits": {STORAGE: "64Ki"}}} for name in names],
        volumes=[{"name": "scratch", "emptyDir": {}}],
    )
    places = PodVolumes(settings, wanted["metadata"]["uid"]).prepare(wanted, {}, AROUND)
    folders = {f"{name}/{kind}": tmp_path / name / kind for name in names for kind in ("layer", "logs")}
    for name, kilobytes in sizes.items():
        folder = {**folders, **places}[name]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "file").write_bytes(b"x" * 1024 * kilobytes)

    def written(uid: str, name: str) -> list[str]:
        assert uid == wanted["metadata"]["uid"]
        return [str(folders[f"{name}/{kind}"]) for kind in ("layer", "logs")]

    assert limits.is_limited(wanted)
    assert limits.outgrown(settings, wanted, written) == why
