"""EndpointSlices mirror the Endpoints that users write for Services without a selector.

Source: Kubernetes docs, "EndpointSlices", "Mirroring"; services.md 7.
"""

import asyncio
import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from fairway.controllers.rules import services as service_rules
from fairway.controllers.rules.repairs import Repairs
from fairway.controllers.rules.slice_owners import by_service, owner
from fairway.controllers.rules.slice_writes import write
from fairway.controllers.rules.slices import Writes, grouped, pack
from fairway.kinds import ENDPOINT_SLICE, ENDPOINTS, SERVICE
from fairway.kinds.well_known import MANAGED_BY, SERVICE_NAME, SKIP_MIRROR, TRIGGER_TIME
from fairway.objects import Object
from fairway.reconcile.cluster import Cluster
from fairway.reconcile.controller import Controller, Key
from fairway.reconcile.informer import Change
from fairway.reconcile.owners import controller_reference

NAME = "endpointslicemirroring-controller.k8s.io"
NOT_COPIED = frozenset({TRIGGER_TIME, "kubectl.kubernetes.io/last-applied-configuration"})
MAX_ADDRESSES = 1000
"""Per subset; upstream's default."""


def is_mirrored(endpoints: Object | None, service: Object | None) -> bool:
    """Whether slices should exist for ``endpoints``."""
    if endpoints is None or service is None or service["spec"].get("selector"):
        return False
    meta = endpoints["metadata"]
    if (meta.get("labels") or {}).get(SKIP_MIRROR) == "true":
        return False
    return service_rules.LEADER_ANNOTATION not in (meta.get("annotations") or {})


def plan(endpoints: Object, slices: Sequence[Object], limit: int = MAX_ADDRESSES) -> Writes:
    """The fewest writes that make ``slices`` say what ``endpoints`` says; leaving slices do not count.  Pure."""
    slices = [found for found in slices if "deletionTimestamp" not in found["metadata"]]
    meta = endpoints["metadata"]
    labels = {**(meta.get("labels") or {}), SERVICE_NAME: meta["name"], MANAGED_BY: NAME}
    annotations = {name: value for name, value in (meta.get("annotations") or {}).items() if name not in NOT_COPIED}
    writes = Writes()
    for family in ("IPv4", "IPv6"):
        present = [found for found in slices if found.get("addressType") == family]
        groups = grouped(_addresses(endpoints, family, limit))
        if not groups:
            writes.delete += present
            continue

        def dress(found: Object) -> Object:
            wanted = {name: value for name, value in found.items() if name != "annotations"}
            return {**wanted, "labels": labels, **({"annotations": annotations} if annotations else {})}

        def blank(ports: list[Object], found: list[Object], family: str = family) -> Object:
            return _slice(endpoints, labels, annotations, family, ports, found)

        writes.extend(pack(present, groups, dress, blank, limit))
    return writes


def _addresses(endpoints: Object, family: str, limit: int) -> Iterator[tuple[list[Object], Object]]:
    for subset in endpoints.get("subsets") or ():
        ports = [_port(port) for port in subset.get("ports") or ()]
        count = 0
        for name, is_ready in (("addresses", True), ("notReadyAddresses", False)):
            for address in subset.get(name) or ():
                if _family(address["ip"]) == family and count < limit:
                    count += 1
                    yield ports, _endpoint(address, is_ready)


def _port(port: Object) -> Object:
    found = {"name": port.get("name") or "", "port": port["port"], "protocol": port.get("protocol") or "TCP"}
    if port.get("appProtocol"):
        found["appProtocol"] = port["appProtocol"]
    return found


def _endpoint(address: Object, is_ready: bool) -> Object:
    endpoint: Object = {"addresses": [address["ip"]], "conditions": {"ready": is_ready}}
    for name in ("hostname", "targetRef", "nodeName"):
        if address.get(name):
            endpoint[name] = address[name]
    return endpoint


