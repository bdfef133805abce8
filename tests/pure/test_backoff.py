"""Delays between tries."""

from hypothesis import given
from hypothesis import strategies as st

from fairway.reconcile.backoff import Backoff


def test_delays_double_up_to_the_limit() -> None:
    backoff = Backoff(1.0, 5.0, draw=lambda: 1.0)
    assert [backoff.next_delay_s() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_success_begins_anew() -> None:
    backoff = Backoff(1.0, 5.0, draw=lambda: 1.0)
    backoff.next_delay_s()
    backoff.next_delay_s()
    backoff.reset()
    assert backoff.next_delay_s() == 1.0


@given(st.integers(0, 2000), st.floats(0, 1))
def test_a_delay_is_never_above_the_limit_nor_zero(failures: int, drawn: float) -> None:
    backoff = Backoff(0.05, 30.0, draw=lambda: drawn)
    for _ in range(failures):
        backoff.next_delay_s()
    assert 0.0 < backoff.next_delay_s() <= 30.0


def test_milder_failures_wait_less_and_do_not_count_beyond_their_limit() -> None:
    backoff = Backoff(1.0, 30.0, draw=lambda: 1.0)
    assert [backoff.next_delay_s(3.0) for _ in range(5)] == [1.0, 2.0, 3.0, 3.0, 3.0]
    assert backoff.next_delay_s() == 4.0
