"""What every store driver must do; a driver joins by one line in ``OPENERS``."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from component.loops import until
from fairway.store.interface import ABSENT, Entry, Put, Revision, Store, StoreCompacted, StoreConflict
from fairway.store.sqlite import SqliteStore

Opener = Callable[[Path], Awaitable[Store]]
OPENERS: dict[str, Opener] = {
    "sqlite-file": lambda folder: SqliteStore.open(folder / "store.db"),
    "sqlite-memory": lambda folder: SqliteStore.open(":memory:"),
}


@pytest.fixture(params=OPENERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with asyncio.timeout(30):
        opened = await OPENERS[request.param](tmp_path)
    yield opened
    await opened.close()


async def take(changes: AsyncIterator[Sequence[Entry]], count: int) -> list[list[Entry]]:
    taken: list[list[Entry]] = []
    async with asyncio.timeout(10):
        while len(taken) < count:
            taken.append(list(await anext(changes)))
    return taken


async def fails(expected: type[Exception], awaited: Awaitable[Any]) -> Exception:
    with pytest.raises(expected) as raised:
        await awaited
    return raised.value


async def test_what_is_committed_is_read(store: Store) -> None:
    first = await store.commit([Put("/b", b"1"), Put("/a", b"2")])
    second = await store.commit([Put("/c", b"3")])
    assert second > first
    assert await store.read("/") == (
        [Entry("/a", b"2", first), Entry("/b", b"1", first), Entry("/c", b"3", second)],
        second,
    )


async def test_a_read_gives_what_is_under_the_prefix_in_key_order(store: Store) -> None:
    keys = ["/a/10", "/a/2", "/a", "/ab", "/a/é", "/a/\U0001f6a2", "/b"]
    await store.commit([Put(key, b"v") for key in keys])
    found, _ = await store.read("/a/")
    assert [entry.key for entry in found] == ["/a/10", "/a/2", "/a/é", "/a/\U0001f6a2"]


async def test_values_are_any_bytes(store: Store) -> None:
    values = [b"", b"\x00\xff", bytes(range(256)) * 4096]
    await store.commit([Put(f"/{place}", value) for place, value in enumerate(values)])
    assert [entry.value for entry in (await store.read(""))[0]] == values


async def test_an_empty_store_has_a_revision_to_watch_from(store: Store) -> None:
    found, revision = await store.read("")
    async with aclosing(store.watch("", revision)) as changes:  # type: ignore[type-var]
        written = await store.commit([Put("/a", b"1")])
        assert (found, revision > 0, await take(changes, 1)) == ([], True, [[Entry("/a", b"1", written)]])


async def test_a_commit_is_whole_or_not_at_all(store: Store) -> None:
    revision = await store.commit([Put("/a", b"1")])
    conflict = await fails(
        StoreConflict, store.commit([Put("/b", b"1", ABSENT), Put("/a", b"2", Revision(revision + 5)), Put("/c", b"1")])
    )
    assert isinstance(conflict, StoreConflict) and conflict.key == "/a"
    assert await store.read("") == ([Entry("/a", b"1", revision)], revision)


@pytest.mark.parametrize("value", [b"2", None], ids=["put", "delete"])
async def test_an_expectation_holds_only_for_the_newest_revision(store: Store, value: bytes | None) -> None:
    first = await store.commit([Put("/a", b"1")])
    second = await store.commit([Put("/a", b"1", first)])
    await fails(StoreConflict, store.commit([Put("/a", value, first)]))
    await fails(StoreConflict, store.commit([Put("/a", value, ABSENT)]))
    await fails(StoreConflict, store.commit([Put("/none", value, second)]))
    assert await store.commit([Put("/a", value, second)]) > second


async def test_a_deleted_key_may_be_created_again(store: Store) -> None:
    first = await store.commit([Put("/a", b"1", ABSENT)])
    await fails(StoreConflict, store.commit([Put("/a", b"2", ABSENT)]))
    await store.commit([Put("/a", None, first)])
    assert (await store.read(""))[0] == []
    third = await store.commit([Put("/a", b"3", ABSENT)])
    assert (await store.read(""))[0] == [Entry("/a", b"3", third)]


async def test_deleting_what_is_not_there_changes_nothing(store: Store) -> None:
    before = await store.commit([Put("/a", b"1")])
    assert await store.commit([Put("/b", None)]) == before
    assert await store.commit([]) == before


async def test_a_key_twice_in_a_commit_is_a_mistake_of_the_caller(store: Store) -> None:
    await fails(ValueError, store.commit([Put("/a", b"1"), Put("/a", b"2")]))


async def test_of_writers_with_the_same_expectation_exactly_one_wins(store: Store) -> None:
    outcomes = await asyncio.gather(
        *(store.commit([Put("/a", str(writer).encode(), ABSENT)]) for writer in range(20)), return_exceptions=True
    )
    won = [outcome for outcome in outcomes if not isinstance(outcome, StoreConflict)]
    assert (len(won), len(outcomes)) == (1, 20)
    assert [entry.revision for entry in (await store.read(""))[0]] == won


async def test_who_hears_of_a_conflict_can_read_what_it_is_about(store: Store) -> None:
    winning = asyncio.ensure_future(store.commit([Put("/a", b"winner", ABSENT)]))
    await asyncio.sleep(0)
    await fails(StoreConflict, store.commit([Put("/a", b"loser", ABSENT)]))
    assert [entry.value for entry in (await store.read(""))[0]] == [b"winner"]
    await winning


async def test_counting_writers_lose_no_step(store: Store) -> None:
    async def count_up() -> None:
        done = 0
        while done < 20:
            found, _ = await store.read("/counter")
            value, revision = (int(found[0].value or b"0"), found[0].revision) if found else (0, ABSENT)
            try:
                await store.commit([Put("/counter", str(value + 1).encode(), revision)])
            except StoreConflict:
                continue
            done += 1

    async with asyncio.timeout(20):
        await asyncio.gather(*(count_up() for _ in range(8)))
    assert (await store.read("/counter"))[0][0].value == b"160"


async def test_the_past_can_be_read(store: Store) -> None:
    first = await store.commit([Put("/a", b"1"), Put("/b", b"1")])
    second = await store.commit([Put("/a", b"2"), Put("/c", b"2")])
    third = await store.commit([Put("/b", None)])
    history = [[(entry.key, entry.value) for entry in (await store.read("/", at))[0]] for at in (first, second, third)]
    assert history == [
        [("/a", b"1"), ("/b", b"1")],
        [("/a", b"2"), ("/b", b"1"), ("/c", b"2")],
        [("/a", b"2"), ("/c", b"2")],
    ]
    assert (await store.read("/", first))[1] == first
    await fails(ValueError, store.read("/", Revision(third + 1)))


async def test_a_watch_gives_every_later_change_one_item_per_commit(store: Store) -> None:
    start = await store.commit([Put("/a/1", b"before")])
    async with aclosing(store.watch("/a/", start)) as changes:  # type: ignore[type-var]
        one = await store.commit([Put("/a/2", b"1"), Put("/b", b"1"), Put("/a/1", b"1")])
        await store.commit([Put("/b", b"2")])
        two = await store.commit([Put("/a/2", None)])
        assert await take(changes, 2) == [
            [Entry("/a/2", b"1", one), Entry("/a/1", b"1", one)],
            [Entry("/a/2", None, two)],
        ]


async def test_a_watch_from_the_past_goes_on_into_the_present(store: Store) -> None:
    start = await store.commit([Put("/0", b"")])
    expected = [await store.commit([Put(f"/{number}", b"")]) for number in range(1, 1500)]
    async with aclosing(store.watch("/", start)) as changes:  # type: ignore[type-var]
        past = await take(changes, 700)
        expected += [await store.commit([Put(f"/{number}", b"")]) for number in range(1500, 1600)]
        rest = await take(changes, len(expected) - 700)
    assert [entries[0].revision for entries in past + rest] == expected


async def test_a_watch_sees_a_commit_no_later_than_its_committer(store: Store) -> None:
    seen: list[Revision] = []

    async def follow() -> None:
        async for entries in store.watch("/", start):
            seen.append(entries[0].revision)

    start = await store.commit([Put("/a", b"")])
    following = asyncio.ensure_future(follow())
    await store.commit([Put("/a", b"first")])
    await until(lambda: bool(seen))
    for number in range(50):
        revision = await store.commit([Put("/a", str(number).encode())])
        assert seen[-1] == revision
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def test_watchers_see_the_same_order_under_concurrent_writers(store: Store) -> None:
    _, start = await store.read("")

    async def follow(after: Revision) -> list[tuple[str, Revision]]:
        async with aclosing(store.watch("/", after)) as changes:  # type: ignore[type-var]
            return [(entries[0].key, entries[0].revision) for entries in await take(changes, 400)]

    async def write(writer: int) -> list[tuple[str, Revision]]:
        written = []
        for number in range(50):
            key = f"/{writer}-{number}"
            written.append((key, await store.commit([Put(key, b"v")])))
        return written

    early = [asyncio.ensure_future(follow(start)) for _ in range(5)]
    written = [pair for pairs in await asyncio.gather(*(write(writer) for writer in range(8))) for pair in pairs]
    late = [asyncio.ensure_future(follow(start)) for _ in range(5)]
    expected = sorted(written, key=lambda pair: pair[1])
    assert all([found == expected for found in await asyncio.gather(*early, *late)])


async def test_a_watcher_that_does_not_read_holds_up_nobody_and_misses_nothing(store: Store) -> None:
    _, start = await store.read("")
    async with aclosing(store.watch("/", start)) as slow:  # type: ignore[type-var]
        first = await store.commit([Put("/a", b"0")])
        taken = [entries[0].revision for entries in await take(slow, 1)]
        async with asyncio.timeout(20):
            written = await asyncio.gather(*(store.commit([Put("/a", b"v")]) for _ in range(6000)))
        taken += [entries[0].revision for entries in await take(slow, 6000)]
    assert taken == [first, *written]


async def test_what_was_compacted_is_refused_and_the_rest_is_kept(store: Store) -> None:
    first = await store.commit([Put("/a", b"1"), Put("/b", b"1"), Put("/gone", b"1")])
    second = await store.commit([Put("/a", b"2"), Put("/gone", None)])
    third = await store.commit([Put("/a", b"3")])
    await store.compact(second)
    await fails(StoreCompacted, store.read("/", first))
    async with aclosing(store.watch("/", first)) as refused:  # type: ignore[type-var]
        await fails(StoreCompacted, anext(refused))
    assert [(e.key, e.value) for e in (await store.read("/", second))[0]] == [("/a", b"2"), ("/b", b"1")]
    assert [(e.key, e.value) for e in (await store.read("/"))[0]] == [("/a", b"3"), ("/b", b"1")]
    async with aclosing(store.watch("/", second)) as changes:  # type: ignore[type-var]
        assert await take(changes, 1) == [[Entry("/a", b"3", third)]]
    await store.commit([Put("/gone", b"2", ABSENT), Put("/b", b"2", first)])


async def test_compacting_twice_or_backwards_is_harmless(store: Store) -> None:
    revisions = [await store.commit([Put("/a", str(number).encode())]) for number in range(5)]
    for before in (revisions[3], revisions[1], revisions[3], Revision(revisions[4] + 100)):
        await store.compact(before)
    assert await store.read("/") == ([Entry("/a", b"4", revisions[4])], revisions[4])
    assert await store.commit([Put("/a", b"5")]) > revisions[4]


async def test_a_watch_goes_on_while_history_behind_it_is_compacted(store: Store) -> None:
    _, start = await store.read("")
    async with aclosing(store.watch("/", start)) as changes:  # type: ignore[type-var]
        for number in range(200):
            revision = await store.commit([Put("/a", str(number).encode())])
            assert [entries[0].revision for entries in await take(changes, 1)] == [revision]
            if number % 20 == 0:
                await store.compact(revision)


async def test_closing_twice_is_harmless(store: Store) -> None:
    await store.commit([Put("/a", b"1")])
    await store.close()
    await store.close()


async def test_closing_finishes_what_was_accepted_and_ends_watches(store: Store) -> None:
    _, start = await store.read("")

    seen: list[Revision] = []

    async def follow() -> None:
        async for entries in store.watch("/", start):
            seen.append(entries[0].revision)

    following = asyncio.ensure_future(follow())
    first = await store.commit([Put("/first", b"")])
    await until(lambda: bool(seen))
    committing = [asyncio.ensure_future(store.commit([Put(f"/{number}", b"")])) for number in range(100)]
    await asyncio.sleep(0)
    await store.close()
    await following
    assert [first, *[await commit for commit in committing]] == seen


KEYS = ["/a", "/a/b", "/b", "/c"]
WISHES = st.tuples(st.sampled_from(KEYS), st.none() | st.binary(max_size=3), st.sampled_from(["any", "good", "absent"]))
STEPS = st.one_of(
    st.tuples(st.just("commit"), st.lists(WISHES, min_size=1, max_size=3, unique_by=lambda wish: wish[0])),
    st.tuples(st.just("read"), st.integers(0, 12)),
    st.tuples(st.just("watch"), st.integers(0, 12)),
    st.tuples(st.just("compact"), st.integers(0, 12)),
    st.tuples(st.just("reopen"), st.none()),
)  # fmt: skip


class Model:
    """A store as a list of snapshots and a list of changes."""

    def __init__(self, start: Revision) -> None:
        self.revision = start
        self.compacted = Revision(0)
        self.snapshots: dict[Revision, dict[str, Entry]] = {start: {}}
        self.changes: list[list[Entry]] = []

    def puts(self, wishes: list[tuple[str, bytes | None, str]]) -> tuple[list[Put], str | None]:
        """The puts, and the first key whose expectation does not hold."""
        live, puts, failed = self.snapshots[self.revision], [], None
        for key, value, wish in wishes:
            now = live[key].revision if key in live else ABSENT
            expect = {"any": None, "good": now, "absent": ABSENT}[wish]
            puts.append(Put(key, value, expect))
            if expect is not None and expect != now and failed is None:
                failed = key
        return puts, failed

    def commit(self, puts: list[Put]) -> None:
        live = dict(self.snapshots[self.revision])
        revision = Revision(self.revision + 1)
        changed = [Entry(put.key, put.value, revision) for put in puts if put.value is not None or put.key in live]
        for entry in changed:
            live.pop(entry.key, None)
            if entry.value is not None:
                live[entry.key] = entry
        if changed:
            self.revision = revision
            self.snapshots[revision] = live
            self.changes.append(changed)


async def _play(store: Store, model: Model, step: str, detail: Any) -> None:
    if step == "commit":
        puts, failed = model.puts(detail)
        try:
            revision = await store.commit(puts)
        except StoreConflict as conflict:
            assert conflict.key == failed
        else:
            assert failed is None
            model.commit(puts)
            assert revision == model.revision
        return
    revision = Revision(max(model.revision - detail, 1))
    if step == "compact":
        await store.compact(revision)
        model.compacted = max(model.compacted, revision)
    elif revision < model.compacted:
        await fails(StoreCompacted, store.read("/", revision) if step == "read" else anext(store.watch("/", revision)))
    elif step == "read":
        live = model.snapshots[revision]
        assert await store.read("/", revision) == ([live[key] for key in sorted(live)], revision)
    else:
        later = [change for change in model.changes if change[0].revision > revision]
        async with aclosing(store.watch("/", revision)) as changes:  # type: ignore[type-var]
            assert await take(changes, len(later)) == later


@pytest.mark.parametrize("driver", OPENERS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
def test_a_store_agrees_with_a_plain_model(
    driver: str, steps: list[tuple[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    async def play() -> None:
        folder = tmp_path_factory.mktemp("store")
        store = await OPENERS[driver](folder)
        model = Model((await store.read(""))[1])
        for step, detail in steps:
            if step != "reopen":
                await _play(store, model, step, detail)
            elif driver != "sqlite-memory":
                await store.close()
                store = await OPENERS[driver](folder)
        live = model.snapshots[model.revision]
        assert await store.read("") == ([live[key] for key in sorted(live)], model.revision)
        await store.close()

    asyncio.run(play())
