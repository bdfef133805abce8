"""Priority and fairness, asked of a whole API server: one client floods it, another one is answered."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import ADMIN, World, world
from fairway.transport.interface import Peer, Request, Response
from fairway.transport.target import decode_path, decode_query, split_target

FLOW = "/apis/flowcontrol.apiserver.k8s.io/v1"
NOISY, QUIET = Peer("127.0.0.1", "noisy", ("devs",)), Peer("127.0.0.1", "quiet", ("devs",))
MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "devs"}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
        body = {"metadata": {"name": "devs"}, "roleRef": role, "subjects": [subject]}
        assert (await started.ask("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", body)).status == 201
        yield started


def asked(api: World, peer: Peer, method: str = "GET", target: str = MAPS) -> Any:
    """What the handler gives at once: an answer, or something that waits."""
    path, query = split_target(target)
    return api.server.handler(Request(method, decode_path(path), decode_query(query), {}, b"", peer, target))


def flood(api: World, count: int) -> list[asyncio.Task[Response]]:
    """Ask until so many requests have to wait their turn."""
    waiting: list[asyncio.Task[Response]] = []
    for _ in range(200_000):
        found = asked(api, NOISY)
        if not isinstance(found, Response):
            waiting.append(asyncio.ensure_future(found))
        if len(waiting) == count:
            return waiting
    raise AssertionError("the flood was never stopped")


async def test_the_quiet_client_is_answered_at_once_while_the_noisy_one_waits(api: World) -> None:
    waiting = flood(api, 100)
    quiet = asked(api, QUIET)
    assert isinstance(quiet, Response) and quiet.status == 200
    assert not any(task.done() for task in waiting)
    answers = await asyncio.gather(*waiting)
    assert {answer.status for answer in answers} == {200}


async def test_who_waits_in_too_great_numbers_is_refused_with_a_time_to_come_back(api: World) -> None:
    waiting = flood(api, 401)
    refused = [answer for answer in await asyncio.gather(*waiting) if answer.status == 429]
    assert refused and len(refused) == 401 - 300
    assert ("Retry-After", "1") in refused[0].headers
    assert b'"reason":"TooManyRequests"' in refused[0].body
    metrics = await api.ask("GET", "/metrics")
    line = (
        'rejected_requests_total{flow_schema="global-default",priority_level="global-default",reason="queue-full"} 101'
    )
    assert line.encode() in metrics.raw


async def test_masters_never_wait(api: World) -> None:
    for _ in range(3000):
        assert isinstance(asked(api, ADMIN), Response)


async def test_requests_are_classified_by_the_schemas_that_there_are(api: World) -> None:
    spec = {"type": "Limited", "limited": {"nominalConcurrencyShares": 2, "limitResponse": {"type": "Reject"}}}
    level = await api.ask("POST", f"{FLOW}/prioritylevelconfigurations", {"metadata": {"name": "own"}, "spec": spec})
    before = await api.ask("GET", MAPS, peer=NOISY)
    default = await api.ask("GET", f"{FLOW}/flowschemas/global-default")
    assert before.headers["x-kubernetes-pf-flowschema-uid"] == default.body["metadata"]["uid"]
    rule = {
        "subjects": [{"kind": "User", "user": {"name": "noisy"}}],
        "resourceRules": [
            {"verbs": ["list"], "apiGroups": [""], "resources": ["configmaps"], "namespaces": ["default"]},
        ],
    }  # fmt: skip
    schema = await api.ask("POST", f"{FLOW}/flowschemas", {
        "metadata": {"name": "own"},
        "spec": {"matchingPrecedence": 50, "priorityLevelConfiguration": {"name": "own"}, "rules": [rule]},
    })  # fmt: skip
    assert (level.status, schema.status) == (201, 201)
    found = await api.ask("GET", MAPS, peer=NOISY)
    assert found.headers["x-kubernetes-pf-flowschema-uid"] == schema.body["metadata"]["uid"]
    assert found.headers["x-kubernetes-pf-prioritylevel-uid"] == level.body["metadata"]["uid"]
    for target, peer in ((f"{MAPS}/x", NOISY), (MAPS, QUIET), ("/api/v1/configmaps", NOISY), ("/version", NOISY)):
        other = await api.ask("GET", target, peer=peer)
        assert other.headers["x-kubernetes-pf-flowschema-uid"] == default.body["metadata"]["uid"]
    exempt = await api.ask("GET", f"{FLOW}/flowschemas/exempt")
    assert exempt.headers["x-kubernetes-pf-flowschema-uid"] == exempt.body["metadata"]["uid"]


async def test_a_level_without_queues_refuses_when_its_seats_are_taken(api: World) -> None:
    spec = {"type": "Limited", "limited": {"nominalConcurrencyShares": 1, "limitResponse": {"type": "Reject"}}}
    await api.ask("POST", f"{FLOW}/prioritylevelconfigurations", {"metadata": {"name": "own"}, "spec": spec})
    rule = {
        "subjects": [{"kind": "User", "user": {"name": "noisy"}}],
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["*"]}],
    }  # fmt: skip
    await api.ask("POST", f"{FLOW}/flowschemas", {
        "metadata": {"name": "own"},
        "spec": {"matchingPrecedence": 50, "priorityLevelConfiguration": {"name": "own"}, "rules": [rule]},
    })  # fmt: skip
    metrics = (await api.ask("GET", "/metrics")).raw.decode()
    (seats,) = (
        line.split()[-1] for line in metrics.splitlines() if 'nominal_limit_seats{priority_level="own"}' in line
    )
    body = {"metadata": {"generateName": "m-"}}
    writes = [api.ask("POST", MAPS, body, peer=NOISY) for _ in range(int(seats) + 3)]
    statuses = [told.status for told in await asyncio.gather(*writes)]
    assert (statuses.count(201), statuses.count(429)) == (int(seats), 3)
    assert (await api.ask("POST", MAPS, body, peer=NOISY)).status == 201
