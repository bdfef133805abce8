"""History is kept for as long and as many revisions as was promised, whichever is more."""

from hypothesis import given
from hypothesis import strategies as st

from fairway.store.interface import Revision
from fairway.store.sqlite.retention import Retention, RevisionTimes

SMALL = Retention(keep_s=300, keep_revisions=100, least_revisions=10)


def test_nothing_is_due_before_the_time_is_over() -> None:
    times = RevisionTimes(SMALL)
    assert [times.due(now_s, Revision(1000), Revision(0)) for now_s in (0, 100, 299)] == [None, None, None]


def test_what_is_old_and_far_enough_is_due() -> None:
    times = RevisionTimes(SMALL)
    times.due(0, Revision(500), Revision(0))
    times.due(200, Revision(900), Revision(0))
    assert times.due(310, Revision(1000), Revision(0)) == 500


def test_the_last_revisions_stay_however_old_they_are() -> None:
    times = RevisionTimes(SMALL)
    times.due(0, Revision(500), Revision(0))
    assert times.due(99999, Revision(500), Revision(0)) == 400


def test_a_few_revisions_are_not_worth_a_compaction() -> None:
    times = RevisionTimes(SMALL)
    times.due(0, Revision(500), Revision(0))
    assert times.due(400, Revision(700), Revision(491)) is None


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 300)), max_size=30))
def test_nothing_younger_than_promised_is_ever_due(steps: list[tuple[int, int]]) -> None:
    times, now_s, newest, seen = RevisionTimes(SMALL), 0, 0, [(0, 0)]
    for seconds, revisions in steps:
        now_s, newest = now_s + seconds, newest + revisions
        seen.append((now_s, newest))
        before = times.due(now_s, Revision(newest), Revision(0))
        if before is not None:
            old = max(revision for at_s, revision in seen if at_s <= now_s - SMALL.keep_s)
            assert before <= old and before <= newest - SMALL.keep_revisions
