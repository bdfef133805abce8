"""When a node asks for tokens, and what it does when it gets none."""

import os
from pathlib import Path
from typing import Any

from component.node_world import World, is_ready, node_world, pod
from fairway.client.memory import MemoryClient
from fairway.cluster.certificates import ensure_token_key
from fairway.kinds import CONFIG_MAP, SERVICE_ACCOUNT
from fairway.kinds.kind import Kind
from fairway.node.field_refs import ReferenceProblem
from fairway.node.references import References
from fairway.node.tokens import Tokens
from fairway.node.volumes.token_request import TokenAsked
from fairway.objects import Object
from fairway.objects.errors import not_found
from fairway.objects.meta import timestamp

POD: dict[str, Any] = {"metadata": {"namespace": "n", "name": "p", "uid": "u"}, "spec": {"serviceAccountName": "web"}}
HOUR = TokenAsked("", 3600)


class Issuing(MemoryClient):
    """An API that issues numbered tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 1000.0
        self.asked: list[tuple[str, str, Object]] = []

    async def create(self, kind: Kind, new: Object, *, subresource: str = "", name: str = "") -> Object:
        self._count("create")
        self.asked.append((name, subresource, new["spec"]))
        ends = timestamp(self.now_s + new["spec"]["expirationSeconds"])
        return {"status": {"token": f"token-{len(self.asked)}", "expirationTimestamp": ends}}


def world() -> tuple[Issuing, Tokens]:
    client = Issuing()
    return client, Tokens(client, lambda: client.now_s)


async def test_a_token_is_asked_for_once_and_again_when_it_is_due() -> None:
    client, tokens = world()
    assert await tokens.fetch(POD, [HOUR, HOUR]) == {HOUR: "token-1"}
    assert client.asked[0][:2] == ("web", "token")
    client.now_s += 2800
    assert await tokens.fetch(POD, [HOUR]) == {HOUR: "token-1"}
    assert tokens.known("u", [HOUR]) == {HOUR: "token-1"}
    client.now_s += 100
    assert await tokens.fetch(POD, [HOUR]) == {HOUR: "token-2"}


async def test_an_old_token_serves_while_there_is_no_new_one() -> None:
    client, tokens = world()
    await tokens.fetch(POD, [HOUR])
    client.now_s += 3000
    client.failures["create"] = [ConnectionError("away"), ConnectionError("away")]
    assert await tokens.fetch(POD, [HOUR]) == {HOUR: "token-1"}
    client.now_s += 700
    found = (await tokens.fetch(POD, [HOUR]))[HOUR]
    assert isinstance(found, ReferenceProblem)
    assert str(found) == "failed to fetch token: away"


async def test_a_refusal_is_told_in_the_servers_words() -> None:
    client, tokens = world()
    client.failures["create"] = [not_found("", "serviceaccounts", "web")]
    found = (await tokens.fetch(POD, [HOUR]))[HOUR]
    assert str(found) == 'failed to fetch token: serviceaccounts "web" not found'
    assert tokens.known("u", [HOUR]) is None
    assert tokens.renewal_s("u", [HOUR]) == 0.0
    assert await tokens.fetch(POD, [HOUR]) == {HOUR: "token-1"}


async def test_nothing_is_kept_of_a_pod_that_is_gone() -> None:
    _, tokens = world()
    await tokens.fetch(POD, [HOUR])
    tokens.release("u")
    assert tokens.known("u", [HOUR]) is None
    assert tokens.known("u", []) == {}


# The whole agent


async def give_account(world: World) -> None:
    meta = {"namespace": "default", "name": "default"}
    await world.client.create(SERVICE_ACCOUNT, {"metadata": meta})


def place_of(world: World, found: Object) -> Path:
    (volume,) = found["spec"]["volumes"]
    place: Path = world.settings.pods_dir / found["metadata"]["uid"] / "secrets" / volume["name"]
    return place


async def test_a_pod_starts_with_its_token_in_place(tmp_path: Path) -> None:
    ensure_token_key(tmp_path)
    async with node_world(tmp_path, token_key=tmp_path / "sa.key") as world:
        await give_account(world)
        meta = {"namespace": "default", "name": "kube-root-ca.crt"}
        await world.client.create(CONFIG_MAP, {"metadata": meta, "data": {"ca.crt": "CA"}})
        await world.create(pod(containers=[{"name": "kubia", "image": "luksa/kubia", "imagePullPolicy": "Never"}]))
        found = await world.until(is_ready)
        place = place_of(world, found)
        assert sorted(os.listdir(place / "..data")) == ["ca.crt", "namespace", "token"]
        issuer = world.server.api.tokens
        assert issuer is not None
        user = issuer.user((place / "token").read_text())
        assert user is not None and user[0].name == "system:serviceaccount:default:default"
        token = (place / "token").read_text()
        await world.restart_agent()
        await world.until_true(lambda: (place / "token").read_text() != token)


async def test_a_pod_whose_token_cannot_be_had_waits_and_says_why(tmp_path: Path) -> None:
    ensure_token_key(tmp_path)
    async with node_world(tmp_path, token_key=tmp_path / "sa.key") as world:
        meta = {"namespace": "default", "name": "kube-root-ca.crt"}
        await world.client.create(CONFIG_MAP, {"metadata": meta, "data": {"ca.crt": "CA"}})
        made = await world.create(pod())
        name = made["spec"]["volumes"][0]["name"]
        why = (
            f'MountVolume.SetUp failed for volume "{name}" : failed to fetch token: serviceaccounts "default" not found'
        )
        await world.until_events(("FailedMount", why))
        await give_account(world)
        await world.until(is_ready)


async def test_the_next_pod_that_names_the_same_finds_it_read() -> None:
    client = MemoryClient()
    client.put(CONFIG_MAP, {"metadata": {"namespace": "n", "name": "c"}, "data": {"a": "1"}})
    references = References(client, lambda uid: None)
    await references.resolve("first", "n", [("ConfigMap", "c")])
    references.release("first")
    found = await references.resolve("second", "n", [("ConfigMap", "c")])
    assert found["ConfigMap", "c"] is not None
    assert client.calls["list"] == 1
    await references.close()
