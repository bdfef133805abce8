"""Plan: what to do next for one pod, from what is.  Pure: no I/O; the clock is an argument.

1. A pod that leaves, has ended or has outlived its deadline: stop what runs, main containers before sidecars; of a
   leaving pod then remove the sandbox and at last the object.
2. Otherwise: sandbox first; then init containers in order, sidecars among them; then the main containers.
3. One container of a pod is started at a time (a postStart hook holds up the next, as its users expect); what must
   wait for its back-off does not hold up the others.
4. A container that has ended is started again if its policy says so; if none of the main containers will ever run
   again, the sidecars are stopped, last one first.
Source: Kubernetes docs, "Pod Lifecycle", "Init Containers", "Sidecar Containers"; KEP-753.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from fairway.kinds.rules.restarts import should_restart
from fairway.node import backoff
from fairway.node.pod_spec import (
    ephemeral_containers,
    init_containers,
    is_sidecar,
    is_terminal,
    main_containers,
    stops_at_once,
)
from fairway.node.pod_view import Attempt, Busy, ContainerView, PodView, Waiting
from fairway.node.resizing.rules import is_same, restarts
from fairway.objects import Object
from fairway.objects.meta import unix_seconds

DEADLINE_EXCEEDED = Waiting("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
KEPT_ATTEMPTS = 2
"""The current one and the one before it, whose log ``kubectl logs --previous`` shows."""


@dataclass(frozen=True, slots=True)
class MakeSandbox:
    """Give the pod its surroundings."""


@dataclass(frozen=True, slots=True)
class Start:
    """Start attempt ``number`` of a container."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Stop the running attempt of a container; ``why`` is the text of its Killing event."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Resize:
    """Hold the running attempt of a container to the resources that it was granted."""

    name: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Drop an old attempt from the machine."""

    name: str
    number: int


@dataclass(frozen=True, slots=True)
class ClearTraffic:
    """Wait, not for ever, until the proxies send no new connection to this pod."""


@dataclass(frozen=True, slots=True)
class ReleaseSandbox:
    """Give back what others may need of a pod that has ended for good: its address, its host ports."""


@dataclass(frozen=True, slots=True)
class RemoveSandbox:
    """Free everything that the pod holds on this machine."""


@dataclass(frozen=True, slots=True)
class DeleteObject:
    """Tell the API that nothing of the pod is left."""


@dataclass(frozen=True, slots=True)
class Fail:
    """End the pod for a reason of the agent's own."""

    failure: Waiting


@dataclass(frozen=True, slots=True)
class TellBackOff:
    """A container has to wait before it is started again; worth one event per attempt."""

    name: str
    number: int


Action = (
    MakeSandbox | Start | Stop | Resize | Forget | ClearTraffic | ReleaseSandbox | RemoveSandbox | DeleteObject | Fail
    | TellBackOff
)  # fmt: skip


@dataclass(slots=True)
class Plan:
    """Actions to take now, and when to look again even if nothing happens (Unix seconds)."""

    actions: list[Action] = field(default_factory=list)
    wake_s: float | None = None

    def add(self, action: Action) -> None:
        """One more action."""
        self.actions.append(action)

    def look_again(self, at_s: float) -> None:
        """Wake no later than ``at_s``."""
        self.wake_s = at_s if self.wake_s is None else min(self.wake_s, at_s)


def plan(view: PodView, now_s: float) -> Plan:
    """The next actions for one pod; equal input, equal answer, and none when all is as it should be."""
    made = Plan()
    if view.is_leaving:
        _leave(view, made)
    elif is_terminal(view.pod) or view.failure is not None:
        _stop_running(view, made)
        if is_terminal(view.pod):
            _release(view, made)
    elif _is_past_deadline(view, now_s, made):
        made.add(Fail(DEADLINE_EXCEEDED))
    else:
        _run(view, now_s, made)
    return made


# Ending


def _leave(view: PodView, made: Plan) -> None:
    has_to_wait = not view.has_cleared_traffic and not stops_at_once(view.pod)
    if has_to_wait and any(found.is_running for found in view.containers.values()):
        made.add(ClearTraffic())
        return
    _stop_running(view, made)
    if _is_anything_alive(view) or view.is_sandbox_busy:
        return
    if view.sandbox is not None:
        made.add(RemoveSandbox())
    else:
        made.add(DeleteObject())


def _release(view: PodView, made: Plan) -> None:
    has_any = view.sandbox is not None and not view.sandbox.is_released
    if has_any and not view.is_sandbox_busy and not _is_anything_alive(view):
        made.add(ReleaseSandbox())


def _is_anything_alive(view: PodView) -> bool:
    return any(found.is_running or found.busy is not Busy.NO for found in view.containers.values())


def _stop_running(view: PodView, made: Plan) -> None:
    """Main and plain init containers at once; when they have ended, sidecars in reverse order."""
    sidecars = [container["name"] for container in init_containers(view.pod) if is_sidecar(container)]
    others = [name for name in view.containers if name not in sidecars]
    for name in others:
        _stop(view, name, made)
    if any(_is_alive(view.container(name)) for name in others):
        return
    _stop_last(view, sidecars, made)


def _is_alive(container: ContainerView) -> bool:
    return container.is_running or container.busy is not Busy.NO


def _stop_last(view: PodView, sidecars: list[str], made: Plan) -> None:
    for name in reversed(sidecars):
        if _is_alive(view.container(name)):
            _stop(view, name, made)
            return


