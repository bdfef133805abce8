"""What a Pod starts as, and which part of it each of its resources may write.

Source: Kubernetes docs, "Pod Lifecycle", "Pod Quality of Service Classes".
"""

from fairway.kinds.pod.lifecycle import quality
from fairway.kinds.pod.resize import resized
from fairway.kinds.rules.pod_spec import label_keys
from fairway.objects import Object


def prepare(new: Object, old: Object | None, subresource: str) -> None:
    """The status belongs to the status subresource, the spec to the main resource; the class never changes."""
    if old is None:
        label_keys.merge(new)
        new["status"] = {"phase": "Pending", "qosClass": quality(new["spec"])}
        if new["spec"].get("schedulingGates"):
            new["status"]["conditions"] = [
                {
                    "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                }
            ]  # fmt: skip
    elif subresource == "status":
        new["spec"] = old["spec"]
        _keep(new["metadata"], old["metadata"], "ownerReferences")
        _keep(new["status"], old.get("status") or {}, "qosClass")
    elif subresource == "ephemeralcontainers":
        added = new["spec"]
        new["spec"] = {**old["spec"]}
        _keep(new["spec"], added, "ephemeralContainers")
        for name in ("labels", "annotations", "ownerReferences", "finalizers"):
            _keep(new["metadata"], old["metadata"], name)
        new["status"] = old.get("status") or {}
    elif subresource == "resize":
        new["spec"] = resized(new, old)
        managers = {"managedFields": new["metadata"]["managedFields"]} if "managedFields" in new["metadata"] else {}
        new["metadata"] = {**old["metadata"], **managers}
        new["status"] = old.get("status") or {}
    else:
        new["status"] = old.get("status") or {}
        _keep(new["spec"], old["spec"], "ephemeralContainers")


def _keep(new: Object, old: Object, name: str) -> None:
    if name in old:
        new[name] = old[name]
    else:
        new.pop(name, None)
