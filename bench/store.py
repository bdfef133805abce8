"""How fast is the store?  Durable puts by writers at once, reads, opening, watching and compaction.

Usage: python bench/store.py [--folder DIR]   (DIR is on the disk that is to be measured)
"""

import argparse
import asyncio
import os
import resource
import tempfile
import time
from contextlib import aclosing
from pathlib import Path
from typing import Any

import uvloop

from _report import percentile, report
from fairway.store.interface import ABSENT, Put, Revision
from fairway.store.sqlite import SqliteStore

VALUE = os.urandom(600).hex().encode()
COMMITS = {1: 2_000, 16: 20_000, 64: 60_000, 256: 100_000}
"""Writers at once, and commits of all of them."""
BARS = {64: 40_000}


async def puts(store: SqliteStore, writers: int, commits: int) -> dict[str, Any]:
    """``writers`` that each wait for one durable put before the next."""
    numbers = iter(range(commits))
    latencies = []

    async def write() -> None:
        for number in numbers:
            started = time.perf_counter()
            await store.commit([Put(f"/core/configmaps/default/w{writers}-{number}", VALUE, ABSENT)])
            latencies.append(time.perf_counter() - started)

    started, used = time.perf_counter(), time.thread_time()
    await asyncio.gather(*(write() for _ in range(writers)))
    seconds, loop_s = time.perf_counter() - started, time.thread_time() - used
    return {
        "what": f"durable puts/s, {writers} writers", "value": round(commits / seconds),
        "bar": BARS.get(writers, ""), "loop us": round(loop_s / commits * 1e6, 1),
        "p50 ms": round(percentile(latencies, 0.5) * 1000, 3), "p99 ms": round(percentile(latencies, 0.99) * 1000, 3),
    }  # fmt: skip


async def events(store: SqliteStore, after: Revision, count: int, what: str) -> dict[str, Any]:
    """A watch from the past."""
    started = time.perf_counter()
    left = count
    async with aclosing(store.watch("/", after)) as changes:  # type: ignore[type-var]
        async for entries in changes:
            left -= len(entries)
            if left <= 0:
                break
    return {"what": what, "value": round(count / (time.perf_counter() - started))}


async def watched_puts(store: SqliteStore, watchers: int, commits: int) -> dict[str, Any]:
    """64 writers while ``watchers`` read everything."""
    start = store.revision

    async def follow() -> None:
        left = commits
        async with aclosing(store.watch("/", start)) as changes:  # type: ignore[type-var]
            async for entries in changes:
                left -= len(entries)
                if left <= 0:
                    return

    following = [asyncio.ensure_future(follow()) for _ in range(watchers)]
    await asyncio.sleep(0.01)
    row = await puts(store, 64, commits)
    await asyncio.gather(*following)
    return {**row, "what": f"durable puts/s, 64 writers, {watchers} watchers", "bar": ""}


def resident() -> int:
    """MiB of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20


async def measure(folder: Path) -> list[dict[str, Any]]:
    """All rows."""
    path = folder / "store.db"
    store = await SqliteStore.open(path)
    rows = [await puts(store, writers, commits) for writers, commits in COMMITS.items()]
    written = sum(COMMITS.values())
    what = f"resident MiB with {written:,} keys, {written * 1200 >> 20} MiB of values"
    rows.append({"what": what, "value": resident()})
    rows.append(await events(store, Revision(1), written, "watch from the first revision, events/s"))

    started = time.perf_counter()
    found, _ = await store.read("/core/")
    rows.append({"what": "read everything, entries/s", "value": round(len(found) / (time.perf_counter() - started))})
    del found
    await store.close()

    started = time.perf_counter()
    store = await SqliteStore.open(path)
    rows.append({"what": "open, keys/s", "value": round(written / (time.perf_counter() - started))})
    for number in range(2):
        await asyncio.gather(*(store.commit([Put(f"/again/{key}", VALUE)]) for key in range(10_000 + number)))
    rows.append(await _compacted(store))
    await store.close()

    os.unlink(path)
    store = await SqliteStore.open(path)
    rows.append(await watched_puts(store, 10, 20_000))
    await store.close()
    return rows


async def _compacted(store: SqliteStore) -> dict[str, Any]:
    """The longest that a put waits while history is swept."""
    sweeping = asyncio.ensure_future(store.compact(store.revision))
    started, latencies, number = time.perf_counter(), [], 0
    while not sweeping.done():
        before = time.perf_counter()
        await store.commit([Put(f"/during/{number}", VALUE)])
        latencies.append(time.perf_counter() - before)
        number += 1
    return {
        "what": "puts/s during compaction", "value": round(number / (time.perf_counter() - started)),
        "p50 ms": round(percentile(latencies, 0.5) * 1000, 3), "p99 ms": round(percentile(latencies, 0.99) * 1000, 3),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fairway-bench-", dir=arguments.folder) as folder:
        report("store", uvloop.run(measure(Path(folder))))


if __name__ == "__main__":
    main()
