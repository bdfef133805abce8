"""Neighbours: the other nodes' proxies, asked whether they have stopped sending to a pod that is about to leave.

Shape: one informer of Nodes; each Node that says where its proxy can be asked (an annotation) and is ready is asked by
a request that is answered when the answer is yes.  A proxy that does not answer may still have rules in its kernel, so
it is asked again until its node is no longer ready; how long at most is for the caller to say.
"""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import urlencode

from fairway.client.http import HttpClient
from fairway.client.interface import Client
from fairway.kinds import NODE
from fairway.objects import Object
from fairway.objects.authority import authority
from fairway.objects.conditions import condition, is_true
from fairway.proxy.status_server import LEAVING
from fairway.reconcile.backoff import Backoff
from fairway.reconcile.informer import Change, Informer

log = logging.getLogger(__name__)

PORT_ANNOTATION: Final = "fairway.dev/proxy-health-port"
"""On a Node whose proxy answers ``/leaving``: the port."""
_ANSWER_S: Final = 30.0
_AT_ONCE: Final = 256
"""As many pods may leave a node at the same moment, each with a question of its own."""
_FIRST_DELAY_S, _MAX_DELAY_S = 0.02, 0.5


class Place(NamedTuple):
    """Where a proxy listens."""

    host: str
    port: int


def place_of(node: Object) -> Place | None:
    """Where a Node's proxy can be asked; ``None`` if it is not ready, is leaving or has another kind of proxy."""
    status, meta = node.get("status") or {}, node["metadata"]
    port = (meta.get("annotations") or {}).get(PORT_ANNOTATION, "")
    host = next((each["address"] for each in status.get("addresses") or () if each["type"] == "InternalIP"), "")
    if not is_true(node, "Ready") or not host or not port.isdecimal() or meta.get("deletionTimestamp"):
        return None
    return Place(host, int(port))


class _Neighbour:
    """One node's proxy; ``lost`` ends what waits for it."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.lost = asyncio.Event()
        self._client = HttpClient(
            f"http://{authority(*place)}", agent="fairway-node", connect_timeout_s=1.0, connections=_AT_ONCE
        )

    async def wait_left(self, target: str) -> None:
        """Return when the proxy says so, when it cannot be asked such things, or when it is lost."""
        asking = asyncio.create_task(self._ask(target))
        losing = asyncio.create_task(self.lost.wait())
        try:
            await asyncio.wait((asking, losing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            asking.cancel()
            losing.cancel()
            await asyncio.gather(asking, losing, return_exceptions=True)

    async def _ask(self, target: str) -> None:
        backoff = Backoff(_FIRST_DELAY_S, _MAX_DELAY_S)
        while True:
            try:
                answer = await self._client.request("GET", target, timeout_s=_ANSWER_S)
            except OSError as error:
                log.debug("proxy not reached", extra={"place": self.place, "error": str(error)})
            else:
                if answer.status < 500:
                    return
            await asyncio.sleep(backoff.next_delay_s())

    async def close(self) -> None:
        """End the connections."""
        self.lost.set()
        await self._client.close()


class Neighbours:
    """All nodes but ``node_name``."""

    def __init__(self, client: Client, node_name: str) -> None:
        self._own = node_name
        self._known: dict[str, _Neighbour] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._nodes = Informer(client, NODE, keep=_kept)
        self._nodes.subscribe(self._take)

    async def run(self) -> None:
        """Follow the Nodes until cancelled."""
        try:
            await self._nodes.run()
        finally:
            for name in list(self._known):
                self._lose(name)
            await asyncio.gather(*self._closing, return_exceptions=True)

    async def wait_left(self, addresses: Iterable[str], ports: Iterable[int] = ()) -> None:
        """Return when no other node's proxy sends new connections there any more."""
        query = [*(("address", each) for each in addresses), *(("port", str(each)) for each in ports)]
        await self._nodes.wait_synced()
        if query:
            target = f"{LEAVING}?{urlencode(query)}"
            await asyncio.gather(*(each.wait_left(target) for each in list(self._known.values())))

    def _take(self, change: Change) -> None:
        name = change.object["metadata"]["name"]
        place = place_of(change.new) if change.new is not None and name != self._own else None
        known = self._known.get(name)
        if known is not None and known.place != place:
            self._lose(name)
        if place is not None and name not in self._known:
            self._known[name] = _Neighbour(place)

    def _lose(self, name: str) -> None:
        closing = asyncio.create_task(self._known.pop(name).close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)


def _kept(node: Object) -> Object:
    """What matters of a Node here; its images and heartbeats do not."""
    meta, status = node["metadata"], node.get("status") or {}
    names = ("name", "uid", "resourceVersion", "annotations", "deletionTimestamp")
    ready = condition(node, "Ready")
    return {
        "metadata": {name: meta[name] for name in names if name in meta},
        "status": {"addresses": status.get("addresses") or [], "conditions": [ready] if ready else []},
    }
