"""A log is followed by the kernel's word, over rotations, to the end of its container."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from fairway.node.container_record import ContainerRecord
from fairway.node.logs.container_log import container_log
from fairway.node.logs.cri import LogOptions
from fairway.node.pod_view import Attempt

FOLLOW = LogOptions(follow=True)


def append(path: Path, *lines: str) -> None:
    with path.open("a") as log:
        log.writelines(f"2026-01-02T03:04:05.000000001Z stdout F {line}\n" for line in lines)


@pytest.fixture
def record() -> ContainerRecord:
    return ContainerRecord({"name": "main"}, [Attempt(0, "id", 1.0)])


def end(record: ContainerRecord) -> None:
    record.put(Attempt(0, "id", 1.0, exit_code=0))


@asynccontextmanager
async def following(
    record: ContainerRecord, path: Path, options: LogOptions = FOLLOW
) -> AsyncIterator["asyncio.Queue[bytes | None]"]:
    """Pieces as they come; ``None`` at the end."""
    found: asyncio.Queue[bytes | None] = asyncio.Queue()

    async def read() -> None:
        async for piece in container_log(record, 0, str(path), options):
            found.put_nowait(piece)
        found.put_nowait(None)

    task = asyncio.create_task(read())
    try:
        async with asyncio.timeout(10):
            yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_written_later_is_seen(record: ContainerRecord, tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    append(path, "one")
    async with following(record, path) as found:
        assert await found.get() == b"one\n"
        append(path, "two")
        assert await found.get() == b"two\n"
        end(record)
        assert await found.get() is None


async def test_a_log_that_is_not_there_yet_is_waited_for(record: ContainerRecord, tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    async with following(record, path) as found:
        await asyncio.sleep(0.05)
        append(path, "one")
        assert await found.get() == b"one\n"


async def test_a_rotated_log_is_read_to_its_end_and_then_the_new_one(record: ContainerRecord, tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    append(path, "one")
    async with following(record, path) as found:
        assert await found.get() == b"one\n"
        path.rename(tmp_path / "0.log.1")
        append(tmp_path / "0.log.1", "two")
        append(path, "three")
        assert await found.get() + (await found.get() or b"") == b"two\nthree\n"


async def test_a_log_that_was_cut_to_nothing_is_read_from_its_start(record: ContainerRecord, tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    append(path, "one", "two", "three")
    async with following(record, path) as found:
        assert await found.get() == b"one\ntwo\nthree\n"
        path.write_bytes(b"")
        append(path, "four")
        assert await found.get() == b"four\n"


async def test_an_ended_container_s_log_ends(record: ContainerRecord, tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    append(path, "one")
    end(record)
    async with following(record, path) as found:
        assert await found.get() == b"one\n"
        assert await found.get() is None


async def test_the_tail_is_followed_from_its_place(record: ContainerRecord, tmp_path: Path) -> None:
    path = tmp_path / "0.log"
    append(path, "one", "two")
    async with following(record, path, LogOptions(follow=True, tail_lines=0)) as found:
        await asyncio.sleep(0.05)
        append(path, "three")
        assert await found.get() == b"three\n"
