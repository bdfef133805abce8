"""Service ports: a warning where a Service sends to a port that none of its pods declares.

Legal, and nearly always a slip: a port without ``targetPort`` aims at itself.  The pure rule is in ``why``.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.why import port_advice, template_labels
from fairway.kinds import DAEMON_SET, DEPLOYMENT, POD, REPLICA_SET, REPLICATION_CONTROLLER, SERVICE
from fairway.objects import Object
from fairway.objects.labels import from_map

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_LOOKED_AT = 64
"""Workloads of a namespace that are looked at: a create must not grow slower with what is there."""


def service_ports(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Add the advice to the call's warnings."""
    if call.kind is not SERVICE or call.subresource:
        return
    spec, selector = new["spec"], new["spec"].get("selector")
    if not selector or not call.namespace or (old is not None and old["spec"].get("ports") == spec.get("ports")):
        return
    workloads = list(_selected(selector, call.namespace, api))
    if not workloads:
        return
    for advice in port_advice(new, workloads):
        call.warnings.append(f"{advice.path}: {advice.text}; did you mean `{advice.cure}`?")


def _selected(selector: dict[str, str], namespace: str, api: "Api") -> Iterator[Object]:
    """Pods, or what will make them, that the Service selects."""
    wanted = from_map(selector)
    for kind in (REPLICA_SET, DEPLOYMENT, DAEMON_SET, REPLICATION_CONTROLLER, POD):
        collection = api.cache.of(kind)
        for key in collection.keys(f"{kind.prefix}{namespace}/")[:_LOOKED_AT]:
            found = collection.live[key].object
            labels = found["metadata"].get("labels") if kind is POD else template_labels(found)
            if wanted.matches(labels):
                yield found
