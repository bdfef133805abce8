"""Who may ask a node: tokens and certificates that the API server knows, by rights to parts of the node."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from component.node_world import World, node_world
from fairway.cluster.certificates import ensure_token_key
from fairway.kinds import CLUSTER_ROLE, CLUSTER_ROLE_BINDING, SERVICE_ACCOUNT
from fairway.node.access import Access, subresources
from fairway.node.server import NodeServer
from fairway.transport.interface import Peer, Request

WHO = "system:serviceaccount:default:scraper"


class Scene:
    """A node's HTTPS API without TLS, a clock, and an account with a token."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.now_s = 0.0
        access = Access(world.client, "n1", lambda: self.now_s)
        self.node = NodeServer(world.agent.workers, replace(world.settings, port=0), access)

    async def asked(self, path: str, token: str = "", method: str = "GET", **peer: Any) -> tuple[int, str]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        answer = self.node.handle(Request(method, path, [], headers, b"", Peer("127.0.0.1", **peer)))
        if asyncio.iscoroutine(answer):
            answer = await answer
        return answer.status, getattr(answer, "body", b"").decode()  # type: ignore[union-attr]

    async def allow(self, name: str, resource: str, user: str = WHO) -> None:
        rule = {"apiGroups": [""], "resources": [resource], "verbs": ["get"]}
        await self.world.client.create(CLUSTER_ROLE, {"metadata": {"name": name}, "rules": [rule]})
        group = "rbac.authorization.k8s.io"
        binding = {
            "metadata": {"name": name},
            "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        }
        await self.world.client.create(CLUSTER_ROLE_BINDING, binding)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    ensure_token_key(tmp_path)
    async with node_world(tmp_path, token_key=tmp_path / "sa.key") as world:
        await world.client.create(SERVICE_ACCOUNT, {"metadata": {"name": "scraper", "namespace": "default"}})
        review = {"metadata": {"namespace": "default"}, "spec": {}}
        made = await world.client.create(SERVICE_ACCOUNT, review, subresource="token", name="scraper")
        yield Scene(world, made["status"]["token"])


async def test_a_token_may_what_its_account_may(scene: Scene) -> None:
    told = f"Forbidden (user={WHO}, verb=get, resource=nodes, subresource(s)=[metrics])\n"
    assert await scene.asked("/metrics/resource", scene.token) == (403, told)
    await scene.allow("metrics", "nodes/metrics")
    assert (await scene.asked("/metrics/resource", scene.token))[0] == 403, "what was said is believed for a while"
    scene.now_s = 31.0
    assert (await scene.asked("/metrics/resource", scene.token))[0] == 200
    told = f"Forbidden (user={WHO}, verb=get, resource=nodes, subresource(s)=[pods proxy])\n"
    assert await scene.asked("/pods", scene.token) == (403, told)
    assert (await scene.asked("/pods", scene.token, "HEAD"))[1].startswith(f"Forbidden (user={WHO}, verb=, ")


async def test_who_is_not_known_gets_nothing(scene: Scene) -> None:
    assert await scene.asked("/pods") == (401, "Unauthorized")
    assert await scene.asked("/pods", "x.y.z") == (401, "Unauthorized")
    assert await scene.asked("/healthz") == (200, "ok")


async def test_certificates_of_others_are_judged_by_their_rights(scene: Scene) -> None:
    assert (await scene.asked("/pods", common_name="jane", organizations=("dev",)))[0] == 403
    await scene.allow("pods", "nodes/pods", "joe")
    assert (await scene.asked("/pods", common_name="joe"))[0] == 200
    assert (await scene.asked("/pods", common_name="root", organizations=("system:masters",)))[0] == 200


async def test_a_node_whose_api_server_is_away_refuses(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*arguments: Any, **options: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(scene.world.client, "create", away)
    assert (await scene.asked("/pods", scene.token))[0] == 401
    told = "Authorization error (user=jane, verb=get, resource=nodes, subresource(s)=[pods proxy])\n"
    assert await scene.asked("/pods", common_name="jane") == (500, told)


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/stats/summary", ("stats",)), ("/metrics", ("metrics",)), ("/metrics/cadvisor", ("metrics",)),
        ("/logs/", ("log",)), ("/checkpoint/a/b/c", ("checkpoint",)), ("/runningpods/", ("pods", "proxy")),
        ("/configz", ("configz", "proxy")), ("/exec/a/b/c", ("proxy",)), ("/", ("proxy",)), ("", ("proxy",)),
    ],
)  # fmt: skip
def test_paths_are_parts_of_the_node(path: str, wanted: tuple[str, ...]) -> None:
    assert tuple(subresources(path)) == wanted
