"""Columns of ``kubectl get pods``.

The word under STATUS is not a field: it is read off the phase, the containers' states and the deletion.
Source: the printed forms of kubectl 1.36.
"""

from typing import Any, NamedTuple

from fairway.kinds.kind import Column
from fairway.kinds.rules.cells import AGE, NONE
from fairway.objects import Object
from fairway.objects.ages import age


class Summary(NamedTuple):
    """What a row says of a pod's containers; ``restarted_at`` is the newest end of a run, or empty."""

    ready: int
    total: int
    status: str
    restarts: int
    restarted_at: str


def summary(pod: Object) -> Summary:
    """Containers counted, and the one word for the state of the whole.

    1. the phase, or the status' reason, or SchedulingGated
    2. the first init container that is not done: ``Init:...``
    3. the first container (the last that says something wins) that waits or has ended
    4. Completed although others still run: Running or NotReady
    5. on its way out: Terminating, or Unknown if its node is lost
    """
    status = pod.get("status") or {}
    word = status.get("reason") or status.get("phase") or ""
    if any(
        each.get("type") == "PodScheduled" and each.get("reason") == "SchedulingGated"
        for each in status.get("conditions") or ()
    ):
        word = "SchedulingGated"
    sidecars = {
        each.get("name") for each in pod["spec"].get("initContainers") or () if each.get("restartPolicy") == "Always"
    }
    first = _init_containers(pod, sidecars)
    ready, restarts, restarted_at = first.ready, first.restarts, first.restarted_at
    if first.word and not _is_true(status, "Initialized"):
        word = first.word
    else:
        restarts, restarted_at = first.sidecar_restarts, first.sidecar_restarted_at
        word, running = _containers(status, first.word or word)
        ready += running
        for each in status.get("containerStatuses") or ():
            restarts += each.get("restartCount") or 0
            restarted_at = max(restarted_at, _ended_at(each))
    total = len(pod["spec"].get("containers") or ()) + len(sidecars)
    return Summary(ready, total, _leaving(pod, word), restarts, restarted_at)


class _Init(NamedTuple):
    word: str
    ready: int
    restarts: int
    restarted_at: str
    sidecar_restarts: int
    sidecar_restarted_at: str


def _init_containers(pod: Object, sidecars: set[Any]) -> _Init:
    word, ready, restarts, at, sidecar_restarts, sidecar_at = "", 0, 0, "", 0, ""
    count = len(pod["spec"].get("initContainers") or ())
    for index, each in enumerate((pod.get("status") or {}).get("initContainerStatuses") or ()):
        is_sidecar = each.get("name") in sidecars
        restarts += each.get("restartCount") or 0
        at = max(at, _ended_at(each))
        if is_sidecar:
            sidecar_restarts += each.get("restartCount") or 0
            sidecar_at = max(sidecar_at, _ended_at(each))
        ended = (each.get("state") or {}).get("terminated")
        if ended is not None and not ended.get("exitCode"):
            continue
        if is_sidecar and each.get("started"):
            ready += bool(each.get("ready"))
            continue
        word = _init_word(each, index, count)
        break
    return _Init(word, ready, restarts, at, sidecar_restarts, sidecar_at)


def _init_word(found: Object, index: int, count: int) -> str:
    state = found.get("state") or {}
    ended = state.get("terminated")
    if ended is not None:
        return f"Init:{_end_word(ended)}"
    why = (state.get("waiting") or {}).get("reason")
    return f"Init:{why}" if why and why != "PodInitializing" else f"Init:{index}/{count}"


def _end_word(ended: Object) -> str:
    if ended.get("reason"):
        return str(ended["reason"])
    return f"Signal:{ended['signal']}" if ended.get("signal") else f"ExitCode:{ended.get('exitCode') or 0}"


def _containers(status: Object, word: str) -> tuple[str, int]:
    """The word by the containers' states, the first container's last, and how many are running and ready."""
    running = 0
    for each in reversed(status.get("containerStatuses") or ()):
        state = each.get("state") or {}
        if (state.get("waiting") or {}).get("reason"):
            word = state["waiting"]["reason"]
        elif state.get("terminated") is not None:
            word = _end_word(state["terminated"])
        elif each.get("ready") and state.get("running") is not None:
            running += 1
    if word == "Completed" and running:
        word = "Running" if _is_true(status, "Ready") else "NotReady"
    return word, running


def _leaving(pod: Object, word: str) -> str:
    status = pod.get("status") or {}
    if not pod["metadata"].get("deletionTimestamp"):
        return word
    if status.get("reason") == "NodeLost":
        return "Unknown"
    return word if status.get("phase") in ("Succeeded", "Failed") else "Terminating"


def _is_true(status: Object, type_: str) -> bool:
    return any(each.get("type") == type_ and each.get("status") == "True" for each in status.get("conditions") or ())


def _ended_at(found: Object) -> str:
    return ((found.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or ""


def _restarts(pod: Object, now: float) -> str:
    found = summary(pod)
    if found.restarts and found.restarted_at:
        return f"{found.restarts} ({age(found.restarted_at, now)} ago)"
    return str(found.restarts)


def _ready(pod: Object, _now: float) -> str:
    found = summary(pod)
    return f"{found.ready}/{found.total}"


def _gates(pod: Object, _now: float) -> str:
    gates = pod["spec"].get("readinessGates") or []
    met = sum(_is_true(pod.get("status") or {}, gate.get("conditionType")) for gate in gates)
    return f"{met}/{len(gates)}" if gates else NONE


def _ip(pod: Object, _now: float) -> str:
    ips: list[Any] = (pod.get("status") or {}).get("podIPs") or [{}]
    return ips[0].get("ip") or NONE


COLUMNS = (
    Column("Ready", _ready),
    Column("Status", lambda pod, _: summary(pod).status),
    Column("Restarts", _restarts),
    AGE,
    Column("IP", _ip, priority=1),
    Column("Node", lambda pod, _: pod["spec"].get("nodeName") or NONE, priority=1),
    Column("Nominated Node", lambda pod, _: (pod.get("status") or {}).get("nominatedNodeName") or NONE, priority=1),
    Column("Readiness Gates", _gates, priority=1),
)
