"""Containers for real: what they see, how they end, what is left."""

import asyncio
import contextlib
import os
import re
import select
import signal
from pathlib import Path

import pytest

from component.container_world import PROGRAMS, UID, World, run
from component.image_files import busybox, image
from component.own_network import needs
from fairway.cluster.processes import wait_gone
from fairway.node import cgroups, names, records
from fairway.node.runtimes.crun.log_rotation import rotate
from fairway.node.runtimes.crun.monitor import Bundle, monitor_alive
from fairway.node.runtimes.interface import Limits, Mount, RuntimeFailure
from fairway.node.syscalls import umount

pytestmark = needs(*PROGRAMS)


def memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def raw_log(world: World) -> str:
    return Path(world.runtime.log_path(UID, "c", 0)).read_text()


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def rotated(world: World) -> list[Path]:
    return sorted(Path(world.runtime.log_path(UID, "c", 0)).parent.glob("0.log.[0-9]*"))


def no_process_stays(world: World) -> bool:
    """Whether what is still in the cluster's control group is only on its way out; a dead one may wait to be reaped."""
    found = cgroups.processes(cgroups.hierarchies(), names.cluster_cgroup(world.machine.cluster))
    handles = []
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            handles.append(os.pidfd_open(pid))
    try:
        return wait_gone(handles, 5.0)
    finally:
        for handle in handles:
            os.close(handle)


def limits(group: str) -> dict[str, str]:
    found = {}
    for hierarchy in cgroups.hierarchies():
        for file in ("memory.limit_in_bytes", "memory.max", "cpu.cfs_quota_us", "cpu.max", "pids.max"):
            path = hierarchy.path / group.lstrip("/") / file
            if path.exists():
                found[file] = path.read_text().strip()
    return found


def proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text().strip()


