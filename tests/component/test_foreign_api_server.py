"""The proxy against an API server that is not ours, with everything that such a server may do to a client."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from foreign_api import NODE_PROXIER, OLDER_FIELDS, ForeignApi
from programmed_table import endpoint_slice, service
from service_network import Pod

from fairway.client.http import HttpClient
from fairway.client.kubeconfig import Access, connect, in_cluster, load, select
from fairway.kinds import SERVICE
from fairway.proxy import words
from fairway.proxy.dataplanes.memory import MemoryDataplane
from fairway.proxy.model import Settings, address_range
from fairway.proxy.proxy import Proxy

PODS = [Pod(f"p{number}", "here", None, f"10.244.0.{number}", f"fd44::{number}") for number in range(1, 5)]  # type: ignore[arg-type]
FLAGS = Settings(service_cidrs=("10.99.0.0/16",))


class World:
    """A foreign API server, the proxy, and what it has programmed."""

    def __init__(self, api: ForeignApi) -> None:
        self.api = api
        self.dataplane = MemoryDataplane()
        self.told = asyncio.Event()

    def put(self, *found: dict[str, Any]) -> None:
        for each in found:
            self.api.put("endpointslices" if "addressType" in each else "services", each)

    def fill(self, count: int) -> None:
        for number in range(1, count + 1):
            self.put(service(f"s{number}", f"10.96.0.{number}"), endpoint_slice(f"s{number}", PODS[:1]))

    def count(self, name: str = words.SLOTS) -> int:
        return len(self.dataplane.held[4].get(name, {}))

    def service_ranges(self) -> list[bytes]:
        return sorted(self.dataplane.held[4].get(words.SERVICE_CIDRS, {}))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0)

    @asynccontextmanager
    async def proxy(self, client: HttpClient | None = None) -> AsyncIterator[Proxy]:
        client = client or connect(Access(f"http://127.0.0.1:{self.api.port}", token="first"))
        proxy = Proxy(client, self.dataplane, node_name="here", settings=FLAGS)
        running = asyncio.create_task(proxy.run())
        try:
            async with asyncio.timeout(10):
                await proxy.wait_programmed()
            yield proxy
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await client.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with ForeignApi() as api:
        yield World(api)
        assert api.violations == []


def cidr(name: str, *ranges: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"cidrs": list(ranges)}}


def packed(*ranges: str) -> list[bytes]:
    return sorted(first + last for first, last in map(address_range, ranges))


async def test_lists_come_in_pages_and_are_asked_for_with_selectors(world: World) -> None:
    world.api.page = 7
    world.fill(30)
    world.put(service("other", "10.96.1.1", type="ClusterIP") | {"metadata": {
        "namespace": "default", "name": "other", "labels": {"service.kubernetes.io/service-proxy-name": "x"},
    }})  # fmt: skip
    world.put(service("headless", "None"))
    async with world.proxy() as proxy:
        assert (proxy.services, world.count()) == (30, 30)
    assert len(world.api.lists("services")) == 5
    first = world.api.lists("services")[0].query
    assert first["labelSelector"] == "!service.kubernetes.io/service-proxy-name,!service.kubernetes.io/headless"
    assert first["fieldSelector"] == "spec.clusterIP!=None"


async def test_a_server_that_cannot_select_by_cluster_ip_is_asked_for_all(world: World) -> None:
    world.api.fields = OLDER_FIELDS
    world.fill(2)
    headless = service("headless", "None")
    world.put(headless, endpoint_slice("headless", PODS))
    async with world.proxy() as proxy:
        assert (proxy.services, world.count()) == (2, 2)
        world.put({**headless, "spec": {**headless["spec"], "clusterIP": "10.96.0.9", "clusterIPs": ["10.96.0.9"]}})
        await world.until(lambda: proxy.services == 3 and world.count() == 6)


async def test_a_watch_that_comes_to_an_older_server_begins_anew_without_the_selector(world: World) -> None:
    world.fill(2)
    async with world.proxy() as proxy:
        await world.api.until(lambda: world.api.watches("services") == 1)
        world.api.fields = OLDER_FIELDS
        world.api.cut()
        world.put(service("late", "10.96.0.9"))
        await world.until(lambda: proxy.services == 3)
    assert "fieldSelector" not in world.api.lists("services")[-1].query


async def test_pages_that_are_asked_for_too_late_are_followed_by_everything_at_once(world: World) -> None:
    world.api.page, world.api.expired_pages = 7, 1
    world.fill(30)
    async with world.proxy() as proxy:
        assert (proxy.services, world.count()) == (30, 30)
    assert any("limit" not in each.query for each in [*world.api.lists("services"), *world.api.lists("endpointslices")])


@pytest.mark.parametrize("as_event", [True, False], ids=["ERROR event", "HTTP 410"])
async def test_history_that_is_gone_is_made_up_for_by_a_list(
    world: World, as_event: bool, caplog: pytest.LogCaptureFixture
) -> None:
    world.api.gone_as_event = as_event
    world.fill(3)
    async with world.proxy():
        await world.api.until(lambda: world.api.watches("services") == 1)
        commits = len(world.dataplane.commits)
        world.api.busy.extend([(503, "0")] * 4)  # nobody gets through while history goes on and is forgotten
        world.api.cut()
        world.api.remove("services", "default/s1")
        world.api.remove("endpointslices", "default/s1-1")
        world.put(service("late", "10.96.0.9"), endpoint_slice("late", PODS))
        world.api.compact()
        await world.until(lambda: world.count() == 6)
        assert len(world.api.lists("services")) == 2
        # One Service of 4 elements goes and one of 10 comes; one word more where slice and Service came apart.
        sizes = [change.size for each in world.dataplane.commits[commits:] for change in each.values()]
        assert sum(sizes) in (14, 16)
    assert not any("too old" in each.error for each in caplog.records if each.levelname == "WARNING")


async def test_a_watch_that_is_cut_within_a_line_goes_on_where_it_was(world: World) -> None:
    world.fill(3)
    async with world.proxy():
        await world.api.until(lambda: world.api.watches("services") == 1 and world.api.watches("endpointslices") == 1)
        world.api.cut(b'{"type":"MODIFIED","object":{"metadata":{"name":"s1","names')
        world.put(endpoint_slice("s1", PODS))
        await world.until(lambda: world.count() == 6)
    assert len(world.api.lists("endpointslices")) == 1


async def test_a_watch_that_trickles_is_understood(world: World) -> None:
    world.api.trickle = True
    async with world.proxy():
        world.put(service("web", "10.96.0.1"), endpoint_slice("web", PODS))
        await world.until(lambda: world.count() == 4)


async def test_a_bookmark_saves_a_list(world: World) -> None:
    world.fill(1)
    async with world.proxy():
        await world.api.until(lambda: all(map(world.api.watches, ("services", "endpointslices", "nodes"))))
        for number in range(50):
            world.api.put("nodes", {"metadata": {"name": f"n{number}"}})  # of no interest, but time goes on
        world.api.bookmark()
        marked = str(world.api.revision)
        await asyncio.sleep(0)
        world.put(endpoint_slice("s1", PODS[:2]))
        await world.until(lambda: world.count() == 2)
        world.api.compact()
        world.api.cut()
        await world.api.until(lambda: any(
            each.is_watch and each.path.endswith("/services") and each.query["resourceVersion"] == marked
            for each in world.api.requests
        ))  # fmt: skip


async def test_a_server_that_is_busy_is_left_alone_for_as_long_as_it_says(world: World) -> None:
    world.fill(1)
    world.api.busy.extend([(429, "1")] * 4)
    started = asyncio.get_running_loop().time()
    async with world.proxy():
        assert asyncio.get_running_loop().time() - started >= 1.0
        assert world.count() == 1
    assert len(world.api.lists("services")) == 2


async def test_a_token_that_was_rotated_is_read_again(world: World, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    world.fill(1)
    client = connect(Access(f"http://127.0.0.1:{world.api.port}", token_file=str(file)))
    async with world.proxy(client):
        world.api.tokens = {"second"}
        file.write_text("second\n")
        world.api.cut()
        world.put(endpoint_slice("s1", PODS))
        await world.until(lambda: world.count() == 4)
    assert len(world.api.lists("services")) == 1


async def test_a_plugin_gives_a_token_and_a_new_one_when_it_is_refused(world: World, tmp_path: Path) -> None:
    answer, seen = tmp_path / "answer", tmp_path / "seen"
    script = tmp_path / "login"
    script.write_text(
        f"#!{sys.executable}\nimport os, pathlib\n"
        f"pathlib.Path({str(seen)!r}).write_text(os.environ['KUBERNETES_EXEC_INFO'] + os.environ['REGION'])\n"
        f"print(pathlib.Path({str(answer)!r}).read_text())\n"
    )
    script.chmod(0o755)
    (tmp_path / "config").write_text(json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{world.api.port}"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "./login", "interactiveMode": "Never",
            "env": [{"name": "REGION", "value": "north"}], "provideClusterInfo": True,
        }}}],
    }))  # fmt: skip

    def give(token: str) -> None:
        status = {"token": token}
        answer.write_text(json.dumps(
            {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1", "status": status}
        ))  # fmt: skip

    give("first")
    world.fill(1)
    async with world.proxy(connect(select(load([tmp_path / "config"])))):
        give("second")
        world.api.tokens = {"second"}
        world.api.cut()
        world.put(endpoint_slice("s1", PODS))
        await world.until(lambda: world.count() == 4)
    told = json.loads(seen.read_text().removesuffix("north"))
    assert told["spec"] == {"interactive": False, "cluster": {"server": f"http://127.0.0.1:{world.api.port}"}}


async def test_a_plugin_that_fails_is_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "config").write_text(json.dumps({
        "current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{world.api.port}"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1", "command": "no-such-login", "installHint": "install it",
        }}}],
    }))  # fmt: skip
    client = connect(select(load([tmp_path / "config"])))
    with pytest.raises(ConnectionError, match="no-such-login cannot be run: No such file or directory; install it"):
        await client.list(SERVICE)


@pytest.mark.parametrize("is_forbidden", [True, False], ids=["403", "404"])
async def test_a_server_without_service_ranges_is_served_by_the_flags(world: World, is_forbidden: bool) -> None:
    if is_forbidden:
        world.api.allowed = NODE_PROXIER - {("networking.k8s.io", "servicecidrs")}
    else:
        world.api.served.discard("/apis/networking.k8s.io/v1/servicecidrs")
    world.fill(2)
    async with world.proxy():
        assert (world.count(), world.service_ranges()) == (2, packed("10.99.0.0/16"))


async def test_service_ranges_are_followed(world: World) -> None:
    world.api.put("servicecidrs", cidr("kubernetes", "10.96.0.0/16", "fd96::/112"))
    async with world.proxy():
        assert world.service_ranges() == packed("10.96.0.0/16")
        world.api.put("servicecidrs", cidr("more", "10.120.0.0/16"))
        await world.until(lambda: world.service_ranges() == packed("10.96.0.0/16", "10.120.0.0/16"))
        world.api.remove("servicecidrs", "/kubernetes")
        await world.until(lambda: world.service_ranges() == packed("10.120.0.0/16"))
        world.api.remove("servicecidrs", "/more")
        await world.until(lambda: world.service_ranges() == packed("10.99.0.0/16"))


async def test_a_refusal_after_an_absence_is_said_in_the_servers_words(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with world.proxy() as proxy:
        await world.api.until(lambda: all(map(world.api.watches, ("services", "endpointslices", "nodes"))))
        world.api.tokens = {"second"}
        world.api.cut()
        await world.until(lambda: proxy.troubles.count("services: Unauthorized") == 1)
        world.api.tokens, world.api.allowed = {"first"}, NODE_PROXIER - {("", "services")}
        await world.until(lambda: any("forbidden" in trouble for trouble in proxy.troubles))
        world.api.allowed = set(NODE_PROXIER)
        world.put(service("web", "10.96.0.1"))
        await world.until(lambda: proxy.services == 1 and "services" not in str(proxy.troubles))
    said = [
        each.error for each in caplog.records if getattr(each, "kind", "") == "services" and each.levelname == "WARNING"
    ]
    assert said[1:] == ["Unauthorized", said[2]] and 'cannot watch resource "services"' in said[2]


async def test_labels_move_objects_out_of_sight_and_back(world: World) -> None:
    web, pods = service("web", "10.96.0.1"), endpoint_slice("web", PODS)
    world.put(web, pods)
    async with world.proxy() as proxy:
        for label in ("service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"):
            world.put({**web, "metadata": {**web["metadata"], "labels": {label: ""}}})
            await world.until(lambda: proxy.services == 0 and world.count() == 0)
            world.put(web)
            await world.until(lambda: world.count() == 4)
        labels = {**pods["metadata"]["labels"], "service.kubernetes.io/headless": ""}
        world.put({**pods, "metadata": {**pods["metadata"], "labels": labels}})
        await world.until(lambda: world.count() == 0 and world.count(words.FRONTENDS) == 1)
        world.put(pods)
        await world.until(lambda: world.count() == 4)


async def test_pods_find_their_server_in_the_environment(world: World, tmp_path: Path) -> None:
    for name, text in (("token", "first"), ("ca.crt", "CA"), ("namespace", "kube-system\n")):
        (tmp_path / name).write_text(text)
    found = in_cluster({"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}, tmp_path)
    assert found == Access(
        "https://[fd00::1]:443", ca="CA", token_file=str(tmp_path / "token"), namespace="kube-system",
    )  # fmt: skip