def _family(ip: str) -> str:
    """``IPv4``, ``IPv6``, or empty for what is no address."""
    try:
        return f"IPv{ipaddress.ip_address(ip).version}"
    except ValueError:
        return ""


def _slice(
    endpoints: Object, labels: Mapping[str, str], annotations: Mapping[str, str], family: str,
    ports: list[Object], found: list[Object],
) -> Object:  # fmt: skip
    meta = endpoints["metadata"]
    made: Object = {
        "kind": ENDPOINT_SLICE.name, "apiVersion": ENDPOINT_SLICE.api_version,
        "metadata": {
            "generateName": f"{meta['name']}-", "namespace": meta["namespace"], "labels": dict(labels),
            "ownerReferences": [controller_reference(ENDPOINTS, endpoints)],
        },
        "addressType": family, "endpoints": found, "ports": ports,
    }  # fmt: skip
    if annotations:
        made["metadata"]["annotations"] = dict(annotations)
    return made


def skipped(endpoints: Object, limit: int = MAX_ADDRESSES) -> Iterator[tuple[str, str]]:
    """(reason, message) of the Events about addresses that cannot be mirrored.  Pure."""
    for subset in endpoints.get("subsets") or ():
        found = [_family(one["ip"]) for name in ("addresses", "notReadyAddresses") for one in subset.get(name) or ()]
        if invalid := found.count(""):
            yield "InvalidIPAddress", f"Skipped {invalid} invalid IP addresses when mirroring to EndpointSlices"
        over = sum(max(0, found.count(family) - limit) for family in ("IPv4", "IPv6"))
        if over:
            yield (
                "TooManyAddressesToMirror",
                f"A max of {limit} addresses can be mirrored to EndpointSlices per Endpoints subset. "
                f"{over} addresses were skipped",
            )


async def reconcile(key: Key, cluster: Cluster) -> float | None:
    """Make the mirror slices of one Endpoints object equal to ``plan``."""
    endpoints, service = cluster.get(ENDPOINTS, *key), cluster.get(SERVICE, *key)
    slices = cluster.by_index(ENDPOINT_SLICE, "mirrored service", "/".join(key))
    if not is_mirrored(endpoints, service):
        await cluster.together(*(cluster.delete(ENDPOINT_SLICE, found) for found in slices))
        cluster.state.pop(key, None)
        return None
    assert endpoints is not None
    repairs: Repairs = cluster.state[key]
    is_meddled = repairs.take_foreign(lambda name: cluster.get(ENDPOINT_SLICE, key[0], name))
    if is_meddled and (wait_s := repairs.wait_s(asyncio.get_running_loop().time())):
        return wait_s
    writes = plan(endpoints, slices)
    await write(writes, cluster, repairs)
    if writes:
        for reason, message in skipped(endpoints):
            cluster.event(ENDPOINTS, endpoints, "Warning", reason, message)
    return None


def endpoints_of_slice(change: Change, cluster: Cluster) -> Iterable[Key]:
    """The Endpoints that a mirror slice belongs to or belonged to."""
    for found in (change.old, change.new):
        if found is not None and (key := owner(found, NAME)) is not None:
            cluster.state[key].touched.add(found["metadata"]["name"])
            yield key


def unselective(change: Change, cluster: Cluster) -> Iterable[Key]:
    """A Service concerns its Endpoints where it has, or had, no selector."""
    for service in (change.old, change.new):
        if service is not None and not service["spec"].get("selector"):
            meta = service["metadata"]
            return ((meta["namespace"], meta["name"]),)
    return ()


ENDPOINT_SLICE_MIRRORING = Controller(
    name="endpoint-slice-mirroring-controller", owns=ENDPOINTS, reconcile=reconcile,
    state=lambda: defaultdict(Repairs),
    wakes={SERVICE: unselective, ENDPOINT_SLICE: endpoints_of_slice},
    indexes={ENDPOINT_SLICE: {"mirrored service": by_service(NAME)}},
)  # fmt: skip
