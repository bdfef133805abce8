"""Container statuses: what a pod's status says of each container.  Pure.

Source: Kubernetes API reference, "ContainerStatus v1 core"; the waiting reasons are those that kubectl shows.
"""

from fairway.node.plan import has_begun_mains, is_complete, is_to_restart, restart_s
from fairway.node.pod_spec import ephemeral_containers, init_containers, is_sidecar, main_containers, shown
from fairway.node.pod_view import Attempt, Busy, ContainerView, PodView, Waiting
from fairway.objects import Object
from fairway.objects.durations import go_duration
from fairway.objects.meta import timestamp

CREATING = Waiting("ContainerCreating")
INITIALIZING = Waiting("PodInitializing")


def crash_loop(pod: Object, name: str, container: ContainerView) -> Waiting:
    """A container that keeps ending waits for its next start."""
    delay = go_duration(container.backoff.delay_s if container.backoff else 0)
    return Waiting("CrashLoopBackOff", f"back-off {delay} restarting failed container={name} pod={shown(pod)}")


def container_statuses(view: PodView, runtime_name: str, now_s: float) -> tuple[list[Object], list[Object]]:
    """(initContainerStatuses, containerStatuses), each in the order of the spec."""
    inits, mains = init_containers(view.pod), main_containers(view.pod)
    is_initialized = not inits or has_begun_mains(view)
    first_wait = CREATING if is_initialized or not inits else INITIALIZING
    return (
        [_init_status(view, container, runtime_name, now_s) for container in inits],
        [_status(view, container, runtime_name, now_s, first_wait) for container in mains],
    )


def ephemeral_statuses(view: PodView, runtime_name: str, now_s: float) -> list[Object]:
    """ephemeralContainerStatuses: never ready, as nothing waits for them."""
    found = [_status(view, each, runtime_name, now_s, CREATING) for each in ephemeral_containers(view.pod)]
    return [{**status, "ready": False, "started": False} for status in found]


def _init_status(view: PodView, container: Object, runtime_name: str, now_s: float) -> Object:
    status = _status(view, container, runtime_name, now_s, INITIALIZING)
    if not is_sidecar(container):
        ended = status["state"].get("terminated")
        status["ready"] = ended is not None and ended["exitCode"] == 0
    return status


def _status(view: PodView, container: Object, runtime_name: str, now_s: float, first_wait: Waiting) -> Object:
    name = container["name"]
    found = view.container(name)
    current, previous = found.current, found.previous
    is_running = current is not None and current.is_running and not current.is_lost
    status: Object = {"name": name, "state": {}, "lastState": {}, "ready": is_running and found.is_ready}
    waiting = waiting_for(view, container, now_s, first_wait)
    if waiting is not None:
        status["state"] = {"waiting": _waiting(waiting)}
        if current is not None:
            status["lastState"] = _state(current, runtime_name)
    elif current is not None:
        status["state"] = _state(current, runtime_name)
        if previous is not None:
            status["lastState"] = _state(previous, runtime_name)
    shown_attempt = _newest_with_container(found)
    status["restartCount"] = current.number if current is not None else found.first_number
    status["image"] = (shown_attempt and shown_attempt.image) or container.get("image", "")
    status["imageID"] = shown_attempt.image_ref if shown_attempt else ""
    if shown_attempt is not None and shown_attempt.container_id:
        status["containerID"] = _id(runtime_name, shown_attempt.container_id)
    status["started"] = is_running and found.has_passed_startup
    if requests := found.granted.get("requests"):
        status["allocatedResources"] = requests
    status["resources"] = found.applied if is_running and found.applied is not None else found.granted
    return status


def _newest_with_container(container: ContainerView) -> Attempt | None:
    return next((found for found in reversed(container.attempts) if found.container_id), None)


def waiting_for(view: PodView, container: Object, now_s: float, first_wait: Waiting) -> Waiting | None:
    """Why a container does not run although it should; ``None`` if it runs or is over."""
    name = container["name"]
    found = view.container(name)
    current = found.current
    if current is None:
        return None if view.failure else (found.waiting or first_wait)
    if current.is_running or view.is_leaving or view.failure or is_complete(view):
        return None
    if not is_to_restart(view.pod, container, current) or _is_done_init(view, container, current):
        return None
    if current.is_lost:
        return found.waiting or first_wait
    if found.waiting is not None:
        return found.waiting
    if found.busy is Busy.NO and now_s < restart_s(found, current):
        return crash_loop(view.pod, name, found)
    return None


def _is_done_init(view: PodView, container: Object, current: Attempt) -> bool:
    is_init = any(init is container for init in init_containers(view.pod))
    return is_init and not is_sidecar(container) and current.exit_code == 0


def _waiting(waiting: Waiting) -> Object:
    state: Object = {"reason": waiting.reason}
    if waiting.message:
        state["message"] = waiting.message
    return state


def _state(attempt: Attempt, runtime_name: str) -> Object:
    if attempt.is_running:
        return {"running": {"startedAt": timestamp(attempt.started_s)}}
    ended: Object = {"exitCode": attempt.exit_code, "reason": attempt.reason}
    if attempt.message:
        ended["message"] = attempt.message
    if attempt.started_s:
        ended["startedAt"] = timestamp(attempt.started_s)
    if attempt.finished_s:
        ended["finishedAt"] = timestamp(attempt.finished_s)
    if attempt.container_id:
        ended["containerID"] = _id(runtime_name, attempt.container_id)
    return {"terminated": ended}


def _id(runtime_name: str, container_id: str) -> str:
    return container_id if "://" in container_id else f"{runtime_name}://{container_id}"