async def ended_process(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except (ProcessLookupError, ValueError, OSError):
        return
    await asyncio.to_thread(select.select, [descriptor], [], [], 10)
    os.close(descriptor)


async def imported(world: World, folder: Path, **config: object) -> str:
    files = busybox(**config)
    path = folder / "other.tar"
    path.write_bytes(files.docker_archive("other"))
    return (await world.images.load(str(path)))[0].id


def test_a_container_runs_logs_and_ends_with_its_code(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        started = await world.start("sh", "-c", "echo out; echo err >&2; exit 7")
        assert started.pid > 0
        assert len(started.container_id) == 64
        ended = await world.ended()
        assert (ended.exit_code, ended.oom_killed) == (7, False)
        assert ended.finished_s is not None
        assert ended.finished_s >= ended.started_s - 0.1
        assert world.log(stream="stdout") == ["out\n"]
        assert world.log(stream="stderr") == ["err\n"]
        line = raw_log(world).splitlines()[0]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(Z|[+-]\d\d:\d\d) std(out|err) F (out|err)", line)

    run(tmp_path, scenario)


def test_a_container_has_its_pod_s_name_and_address_and_processes_of_its_own(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        address = await world.sandbox()
        script = (
            "busybox hostname; echo $HOSTNAME; echo $$; busybox ip -4 -o addr show eth0; "
            "ls /proc | busybox grep -c '^[0-9]'"
        )
        lines = (await world.output("sh", "-c", script)).splitlines()
        assert lines[:3] == ["web-1", "web-1", "1"]
        assert address in lines[3]
        assert int(lines[4]) <= 4

    run(tmp_path, scenario)


def test_containers_of_a_pod_share_their_network_and_nothing_else(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.start("sh", "-c", "busybox nc -l -p 7777 -e echo shared; sleep 100", name="server")
        script = "until busybox nc 127.0.0.1 7777 2>/dev/null </dev/null; do busybox usleep 5000; done"
        assert await world.output("sh", "-c", script) == "shared\n"

    run(tmp_path, scenario)


def test_env_user_directory_and_mounts_are_as_asked(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        other = await imported(world, tmp_path, User="web", WorkingDir="/made/here", Env=["A=image", "B=image"])
        folder = tmp_path / "volume"
        folder.mkdir()
        (folder / "file").write_text("mounted\n")
        await world.sandbox()
        script = "id -u; id -g; id -G; pwd; echo $A $B $C; cat /vol/file; (echo x > /vol/new) 2>&- || echo read-only"
        told = await world.output(
            "sh", "-c", script, image_id=other, env={"A": "spec", "C": "spec"},
            mounts=[Mount(str(folder), "/vol", read_only=True)],
        )  # fmt: skip
        assert told.splitlines() == [
            "101", "102", "102 200", "/made/here", "spec image spec", "mounted", "read-only",
        ]  # fmt: skip

    run(tmp_path, scenario)


def test_the_image_is_never_changed_and_every_attempt_starts_afresh(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        script = "ls /mine 2>/dev/null; echo 1 > /mine; busybox rm /bin/yes || echo gone; ls /bin | busybox grep -c yes"
        assert await world.output("sh", "-c", script) == "0\n"
        await world.start("sh", "-c", script, attempt=1)
        await world.ended(attempt=1)
        assert world.log(attempt=1) == ["0\n"]

    run(tmp_path, scenario)


def test_what_a_container_writes_is_found_on_the_machine(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.output("sh", "-c", "echo told; echo mine > /mine; echo shared > /dev/shm/shared")
        places = [Path(place) for place in world.runtime.written(UID, "c")]
        files = [file for place in places for file in place.rglob("*") if file.is_file()]
        texts = {file.name: file.read_text() for file in files if "work" not in file.parts}
        assert sorted(texts) == ["0.log", "mine"], "overlayfs's own files aside"
        assert "told" in texts["0.log"] and texts["mine"] == "mine\n"

    run(tmp_path, scenario)


def test_what_of_the_kernel_is_dangerous_is_hidden(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        script = (
            "cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | busybox head -c 9 | busybox wc -c; "
            "echo 1 > /proc/sys/vm/swappiness || echo kept; "
            "busybox mkdir /sys/x 2>/dev/null || echo kept; "
            "busybox mknod /d b 8 0 && cat /d >/dev/null 2>&1 || echo kept; "
            "busybox mount -t tmpfs x /tmp 2>/dev/null || echo kept"
        )
        lines = (await world.output("sh", "-c", script)).splitlines()
        assert [line for line in lines if not line.startswith("sh:")] == ["0", "kept", "kept", "kept", "kept"]

    run(tmp_path, scenario)


def test_a_privileged_container_may_do_what_others_may_not(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        script = "busybox mount -t tmpfs x /tmp && echo mounted; ls /dev | busybox wc -l"
        lines = (await world.output("sh", "-c", script, privileged=True)).splitlines()
        assert lines[0] == "mounted"
        assert int(lines[1]) > 20

    run(tmp_path, scenario)


def test_a_read_only_root_cannot_be_written(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        assert "Read-only file system" in await world.output("sh", "-c", "echo x > /x", read_only_root=True)

    run(tmp_path, scenario)


def test_limits_of_the_pod_hold_all_of_its_containers(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.start("sleep", "100", pod_limits=Limits(None, 50_000, 64 << 20))
        found = limits(names.pod_cgroup(world.machine.cluster, UID))
        assert found.get("memory.limit_in_bytes", found.get("memory.max")) == str(64 << 20)
        assert found.get("cpu.cfs_quota_us", found.get("cpu.max", "").split(" ")[0]) == "50000"

    run(tmp_path, scenario)


def test_limits_are_in_the_control_group(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        state = await world.start("sleep", "100", memory_bytes=64 << 20, cpu_shares=512, cpu_quota_us=50_000)
        group = names.container_cgroup(world.machine.cluster, UID, state.container_id)
        found = limits(group)
        assert found.get("memory.limit_in_bytes", found.get("memory.max")) == str(64 << 20)
        assert found.get("cpu.cfs_quota_us", found.get("cpu.max")) in ("50000", "50000 100000")
        assert found["pids.max"] == "4096"
        assert proc(state.pid, "oom_score_adj") == str(1000 - (1000 * (64 << 20)) // memory())

    run(tmp_path, scenario)


@pytest.mark.parametrize(("mebibytes", "quota_us"), [(128, 80_000), (48, 20_000)], ids=["more", "less"])
def test_limits_of_a_running_container_change(tmp_path: Path, mebibytes: int, quota_us: int) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        state = await world.start("sleep", "100", memory_bytes=64 << 20, cpu_shares=512, cpu_quota_us=50_000)
        await world.runtime.limit(UID, "c", Limits(256, quota_us, mebibytes << 20))
        found = limits(names.container_cgroup(world.machine.cluster, UID, state.container_id))
        assert found.get("memory.limit_in_bytes", found.get("memory.max")) == str(mebibytes << 20)
        assert found.get("cpu.cfs_quota_us", found.get("cpu.max")) in (f"{quota_us}", f"{quota_us} 100000")
        with pytest.raises(RuntimeFailure, match=r"memory limit \(4096\) below current usage"):
            await world.runtime.limit(UID, "c", Limits(256, quota_us, 4096))
        assert (await world.state()).exit_code is None

    run(tmp_path, scenario)


def test_a_container_that_wants_too_much_memory_is_killed_and_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        hungry = "busybox yes 01234567890123456789 | busybox tr -d '\\n' | busybox sort"
        await world.start("sh", "-c", hungry, memory_bytes=16 << 20)
        ended = await world.ended()
        assert ended.oom_killed
        assert ended.exit_code != 0

    run(tmp_path, scenario)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGKILL, 137)])
def test_a_signal_ends_a_container_with_128_and_its_number(tmp_path: Path, number: int, code: int) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.start("sh", "-c", "trap 'exit 143' TERM; echo up; while :; do busybox usleep 10000; done")
        while not world.log():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        await world.runtime.signal(UID, "c", number)
        assert (await world.ended()).exit_code == code
        await world.runtime.signal(UID, "c", number)

    run(tmp_path, scenario)


def test_the_image_s_own_command_is_run_where_none_is_given(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        other = await imported(world, tmp_path, Entrypoint=["echo", "entry"], Cmd=["cmd"])
        await world.sandbox()
        assert await world.output(image_id=other) == "entry cmd\n"
        assert await world.output(image_id=other, args=["args"], name="d") == "entry args\n"

    run(tmp_path, scenario)


@pytest.mark.parametrize(
    ("command", "fields", "reason", "text"),
    [
        (["nonsense"], {}, "RunContainerError", "nonsense"),
        (["/tmp"], {}, "RunContainerError", "Operation not permitted"),
        (["sh"], {"image_id": "sha256:" + "0" * 64}, "CreateContainerError", "is not usable"),
        (["sh"], {"capabilities_add": ["FLY"]}, "CreateContainerError", "unknown capability"),
        (["sh"], {"mounts": [Mount("/nowhere-7f3a", "/x")]}, "RunContainerError", "nowhere-7f3a"),
    ],
)
def test_a_container_that_cannot_start_is_told_why_and_leaves_nothing(
    tmp_path: Path, command: list[str], fields: dict[str, object], reason: str, text: str
) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        with pytest.raises(RuntimeFailure) as refusal:
            await world.start(*command, **fields)
        assert refusal.value.reason == reason
        assert text in str(refusal.value)
        assert await world.runtime.containers() == []
        assert not any((world.machine.run_pods_path / UID).glob("containers/*/*"))
        assert no_process_stays(world)
        await world.start("true")

    run(tmp_path, scenario)


def test_an_image_without_command_or_with_an_unknown_user_is_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        (tmp_path / "empty.tar").write_bytes(image({"x": b""}).docker_archive("empty"))
        (empty,) = await world.images.load(str(tmp_path / "empty.tar"))
        with pytest.raises(RuntimeFailure, match="no command specified"):
            await world.start(image_id=empty.id)
        unknown = await imported(world, tmp_path, User="stranger")
        with pytest.raises(RuntimeFailure, match="unable to find user stranger"):
            await world.start("sh", image_id=unknown)

    run(tmp_path, scenario)


def test_starting_again_is_harmless_and_without_a_sandbox_refused(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(RuntimeFailure, match="has no sandbox"):
            await world.start("sleep", "100")
        assert await world.sandbox() == await world.sandbox()
        first = await world.start("sleep", "100")
        assert await world.start("sleep", "100") == first
        assert len(await world.runtime.containers()) == 1

    run(tmp_path, scenario)


def test_a_new_agent_finds_what_runs_and_what_has_ended_meanwhile(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        address = await world.sandbox()
        runs = await world.start("sleep", "100", name="runs")
        brief = await world.start("sh", "-c", "busybox usleep 1; exit 3", name="brief")
        pid = monitor_pid(world, "brief")
        await world.runtime.close()
        await ended_process(pid)
        await world.restarted()
        (sandbox,) = await world.runtime.sandboxes()
        assert (sandbox.ips, sandbox.namespace, sandbox.name) == ((address,), "default", "web")
        assert await world.state("runs") == runs
        assert (await world.state("brief")).exit_code == 3
        assert (await world.state("brief")).container_id == brief.container_id
        await world.runtime.signal(UID, "runs", signal.SIGKILL)
        assert (await world.ended("runs")).exit_code == 137

    run(tmp_path, scenario)


def monitor_pid(world: World, name: str) -> int:
    cid = names.container_id(world.machine.cluster, UID, name, 0)
    return monitor_alive(Bundle(records.bundle_path(world.machine, UID, name, 0), cid))


def test_a_container_whose_monitor_is_killed_is_ended_and_told(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        state = await world.start("sleep", "100")
        os.kill(monitor_pid(world, "c"), signal.SIGKILL)
        assert (await world.ended()).exit_code == 137
        group = names.container_cgroup(world.machine.cluster, UID, state.container_id)
        while cgroups.processes(cgroups.hierarchies(), group):  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    run(tmp_path, scenario)


def test_an_attempt_that_was_being_made_is_cleared_by_the_next_agent(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.start("sleep", "100")
        (record,) = list(records.read_containers(world.machine, UID))
        await world.runtime.close()
        records.write_container(world.machine, records.ContainerRecord(**(as_dict(record) | {"started_s": None})))
        await world.restarted()
        assert await world.runtime.containers() == []
        assert no_process_stays(world)
        await world.start("sleep", "100")

    run(tmp_path, scenario)


def as_dict(record: records.ContainerRecord) -> dict[str, object]:
    return {field: getattr(record, field) for field in record.__dataclass_fields__}


def test_a_sandbox_whose_network_is_gone_is_cleared_by_the_next_agent(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.start("sleep", "100")
        umount(str(world.machine.netns_path / UID))
        await world.restarted()
        assert await world.runtime.sandboxes() == []
        assert await world.runtime.containers() == []
        await world.sandbox()
        await world.start("sleep", "100")

    run(tmp_path, scenario)


def test_removing_a_sandbox_removes_everything_of_it_and_of_no_other(tmp_path: Path) -> None:
    other = UID[:-1] + "2"

    async def scenario(world: World) -> None:
        for uid in (UID, other):
            await world.sandbox(uid)
            await world.start("sh", "-c", "sleep 100 & sleep 100", uid=uid)
        await world.runtime.remove_sandbox(UID)
        await world.runtime.remove_sandbox(UID)
        assert [each.pod_uid for each in await world.runtime.sandboxes()] == [other]
        assert (await world.state(uid=other)).exit_code is None
        assert records.pods_with_files(world.machine) == {other}
        groups = cgroups.children(cgroups.hierarchies(), names.cluster_cgroup(world.machine.cluster))
        assert groups - {"monitors"} == {f"pod{other}"}

    run(tmp_path, scenario)


def test_an_attempt_can_be_forgotten_and_its_log_stays(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        await world.output("echo", "kept")
        await world.runtime.remove(UID, "c", 0)
        await world.runtime.remove(UID, "c", 0)
        assert await world.runtime.containers() == []
        assert world.log() == ["kept\n"]
        assert not records.bundle_path(world.machine, UID, "c", 0).exists()
        assert not records.layer_path(world.machine, UID, "c", 0).exists()

    run(tmp_path, scenario)


def test_many_containers_at_once_all_start(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        uids = [f"{UID[:-2]}{number:02}" for number in range(10, 22)]

        async def one(uid: str) -> None:
            await world.sandbox(uid)
            await world.start("sleep", "100", uid=uid)

        await asyncio.gather(*(one(uid) for uid in uids))
        assert {each.pod_uid for each in await world.runtime.containers()} == set(uids)
        await asyncio.gather(*(world.runtime.remove_sandbox(uid) for uid in uids))
        assert records.pods_with_files(world.machine) == set()

    run(tmp_path, scenario)


def test_a_start_that_nobody_waits_for_any_more_is_not_forgotten(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        start = asyncio.create_task(world.start("sleep", "100"))
        await asyncio.sleep(0.002)
        start.cancel()
        await world.runtime.remove_sandbox(UID)
        assert await world.runtime.containers() == []
        assert records.pods_with_files(world.machine) == set()

    run(tmp_path, scenario)


def test_the_log_that_the_monitor_is_making_is_not_an_old_one(tmp_path: Path) -> None:
    log, control = tmp_path / "0.log", tmp_path / "ctl"
    made, packed = tmp_path / "0.log.tmp", tmp_path / "0.log.20200101-000000"
    for each in (log, made, packed):
        each.write_text("1\n")
    os.mkfifo(control)
    monitor = os.open(control, os.O_RDONLY | os.O_NONBLOCK)
    try:
        rotate(log, control, 3)
    finally:
        os.close(monitor)
    assert made.exists()
    assert packed.with_name(f"{packed.name}.gz").exists()


def test_a_pod_on_the_machine_s_network_has_no_address(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await world.sandbox(host_network=True) == ""
        told = await world.output("sh", "-c", "busybox ip -o link")
        assert f"{names.gateway_device(world.machine.cluster)}" in told
        await world.restarted()
        assert len(await world.runtime.sandboxes()) == 1

    run(tmp_path, scenario)


def test_a_log_that_grows_is_rotated_and_packed(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.sandbox()
        rotation = world.runtime._rotation
        assert rotation is not None
        rotation._delay_s = 0.05
        await world.start("sh", "-c", "while :; do echo 0123456789012345678901234567890123456789; done")
        while not rotated(world):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        rotation._max_bytes = 1 << 40  # what follows is the test's own rotation, undisturbed
        while not rotation._watched and not rotation._timers:  # noqa: ASYNC110  # the one under way has ended
            await asyncio.sleep(0.01)
        log = Path(world.runtime.log_path(UID, "c", 0))
        os.rename(rotated(world)[0], log.with_name("0.log.20200101-000000"))
        while not size_of(log):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        control = records.bundle_path(world.machine, UID, "c", 0) / "ctl"
        await asyncio.to_thread(rotate, log, control, 3)
        assert rotated(world)[0].name == "0.log.20200101-000000.gz"
        while not size_of(log):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert (await world.state()).exit_code is None

    run(tmp_path, scenario, log_max_bytes=100_000)
