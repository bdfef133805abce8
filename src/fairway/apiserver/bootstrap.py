"""Bootstrap: the objects that every cluster has, made at the start and put back when somebody takes them away.

Shape: ``wanted`` (pure) says what there should be; ``begin`` makes what is missing or changed; ``keep`` does so again
whenever one of them is touched.
Source: Kubernetes docs, "Namespaces", "Access Applications in a Cluster"; KEP-1880.
"""

import asyncio
import ipaddress
import logging
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from fairway.apiserver import flow_control
from fairway.apiserver.aggregation import local
from fairway.apiserver.authorization import bootstrap_roles
from fairway.apiserver.settings import Settings
from fairway.apiserver.watchers import ChangeSignal
from fairway.kinds import (
    ALL,
    API_SERVICE,
    ENDPOINT_SLICE,
    ENDPOINTS,
    INGRESS,
    INGRESS_CLASS,
    NAMESPACE,
    PRIORITY_CLASS,
    SERVICE,
    SERVICE_CIDR,
    STORAGE_CLASS,
    VIRTUAL,
)
from fairway.kinds.ingress_class import CLASS_NAME, CONTROLLER, DEFAULT_ANNOTATION
from fairway.kinds.kind import Kind
from fairway.kinds.priority_class import SYSTEM_CLASSES
from fairway.kinds.service.cluster_ips import PREFER_DUAL, SINGLE
from fairway.kinds.volumes import storage_class as storage_class_rules
from fairway.kinds.well_known import SERVICE_NAME, SKIP_MIRROR
from fairway.objects import Object
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

log = logging.getLogger(__name__)

_NAMESPACES = ("default", "kube-system", "kube-public", "kube-node-lease")
_NAME = "kubernetes"
DNS_NAME = "kube-dns"
_RETRY_S = 5.0
_AT_ONCE = 64
Wanted = tuple[Kind, Object]


def wanted(settings: Settings) -> Iterator[Wanted]:
    """What there should be, in the order in which it can be made."""
    for name in _NAMESPACES:
        yield NAMESPACE, {"metadata": {"name": name}}
    yield SERVICE_CIDR, {"metadata": {"name": _NAME}, "spec": {"cidrs": list(settings.service_cidrs)}}
    for own in _own_services(settings):
        yield SERVICE, _service(own)
        if own.endpoints:
            yield ENDPOINTS, _endpoints(own, own.endpoints[0])
        for place, address in enumerate(own.endpoints):
            yield ENDPOINT_SLICE, _slice(own, address, is_primary=place == 0)


class _Own(NamedTuple):
    """A Service of the cluster's own, which nobody's selector fills; ports are name, protocol, number and target.

    ``cluster_ips`` and ``endpoints`` have at most one address of each family, the primary one first.
    """

    namespace: str
    name: str
    labels: dict[str, str]
    policy: str
    cluster_ips: tuple[str, ...]
    endpoints: tuple[str, ...]
    ports: tuple[tuple[str, str, int, int], ...]


def wanted_at_start(settings: Settings) -> Iterator[Wanted]:
    """What is only made at the start: whoever takes it away later has his will until then."""
    if settings.has_ingress:
        yield INGRESS_CLASS, ingress_class()
    yield STORAGE_CLASS, storage_class()
    for name, (value, description) in SYSTEM_CLASSES.items():
        yield PRIORITY_CLASS, {"metadata": {"name": name}, "value": value, "description": description}


def ingress_class() -> Object:
    """The class that Fairway's own Ingress controller serves; the default of new Ingresses while nobody changes it."""
    meta = {"name": CLASS_NAME, "annotations": {DEFAULT_ANNOTATION: "true"}}
    return {"metadata": meta, "spec": {"controller": CONTROLLER}}


def storage_class() -> Object:
    """The class of volumes on the machine's own disk; the default of new claims while nobody changes it."""
    return {
        "metadata": {"name": "standard", "annotations": {storage_class_rules.DEFAULT_ANNOTATION: "true"}},
        "provisioner": "fairway.dev/local", "reclaimPolicy": "Delete",
        "volumeBindingMode": storage_class_rules.WAITING,
    }  # fmt: skip


