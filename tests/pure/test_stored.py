"""Objects as bytes and dicts, the events between their states, and collections of them."""

import tracemalloc

import orjson
from hypothesis import given
from hypothesis import strategies as st

from fairway.apiserver.collection import Collection
from fairway.apiserver.events import Event
from fairway.apiserver.selection import select
from fairway.apiserver.stored import Stored, encode, restamp, splice
from fairway.kinds import CONFIG_MAP
from fairway.objects import Object

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def state(name: str, revision: int, labels: dict[str, str] | None = None, **data: str) -> Stored:
    metadata = {"name": name, "namespace": "n", "labels": labels or {}}
    value = encode({"kind": "ConfigMap", "apiVersion": "v1", "metadata": metadata, "data": data})
    return Stored(f"/core/configmaps/n/{name}", revision, splice(value, revision))


@given(st.dictionaries(st.text(), VALUES, max_size=4), st.integers(1, 10**12), st.integers(1, 10**12))
def test_the_revision_is_put_in_and_changed_without_decoding(more: Object, first: int, second: int) -> None:
    new = {**more, "metadata": {"name": '"metadata":{', "resourceVersion": "0"}, "apiVersion": "v1", "kind": "X"}
    value = encode(new)
    assert value.startswith(b'{"kind":"X","apiVersion":"v1","metadata":{')
    assert "resourceVersion" not in orjson.loads(value)["metadata"]
    wire = splice(value, first)
    assert orjson.loads(wire)["metadata"]["resourceVersion"] == str(first)
    moved = orjson.loads(restamp(wire, second))
    assert moved["metadata"].pop("resourceVersion") == str(second)
    assert moved == orjson.loads(value)


@given(st.integers(1, 10**12))
def test_what_the_store_holds_gets_its_revision_when_somebody_looks(revision: int) -> None:
    value = encode({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {}})
    found = Stored.of_store("/core/configmaps/n/a", revision, value)
    assert not found.is_packed
    assert (len(found.wire), found.wire) == (found.size, splice(value, revision))
    assert found.object["metadata"]["resourceVersion"] == str(revision)


def test_a_dict_is_made_once_and_can_be_let_go() -> None:
    stored = state("a", 3)
    assert not stored.is_decoded
    assert stored.object is stored.object
    stored.forget()
    assert not stored.is_decoded
    assert stored.copy() is not stored.object


def test_what_went_away_is_shown_under_the_revision_of_its_going() -> None:
    stored = state("a", 3, data="x")
    before = stored.object
    gone = stored.at(9)
    assert (gone.object["metadata"]["resourceVersion"], orjson.loads(gone.wire)) == ("9", gone.object)
    assert before["metadata"]["resourceVersion"] == "3"


def seen(old: Stored | None, new: Stored | None, labels: str = "", namespace: str = "n") -> str | None:
    view = Event(9, old, new).seen(select(CONFIG_MAP, namespace, labels, ""))
    return view[0] if view else None


def test_without_selectors_an_event_is_what_it_is() -> None:
    a, b = state("a", 1), state("a", 2)
    assert [seen(None, a), seen(a, b), seen(b, None)] == ["ADDED", "MODIFIED", "DELETED"]
    assert seen(None, a, namespace="other") is None


def test_with_a_selector_entering_is_added_and_leaving_is_deleted() -> None:
    inside, outside = state("a", 1, {"app": "web"}), state("a", 2)
    assert seen(outside, inside, "app=web") == "ADDED"
    assert seen(inside, outside, "app=web") == "DELETED"
    assert seen(inside, inside, "app=web") == "MODIFIED"
    assert seen(outside, outside, "app=web") is None
    assert seen(outside, None, "app=web") is None
    assert seen(inside, None, "app=web") == "DELETED"


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=30), st.integers(0, 30))
def test_every_remembered_state_can_be_shown_again(changes: list[tuple[str, bool]], back: int) -> None:
    collection = Collection(CONFIG_MAP)
    collection.load([], 0)
    states: list[list[int]] = [[]]
    for revision, (name, is_written) in enumerate(changes, 1):
        key = f"/core/configmaps/n/{name}"
        collection.apply(key, state(name, revision) if is_written else None, revision)
        states.append(sorted(one.revision for one in collection.live.values()))
    revision = min(back, len(changes))
    then = collection.at(revision)
    shown = {key: then.get(key, collection.live.get(key)) for key in {*collection.live, *then}}
    assert sorted(one.revision for one in shown.values() if one is not None) == states[revision]


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=30))
def test_keys_are_in_order_and_those_of_the_live(changes: list[tuple[str, bool]]) -> None:
    collection = Collection(CONFIG_MAP)
    for revision, (name, is_written) in enumerate(changes, 1):
        for namespace in ("m", "n", "n1"):
            key = f"/core/configmaps/{namespace}/{name}"
            collection.apply(key, state(name, revision) if is_written else None, revision)
    assert collection.keys(CONFIG_MAP.prefix) == sorted(collection.live)
    of_n = [key for key in sorted(collection.live) if key.startswith("/core/configmaps/n/")]
    assert collection.keys("/core/configmaps/n/") == of_n
    assert collection.keys("/core/configmaps/n/", "/core/configmaps/n/c") == [
        k for k in of_n if k >= f"{of_n[0][:-1]}c"
    ]


def test_events_after_a_revision_come_in_order() -> None:
    collection = Collection(CONFIG_MAP)
    collection.load([state("a", 4)], 5)
    for revision in (7, 9, 12):
        collection.apply("/core/configmaps/n/a", state("a", revision), revision)
    assert [event.revision for event in collection.since(7)] == [9, 12]
    assert collection.since(12) == []
    collection.forget_oldest()
    assert collection.floor == 7


def test_what_is_encoded_takes_no_more_memory_than_it_is_long() -> None:
    new = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "d"}, "data": {"a": "b"}}
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        held = [encode({**new, "metadata": dict(new["metadata"])}) for _ in range(200)]
        used = (tracemalloc.get_traced_memory()[0] - before) / len(held)
    finally:
        tracemalloc.stop()
    assert used < len(held[0]) + 100
