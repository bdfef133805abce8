"""Everything of a cluster is removed with no agent running, whatever has crashed, and nothing of another one's."""

import asyncio
import shutil
import subprocess
from pathlib import Path

from component.container_world import PROGRAMS, UID, World, run
from component.container_world import world as new_world
from component.own_network import in_own_network, needs
from fairway.node import cgroups, names
from fairway.node.field_refs import Surroundings
from fairway.node.machine import Machine
from fairway.node.pod_network import masquerade
from fairway.node.propagation import mounts_below
from fairway.node.rtnetlink.connection import Connection
from fairway.node.runtimes.crun import sweep
from fairway.node.runtimes.crun.clearing import remove_tree
from fairway.node.settings import Settings
from fairway.node.volumes.pod_volumes import PodVolumes

pytestmark = needs(*PROGRAMS)


def traces(world: World) -> list[str]:
    """What of the cluster is still on the machine."""
    machine = world.machine
    with Connection() as connection:
        found = [link.name for link in connection.links() if link.name != "lo"]
    found += [str(pid) for pid in cgroups.processes(cgroups.hierarchies(), names.cluster_cgroup(machine.cluster))]
    found += list(cgroups.children(cgroups.hierarchies(), names.cluster_cgroup(machine.cluster)))
    found += mounts_below(machine.run_path)
    return found + [str(path) for path in machine.run_path.glob("*")] + [
        str(path) for path in machine.sandboxes_path.glob("*")
    ]  # fmt: skip


def test_a_sweep_removes_all_and_tells_it_and_the_next_finds_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.start("sh", "-c", "trap '' TERM; sleep 1000 & while :; do busybox usleep 50000; done")
        await world.runtime.close()
        swept = await sweep(world.machine)
        assert swept.left == []
        assert "1 pods" in swept.removed
        assert traces(world) == []
        assert await world.images.find("busybox") is not None
        again = await sweep(world.machine)
        assert (again.removed, again.left) == ([], [])
        world.runtime = type(world.runtime)(world.machine)

    run(tmp_path, scenario)


def test_a_sweep_needs_no_records(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.start("sleep", "1000")
        await world.runtime.close()
        assert remove_tree(world.machine.run_pods_path) == []
        shutil.rmtree(world.machine.sandboxes_path)
        assert (await sweep(world.machine)).left == []
        assert traces(world) == []
        world.runtime = type(world.runtime)(world.machine)

    run(tmp_path, scenario)


def test_a_sweep_unmounts_the_volumes_of_pods(tmp_path: Path) -> None:
    """A volume in memory and a pinned sub-path lie in the data folder, which stays."""

    async def scenario(world: World) -> None:
        settings = Settings(node_name="n", node_ips=("127.0.0.1",), root_dir=world.machine.data_dir)
        volumes = [{"name": "mem", "emptyDir": {"medium": "Memory"}}, {"name": "disk", "emptyDir": {}}]
        pod = {"metadata": {"uid": UID}, "spec": {"volumes": volumes, "containers": []}}
        made = PodVolumes(settings, UID)
        places = made.prepare(pod, {}, Surroundings())
        mounts = [{"name": "disk", "mountPath": "/x", "subPath": "a"}]
        made.mounts_of({"name": "c", "volumeMounts": mounts}, 0, places, {})
        assert len(mounts_below(world.machine.data_dir)) == 2
        swept = await sweep(world.machine)
        assert (swept.left, mounts_below(world.machine.data_dir)) == ([], [])

    run(tmp_path, scenario)


def test_a_sweep_takes_nothing_of_another_cluster(tmp_path: Path) -> None:
    other = {"pod_cidrs": ("10.214.0.0/24",), "cluster_cidrs": ("10.214.0.0/16",), "gateways": ("10.214.0.1",)}
    (tmp_path / "two").mkdir()

    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.start("sleep", "1000")

        async with new_world(tmp_path / "two", service_cidrs=("10.211.0.0/16",), **other) as two:
            await two.sandbox(UID)
            await two.start("sleep", "1000")
            await world.runtime.close()
            assert (await sweep(world.machine)).left == []
            assert (await two.state()).exit_code is None
            assert await two.executed("echo", "well") == (0, b"well\n", b"")
        world.runtime = type(world.runtime)(world.machine)

    run(tmp_path, scenario)


def begin_changing() -> subprocess.Popen[bytes]:
    """A large table, and a program that changes it in this network until it is killed."""
    numbers = ", ".join(str(number) for number in range(60_000))
    large = f"table ip foreign {{ set s {{ type mark; elements = {{ {numbers} }}; }}; set t {{ type mark; }}; }}"
    subprocess.run(["nft", "-f", "-"], input=large.encode(), check=True)
    busy = "while nft add element ip foreign t { 1 }; do nft delete element ip foreign t { 1 }; done"
    return subprocess.Popen(["sh", "-c", busy])


def test_tables_go_while_another_program_changes_its_own_without_end() -> None:
    """Whoever lists everything begins again at each change, and never ends."""

    async def scenario() -> None:
        masquerade.load(Machine(cluster="busy", data_dir=Path("/nonexistent")))
        with begin_changing() as foreign:
            try:
                assert await asyncio.wait_for(asyncio.to_thread(masquerade.unload, "busy"), 20)
                assert not await asyncio.wait_for(asyncio.to_thread(masquerade.unload, "busy"), 20)
            finally:
                foreign.kill()

    in_own_network(scenario)
