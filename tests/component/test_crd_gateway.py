"""Kinds as large as Gateway API's: they install, default, and refuse what their rules refuse."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world
from component.custom_kinds import established
from component.gateway_kinds import GATEWAYS, GROUP, ROUTES

AT = f"/apis/{GROUP}/v1/namespaces/default"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        await established(made, GATEWAYS)
        await established(made, ROUTES)
        yield made


def gateway(*listeners: dict[str, Any], **more: Any) -> dict[str, Any]:
    spec = {"gatewayClassName": "c", "listeners": list(listeners), **more}
    return {"apiVersion": f"{GROUP}/v1", "kind": "Gateway", "metadata": {"name": "g"}, "spec": spec}


def route(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/v1", "kind": "HTTPRoute", "metadata": {"name": "r"}, "spec": spec}


HTTP = {"name": "http", "port": 80, "protocol": "HTTP"}


async def test_defaults_reach_deep(api: World) -> None:
    made = (await api.ask("POST", f"{AT}/gateways", gateway(HTTP))).body
    assert made["spec"]["listeners"] == [{**HTTP, "allowedRoutes": {"namespaces": {"from": "Same"}}}]
    made = (await api.ask("POST", f"{AT}/httproutes", route(parentRefs=[{"name": "g"}]))).body
    assert made["spec"]["rules"] == [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}]}]
    assert made["spec"]["parentRefs"] == [{"group": GROUP, "kind": "Gateway", "name": "g"}]
    made = (await api.ask("GET", f"{AT.replace('/v1/', '/v1beta1/')}/gateways/g")).body
    assert made["apiVersion"] == f"{GROUP}/v1beta1"


WHOLE = "Invalid value"
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("gateways", gateway({**HTTP, "tls": {"mode": "Passthrough"}}),
     f"spec.listeners: {WHOLE}: tls must not be specified for protocols ['HTTP', 'TCP', 'UDP']"),
    ("gateways", gateway(HTTP, {**HTTP, "name": "other"}),
     f"spec.listeners: {WHOLE}: Combination of port, protocol and hostname must be unique for each listener"),
    ("gateways", gateway({**HTTP, "port": 70000}),
     "spec.listeners[0].port: Invalid value: 70000: spec.listeners[0].port in body should be less than or equal to "
     "65535"),
    ("gateways", gateway(),
     "spec.listeners: Invalid value: 0: spec.listeners in body should have at least 1 items"),
    ("gateways", gateway(HTTP, addresses=[{"value": "x"}]),
     '"spec.addresses[0]" must validate one and only one schema (oneOf). Found none valid'),
    ("httproutes", route(rules=[{"backendRefs": [{"name": "s"}]}]),
     f"spec.rules[0].backendRefs[0]: {WHOLE}: Must have port for Service reference"),
    ("httproutes", route(rules=[{"matches": [{"path": {"value": "a"}}]}]),
     f"spec.rules[0].matches[0].path: {WHOLE}: value must be an absolute path and start with '/' when type one of "
     "['Exact', 'PathPrefix']"),
    ("httproutes", route(rules=[{"matches": [{"path": {"value": "/a b"}}]}]),
     f"spec.rules[0].matches[0].path: {WHOLE}: must only contain valid characters"),
    ("httproutes", route(rules=[{"timeouts": {"request": "1s", "backendRequest": "2s"}}]),
     f"spec.rules[0].timeouts: {WHOLE}: backendRequest timeout cannot be longer than request timeout"),
    ("httproutes", route(rules=[{"filters": [{"type": "RequestRedirect"}]}]),
     f"spec.rules[0].filters[0]: {WHOLE}: filter.requestRedirect must be specified for RequestRedirect filter.type"),
    ("httproutes", route(parentRefs=[{"name": "g"}, {"name": "g"}]),
     f"spec.parentRefs: {WHOLE}: sectionName must be unique when parentRefs includes 2 or more references to the same "
     "parent"),
]  # fmt: skip


async def test_rules_refuse(api: World) -> None:
    for plural, body, text in REFUSED:
        told = await api.ask("POST", f"{AT}/{plural}", body)
        assert told.status == 422, (text, told.body)
        assert text in told.message


async def test_what_is_right_is_taken(api: World) -> None:
    tls = {"certificateRefs": [{"name": "s"}]}
    https = {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": "*.a.b", "tls": tls}
    told = await api.ask("POST", f"{AT}/gateways", gateway(HTTP, https, addresses=[{"value": "::1"}]))
    assert told.status == 201, told.body
    rules = [{
        "backendRefs": [{"name": "s", "port": 80}, {"name": "t", "port": 81, "weight": 9}],
        "filters": [{"type": "RequestHeaderModifier", "requestHeaderModifier": {"set": [{"name": "a", "value": "b"}]}}],
        "matches": [{"headers": [{"name": "x", "value": "y"}], "method": "GET"}],
        "timeouts": {"request": "10s", "backendRequest": "2s"},
    }]  # fmt: skip
    told = await api.ask("POST", f"{AT}/httproutes", route(hostnames=["a.b"], rules=rules))
    assert told.status == 201, told.body
