"""Markers are planted in Secrets, and nothing but an answer to who may read them ever shows one.

Looked through: the log at every level, audit at Metadata and at RequestResponse, Events, metrics, every error that a
write of a Secret gets, everything that a user without the right is told, tables, and what describes a Secret.
"""

import json
import logging
import secrets
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from component.api_world import ADMIN, NOBODY, Told, World
from component.memory_store import MemoryStore
from component.served_api import KUBECTLS, served_api
from fairway.apiserver.audit.policy import EVERYTHING, read
from fairway.apiserver.protobuf import encode
from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import Settings
from fairway.transport.interface import Peer, Response

SECRETS = "/api/v1/namespaces/default/secrets"
EVE = Peer("127.0.0.1", "eve", ("system:authenticated",))
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
JSON, MERGE = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC, APPLY = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
FULL = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy",
    "rules": [{"level": "RequestResponse", "resources": [{"group": ""}]}, {"level": "RequestResponse"}],
}  # fmt: skip


class Marker:
    """A text that stands nowhere by chance, and the forms in which it may show."""

    def __init__(self) -> None:
        self.text = f"marker-{secrets.token_hex(9)}"
        self.base64 = b64encode(self.text.encode()).decode()
        # As part of something longer, a text has three forms in base64; the first and the last letters vary.
        self.forms = [self.text, *(b64encode(b"x" * lead + self.text.encode()).decode()[4:-4] for lead in range(3))]

    def is_in(self, text: str) -> bool:
        return any(form in text for form in self.forms)


class Watched:
    """An API server with its audit log, and everything it said that nobody should learn a secret from."""

    def __init__(self, api: World, audit: list[bytes], marker: Marker) -> None:
        self.api, self.audit, self.marker = api, audit, marker
        self.told: list[str] = []

    async def ask(self, method: str, target: str, body: Any = None, *, peer: Peer = ADMIN, **headers: str) -> Told:
        """Every answer that is an error is kept, and every answer to those who may not read."""
        told = await self.api.ask(method, target, body, peer=peer, **headers)
        if told.status >= 400 or peer is not ADMIN:
            self.told.append(f"{method} {target} by {peer.common_name}: {told.raw!r} {told.warnings}")
        return told

    def leaks(self) -> list[str]:
        return [text[:700] for text in self.told if self.marker.is_in(text)]


@pytest.fixture(params=["Metadata", "RequestResponse"])
async def scene(request: pytest.FixtureRequest) -> AsyncIterator[Watched]:
    lines: list[bytes] = []
    policy = EVERYTHING if request.param == "Metadata" else read(FULL)
    store = MemoryStore()
    server = ApiServer(store, Settings(advertise_address="10.244.0.1"), (policy, lines.append))
    await server.start()
    try:
        yield Watched(World(server, store), lines, Marker())
    finally:
        await server.stop()


def refused(marker: Marker) -> list[Any]:
    """Secrets that cannot be."""
    text, coded = marker.text, marker.base64
    of: dict[str, Any] = {"metadata": {"name": "bad"}}
    return [
        {**of, "data": {"k": f"%{text}%"}}, {**of, "data": {"bad key!": coded}}, {**of, "data": {"k": [coded]}},
        {**of, "data": {"k": {text: coded}}}, {**of, "data": coded}, {**of, "data": {"k": coded + "="}},
        {**of, "stringData": {"k": [text]}}, {**of, "stringData": text}, {**of, "stringData": {"k": 5, "l": text}},
        {**of, "type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": text}},
        {**of, "type": "kubernetes.io/dockercfg", "stringData": {".dockercfg": f'{{"a": "{text}"'}},
        {**of, "type": "kubernetes.io/tls", "stringData": {"tls.crt": text}},
        {**of, "type": "kubernetes.io/ssh-auth", "stringData": {"k": text}},
        {**of, "type": "kubernetes.io/basic-auth", "stringData": {"k": text}},
        {**of, "type": "kubernetes.io/service-account-token", "stringData": {"k": text}},
        {"metadata": {"name": "Not a name"}, "stringData": {"k": text}},
        {"metadata": {"name": "known"}, "stringData": {"k": text}},
        {**of, "stringData": {"k": text * 60_000}}, {**of, "immutable": text, "stringData": {"k": text}},
    ]  # fmt: skip


