"""The subresources `why` and `sockets`, and the warnings of a write, as any client sees them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import NODE, World, world

DEFAULT = "/api/v1/namespaces/default"
SERVICES, PODS = f"{DEFAULT}/services", f"{DEFAULT}/pods"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
POD_SPEC = {"containers": [{"name": "c", "image": "i", "ports": [{"name": "http", "containerPort": 8080}]}]}
MERGE = "application/merge-patch+json"


def service(target: Any = "http", **selector: str) -> Any:
    ports = [{"port": 80, "targetPort": target}]
    return {"metadata": {"name": "kubia"}, "spec": {"ports": ports, "selector": selector or {"app": "kubia"}}}


def pod(name: str = "kubia-1", app: str = "kubia") -> Any:
    return {"metadata": {"name": name, "labels": {"app": app}}, "spec": POD_SPEC}


def deployment(labels: Any, **metadata: Any) -> Any:
    template = {"metadata": {"labels": labels}, "spec": POD_SPEC}
    selector = {"matchLabels": {"run": labels["run"]}}
    return {"metadata": {"name": "shop", **metadata}, "spec": {"selector": selector, "template": template}}


async def warned(api: World, method: str, target: str, body: Any, **headers: str) -> list[str]:
    told = await api.ask(method, target, body, **headers)
    assert told.status < 300, told.message
    return [text.removeprefix('299 - "').removesuffix('"') for text in told.warnings]


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def test_any_client_can_ask_and_gets_a_typed_object(api: World) -> None:
    await api.ask("POST", PODS, pod())
    await api.ask("POST", SERVICES, service(app="kubbia"))
    told = await api.ask("GET", f"{SERVICES}/kubia/why")
    assert (told.status, told.body["kind"], told.body["apiVersion"]) == (200, "Explanation", "fairway.dev/v1alpha1")
    assert told.body["metadata"] == {"name": "kubia", "namespace": "default"}
    assert told.body["status"]["verdict"] == "Fails"
    (cause,) = told.body["status"]["causes"]
    assert (cause["reason"], cause["message"]) == (
        "SelectorMisses",
        "1 pod has app=kubia; the selector says app=kubbia",
    )
    assert cause["commands"] == ["kubectl set selector svc kubia app=kubia -n default"]


async def test_what_is_asked_and_by_whom_stands_in_the_query(api: World) -> None:
    await api.ask("POST", SERVICES, service())
    outside = await api.ask("GET", f"{SERVICES}/kubia/why?from=outside")
    assert outside.body["spec"] == {"kind": "Service", "from": "outside"}
    assert "NotExposed" in [cause["reason"] for cause in outside.body["status"]["causes"]]
    port = await api.ask("GET", f"{SERVICES}/kubia/why?port=8080")
    assert "PortNotInService" in [cause["reason"] for cause in port.body["status"]["causes"]]
    wrong = await api.ask("GET", f"{SERVICES}/kubia/why?from=nowhere")
    assert (wrong.status, wrong.message[:35]) == (400, 'from: "nowhere" is no place to call')


async def test_pods_and_workloads_can_be_asked_about_too(api: World) -> None:
    await api.ask("POST", SERVICES, service())
    await api.ask("POST", PODS, pod())
    found = await api.ask("GET", f"{PODS}/kubia-1/why")
    assert "it is not scheduled" in found.body["status"]["summary"]
    await api.ask("POST", DEPLOYMENTS, deployment({"run": "shop"}))
    found = await api.ask("GET", f"{DEPLOYMENTS}/shop/why")
    assert found.body["status"]["causes"][0]["reason"] == "NotSelected"


async def test_a_namespace_answers_for_addresses(api: World) -> None:
    await api.ask("POST", SERVICES, service())
    told = await api.ask("GET", "/api/v1/namespaces/default/why?address=http%3A%2F%2Fkubai")
    assert (told.status, told.body["spec"]) == (200, {"kind": "URL"})
    assert told.body["status"]["summary"] == (
        "http://kubai does not work: there is no Service kubai in namespace default; did you mean kubia?"
    )
    none = await api.ask("GET", "/api/v1/namespaces/default/why")
    assert (none.status, none.message) == (400, 'address: "" is no address: use http://HOST:PORT/PATH or HOST:PORT')
    assert (await api.ask("GET", "/api/v1/namespaces/none/why?address=x")).status == 404


async def test_refusals(api: World) -> None:
    await api.ask("POST", SERVICES, service())
    assert (await api.ask("GET", f"{SERVICES}/none/why")).message == 'services "none" not found'
    assert (await api.ask("POST", f"{SERVICES}/kubia/why", {})).status == 405
    denied = await api.ask("GET", f"{SERVICES}/kubia/why", peer=NODE)
    assert (denied.status, 'cannot get resource "services/why"' in denied.message) == (403, True)
    await api.ask("POST", PODS, pod())
    assert (await api.ask("GET", f"{PODS}/kubia-1/sockets")).message == "pod kubia-1 does not have a host assigned"


async def test_discovery_and_openapi_know_them(api: World) -> None:
    listed = {each["name"]: each for each in (await api.ask("GET", "/api/v1")).body["resources"]}
    assert listed["services/why"] == {
        "name": "services/why", "singularName": "", "namespaced": True, "group": "fairway.dev", "version": "v1alpha1",
        "kind": "Explanation", "verbs": ["get"],
    }  # fmt: skip
    assert {"pods/why", "pods/sockets"} <= set(listed)
    described = (await api.ask("GET", "/openapi/v3/api/v1")).body
    operation = described["paths"]["/api/v1/namespaces/{namespace}/services/{name}/why"]["get"]
    assert {"from", "port", "protocol"} <= {each["name"] for each in operation["parameters"]}
    schema = described["components"]["schemas"]["dev.fairway.v1alpha1.Explanation"]
    assert set(schema["properties"]["status"]["properties"]) == {
        "verdict", "summary", "causes", "pods", "paths", "unseen",
    }  # fmt: skip


async def test_a_service_that_misses_by_a_slip_is_told_at_every_way_of_writing(api: World) -> None:
    await api.ask("POST", PODS, pod())
    text = "spec.selector: 1 pod has app=kubia; the selector says app=kubbia; did you mean `app: kubia`?"
    assert (await warned(api, "POST", SERVICES, service(app="kubbia"))) == [text]
    right = {"spec": {"selector": {"app": "kubia"}}}
    assert (await warned(api, "PATCH", f"{SERVICES}/kubia", right, content_type=MERGE)) == []
    wrong = {"spec": {"selector": {"app": "Kubia"}}}
    (told,) = await warned(api, "PATCH", f"{SERVICES}/kubia", wrong, content_type=MERGE)
    assert told.endswith("did you mean `app: kubia`?")
    label = {"metadata": {"labels": {"a": "b"}}}
    assert (await warned(api, "PATCH", f"{SERVICES}/kubia", label, content_type=MERGE)) == []


async def test_pods_that_come_after_their_service_are_told_too(api: World) -> None:
    assert (await warned(api, "POST", SERVICES, service(80))) == []
    (told,) = await warned(api, "POST", PODS, pod())
    assert told.startswith("svc/kubia: spec.ports[0].targetPort: port 80 goes to 80")


async def test_a_deployment_that_takes_the_last_pods_away(api: World) -> None:
    await api.ask("POST", DEPLOYMENTS, deployment({"run": "shop", "app": "kubia"}))
    assert (await warned(api, "POST", SERVICES, service())) == []
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "shop-1", "uid": "u", "controller": True}
    own = pod("shop-1-x")
    own["metadata"]["ownerReferences"] = [owner]
    assert await warned(api, "POST", PODS, own) == []
    gone = {"spec": {"template": {"metadata": {"labels": {"app": None}}}}}
    assert (await warned(api, "PATCH", f"{DEPLOYMENTS}/shop", gone, content_type=MERGE)) == [
        "svc/kubia will select no pod any longer: it wants app=kubia"
    ]
