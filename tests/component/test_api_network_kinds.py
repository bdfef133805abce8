"""Ingresses, their classes and network policies through the API, as the conformance tests of their API ask."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world

GROUP = "/apis/networking.k8s.io/v1"
INGRESSES = f"{GROUP}/namespaces/default/ingresses"
CLASSES = f"{GROUP}/ingressclasses"
POLICIES = f"{GROUP}/namespaces/default/networkpolicies"
MERGE = "application/merge-patch+json"
BACKEND = {"service": {"name": "default-backend", "port": {"name": "", "number": 8080}}}
BODIES: dict[str, Any] = {
    INGRESSES: {"spec": {"defaultBackend": BACKEND}},
    CLASSES: {"spec": {"controller": "example.com/controller"}},
    POLICIES: {"spec": {"podSelector": {"matchLabels": {"a": "b"}}, "ingress": [{"from": [{"podSelector": {}}]}]}},
}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


def named(target: str, name: str, **meta: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": {"special-label": "generic"}, **meta}, **BODIES[target]}


@pytest.mark.parametrize("target", BODIES)
async def test_every_verb(api: World, target: str) -> None:
    kind = target.rpartition("/")[2]
    discovered = (await api.ask("GET", GROUP)).body["resources"]
    verbs = next(each["verbs"] for each in discovered if each["name"] == kind)
    assert verbs == ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
    for number in (1, 2, 3):
        made = await api.ask("POST", target, named(target, f"n{number}"))
        assert (made.status, made.body["metadata"]["generation"]) == (201, 1)
    one = f"{target}/n1"
    assert (await api.ask("GET", one)).body["metadata"]["name"] == "n1"
    listed = (await api.ask("GET", f"{target}?labelSelector=special-label%3Dgeneric")).body
    assert len(listed["items"]) == 3
    if target != CLASSES:
        assert len((await api.ask("GET", f"{GROUP}/{kind}")).body["items"]) == 3
    watch = await api.watch(f"{target}?watch=1&resourceVersion={listed['metadata']['resourceVersion']}")
    patched = await api.ask("PATCH", one, {"metadata": {"annotations": {"patched": "true"}}}, content_type=MERGE)
    assert patched.body["metadata"]["annotations"] == {"patched": "true"}
    patched.body["metadata"]["annotations"]["updated"] = "true"
    updated = await api.ask("PUT", one, patched.body)
    assert updated.body["metadata"]["annotations"]["updated"] == "true"
    assert updated.body["metadata"]["generation"] == 1
    events = await watch.events(2)
    assert [each["type"] for each in events] == ["MODIFIED", "MODIFIED"]
    watch.close()
    assert (await api.ask("DELETE", one)).status == 200
    assert (await api.ask("GET", one)).status == 404
    assert (await api.ask("DELETE", f"{target}?labelSelector=special-label%3Dgeneric")).status == 200
    assert (await api.ask("GET", target)).body["items"] == []


async def test_the_status_of_an_ingress(api: World) -> None:
    await api.ask("POST", INGRESSES, named(INGRESSES, "one"))
    status = f"{INGRESSES}/one/status"
    assert (await api.ask("GET", status)).body["status"] == {"loadBalancer": {}}
    point = {"loadBalancer": {"ingress": [{"ip": "169.1.1.1"}]}}
    patch = {"metadata": {"annotations": {"patchedstatus": "true"}}, "status": point}
    patched = (await api.ask("PATCH", status, patch, content_type=MERGE)).body
    assert (patched["status"], patched["metadata"]["annotations"]) == (point, {"patchedstatus": "true"})
    patched["status"]["loadBalancer"]["ingress"] = [{"ip": "169.1.1.2"}]
    assert (await api.ask("PUT", status, patched)).body["status"] == patched["status"]
    spec = {"spec": {"ingressClassName": "a"}, "status": {}}
    changed = (await api.ask("PATCH", f"{INGRESSES}/one", spec, content_type=MERGE)).body
    assert changed["metadata"]["generation"] == 2
    assert changed["status"] == patched["status"]


async def test_a_new_ingress_gets_the_default_class(api: World) -> None:
    async def class_of(name: str, **meta: Any) -> Any:
        made = await api.ask("POST", INGRESSES, named(INGRESSES, name, **meta))
        return made.body["spec"].get("ingressClassName")

    default = {"annotations": {"ingressclass.kubernetes.io/is-default-class": "true"}}
    await api.ask("POST", CLASSES, named(CLASSES, "plain"))
    assert await class_of("none") is None
    await api.ask("POST", CLASSES, named(CLASSES, "ours", **default))
    assert await class_of("default") == "ours"
    assert await class_of("old", annotations={"kubernetes.io/ingress.class": "nginx"}) is None
    body = named(INGRESSES, "own")
    body["spec"] = {**body["spec"], "ingressClassName": "plain"}
    assert (await api.ask("POST", INGRESSES, body)).body["spec"]["ingressClassName"] == "plain"
    unchanged = (await api.ask("PUT", f"{INGRESSES}/none", named(INGRESSES, "none"))).body
    assert "ingressClassName" not in unchanged["spec"]


async def test_tables(api: World) -> None:
    as_table = "application/json;as=Table;v=v1;g=meta.k8s.io"
    shown = {}
    for target in BODIES:
        await api.ask("POST", target, named(target, "one"))
        table = (await api.ask("GET", target, accept=as_table)).body
        names = [column["name"] for column in table["columnDefinitions"]]
        shown[target] = dict(zip(names, table["rows"][0]["cells"], strict=True))
        shown[target].pop("Age")
    assert shown == {
        INGRESSES: {"Name": "one", "Class": "<none>", "Hosts": "*", "Address": "", "Ports": "80"},
        CLASSES: {"Name": "one", "Controller": "example.com/controller", "Parameters": "<none>"},
        POLICIES: {"Name": "one", "Pod-Selector": "a=b"},
    }
