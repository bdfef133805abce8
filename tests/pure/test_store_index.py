"""The index decides commits in order, over what is on its way to the disk too, and can forget it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.store.interface import ABSENT, Put, Revision, StoreConflict
from fairway.store.sqlite.index import Index
from fairway.store.sqlite.row import Row, first_id, revision_of


def fresh() -> Index:
    return Index({}, Revision(1))


def test_rows_name_what_they_supersede() -> None:
    index = fresh()
    decided = [index.decide([Put("a", b"1")]), index.decide([Put("a", b"2"), Put("b", b"3")])]
    assert decided == [
        (2, [Row(first_id(2), 0, "a", b"1")]),
        (3, [Row(first_id(3), first_id(2), "a", b"2"), Row(first_id(3) + 1, 0, "b", b"3")]),
    ]


def test_an_expectation_sees_writes_that_are_not_durable_yet() -> None:
    index = fresh()
    revision, _ = index.decide([Put("a", b"1", ABSENT)])
    assert index.decide([Put("a", b"2", revision)])[0] == 3
    with pytest.raises(StoreConflict) as conflict:
        index.decide([Put("a", b"3", revision)])
    assert (conflict.value.key, index.is_pending("a")) == ("a", True)


def test_a_conflict_decides_nothing() -> None:
    index = fresh()
    with pytest.raises(StoreConflict):
        index.decide([Put("a", b"1", ABSENT), Put("b", b"1", Revision(9))])
    assert (index.decided_revision, index.is_pending("a")) == (1, False)


def test_reads_see_only_what_is_durable() -> None:
    index = fresh()
    revision, rows = index.decide([Put("/b", b"1"), Put("/a", b"2"), Put("c", b"3")])
    before = index.ids("/")
    index.settle(revision, rows)
    assert (before, index.ids("/"), index.durable_revision) == ([], [first_id(2) + 1, first_id(2)], 2)


def test_a_deleted_key_is_absent_again() -> None:
    index = fresh()
    for puts in ([Put("a", b"1", ABSENT)], [Put("a", None, Revision(2))], [Put("a", b"2", ABSENT)]):
        index.settle(*index.decide(puts))
    assert index.ids("") == [first_id(4)]


def test_deleting_what_is_not_there_writes_nothing() -> None:
    assert fresh().decide([Put("a", None), Put("b", None, ABSENT)]) == (1, [])


def test_what_is_rolled_back_never_happened() -> None:
    index = fresh()
    index.settle(*index.decide([Put("a", b"1")]))
    index.decide([Put("a", None)])
    index.decide([Put("b", b"1")])
    index.roll_back()
    assert (index.decided_revision, index.ids(""), index.is_pending("b")) == (2, [first_id(2)], False)
    assert index.decide([Put("a", b"2", Revision(2)), Put("b", b"1", ABSENT)])[0] == 3


def test_a_key_stands_once_in_a_commit() -> None:
    with pytest.raises(ValueError, match="every key once"):
        fresh().decide([Put("a", b"1"), Put("a", b"2")])


KEYS = st.sampled_from("abc")
PUTS = st.builds(
    Put, KEYS, st.none() | st.just(b"v"), st.none() | st.integers(0, 6).map(Revision)
)  # fmt: skip


@given(st.lists(st.lists(PUTS, min_size=1, max_size=3, unique_by=lambda put: put.key), max_size=12), st.data())
def test_the_index_agrees_with_a_plain_dict(batches: list[list[Put]], data: st.DataObject) -> None:
    index, model, revision = fresh(), dict[str, int](), 1
    waiting: list[tuple[Revision, list[Row]]] = []
    for puts in batches:
        holds = all(put.expect is None or put.expect == model.get(put.key, 0) for put in puts)
        try:
            decided = index.decide(puts)
        except StoreConflict:
            assert not holds
            continue
        assert holds
        if any(put.value is not None or put.key in model for put in puts):
            revision += 1
        for put in puts:
            if put.value is None:
                model.pop(put.key, None)
            else:
                model[put.key] = revision
        assert decided[0] == revision
        waiting.append(decided)
        if data.draw(st.booleans()):
            for due in waiting:
                index.settle(*due)
            waiting.clear()
    for due in waiting:
        index.settle(*due)
    assert [revision_of(row_id) for row_id in index.ids("")] == [model[key] for key in sorted(model)]
    assert not any(index.is_pending(key) for key in "abc")
