"""Announcer: answers on the node's LANs for the load balancer addresses that are this node's.

Shape: informers say which Services there are and which nodes can announce; ``choice`` decides what is this node's;
``Claims`` speaks and listens; what it finds is written on this node's own Node object, in annotations.
Rules for those who change it: nothing polls; no address is put on a device, so nothing is left behind by a crash.
"""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from fairway.client.interface import Client
from fairway.kinds import ENDPOINT_SLICE, NODE, SERVICE
from fairway.kinds.rules import announcing
from fairway.kinds.rules.address_pool import pool_of
from fairway.kinds.well_known import SERVICE_NAME
from fairway.node.announcements import device as devices
from fairway.node.announcements.choice import Choices, ingress, is_local, ready_nodes
from fairway.node.announcements.claims import Claims
from fairway.node.announcements.lan import Lan
from fairway.node.announcements.routes import Routes
from fairway.node.announcements.spares import spares
from fairway.node.rtnetlink.link_changes import LinkChanges
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.reconcile.events import EventRecorder
from fairway.reconcile.indexes import ObjectKey, object_key
from fairway.reconcile.informer import Change, Informer

log = logging.getLogger(__name__)

RETRY_S = 1.0
_OF_SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Settings:
    """``devices`` are those whose LANs are told; ``gateway_device`` is where addresses in use are routed to."""

    node_name: str
    devices: tuple[str, ...]
    gateway_device: str = ""
    sources: Mapping[int, str] = field(default_factory=dict)
    """The node's own addresses in the pod network, by IP version."""
    pool: tuple[str, ...] = ()
    """The ranges that addresses are given from; of those some are looked for before anybody wants one."""
    balances_nodes: bool = False
    """This node is the way to all others: an endpoint of any of them counts as its own."""


