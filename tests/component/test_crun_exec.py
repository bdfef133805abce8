"""Commands in running containers: streams, terminals, codes, ends."""

import asyncio
import os
from pathlib import Path

import pytest

from component.container_world import PROGRAMS, UID, World, run
from component.own_network import needs
from fairway.node import cgroups, names
from fairway.node.runtimes.interface import RuntimeFailure

pytestmark = needs(*PROGRAMS)


def in_container(folder: Path, scenario: object, *command: str) -> None:
    async def whole(world: World) -> None:
        await world.sandbox()
        await world.start(*(command or ("sleep", "1000")))
        await scenario(world)  # type: ignore[operator]

    run(folder, whole)


def test_streams_are_apart_and_the_code_is_the_command_s(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        assert await world.executed("sh", "-c", "echo out; echo err >&2; exit 9") == (9, b"out\n", b"err\n")
        assert await world.executed("sh", "-c", "busybox kill -9 $$") == (137, b"", b"")

    in_container(tmp_path, scenario)


def test_input_is_passed_on_and_its_end_is_seen(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        code, out, _err = await world.executed("sh", "-c", "cat; echo end", stdin=b"x" * 300_000)
        assert (code, len(out), out[-5:]) == (0, 300_004, b"xend\n")
        assert await world.executed("cat") == (0, b"", b"")

    in_container(tmp_path, scenario)


def test_a_command_is_in_the_container_s_place(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        code, out, _err = await world.executed("sh", "-c", "busybox hostname; ls /proc/1/exe; cat /proc/self/cgroup")
        assert code == 0
        assert out.startswith(b"web-1\n")
        assert f"pod{UID}".encode() in out

    in_container(tmp_path, scenario)


def test_a_terminal_has_a_size_and_one_stream(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        session = await world.runtime.exec(UID, "c", ["sh"], tty=True, stdin=True)
        session.resize(91, 23)
        await session.write(b"tty; stty size; echo err >&2; exit 4\n")
        written = b""
        async for stream, data in session.output():
            assert stream == 1
            written += data
        assert await session.wait() == 4
        assert b"/dev/pts/" in written
        assert b"23 91\r\n" in written
        assert b"err\r\n" in written

    in_container(tmp_path, scenario)


def test_a_command_that_is_not_there_ends_with_127(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        code, out, err = await world.executed("nonsense")
        assert (code, out) == (127, b"")
        assert b"nonsense" in err
        code, out, _err = await world.executed("nonsense", tty=True)
        assert code == 127
        assert b"nonsense" in out

    in_container(tmp_path, scenario)


def test_a_command_whose_client_has_gone_is_ended_with_its_children(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        group = names.cluster_cgroup(world.machine.cluster)
        before = cgroups.processes(cgroups.hierarchies(), group)
        session = await world.runtime.exec(UID, "c", ["sh", "-c", "sleep 500 & echo up; sleep 500"])
        assert await anext(aiter(session.output())) == (1, b"up\n")
        session.kill()
        assert await session.wait() == 137
        while cgroups.processes(cgroups.hierarchies(), group) != before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    in_container(tmp_path, scenario)


def test_a_client_that_goes_before_the_runtime_has_noted_its_command_leaves_nothing_running(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        group = names.cluster_cgroup(world.machine.cluster)
        before = cgroups.processes(cgroups.hierarchies(), group)
        session = await world.runtime.exec(UID, "c", ["sh", "-c", "echo up; sleep 500"])
        assert await anext(aiter(session.output())) == (1, b"up\n")
        for noted in world.machine.run_path.glob("**/exec-*.pid"):
            noted.unlink()
        session.kill()
        await session.wait()
        while cgroups.processes(cgroups.hierarchies(), group) != before:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    in_container(tmp_path, scenario)


def test_a_slow_reader_holds_the_command_up_and_loses_nothing(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        session = await world.runtime.exec(UID, "c", ["head", "-c", "3000000", "/dev/zero"])
        await asyncio.sleep(0.1)
        total = 0
        async for _stream, data in session.output():
            total += len(data)
        assert (total, await session.wait()) == (3_000_000, 0)

    in_container(tmp_path, scenario)


def test_many_commands_at_once_leave_no_descriptor_and_no_file(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.executed("true")
        before = len(os.listdir("/proc/self/fd"))
        results = await asyncio.gather(*(world.executed("echo", str(number)) for number in range(12)))
        assert [out for _code, out, _err in results] == [f"{number}\n".encode() for number in range(12)]
        assert len(os.listdir("/proc/self/fd")) == before
        bundle = world.machine.run_pods_path / UID / "containers" / "c" / "0"
        assert not list(bundle.glob("exec-*"))

    in_container(tmp_path, scenario)


def test_a_container_that_has_ended_takes_no_command(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        await world.ended()
        with pytest.raises(RuntimeFailure, match="is not running"):
            await world.executed("true")

    in_container(tmp_path, scenario, "true")


def test_attaching_joins_the_container_s_own_streams(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        session = await world.runtime.attach(UID, "c", stdin=True)
        await session.write(b"x" * 100_000 + b"\n")
        session.close_stdin()
        heard: dict[int, bytes] = {1: b"", 2: b""}
        async for stream, data in session.output():
            heard[stream] += data
        session.kill()
        assert (len(heard[1]), heard[2]) == (100_001, b"end\n")
        assert (await world.ended()).exit_code == 5

    async def whole(world: World) -> None:
        await world.sandbox()
        await world.start("sh", "-c", "cat; echo end >&2; exit 5", stdin=True, stdin_once=True)
        await scenario(world)

    run(tmp_path, whole)


def test_who_leaves_a_container_leaves_it_running(tmp_path: Path) -> None:
    async def whole(world: World) -> None:
        await world.sandbox()
        await world.start("sh", "-c", "while read line; do echo got $line; stty size; done", stdin=True, tty=True)
        for line in (b"one", b"two"):
            session = await world.runtime.attach(UID, "c", stdin=True)
            session.resize(91, 23)
            await asyncio.sleep(0.1)
            await session.write(line + b"\n")
            heard = b""
            async for stream, data in session.output():
                assert stream == 1
                heard += data
                if b"23 91" in heard:
                    break
            session.close_stdin()
            session.kill()
            assert b"got " + line in heard
        assert (await world.state()).exit_code is None

    run(tmp_path, whole)


def test_nothing_is_attached_to_that_does_not_run(tmp_path: Path) -> None:
    async def scenario(world: World) -> None:
        with pytest.raises(RuntimeFailure, match="is not running"):
            await world.runtime.attach(UID, "other")

    in_container(tmp_path, scenario)
