"""Slips: warnings where what is written is legal and probably not what was meant.

The pure rules are in ``why.warnings``.  Only those are warned who may list all that a warning may speak of.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fairway.apiserver.authorization import attributes
from fairway.apiserver.call import Call
from fairway.kinds import DAEMON_SET, DEPLOYMENT, POD, REPLICA_SET, REPLICATION_CONTROLLER, SERVICE, STATEFUL_SET
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.why import warnings
from fairway.why.facts import matches

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_LOOKED_AT = 64
"""Objects of a kind and namespace that are looked at: a write must not grow slower with what is there."""
_WORKLOADS = (REPLICA_SET, DEPLOYMENT, DAEMON_SET, STATEFUL_SET, REPLICATION_CONTROLLER)
_FIELDS = ("ports", "selector")


def service_slips(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """A Service that selects nothing where something comes near, or that sends to a port that nothing declares."""
    if call.kind is not SERVICE or call.subresource or not call.namespace or not new["spec"].get("selector"):
        return
    if new["spec"].get("type") == "ExternalName":
        return
    if old is not None and all(old["spec"].get(field) == new["spec"].get(field) for field in _FIELDS):
        return
    carriers = list(_carriers(call.namespace, api))
    if not carriers or not _may_look(call, api):
        return
    name = new["metadata"].get("name")
    others = [each for each in _of(SERVICE, call.namespace, api) if each["metadata"]["name"] != name]
    call.warnings.extend(warnings.of_service(new, carriers, others))


def workload_slips(call: Call, new: Object, old: Object | None, api: "Api") -> None:
    """Pods, or what makes them, that a Service misses by a slip or sends to a port that they do not declare."""
    if call.kind not in (*_WORKLOADS, POD) or call.subresource or not call.namespace:
        return
    if new["metadata"].get("ownerReferences"):
        return  # made by a controller: its owner has been told
    if old is not None and (call.kind is POD or old["spec"].get("template") == new["spec"].get("template")):
        return
    services = list(_of(SERVICE, call.namespace, api))
    if not services or not _may_look(call, api):
        return
    near = [service for service in services if warnings.is_near(service, new)]
    # Most writes come near no Service that they miss: then nothing else is looked at.
    others = _others(call.namespace, new, api) if near or old is not None else []
    if old is not None:
        # A pod goes with its controller, which speaks for it.
        free = [each for each in others if not each["metadata"].get("ownerReferences")]
        call.warnings.extend(warnings.of_loss(new, old, services, free))
    call.warnings.extend(warnings.of_carrier(new, services, list(_idle(near, others))))


def _may_look(call: Call, api: "Api") -> bool:
    """Whether who writes may list all that a warning may speak of."""
    kinds = (SERVICE, POD, *_WORKLOADS)
    return all(api.authorizer.is_allowed(call.user, attributes("list", kind, call.namespace)) for kind in kinds)


def _others(namespace: str, new: Object, api: "Api") -> list[Object]:
    """What else carries labels, but for what ``new`` has made."""
    return [each for each in _carriers(namespace, api) if not _belongs(each, new["metadata"].get("uid"))]


def _idle(services: list[Object], carriers: list[Object]) -> Iterator[Object]:
    """Services that select nothing that there is."""
    for service in services:
        selector = service["spec"].get("selector")
        if selector and not any(matches(selector, warnings.carried(each)) for each in carriers):
            yield service


def _belongs(thing: Object, uid: str | None) -> bool:
    metadata = thing["metadata"]
    return metadata["uid"] == uid or any(owner["uid"] == uid for owner in metadata.get("ownerReferences") or ())


def _carriers(namespace: str, api: "Api") -> Iterator[Object]:
    """Pods, and what makes them."""
    for kind in (*_WORKLOADS, POD):
        yield from _of(kind, namespace, api)


def _of(kind: Kind, namespace: str, api: "Api") -> Iterator[Object]:
    collection = api.cache.of(kind)
    for key in collection.first(f"{kind.prefix}{namespace}/", _LOOKED_AT):
        yield collection.live[key].object
