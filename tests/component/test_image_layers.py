"""A layer unpacked on the real file system, friendly and hostile."""

import io
import os
import stat
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from component.image_files import Content, tar
from component.own_network import needs
from fairway.node.images.layers import InvalidLayer, unpack_layer

pytestmark = needs()


def entry(name: str, kind: bytes = tarfile.REGTYPE, **fields: Any) -> tarfile.TarInfo:
    found = tarfile.TarInfo(name)
    found.type = kind
    found.mode = 0o644
    for field, value in fields.items():
        setattr(found, field, value)
    return found


def unpacked(folder: Path, files: list[tuple[str, Content]]) -> Path:
    root = folder / "root"
    root.mkdir()
    unpack_layer(io.BytesIO(tar(files)), root)
    return root


def test_files_folders_and_links_are_as_in_the_archive(tmp_path: Path) -> None:
    hard = entry("usr/hard", tarfile.LNKTYPE, linkname="usr/bin/tool")
    folder = entry("usr", tarfile.DIRTYPE, mode=0o750, mtime=1000)
    root = unpacked(
        tmp_path,
        [("usr", folder), ("usr/bin/tool", b"#!x"), ("usr/hard", hard), ("bin", "usr/bin"), ("a/b/c", b"deep")],
    )
    assert (root / "usr/bin/tool").read_bytes() == b"#!x"
    assert (root / "usr/hard").stat().st_ino == (root / "usr/bin/tool").stat().st_ino
    assert os.readlink(root / "bin") == "usr/bin"
    assert (root / "a/b/c").read_bytes() == b"deep"
    assert stat.S_IMODE((root / "usr").stat().st_mode) == 0o750
    assert (root / "usr").stat().st_mtime == 1000


def test_owners_set_id_bits_and_attributes_are_kept(tmp_path: Path) -> None:
    owned = entry("su", uid=7, gid=8, mode=0o4755, pax_headers={"SCHILY.xattr.user.note": "hello"})
    capable = entry("ping", pax_headers={"SCHILY.xattr.security.capability": "\x01\0\0\x02\0\x20\0\0" + "\0" * 12})
    root = unpacked(tmp_path, [("su", owned), ("ping", capable)])
    status = (root / "su").stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (7, 8, 0o4755)
    assert os.getxattr(root / "su", "user.note") == b"hello"
    assert os.getxattr(root / "ping", "security.capability").startswith(b"\x01\0\0\x02")


def test_whiteouts_become_what_overlayfs_understands(tmp_path: Path) -> None:
    root = unpacked(
        tmp_path, [("etc/.wh.gone", b""), ("opt/.wh..wh..opq", b""), ("opt/new", b"n"), (".wh..wh.aufs", b"")]
    )
    gone = (root / "etc/gone").lstat()
    assert stat.S_ISCHR(gone.st_mode)
    assert gone.st_rdev == os.makedev(0, 0)
    assert os.getxattr(root / "opt", "trusted.overlay.opaque") == b"y"
    assert sorted(path.name for path in (root / "opt").iterdir()) == ["new"]


def test_a_later_entry_replaces_an_earlier_one(tmp_path: Path) -> None:
    root = unpacked(tmp_path, [("a/x", b"1"), ("a", b"file now"), ("b", "nowhere"), ("b/y", b"2")][:2])
    assert (root / "a").read_bytes() == b"file now"


def test_devices_and_pipes_are_made(tmp_path: Path) -> None:
    null = entry("null", tarfile.CHRTYPE, devmajor=1, devminor=3)
    pipe = entry("pipe", tarfile.FIFOTYPE)
    root = unpacked(tmp_path, [("null", null), ("pipe", pipe)])
    assert (root / "null").stat().st_rdev == os.makedev(1, 3)
    assert stat.S_ISFIFO((root / "pipe").stat().st_mode)


def test_a_path_that_climbs_out_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidLayer, match="leads out of the layer"):
        unpacked(tmp_path, [("../evil", b"x")])
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("target", ["/", "../..", "/tmp", "{outside}"])
def test_a_link_does_not_lead_what_follows_it_out(tmp_path: Path, target: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = target.format(outside=outside)
    files: list[tuple[str, Content]] = [("door", link), ("door/evil-7f3a", b"x")]
    with suppress(InvalidLayer):
        unpacked(tmp_path, files)
    assert list(outside.iterdir()) == []
    assert not Path("/evil-7f3a").exists()
    assert not Path("/tmp/evil-7f3a").exists()


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    root = unpacked(tmp_path, [("x", str(victim)), ("x", b"evil")])
    assert victim.read_text() == "safe"
    assert (root / "x").read_bytes() == b"evil"


def test_a_hard_link_cannot_reach_outside(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("safe")
    with pytest.raises(InvalidLayer):
        unpacked(tmp_path, [("x", entry("x", tarfile.LNKTYPE, linkname="../victim"))])
    with pytest.raises(InvalidLayer, match="is not there"):
        (tmp_path / "root").rmdir()
        unpacked(tmp_path, [("x", entry("x", tarfile.LNKTYPE, linkname=str(victim)))])


def test_an_archive_cannot_steer_the_overlay(tmp_path: Path) -> None:
    steering = entry("d", tarfile.DIRTYPE, pax_headers={"SCHILY.xattr.trusted.overlay.redirect": "/etc"})
    root = unpacked(tmp_path, [("d", steering)])
    assert os.listxattr(root / "d") == []


@pytest.mark.parametrize("data", [b"no tar at all" * 100, tar({"a": b"x" * 5000})[:2000]], ids=["noise", "cut off"])
def test_what_is_no_whole_tar_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "root").mkdir()
    with pytest.raises(InvalidLayer):
        unpack_layer(io.BytesIO(data), tmp_path / "root")
