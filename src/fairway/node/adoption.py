"""Adoption: what the agent knows of a container when it takes up a pod: from the runtime, and from the API's status
for what the runtime has forgotten.  Pure.

So a restart of the agent changes no status, and after a reboot of the machine restart counts go on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from fairway.node.container_record import LOST_EXIT_CODE, LOST_MESSAGE, LOST_REASON, ContainerRecord
from fairway.node.pod_spec import init_containers, is_sidecar
from fairway.node.pod_view import Attempt, attempt_of
from fairway.node.runtimes.interface import ContainerState
from fairway.objects import Object
from fairway.objects.meta import unix_seconds

ImageNames = Mapping[str, tuple[str, str]]
"""Image id -> (image, imageID) for statuses."""


def adopted(pod: Object, container: Object, states: Sequence[ContainerState], names: ImageNames) -> ContainerRecord:
    """The record of one container at the moment the agent takes up its pod."""
    status = _status_of(pod, container["name"])
    record = ContainerRecord(container, reference=container.get("image") or "")
    for state in sorted(states, key=lambda found: found.attempt):
        image, image_ref = names.get(state.image_id, ("", state.image_id))
        found = attempt_of(state, image, image_ref)
        record.attempts.append(_completed(found, status))
    if record.attempts:
        _remember_previous(record, status)
        _remember_probes(record, status)
    elif status:
        _remember_lost(record, status, is_init=_is_plain_init(pod, container))
    _remember_resources(record, status)
    return record


def _status_of(pod: Object, name: str) -> Object:
    statuses = pod.get("status") or {}
    places = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
    listed = (status for place in places for status in statuses.get(place) or ())
    return next((status for status in listed if status.get("name") == name), {})


def _is_plain_init(pod: Object, container: Object) -> bool:
    return any(found["name"] == container["name"] and not is_sidecar(found) for found in init_containers(pod))


def bare_id(container_id: str) -> str:
    """A container id without the name of its runtime."""
    return container_id.rpartition("://")[2]


def _completed(attempt: Attempt, status: Object) -> Attempt:
    """An attempt that the API already knows is shown as it was: same image names, same message of its end."""
    if status and bare_id(status.get("containerID") or "") == attempt.container_id:
        attempt = replace(attempt, image=status.get("image") or attempt.image)
        attempt = replace(attempt, image_ref=status.get("imageID") or attempt.image_ref)
    for place in ("state", "lastState"):
        ended = (status.get(place) or {}).get("terminated") or {}
        if ended and bare_id(ended.get("containerID") or "") == attempt.container_id and not attempt.is_running:
            reason = ended.get("reason") or attempt.reason
            attempt = replace(attempt, reason=reason, message=ended.get("message") or "")
    return attempt


def _remember_previous(record: ContainerRecord, status: Object) -> None:
    ended = (status.get("lastState") or {}).get("terminated")
    first = record.attempts[0]
    known = {attempt.container_id for attempt in record.attempts}
    if ended and first.number > 0 and bare_id(ended.get("containerID") or "") not in known:
        record.attempts.insert(0, _ended(first.number - 1, ended, status))


def _remember_probes(record: ContainerRecord, status: Object) -> None:
    current = record.attempts[-1]
    if current.is_running and bare_id(status.get("containerID") or "") == current.container_id:
        record.has_passed_startup = bool(status.get("started"))
        record.is_ready = bool(status.get("ready"))


def _remember_resources(record: ContainerRecord, status: Object) -> None:
    """What the container has and was granted: the API's status is where that is kept."""
    had = status.get("resources")
    record.granted = record.container.get("resources") or {}
    if had is not None:
        record.granted = {**had, "requests": status["allocatedResources"]} if "allocatedResources" in status else had
    if record.attempts and record.attempts[-1].is_running:
        record.applied = had if had is not None else record.granted


def _remember_lost(record: ContainerRecord, status: Object, *, is_init: bool) -> None:
    number = status.get("restartCount") or 0
    ended = (status.get("state") or {}).get("terminated") or (status.get("lastState") or {}).get("terminated")
    running = (status.get("state") or {}).get("running")
    if running is None and ended is None:
        record.first_number = number
        return
    if is_init:
        # A new sandbox runs its init containers again from the first; only their numbers go on.
        record.first_number = number + 1
    elif running is not None:
        began_s = unix_seconds(running["startedAt"]) if running.get("startedAt") else 0.0
        record.attempts = [
            Attempt(
                number, bare_id(status.get("containerID") or ""), began_s, status.get("image") or "",
                status.get("imageID") or "", LOST_EXIT_CODE, None, LOST_REASON, LOST_MESSAGE, is_lost=True,
            )
        ]  # fmt: skip
    else:
        assert ended is not None
        record.attempts = [_ended(number, ended, status)]


def _ended(number: int, ended: Object, status: Object) -> Attempt:
    started, finished = ended.get("startedAt"), ended.get("finishedAt")
    return Attempt(
        number, bare_id(ended.get("containerID") or ""), unix_seconds(started) if started else 0.0,
        status.get("image") or "", status.get("imageID") or "", ended.get("exitCode", LOST_EXIT_CODE),
        unix_seconds(finished) if finished else None, ended.get("reason") or "", ended.get("message") or "",
        is_lost=True,
    )  # fmt: skip