def _own_services(settings: Settings) -> Iterator[_Own]:
    yield _Own(
        "default", _NAME, {"component": "apiserver", "provider": "kubernetes"}, SINGLE,
        (first_address(settings.service_cidrs[0]),), _reachable(settings.advertise_address),
        (("https", "TCP", 443, settings.advertise_port),),
    )  # fmt: skip
    if settings.dns_addresses:
        endpoints = _reachable(*(settings.dns_endpoints or (settings.advertise_address,)))
        labels = {"k8s-app": DNS_NAME, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS"}
        ports = (("dns", "UDP", 53, 53), ("dns-tcp", "TCP", 53, 53), ("metrics", "TCP", 9153, 9153))
        yield _Own("kube-system", DNS_NAME, labels, PREFER_DUAL, settings.dns_addresses, endpoints, ports)


def _reachable(*addresses: str) -> tuple[str, ...]:
    """Those that pods can be told; the loopback of this machine is not theirs."""
    return tuple(each for each in addresses if each and not ipaddress.ip_address(each).is_loopback)


def first_address(cidr: str) -> str:
    """The address that the Service of the API server itself has."""
    return str(ipaddress.ip_network(cidr)[1])


def _service(own: _Own) -> Object:
    return {
        "metadata": {"name": own.name, "namespace": own.namespace, "labels": own.labels},
        "spec": {
            "clusterIP": own.cluster_ips[0],
            "clusterIPs": list(own.cluster_ips),
            "ipFamilyPolicy": own.policy,
            "ports": [
                {"name": name, "port": port, "protocol": protocol, "targetPort": target}
                for name, protocol, port, target in own.ports
            ],
            "sessionAffinity": "None",
            "type": "ClusterIP",
        },
    }


def _endpoint_ports(own: _Own) -> list[Object]:
    return [{"name": name, "port": target, "protocol": protocol} for name, protocol, _, target in own.ports]


def _endpoints(own: _Own, address: str) -> Object:
    return {
        "metadata": {
            "name": own.name, "namespace": own.namespace,
            "labels": {SKIP_MIRROR: "true"},
        },
        "subsets": [{"addresses": [{"ip": address}], "ports": _endpoint_ports(own)}],
    }  # fmt: skip


def _slice(own: _Own, address: str, *, is_primary: bool) -> Object:
    family = f"IPv{ipaddress.ip_address(address).version}"
    return {
        "metadata": {
            "name": own.name if is_primary else f"{own.name}-{family.lower()}", "namespace": own.namespace,
            "labels": {SERVICE_NAME: own.name},
        },
        "addressType": family,
        "endpoints": [{"addresses": [address], "conditions": {"ready": True}}],
        "ports": _endpoint_ports(own),
    }  # fmt: skip


def repaired(found: Object, should: Object) -> Object | None:
    """``found`` with the content of ``should`` where it differs; ``None`` if it is as it should be.

    Namespaces and ServiceCIDRs are left as their owner has them; of a Service only the ports are kept.
    """
    changed: Object = {}
    for field in ("subsets", "endpoints", "ports", "data"):
        if field in should and found.get(field) != should[field]:
            changed[field] = should[field]
    if found.get("kind") == "Service" and found["spec"].get("ports") != should["spec"]["ports"]:
        changed["spec"] = {**found["spec"], "ports": should["spec"]["ports"]}
    return {**found, **changed} if changed else None


class Bootstrap:
    """Sees that ``wanted`` is there."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._wanted = list(wanted(api.settings))

    async def begin(self) -> None:
        """What the server begins with.  Raises: ``StatusError``."""
        await self.ensure(wanted_at_start(self._api.settings))
        await self.ensure(self._wanted)
        if not self._api.settings.has_ingress:
            await self._withdraw_class()
        await self.ensure(local.authentication(self._api.settings))
        # In parts, for a request that waits for too many others takes too long.
        roles = list(bootstrap_roles.wanted())
        for first in range(0, len(roles), _AT_ONCE):
            some = roles[first : first + _AT_ONCE]
            await asyncio.gather(*(self._ensure_role(kind, should) for kind, should in some))
        await asyncio.gather(*(self._ensure_made(kind, should) for kind, should in flow_control.wanted()))
        services = local.wanted((*ALL, *VIRTUAL))
        await asyncio.gather(*(self._ensure_made(API_SERVICE, should) for should in services))

    async def _ensure_made(self, kind: Kind, should: Object) -> None:
        """A cluster-wide object that is made if missing, and then its owner's."""
        if self._api.cache.get(kind, None, should["metadata"]["name"]) is None:
            await self._api.call("create", kind, body=should)

    async def _withdraw_class(self) -> None:
        """The class that nobody serves any more goes, and the addresses that its Ingresses had."""
        found = self._api.cache.get(INGRESS_CLASS, None, CLASS_NAME)
        if found is None or found.object["spec"].get("controller") != CONTROLLER:
            return
        for entry in list(self._api.cache.of(INGRESS).live.values()):
            ingress, meta = entry.object, entry.object["metadata"]
            if ingress["spec"].get("ingressClassName") == CLASS_NAME:
                body = {**ingress, "status": {"loadBalancer": {}}}
                await self._api.call(
                    "update", INGRESS, namespace=meta["namespace"], name=meta["name"], subresource="status", body=body
                )
        await self._api.call("delete", INGRESS_CLASS, name=CLASS_NAME)

    async def _ensure_role(self, kind: Kind, should: Object) -> None:
        """A role or binding of every cluster: made if missing, its rules completed unless its owner forbids."""
        metadata = should["metadata"]
        namespace, name = metadata.get("namespace"), metadata["name"]
        found = self._api.cache.get(kind, namespace, name)
        if found is None:
            await self._api.call("create", kind, namespace=namespace, body=should)
            return
        annotations = found.object["metadata"].get("annotations") or {}
        missing = bootstrap_roles.missing_rules(found.object.get("rules"), should.get("rules") or ())
        if missing and annotations.get(bootstrap_roles.AUTOUPDATE) != "false" and "aggregationRule" not in should:
            changed = {**found.object, "rules": [*(found.object.get("rules") or ()), *missing]}
            await self._api.call("update", kind, namespace=namespace, name=name, body=changed)

    async def ensure(self, wanted: Iterable[Wanted]) -> None:
        """Make what is missing, repair what was changed.  Raises: ``StatusError``."""
        for kind, should in wanted:
            metadata = should["metadata"]
            found = self._api.cache.get(kind, metadata.get("namespace"), metadata["name"])
            try:
                if found is None:
                    await self._api.call("create", kind, namespace=metadata.get("namespace"), body=should)
                elif (changed := repaired(found.object, should)) is not None:
                    await self._api.call(
                        "update", kind, namespace=metadata.get("namespace"), name=metadata["name"], body=changed
                    )
            except StatusError as error:
                if error.code == 422 and metadata["name"] == DNS_NAME:
                    log.warning("the Service of the cluster's DNS cannot be made", extra={"error": error.message})
                elif error.code != 409:
                    raise

    async def keep(self) -> None:
        """Again whenever one of these objects changes; until cancelled."""
        keys = {kind.key(one["metadata"].get("namespace"), one["metadata"]["name"]) for kind, one in self._wanted}
        kinds = {kind for kind, _ in self._wanted}
        collections = [self._api.cache.of(kind) for kind in kinds]
        signal = ChangeSignal(collections, lambda key: key in keys)
        try:
            while True:
                await signal.wait()
                try:
                    await self.ensure(self._wanted)
                except StatusError as error:
                    log.warning("bootstrap objects cannot be restored yet", extra={"error": error.message})
                    await asyncio.sleep(_RETRY_S)
                    signal.set()
        finally:
            signal.close()
