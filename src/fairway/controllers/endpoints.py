"""Endpoints follow the pods that each Service selects: the older, single-family list behind a Service.

Source: Kubernetes API reference, "Endpoints v1 core"; services.md 5.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator

from fairway.controllers.rules import pods as pod_rules
from fairway.controllers.rules import services as service_rules
from fairway.controllers.rules.patience import Patience
from fairway.controllers.rules.refusals import is_namespace_leaving
from fairway.controllers.rules.repairs import Repairs
from fairway.controllers.rules.subsets import Offer, repack, truncate
from fairway.controllers.rules.trigger_times import TriggerTimes
from fairway.kinds import ENDPOINTS, POD, SERVICE
from fairway.kinds.well_known import HEADLESS, TRIGGER_TIME
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.cluster import LABELS, Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.indexes import by_label, object_key
from fairway.reconcile.informer import Change
from fairway.reconcile.times import parse_rfc3339

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
NAME = "endpoint-controller"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
WAIT_PER_POD_S = 0.001
MAX_WAIT_S = 5.0
TICK_S = 1.0
"""How exactly a creationTimestamp tells the time."""
BREATH = 500
"""Pods that are looked at before others in the process have a turn."""


def plan(service: Object, offers: Iterable[Offer], current: Object | None, trigger_time: str = "") -> Object | None:
    """The Endpoints object to write, or ``None`` if ``current`` is right.  Pure."""
    subsets, is_cut = truncate(repack(offers))
    labels = {**(service["metadata"].get("labels") or {})}
    labels.pop(HEADLESS, None)
    if service["spec"].get("clusterIP") in (None, "", "None"):
        labels[HEADLESS] = ""
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
    _put(annotations, TRIGGER_TIME, trigger_time)
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


def offered(service: Object, pods: Iterable[Object]) -> Iterator[Offer]:
    """What each of ``pods`` offers behind the Service.  Pure."""
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


class Progress:
    """What is remembered between two looks.  Times are the event loop's, in seconds.

    A Service with many pods waits a little: its list is long, and the slices, which everybody reads nowadays, go first.
    """

    def __init__(self) -> None:
        self.trigger_times = TriggerTimes()
        self.has_begun = False
        self._patience = Patience()
        self._started_s: float | None = None
        self._repairs: dict[Key, Repairs] = {}
        self._sizes: dict[Key, int] = {}

    def wait_s(self, key: Key, now: float) -> float:
        """How long the list still has to wait; 0 if its time has come."""
        self.has_begun = True
        return self._patience.wait_s(key, min(self._sizes.get(key, 0) * WAIT_PER_POD_S, MAX_WAIT_S), now)

    def served(self, key: Key, size: int) -> None:
        """The list has been brought up to date with ``size`` pods."""
        self._sizes[key] = size
        self._patience.served(key)

    def repairs(self, key: Key) -> Repairs:
        """How we left the list."""
        return self._repairs.setdefault(key, Repairs())

    def is_older(self, created: str, now: float) -> bool:
        """Whether what was ``created`` then was there before we began; ``now`` is in Unix seconds."""
        if self._started_s is None:
            self._started_s = now
        return bool(created) and parse_rfc3339(created) + TICK_S <= self._started_s

    def forget(self, key: Key) -> None:
        """The Service is gone."""
        self.trigger_times.forget(key)
        self._patience.served(key)
        for table in (self._repairs, self._sizes):
            table.pop(key, None)


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Make the Endpoints of one Service equal to ``plan``; remove ours when the Service is gone."""
    service, current = cluster.get(SERVICE, *key), cluster.get(ENDPOINTS, *key)
    progress: Progress = cluster.state
    if service is None:
        progress.forget(key)
        if current is not None and not _is_lock(current):
            await cluster.delete(ENDPOINTS, current)
        return None
    if not service_rules.selector(service) or pod_rules.is_terminating(service):
        return None
    now, repairs = asyncio.get_running_loop().time(), progress.repairs(key)
    if repairs.take_foreign(lambda name: current) and (wait_s := repairs.wait_s(now)):
        return wait_s
    if wait_s := progress.wait_s(key, now):
        return wait_s
    pods = service_rules.selected(service, cluster)
    triggered = progress.trigger_times.observe(key, service, pods)
    offers: list[Offer] = []
    for start in range(0, len(pods), BREATH):
        if len(pods) > BREATH:
            await asyncio.sleep(0)  # slices go first
        offers += offered(service, pods[start : start + BREATH])
    if len(pods) > BREATH:
        await asyncio.sleep(0)
    wanted = plan(service, offers, current, triggered)
    if wanted is not None and (written := await _write(wanted, current, cluster)) is not None:
        repairs.wrote(written)
    progress.served(key, len(pods))
    return None


async def _write(wanted: Object, current: Object | None, cluster: Cluster) -> Object | None:
    meta = wanted["metadata"]
    try:
        if current is None:
            return await cluster.create(ENDPOINTS, wanted)
        return await cluster.update(ENDPOINTS, wanted)
    except StatusError as error:
        if is_namespace_leaving(error):
            return None
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

    What somebody writes before its Service exists is left alone; what had none when we started is removed.
    """
    key = object_key(change.object)
    if cluster.get(SERVICE, *key) is not None:
        repairs: Repairs = cluster.state.repairs(key)
        if change.new is not None and repairs.is_ours(change.new):
            return ()
        repairs.touched.add(key[1])
        return (key,)
    meta = change.object["metadata"]
    is_old = cluster.state.is_older(meta.get("creationTimestamp") or "", cluster.now()) and change.old is None
    is_ours = (meta.get("labels") or {}).get(MANAGED_BY) == NAME
    return (key,) if is_old or is_ours else ()


def _services_of(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Services that a change of a pod concerns; at the start all are looked at in any case."""
    return service_rules.services_of(change, cluster) if cluster.state.has_begun else ()


ENDPOINTS_OF_SERVICES = Controller(
    name=NAME, owns=SERVICE, reconcile=reconcile, state=Progress, workers=16,
    wakes={POD: _services_of, ENDPOINTS: _own},
    indexes={POD: {LABELS: by_label}, SERVICE: {service_rules.BY_SELECTOR: service_rules.by_selector}},
)  # fmt: skip
