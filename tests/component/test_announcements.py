"""Load balancer addresses on a LAN: real frames, real neighbours, the real API server and controllers."""

import asyncio
import json
import secrets
import socket
import subprocess
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from component.controlled_cluster import ControlledCluster, controlled_cluster
from component.own_network import in_own_network, needs
from component.service_network import Namespace
from fairway.apiserver.settings import Settings as ApiSettings
from fairway.controllers import Settings
from fairway.kinds import ENDPOINT_SLICE, EVENT, NODE, SERVICE
from fairway.node.announcements import Announcer, frames, stay_silent
from fairway.node.announcements import Settings as AnnouncerSettings
from fairway.node.announcements.choice import chosen
from fairway.node.announcements.frames import Heard
from fairway.objects import Object

pytestmark = needs("ip")

POOL = ("192.168.50.200-192.168.50.203", "fd50::200-fd50::203")
SETTINGS = Settings(load_balancer_cidrs=POOL, is_announcing=True)
API = ApiSettings(service_cidrs=("10.96.0.0/16", "fd96::/112"))
QUIET_S = 0.4


def run(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


class Neighbour(Namespace):
    """Another machine of the LAN, with an address of each family."""

    def __init__(self, segment: "Segment", number: int) -> None:
        super().__init__(f"{segment.mark}-{number}")
        self.at, self.at6 = f"192.168.50.{number}", f"fd50::{number}"
        segment.plug(self.name, "eth0")
        self.ip("addr", "add", f"{self.at}/24", "dev", "eth0")
        self.ip("-6", "addr", "add", f"{self.at6}/64", "dev", "eth0", "nodad")
        self.mac = json.loads(run("-n", self.name, "-j", "link", "show", "eth0"))[0]["address"]
        self.heard = self.call(self._open)

    def _open(self) -> socket.socket:
        listening = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.htons(0x0003))
        listening.bind(("eth0", 0x0003))
        return listening

    async def hears(self, at: str, mac: bytes, since: list[Heard] | None = None) -> Heard:
        """The next that somebody at ``mac`` says about an address of his."""
        while True:
            frame = await asyncio.get_running_loop().sock_recv(self.heard, 2048)
            said = frames.heard(frame)
            if since is not None and said is not None:
                since.append(said)
            if said is not None and said.claimed == at and said.mac == mac:
                return said

    def asks(self, at: str) -> None:
        """A packet to an address, which this machine's kernel must find first."""

        def send() -> None:
            with socket.socket(socket.AF_INET6 if ":" in at else socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.sendto(b"?", (at, 9))

        self.call(send)

    async def finds(self, at: str) -> str:
        """The MAC address that this machine's kernel has for an address once it has asked."""
        self.asks(at)
        async with asyncio.timeout(30):
            while True:
                found = json.loads(run("-n", self.name, "-j", "neigh", "show", at) or "[]")
                if found and "lladdr" in found[0]:
                    return str(found[0]["lladdr"])
                await asyncio.sleep(0.01)

    def forgets(self, at: str) -> None:
        self.ip("neigh", "flush", "to", at)

    def remove(self) -> None:
        self.heard.close()
        super().remove()


class Segment:
    """A bridge in the test's own network; whoever plugs in is on one LAN with all others."""

    def __init__(self) -> None:
        self.mark = f"lan{secrets.token_hex(3)}"
        self._count = 0
        self.neighbours: list[Neighbour] = []
        run("link", "add", "lan", "type", "bridge", "forward_delay", "0", "mcast_snooping", "0")
        run("link", "set", "lan", "up")

    def plug(self, namespace: str | None, device: str) -> None:
        self._count += 1
        port = f"port{self._count}"
        where = ("netns", namespace) if namespace else ()
        run("link", "add", port, "master", "lan", "type", "veth", "peer", "name", device, *where)
        run("link", "set", port, "up")
        run(*(("-n", namespace) if namespace else ()), "link", "set", device, "up")

    def node(self, device: str) -> bytes:
        """A device of a node; its MAC address."""
        self.plug(None, device)
        return bytes.fromhex(json.loads(run("-j", "link", "show", device))[0]["address"].replace(":", ""))

    def neighbour(self, number: int) -> Neighbour:
        self.neighbours.append(Neighbour(self, number))
        return self.neighbours[-1]

    def close(self) -> None:
        for each in self.neighbours:
            each.remove()


@asynccontextmanager
async def segment() -> AsyncIterator[Segment]:
    made = Segment()
    try:
        yield made
    finally:
        made.close()


@asynccontextmanager
async def announcing(
    cluster: ControlledCluster, *, balances_nodes: bool = False, pool: tuple[str, ...] = (), **devices: str
) -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """An announcer for each node, and its Node says so."""
    works = {
        node: asyncio.create_task(
            Announcer(
                cluster.client, AnnouncerSettings(node, (device,), "pods", pool=pool, balances_nodes=balances_nodes)
            ).run()
        )
        for node, device in devices.items()
    }
    try:
        for node in devices:
            await cluster.wait_one(NODE, node, lambda found: bool(annotations(found)))
        yield works
    finally:
        for work in works.values():
            work.cancel()
        await asyncio.gather(*works.values(), return_exceptions=True)


def annotations(found: Object) -> Object:
    return found["metadata"].get("annotations") or {}


def service(name: str, **spec: Any) -> Object:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80}], "allocateLoadBalancerNodePorts": False, **spec}
    return {"kind": "Service", "apiVersion": "v1", "metadata": {"namespace": "default", "name": name}, "spec": spec}


