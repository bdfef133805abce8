"""Folders that no path leads to the bottom of, as any pod can make them."""

import os
from pathlib import Path

import pytest

from fairway.node import trees
from fairway.node.runtimes.crun.clearing import remove_tree

KIB = 1024


def nested(folder: Path, name: str, depth: int) -> None:
    """Folders in folders, with a file of 64 KiB at the bottom."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    file = os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here)
    os.write(file, bytes(64 * KIB))
    os.fsync(file)
    os.close(file)
    os.close(here)


@pytest.mark.parametrize(("name", "depth"), [("a", 1500), ("b" * 200, 60)], ids=["many folders", "long names"])
def test_what_lies_deep_is_counted_and_removed(tmp_path: Path, name: str, depth: int) -> None:
    folder = tmp_path / "volume"
    folder.mkdir()
    nested(folder, name, depth)
    assert trees.used_bytes(folder) >= 64 * KIB
    assert remove_tree(folder) == []
    assert not folder.exists()


def test_a_file_with_two_names_counts_once_and_links_are_not_followed(tmp_path: Path) -> None:
    folder, other = tmp_path / "volume", tmp_path / "other"
    for each in (folder, folder / "below", other):
        each.mkdir()
    (other / "large").write_bytes(bytes(256 * KIB))
    (folder / "link").symlink_to(other)
    (folder / "one").write_bytes(bytes(64 * KIB))
    os.link(folder / "one", folder / "below" / "two")
    assert 64 * KIB <= trees.used_bytes(folder) < 128 * KIB


def test_what_is_not_there_takes_nothing(tmp_path: Path) -> None:
    assert trees.used_bytes(tmp_path / "none") == 0
