"""After any history of writes, good and bad, exactly what the living Services hold is claimed, and by them alone."""

import asyncio
import random
from collections import Counter
from typing import Any

import orjson
import pytest

from component.api_world import World, world
from fairway.apiserver.allocate import held
from fairway.apiserver.settings import Settings

SERVICES = "/api/v1/namespaces/default/services"
SMALL = Settings(
    service_cidrs=("10.96.0.0/28", "fd96::/124"), node_port_range=(30000, 30011), advertise_address="10.244.0.1"
)
MERGE = "application/merge-patch+json"
STEPS, TOGETHER = 100, 4
"""So many times, so many writes at once."""


def spec_of(chance: random.Random) -> dict[str, Any]:
    """Any spec: about half of them are refused, for every reason that allocation and validation know."""
    type_ = chance.choice(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"])
    pairs = chance.sample([(80, "TCP"), (80, "UDP"), (81, "TCP"), (82, "SCTP")], chance.randrange(1, 4))
    ports: list[dict[str, Any]] = [
        {"name": f"p{port}{name.lower()}", "port": port, "protocol": name} for port, name in pairs
    ]
    if chance.random() < 0.1:
        ports[0]["port"] = 0
    if type_ in ("NodePort", "LoadBalancer") and chance.random() < 0.3:
        ports[0]["nodePort"] = chance.randrange(29999, 30013)
    spec: dict[str, Any] = {"type": type_, "ports": ports}
    if type_ == "ExternalName":
        return {"type": type_, "externalName": chance.choice(["example.com", "example.com", "a_b"])}
    optional = {
        "clusterIP": chance.choice(["None", "", f"10.96.0.{chance.randrange(16)}", f"fd96::{chance.randrange(1, 9)}"]),
        "ipFamilyPolicy": chance.choice(["SingleStack", "PreferDualStack", "RequireDualStack"]),
        "ipFamilies": chance.choice([["IPv4"], ["IPv6"], ["IPv4", "IPv6"], ["IPv6", "IPv4"]]),
        "externalTrafficPolicy": chance.choice(["Cluster", "Local"]),
        "healthCheckNodePort": chance.randrange(29999, 30013),
        "allocateLoadBalancerNodePorts": chance.random() < 0.5,
        "selector": {"a": "b"},
    }
    return spec | {name: value for name, value in optional.items() if chance.random() < 0.15}


async def step(api: World, chance: random.Random) -> str:
    """One write of one of a few Services; the outcome, for counting."""
    name, spec = f"s{chance.randrange(14)}", spec_of(chance)
    query = "?dryRun=All" if chance.random() < 0.1 else ""
    kind = chance.choice(["create", "create", "create", "create", "replace", "patch", "type", "renew", "delete"])
    if chance.random() < 0.02:
        kind = "collection"
    body = {"metadata": {"name": name}, "spec": spec}
    if kind == "create":
        told = await api.ask("POST", SERVICES + query, body)
    elif kind == "replace":
        told = await api.ask("PUT", f"{SERVICES}/{name}{query}", body)
    elif kind == "delete":
        told = await api.ask("DELETE", f"{SERVICES}/{name}{query}")
    elif kind == "collection":
        told = await api.ask("DELETE", f"{SERVICES}?fieldSelector=spec.type%3D{spec['type']}")
    elif kind == "renew":
        found = await api.ask("GET", f"{SERVICES}/{name}")
        told = await api.ask("PUT", f"{SERVICES}/{name}{query}", found.body) if found.status == 200 else found
    else:
        patch = {"spec": {"type": spec["type"]} if kind == "type" else spec}
        told = await api.ask("PATCH", f"{SERVICES}/{name}{query}", patch, content_type=MERGE)
    return f"{kind} {told.status}"


async def claims_and_holdings(api: World) -> tuple[list[str], list[str]]:
    entries, _ = await api.store.read("/")
    claims = [each.key for each in entries if "/ipaddresses/" in each.key or each.key.startswith("/claims/")]
    services = [orjson.loads(each.value or b"") for each in entries if "/services/" in each.key]
    return sorted(claims), sorted(key for service in services for key in held(service))


@pytest.mark.parametrize("seed", range(4))
async def test_what_is_claimed_is_what_is_held(seed: int) -> None:
    chance, outcomes = random.Random(seed), Counter[str]()
    async with world(SMALL) as api:
        for number in range(STEPS):
            outcomes.update(await asyncio.gather(*(step(api, chance) for _ in range(TOGETHER))))
            if number % 5 == 0 or number == STEPS - 1:
                claims, holdings = await claims_and_holdings(api)
                assert claims == holdings, (number, outcomes)
                assert len(set(holdings)) == len(holdings), "nobody shares"
        assert not any(outcome.endswith(("504", "503")) for outcome in outcomes), outcomes
        assert {"create 201", "create 422", "patch 200", "patch 422", "type 200"} <= set(outcomes), outcomes
        assert any(outcome.endswith(" 500") for outcome in outcomes), "the ranges were full at times"
        for found in (await api.ask("GET", SERVICES)).body["items"]:
            await api.ask("DELETE", f"{SERVICES}/{found['metadata']['name']}")
        claims, _ = await claims_and_holdings(api)
        assert len(claims) <= 2, "the Services that every cluster has come back by themselves"