def addresses(found: Object) -> list[str]:
    return [entry["ip"] for entry in found["status"]["loadBalancer"].get("ingress", ())]


async def given(cluster: ControlledCluster, name: str, *wanted: str) -> Object:
    return await cluster.wait_one(
        SERVICE, name, lambda found: addresses(found) == [*wanted] if wanted else bool(addresses(found))
    )


def on_a_lan(scenario: Any) -> None:
    """Run ``scenario(segment)`` in a network of its own."""

    async def work() -> None:
        run("link", "add", "pods", "type", "bridge")
        run("link", "set", "pods", "up")
        async with segment() as made:
            await scenario(made)

    coroutine: Coroutine[Any, Any, None]

    def start() -> Coroutine[Any, Any, None]:
        nonlocal coroutine
        coroutine = work()
        return coroutine

    in_own_network(start)


def test_an_address_that_was_looked_for_ahead_of_time_comes_at_once(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        mac, client, rival = lan.node("lan0"), lan.neighbour(2), lan.neighbour(3)
        rival.ip("addr", "add", "192.168.50.201/24", "dev", "eth0")
        async with (
            controlled_cluster(tmp_path, settings=SETTINGS, api=API) as cluster,
            announcing(cluster, pool=POOL, n1="lan0"),
        ):
            spares = {
                "192.168.50.200": "",
                "192.168.50.201": f"{rival.mac} on lan0",
                "192.168.50.203": "",
                "fd50::203": "",
            }
            await cluster.wait_one(NODE, "n1", lambda node: spares.items() <= findings(node).items())
            seen: list[Object] = []
            (await cluster.informer(SERVICE)).subscribe(lambda change: seen.append(change.object))
            for name, wanted in (("a", "192.168.50.200"), ("b", "192.168.50.202"), ("c", "192.168.50.203")):
                await cluster.client.create(SERVICE, service(name))
                await given(cluster, name, wanted)
            assert not any("conditions" in one["status"] or annotations(one) for one in seen), "none had to wait"
            assert await client.finds("192.168.50.203") == mac.hex(":")
            await cluster.client.create(SERVICE, service("none"))
            full = await cluster.wait_one(SERVICE, "none", lambda one: bool(one["status"].get("conditions")))
            assert full["status"]["conditions"][0]["reason"] == "PoolExhausted"

    on_a_lan(scenario)


def findings(node: Object) -> dict[str, str]:
    return dict(json.loads(annotations(node).get("fairway.dev/load-balancer-findings", "{}")))


def test_neighbours_find_an_address_of_either_family_while_its_service_is_there(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        mac, client = lan.node("lan0"), lan.neighbour(2)
        async with controlled_cluster(tmp_path, settings=SETTINGS, api=API) as cluster, announcing(cluster, n1="lan0"):
            await cluster.client.create(SERVICE, service("web", ipFamilyPolicy="RequireDualStack"))
            found = await given(cluster, "web", "192.168.50.200", "fd50::200")
            assert annotations(found) == {}
            assert "conditions" not in found["status"]
            assert run("route", "show", "192.168.50.200") == "192.168.50.200 dev pods proto static scope link \n"
            told = await cluster.wait(EVENT, lambda all_: any(one["reason"] == "LoadBalancerAnnounced" for one in all_))
            (announced,) = [one for one in told if one["reason"] == "LoadBalancerAnnounced"]
            assert announced["message"] == "192.168.50.200, fd50::200 announced on lan0 by node n1"
            for at in ("192.168.50.200", "fd50::200"):
                said: list[Heard] = []
                await client.hears(at, mac, said)
                assert Heard(mac, "", at) in said or at != "192.168.50.200", "it was looked for before it was told"
                assert await client.finds(at) == mac.hex(":")
            await cluster.client.create(SERVICE, service("other"))
            await given(cluster, "other", "192.168.50.201")
            await cluster.client.delete(SERVICE, "default", "web")
            await cluster.wait(SERVICE, lambda all_: all(one["metadata"]["name"] != "web" for one in all_))
            await cluster.wait_one(NODE, "n1", lambda node: "findings" not in str(annotations(node)))
            assert run("route", "show", "192.168.50.200") == ""
            client.ip("neigh", "flush", "all")
            for at in ("192.168.50.200", "fd50::200"):
                client.asks(at)
            # What is asked after them is answered, so theirs would have been too.
            assert await client.finds("192.168.50.201") == mac.hex(":")
            known = json.loads(run("-n", client.name, "-j", "neigh", "show"))
            assert [each["dst"] for each in known if "lladdr" in each] == ["192.168.50.201"]
            await cluster.client.patch(SERVICE, "default", "other", {"spec": {"type": "ClusterIP"}})
            async with asyncio.timeout(30):
                while run("route", "show", "192.168.50.201"):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)

    on_a_lan(scenario)


def test_an_address_that_another_machine_has_is_not_given_and_one_who_asks_for_it_is_told(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        lan.node("lan0")
        rival = lan.neighbour(3)
        rival.ip("addr", "add", "192.168.50.200/24", "dev", "eth0")
        rival.ip("-6", "addr", "add", "fd50::200/64", "dev", "eth0", "nodad")
        async with controlled_cluster(tmp_path, settings=SETTINGS, api=API) as cluster, announcing(cluster, n1="lan0"):
            await cluster.client.create(SERVICE, service("web", ipFamilyPolicy="RequireDualStack"))
            await given(cluster, "web", "192.168.50.201", "fd50::201")
            told = await cluster.wait(EVENT, lambda all_: any(one["type"] == "Warning" for one in all_))
            warning = next(one for one in told if one["type"] == "Warning")
            assert warning["message"].endswith(f" is in use by {rival.mac} on lan0: another is given")
            await cluster.client.create(SERVICE, service("asks", loadBalancerIP="192.168.50.200"))
            found = await cluster.wait_one(
                SERVICE, "asks", lambda one: any(c["status"] == "False" for c in one["status"].get("conditions", ()))
            )
            assert addresses(found) == []
            condition = found["status"]["conditions"][0]
            assert condition["type"] == "fairway.dev/LoadBalancerAddress"
            assert condition["reason"] == "AddressInUse"
            assert condition["message"] == f"192.168.50.200 is in use by {rival.mac} on lan0"
            rival.ip("addr", "add", "192.168.50.203/24", "dev", "eth0")
            patch = {"spec": {"loadBalancerIP": "192.168.50.202"}}
            await cluster.client.patch(SERVICE, "default", "asks", patch)
            assert "conditions" not in (await given(cluster, "asks", "192.168.50.202"))["status"]

    on_a_lan(scenario)


def test_a_machine_that_takes_an_address_later_is_told_and_the_service_moves(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        mac, client, rival = lan.node("lan0"), lan.neighbour(2), lan.neighbour(3)
        async with controlled_cluster(tmp_path, settings=SETTINGS, api=API) as cluster, announcing(cluster, n1="lan0"):
            await cluster.client.create(SERVICE, service("free"))
            await cluster.client.create(SERVICE, service("asked", loadBalancerIP="192.168.50.203"))
            at = addresses(await given(cluster, "free"))[0]
            await given(cluster, "asked", "192.168.50.203")
            for taken in (at, "192.168.50.203"):
                rival.ip("addr", "add", f"{taken}/32", "dev", "eth0")
                rival.forgets(client.at)
                rival.call(lambda taken=taken: asks_from(taken, client.at))  # type: ignore[misc]
            moved = await cluster.wait_one(SERVICE, "free", lambda one: addresses(one) not in ([at], []))
            assert await client.finds(addresses(moved)[0]) == mac.hex(":")
            kept = await cluster.wait_one(SERVICE, "asked", lambda one: bool(one["status"].get("conditions")))
            assert addresses(kept) == ["192.168.50.203"]
            condition = kept["status"]["conditions"][0]
            assert (condition["reason"], condition["status"]) == ("AddressConflict", "False")
            assert condition["message"] == f"192.168.50.203 is in use by {rival.mac} on lan0"
            told = await cluster.wait(
                EVENT, lambda all_: len([one for one in all_ if one["reason"] == "AddressConflict"]) >= 2
            )
            messages = {one["message"] for one in told if one["reason"] == "AddressConflict"}
            assert f"{at} is in use by {rival.mac} on lan0: another is given" in messages

    on_a_lan(scenario)


def asks_from(source: str, at: str) -> None:
    """Send a packet from one's own address, for which the kernel asks, and so claims it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((source, 0))
        one.sendto(b"!", (at, 9))


def test_of_two_nodes_one_answers_and_the_other_takes_over(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        macs = {"n1": lan.node("lan1"), "n2": lan.node("lan2")}
        client = lan.neighbour(2)
        async with (
            controlled_cluster(tmp_path, nodes=("n1", "n2"), settings=SETTINGS, api=API) as cluster,
            announcing(cluster, n1="lan1", n2="lan2"),
        ):
            await cluster.client.create(SERVICE, service("web"))
            await given(cluster, "web", "192.168.50.200")
            first = chosen("192.168.50.200", macs) or ""
            second = next(name for name in macs if name != first)
            await client.hears("192.168.50.200", macs[first])
            assert await client.finds("192.168.50.200") == macs[first].hex(":")
            await ready(cluster, first, "False")
            await client.hears("192.168.50.200", macs[second])
            assert await client.finds("192.168.50.200") == macs[second].hex(":")
            await ready(cluster, first, "True")
            await client.hears("192.168.50.200", macs[first])
            await cluster.client.patch(SERVICE, "default", "web", {"spec": {"externalTrafficPolicy": "Local"}})
            await cluster.client.create(ENDPOINT_SLICE, slice_of("web", second))
            await client.hears("192.168.50.200", macs[second])
            client.forgets("192.168.50.200")
            assert await client.finds("192.168.50.200") == macs[second].hex(":")
            found = await given(cluster, "web", "192.168.50.200")
            assert "conditions" not in found["status"]

    on_a_lan(scenario)


def test_the_machine_answers_for_endpoints_of_nodes_behind_it(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        mac = lan.node("lan0")
        client = lan.neighbour(2)
        async with (
            controlled_cluster(tmp_path, nodes=("n1", "n2"), settings=SETTINGS, api=API) as cluster,
            announcing(cluster, balances_nodes=True, n1="lan0"),
        ):
            wanted = service("web")
            wanted["spec"]["externalTrafficPolicy"] = "Local"
            await cluster.client.create(SERVICE, wanted)
            await given(cluster, "web", "192.168.50.200")
            await cluster.client.create(ENDPOINT_SLICE, slice_of("web", "n2"))
            await client.hears("192.168.50.200", mac)

    on_a_lan(scenario)


async def ready(cluster: ControlledCluster, name: str, status: str) -> None:
    conditions = [{"type": "Ready", "status": status, "reason": "Test", "message": ""}]
    await cluster.client.patch(NODE, None, name, {"status": {"conditions": conditions}}, subresource="status")


def slice_of(name: str, node: str) -> Object:
    meta = {"namespace": "default", "name": name, "labels": {"kubernetes.io/service-name": name}}
    endpoint = {"addresses": ["10.1.1.1"], "conditions": {"ready": True}, "nodeName": node}
    return {
        "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1", "metadata": meta, "addressType": "IPv4",
        "endpoints": [endpoint], "ports": [{"port": 80}],
    }  # fmt: skip


def test_a_device_that_comes_back_is_announced_on_again(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        lan.node("lan0")
        client = lan.neighbour(2)
        async with controlled_cluster(tmp_path, settings=SETTINGS, api=API) as cluster, announcing(cluster, n1="lan0"):
            await cluster.client.create(SERVICE, service("web"))
            await given(cluster, "web", "192.168.50.200")
            run("link", "del", "lan0")
            await cluster.wait_one(NODE, "n1", lambda node: annotations(node) == {})
            mac = lan.node("lan0")
            await client.hears("192.168.50.200", mac)
            assert await client.finds("192.168.50.200") == mac.hex(":")
            await cluster.wait_one(NODE, "n1", lambda node: mac.hex(":") in str(annotations(node)))

    on_a_lan(scenario)


def test_a_node_that_announces_no_more_takes_back_what_it_said(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        lan.node("lan0")
        async with controlled_cluster(tmp_path, settings=SETTINGS, api=API) as cluster:
            async with announcing(cluster, pool=POOL, n1="lan0"):
                await cluster.wait_one(NODE, "n1", lambda node: bool(findings(node)))
            silent = asyncio.create_task(stay_silent(cluster.client, "n1"))
            await cluster.wait_one(NODE, "n1", lambda node: annotations(node) == {})
            assert not silent.done()
            silent.cancel()

    on_a_lan(scenario)


def test_nodes_that_do_not_answer_do_not_keep_a_service_waiting(tmp_path: Path) -> None:
    async def scenario(lan: Segment) -> None:
        lan.node("lan0")
        async with controlled_cluster(tmp_path, settings=SETTINGS, api=API) as cluster:
            async with announcing(cluster, n1="lan0"):
                pass
            await cluster.client.create(SERVICE, service("web"))
            waiting = await cluster.wait_one(SERVICE, "web", lambda one: bool(one["status"].get("conditions")))
            assert waiting["status"]["conditions"][0]["status"] == "Unknown"
            assert waiting["status"]["conditions"][0]["reason"] == "Probing"
            await given(cluster, "web", "192.168.50.200")

    on_a_lan(scenario)
