"""AddressRepair: IPAddress objects that somebody wrote by hand must not part a Service from its address.

A Service's own writes take and give back its addresses in one commit, so only writes to IPAddresses themselves can do
harm: one that a Service still has is put back, one that no Service has is removed after a minute.  What happened while
nobody looked is found by one sweep a minute after the start, which also tells of addresses out of every range.
Source: KEP-1880, "repair loop"; the reasons of the Events are those of upstream's.
"""

import asyncio
import logging
from typing import TYPE_CHECKING
from uuid import uuid4

from fairway.apiserver.allocate import cluster_ips
from fairway.apiserver.allocate.plan import MANAGED_BY_LABEL, MANAGER, address_of
from fairway.apiserver.allocator_metrics import range_of
from fairway.kinds import EVENT, IP_ADDRESS, SERVICE
from fairway.kinds.rules.addresses import family
from fairway.objects import Object, meta
from fairway.objects.errors import StatusError

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

log = logging.getLogger(__name__)

LEAK_S = 60.0
"""An address may be there so long before its Service is."""
_COMPONENT = "ipallocator-repair-controller"
_AT_ONCE = 256


class AddressRepair:
    """Is told of each write to an IPAddress; looks at all of them a while after the start."""

    def __init__(self, api: "Api") -> None:
        self._api = api
        self._doubtful: asyncio.Queue[Object] = asyncio.Queue()
        self._later: dict[str, asyncio.TimerHandle] = {}

    def touched(self, address: Object) -> None:
        """``address`` was written or removed as such, not with its Service."""
        self._doubtful.put_nowait(address)

    async def keep(self) -> None:
        """Until cancelled."""
        sweep = asyncio.get_running_loop().call_later(LEAK_S, self._doubt_all)
        try:
            while True:
                address = await self._doubtful.get()
                try:
                    await self._settle(address)
                except StatusError as error:
                    if error.code not in (404, 409):
                        log.warning("an IPAddress cannot be repaired", extra={"error": error.message})
        finally:
            sweep.cancel()
            for timer in self._later.values():
                timer.cancel()
            self._later.clear()

    def _doubt_all(self, after: str = "") -> None:
        """Writes before the start may have been left half repaired; a few at a time, for others want to be served."""
        keys = self._api.cache.of(IP_ADDRESS).keys(IP_ADDRESS.prefix, after)
        live = self._api.cache.of(IP_ADDRESS).live
        for key in keys[:_AT_ONCE]:
            self.touched(live[key].copy())
        if len(keys) > _AT_ONCE:
            asyncio.get_running_loop().call_later(0.1, self._doubt_all, keys[_AT_ONCE])
        else:
            self._doubt_services()

    def _doubt_services(self, after: str = "") -> None:
        """The other way round: whether every address of a Service is there, and in a range."""
        services = self._api.cache.of(SERVICE)
        keys = services.keys(SERVICE.prefix, after)
        for key in keys[:_AT_ONCE]:
            service = services.live[key].object
            for ip in cluster_ips.held(service):
                if self._api.cache.get(IP_ADDRESS, None, ip) is None or not range_of(ip, self._api.claims.cidrs()):
                    self._doubtful.put_nowait(address_of(service, ip))
        if len(keys) > _AT_ONCE:
            asyncio.get_running_loop().call_later(0.1, self._doubt_services, keys[_AT_ONCE])

    async def _settle(self, address: Object) -> None:
        name, parent = address["metadata"]["name"], address["spec"]["parentRef"]
        if (parent.get("group") or "", parent.get("resource")) != ("", "services"):
            return
        service = self._holder(parent)
        holds = service is not None and name in cluster_ips.held(service)
        live = self._api.cache.get(IP_ADDRESS, None, name)
        if service is not None and holds and not range_of(name, self._api.claims.cidrs()):
            text = f"Cluster IP [{family(name)}]: {name} is not within any configured Service CIDR"
            await self._tell(service, "ClusterIPOutOfRange", f"{text}; please recreate service")
        if live is None:
            if service is not None and holds:
                await self._put_back(address, service)
        elif not holds and live.object["metadata"].get("uid") == address["metadata"].get("uid"):
            await self._remove_leaked(live.object, service)

    def _holder(self, parent: Object) -> Object | None:
        found = self._api.cache.get(SERVICE, parent.get("namespace"), parent.get("name") or "")
        return None if found is None else found.object

    async def _put_back(self, address: Object, service: Object) -> None:
        name, kept = address["metadata"]["name"], address["metadata"]
        metadata = {"name": name, "labels": kept.get("labels") or {}}
        try:
            await self._api.call("create", IP_ADDRESS, body={"metadata": metadata, "spec": address["spec"]})
        except StatusError as error:
            if error.reason != "AlreadyExists":
                raise
            text = f"Cluster IP [{family(name)}]:{name} was assigned to multiple services; please recreate service"
            await self._tell(service, "ClusterIPAlreadyAllocated", text)
            return
        text = f"Cluster IP [{family(name)}]: {name} is not allocated; repairing"
        await self._tell(service, "ClusterIPNotAllocated", text)

    async def _remove_leaked(self, address: Object, service: Object | None) -> None:
        metadata = address["metadata"]
        if (metadata.get("labels") or {}).get(MANAGED_BY_LABEL) != MANAGER:
            return
        left_s = meta.unix_seconds(metadata["creationTimestamp"]) + LEAK_S - self._api.clock()
        if left_s > 0:
            self._look_again(address, left_s)
            return
        parent = address["spec"]["parentRef"]
        shown = f"{parent.get('namespace', '')}/{parent.get('name', '')}"
        if service is None:
            reason, text = "IPAddressNotAllocated", f"Service {shown} does not exist; removing its address"
        else:
            reason, text = "IPAddressWrongReference", f"Service {shown} has another address; removing this one"
        await self._api.call("delete", IP_ADDRESS, name=metadata["name"])
        await self._tell(address, reason, text)

    def _look_again(self, address: Object, after_s: float) -> None:
        name = address["metadata"]["name"]
        if (earlier := self._later.pop(name, None)) is not None:
            earlier.cancel()

        def again() -> None:
            self._later.pop(name, None)
            self.touched(address)

        self._later[name] = asyncio.get_running_loop().call_later(after_s, again)

    async def _tell(self, about: Object, reason: str, text: str) -> None:
        metadata, now = about["metadata"], meta.timestamp(self._api.clock())
        involved = {"kind": about["kind"], "apiVersion": about["apiVersion"]}
        involved |= {name: metadata[name] for name in ("namespace", "name", "uid") if name in metadata}
        namespace = metadata.get("namespace") or "default"
        event = {
            "metadata": {"name": f"{metadata['name']}.{uuid4().hex[:16]}", "namespace": namespace},
            "involvedObject": involved, "reason": reason, "message": text, "type": "Warning",
            "source": {"component": _COMPONENT}, "firstTimestamp": now, "lastTimestamp": now, "count": 1,
        }  # fmt: skip
        await self._api.call("create", EVENT, namespace=namespace, body=event)
