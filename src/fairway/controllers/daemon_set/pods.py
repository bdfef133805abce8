"""Daemon pods: how one is made for its node, and which node one is meant for.  Pure.

Source: Kubernetes docs, "DaemonSet", "How Daemon Pods are scheduled", "Taints and tolerations".
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from fairway.controllers.rules.taints import NOT_READY, UNREACHABLE, UNSCHEDULABLE
from fairway.kinds import DAEMON_SET
from fairway.kinds.daemon_set import template_generation
from fairway.objects import Object
from fairway.reconcile.owners import controller_reference

HASH_LABEL = "controller-revision-hash"
GENERATION_LABEL = "pod-template-generation"
NODE_FIELD = "metadata.name"
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
_TOLERATED = (
    (NOT_READY, "NoExecute"),
    (UNREACHABLE, "NoExecute"),
    ("node.kubernetes.io/disk-pressure", "NoSchedule"),
    ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ("node.kubernetes.io/pid-pressure", "NoSchedule"),
    (UNSCHEDULABLE, "NoSchedule"),
)
_WITHOUT_NETWORK = ("node.kubernetes.io/network-unavailable", "NoSchedule")


def tolerations(spec: Object) -> list[Object]:
    """The template's own, and those of every daemon: it stays on, and comes to, a node in trouble."""
    found = list(spec.get("tolerations") or ())
    for key, effect in (*_TOLERATED, _WITHOUT_NETWORK) if spec.get("hostNetwork") else _TOLERATED:
        added = {"key": key, "operator": "Exists", "effect": effect}
        found = [one for one in found if not _is_same(one, added)] + [added]
    return found


def _is_same(one: Object, other: Object) -> bool:
    """Whether two tolerations differ at most in their time."""
    return all((one.get(name) or "") == (other.get(name) or "") for name in ("key", "operator", "value", "effect"))


def pod_of(daemon_set: Object, node: str, hash_text: str) -> Object:
    """A new pod for ``node``, which the scheduler will bind there and nowhere else."""
    meta, template = daemon_set["metadata"], daemon_set["spec"]["template"]
    given = template.get("metadata") or {}
    labels = {**(given.get("labels") or {}), HASH_LABEL: hash_text}
    if generation := template_generation(daemon_set):
        labels[GENERATION_LABEL] = str(generation)
    made: Object = {"generateName": f"{meta['name']}-", "namespace": meta["namespace"], "labels": labels}
    for name in ("annotations", "finalizers"):
        if given.get(name):
            made[name] = given[name]
    made["ownerReferences"] = [controller_reference(DAEMON_SET, daemon_set)]
    spec = template["spec"]
    spec = {**spec, "affinity": _pinned(spec.get("affinity") or {}, node), "tolerations": tolerations(spec)}
    return {"kind": "Pod", "apiVersion": "v1", "metadata": made, "spec": spec}


def _pinned(affinity: Object, node: str) -> Object:
    """Only this node: the template's own demands have been asked before, so they are replaced."""
    terms = [{"matchFields": [{"key": NODE_FIELD, "operator": "In", "values": [node]}]}]
    near = affinity.get("nodeAffinity") or {}
    return {**affinity, "nodeAffinity": {**near, _REQUIRED: {"nodeSelectorTerms": terms}}}


def target_node(pod: Object) -> str:
    """The node that the pod is on or meant for; empty if it is meant for none by name."""
    if name := pod["spec"].get("nodeName"):
        return str(name)
    near = (pod["spec"].get("affinity") or {}).get("nodeAffinity") or {}
    for term in (near.get(_REQUIRED) or {}).get("nodeSelectorTerms") or ():
        for one in term.get("matchFields") or ():
            if one["key"] == NODE_FIELD and one["operator"] == "In" and len(one["values"]) == 1:
                return str(one["values"][0])
    return ""


def by_target(pods: Iterable[Object]) -> dict[str, list[Object]]:
    """The pods of each node, those that are bound first, then the oldest."""
    found: dict[str, list[Object]] = defaultdict(list)
    for pod in sorted(pods, key=_age):
        if node := target_node(pod):
            found[node].append(pod)
    return dict(found)


def _age(pod: Object) -> tuple[object, ...]:
    meta = pod["metadata"]
    return not pod["spec"].get("nodeName"), meta.get("creationTimestamp") or "", meta["name"]


def is_updated(pod: Object, hash_text: str) -> bool:
    """Whether the pod is of the present template."""
    return bool((pod["metadata"].get("labels") or {}).get(HASH_LABEL) == hash_text)


def lost(pods: Iterable[Object], nodes: Sequence[str]) -> list[Object]:
    """Pods that wait for a node which is gone."""
    return [pod for pod in pods if not pod["spec"].get("nodeName") and target_node(pod) not in ("", *nodes)]
