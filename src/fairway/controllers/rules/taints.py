"""Taints: which taints a pod tolerates, and for how long.  Pure.

Source: Kubernetes docs, "Taints and Tolerations".
"""

from collections.abc import Iterable, Iterator

from fairway.objects import Object

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration covers one taint."""
    if toleration.get("effect") and toleration["effect"] != taint["effect"]:
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    match toleration.get("operator") or "Equal":
        case "Exists":
            return True
        case "Equal":
            return bool(toleration.get("key")) and (toleration.get("value") or "") == (taint.get("value") or "")
    return False


def tolerations_of(pod: Object, taint: Object) -> Iterator[Object]:
    """The pod's tolerations that cover ``taint``."""
    return (one for one in pod["spec"].get("tolerations") or () if tolerates(one, taint))


def untolerated(pod: Object, taints: Iterable[Object], *effects: str) -> list[Object]:
    """The taints of these effects that the pod does not tolerate."""
    return [taint for taint in taints if taint["effect"] in effects and next(tolerations_of(pod, taint), None) is None]
