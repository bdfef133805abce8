"""An API server with an extension server beside it, which trusts its front proxy, and what registers that one."""

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from component.authority import Authority
from component.served_api import ServedApi, served_api
from fairway.apiserver.settings import NodeTunnel
from fairway.objects import Object
from fairway.reconcile.controller import Controller
from fairway.transport import tls
from fairway.transport.interface import Request
from fairway.transport.limits import Limits
from fairway.transport.server import serve

NAME = "v1.metrics.example.com"


class Extended(NamedTuple):
    """``port`` and ``bundle`` (a file) are the extension server's."""

    api: ServedApi
    port: int
    bundle: Path

    async def register(self, **spec: Any) -> None:
        """Its Service and its APIService."""
        service: Object = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ext"},
                           "spec": {"type": "ExternalName", "externalName": "localhost"}}  # fmt: skip
        wanted = {
            "group": "metrics.example.com", "version": "v1", "groupPriorityMinimum": 100, "versionPriority": 10,
            "service": {"namespace": "default", "name": "ext", "port": self.port},
            "caBundle": base64.b64encode(self.bundle.read_bytes()).decode(), **spec,
        }  # fmt: skip
        about = {"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService"}
        found = {**about, "metadata": {"name": NAME}, "spec": wanted}
        await self.api.kubectl("create", "-f", "-", text=f"{json.dumps(service)}\n---\n{json.dumps(found)}")

    async def becomes(self, available: str) -> None:
        """Wait until its condition Available is so."""
        await self.api.kubectl("wait", f"apiservice/{NAME}", f"--for=condition=Available={available}", "--timeout=10s")


@asynccontextmanager
async def extended(
    folder: Path, handle: Callable[[Request], Any], running: Iterable[Controller]
) -> AsyncIterator[Extended]:
    """Both servers; ``handle`` answers for the extension server."""
    (folder / "front").mkdir()
    front, own = Authority(folder / "front", "front-ca"), Authority(folder / "front", "own-ca")
    client, mine = front.issue("front-proxy-client"), own.issue("ext", hosts=("ext.default.svc",))
    context = tls.server_context(mine.cert, mine.key, front.ca)
    server = await serve(handle, ssl_context=context, limits=Limits())
    pair = NodeTunnel(client.cert, client.key, front.ca)
    async with served_api(folder, running, front_proxy=pair) as api:
        yield Extended(api, server.addresses[0][1], own.ca)
    await server.close(0.5)
