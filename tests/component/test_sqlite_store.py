"""What the SQLite driver promises beyond the seam: files, crashes, broken disks and history that is given up."""

import asyncio
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from loops import on_both_loops, until

from fairway.store.interface import ABSENT, Put, Revision, StoreConflict, StoreFailure
from fairway.store.sqlite import SqliteStore
from fairway.store.sqlite.retention import Retention

WRITER = Path(__file__).with_name("store_writer.py")
SOURCE = Path(__file__).resolve().parents[2] / "src"


def size_bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def modes(folder: Path) -> dict[str, str]:
    return {file.name: oct(file.stat().st_mode & 0o777) for file in folder.iterdir()}


def rows(path: Path) -> int:
    with sqlite3.connect(path) as sql:
        count: int = sql.execute("SELECT count(*) FROM log").fetchone()[0]
    sql.close()
    return count


@on_both_loops
async def test_a_store_is_what_it_was_when_it_is_opened_again(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    await store.commit([Put("/a", b"1"), Put("/b", b"1")])
    await store.commit([Put("/b", None)])
    before = await store.read("")
    await store.close()
    store = await SqliteStore.open(tmp_path / "store.db")
    assert await store.read("") == before
    assert await store.commit([Put("/b", b"2", ABSENT)]) == before[1] + 1
    await store.close()


async def test_revisions_never_return_even_when_the_newest_rows_were_compacted(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    await store.commit([Put("/a", b"1")])
    last = await store.commit([Put("/a", None)])
    await store.compact(last)
    await store.close()
    assert rows(tmp_path / "store.db") == 0
    store = await SqliteStore.open(tmp_path / "store.db")
    assert (store.revision, store.compacted_revision, await store.commit([Put("/a", b"2")])) == (last, last, last + 1)
    await store.close()


async def test_only_its_owner_can_read_the_files(tmp_path: Path) -> None:
    (tmp_path / "store.db").touch(0o644)
    store = await SqliteStore.open(tmp_path / "store.db")
    await store.commit([Put("/secret", b"1")])
    found = modes(tmp_path)
    await store.close()
    assert found == {name: "0o600" for name in ("store.db", "store.db-wal", "store.db-shm", "store.db.lock")}


async def test_a_second_opener_is_told_who_has_the_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    with pytest.raises(StoreFailure) as failure:
        await SqliteStore.open(path)
    await store.close()
    await (await SqliteStore.open(path)).close()
    assert str(failure.value) == f"store {path} is in use by process {os.getpid()}: stop that process first"


def _not_sqlite(path: Path) -> None:
    path.write_bytes(b"something else entirely, and long enough to be no header" * 100)


def _strange(path: Path) -> None:
    sql = sqlite3.connect(path)
    sql.execute("CREATE TABLE strange (a)")
    sql.close()


def _newer(path: Path) -> None:
    asyncio.run(_make(path))
    sql = sqlite3.connect(path)
    sql.execute("PRAGMA user_version = 99")
    sql.close()


async def _make(path: Path) -> None:
    await (await SqliteStore.open(path)).close()


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (_not_sqlite, "file is not a database"),
        (_strange, "is not a Fairway store: give another path or move it away"),
        (_newer, "has schema version 99, this Fairway knows 1: run the Fairway that wrote it"),
    ],
)
def test_a_file_that_is_no_store_of_this_version_is_refused(tmp_path: Path, spoil: object, text: str) -> None:
    assert callable(spoil)
    spoil(tmp_path / "store.db")
    before = (tmp_path / "store.db").read_bytes()
    for _ in range(2):
        with pytest.raises(StoreFailure, match=text):
            asyncio.run(_make(tmp_path / "store.db"))
    assert (tmp_path / "store.db").read_bytes() == before


async def test_a_folder_that_is_missing_is_a_store_failure(tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match="cannot be opened: No such file or directory"):
        await SqliteStore.open(tmp_path / "missing" / "store.db")


