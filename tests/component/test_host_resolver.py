"""The resolver's commands where they can do nothing: what they say instead."""

import os
from pathlib import Path

import pytest

from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError
from fairway.cluster.resolver import host


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = Config(name="resolver-none", data_dir=str(tmp_path))
    made.state_dir.mkdir()
    return made


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_cluster_that_is_down_is_not_entered(config: Config) -> None:
    with pytest.raises(ClusterError, match='"resolver-none" is not up') as refused:
        host.install(config)
    assert refused.value.fix == f"start it: sudo fairway up --name resolver-none --data-dir {config.data_dir}"


def test_it_takes_root(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    for action, call in (("install-resolver", host.install), ("remove-resolver", host.remove)):
        with pytest.raises(ClusterError, match=f"fairway dns {action} needs root"):
            call(config)


def test_up_enters_nothing_that_is_not_wanted(config: Config) -> None:
    before = Path("/etc/resolv.conf").read_bytes()
    host.renew(config)
    assert Path("/etc/resolv.conf").read_bytes() == before
