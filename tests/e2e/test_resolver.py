"""Programs of the machine itself find a cluster's names, and nothing is left of that afterwards.

All of it in a mount namespace with an /etc of its own: the machine's resolver is never touched.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Cluster, name_of, need_machine

LOOK_UP = "import socket, sys; print(socket.getaddrinfo(sys.argv[1], 80, type=socket.SOCK_STREAM)[0][4][0])"
LOOK_BACK = "import socket, sys; print(socket.gethostbyaddr(sys.argv[1])[0])"
ORIGINAL = b"# m\xeene\r\nsearch lan\nnameserver 192.0.2.53\noptions edns0"
"""Neither text that can be decoded, nor one kind of line ends, nor one at the end."""

pytestmark = pytest.mark.skipif(shutil.which("nsenter") is None, reason="needs nsenter")


class OwnEtc:
    """A mount namespace whose /etc is a layer above the machine's."""

    def __init__(self, folder: Path) -> None:
        layer = f"lowerdir=/etc,upperdir={folder}/upper,workdir={folder}/work"
        steps = (
            f"mount -t tmpfs none {folder} && mkdir {folder}/upper {folder}/work && "
            f"mount -t overlay overlay -o {layer} /etc && rm -f /etc/resolv.conf && echo ready && exec cat"
        )
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", steps],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._holder.stdout
        if self._holder.stdout.readline() != "ready\n":
            pytest.skip("needs overlayfs")

    def run(self, *words: str, cluster: Cluster | None = None) -> str:
        done = subprocess.run(
            ["nsenter", "--mount", "--target", str(self._holder.pid), *words],
            env=cluster.environment if cluster else None, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, f"{' '.join(words)}: {done.stdout}{done.stderr}"
        return done.stdout

    def fairway(self, cluster: Cluster, *words: str) -> str:
        own = ["--name", cluster.name, "--data-dir", cluster.data_dir]
        return self.run(sys.executable, "-m", "fairway", *words, *own, cluster=cluster)

    def python(self, code: str, word: str) -> str:
        return self.run(sys.executable, "-c", code, word).strip()

    def resolv_conf(self) -> bytes:
        words = ["nsenter", "--mount", "--target", str(self._holder.pid), "cat", "/etc/resolv.conf"]
        return subprocess.run(words, capture_output=True, check=True).stdout

    def write(self, path: str, content: bytes) -> None:
        subprocess.run(
            ["nsenter", "--mount", "--target", str(self._holder.pid), "sh", "-c", f"cat > {path}"],
            input=content, check=True,
        )  # fmt: skip

    def end(self) -> None:
        self._holder.communicate()


@pytest.fixture
def etc(tmp_path: Path) -> Iterator[OwnEtc]:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    (tmp_path / "etc").mkdir()
    own = OwnEtc(tmp_path / "etc")
    yield own
    own.end()


@pytest.mark.parametrize("what", ["file", "link", "mount"])
def test_the_machine_finds_the_names_of_the_cluster_and_then_no_more(cluster: Cluster, etc: OwnEtc, what: str) -> None:
    if what == "link":
        etc.write("/etc/there.conf", ORIGINAL)
        etc.run("ln", "-s", "there.conf", "/etc/resolv.conf")
    else:
        etc.write("/etc/resolv.conf", ORIGINAL)
    if what == "mount":
        etc.write("/etc/mounted.conf", ORIGINAL)
        etc.run("mount", "--bind", "/etc/mounted.conf", "/etc/resolv.conf")
    own = etc.run("stat", "-c", "%i %a %U", "-L", "/etc/resolv.conf")
    name = "kubernetes.default.svc.cluster.local"
    address = cluster.get("svc", "kubernetes", "-n", "default")["spec"]["clusterIP"]

    said = etc.fairway(cluster, "dns", "install-resolver")
    assert "stands first in /etc/" in said
    assert "yet" not in said
    assert etc.python(LOOK_UP, name) == address
    assert etc.python(LOOK_BACK, address) == name
    assert etc.run("getent", "hosts", name).split() == [address, name]
    assert etc.python(LOOK_UP, "app.localhost") in ("127.0.0.1", "::1")
    assert "as before" in etc.fairway(cluster, "dns", "install-resolver")
    assert etc.resolv_conf().endswith(ORIGINAL)

    assert "taken out of /etc/resolv.conf" in etc.fairway(cluster, "dns", "remove-resolver")
    assert etc.resolv_conf() == ORIGINAL
    assert etc.run("stat", "-c", "%i %a %U", "-L", "/etc/resolv.conf") == own
    assert "nothing of cluster" in etc.fairway(cluster, "dns", "remove-resolver")
    assert b"fairway" not in Path("/etc/resolv.conf").read_bytes(), "the machine's own was never touched"


@pytest.mark.parametrize("what", ["nothing", "a link to nothing"])
def test_where_there_was_no_file_there_is_none_afterwards(cluster: Cluster, etc: OwnEtc, what: str) -> None:
    if what != "nothing":
        etc.run("ln", "-s", "nothing.conf", "/etc/resolv.conf")
    before = etc.run("ls", "-A", "/etc")
    etc.fairway(cluster, "dns", "install-resolver")
    assert etc.python(LOOK_UP, "kubernetes.default.svc.cluster.local")
    etc.fairway(cluster, "dns", "remove-resolver")
    assert etc.run("ls", "-A", "/etc") == before


def test_a_cluster_that_goes_down_takes_its_name_server_along(etc: OwnEtc, tmp_path: Path) -> None:
    need_machine()
    own = Cluster(name_of("resolver"), tmp_path)
    etc.write("/etc/resolv.conf", ORIGINAL)
    try:
        etc.fairway(own, "up", "--cluster-domain", "resolver.test")
        etc.fairway(own, "dns", "install-resolver")
        assert etc.python(LOOK_UP, "kubernetes.default.svc.resolver.test")
        etc.write("/etc/resolv.conf", ORIGINAL)
        etc.fairway(own, "up")
        assert etc.python(LOOK_UP, "kubernetes.default.svc.resolver.test"), "what is wanted comes back with `up`"
    finally:
        etc.fairway(own, "down", "--purge")
    assert etc.resolv_conf() == ORIGINAL