async def write(scene: Watched) -> None:
    """Every kind of write, most of them refused."""
    marker = scene.marker
    good: dict[str, Any] = {"metadata": {"name": "known"}, "stringData": {"k": marker.text}}
    assert (await scene.ask("POST", SECRETS, good)).status == 201
    for body in refused(marker):
        for query in ("", "?fieldValidation=Strict", "?dryRun=All"):
            told = await scene.ask("POST", SECRETS + query, body)
            assert told.status >= 400, body
        text = yaml.safe_dump({"apiVersion": "v1", "kind": "Secret", **body}).encode()
        await scene.ask("POST", SECRETS, text, content_type="application/yaml")
        await scene.ask("PUT", f"{SECRETS}/known", body)
        await scene.ask("PATCH", f"{SECRETS}/known?dryRun=All", body, content_type=MERGE)
        await scene.ask("PATCH", f"{SECRETS}/bad?fieldManager=m", text, content_type=APPLY)
    for broken in (f'{{"data": {{"k": "{marker.text}"', f"data: [{marker.text}", f"\0{marker.text}"):
        for media in ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf"):
            await scene.ask("POST", SECRETS, broken.encode(), content_type=media)
    whole = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pb"}, "data": {"k": marker.base64}}
    cut = (encode(whole) or b"")[:-9]
    await scene.ask("POST", SECRETS, cut, content_type="application/vnd.kubernetes.protobuf")
    operations = [{"op": "test", "path": "/data/k", "value": marker.text}]
    await scene.ask("PATCH", f"{SECRETS}/known", operations, content_type=JSON)
    sealed = {"metadata": {"name": "sealed"}, "immutable": True, "stringData": {"k": marker.text}}
    assert (await scene.ask("POST", SECRETS, sealed)).status == 201
    for change in ({"stringData": {"k": marker.text + "!"}}, {"immutable": False}, {"type": "other"}):
        assert (await scene.ask("PATCH", f"{SECRETS}/sealed", change, content_type=MERGE)).status == 422
    assert (await scene.ask("PATCH", f"{SECRETS}/sealed", {"data": None}, content_type=STRATEGIC)).status == 422


async def look(scene: Watched) -> None:
    """What those are told who may not read Secrets, in every way to ask."""
    named = f"{SECRETS}/known"
    for peer in (EVE, NOBODY):
        for target in (named, SECRETS, "/api/v1/secrets", f"{SECRETS}?watch=true", f"{named}?watch=true",
                       "/api/v1/watch/secrets", f"{SECRETS}?fieldSelector=type%3DOpaque"):  # fmt: skip
            for accept in ("application/json", TABLE, PARTIAL, "application/yaml"):
                found = await scene.api.answer("GET", target, peer=peer, accept=accept)
                assert isinstance(found, Response) and found.status in (401, 403), (peer, target)
                scene.told.append(repr(found))
        body = {"metadata": {"name": "known"}, "stringData": {"k": "x"}}
        assert (await scene.ask("POST", SECRETS, body, peer=peer)).status in (401, 403)
        assert (await scene.ask("PUT", named, body, peer=peer)).status in (401, 403)
        assert (await scene.ask("DELETE", named, peer=peer)).status in (401, 403)
        for media, patch in ((MERGE, {}), (JSON, []), (STRATEGIC, {}), (APPLY, b"{}")):
            told = await scene.ask("PATCH", f"{named}?dryRun=All", patch, peer=peer, content_type=media)
            assert told.status in (401, 403)
        for target in ("/metrics", "/api/v1/events", "/openapi/v2", "/readyz?verbose", "/apis", "/debug/pprof/"):
            await scene.ask("GET", target, peer=peer)


async def test_no_log_audit_event_metric_or_error_shows_a_secret(
    scene: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await write(scene)
    await look(scene)
    for target in (
        "/metrics",
        "/api/v1/events",
        "/readyz?verbose",
        "/apis/events.k8s.io/v1/events",
        "/flagz",
        "/statusz",
    ):
        told = await scene.api.ask("GET", target)
        scene.told.append(f"{target}: {told.raw!r}")
    for target in (SECRETS, f"{SECRETS}/known"):
        for accept in (TABLE, PARTIAL, PARTIAL.replace("Metadata;", "MetadataList;")):
            scene.told.append(repr((await scene.api.ask("GET", target, accept=accept)).raw))
    assert scene.leaks() == []
    assert scene.audit and not scene.marker.is_in(b"".join(scene.audit).decode())
    assert not scene.marker.is_in("\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records))
    # The markers are there: who may read finds them.
    assert scene.marker.base64 in (await scene.api.ask("GET", f"{SECRETS}/known")).raw.decode()


@pytest.mark.skipif(not KUBECTLS, reason="no kubectl on this machine")
async def test_what_shows_and_dumps_a_cluster_leaves_secrets_out(tmp_path: Path) -> None:
    marker = Marker()
    async with served_api(tmp_path) as api:
        manifest = {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "known"}, "stringData": {"k": marker.text}
        }  # fmt: skip
        await api.kubectl("create", "-f", "-", text=json.dumps(manifest))
        shown = [
            await api.kubectl("get", "secrets"),
            await api.kubectl("get", "secrets", "-o", "wide"),
            await api.kubectl("describe", "secret", "known"),
            await api.kubectl("cluster-info", "dump"),
            await api.kubectl("get", "all,events", "-A", "-o", "yaml"),
        ]
        assert not any(map(marker.is_in, shown))
        assert marker.is_in(await api.kubectl("get", "secret", "known", "-o", "yaml"))
