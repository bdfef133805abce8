"""How long costly looks wait, and that no change is left waiting for ever."""

from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers.rules.patience import Patience


def test_the_first_change_sets_the_time_and_later_ones_do_not_move_it() -> None:
    patience = Patience()
    assert patience.wait_s("a", 1.0, 10.0) == 1.0
    assert patience.wait_s("a", 1.0, 10.75) == 0.25
    assert patience.wait_s("b", 0.0, 10.75) == 0.0
    assert patience.wait_s("a", 1.0, 11.0) == 0.0
    assert patience.wait_s("a", 1.0, 11.2) == 0.0, "what failed is tried again without patience"
    patience.served("a")
    assert patience.wait_s("a", 1.0, 11.5) == 1.0, "the next change waits anew"
    patience.served("a")
    assert patience.wait_s("a", 0.0, 11.6) == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.floats(0.001, 5))
def test_whoever_comes_back_when_told_is_served(pauses: list[float], patience_s: float) -> None:
    patience, now = Patience(), 0.0
    for pause in pauses:
        now += pause
        if wait_s := patience.wait_s("a", patience_s, now):
            assert wait_s <= patience_s + 1e-9
            now += wait_s + 1e-6
            assert patience.wait_s("a", patience_s, now) == 0.0
            patience.served("a")
