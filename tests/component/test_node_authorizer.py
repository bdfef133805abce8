"""What nodes may read: what the pods that are bound to them name, one by one, and nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import Told, World, world
from fairway.transport.interface import Peer, Stream

CORE = "/api/v1/namespaces/default"
MINE = Peer("127.0.0.1", "system:node:n1", ("system:nodes",))
OTHER = Peer("127.0.0.1", "system:node:n2", ("system:nodes",))
INGRESS = Peer("127.0.0.1", "system:node:n1", ("system:nodes", "fairway:ingress"))
SECRETS = ["in-env", "in-env-from", "in-volume", "in-projection", "pull", "in-init", "csi", "azure"]
MAPS = ["map-env", "map-env-from", "map-volume", "map-projection"]
SPEC: dict[str, Any] = {
    "containers": [{
        "name": "c", "image": "i",
        "env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "in-env", "key": "k"}}},
            {"name": "B", "valueFrom": {"configMapKeyRef": {"name": "map-env", "key": "k"}}},
        ],
        "envFrom": [{"secretRef": {"name": "in-env-from"}}, {"configMapRef": {"name": "map-env-from"}}],
    }],
    "initContainers": [{"name": "i", "image": "i", "envFrom": [{"secretRef": {"name": "in-init"}}]}],
    "imagePullSecrets": [{"name": "pull"}],
    "nodeSelector": {"secret": "unnamed"},
    "volumes": [
        {"name": "a", "secret": {"secretName": "in-volume"}},
        {"name": "b", "configMap": {"name": "map-volume"}},
        {"name": "c", "projected": {"sources": [
            {"secret": {"name": "in-projection"}}, {"configMap": {"name": "map-projection"}}]}},
        {"name": "d", "persistentVolumeClaim": {"claimName": "claim"}},
        {"name": "e", "csi": {"driver": "d.example.com", "nodePublishSecretRef": {"name": "csi"}}},
        {"name": "f", "azureFile": {"shareName": "s", "secretName": "azure"}},
        {"name": "g", "ephemeral": {"volumeClaimTemplate": {"metadata": {"annotations": {"secretName": "unnamed"}},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}}},
    ],
}  # fmt: skip


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        for name in (*SECRETS, "unnamed"):
            await made.ask("POST", f"{CORE}/secrets", {"metadata": {"name": name}})
        for name in (*MAPS, "unnamed"):
            await made.ask("POST", f"{CORE}/configmaps", {"metadata": {"name": name}})
        claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        for name in ("claim", "web-g", "unnamed"):
            await made.ask("POST", f"{CORE}/persistentvolumeclaims", {"metadata": {"name": name}, "spec": claim})
        told = await made.ask("POST", f"{CORE}/pods", {"metadata": {"name": "web"}, "spec": SPEC})
        assert told.status == 201, told.body
        yield made


async def bound(api: World) -> None:
    binding = {"metadata": {"name": "web"}, "target": {"kind": "Node", "name": "n1"}}
    told = await api.ask("POST", f"{CORE}/pods/web/binding", binding)
    assert told.status == 201


async def read(api: World, peer: Peer, target: str) -> Told:
    return await api.ask("GET", target, peer=peer)


NAMED = [
    *(f"{CORE}/secrets/{name}" for name in SECRETS), *(f"{CORE}/configmaps/{name}" for name in MAPS),
    f"{CORE}/persistentvolumeclaims/claim", f"{CORE}/persistentvolumeclaims/web-g",
]  # fmt: skip
UNNAMED = [
    f"{CORE}/secrets/unnamed", f"{CORE}/configmaps/unnamed", f"{CORE}/persistentvolumeclaims/unnamed",
    f"{CORE}/secrets/missing", f"{CORE}/secrets", "/api/v1/secrets",
    f"{CORE}/configmaps", "/api/v1/configmaps", "/api/v1/persistentvolumeclaims",
    f"{CORE}/secrets?watch=true", "/api/v1/secrets?fieldSelector=metadata.name%3Din-env",
]  # fmt: skip


async def test_a_node_reads_what_its_pods_name_once_they_are_bound(api: World) -> None:
    assert {(await read(api, MINE, target)).status for target in NAMED} == {403}
    await bound(api)
    assert {target: (await read(api, MINE, target)).status for target in NAMED} == dict.fromkeys(NAMED, 200)
    assert {(await read(api, OTHER, target)).status for target in NAMED} == {403}
    await api.ask("DELETE", f"{CORE}/pods/web?gracePeriodSeconds=0")
    assert {(await read(api, MINE, target)).status for target in NAMED} == {403}


async def test_what_no_pod_names_is_forbidden_and_not_even_missing(api: World) -> None:
    await bound(api)
    assert {target: (await read(api, MINE, target)).status for target in UNNAMED} == dict.fromkeys(UNNAMED, 403)


async def test_one_object_can_be_listed_and_watched_by_its_name(api: World) -> None:
    await bound(api)
    one = f"{CORE}/secrets?fieldSelector=metadata.name%3Din-env"
    listed = await read(api, MINE, one)
    assert [item["metadata"]["name"] for item in listed.body["items"]] == ["in-env"]
    found = await api.answer("GET", f"{one}&watch=true", peer=MINE)
    assert isinstance(found, Stream)
    found.closed()
    for verb in ("PUT", "DELETE", "PATCH"):
        body = {"metadata": {"name": "in-env"}}
        told = await api.ask(verb, f"{CORE}/secrets/in-env", body, peer=MINE, content_type="application/json")
        assert told.status in (403, 415)


async def test_the_node_with_the_ingress_controller_reads_secrets_and_no_more(api: World) -> None:
    for target in ("/api/v1/secrets", f"{CORE}/secrets/unnamed"):
        assert (await read(api, INGRESS, target)).status == 200
    for target in ("/api/v1/configmaps", f"{CORE}/configmaps/unnamed"):
        assert (await read(api, INGRESS, target)).status == 403
    assert (await api.ask("DELETE", f"{CORE}/secrets/unnamed", peer=INGRESS)).status == 403


async def test_a_node_asks_who_asks_it_and_what_he_may(api: World) -> None:
    token = {"spec": {"token": "x"}}
    assert (await api.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", token, peer=MINE)).status == 201
    access = {"spec": {"user": "anna", "resourceAttributes": {"verb": "get", "resource": "nodes", "name": "n1"}}}
    told = await api.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", access, peer=MINE)
    assert (told.status, told.body["status"]["allowed"]) == (201, False)
