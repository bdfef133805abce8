"""Who only looks on: followers that keep a copy by watching, and readers of lists page by page."""

import asyncio
import random
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import quote

from component.history_client import Client, Expired, Killed, Lost, watch
from component.history_model import Shared, State, state_of

ALL = "/api/v1/configmaps"
KEPT = 500
"""Events that a follower remembers between two checks."""
Readings = list[tuple[int, dict[str, State]]]
"""Lists that were read, with their revision."""


def key_of(found: Any) -> str:
    return f"{found['metadata']['namespace']}/{found['metadata']['name']}"


def revision_of(found: Any) -> int:
    return int(found["metadata"]["resourceVersion"])


class Follower:
    """A copy of what a selector selects, kept by one list and then by watching, through all restarts.

    ``log`` has every event since the last list, which was of ``base``, and ``at_base`` is what was there then.
    """

    def __init__(self, server: Killed, shared: Shared, selector: str = "") -> None:
        self._server, self._shared = server, shared
        self._query = f"labelSelector={quote(selector)}" if selector else "limit=0"
        self.copy: dict[str, State] = {}
        self.at_base: dict[str, State] = {}
        self.base = self.revision = 0
        self.log: list[tuple[int, str, State]] = []
        self.lists = self.resumed = 0
        self._moved = asyncio.Event()

    async def follow(self) -> None:
        """Until cancelled."""
        is_resumed = False
        while True:
            await self._server.up.wait()
            try:
                if not self.revision:
                    await self._list()
                    is_resumed = False
                self.resumed += is_resumed
                target = f"{ALL}?watch=true&allowWatchBookmarks=true&resourceVersion={self.revision}&{self._query}"
                async with aclosing(watch(self._server, target)) as events:  # type: ignore[type-var]
                    async for event in events:
                        self._take(event)
                is_resumed = True
            except Lost:
                is_resumed = True
            except Expired as expired:
                assert expired.code == 410, f"a watch from {self.revision} was refused with {expired.code}"
                self.revision = 0

    async def reached(self, revision: int) -> None:
        """Return when it has been told everything up to ``revision``."""
        async with asyncio.timeout(30):
            while not self.lists or self.revision < revision:
                self._moved.clear()
                await self._moved.wait()

    async def _list(self) -> None:
        client = Client(self._server)
        try:
            answer = await client.ask("GET", f"{ALL}?{self._query}")
        finally:
            client.close()
        assert answer.status == 200, answer
        self.lists += 1
        self.copy = {key_of(item): state_of(item) for item in answer.body["items"]}
        self.at_base, self.log = dict(self.copy), []
        self.base = self.revision = answer.revision
        self._moved.set()

    def _take(self, event: Any) -> None:
        self._moved.set()
        found, kind = event["object"], event["type"]
        revision = revision_of(found)
        if kind == "BOOKMARK":
            assert revision >= self.revision, "a bookmark goes back"
            self.revision = revision
            return
        assert revision > self.revision, f"{kind} of {revision} after {self.revision}"
        key, state = key_of(found), state_of(found)
        assert (kind == "ADDED") == (key not in self.copy), f"{kind} of {key}, known: {key in self.copy}"
        if kind == "DELETED":
            del self.copy[key]
        else:
            known = self._shared.acknowledged.get((key, revision), state)
            assert state == known, f"{key} at {revision} was acknowledged as {known} and is told as {state}"
            self.copy[key] = state
        self.log.append((revision, key, None if kind == "DELETED" else state))
        self.revision = revision

    def check(self, readings: Readings) -> int:
        """Each reading is what had been told by its revision; how many could be compared.  Forgets most of the log."""
        checked, found, place = 0, dict(self.at_base), 0
        for revision, told in sorted(readings, key=lambda each: each[0]):
            if not self.base <= revision <= self.revision:
                continue
            while place < len(self.log) and self.log[place][0] <= revision:
                _, key, state = self.log[place]
                found[key] = state
                place += 1
            there = {key: state for key, state in found.items() if state is not None}
            assert told == there, f"the list at {revision} is not what the watch had told by then"
            checked += 1
        old, self.log = self.log[:-KEPT], self.log[-KEPT:]
        for revision, key, state in old:
            self.at_base[key] = state
            self.base = revision
        return checked


