"""When the cause of a change to a Service's endpoints happened."""

from typing import Any

from fairway.controllers.rules.trigger_times import TriggerTimes
from fairway.objects import Object

SERVICE: Object = {"metadata": {"creationTimestamp": "2026-01-01T00:00:10Z"}}


def pod(name: str, second: int, **meta: Any) -> Object:
    ready = {"type": "Ready", "status": "True", "lastTransitionTime": f"2026-01-01T00:00:{second:02}Z"}
    return {"metadata": {"uid": name, **meta}, "status": {"conditions": [ready]}}


def test_the_earliest_of_what_changed_since_the_last_look() -> None:
    times = TriggerTimes()
    assert times.observe("s", SERVICE, []) == "2026-01-01T00:00:10Z"
    assert times.observe("s", SERVICE, []) == ""
    assert times.observe("s", SERVICE, [pod("a", 25), pod("b", 20)]) == "2026-01-01T00:00:20Z"
    assert times.observe("s", SERVICE, [pod("a", 25), pod("b", 30)]) == "2026-01-01T00:00:30Z"
    assert times.observe("s", SERVICE, [pod("a", 25)]) == "", "nobody knows when a pod went"


def test_a_pod_changes_when_it_is_asked_to_leave() -> None:
    times = TriggerTimes()
    times.observe("s", SERVICE, [pod("a", 20)])
    leaving = pod("a", 20, deletionTimestamp="2026-01-01T00:01:10Z", deletionGracePeriodSeconds=30)
    assert times.observe("s", SERVICE, [leaving]) == "2026-01-01T00:00:40Z"


def test_a_look_at_some_pods_says_what_a_look_at_all_says() -> None:
    whole, partial = TriggerTimes(), TriggerTimes()
    for times in (whole, partial):
        times.observe("s", SERVICE, [pod("a", 20), pod("b", 21)])
    assert whole.observe("s", SERVICE, [pod("a", 40), pod("b", 21)]) == "2026-01-01T00:00:40Z"
    assert partial.observe("s", SERVICE, [pod("a", 40)], {"a"}) == "2026-01-01T00:00:40Z"
    assert partial.observe("s", SERVICE, [], {"a"}) == ""
    assert partial.observe("s", SERVICE, [pod("b", 21)], {"b"}) == ""
    assert partial.observe("s", SERVICE, [pod("a", 40)], {"a"}) == "2026-01-01T00:00:40Z", "it was away"
    partial.forget("s")
    assert partial.observe("s", SERVICE, []) == "2026-01-01T00:00:10Z"
