"""Random histories over the real store in a process that is killed at any moment, compared with a model.

``FAIRWAY_HISTORY_S`` makes it longer, ``FAIRWAY_HISTORY_SEED`` repeats the choices of a run (not its timing).
"""

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from component.history_client import Client, Killed, Lost
from component.history_followers import KEPT, Follower, Pages, Services
from component.history_model import Counter, Shared, Writer

DURATION_S = float(os.environ.get("FAIRWAY_HISTORY_S", "3"))
SEED = os.environ.get("FAIRWAY_HISTORY_SEED", "")
WRITERS = 4


class History:
    """Everybody who takes part in one history."""

    def __init__(self, server: Killed, seed: str) -> None:
        self.server, self.chance, self.shared = server, random.Random(seed), Shared()
        self.counter = Counter(self.shared)
        self.clients = [Client(server) for _ in range(WRITERS + 5)]
        self.client, paging, serving, *counting = self.clients[WRITERS:]
        self.writers = [
            Writer(number, self.shared, self.clients[number], random.Random(f"{seed}/{number}"))
            for number in range(WRITERS)
        ]
        self.pages = Pages(paging, self.chance)
        self.services = Services(serving, self.chance)
        self.observer = Follower(server, self.shared)
        self.followers = [self.observer, *(Follower(server, self.shared, text) for text in SELECTORS)]
        self._workers: list[Callable[[], Awaitable[None]]] = [
            *(writer.write for writer in self.writers),
            *(lambda client=client: self.counter.count_up(client) for client in counting),
            self._read, self.services.change,
        ]  # fmt: skip
        self.kills = self.checked = self.read = 0

    async def _read(self) -> None:
        log = self.observer.log
        if log and self.chance.random() < 0.5:
            await self.pages.read_exact(self.chance.choice(log[-KEPT:])[0])
        else:
            await self.pages.read()

    async def check(self) -> None:
        """After a restart: everything acknowledged is there, and nothing half."""
        for writer in self.writers:
            await writer.settle()
        await self.counter.check(self.client)
        await self.services.check()
        self.checked += self.observer.check(self.pages.readings)
        self.read += len(self.pages.readings)
        self.pages.readings.clear()

    async def run_until_killed(self, writes: int) -> None:
        """Everybody at once, until so many writes were acknowledged; then the server dies."""
        enough = self.shared.count + writes
        killed = asyncio.Event()

        async def work(do: Callable[[], Awaitable[None]]) -> None:
            with suppress(Lost):
                while not killed.is_set():
                    await do()
                    if self.shared.count >= enough:
                        killed.set()

        async with asyncio.TaskGroup() as group:
            for each in self._workers:
                group.create_task(work(each))
            await killed.wait()
            await self.server.kill()
        self.kills += 1

    async def finish(self) -> None:
        """Nobody writes any more: every copy becomes what the list says, and every reading was true."""
        await self.check()
        for follower, selector in zip(self.followers, ("", *SELECTORS), strict=True):
            whole = Follower(self.server, self.shared, selector)
            following = asyncio.create_task(whole.follow())
            await whole.reached(0)
            await follower.reached(whole.base)
            following.cancel()
            assert follower.copy == whole.at_base, selector
        await self.services.check_ports_are_free()


SELECTORS = ("color=red", "color in (red,green),writer!=1", "!color")


async def run(path: Path, *, keep_revisions: int, window_bytes: int, duration_s: float, seed: str) -> History:
    server = Killed(path, keep_revisions=keep_revisions, window_bytes=window_bytes)
    history = History(server, seed)
    following = [asyncio.create_task(each.follow()) for each in history.followers]
    ends = time.monotonic() + duration_s
    try:
        while True:
            await server.start()
            await history.check()
            if time.monotonic() > ends and history.kills:
                break
            await history.run_until_killed(history.chance.choice([1, 20, 100, 300]))
            while history.chance.random() < 0.2:
                await server.start(kill_after_s=history.chance.uniform(0.0, 1.5))
        for each in following:
            assert not each.done() or each.result()
        await history.finish()
    finally:
        for each in following:
            each.cancel()
        ended = await asyncio.gather(*following, return_exceptions=True)
        await server.kill()
        for client in history.clients:
            client.close()
        await asyncio.sleep(0)
    faults = [each for each in ended if isinstance(each, Exception)]
    assert faults == []
    assert "Traceback" not in server.log.read_text()
    return history


@pytest.mark.parametrize(
    ("keep_revisions", "window_bytes"), [(0, 16 << 20), (20, 30_000)], ids=["all is kept", "little is kept"]
)
async def test_what_was_acknowledged_survives_whole_and_watchers_see_it_once(
    tmp_path: Path, keep_revisions: int, window_bytes: int
) -> None:
    seed = SEED or str(random.randrange(1 << 32))
    print(f"FAIRWAY_HISTORY_SEED={seed}")
    history = await run(
        tmp_path / "store.db", keep_revisions=keep_revisions, window_bytes=window_bytes, duration_s=DURATION_S,
        seed=seed,
    )  # fmt: skip
    assert history.shared.count > 0
    assert history.read > 0
    if not keep_revisions:  # Where little is kept, few readings are of a moment that the observer saw, too.
        assert history.checked > 0
        assert history.observer.lists == 1, "all of the history is kept: nobody needs to list again"
    print(
        f"{history.kills} kills, {history.shared.count} writes, {history.checked} of {history.read} readings "
        f"checked, {history.pages.expired} expired, lists {[each.lists for each in history.followers]}, "
        f"resumed {[each.resumed for each in history.followers]}"
    )
