"""The work queue under a clock that the test holds."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from fairway.reconcile.queue import Queue


def test_keys_come_in_the_order_of_arrival_and_once() -> None:
    queue: Queue[str] = Queue()
    for key in ("a", "b", "a"):
        queue.add(key)
    assert [queue.get_ready(0), queue.get_ready(0), queue.get_ready(0)] == ["a", "b", None]


def test_a_key_added_while_worked_on_comes_again_when_done() -> None:
    queue: Queue[str] = Queue()
    queue.add("a")
    queue.get_ready(0)
    queue.add("a")
    assert queue.get_ready(0) is None
    queue.done("a")
    assert queue.get_ready(0) == "a"


def test_a_delayed_key_comes_at_its_time() -> None:
    queue: Queue[str] = Queue()
    queue.add_after("a", 5, now=10)
    assert queue.next_deadline() == 15
    assert queue.get_ready(14.9) is None
    assert queue.get_ready(15) == "a"
    assert queue.next_deadline() is None


def test_the_sooner_of_two_delays_counts() -> None:
    queue: Queue[str] = Queue()
    queue.add_after("a", 5, now=0)
    queue.add_after("a", 1, now=0)
    queue.add_after("a", 9, now=0)
    assert queue.get_ready(1) == "a"
    queue.done("a")
    assert queue.get_ready(100) is None


def test_a_key_that_is_due_waits_no_longer() -> None:
    queue: Queue[str] = Queue()
    queue.add_after("a", 5, now=0)
    queue.add("a")
    assert queue.get_ready(0) == "a"
    queue.done("a")
    assert queue.next_deadline() is None


def test_failures_in_a_row_double_the_delay_up_to_the_limit() -> None:
    queue: Queue[str] = Queue(0.005, 1000)
    delays = []
    for _ in range(20):
        delays.append(queue.add_rate_limited("a", 0))
        queue.get_ready(10_000)
        queue.done("a")
    assert delays[:3] == [0.005, 0.01, 0.02]
    assert delays[-1] == 1000
    queue.forget("a")
    assert queue.add_rate_limited("a", 0) == 0.005


class QueueMachine(RuleBasedStateMachine):
    """Whatever is done: no key is worked on twice at once, and none that was added is lost."""

    keys = st.sampled_from("abcd")

    def __init__(self) -> None:
        super().__init__()
        self.queue: Queue[str] = Queue()
        self.now = 0.0
        self.working: set[str] = set()
        self.owed: set[str] = set()

    @rule(key=keys)
    def add(self, key: str) -> None:
        self.queue.add(key)
        self.owed.add(key)

    @rule(key=keys, delay_s=st.floats(0, 10))
    def add_after(self, key: str, delay_s: float) -> None:
        self.queue.add_after(key, delay_s, self.now)
        self.owed.add(key)

    @rule(key=keys)
    def fail(self, key: str) -> None:
        self.queue.add_rate_limited(key, self.now)
        self.owed.add(key)

    @rule(step_s=st.floats(0, 5))
    def wait(self, step_s: float) -> None:
        self.now += step_s

    @rule()
    def take(self) -> None:
        key = self.queue.get_ready(self.now)
        if key is not None:
            assert key not in self.working
            self.working.add(key)
            self.owed.discard(key)

    @rule(key=keys)
    def finish(self, key: str) -> None:
        if key in self.working:
            self.working.discard(key)
            self.queue.done(key)

    @invariant()
    def a_deadline_is_never_forgotten(self) -> None:
        deadline = self.queue.next_deadline()
        assert deadline is None or deadline >= 0

    def teardown(self) -> None:
        for key in self.working:
            self.queue.done(key)
        found = set()
        while (key := self.queue.get_ready(1e9)) is not None:
            found.add(key)
            self.queue.done(key)
        assert found >= self.owed


TestQueueMachine = QueueMachine.TestCase
