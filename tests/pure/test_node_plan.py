"""What the node agent decides to do next for one pod."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.node.backoff import Backoff
from fairway.node.plan import (
    DEADLINE_EXCEEDED,
    ClearTraffic,
    DeleteObject,
    Fail,
    Forget,
    MakeSandbox,
    ReleaseSandbox,
    RemoveSandbox,
    Start,
    Stop,
    TellBackOff,
    plan,
)
from fairway.node.pod_view import Attempt, Busy, ContainerView, PodView
from fairway.objects import Object
from pure.node_cases import NOW, SANDBOX, ended, leaving, pod, ready, running, view

TWO = [{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]
SIDECAR = {"name": "side", "image": "x", "restartPolicy": "Always"}
INIT = {"name": "init", "image": "x"}


def actions(found: PodView) -> list[object]:
    return list(plan(found, NOW).actions)


def test_a_new_pod_gets_its_sandbox_first() -> None:
    assert actions(view(pod(), sandbox=None)) == [MakeSandbox()]


def test_a_sandbox_under_way_is_waited_for() -> None:
    assert actions(view(pod(), sandbox=None, is_sandbox_busy=True)) == []


def test_a_failed_sandbox_is_tried_again_at_its_time() -> None:
    made = plan(view(pod(), sandbox=None, sandbox_retry_s=NOW + 5), NOW)
    assert (made.actions, made.wake_s) == ([], NOW + 5)


def test_a_pod_that_runs_needs_nothing() -> None:
    assert actions(view(pod(), {"main": ready()})) == []


def test_containers_of_a_pod_are_started_one_at_a_time() -> None:
    assert actions(view(pod(containers=TWO))) == [Start("a", 0)]
    assert actions(view(pod(containers=TWO), {"a": ContainerView(busy=Busy.STARTING)})) == []
    assert actions(view(pod(containers=TWO), {"a": ready()})) == [Start("b", 0)]


def test_a_container_that_must_wait_does_not_hold_up_the_next() -> None:
    made = plan(view(pod(containers=TWO), {"a": ContainerView(retry_s=NOW + 9)}), NOW)
    assert (made.actions, made.wake_s) == ([Start("b", 0)], NOW + 9)


def test_a_first_end_is_followed_by_a_start_at_once() -> None:
    assert actions(view(pod(), {"main": ContainerView((ended(1),))})) == [Start("main", 1)]


def test_later_ends_wait_for_their_back_off() -> None:
    container = ContainerView((ended(1, 1),), backoff=Backoff(10, NOW))
    made = plan(view(pod(), {"main": container}), NOW)
    assert (made.actions, made.wake_s) == ([TellBackOff("main", 1)], NOW + 10)


@pytest.mark.parametrize(
    ("policy", "code", "restarts"),
    [("Always", 0, True), ("Always", 1, True), ("OnFailure", 0, False), ("OnFailure", 1, True), ("Never", 1, False)],
)
def test_the_restart_policy_decides(policy: str, code: int, restarts: bool) -> None:
    found = view(pod(restartPolicy=policy), {"main": ContainerView((ended(code),))})
    assert actions(found) == ([Start("main", 1)] if restarts else [])


def test_init_containers_go_first_and_in_order() -> None:
    found = pod(initContainers=[INIT, {"name": "second", "image": "x"}])
    assert actions(view(found)) == [Start("init", 0)]
    assert actions(view(found, {"init": ContainerView((running(),))})) == []
    assert actions(view(found, {"init": ContainerView((ended(0),))})) == [Start("second", 0)]
    both = {"init": ContainerView((ended(0),)), "second": ContainerView((ended(0),))}
    assert actions(view(found, both)) == [Start("main", 0)]


def test_a_failed_init_container_of_a_pod_that_never_restarts_ends_it() -> None:
    found = pod(initContainers=[INIT], restartPolicy="Never")
    assert actions(view(found, {"init": ContainerView((ended(1),))})) == []


def test_a_main_container_waits_until_the_sidecar_has_started() -> None:
    found = pod(initContainers=[SIDECAR])
    assert actions(view(found, {"side": ContainerView((running(),))})) == []
    assert actions(view(found, {"side": ready()})) == [Start("main", 0)]


def test_a_sidecar_is_started_again_beside_running_main_containers() -> None:
    found = pod(initContainers=[SIDECAR])
    assert actions(view(found, {"side": ContainerView((ended(0),)), "main": ready()})) == [Start("side", 1)]


def test_init_containers_are_behind_a_pod_whose_main_containers_have_run() -> None:
    assert actions(view(pod(initContainers=[INIT]), {"main": ContainerView((ended(1),))})) == [Start("main", 1)]


def test_a_new_sandbox_runs_the_init_containers_again() -> None:
    lost = replace(ended(137), is_lost=True)
    found = view(pod(initContainers=[INIT]), {"main": ContainerView((lost,)), "init": ContainerView(first_number=1)})
    assert actions(found) == [Start("init", 1)]


def test_a_finished_pod_of_a_rebooted_machine_gets_no_new_sandbox() -> None:
    lost = replace(ended(137), is_lost=True)
    found = view(pod(restartPolicy="Never"), {"main": ContainerView((lost,))}, sandbox=None)
    assert actions(found) == []


def test_sidecars_stop_last_one_first_when_the_main_containers_are_done() -> None:
    found = pod(initContainers=[SIDECAR, {**SIDECAR, "name": "side2"}], restartPolicy="Never")
    containers = {"side": ready(), "side2": ready(), "main": ContainerView((ended(0),))}
    assert actions(view(found, containers)) == [Stop("side2", "Stopping container side2")]
    containers["side2"] = ContainerView((ended(143),))
    assert actions(view(found, containers)) == [Stop("side", "Stopping container side")]


def test_a_condemned_container_is_stopped_once() -> None:
    why = "Container main failed liveness probe, will be restarted"
    condemned = ContainerView((running(),), condemned=why)
    assert actions(view(pod(), {"main": condemned})) == [Stop("main", why)]
    assert actions(view(pod(), {"main": replace(condemned, busy=Busy.STOPPING)})) == []


def test_old_attempts_are_dropped_but_for_the_one_before_the_last() -> None:
    container = ContainerView((ended(1, 0), ended(1, 1), running(2)))
    assert actions(view(pod(), {"main": container})) == [Forget("main", 0)]


def test_a_leaving_pod_that_wants_to_stop_at_once_waits_for_nobody() -> None:
    gone = leaving(pod())
    gone["metadata"] = gone["metadata"] | {"annotations": {"fairway.dev/stop-at-once": "true"}}
    assert actions(view(gone, {"main": ready()})) == [Stop("main", "Stopping container main")]
    gone["metadata"]["annotations"] = {"fairway.dev/stop-at-once": "false"}
    assert actions(view(gone, {"main": ready()})) == [ClearTraffic()]


def test_a_leaving_pod_waits_for_the_proxies_then_stops_then_goes() -> None:
    gone = leaving(pod())
    assert actions(view(gone, {"main": ready()})) == [ClearTraffic()]
    assert actions(view(gone, {"main": ready()}, has_cleared_traffic=True)) == [Stop("main", "Stopping container main")]
    stopped = {"main": ContainerView((ended(143),))}
    assert actions(view(gone, stopped, has_cleared_traffic=True)) == [RemoveSandbox()]
    assert actions(view(gone, stopped, has_cleared_traffic=True, sandbox=None)) == [DeleteObject()]


def test_a_leaving_pod_that_never_ran_goes_at_once() -> None:
    assert actions(view(leaving(pod()), sandbox=None)) == [DeleteObject()]


def test_a_start_under_way_is_waited_for_before_the_sandbox_goes() -> None:
    found = view(leaving(pod()), {"main": ContainerView(busy=Busy.STARTING)}, has_cleared_traffic=True)
    assert actions(found) == []


def test_a_pod_is_ended_at_its_deadline_and_looked_at_again_then() -> None:
    status = {"startTime": "2023-11-14T22:13:00Z"}
    assert actions(view(pod(activeDeadlineSeconds=20, status=status), {"main": ready()})) == [Fail(DEADLINE_EXCEEDED)]
    later = plan(view(pod(activeDeadlineSeconds=50, status=status), {"main": ready()}), NOW)
    assert (later.actions, later.wake_s) == ([], 1_700_000_030.0)


def test_what_a_failed_pod_still_runs_is_stopped() -> None:
    found = view(pod(status={"phase": "Failed"}), {"main": ready()})
    assert actions(found) == [Stop("main", "Stopping container main")]


# Properties

CODES = st.one_of(st.none(), st.integers(0, 3))
CONTAINERS = st.fixed_dictionaries({"init": CODES, "side": CODES, "a": CODES, "b": CODES})
POLICIES = st.sampled_from(["Always", "OnFailure", "Never"])


def _pod(policy: str) -> Object:
    return pod(containers=TWO, initContainers=[INIT, SIDECAR], restartPolicy=policy)


def applied(found: PodView, action: object) -> PodView:
    """The view after an action has done its work."""
    containers = dict(found.containers)
    match action:
        case MakeSandbox():
            return replace(found, sandbox=SANDBOX)
        case ClearTraffic():
            return replace(found, has_cleared_traffic=True)
        case ReleaseSandbox():
            return replace(found, sandbox=replace(SANDBOX, is_released=True))
        case RemoveSandbox():
            return replace(found, sandbox=None, containers={})
        case Start(name, number):
            attempts = (*found.container(name).attempts, Attempt(number, f"{name}{number}", NOW))
            if name == "init":
                attempts = (*attempts[:-1], replace(attempts[-1], exit_code=0, finished_s=NOW))
            containers[name] = ContainerView(attempts, has_passed_startup=True, is_ready=True)
        case Stop(name, _):
            last = replace(found.container(name).attempts[-1], exit_code=143, finished_s=NOW)
            containers[name] = ContainerView((*found.container(name).attempts[:-1], last))
        case Forget(name, number):
            kept = tuple(attempt for attempt in found.container(name).attempts if attempt.number != number)
            containers[name] = replace(found.container(name), attempts=kept)
    return replace(found, containers=containers)


@given(CONTAINERS, POLICIES, st.booleans(), st.booleans())
def test_doing_what_is_planned_comes_to_rest(
    codes: dict[str, int | None], policy: str, is_leaving: bool, has_sandbox: bool
) -> None:
    given_pod = leaving(_pod(policy)) if is_leaving else _pod(policy)
    containers = {
        name: ContainerView((running() if code is None else ended(code),), has_passed_startup=True)
        for name, code in codes.items()
    }
    found = view(given_pod, containers if has_sandbox else {}, sandbox=SANDBOX if has_sandbox else None)
    for _ in range(30):
        todo = actions(found)
        if not todo or todo == [DeleteObject()]:
            break
        for action in todo:
            found = applied(found, action)
    assert actions(found) in ([], [DeleteObject()])
    if is_leaving:
        assert actions(found) == [DeleteObject()]
        assert found.sandbox is None


def test_a_pod_that_has_ended_for_good_gives_its_address_back_once() -> None:
    over = pod(restartPolicy="Never")
    stopped = {"main": ContainerView((ended(0),))}
    assert actions(view(over, stopped)) == []
    over["status"] = {"phase": "Succeeded"}
    assert actions(view(over, stopped)) == [ReleaseSandbox()]
    assert actions(view(over, stopped, is_sandbox_busy=True)) == []
    assert actions(view(over, {"main": ContainerView((running(),))})) == [Stop("main", "Stopping container main")]
    assert actions(view(over, stopped, sandbox=replace(SANDBOX, is_released=True))) == []
    assert actions(view(leaving(over), stopped, sandbox=replace(SANDBOX, is_released=True))) == [RemoveSandbox()]


@given(CONTAINERS, POLICIES)
def test_at_most_one_container_is_started_at_a_time(codes: dict[str, int | None], policy: str) -> None:
    containers = {name: ContainerView((ended(code),)) for name, code in codes.items() if code is not None}
    started = [action for action in actions(view(_pod(policy), containers)) if isinstance(action, Start)]
    assert len(started) <= 1
