"""NodeRestriction: a node writes its own Node, its own Lease and the pods that run on it, and nothing else.

Source: Kubernetes docs, "Admission Controllers", NodeRestriction; KEP-279 (labels that the kubelet may set).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairway.apiserver.admission.pod_defaults import MIRROR
from fairway.apiserver.authorization import NODES, node_name
from fairway.apiserver.call import Call
from fairway.kinds import LEASE, NODE, POD
from fairway.objects import Object
from fairway.objects.errors import StatusError, forbidden

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

LEASES = "kube-node-lease"
_RESTRICTED = "node-restriction.kubernetes.io"
_KUBERNETES = ("kubernetes.io", "k8s.io")
_SOURCES = frozenset({"secret", "configMap", "projected", "persistentVolumeClaim"})
_KUBELETS_SPACES = ("kubelet.kubernetes.io", "node.kubernetes.io")
_KUBELETS = frozenset(
    {
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "beta.kubernetes.io/os",
        "beta.kubernetes.io/arch", "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region", "topology.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone",
    }
)  # fmt: skip


def node_restriction(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Refuse what is not the node's own.  Raises: ``StatusError`` 403."""
    if NODES not in call.user.groups or not node_name(call.user):
        return
    why = next(_objections(node_name(call.user), call, new, old), "")
    if why:
        raise refused(call, new, why)


def check_delete(call: Call, found: Object) -> None:
    """Refuse the deletion of what is not the node's own.  Raises: ``StatusError`` 403."""
    me = node_name(call.user) if NODES in call.user.groups else ""
    if me and call.kind is POD and found["spec"].get("nodeName") != me:
        raise refused(call, found, f'node "{me}" can only delete pods with spec.nodeName set to itself')
    if me and call.kind is LEASE and (why := next(_on_lease(me, call, found), "")):
        raise refused(call, found, why)


def refused(call: Call, found: Object, why: str) -> StatusError:
    """403 as admission says it."""
    return forbidden(call.kind.group, call.kind.plural, found["metadata"].get("name") or call.name, why)


def _objections(me: str, call: Call, new: Object, old: Object | None) -> Iterator[str]:
    if call.kind is NODE:
        yield from _on_node(me, call, new, old)
    elif call.kind is LEASE:
        yield from _on_lease(me, call, new)
    elif call.kind is POD and old is None:
        yield from _on_new_pod(me, new)
    elif call.kind is POD and old is not None and call.subresource == "status":
        if old["spec"].get("nodeName") != me:
            yield f'node "{me}" can only update pod status for pods with spec.nodeName set to itself'
        if (new["metadata"].get("labels") or {}) != (old["metadata"].get("labels") or {}):
            yield f'node "{me}" cannot update labels through pod status'


def _on_node(me: str, call: Call, new: Object, old: Object | None) -> Iterator[str]:
    name = call.name or new["metadata"].get("name") or ""
    had = old or {"metadata": {}, "spec": {}}
    labels = _forbidden_labels(new["metadata"].get("labels") or {}, had["metadata"].get("labels") or {})
    if old is None and labels:
        yield f'node "{me}" is not allowed to set the following labels: {", ".join(labels)}'
    if old is not None:
        if (new["spec"].get("taints") or []) != (old["spec"].get("taints") or []):
            yield f'node "{me}" is not allowed to modify taints'
        if labels:
            yield f'node "{me}" is not allowed to modify labels: {", ".join(labels)}'
        if (new["metadata"].get("ownerReferences") or []) != (old["metadata"].get("ownerReferences") or []):
            yield f'node "{me}" is not allowed to modify ownerReferences'
    if name != me:
        yield f'node "{me}" is not allowed to modify node "{name}"'


def _forbidden_labels(new: Object, old: Object) -> list[str]:
    """What changes though it is not the kubelet's to say, in order."""
    changed = {key for key in {*new, *old} if new.get(key) != old.get(key)}
    return sorted(key for key in changed if _is_forbidden(key))


def _is_forbidden(key: str) -> bool:
    space = key.rpartition("/")[0]
    if _is_in(space, _RESTRICTED):
        return True
    is_kubelets = key in _KUBELETS or any(_is_in(space, one) for one in _KUBELETS_SPACES)
    return any(_is_in(space, one) for one in _KUBERNETES) and not is_kubelets


def _is_in(space: str, domain: str) -> bool:
    return space == domain or space.endswith(f".{domain}")


def _on_lease(me: str, call: Call, new: Object) -> Iterator[str]:
    if call.namespace != LEASES:
        yield f'can only access leases in the "{LEASES}" system namespace'
    if (call.name or new["metadata"].get("name")) != me:
        yield "can only access node lease with the same name as the requesting node"


def _on_new_pod(me: str, new: Object) -> Iterator[str]:
    if MIRROR not in (new["metadata"].get("annotations") or {}):
        yield f'pod does not have "{MIRROR}" annotation, node "{me}" can only create mirror pods'
    if new["spec"].get("nodeName") != me:
        yield f'node "{me}" can only create pods with spec.nodeName set to itself'
    owners = new["metadata"].get("ownerReferences") or []
    if len(owners) > 1:
        yield f'node "{me}" can only create pods with a single owner reference set to itself'
    for owner in owners:
        yield from _on_owner(me, owner)
    if new["spec"].get("serviceAccountName"):
        yield f'node "{me}" can not create pods that reference a service account'
    for volume in new["spec"].get("volumes") or ():
        for source in sorted(_SOURCES & volume.keys()):
            yield f'node "{me}" can not create pods that reference {source.lower()}s'


def _on_owner(me: str, owner: Object) -> Iterator[str]:
    if (owner.get("apiVersion"), owner.get("kind"), owner.get("name")) != ("v1", "Node", me):
        yield f'node "{me}" can only create pods with an owner reference set to itself'
    if not owner.get("controller"):
        yield f'node "{me}" can only create pods with a controller owner reference set to itself'
    if owner.get("blockOwnerDeletion"):
        yield f'node "{me}" must not set blockOwnerDeletion on an owner reference'
