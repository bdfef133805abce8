"""What the containers of one pod share, and what they share with the machine."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from component.container_world import PROGRAMS, UID, World, run
from component.own_network import needs
from fairway.node import records
from fairway.node.names import is_pod_alias
from fairway.node.propagation import mounts_below
from fairway.node.rtnetlink.connection import Connection
from fairway.node.runtimes.crun.runtime import CrunRuntime
from fairway.node.runtimes.interface import HostPort, RuntimeFailure

pytestmark = needs(*PROGRAMS, "unshare")
OTHER = UID[:-1] + "2"


def shm(pid: int) -> Path:
    return Path(f"/proc/{pid}/root/dev/shm")


def write(pid: int, text: str) -> None:
    (shm(pid) / "note").write_text(text)


def notes(pid: int) -> dict[str, str]:
    return {path.name: path.read_text() for path in shm(pid).iterdir()}


def namespace(pid: int | str, kind: str) -> str:
    return os.readlink(f"/proc/{pid}/ns/{kind}")


def own_name() -> str:
    return Path("/proc/self/comm").read_text()


def test_containers_of_a_pod_share_ipc_and_memory_and_no_processes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.sandbox(OTHER)
        one = await world.start("sleep", "100", name="a")
        two = await world.start("sleep", "100", name="b")
        other = await world.start("sleep", "100", name="a", uid=OTHER)
        assert namespace(one.pid, "ipc") == namespace(two.pid, "ipc")
        assert len({namespace(pid, "ipc") for pid in (one.pid, other.pid, "self")}) == 3
        assert len({namespace(pid, "pid") for pid in (one.pid, two.pid, "self")}) == 3
        write(one.pid, "hello")
        assert [notes(made.pid) for made in (one, two, other)] == [{"note": "hello"}, {"note": "hello"}, {}]

    run(tmp_path, scenario)


def test_containers_may_see_each_others_processes(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox(shares_processes=True)
        one = await world.start("sleep", "101", name="c")
        two = await world.start("sleep", "102", name="d")
        assert namespace(one.pid, "pid") == namespace(two.pid, "pid") != namespace("self", "pid")
        _, told, _ = await world.executed("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\000' ' '")
        assert all(words in told for words in (b"sleep infinity ", b"sleep 101 ", b"sleep 102 "))
        # An orphan is reaped although the first process does nothing but wait.
        code, told, _ = await world.executed("sh", "-c", "(sleep 0.1 & echo $!)")
        orphan = told.decode().strip()
        assert code == 0
        assert (await world.executed("sh", "-c", f"while [ -e /proc/{orphan} ]; do :; done"))[0] == 0
        # One container's end is not the other's; a new attempt finds the others.
        await world.runtime.signal(UID, "d", 9)
        assert (await world.ended("d")).exit_code == 137
        again = await world.start("sleep", "103", name="d", attempt=1)
        assert namespace(again.pid, "pid") == namespace(one.pid, "pid")
        assert (await world.state("c")).exit_code is None

    run(tmp_path, scenario)


def test_a_container_may_be_among_the_processes_of_another(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        one = await world.start("sleep", "101", name="c")
        two = await world.start("sleep", "102", name="debugger", target="c")
        assert namespace(one.pid, "pid") == namespace(two.pid, "pid")
        with pytest.raises(RuntimeFailure, match="target container gone is not running"):
            await world.start("sleep", "103", name="late", target="gone")
        # With the first process of its namespace everything in it ends.
        await world.runtime.signal(UID, "c", 9)
        assert (await world.ended("debugger")).exit_code == 137

    run(tmp_path, scenario)


def test_another_agent_finds_what_is_shared(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox(shares_processes=True)
        one = await world.start("sleep", "100", name="a")
        await world.runtime.close()
        world.runtime = CrunRuntime(world.machine)
        two = await world.start("sleep", "100", name="b")
        assert [namespace(one.pid, kind) for kind in ("ipc", "pid")] == [
            namespace(two.pid, kind) for kind in ("ipc", "pid")
        ]  # fmt: skip
        await world.runtime.remove_sandbox(UID)
        assert not records.pod_path(world.machine, UID).exists()

    run(tmp_path, scenario)


@pytest.mark.parametrize(("field", "kind"), [("host_pid", "pid"), ("host_ipc", "ipc")])
def test_a_pod_may_share_the_machines(tmp_path: Path, field: str, kind: str) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox(**{field: True})
        made = await world.start("sleep", "100")
        assert namespace(made.pid, kind) == namespace("self", kind)
        other = "ipc" if kind == "pid" else "pid"
        assert namespace(made.pid, other) != namespace("self", other)
        if field == "host_pid":
            _, told, _ = await world.executed("sh", "-c", f"cat /proc/{os.getpid()}/comm")
            assert told.decode() == own_name()
        else:
            assert os.path.samestat(os.stat(shm(made.pid)), os.stat("/dev/shm"))

    run(tmp_path, scenario)


def test_a_namespace_that_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(world: World) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        (tmp_path / "sh").symlink_to("/bin/sh")
        with pytest.raises(RuntimeFailure, match=r"a process namespace could not be made: .*unshare"):
            await world.sandbox(shares_processes=True)
        monkeypatch.undo()
        await world.sandbox(shares_processes=True)

    run(tmp_path, scenario)


def test_a_pod_that_has_ended_gives_its_surroundings_back_and_keeps_its_log(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        port = HostPort("", "TCP", 8000, 80)
        address = await world.sandbox(shares_processes=True, host_ports=(port,))
        assert "".join(await world.output("echo", "bye")) == "bye\n"
        await world.runtime.release_sandbox(UID)
        assert left(world) == ([], [])
        assert world.log("c") == ["bye\n"]
        with pytest.raises(RuntimeFailure, match="has no sandbox"):
            await world.start("true", attempt=1)

        await world.runtime.close()
        world.runtime = CrunRuntime(world.machine)
        [sandbox] = await world.runtime.sandboxes()
        assert (sandbox.ips, sandbox.is_released, left(world)) == ((address,), True, ([], []))
        assert (await world.state("c")).exit_code == 0
        await world.sandbox(OTHER, host_ports=(port,))
        await world.runtime.remove_sandbox(UID)
        assert not records.pod_path(world.machine, UID).exists()

    run(tmp_path, scenario)


def left(world: World) -> tuple[list[str], list[str]]:
    """Devices and mounts of pods."""
    with Connection() as connection:
        links = [link.name for link in connection.links() if is_pod_alias(world.machine.cluster, link.alias)]
    return links, mounts_below(world.machine.netns_path) + [
        point for point in mounts_below(world.machine.run_pods_path) if "/namespaces/" in point or "/shm" in point
    ]  # fmt: skip


IN_A_CHROOT = """
import os, sys
from fairway.node.runtimes.crun.rootfs import Place

os.chroot(sys.argv[1])
os.chdir("/")
place = Place("")
for _ in range(2):
    with place.entered():
        assert os.path.exists("/mnt/in-the-chroot"), "within"
    assert os.path.exists("/mnt/in-the-chroot") and os.getcwd() == "/", "afterwards"
"""


def test_containers_start_again_and_again_where_the_machine_is_a_chroot(tmp_path: Path) -> None:
    made = 'mount --rbind / "$0" && mount -t tmpfs none "$0/mnt" && touch "$0/mnt/in-the-chroot" && exec "$@" "$0"'
    command = ["unshare", "--mount", "sh", "-c", made, str(tmp_path), sys.executable, "-c", IN_A_CHROOT]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_asking_for_the_version_leaves_no_folder() -> None:
    asked = "from fairway.node.runtimes.crun.programs import runtime_identity; print(*runtime_identity())"
    line = 'mount -t tmpfs none /run && "$@" && ls -A /run'
    command = ["unshare", "--mount", "sh", "-c", line, "sh", sys.executable, "-c", asked]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    told, *left = ended.stdout.splitlines()
    assert (told.split()[0] in ("crun", "runc"), "." in told, left) == (True, True, [])
