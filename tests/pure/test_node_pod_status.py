"""What a pod's status says, and how little is written for it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from fairway.node.backoff import Backoff
from fairway.node.pod_status import pod_status, status_patch
from fairway.node.pod_view import Busy, ContainerView, PodView, Waiting
from fairway.objects import Object
from pure.node_cases import NOW, UID, ended, leaving, pod, ready, running, view

STAMP = "2023-11-14T22:13:20Z"
INIT = {"name": "init", "image": "x"}
SIDECAR = {"name": "side", "image": "x", "restartPolicy": "Always"}


def status(found: PodView) -> Object:
    return pod_status(found, ["192.0.2.1"], "crun", NOW)


def condition(found: Object, type_: str) -> Object:
    return next(entry for entry in found["conditions"] if entry["type"] == type_)


def test_the_whole_status_of_a_running_pod() -> None:
    assert status(view(pod(), {"main": ready()})) == {
        "phase": "Running",
        "conditions": [
            {"type": "PodReadyToStartContainers", "status": "True", "lastTransitionTime": STAMP},
            {"type": "Initialized", "status": "True", "lastTransitionTime": STAMP},
            {"type": "Ready", "status": "True", "lastTransitionTime": STAMP},
            {"type": "ContainersReady", "status": "True", "lastTransitionTime": STAMP},
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": STAMP},
        ],
        "hostIP": "192.0.2.1",
        "hostIPs": [{"ip": "192.0.2.1"}],
        "podIP": "10.244.0.5",
        "podIPs": [{"ip": "10.244.0.5"}],
        "startTime": "2023-11-14T22:11:40Z",
        "containerStatuses": [
            {
                "name": "main",
                "state": {"running": {"startedAt": "2023-11-14T22:12:20Z"}},
                "lastState": {},
                "ready": True,
                "restartCount": 0,
                "image": "kubia",
                "imageID": "sha256:a",
                "containerID": "crun://id-0",
                "started": True,
                "resources": {},
            }
        ],
        "qosClass": "BestEffort",
    }


def test_a_pod_without_anything_is_being_created() -> None:
    found = status(view(pod(), sandbox=None))
    assert found["phase"] == "Pending"
    assert found["containerStatuses"][0]["state"] == {"waiting": {"reason": "ContainerCreating"}}
    assert "podIP" not in found
    assert condition(found, "PodReadyToStartContainers")["status"] == "False"
    assert condition(found, "Ready")["reason"] == "ContainersNotReady"
    assert condition(found, "Ready")["message"] == "containers with unready status: [main]"


def test_a_pod_is_initializing_while_its_init_containers_run() -> None:
    found = status(view(pod(initContainers=[INIT]), {"init": ContainerView((running(),))}))
    assert found["phase"] == "Pending"
    assert found["containerStatuses"][0]["state"] == {"waiting": {"reason": "PodInitializing"}}
    initialized = condition(found, "Initialized")
    assert (initialized["reason"], initialized["message"]) == (
        "ContainersNotInitialized",
        "containers with incomplete status: [init]",
    )


def test_an_init_container_is_ready_once_it_has_succeeded() -> None:
    found = status(view(pod(initContainers=[INIT]), {"init": ContainerView((ended(0),)), "main": ready()}))
    assert found["initContainerStatuses"][0]["ready"] is True
    assert condition(found, "Initialized")["status"] == "True"


def test_an_unready_sidecar_makes_the_pod_unready() -> None:
    side = ContainerView((running(),), has_passed_startup=True)
    found = status(view(pod(initContainers=[SIDECAR]), {"side": side, "main": ready()}))
    assert condition(found, "ContainersReady")["message"] == "containers with unready status: [side]"


def test_a_container_in_back_off_waits_and_shows_how_it_ended() -> None:
    container = ContainerView((ended(1, 1, finished_s=NOW - 1),), backoff=Backoff(80, NOW - 2))
    found = status(view(pod(), {"main": container}))["containerStatuses"][0]
    assert found["state"]["waiting"] == {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 1m20s restarting failed container=main pod=web_default({UID})",
    }
    assert found["lastState"]["terminated"]["exitCode"] == 1
    assert (found["restartCount"], found["ready"], found["started"]) == (1, False, False)


def test_a_crashed_pod_that_will_be_restarted_is_running() -> None:
    assert status(view(pod(), {"main": ContainerView((ended(1),))}))["phase"] == "Running"


def test_the_end_of_all_containers_is_the_end_of_a_pod_that_does_not_restart() -> None:
    for policy, code, phase in [("Never", 0, "Succeeded"), ("Never", 2, "Failed"), ("OnFailure", 0, "Succeeded")]:
        found = status(view(pod(restartPolicy=policy), {"main": ContainerView((ended(code),))}))
        assert found["phase"] == phase


def test_a_succeeded_pod_is_not_ready_because_it_is_completed() -> None:
    found = status(view(pod(restartPolicy="Never"), {"main": ContainerView((ended(0),))}))
    assert (condition(found, "Ready")["status"], condition(found, "Ready")["reason"]) == ("False", "PodCompleted")


def test_a_failed_init_container_fails_a_pod_that_never_restarts() -> None:
    found = view(pod(initContainers=[INIT], restartPolicy="Never"), {"init": ContainerView((ended(1),))})
    assert status(found)["phase"] == "Failed"


def test_a_leaving_pod_whose_containers_have_ended_is_over() -> None:
    assert status(view(leaving(pod()), {"main": ContainerView((ended(143),))}))["phase"] == "Failed"
    assert status(view(leaving(pod()), {"main": ContainerView((ended(0),))}))["phase"] == "Succeeded"


def test_a_verdict_is_never_taken_back() -> None:
    found = pod(status={"phase": "Failed", "reason": "Evicted", "message": "low on memory"})
    told = status(view(found, {"main": ready()}))
    assert (told["phase"], told["reason"], told["message"]) == ("Failed", "Evicted", "low on memory")


def test_why_a_start_did_not_come_about_is_told() -> None:
    container = ContainerView(waiting=Waiting("ErrImagePull", "no such host"))
    found = status(view(pod(), {"main": container}))["containerStatuses"][0]
    assert found["state"] == {"waiting": {"reason": "ErrImagePull", "message": "no such host"}}
    assert (found["image"], found["imageID"]) == ("kubia", "")


def test_a_pull_for_the_first_start_shows_as_creating() -> None:
    found = status(view(pod(), {"main": ContainerView(busy=Busy.STARTING)}))["containerStatuses"][0]
    assert found["state"] == {"waiting": {"reason": "ContainerCreating"}}


def test_a_condition_that_did_not_change_keeps_its_time() -> None:
    before = status(view(pod(), {"main": ready()}))
    for entry in before["conditions"]:
        entry["lastTransitionTime"] = "2020-01-01T00:00:00Z"
    unready = replace(ready(), is_ready=False)
    after = status(view(pod(status=before), {"main": unready}))
    assert condition(after, "PodScheduled")["lastTransitionTime"] == "2020-01-01T00:00:00Z"
    assert condition(after, "Ready")["lastTransitionTime"] == STAMP


def test_readiness_gates_are_asked() -> None:
    gated = pod(readinessGates=[{"conditionType": "a/b"}])
    found = condition(status(view(gated, {"main": ready()})), "Ready")
    assert found["reason"] == "ReadinessGatesNotReady"
    assert found["message"] == 'corresponding condition of pod readiness gate "a/b" does not exist.'
    gated["status"] = {"conditions": [{"type": "a/b", "status": "True"}]}
    told = status(view(gated, {"main": ready()}))
    assert condition(told, "Ready")["status"] == "True"
    assert condition(told, "a/b") == {"type": "a/b", "status": "True"}


def test_the_pod_and_the_machine_share_an_address_on_the_host_network() -> None:
    assert status(view(pod(hostNetwork=True), {"main": ready()}))["podIP"] == "192.0.2.1"


def test_a_pod_on_the_network_of_a_node_of_two_families_has_both_addresses() -> None:
    found = pod_status(view(pod(hostNetwork=True), {"main": ready()}), ["fd00::7", "192.0.2.1"], "crun", NOW)
    assert (found["hostIP"], found["podIP"]) == ("fd00::7", "fd00::7")
    assert found["hostIPs"] == found["podIPs"] == [{"ip": "fd00::7"}, {"ip": "192.0.2.1"}]


def test_a_lost_container_shows_that_nobody_knows_how_it_ended() -> None:
    lost = replace(ended(137), is_lost=True, reason="ContainerStatusUnknown")
    found = status(view(pod(), {"main": ContainerView((lost, running(1)))}))["containerStatuses"][0]
    assert found["lastState"]["terminated"]["reason"] == "ContainerStatusUnknown"
    assert found["restartCount"] == 1


# The patch


def test_equal_statuses_need_no_patch() -> None:
    told = status(view(pod(), {"main": ready()}))
    assert status_patch(told, told) == {}


def test_only_what_changed_is_written() -> None:
    old = status(view(pod(), {"main": replace(ready(), is_ready=False)}))
    new = status(view(pod(status=old), {"main": ready()}))
    patch = status_patch(old, new)
    assert sorted(patch) == ["conditions", "containerStatuses"]
    assert [entry["type"] for entry in patch["conditions"]] == ["Ready", "ContainersReady"]
    assert patch["conditions"][0]["reason"] is None


def test_a_new_address_replaces_the_old_one() -> None:
    assert status_patch({"podIPs": [{"ip": "10.0.0.1"}]}, {"podIPs": [{"ip": "10.0.0.2"}], "conditions": []}) == {
        "podIPs": [{"ip": "10.0.0.2"}, {"$patch": "replace"}]
    }


def test_conditions_of_others_are_left_alone() -> None:
    old = {"conditions": [{"type": "DisruptionTarget", "status": "True"}, {"type": "Ready", "status": "True"}]}
    assert status_patch(old, {"conditions": [{"type": "Ready", "status": "True"}]}) == {}


STATES = st.sampled_from([None, "running", "ready", 0, 1])


def _view(state: object, policy: str, old: Object) -> PodView:
    found = pod(restartPolicy=policy, status=old)
    if state is None:
        return view(found)
    if state == "running":
        return view(found, {"main": ContainerView((running(),))})
    if state == "ready":
        return view(found, {"main": ready()})
    assert isinstance(state, int)
    return view(found, {"main": ContainerView((ended(state),))})


@given(STATES, STATES, st.sampled_from(["Always", "OnFailure", "Never"]))
def test_what_was_told_once_is_not_told_again(first: object, second: object, policy: str) -> None:
    told = status(_view(second, policy, status(_view(first, policy, {}))))
    again = status(_view(second, policy, told))
    assert status_patch(told, again) == {}


def test_a_pod_that_outlived_its_deadline_has_failed_only_when_nothing_runs_but_is_unready_at_once() -> None:
    late = Waiting("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
    stopping = status(view(pod(), {"main": replace(ready(), busy=Busy.STOPPING)}, failure=late))
    assert (stopping["phase"], "reason" in stopping) == ("Running", False)
    assert (condition(stopping, "Ready")["status"], condition(stopping, "Ready")["reason"]) == ("False", "PodFailed")
    stopped = status(view(pod(), {"main": ContainerView((ended(137),))}, failure=late))
    assert (stopped["phase"], stopped["reason"]) == ("Failed", "DeadlineExceeded")
