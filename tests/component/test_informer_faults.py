"""Whatever happens to the connection, the cache ends up like the server and its subscribers hear a true story."""

import asyncio
import copy

from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.client.memory import MemoryClient
from fairway.kinds import CONFIG_MAP
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.informer import Change, Informer

FAULTS = ("disconnect", "compact", "bookmark", "refuse watch", "refuse list", "turn")
names = st.sampled_from("abcd")
steps = st.one_of(
    st.tuples(st.just("put"), names),
    st.tuples(st.just("replace"), names),
    st.tuples(st.just("remove"), names),
    st.tuples(
        st.sampled_from(["disconnect", "compact", "bookmark", "refuse watch", "refuse list", "turn"]), st.just("")
    ),
)


class Mirror:
    """A subscriber that believes what it is told, and checks that each change follows from the last."""

    def __init__(self) -> None:
        self.objects: dict[str, Object] = {}
        self.copies: list[tuple[Object, Object]] = []

    def __call__(self, change: Change) -> None:
        name = change.object["metadata"]["name"]
        assert self.objects.get(name) is change.old
        if change.old is not None and change.new is not None:
            assert change.old["metadata"]["uid"] == change.new["metadata"]["uid"]
            assert change.old["metadata"]["resourceVersion"] != change.new["metadata"]["resourceVersion"]
        if change.new is None:
            del self.objects[name]
        else:
            self.objects[name] = change.new
            self.copies.append((change.new, copy.deepcopy(change.new)))


def do(step: str, name: str, client: MemoryClient, present: dict[str, int], count: int) -> None:
    if step in ("put", "replace"):
        if step == "replace" and name in present:
            client.remove(CONFIG_MAP, "d", name)
            del present[name]
        present.setdefault(name, count)
        meta = {"namespace": "d", "name": name, "uid": f"{name}-{present[name]}"}
        client.put(CONFIG_MAP, {"metadata": meta, "data": {"count": str(count)}})
    elif step == "remove" and name in present:
        client.remove(CONFIG_MAP, "d", name)
        del present[name]
    elif step == "disconnect":
        client.disconnect()
    elif step == "compact":
        client.compact()
    elif step == "bookmark":
        client.bookmark(CONFIG_MAP)
    elif step.startswith("refuse"):
        failure = ConnectionResetError("cut") if count % 2 else StatusError(503, "ServiceUnavailable", "busy")
        client.failures.setdefault(step.removeprefix("refuse "), []).append(failure)
        client.disconnect()


async def story(history: list[tuple[str, str]]) -> None:
    client, mirror = MemoryClient(), Mirror()
    informer = Informer(client, CONFIG_MAP, indexes={"count": lambda found: [found["data"]["count"]]})
    informer.subscribe(mirror)
    running = asyncio.create_task(informer.run())
    present: dict[str, int] = {}
    for count, (step, name) in enumerate(history):
        if step == "turn":
            for _ in range(5):
                await asyncio.sleep(0)
        else:
            do(step, name, client, present, count)
    client.failures.clear()
    written = client.put(
        CONFIG_MAP, {"metadata": {"namespace": "d", "name": "end", "uid": "end"}, "data": {"count": "end"}}
    )
    async with asyncio.timeout(10):
        await informer.wait_revision(int(written["metadata"]["resourceVersion"]))
    found, _ = await client.list(CONFIG_MAP)
    assert {one["metadata"]["name"]: one for one in informer.items()} == {one["metadata"]["name"]: one for one in found}
    assert mirror.objects == {one["metadata"]["name"]: one for one in found}
    for one in found:
        assert one in informer.by_index("count", one["data"]["count"])
    assert all(shared == copied for shared, copied in mirror.copies)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@settings(max_examples=60, deadline=None)
@given(st.lists(steps, max_size=25))
def test_any_history_ends_in_the_servers_state(history: list[tuple[str, str]]) -> None:
    asyncio.run(story(history))
