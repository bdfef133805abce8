"""Pod status: the whole PodStatus that this node reports for a pod, and the smallest patch that brings it about.

Pure.  Source: Kubernetes docs, "Pod Lifecycle", "Pod phase"; API reference, "PodStatus v1 core".
"""

from collections.abc import Sequence
from typing import Any

from fairway.kinds.pod.lifecycle import quality
from fairway.node.conditions import PASSING, Verdict, conditions
from fairway.node.container_status import container_statuses, ephemeral_statuses
from fairway.node.plan import has_begun_mains, has_init_failed, is_outgrown, is_to_restart
from fairway.node.pod_spec import (
    find_container,
    init_containers,
    is_host_network,
    is_sidecar,
    is_terminal,
    main_containers,
)
from fairway.node.pod_view import PodView
from fairway.objects import Object
from fairway.objects.meta import timestamp


def pod_status(view: PodView, node_ips: Sequence[str], runtime_name: str, now_s: float) -> Object:
    """The status of a pod as it is now.  ``view.pod``'s own status is where times that did not change come from."""
    old: Object = view.pod.get("status") or {}
    inits, mains = container_statuses(view, runtime_name, now_s)
    phase = _phase(view, inits, mains)
    status: Object = {}
    if (generation := view.pod["metadata"].get("generation")) is not None:
        status["observedGeneration"] = generation
    status["phase"] = phase
    # A pod that the agent is ending takes no traffic any more, whatever still runs of it.
    judged = "Failed" if view.failure is not None else phase
    status["conditions"] = conditions(view.pod, judged, _has_sandbox(view), inits, mains, now_s, _resizing(view))
    reason, message = _reason(view, old)
    if message:
        status["message"] = message
    if reason:
        status["reason"] = reason
    status |= {"hostIP": node_ips[0], "hostIPs": [{"ip": ip} for ip in node_ips]}
    if ips := pod_ips(view, node_ips):
        status |= {"podIP": ips[0], "podIPs": [{"ip": ip} for ip in ips]}
    status["startTime"] = old.get("startTime") or timestamp(view.first_seen_s)
    if inits:
        status["initContainerStatuses"] = inits
    status["containerStatuses"] = mains
    if ephemeral := ephemeral_statuses(view, runtime_name, now_s):
        status["ephemeralContainerStatuses"] = ephemeral
    status["qosClass"] = old.get("qosClass") or quality(view.pod["spec"])
    return status


def _resizing(view: PodView) -> dict[str, Verdict]:
    """The conditions of a resize under way (KEP-1287)."""
    found: dict[str, Verdict] = {}
    if view.resize_pending is not None:
        found["PodResizePending"] = (True, view.resize_pending.reason, view.resize_pending.message)
    changing = [each for name, each in view.containers.items() if is_outgrown(each) and _runs_on(view, name)]
    if changing:
        error = "; ".join(each.resize_error for each in changing if each.resize_error)
        found["PodResizeInProgress"] = (True, "Error" if error else "", error)
    return found


def _runs_on(view: PodView, name: str) -> bool:
    """Whether a container runs, or will again."""
    found, spec = view.container(name), find_container(view.pod, name)
    if spec is None or found.current is None or is_terminal(view.pod):
        return False
    return found.is_running or is_to_restart(view.pod, spec, found.current)


def _has_sandbox(view: PodView) -> bool:
    return view.sandbox is not None and not view.sandbox.is_released


def pod_ips(view: PodView, node_ips: Sequence[str]) -> list[str]:
    """The pod's addresses, primary first; those last known once its sandbox has gone."""
    if is_host_network(view.pod):
        return list(node_ips) if view.sandbox is not None else []
    if view.sandbox is not None:
        return list(view.sandbox.ips)
    old: Object = view.pod.get("status") or {}
    return [entry["ip"] for entry in old.get("podIPs") or []]


def _reason(view: PodView, old: Object) -> tuple[str, str]:
    if view.failure is not None and (_has_failed(view) or old.get("phase") == "Failed"):
        return view.failure.reason, view.failure.message
    if old.get("phase") == "Failed":
        return old.get("reason", ""), old.get("message", "")
    return "", ""


def _has_failed(view: PodView) -> bool:
    """Whether the agent has ended the pod: a phase that is final is told only when nothing runs any more."""
    return view.failure is not None and not any(found.is_running for found in view.containers.values())


def _phase(view: PodView, inits: Sequence[Object], mains: Sequence[Object]) -> str:
    old = (view.pod.get("status") or {}).get("phase")
    if old in ("Succeeded", "Failed"):
        return str(old)
    if _has_failed(view):
        return "Failed"
    ended = _ended_phase(view, inits, mains)
    if ended:
        return ended
    if not has_begun_mains(view) and _is_initializing(view, inits):
        return "Pending"
    if any(_is_untried(status) for status in mains):
        return "Pending"
    return "Running"


def _ended_phase(view: PodView, inits: Sequence[Object], mains: Sequence[Object]) -> str:
    """``Succeeded`` or ``Failed`` once nothing runs nor will run again, else empty."""
    if not has_begun_mains(view) and has_init_failed(view):
        return "Failed"
    exits = [status["state"]["terminated"]["exitCode"] for status in mains if "terminated" in status["state"]]
    if not mains or len(exits) < len(mains):
        return ""
    if any("running" in status["state"] for status in inits):
        return ""
    if view.is_leaving or not any(_runs_again(view, container) for container in main_containers(view.pod)):
        return "Failed" if any(exits) else "Succeeded"
    return ""


def _runs_again(view: PodView, container: Object) -> bool:
    current = view.container(container["name"]).current
    return current is None or is_to_restart(view.pod, container, current)


def _is_initializing(view: PodView, inits: Sequence[Object]) -> bool:
    return any(
        not (status["started"] if is_sidecar(spec) else status["ready"])
        for spec, status in zip(init_containers(view.pod), inits, strict=True)
    )  # fmt: skip


def _is_untried(status: Object) -> bool:
    """A container that waits for its very first start."""
    return "waiting" in status["state"] and not status["lastState"]


MERGE_KEYS = {"conditions": "type", "podIPs": "ip", "hostIPs": "ip"}
"""Lists of PodStatus that a strategic merge patch merges item by item."""


def status_patch(old: Object, new: Object) -> Object:
    """The smallest strategic merge patch of ``status`` from ``old`` to ``new``; empty if they are equal.

    Conditions that ``new`` does not carry are left alone: they belong to others.
    """
    patch: Object = {}
    for name in [*new, *(name for name in old if name not in new)]:
        if old.get(name) == new.get(name):
            continue
        if name != "conditions":
            patch[name] = _value_patch(name, old, new)
        elif changed := _conditions_patch(old, new):
            patch[name] = changed
    return patch


def _conditions_patch(old: Object, new: Object) -> list[Object]:
    before = {condition["type"]: condition for condition in old.get("conditions") or []}
    changed = []
    for condition in new["conditions"]:
        was = before.get(condition["type"], {})
        gone = {name: None for name, value in was.items() if name not in condition and value is not None}
        if gone or any(was.get(name) != value for name, value in condition.items()):
            changed.append({**condition, **gone})
    present = {condition["type"] for condition in new["conditions"]}
    passed = [type_ for type_ in PASSING if type_ in before and type_ not in present]
    return changed + [{"$patch": "delete", "type": type_} for type_ in passed]


def _value_patch(name: str, old: Object, new: Object) -> Any:
    if name not in new:
        return None
    if name in MERGE_KEYS and old.get(name):
        return [*new[name], {"$patch": "replace"}]
    return new[name]
