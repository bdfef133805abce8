"""A cluster's context in the kubeconfigs of its users: which file, whose, and how it is taken out again."""

import os
import pwd
from pathlib import Path

import pytest
import yaml

from fairway.cluster import kubeconfig
from fairway.cluster.config import Config
from fairway.cluster.errors import ClusterError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
OTHERS = """\
apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://192.0.2.9:6443
  name: work
contexts:
- context:
    cluster: work
    namespace: '007'
    user: me
  name: work
current-context: work
preferences: {}
users:
- name: me
  user:
    token: 0123
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("KUBECONFIG", "SUDO_UID", "SUDO_COMMAND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def cluster(home: Path, name: str = "one") -> Config:
    config = Config(name=name, data_dir=str(home.parent / "data"))
    config.pki_dir.mkdir(parents=True)
    for file in ("ca.crt", "admin.crt", "admin.key"):
        (config.pki_dir / file).write_text(f"{name} {file}")
    return config


def current(file: Path) -> str:
    found: str = yaml.safe_load(file.read_text())["current-context"]
    return found


def test_a_file_made_for_clusters_goes_with_the_last_of_them(home: Path) -> None:
    one, two = cluster(home), cluster(home, "two")
    file = home / ".kube" / "config"
    assert kubeconfig.merge(one) == file
    assert kubeconfig.merge(two) == file
    assert current(file) == "fairway-two"
    kubeconfig.remove(one)
    assert current(file) == "fairway-two"
    kubeconfig.remove(two)
    assert not file.exists()


def test_what_others_wrote_stays_byte_for_byte(home: Path) -> None:
    one, file = cluster(home), home / ".kube" / "config"
    file.parent.mkdir()
    file.write_text(OTHERS)
    kubeconfig.merge(one)
    kubeconfig.merge(one)
    assert current(file) == "fairway-one"
    assert "token: 0123\n" in file.read_text()
    kubeconfig.remove(one)
    assert file.read_text() == OTHERS


def test_the_first_of_several_files_is_written(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = home / "first", home / "second"
    second.write_text(OTHERS)
    monkeypatch.setenv("KUBECONFIG", f"{first}{os.pathsep}{second}")
    one = cluster(home)
    assert kubeconfig.merge(one) == first
    assert (current(first), second.read_text()) == ("fairway-one", OTHERS)
    kubeconfig.remove(one)
    assert not first.exists()


def test_the_context_is_taken_out_of_every_file_it_went_into(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = cluster(home)
    for name in ("first", "second"):
        (home / name).write_text(OTHERS)
        monkeypatch.setenv("KUBECONFIG", str(home / name))
        kubeconfig.merge(one)
    monkeypatch.delenv("KUBECONFIG")
    kubeconfig.remove(one)
    assert [(home / name).read_text() for name in ("first", "second")] == [OTHERS, OTHERS]
    assert not (home / ".kube").exists()


@needs_root
def test_behind_sudo_it_is_the_users_file_and_his_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    user = pwd.struct_passwd(("someone", "x", 12345, 12346, "", str(home / "someone"), "/bin/sh"))
    (home / "someone").mkdir()
    monkeypatch.setattr(kubeconfig.pwd, "getpwuid", lambda uid: user if uid == 12345 else None)
    monkeypatch.setenv("SUDO_UID", "12345")
    monkeypatch.setenv("SUDO_COMMAND", "/usr/local/bin/fairway up")
    file = kubeconfig.merge(cluster(home))
    assert file == home / "someone" / ".kube" / "config"
    found = [(path.stat().st_uid, path.stat().st_gid, oct(path.stat().st_mode & 0o777)) for path in (file, file.parent)]
    assert found == [(12345, 12346, "0o600"), (12345, 12346, "0o750")]


@needs_root
@pytest.mark.parametrize("command", ["/bin/bash", "/usr/bin/su -", "/usr/bin/zsh -l"])
def test_in_a_root_shell_it_is_roots_file(command: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "65534")
    monkeypatch.setenv("SUDO_COMMAND", command)
    assert kubeconfig.path() == home / ".kube" / "config"


def test_without_a_home_in_the_environment_it_is_the_accounts_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    assert kubeconfig.path() == Path(pwd.getpwuid(os.geteuid()).pw_dir, ".kube", "config")


@needs_root
def test_an_unknown_account_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_UID", "4000000000")
    with pytest.raises(ClusterError, match="no account with the user id 4000000000"):
        kubeconfig.path()


def test_a_file_that_cannot_be_changed_leaves_a_running_cluster_and_a_way_out(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "file").write_text("")
    monkeypatch.setenv("KUBECONFIG", str(home / "file" / "config"))
    with pytest.raises(ClusterError, match=r"the cluster is up, but kubeconfig .* cannot be changed") as refused:
        kubeconfig.merge(cluster(home))
    assert "sudo fairway kubeconfig --name one --data-dir" in refused.value.fix


def test_a_file_that_is_no_kubeconfig_is_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / "list").write_text("- 1\n")
    monkeypatch.setenv("KUBECONFIG", str(home / "list"))
    with pytest.raises(ClusterError, match="top level is no mapping"):
        kubeconfig.merge(cluster(home))
    assert (home / "list").read_text() == "- 1\n"
