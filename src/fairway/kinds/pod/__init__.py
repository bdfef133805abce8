"""Pod (core/v1): containers that share an address and live and die together.

Source: Kubernetes API reference, "Pod v1 core"; docs, "Pod Lifecycle".
"""

from fairway.kinds.kind import SOCKETS, STATUS, WHY, Kind, Subresource, proxy_of
from fairway.kinds.pod.columns import COLUMNS
from fairway.kinds.pod.defaults import defaults
from fairway.kinds.pod.lifecycle import grace_s
from fairway.kinds.pod.preparing import prepare
from fairway.kinds.pod.resize import resize_problems
from fairway.kinds.pod.validation import validate, warnings
from fairway.kinds.rules.cells import field
from fairway.objects import Object

_STREAM = ("create", "get")


def _uses_host_network(pod: Object) -> str:
    return "true" if pod["spec"].get("hostNetwork") else "false"


POD = Kind(
    group="", version="v1", name="Pod", plural="pods",
    short_names=("po",),
    categories=("all",),
    subresources=(
        STATUS,
        Subresource("attach", verbs=_STREAM, kind="PodAttachOptions"),
        Subresource("binding", verbs=("create",), kind="Binding"),
        Subresource("ephemeralcontainers"),
        Subresource("eviction", verbs=("create",), kind="Eviction", group="policy", version="v1"),
        Subresource("exec", verbs=_STREAM, kind="PodExecOptions"),
        Subresource("log", verbs=("get",)),
        Subresource("portforward", verbs=_STREAM, kind="PodPortForwardOptions"),
        proxy_of("Pod"),
        Subresource("resize"),
        SOCKETS,
        WHY,
    ),
    columns=COLUMNS,
    fields={
        name: field(*name.split("."))
        for name in (
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName",
            "status.phase", "status.podIP", "status.nominatedNodeName",
        )
    } | {"spec.hostNetwork": _uses_host_network},
    defaults=defaults,
    prepare=prepare,
    status_leaves=("ownerReferences",),
    validate=validate,
    validate_below={"resize": resize_problems},
    warnings=warnings,
    has_generation=True,
    delete_returns_object=True,
    grace_s=grace_s,
)  # fmt: skip

__all__ = ["POD"]
