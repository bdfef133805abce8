"""NodeTaint: a new node takes no pods before its node controller has seen it Ready.

Source: Kubernetes docs, "Admission Controllers", TaintNodesByCondition.
"""

from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.kinds import NODE
from fairway.objects import Object

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_NOT_READY: Object = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def node_taint(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Taint a node that is being made."""
    if call.kind is not NODE or old is not None or call.subresource:
        return
    spec = new.get("spec")
    if not isinstance(spec, dict):
        return
    taints = spec.get("taints") or []
    if not any((one.get("key"), one.get("effect")) == tuple(_NOT_READY.values()) for one in taints):
        spec["taints"] = [*taints, dict(_NOT_READY)]
