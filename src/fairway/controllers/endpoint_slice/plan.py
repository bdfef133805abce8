"""Which slices should stand for a Service: from pods and selector to the fewest writes.  Pure.

Source: Kubernetes docs, "EndpointSlices"; KEP-0752; services.md 6.
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fairway.controllers.endpoint_slice.hints import Offer, distribution, is_proportional, share_out
from fairway.controllers.endpoint_slice.topology import NO_NODE_INFO, Zones, zone_of
from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.rules import services as service_rules
from fairway.controllers.rules.slices import Writes, grouped, pack
from fairway.kinds import ENDPOINT_SLICE, SERVICE
from fairway.kinds.well_known import HEADLESS, MANAGED_BY, SERVICE_NAME, SLICE_CONTROLLER, TRIGGER_TIME
from fairway.objects import Object
from fairway.reconcile.owners import controller_reference, is_owned_by

RESERVED = frozenset({SERVICE_NAME, MANAGED_BY, HEADLESS})
MAX_ENDPOINTS = 100
"""Per slice; upstream's default."""
CONDITIONS = {
    (ready, serving, terminating): {"ready": ready, "serving": serving, "terminating": terminating}
    for ready, serving, terminating in itertools.product((True, False), repeat=3)
}
"""One object for all endpoints that are in the same state."""
NO_ZONES = Zones({}, NO_NODE_INFO)

NodeLookup = Callable[[str], Object | None]


def plan(
    service: Object, pods: Iterable[Object], slices: Sequence[Object], node: NodeLookup, trigger_time: str = "",
    limit: int = MAX_ENDPOINTS, zones: Zones = NO_ZONES, only: Collection[str] | None = None,
) -> Writes:  # fmt: skip
    """The fewest writes that make ``slices`` hold every endpoint among ``pods`` once.

    ``only``: uids of all pods that may have changed since ``slices`` were right; ``pods`` are then those of them that
    are still there, and all else stays as it is.  Not for a Service whose hints are proportional to ``zones``.
    Slices that are leaving count for nothing.
    """
    wanted_families = service_rules.families(service)
    slices = [found for found in slices if "deletionTimestamp" not in found["metadata"]]
    owned = [found for found in slices if is_owned_by(found, service)]
    writes = Writes(delete=[found for found in slices if not is_owned_by(found, service)])
    writes.delete += [found for found in owned if found.get("addressType") not in wanted_families]
    labels = slice_labels(service)
    present = [pod for pod in pods if not pod_rules.is_terminal(pod)]
    for family in wanted_families:
        of_family = [found for found in owned if found.get("addressType") == family]
        offers: Iterable[Offer] = _offers(service, present, family, node)
        if is_proportional(service):
            offers, writes.hints[family] = share_out(list(offers), of_family, zones)
        writes.extend(
            pack(
                of_family,
                grouped(offers),
                lambda meta: {**meta, "labels": labels},
                lambda ports, endpoints, family=family: _slice(service, labels, family, ports, endpoints),  # type: ignore[misc]
                limit,
                only,
            )
        )
    if pod_rules.is_terminating(service):
        writes.create.clear()
    for written in (*writes.create, *writes.update):
        _stamp(written["metadata"], trigger_time)
    return writes


def slice_labels(service: Object) -> dict[str, str]:
    """The labels of every slice: the Service's own and the reserved ones."""
    meta = service["metadata"]
    labels = {name: value for name, value in (meta.get("labels") or {}).items() if name not in RESERVED}
    if service_rules.is_headless(service):
        labels[HEADLESS] = ""
    labels[MANAGED_BY] = SLICE_CONTROLLER
    labels[SERVICE_NAME] = meta["name"]
    return labels


def _offers(service: Object, pods: Iterable[Object], family: str, node: NodeLookup) -> Iterator[Offer]:
    """(ports, endpoint) of every pod that has an address of ``family`` and a node that is known."""
    publishes_all = bool(service["spec"].get("publishNotReadyAddresses"))
    hint, ports_of = distribution(service), service_rules.port_finder(service)
    for pod in pods:
        addresses = pod_rules.addresses(pod, family)
        node_name = pod["spec"].get("nodeName") or ""
        found = node(node_name) if node_name else None
        if not addresses or (found is None and not publishes_all):
            continue
        is_serving, is_terminating = pod_rules.is_ready(pod), pod_rules.is_terminating(pod)
        is_ready = publishes_all or (is_serving and not is_terminating)
        endpoint: Object = {
            "addresses": addresses,
            "conditions": CONDITIONS[is_ready, is_serving, is_terminating],
        }
        if hostname := pod_rules.hostname_in(pod, service):
            endpoint["hostname"] = hostname
        endpoint["targetRef"] = pod_rules.reference(pod)
        if node_name:
            endpoint["nodeName"] = node_name
        if zone := zone_of(found):
            endpoint["zone"] = zone
        if is_ready and (hints := hint(zone, node_name)):
            endpoint["hints"] = hints
        yield ports_of(pod), endpoint


def _slice(
    service: Object, labels: Mapping[str, str], family: str, ports: list[Object], endpoints: list[Object]
) -> Object:
    meta = service["metadata"]
    return {
        "kind": ENDPOINT_SLICE.name, "apiVersion": ENDPOINT_SLICE.api_version,
        "metadata": {
            "generateName": f"{meta['name']}-", "namespace": meta["namespace"], "labels": dict(labels),
            "ownerReferences": [controller_reference(SERVICE, service)],
        },
        "addressType": family, "endpoints": endpoints, "ports": ports,
    }  # fmt: skip


def _stamp(meta: dict[str, Any], trigger_time: str) -> None:
    """Say when the cause happened; ``meta`` is a fresh copy."""
    annotations = {name: value for name, value in (meta.get("annotations") or {}).items() if name != TRIGGER_TIME}
    if trigger_time:
        annotations[TRIGGER_TIME] = trigger_time
    if annotations:
        meta["annotations"] = annotations
    else:
        meta.pop("annotations", None)