class Announcer:
    """One node's announcements."""

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings
        self._services = Informer(client, SERVICE, fields="spec.type=LoadBalancer")
        self._nodes = Informer(client, NODE)
        self._slices = Informer(
            client, ENDPOINT_SLICE, labels=SERVICE_NAME, indexes={_OF_SERVICE: _of_service}, keep=_places
        )
        self._recorder = EventRecorder(client, "fairway-announcer", host=settings.node_name)
        self._announced: frozenset[str] = frozenset()
        self._routes = Routes(settings.gateway_device, settings.sources)
        self._lans: dict[str, devices.Device] = {}
        self._friends: set[bytes] = set()
        self._choices = Choices(settings.node_name)
        self._dirty: set[ObjectKey] = set()
        self._last: dict[str, str] = {}
        self._is_due = False
        self._to_write = asyncio.Event()

    async def run(self) -> None:
        """Work until cancelled."""
        self._claims = Claims(is_own=devices.is_own, is_friend=self._friends.__contains__, told=self._found)
        changes = LinkChanges(self._look_at_devices)
        informers = (self._services, self._nodes, self._slices)
        try:
            self._look_at_devices()
            async with asyncio.TaskGroup() as group:
                for informer in informers:
                    group.create_task(informer.run(), name=f"announcer {informer.kind.resource}")
                for informer in informers:
                    await informer.wait_synced()
                self._nodes.subscribe(self._node_changed)
                self._slices.subscribe(self._places_changed)
                self._services.subscribe(self._service_changed)
                group.create_task(self._keep_writing(), name="announcer findings")
                group.create_task(self._recorder.run(), name="announcer events")
        finally:
            changes.close()
            self._claims.close()

    # Devices

    def _look_at_devices(self) -> None:
        for name in self._settings.devices:
            found, known = devices.look_up(name), self._lans.get(name)
            if found == known:
                continue
            if known is not None:
                self._claims.remove(name)
                del self._lans[name]
            if found is not None:
                self._claims.add(Lan(found, self._claims.hear))
                self._lans[name] = found
            log.info("LAN", extra={"device": name, "state": "announcing" if found else "away"})
            self._to_write.set()

    # Services, nodes, endpoints

    def _service_changed(self, change: Change) -> None:
        self._dirty.add(object_key(change.object))
        self._soon()

    def _node_changed(self, change: Change) -> None:
        nodes = list(self._nodes.items())
        self._friends.clear()
        for node in nodes:
            self._friends.update(bytes.fromhex(mac.replace(":", "")) for mac in announcing.devices(node).values())
        if self._choices.nodes_are(nodes):
            self._dirty.update(map(object_key, self._services.items()))
        self._soon()

    def _places_changed(self, change: Change) -> None:
        namespace, _, name = _of_service(change.object)[0].partition("/")
        service = self._services.get(namespace, name)
        if service is not None and is_local(service):
            self._dirty.add((namespace, name))
            self._soon()

    def _soon(self) -> None:
        """Decide once for all changes of this turn."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._decide)

    def _decide(self) -> None:
        self._is_due = False
        changed, self._dirty = self._dirty, set()
        for key in sorted(changed):
            service = self._services.get(*key)
            for at in self._choices.put(key, service, self._local(key) if service and is_local(service) else ()):
                self._last["IPv6" if ":" in at else "IPv4"] = at
        wanted = self._choices.whole(self._spares())
        self._routes.want(wanted.active)
        self._claims.want(wanted)
        self._tell(changed, wanted.announced)
        self._to_write.set()

    def _spares(self) -> Iterable[str]:
        if not self._choices.looks_ahead:
            return ()
        findings = self._claims.findings()
        return spares(pool_of(self._settings.pool), self._choices.active, self._last, lambda at: bool(findings.get(at)))

    def _found(self) -> None:
        """Something else is known of an address: it is told, and others may have to be looked for."""
        self._to_write.set()
        self._soon()

    def _local(self, key: ObjectKey) -> set[str]:
        """The nodes that may answer for a Service of policy Local."""
        ready = ready_nodes(self._slices.by_index(_OF_SERVICE, "/".join(key)))
        return {self._settings.node_name} if ready and self._settings.balances_nodes else ready

    def _tell(self, changed: Iterable[ObjectKey], announced: frozenset[str]) -> None:
        """Whose addresses are newly this node's."""
        fresh, self._announced = announced - self._announced, announced
        for key in sorted(changed) if fresh else ():
            service = self._services.get(*key)
            mine = [at for at in ingress(service) if at in fresh] if service else []
            if service and mine:
                where = f"on {', '.join(self._lans)} by node {self._settings.node_name}"
                text = f"{', '.join(mine)} announced {where}"
                self._recorder.record(SERVICE, service, "Normal", "LoadBalancerAnnounced", text)

    # Findings

    async def _keep_writing(self) -> None:
        """This node's Node says what was found, and on which LANs."""
        while True:
            await self._to_write.wait()
            self._to_write.clear()
            node = self._nodes.get(None, self._settings.node_name)
            if node is None or (wanted := self._wanted_annotations(node)) is None:
                continue
            try:
                patch = {"metadata": {"annotations": wanted}}
                await self._client.patch(NODE, None, self._settings.node_name, patch)
            except (StatusError, OSError) as error:
                log.warning("findings not written", extra={"error": str(error)})
                asyncio.get_running_loop().call_later(RETRY_S, self._to_write.set)

    def _wanted_annotations(self, node: Object) -> dict[str, str | None] | None:
        found = self._claims.findings()
        wanted = {
            announcing.FINDINGS: announcing.findings_text(found) if found else None,
            announcing.DEVICES: announcing.devices_text(
                {name: device.mac.hex(":") for name, device in self._lans.items()}
            )
            or None,
        }
        there = announcing.annotations(node)
        return wanted if any(there.get(name) != value for name, value in wanted.items()) else None


async def stay_silent(client: Client, node_name: str) -> None:
    """Take back what an earlier life, that announced, said on its Node; then nothing more, until cancelled."""
    names = (announcing.FINDINGS, announcing.DEVICES)
    while True:
        try:
            node = await client.get(NODE, None, node_name)
            if any(name in announcing.annotations(node) for name in names):
                patch = {"metadata": {"annotations": dict.fromkeys(names)}}
                await client.patch(NODE, None, node_name, patch)
            break
        except (StatusError, OSError) as error:
            if isinstance(error, StatusError) and error.code == 404:
                break
            await asyncio.sleep(RETRY_S)
    await asyncio.get_running_loop().create_future()


_PLACES = "Places"


def _places(found: Object) -> Object:
    """Of a slice its Service, and the nodes of its endpoints that are ready."""
    meta = found["metadata"]
    identity = {name: meta.get(name) for name in ("namespace", "name", "uid", "resourceVersion")}
    service = (meta.get("labels") or {}).get(SERVICE_NAME, "")
    endpoints = [{"nodeName": name} for name in sorted(ready_nodes([found]))]
    return {"kind": _PLACES, "metadata": {**identity, "labels": {SERVICE_NAME: service}}, "endpoints": endpoints}


def _of_service(places: Object) -> list[str]:
    meta = places["metadata"]
    return [f"{meta['namespace']}/{meta['labels'][SERVICE_NAME]}"]
