"""Several versions of a custom kind, converted by a webhook that really listens."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from component.api_world import World, world
from component.authority import Authority
from component.custom_kinds import CRDS, GROUP, WIDGETS, definition, established, version

V1, V2 = WIDGETS, WIDGETS.replace("/v1/", "/v2/")
MERGE = "application/merge-patch+json"
HOST = {"type": "object", "properties": {"host": {"type": "string"}, "port": {"type": "integer"}}}
PAIR = {"type": "object", "properties": {"address": {"type": "string"}, "extra": {"type": "string", "default": "x"}}}


def converted(found: dict[str, Any], wanted: str) -> dict[str, Any]:
    """``host`` and ``port`` of v1 are ``address`` in v2."""
    spec = dict(found.get("spec") or {})
    if wanted.endswith("/v2"):
        spec = {"address": f"{spec.get('host', '')}:{spec.get('port', 0)}"}
    else:
        host, _, port = spec.get("address", ":0").partition(":")
        spec = {"host": host, "port": int(port)}
    return {**found, "apiVersion": wanted, "spec": spec}


class Webhook:
    """A conversion webhook; ``fails`` makes it refuse, ``asked`` keeps what versions were wanted."""

    def __init__(self, authority: Authority) -> None:
        self.fails = ""
        self.asked: list[tuple[str, int]] = []
        self.bundle = base64.b64encode(authority.ca.read_bytes()).decode()
        pair = authority.issue("webhook")
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(pair.cert, pair.key)

    async def start(self) -> asyncio.Server:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.url = f"https://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/convert"
        return self.server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().splitlines() if line.startswith(b"content-len"))
        request = orjson.loads(await reader.readexactly(length))["request"]
        wanted, objects = request["desiredAPIVersion"], request["objects"]
        self.asked.append((wanted, len(objects)))
        result = {"status": "Failure", "message": self.fails} if self.fails else {"status": "Success"}
        response = {"uid": request["uid"], "result": result}
        if not self.fails:
            response["convertedObjects"] = [converted(one, wanted) for one in objects]
        about = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "ConversionReview"}
        body = orjson.dumps({**about, "response": response})
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def webhook(tmp_path: Path) -> AsyncIterator[Webhook]:
    made = Webhook(Authority(tmp_path))
    async with await made.start():
        yield made


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


def with_webhook(webhook: Webhook, storage: str = "v1") -> dict[str, Any]:
    config = {"clientConfig": {"url": webhook.url, "caBundle": webhook.bundle}, "conversionReviewVersions": ["v1"]}
    return definition(
        version("v1", spec=HOST, storage=storage == "v1"), version("v2", spec=PAIR, storage=storage == "v2"),
        conversion={"strategy": "Webhook", "webhook": config},
    )  # fmt: skip


def body(number: int, name: str = "w", **spec: Any) -> dict[str, Any]:
    return {"apiVersion": f"{GROUP}/v{number}", "kind": "Widget", "metadata": {"name": name}, "spec": spec}


async def test_each_version_shows_what_was_written_in_the_other(api: World, webhook: Webhook) -> None:
    await established(api, with_webhook(webhook))
    made = await api.ask("POST", V2, body(2, address="a.b:80"))
    assert (made.status, made.body["apiVersion"]) == (201, f"{GROUP}/v2")
    assert made.body["spec"] == {"address": "a.b:80", "extra": "x"}
    assert (await api.ask("GET", f"{V1}/w")).body["spec"] == {"host": "a.b", "port": 80}
    told = await api.ask("PATCH", f"{V1}/w", {"spec": {"port": 81}}, content_type=MERGE)
    assert told.body["spec"] == {"host": "a.b", "port": 81}
    found = (await api.ask("GET", f"{V2}/w")).body
    assert (found["spec"]["address"], found["metadata"]["uid"]) == ("a.b:81", made.body["metadata"]["uid"])
    assert found["metadata"]["resourceVersion"] == told.body["metadata"]["resourceVersion"]


async def test_watches_and_lists_speak_the_version_that_is_asked_for(api: World, webhook: Webhook) -> None:
    await established(api, with_webhook(webhook))
    await api.ask("POST", V1, body(1, "one", host="h", port=1))
    watch = await api.watch(f"{V2}?watch=true")
    await api.ask("POST", V1, body(1, "two", host="h", port=2))
    await api.ask("DELETE", f"{V1}/one")
    events = await watch.events(3)
    assert [one["type"] for one in events] == ["ADDED", "ADDED", "DELETED"]
    assert [one["object"]["spec"]["address"] for one in events] == ["h:1", "h:2", "h:1"]
    listed = (await api.ask("GET", V2)).body
    assert [(one["apiVersion"], one["spec"]["address"]) for one in listed["items"]] == [(f"{GROUP}/v2", "h:2")]


async def test_a_webhook_that_fails_is_told_and_nothing_is_lost(api: World, webhook: Webhook) -> None:
    await established(api, with_webhook(webhook))
    webhook.fails = "not today"
    refused = await api.ask("POST", V2, body(2, address="h:1"))
    assert refused.status == 500
    assert refused.message == f"conversion webhook for {GROUP}/v2, Kind=Widget failed: not today"
    assert (await api.ask("POST", f"{V2}?dryRun=All", body(2, address="h:1"))).status == 500
    assert (await api.ask("POST", V1, body(1, host="h", port=1))).status == 201
    refused = await api.ask("GET", f"{V2}/w")
    assert (refused.status, refused.message) == (
        500,
        f"conversion webhook for {GROUP}/v1, Kind=Widget failed: not today",
    )
    webhook.fails = ""
    assert (await api.ask("GET", f"{V2}/w")).body["spec"]["address"] == "h:1"


async def test_objects_in_an_older_storage_version_are_converted_when_they_are_read(webhook: Webhook) -> None:
    async with world() as first:
        await established(first, with_webhook(webhook))
        await first.ask("POST", V1, body(1, host="h", port=1))
        name = f"{CRDS}/widgets.{GROUP}"
        versions = with_webhook(webhook, "v2")["spec"]["versions"]
        told = await first.ask("PATCH", name, {"spec": {"versions": versions}}, content_type=MERGE)
        assert told.body["status"]["storedVersions"] == ["v1", "v2"]
    webhook.asked.clear()
    async with world(store=first.store) as second:
        assert (await second.ask("GET", f"{V2}/w")).body["spec"]["address"] == "h:1"
        assert (await second.ask("GET", f"{V1}/w")).body["spec"] == {"host": "h", "port": 1}
    assert (f"{GROUP}/v2", 1) in webhook.asked


async def test_a_server_that_is_away_is_named(api: World, webhook: Webhook) -> None:
    await established(api, with_webhook(webhook))
    webhook.server.close()
    await webhook.server.wait_closed()
    refused = await api.ask("POST", V2, body(2, address="h:1"))
    assert refused.message.startswith(f'conversion webhook for {GROUP}/v2, Kind=Widget failed: Post "{webhook.url}')
    assert refused.message.endswith("connect: connection refused")
