"""Pod conditions as a kubelet sets them.  Pure.

Source: Kubernetes docs, "Pod Lifecycle", "Pod conditions"; KEP-580 (readiness gates), KEP-3085 (sandbox ready).
"""

from collections.abc import Iterable, Mapping, Sequence

from fairway.node.pod_spec import init_containers, is_sidecar, main_containers
from fairway.objects import Object
from fairway.objects.meta import timestamp

STANDING = ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")
"""The conditions that every pod has, in the order in which the agent lists them."""
PASSING = ("PodResizePending", "PodResizeInProgress")
"""The conditions that are there only while they hold."""
OWNED = (*PASSING, *STANDING)
"""What the agent writes."""

Verdict = tuple[bool, str, str]
"""Whether the condition holds, and if not the reason and message."""

HOLDS: Verdict = (True, "", "")


def conditions(
    pod: Object,
    phase: str,
    has_sandbox: bool,
    inits: Sequence[Object],
    mains: Sequence[Object],
    now_s: float,
    resizing: Mapping[str, Verdict],
) -> list[Object]:
    """All of the pod's conditions: the agent's own anew, those of others as they were.  ``resizing``: the passing ones.

    A condition whose status did not change keeps its lastTransitionTime.
    """
    present = list((pod.get("status") or {}).get("conditions") or [])
    containers_ready = _containers_ready(pod, phase, inits, mains)
    verdicts = {
        "PodReadyToStartContainers": (has_sandbox, "", ""),
        "Initialized": _initialized(pod, phase, inits, mains),
        "Ready": _ready(pod, containers_ready, present),
        "ContainersReady": containers_ready,
        "PodScheduled": HOLDS,
    }
    old = {condition["type"]: condition for condition in present}
    generation = pod["metadata"].get("generation")
    passing = [type_ for type_ in PASSING if type_ in resizing]
    verdicts |= {type_: resizing[type_] for type_ in passing}
    own = [_condition(type_, verdicts[type_], old.get(type_), generation, now_s) for type_ in (*passing, *STANDING)]
    return own + [condition for condition in present if condition["type"] not in OWNED]


def _condition(type_: str, verdict: Verdict, old: Object | None, generation: int | None, now_s: float) -> Object:
    holds, reason, message = verdict
    status = "True" if holds else "False"
    condition: Object = {"type": type_}
    if generation is not None:
        condition["observedGeneration"] = generation
    condition |= {"status": status, "lastTransitionTime": timestamp(now_s)}
    if old is not None and old.get("status") == status and old.get("lastTransitionTime"):
        condition["lastTransitionTime"] = old["lastTransitionTime"]
    if reason:
        condition["reason"] = reason
    if message:
        condition["message"] = message
    return condition


def _initialized(pod: Object, phase: str, inits: Sequence[Object], mains: Sequence[Object]) -> Verdict:
    specs = init_containers(pod)
    if not specs:
        return HOLDS
    if phase == "Succeeded":
        return (True, "PodCompleted", "")
    if any("running" in status["state"] or "terminated" in status["state"] for status in mains):
        return HOLDS
    incomplete = [
        spec["name"]
        for spec, status in zip(specs, inits, strict=True)
        if not (status["started"] if is_sidecar(spec) else status["ready"])
    ]
    if not incomplete:
        return HOLDS
    return (False, "ContainersNotInitialized", f"containers with incomplete status: {_names(incomplete)}")


def _containers_ready(pod: Object, phase: str, inits: Sequence[Object], mains: Sequence[Object]) -> Verdict:
    if phase == "Succeeded":
        return (False, "PodCompleted", "")
    if phase == "Failed":
        return (False, "PodFailed", "")
    needed = [(spec["name"], status) for spec, status in zip(main_containers(pod), mains, strict=True)]
    sidecars = [
        (spec["name"], status) for spec, status in zip(init_containers(pod), inits, strict=True) if is_sidecar(spec)
    ]
    unready = [name for name, status in sidecars + needed if not status["ready"]]
    if not unready:
        return HOLDS
    return (False, "ContainersNotReady", f"containers with unready status: {_names(unready)}")


def _ready(pod: Object, containers_ready: Verdict, present: Iterable[Object]) -> Verdict:
    if not containers_ready[0]:
        return containers_ready
    gates = [gate["conditionType"] for gate in pod["spec"].get("readinessGates") or []]
    found = {condition["type"]: condition.get("status") for condition in present}
    problems = []
    for gate in gates:
        if gate not in found:
            problems.append(f'corresponding condition of pod readiness gate "{gate}" does not exist.')
        elif found[gate] != "True":
            problems.append(f'the status of pod readiness gate "{gate}" is not "True", but {found[gate]}')
    if problems:
        return (False, "ReadinessGatesNotReady", ", ".join(problems))
    return HOLDS


def _names(names: Iterable[str]) -> str:
    return f"[{' '.join(names)}]"
