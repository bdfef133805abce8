"""Eligibility: which nodes get a daemon pod, and which may keep one.  Pure.

Source: Kubernetes docs, "DaemonSet", "Running Pods on select Nodes", "Taints and tolerations".
"""

from collections.abc import Mapping
from dataclasses import dataclass

from fairway.controllers.daemon_set.pods import tolerations
from fairway.controllers.rules import node_affinity, taints
from fairway.objects import Object


@dataclass(frozen=True, slots=True)
class Eligibility:
    """``gets``: the node is to have a pod; ``keeps``: a pod that is there may stay."""

    gets: bool
    keeps: bool


NOT_MEANT = Eligibility(gets=False, keeps=False)


@dataclass(frozen=True, slots=True)
class _Place:
    name: str
    labels: Mapping[str, str]


def eligibility(daemon_set: Object, node: Object) -> Eligibility:
    """By the template's nodeName, node selector, affinity and tolerations."""
    template = daemon_set["spec"]["template"]["spec"]
    meta = node["metadata"]
    if template.get("nodeName") not in (None, "", meta["name"]):
        return NOT_MEANT
    if not node_affinity.matches({"spec": template}, _Place(meta["name"], meta.get("labels") or {})):
        return NOT_MEANT
    pod = {"spec": {"tolerations": tolerations(template)}}
    found = (node.get("spec") or {}).get("taints") or ()
    keeps = not taints.untolerated(pod, found, "NoExecute")
    return Eligibility(gets=keeps and not taints.untolerated(pod, found, "NoSchedule"), keeps=keeps)