def _stop(view: PodView, name: str, made: Plan) -> None:
    container = view.container(name)
    if container.is_running and container.busy is not Busy.STOPPING:
        made.add(Stop(name, f"Stopping container {name}"))


def _is_past_deadline(view: PodView, now_s: float, made: Plan) -> bool:
    """Source: Kubernetes docs, "Pod v1 core", activeDeadlineSeconds: counted from status.startTime."""
    limit_s = view.pod["spec"].get("activeDeadlineSeconds")
    if limit_s is None:
        return False
    started = (view.pod.get("status") or {}).get("startTime")
    ends_s = (unix_seconds(started) if started else view.first_seen_s) + limit_s
    if now_s >= ends_s:
        return True
    made.look_again(ends_s)
    return False


# Running


def _run(view: PodView, now_s: float, made: Plan) -> None:
    made.actions.extend(_forgotten(view))
    if is_complete(view):
        sidecars = [container["name"] for container in init_containers(view.pod) if is_sidecar(container)]
        _stop_last(view, sidecars, made)
        return
    if view.sandbox is None:
        if not view.is_sandbox_busy:
            _when(made, view.sandbox_retry_s, now_s, MakeSandbox())
        return
    wanted = list(_wanted(view))
    for container in wanted:
        found = view.container(container["name"])
        if found.is_running and found.condemned and found.busy is Busy.NO:
            made.add(Stop(container["name"], found.condemned))
        else:
            _resize(found, container, now_s, made)
    is_starting = any(found.busy is Busy.STARTING for found in view.containers.values())
    for container in wanted:
        is_starting = _start(view, container, now_s, made, is_starting=is_starting)


def _resize(found: ContainerView, container: Object, now_s: float, made: Plan) -> None:
    if not found.is_running or found.busy is not Busy.NO or not is_outgrown(found):
        return
    assert found.applied is not None
    name = container["name"]
    if restarts(container, found.applied, found.granted):
        made.add(Stop(name, f"Container {name} resize requires restart"))
    else:
        _when(made, found.resize_retry_s, now_s, Resize(name))


def is_outgrown(container: ContainerView) -> bool:
    """Whether the current attempt has other resources than it was granted."""
    return container.applied is not None and not is_same(container.applied, container.granted)


def _forgotten(view: PodView) -> Iterator[Action]:
    for name, container in view.containers.items():
        for attempt in container.attempts[:-KEPT_ATTEMPTS]:
            yield Forget(name, attempt.number)


def _wanted(view: PodView) -> Iterator[Object]:
    """The containers that may run now: those whose turn in the order of start has come, and those that look into it."""
    yield from ephemeral_containers(view.pod)
    has_begun = has_begun_mains(view)
    for container in init_containers(view.pod):
        found = view.container(container["name"])
        if is_sidecar(container):
            yield container
            if not has_begun and not (found.is_running and found.has_passed_startup):
                return
        elif not has_begun and not has_succeeded(found):
            yield container
            return
    yield from main_containers(view.pod)


def has_begun_mains(view: PodView) -> bool:
    """Whether a main container was ever started in this sandbox: then the init containers are behind it."""
    return any(
        not attempt.is_lost
        for container in main_containers(view.pod)
        for attempt in view.container(container["name"]).attempts
    )  # fmt: skip


def has_succeeded(container: ContainerView) -> bool:
    """Whether the newest attempt ended with exit code 0."""
    current = container.current
    return current is not None and current.exit_code == 0


def _start(view: PodView, container: Object, now_s: float, made: Plan, *, is_starting: bool) -> bool:
    """Start what should run and does not; say whether a start is now under way."""
    name = container["name"]
    found = view.container(name)
    if found.is_running or found.busy is not Busy.NO:
        return is_starting
    current = found.current
    start_s = found.retry_s
    if current is not None:
        if not is_to_restart(view.pod, container, current):
            return is_starting
        due_s = restart_s(found, current)
        start_s = max(start_s, due_s)
        if now_s < due_s:
            made.add(TellBackOff(name, current.number))
    if now_s < start_s:
        made.look_again(start_s)
        return is_starting
    if not is_starting:
        made.add(Start(name, found.next_number))
    return True


def is_to_restart(pod: Object, container: Object, ended: Attempt) -> bool:
    """Whether a container that ended so is started again."""
    return should_restart(container, pod["spec"].get("restartPolicy"), ended.exit_code)


def restart_s(container: ContainerView, ended: Attempt) -> float:
    """When an ended container may be started again (Unix seconds)."""
    return backoff.due_s(container.backoff, ended.finished_s if ended.finished_s is not None else ended.started_s)


def is_complete(view: PodView) -> bool:
    """Whether no main container runs or will ever run again."""
    if has_init_failed(view):
        return not any(_is_alive(view.container(main["name"])) for main in main_containers(view.pod))
    return all(_is_over(view, container) for container in main_containers(view.pod))


def _is_over(view: PodView, container: Object) -> bool:
    found = view.container(container["name"])
    current = found.current
    if current is None or current.is_running or found.busy is not Busy.NO:
        return False
    return not is_to_restart(view.pod, container, current)


def has_init_failed(view: PodView) -> bool:
    """Whether an init container has ended for good without success, so that the main ones never begin."""
    for container in init_containers(view.pod):
        found = view.container(container["name"])
        current = found.current
        if is_sidecar(container) or current is None or current.is_running or current.exit_code == 0:
            continue
        if not is_to_restart(view.pod, container, current):
            return True
    return False


def _when(made: Plan, at_s: float, now_s: float, action: Action) -> None:
    if now_s >= at_s:
        made.add(action)
    else:
        made.look_again(at_s)
