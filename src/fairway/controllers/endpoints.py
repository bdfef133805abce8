"""Endpoints follow the pods that each Service selects: the older, single-family list behind a Service.

Source: Kubernetes API reference, "Endpoints v1 core"; services.md 5.
"""

from collections.abc import Callable, Iterable

from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.rules import services as service_rules
from fairway.controllers.rules.refusals import is_namespace_leaving
from fairway.controllers.rules.subsets import Offer, repack, truncate
from fairway.controllers.rules.trigger_times import TriggerTimes
from fairway.kinds import ENDPOINTS, POD, SERVICE
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import LABELS, Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_label, object_key
from fairway.reconcile.informer import Change

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
NAME = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"


def plan(service: Object, pods: Iterable[Object], current: Object | None, trigger_time: str = "") -> Object | None:
    """The Endpoints object to write, or ``None`` if ``current`` is right.  Pure."""
    subsets, is_cut = truncate(repack(_offers(service, pods)))
    labels = {**(service["metadata"].get("labels") or {})}
    labels.pop(service_rules.HEADLESS_LABEL, None)
    if service["spec"].get("clusterIP") in (None, "", "None"):
        labels[service_rules.HEADLESS_LABEL] = ""
    labels[MANAGED_BY] = NAME
    found = current["metadata"] if current is not None else {}
    annotations = dict(found.get("annotations") or {})
    is_right = (
        current is not None
        and (current.get("subsets") or []) == subsets
        and found.get("labels") == labels
        and (annotations.get(OVER_CAPACITY) == "truncated") is is_cut
    )
    if is_right:
        return None
    _put(annotations, OVER_CAPACITY, "truncated" if is_cut else "")
    _put(annotations, service_rules.TRIGGER_TIME, trigger_time)
    meta = {
        **found, "name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"], "labels": labels,
    }  # fmt: skip
    meta.pop("annotations", None)
    if annotations:
        meta["annotations"] = annotations
    wanted: Object = {"kind": ENDPOINTS.name, "apiVersion": ENDPOINTS.api_version, "metadata": meta}
    if subsets:
        wanted["subsets"] = subsets
    return wanted


def _put(annotations: dict[str, str], name: str, value: str) -> None:
    if value:
        annotations[name] = value
    else:
        annotations.pop(name, None)


def _offers(service: Object, pods: Iterable[Object]) -> Iterable[Offer]:
    spec = service["spec"]
    publishes_all = bool(spec.get("publishNotReadyAddresses"))
    has_no_ports = not spec.get("ports")
    ports_of, address_of = service_rules.port_finder(service), _address_finder(service)
    for pod in pods:
        if pod_rules.is_terminal(pod) or (pod_rules.is_terminating(pod) and not publishes_all):
            continue
        ip = address_of(pod)
        ports = ports_of(pod)
        if not ip or not (ports or has_no_ports):
            continue
        address: Object = {"ip": ip}
        if hostname := pod_rules.hostname_in(pod, service):
            address["hostname"] = hostname
        if node_name := pod["spec"].get("nodeName"):
            address["nodeName"] = node_name
        address["targetRef"] = pod_rules.reference(pod)
        yield Offer(address, ports, publishes_all or pod_rules.is_ready(pod))


def _address_finder(service: Object) -> Callable[[Object], str]:
    """What gives a pod's address of the Service's first family; of its own where the Service has not decided."""
    spec = service["spec"]
    if spec.get("ipFamilies") or spec.get("clusterIP") not in (None, "", "None"):
        family = service_rules.families(service)[0]
        return lambda pod: next(iter(pod_rules.addresses(pod, family)), "")
    return lambda pod: next(iter(pod_rules.all_addresses(pod)), "")


async def reconcile(key: Key, cluster: Cluster) -> None:
    """Make the Endpoints of one Service equal to ``plan``; remove ours when the Service is gone."""
    service, current = cluster.get(SERVICE, *key), cluster.get(ENDPOINTS, *key)
    if service is None:
        cluster.state.forget(key)
        if current is not None and not _is_lock(current):
            await cluster.delete(ENDPOINTS, current)
        return
    if not service_rules.selector(service) or pod_rules.is_terminating(service):
        return
    pods = service_rules.selected(service, cluster)
    wanted = plan(service, pods, current, cluster.state.observe(key, service, pods))
    if wanted is not None:
        await _write(wanted, current, cluster)


async def _write(wanted: Object, current: Object | None, cluster: Cluster) -> None:
    meta = wanted["metadata"]
    try:
        if current is None:
            await cluster.create(ENDPOINTS, wanted)
        else:
            await cluster.update(ENDPOINTS, wanted)
    except StatusError as error:
        if is_namespace_leaving(error):
            return
        if error.code != 409:
            verb, reason = (
                ("create", "FailedToCreateEndpoint") if current is None else ("update", "FailedToUpdateEndpoint")
            )
            text = f"Failed to {verb} endpoint {meta['namespace']}/{meta['name']}: {error}"
            cluster.event(ENDPOINTS, current or wanted, "Warning", reason, text)
        raise


def _is_lock(found: Object) -> bool:
    """Whether an old leader election keeps its state here."""
    return service_rules.LEADER_ANNOTATION in (found["metadata"].get("annotations") or {})


def _own(change: Change, cluster: Cluster) -> Iterable[Key]:
    """Endpoints that somebody changed: those of a Service, or ours that outlived one.

    Endpoints that somebody wrote before their Service exists are left alone.
    """
    key = object_key(change.object)
    labels = change.object["metadata"].get("labels") or {}
    if labels.get(MANAGED_BY) == NAME or cluster.get(SERVICE, *key) is not None:
        return (key,)
    return ()


ENDPOINTS_OF_SERVICES = Controller(
    name=NAME, owns=SERVICE, reconcile=reconcile, state=TriggerTimes, workers=16,
    wakes={POD: service_rules.services_of, ENDPOINTS: _own},
    indexes={POD: {LABELS: by_label}, SERVICE: {service_rules.BY_SELECTOR: service_rules.by_selector}},
)  # fmt: skip