class Pages:
    """Reads the list in pages while it changes; each reading must be the state of one revision."""

    def __init__(self, client: Client, chance: random.Random) -> None:
        self._client, self._chance = client, chance
        self.readings: Readings = []
        self.expired = 0

    async def read(self) -> None:
        """One reading.  Raises: ``Lost``."""
        query = f"{ALL}?limit={self._chance.randrange(1, 5)}"
        answer = await self._client.ask("GET", query)
        assert answer.status == 200, answer
        revision, items = answer.revision, list(answer.body["items"])
        while token := answer.body["metadata"].get("continue"):
            answer = await self._client.ask("GET", f"{query}&continue={quote(token)}")
            if answer.status == 410:
                assert answer.body["metadata"]["continue"], "410 offers to go on inconsistently"
                self.expired += 1
                return
            assert answer.status == 200, answer
            assert answer.revision == revision, "a page of another revision"
            items += answer.body["items"]
        keys = [key_of(item) for item in items]
        assert keys == sorted(keys, key=lambda key: key.split("/")) and len(keys) == len(set(keys)), keys
        self.readings.append((revision, {key_of(item): state_of(item) for item in items}))

    async def read_exact(self, revision: int) -> None:
        """The list as of a revision that was seen before.  Raises: ``Lost``."""
        answer = await self._client.ask("GET", f"{ALL}?resourceVersion={revision}&resourceVersionMatch=Exact")
        if answer.status == 410:
            self.expired += 1
            return
        assert answer.status == 200, answer
        assert answer.revision == revision
        self.readings.append((revision, {key_of(item): state_of(item) for item in answer.body["items"]}))


class Services:
    """Makes and deletes Services; each has an address and a port of its own, and whoever has none claims none."""

    SERVICES, ADDRESSES = "/api/v1/namespaces/default/services", "/apis/networking.k8s.io/v1/ipaddresses"

    def __init__(self, client: Client, chance: random.Random) -> None:
        self._client, self._chance = client, chance

    async def change(self) -> None:
        """Raises: ``Lost``."""
        name = f"s{self._chance.randrange(6)}"
        if self._chance.random() < 0.5:
            spec = {"type": "NodePort", "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}
            told = await self._client.ask("POST", self.SERVICES, {"metadata": {"name": name}, "spec": spec})
            assert told.status in (201, 409), told
        else:
            told = await self._client.ask("DELETE", f"{self.SERVICES}/{name}")
            assert told.status in (200, 404), told

    async def check(self) -> None:
        """Services and claims agree.  Raises: ``Lost``."""
        services = (await self._client.ask("GET", "/api/v1/services")).body["items"]
        addresses = (await self._client.ask("GET", self.ADDRESSES)).body["items"]
        wanted = sorted(address for each in services for address in each["spec"].get("clusterIPs", ()))
        assert sorted(each["metadata"]["name"] for each in addresses) == wanted, "an address without its Service"
        ports = [port["nodePort"] for each in services for port in each["spec"]["ports"] if "nodePort" in port]
        assert len(ports) == len(set(ports)), "a node port was given twice"

    async def check_ports_are_free(self) -> None:
        """After all Services are gone every port can be had.  Raises: ``Lost``."""
        used = []
        for number in range(6):
            name = f"s{number}"
            told = await self._client.ask("GET", f"{self.SERVICES}/{name}")
            if told.status == 200:
                used += [port["nodePort"] for port in told.body["spec"]["ports"]]
                await self._client.ask("DELETE", f"{self.SERVICES}/{name}")
        for number, port in enumerate(used):
            spec = {"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]}
            told = await self._client.ask("POST", self.SERVICES, {"metadata": {"name": f"again{number}"}, "spec": spec})
            assert told.status == 201, told
        for number in range(len(used)):
            with suppress(AssertionError):
                await self._client.ask("DELETE", f"{self.SERVICES}/again{number}")
