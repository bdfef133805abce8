"""Taking up a pod: from the runtime first, from the API's memory where the runtime has forgotten."""

from typing import Any

from fairway.node.adoption import adopted
from fairway.node.pod_view import Attempt
from fairway.node.runtimes.interface import ContainerState
from pure.node_cases import NOW, UID, pod

MAIN = {"name": "main", "image": "kubia"}
STAMP = "2023-11-14T22:13:20Z"
NAMES = {"sha256:a": ("docker.io/kubia:latest", "sha256:a")}


def state(number: int, **more: Any) -> ContainerState:
    return ContainerState(UID, "main", number, f"id-{number}", "sha256:a", 7, NOW, **more)


def status(**more: Any) -> dict[str, Any]:
    return {"containerStatuses": [{"name": "main", **more}]}


def test_what_runs_is_known_from_the_runtime() -> None:
    record = adopted(pod(), MAIN, [state(0)], NAMES)
    assert record.attempts == [Attempt(0, "id-0", NOW, "docker.io/kubia:latest", "sha256:a")]


def test_what_was_ready_is_ready_until_a_probe_says_otherwise() -> None:
    told = status(containerID="crun://id-0", ready=True, started=True)
    record = adopted(pod(status=told), MAIN, [state(0)], NAMES)
    assert (record.is_ready, record.has_passed_startup) == (True, True)


def test_readiness_of_another_attempt_counts_for_nothing() -> None:
    told = status(containerID="crun://id-0", ready=True, started=True)
    assert not adopted(pod(status=told), MAIN, [state(1)], NAMES).is_ready


def test_the_attempt_before_is_remembered_by_the_api() -> None:
    ended = {"exitCode": 3, "reason": "Error", "containerID": "crun://id-0", "startedAt": STAMP, "finishedAt": STAMP}
    record = adopted(pod(status=status(lastState={"terminated": ended}, restartCount=1)), MAIN, [state(1)], NAMES)
    assert [(attempt.number, attempt.exit_code, attempt.is_lost) for attempt in record.attempts] == [
        (0, 3, True),
        (1, None, False),
    ]


def test_a_message_that_was_told_is_kept() -> None:
    ended = {"exitCode": 3, "reason": "Error", "message": "bye", "containerID": "crun://id-0"}
    found = adopted(pod(status=status(state={"terminated": ended})), MAIN, [state(0, exit_code=3)], NAMES)
    assert found.attempts[0].message == "bye"


def test_a_container_that_ran_before_a_reboot_is_lost() -> None:
    told = status(containerID="crun://id-2", restartCount=2, state={"running": {"startedAt": STAMP}})
    [attempt] = adopted(pod(status=told), MAIN, [], NAMES).attempts
    assert (attempt.number, attempt.exit_code, attempt.reason, attempt.is_lost) == (
        2,
        137,
        "ContainerStatusUnknown",
        True,
    )


def test_init_containers_run_again_after_a_reboot_under_new_numbers() -> None:
    init = {"name": "init", "image": "x"}
    ended = {"exitCode": 0, "reason": "Completed", "containerID": "crun://i"}
    told = {"initContainerStatuses": [{"name": "init", "restartCount": 0, "state": {"terminated": ended}}]}
    record = adopted(pod(initContainers=[init], status=told), init, [], NAMES)
    assert (record.attempts, record.first_number) == ([], 1)


def test_a_container_that_never_was_has_no_history() -> None:
    told = status(restartCount=0, state={"waiting": {"reason": "ContainerCreating"}})
    record = adopted(pod(status=told), MAIN, [], NAMES)
    assert (record.attempts, record.first_number) == ([], 0)