async def test_a_closed_store_takes_nothing(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    await store.close()
    with pytest.raises(StoreFailure, match="the store is closed"):
        await store.commit([Put("/a", b"1")])


async def test_a_commit_happens_even_if_nobody_waits_for_it_any_more(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    abandoned = asyncio.ensure_future(store.commit([Put("/a", b"1")]))
    await asyncio.sleep(0)
    abandoned.cancel()
    await store.commit([Put("/b", b"1")])
    assert [entry.key for entry in (await store.read(""))[0]] == ["/a", "/b"]
    await store.close()


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """No file of this process may grow beyond what the store's log has now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = path.with_name(f"{path.name}-wal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100_000, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@on_both_loops
async def test_a_full_disk_fails_the_commits_and_all_that_stand_on_them_and_then_heals(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    kept = await store.commit([Put("/kept", b"1"), Put("/old", b"1")])
    seen: list[str] = []

    async def follow() -> None:
        async for entries in store.watch("/", kept):
            seen.extend(entry.key for entry in entries)

    following = asyncio.ensure_future(follow())
    await asyncio.sleep(0.01)
    with full_disk(path):
        large = asyncio.ensure_future(store.commit([Put("/large", b"x" * 1_000_000, ABSENT), Put("/old", None)]))
        await asyncio.sleep(0)
        waiting = [
            asyncio.ensure_future(store.commit([Put("/large", b"y", Revision(kept + 1))])),
            asyncio.ensure_future(store.commit([Put("/small", b"y")])),
        ]
        outcomes = await asyncio.gather(large, *waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreFailure] * 3
    assert "write failed" in str(outcomes[0])
    assert [entry.key for entry in (await store.read(""))[0]] == ["/kept", "/old"]
    healed = await store.commit([Put("/large", b"z", ABSENT), Put("/old", b"2", kept)])
    with pytest.raises(StoreConflict):
        await store.commit([Put("/large", b"z", ABSENT)])
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    await store.close()
    store = await SqliteStore.open(path)
    found, revision = await store.read("")
    await store.close()
    assert [(entry.key, entry.value) for entry in found] == [("/kept", b"1"), ("/large", b"z"), ("/old", b"2")]
    assert (seen, revision) == (["/large", "/old"], healed)


def _write_until_killed(path: Path, generation: int, count: int) -> list[bytes]:
    """What a writing process acknowledged before SIGKILL, which comes after ``count`` of it."""
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, str(WRITER), str(path), str(generation)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"open\n"
        told = b""
        while told.count(b"\n") < count:
            told += os.read(process.stdout.fileno(), 1 << 16)
        process.send_signal(signal.SIGKILL)
        told += process.stdout.read()
    # A last line may be cut; the lines before are what the writer was told.
    return told.split(b"\n")[:-1]


def test_every_acknowledged_write_survives_kill_9_whole(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    written: dict[str, tuple[str, Revision]] = {}
    deleted: set[str] = set()
    for generation in range(5):
        for line in _write_until_killed(path, generation, random.randrange(50, 1500)):
            name, value, revision = line.decode().split()
            if value == "deleted":
                deleted.add(name)
            else:
                written[name] = value, Revision(int(revision))
        asyncio.run(_check(path, written, deleted))
    assert len(written) > 100


async def _check(path: Path, written: dict[str, tuple[str, Revision]], deleted: set[str]) -> None:
    store = await SqliteStore.open(path)
    entries, newest = await store.read("/pair/")
    await store.close()
    found = {entry.key: entry for entry in entries}
    assert {key.rpartition("/")[0] + "/left" for key in found} | {
        key.rpartition("/")[0] + "/right" for key in found
    } == set(found), "half a commit was found"
    for name, (value, revision) in written.items():
        entry = found.get(f"{name}/left")
        if entry is None:
            # Deleted, perhaps in a commit whose acknowledgement the kill cut off.
            assert int(value) % 3 == 0, f"{name} was acknowledged and is lost"
        else:
            assert name not in deleted, f"{name} was deleted and is back"
            assert (entry.value, entry.revision) == (value.encode() * 50, revision)
        assert revision <= newest


async def test_compaction_removes_what_was_superseded_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path, retention=None)
    for number in range(3000):
        last = await store.commit([Put(f"/{number % 7}", str(number).encode()), Put(f"/gone-{number}", b"x")])
        await store.commit([Put(f"/gone-{number}", None)])
    await asyncio.gather(store.compact(store.revision), *(store.commit([Put("/x", b"x")]) for _ in range(100)))
    assert [entry.key for entry in (await store.read(""))[0]] == [*(f"/{number}" for number in range(7)), "/x"]
    await store.compact(store.revision)
    await store.close()
    assert (rows(path), store.compacted_revision > last) == (8, True)


async def test_a_compaction_that_was_cut_short_is_finished_after_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path, retention=None)
    for number in range(100):
        last = await store.commit([Put("/a", str(number).encode())])
    await store.close()
    sql = sqlite3.connect(path)
    sql.execute("UPDATE mark SET compacted = ?", (last,))
    sql.commit()
    sql.close()
    store = await SqliteStore.open(path, retention=Retention(period_s=0.01))
    await until(lambda: rows(path) == 1)
    await store.close()


async def test_history_is_given_up_by_itself(tmp_path: Path) -> None:
    retention = Retention(keep_s=0.05, keep_revisions=10, period_s=0.02, least_revisions=1)
    store = await SqliteStore.open(tmp_path / "store.db", retention=retention)
    for number in range(100):
        last = await store.commit([Put("/a", str(number).encode())])
    async with asyncio.timeout(10):
        await until(lambda: store.compacted_revision == last - 10)
        await until(lambda: rows(tmp_path / "store.db") == 11)
    await store.close()


async def test_the_files_do_not_grow_with_what_was_written_but_with_what_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path, is_durable=False, retention=None)
    for _ in range(20):
        await asyncio.gather(*(store.commit([Put(f"/{number}", os.urandom(4000))]) for number in range(1000)))
        await store.compact(store.revision)
    sizes = size_bytes(tmp_path)
    await store.close()
    # 80 MB were written, 4 MB are kept; the log is bounded by its own limit.
    assert sizes < 60_000_000
    assert path.stat().st_size < 16_000_000
