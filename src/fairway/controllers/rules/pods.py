"""Pods: what their state says.  Pure.

Source: Kubernetes docs, "Pod Lifecycle".
"""

from collections.abc import Sequence

from fairway.objects import Object
from fairway.objects.conditions import condition, is_true
from fairway.reconcile.times import parse_rfc3339

TERMINAL_PHASES = frozenset({"Succeeded", "Failed"})


def is_ready(pod: Object) -> bool:
    """Whether the Ready condition is True."""
    return is_true(pod, "Ready")


def phase(pod: Object) -> str:
    """``Pending``, ``Running``...; empty before the first status."""
    return (pod.get("status") or {}).get("phase") or ""


def is_terminal(pod: Object) -> bool:
    """Whether all containers have ended for good."""
    return phase(pod) in TERMINAL_PHASES


def is_terminating(pod: Object) -> bool:
    """Whether the pod was asked to leave."""
    return "deletionTimestamp" in pod["metadata"]


def is_active(pod: Object) -> bool:
    """Whether the pod counts as a replica: neither ended nor leaving."""
    return "deletionTimestamp" not in pod["metadata"] and (pod.get("status") or {}).get("phase") not in TERMINAL_PHASES


def addresses(pod: Object, family: str) -> list[str]:
    """The pod's addresses of ``IPv4`` or ``IPv6``."""
    is_ipv6 = family == "IPv6"
    return [ip for ip in all_addresses(pod) if (":" in ip) is is_ipv6]


def all_addresses(pod: Object) -> Sequence[str]:
    """Every address of the pod, the primary one first."""
    status = pod.get("status") or {}
    if found := status.get("podIPs"):
        return [one["ip"] for one in found if one.get("ip")]
    primary = status.get("podIP")
    return [primary] if primary else []


def ready_since(pod: Object) -> float | None:
    """When the pod became Ready, in Unix seconds; ``None`` if it is not."""
    ready = condition(pod, "Ready")
    if ready is None or ready.get("status") != "True":
        return None
    changed = ready.get("lastTransitionTime")
    return parse_rfc3339(changed) if changed else 0.0


def is_available(pod: Object, min_ready_s: int, now: float) -> bool:
    """Whether the pod has been Ready for ``min_ready_s``."""
    since = ready_since(pod)
    return since is not None and (min_ready_s == 0 or (since > 0 and since + min_ready_s <= now))


def hostname_in(pod: Object, service: Object) -> str:
    """The DNS name of the pod within the Service, if it has one there."""
    spec = pod["spec"]
    name = spec.get("hostname") or ""
    return name if name and spec.get("subdomain") == service["metadata"]["name"] else ""


def reference(pod: Object) -> Object:
    """The targetRef of an endpoint."""
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}
