"""Usage: what one object takes, by the names that quotas count by.  Pure.

Source: Kubernetes docs, "Resource Quotas", "Types of resource quota".
"""

from fairway.kinds.kind import Kind
from fairway.kinds.resource_quota import COUNTED
from fairway.kinds.rules.pod_amounts import Amounts, amounts, of_pod
from fairway.objects import Object
from fairway.objects.quantity import Quantity

PODS, SERVICES, CLAIMS = "pods", "services", "persistentvolumeclaims"
WEIGHED = (PODS, SERVICES, CLAIMS)
"""Core kinds whose objects take more than one piece of a number of objects."""
_OF_LIMITS = ("cpu", "memory", "ephemeral-storage")
_CLASS_ANNOTATION = "volume.beta.kubernetes.io/storage-class"


def pieces(count: int) -> Quantity:
    """A number of objects."""
    return Quantity(count * 10**9)


def count_name(kind: Kind) -> str:
    """``count/pods``, ``count/deployments.apps``."""
    return f"count/{kind.resource}"


def is_weighed(kind: Kind) -> bool:
    """Whether objects of the kind have to be looked at, not only counted."""
    return not kind.group and kind.plural in WEIGHED


def is_changed(kind: Kind, subresource: str, old: Object | None) -> bool:
    """Whether a write can change what an object takes: of pods only a new one, or one that is resized."""
    if old is None:
        return not subresource
    if kind.plural == PODS and not kind.group:
        return subresource == "resize"
    return is_weighed(kind) and not subresource


def of(kind: Kind, found: Object) -> Amounts:
    """All that an object takes."""
    taken: Amounts = {count_name(kind): pieces(1)}
    if kind.group:
        return taken
    if kind.plural == PODS:
        if (found.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            return taken
        taken.update(_of_pod(found["spec"]))
    elif kind.plural == SERVICES:
        taken.update(_of_service(found["spec"]))
    elif kind.plural == CLAIMS:
        taken.update(_of_claim(found))
    if kind.plural in COUNTED:
        taken[kind.plural] = pieces(1)
    return taken


def _of_pod(spec: Object) -> Amounts:
    taken: Amounts = {}
    for name, value in of_pod(spec, "requests", with_overhead=True).items():
        taken[f"requests.{name}"] = value
        if name in _OF_LIMITS or name.startswith("hugepages-"):
            taken[name] = value
    for name, value in of_pod(spec, "limits", with_overhead=True).items():
        if name in _OF_LIMITS:
            taken[f"limits.{name}"] = value
    return taken


def _of_service(spec: Object) -> Amounts:
    ports = spec.get("ports") or []
    taken = {"services.nodeports": pieces(0), "services.loadbalancers": pieces(0)}
    if spec.get("type") == "NodePort":
        taken["services.nodeports"] = pieces(len(ports))
    elif spec.get("type") == "LoadBalancer":
        taken["services.loadbalancers"] = pieces(1)
        has_all = spec.get("allocateLoadBalancerNodePorts") is not False
        taken["services.nodeports"] = pieces(len(ports) if has_all else sum(bool(one.get("nodePort")) for one in ports))
    return taken


def _of_claim(found: Object) -> Amounts:
    spec = found.get("spec") or {}
    size = amounts((spec.get("resources") or {}).get("requests")).get("storage")
    taken: Amounts = {} if size is None else {"requests.storage": size}
    name = (found["metadata"].get("annotations") or {}).get(_CLASS_ANNOTATION) or spec.get("storageClassName")
    if name:
        mark = f"{name}.storageclass.storage.k8s.io"
        taken[f"{mark}/persistentvolumeclaims"] = pieces(1)
        if size is not None:
            taken[f"{mark}/requests.storage"] = size
    return taken


def speaks_of(kind: Kind, names: "Amounts | Object") -> list[str]:
    """Those of a quota's resources that objects of a kind can take."""
    return [name for name in names if _is_of(kind, name)]


def _is_of(kind: Kind, name: str) -> bool:
    if name == count_name(kind):
        return True
    if kind.group:
        return False
    if kind.plural in COUNTED and name == kind.plural:
        return True
    if kind.plural == SERVICES:
        return name in ("services.nodeports", "services.loadbalancers")
    if kind.plural == CLAIMS:
        return name == "requests.storage" or ".storageclass.storage.k8s.io/" in name
    return kind.plural == PODS and _is_of_pods(name)


def _is_of_pods(name: str) -> bool:
    if name == "requests.storage" or ".storageclass.storage.k8s.io/" in name:
        return False
    plain = name.removeprefix("limits.").removeprefix("requests.")
    return plain in _OF_LIMITS or plain.startswith("hugepages-") or name.startswith("requests.")
