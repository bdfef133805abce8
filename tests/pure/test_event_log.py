"""Which Event an occurrence belongs to."""

from fairway.reconcile.event_log import EventLog, Occurrence, event_object


def occurrence(message: str, reason: str = "Created", name: str = "web") -> Occurrence:
    return Occurrence("tester", (("kind", "Pod"), ("namespace", "d"), ("name", name)), "Normal", reason, message)


def test_an_equal_occurrence_is_counted() -> None:
    event_log = EventLog()
    first = event_log.observe(occurrence("a"), 1.0)
    second = event_log.observe(occurrence("a"), 5.0)
    assert first is second
    assert second is not None
    assert (second.count, second.first_s, second.last_s) == (2, 1.0, 5.0)


def test_many_alike_share_an_event_after_the_tenth() -> None:
    event_log = EventLog()
    names = {known.name for n in range(10) if (known := event_log.observe(occurrence(f"pod {n}"), 1.0))}
    eleventh = event_log.observe(occurrence("pod 10"), 1.0)
    assert len(names) == 10
    assert eleventh is not None
    assert eleventh.occurrence.message == "(combined from similar events): pod 10"


def test_what_is_combined_is_one_event_with_the_latest_message() -> None:
    event_log = EventLog()
    for n in range(10):
        event_log.observe(occurrence(f"pod {n}"), 1.0)
    first = event_log.observe(occurrence("pod 10"), 1.0)
    second = event_log.observe(occurrence("pod 11"), 2.0)
    assert first is second
    assert second is not None
    assert (second.count, second.last_s) == (2, 2.0)
    assert second.occurrence.message == "(combined from similar events): pod 11"
    event_log.forget(second)
    assert event_log.observe(occurrence("pod 12"), 3.0) is not second


def test_a_source_that_does_not_stop_is_cut_off_until_time_has_passed() -> None:
    event_log = EventLog()
    written = [event_log.observe(occurrence("a"), 1.0) for _ in range(30)]
    assert sum(known is not None for known in written) == 25
    assert event_log.observe(occurrence("a", name="other"), 1.0) is not None
    assert event_log.observe(occurrence("a"), 302.0) is not None
    assert event_log.observe(occurrence("a"), 302.0) is None


def test_names_never_repeat_even_in_one_moment() -> None:
    event_log = EventLog()
    found = [event_log.observe(occurrence(f"{n}"), 1.0) for n in range(5)]
    assert [known.name for known in found if known] == [
        "web.3b9aca00", "web.3b9aca01", "web.3b9aca02", "web.3b9aca03", "web.3b9aca04",
    ]  # fmt: skip


def test_the_object_is_upstreams() -> None:
    known = EventLog().observe(occurrence("pod x"), 1.0)
    assert known is not None
    assert event_object(known, "", "T1", "T2") == {
        "kind": "Event", "apiVersion": "v1", "metadata": {"name": "web.3b9aca00", "namespace": "d"},
        "involvedObject": {"kind": "Pod", "namespace": "d", "name": "web"}, "reason": "Created", "message": "pod x",
        "source": {"component": "tester"}, "firstTimestamp": "T1", "lastTimestamp": "T2", "count": 1, "type": "Normal",
        "eventTime": None, "reportingComponent": "tester", "reportingInstance": "",
    }  # fmt: skip
