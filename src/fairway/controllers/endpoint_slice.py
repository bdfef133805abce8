"""EndpointSlices follow the pods that each Service selects.

Source: Kubernetes docs, "EndpointSlices"; KEP-0752; services.md 6.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.rules import services as service_rules
from fairway.controllers.rules.slices import Writes, grouped, pack
from fairway.controllers.rules.trigger_times import TriggerTimes
from fairway.kinds import ENDPOINT_SLICE, NODE, POD, SERVICE
from fairway.objects import Object
from fairway.reconcile.cluster import LABELS, Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_label, by_node
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_reference, is_owned_by

NAME = "endpointslice-controller.k8s.io"
SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
ZONE = "topology.kubernetes.io/zone"
TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
RESERVED = frozenset({SERVICE_NAME, MANAGED_BY, service_rules.HEADLESS_LABEL})
MAX_ENDPOINTS = 100
"""Per slice; upstream's default."""

NodeLookup = Callable[[str], Object | None]


def plan(
    service: Object, pods: Iterable[Object], slices: Sequence[Object], node: NodeLookup, trigger_time: str = "",
    limit: int = MAX_ENDPOINTS,
) -> Writes:  # fmt: skip
    """The fewest writes that make ``slices`` hold every endpoint among ``pods`` once.  Pure."""
    wanted_families = service_rules.families(service)
    owned = [found for found in slices if is_owned_by(found, service)]
    writes = Writes(delete=[found for found in slices if not is_owned_by(found, service)])
    writes.delete += [found for found in owned if found.get("addressType") not in wanted_families]
    labels = slice_labels(service)
    present = [pod for pod in pods if not pod_rules.is_terminal(pod)]
    for family in wanted_families:
        writes.extend(
            pack(
                [found for found in owned if found.get("addressType") == family],
                grouped(_endpoints(service, present, family, node)),
                lambda meta: {**meta, "labels": labels},
                lambda ports, endpoints, family=family: _slice(service, labels, family, ports, endpoints),  # type: ignore[misc]
                limit,
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
        labels[service_rules.HEADLESS_LABEL] = ""
    labels[MANAGED_BY] = NAME
    labels[SERVICE_NAME] = meta["name"]
    return labels


def _endpoints(
    service: Object, pods: Iterable[Object], family: str, node: NodeLookup
) -> Iterator[tuple[list[Object], Object]]:
    """(ports, endpoint) of every pod that has an address of ``family`` and a node that is known."""
    spec = service["spec"]
    publishes_all = bool(spec.get("publishNotReadyAddresses"))
    hint, ports_of = _hints(service), service_rules.port_finder(service)
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
            "conditions": {"ready": is_ready, "serving": is_serving, "terminating": is_terminating},
        }
        if hostname := pod_rules.hostname_in(pod, service):
            endpoint["hostname"] = hostname
        endpoint["targetRef"] = pod_rules.reference(pod)
        if node_name:
            endpoint["nodeName"] = node_name
        zone = ((found or {"metadata": {}})["metadata"].get("labels") or {}).get(ZONE)
        if zone:
            endpoint["zone"] = zone
        if is_ready and (hints := hint(zone, node_name)):
            endpoint["hints"] = hints
        yield ports_of(pod), endpoint


def _hints(service: Object) -> Callable[[str | None, str], Object]:
    """How a ready endpoint's zone and node become hints.  Source: KEP-4444, KEP-3015."""
    wish = service["spec"].get("trafficDistribution") or ""
    mode = (service["metadata"].get("annotations") or {}).get(TOPOLOGY_MODE) or ""
    if mode in ("Auto", "auto"):
        wish = ""

    def hint(zone: str | None, node_name: str) -> Object:
        hints: Object = {}
        if zone and wish in ("PreferSameZone", "PreferClose", "PreferSameNode"):
            hints["forZones"] = [{"name": zone}]
        if node_name and wish == "PreferSameNode":
            hints["forNodes"] = [{"name": node_name}]
        return hints

    return hint


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
    annotations = {
        name: value for name, value in (meta.get("annotations") or {}).items() if name != service_rules.TRIGGER_TIME
    }
    if trigger_time:
        annotations[service_rules.TRIGGER_TIME] = trigger_time
    if annotations:
        meta["annotations"] = annotations
    else:
        meta.pop("annotations", None)


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Make the slices of one Service equal to ``plan``."""
    service = cluster.get(SERVICE, *key)
    if service is None:
        cluster.state.forget(key)  # the garbage collector removes slices with their owner
        return
    if not service_rules.selector(service):
        return
    pods = service_rules.selected(service, cluster)
    slices = cluster.by_index(ENDPOINT_SLICE, "service", "/".join(key))
    triggered = cluster.state.observe(key, service, pods)
    await write(plan(service, pods, slices, lambda name: cluster.get(NODE, None, name), triggered), cluster)


async def write(writes: Writes, cluster: Cluster) -> None:
    """Carry out ``writes``, all at once."""
    await cluster.together(
        *(cluster.create(ENDPOINT_SLICE, new) for new in writes.create),
        *(cluster.update(ENDPOINT_SLICE, new) for new in writes.update),
        *(cluster.delete(ENDPOINT_SLICE, old) for old in writes.delete),
    )


def by_service(found: Object) -> Iterable[str]:
    """The Service that one of our slices belongs to."""
    meta = found["metadata"]
    labels = meta.get("labels") or {}
    if labels.get(MANAGED_BY) == NAME and SERVICE_NAME in labels:
        return (f"{meta['namespace']}/{labels[SERVICE_NAME]}",)
    return ()


def services_of_slice(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Service of a slice, and the one it belonged to before somebody changed its labels."""
    for found in (change.old, change.new):
        if found is not None:
            for service in by_service(found):
                namespace, _, name = service.partition("/")
                yield namespace, name


def services_on_node(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Services with pods on a node that came, went or moved to another zone."""
    zones = [
        None if node is None else (node["metadata"].get("labels") or {}).get(ZONE, "")
        for node in (change.old, change.new)
    ]
    if zones[0] != zones[1]:
        for pod in cluster.by_index(POD, "node", change.object["metadata"]["name"]):
            yield from service_rules.selecting(pod, cluster)


ENDPOINT_SLICES = Controller(
    name="endpoint-slice-controller", owns=SERVICE, reconcile=reconcile, state=TriggerTimes, workers=16,
    wakes={POD: service_rules.services_of, ENDPOINT_SLICE: services_of_slice, NODE: services_on_node},
    indexes={
        POD: {LABELS: by_label, "node": by_node},
        SERVICE: {service_rules.BY_SELECTOR: service_rules.by_selector},
        ENDPOINT_SLICE: {"service": by_service},
    },
)  # fmt: skip
