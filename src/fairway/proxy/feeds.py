"""Feeds: what the proxy follows at the API: Services, EndpointSlices, its own Node, and ServiceCIDRs.

Shape: one informer each, which keeps of an object what the proxy needs (``inputs``) and tells its subscriber.
"""

import asyncio

from fairway.client.interface import Client
from fairway.kinds import ENDPOINT_SLICE, NODE, SERVICE, SERVICE_CIDR
from fairway.kinds.well_known import HEADLESS
from fairway.objects import Object
from fairway.proxy import inputs
from fairway.reconcile.informer import Handler, Informer
from fairway.reconcile.kept import reducer


class Feeds:
    """The informers; each handler takes the changes of one kind."""

    def __init__(
        self, client: Client, node_name: str, *, services: Handler, slices: Handler, node: Handler, cidrs: Handler
    ) -> None:
        self._services = Informer(
            client, SERVICE, labels=f"!{inputs.SERVICE_PROXY_NAME},!{HEADLESS}",
            saving="spec.clusterIP!=None",  # servers before 1.31 cannot select by it
            keep=reducer(inputs.service_of),
        )  # fmt: skip
        self._slices = Informer(
            client, ENDPOINT_SLICE, labels=f"!{HEADLESS}", keep=reducer(inputs.slice_of)
        )  # fmt: skip
        self._node = Informer(client, NODE, fields=f"metadata.name={node_name}", keep=reducer(inputs.node_of))
        self._cidrs = Informer(client, SERVICE_CIDR, keep=reducer(inputs.service_cidrs_of))
        self._services.subscribe(services)
        self._slices.subscribe(slices)
        self._node.subscribe(node)
        self._cidrs.subscribe(cidrs)

    async def follow(self, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        """Start to watch; return when everything was listed.  ServiceCIDRs may be unknown or forbidden."""
        needed = (self._services, self._slices, self._node)
        watches = [tasks.create_task(informer.run()) for informer in (*needed, self._cidrs)]
        for informer in needed:
            await informer.wait_synced()
        await self._cidrs.wait_answered()
        return watches

    @property
    def troubles(self) -> list[str]:
        """What keeps the proxy from knowing the cluster, kind by kind."""
        informers = (self._services, self._slices, self._node)
        return [f"{informer.kind.resource}: {informer.trouble}" for informer in informers if informer.trouble]

    def service(self, namespace: str, name: str) -> Object | None:
        """A Service's metadata; ``None`` if there is none."""
        return self._services.get(namespace, name)
