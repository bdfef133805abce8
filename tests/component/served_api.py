"""An API server over TLS with the real kubectl beside it, and the controllers that a test wants."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from component.authority import Authority
from component.memory_store import MemoryStore
from fairway import controllers
from fairway.apiserver.http import transport_error
from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import NodeTunnel, Settings
from fairway.client.in_process import InProcessClient
from fairway.reconcile.controller import Controller
from fairway.store.interface import Store
from fairway.transport import tls
from fairway.transport.limits import Limits
from fairway.transport.server import serve
from kubectls import found

KUBECTLS = found()


class Kubectl:
    """One kubectl, as the administrator of the kubeconfig in ``folder``."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program = program
        self._environment = {**os.environ, "KUBECONFIG": str(folder / "kubeconfig"), "HOME": str(folder)}

    async def start(self, *words: str) -> asyncio.subprocess.Process:
        """A command that goes on."""
        return await asyncio.create_subprocess_exec(
            self._program, *words, env=self._environment, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip

    async def __call__(self, *words: str, text: str = "", code: int = 0, user: str = "") -> str:
        """What it prints, both streams; ``user`` is impersonated."""
        process = await self.start(*words, *([f"--as={user}"] if user else []))
        out, err = await asyncio.wait_for(process.communicate(text.encode()), 60)
        assert process.returncode == code, (words, out.decode(), err.decode())
        return out.decode() + err.decode()


class ServedApi:
    """``kubectl(...)`` runs the newest kubectl as the administrator; ``folder`` holds its files."""

    def __init__(self, server: ApiServer, url: str, authority: Authority, folder: Path) -> None:
        self.server = server
        self.url = url
        self.authority = authority
        self.folder = folder
        self.kubectl = Kubectl(max(KUBECTLS, key=lambda program: Path(program).name), folder)


@asynccontextmanager
async def served_api(
    folder: Path, running: Iterable[Controller] = (), *, front_proxy: NodeTunnel | None = None,
    store: Store | None = None,
) -> AsyncIterator[ServedApi]:  # fmt: skip
    """Everything ends with the block."""
    authority = Authority(folder)
    pair, admin = authority.issue("kube-apiserver"), authority.issue("kubernetes-admin", "system:masters")
    api_server = ApiServer(store or MemoryStore(), Settings(advertise_address="10.244.0.1", front_proxy=front_proxy))
    await api_server.start()
    server = await serve(
        api_server.handler, ssl_context=tls.server_context(pair.cert, pair.key, authority.ca),
        limits=Limits(error_response=transport_error),
    )  # fmt: skip
    url = f"https://127.0.0.1:{server.addresses[0][1]}"
    (folder / "kubeconfig").write_text(
        f"""{{apiVersion: v1, kind: Config, current-context: x,
        clusters: [{{name: c, cluster: {{server: "{url}", certificate-authority: {authority.ca}}}}}],
        users: [{{name: u, user: {{client-certificate: {admin.cert}, client-key: {admin.key}}}}}],
        contexts: [{{name: x, context: {{cluster: c, user: u}}}}]}}"""
    )
    told = controllers.Settings(
        signing_ca=(authority.ca, authority.key_file), empty_extensions=api_server.empty_extensions,
        extension_kinds=api_server.follow_extensions,
    )  # fmt: skip
    task = asyncio.create_task(controllers.run(running, InProcessClient(api_server.api), settings=told))
    try:
        yield ServedApi(api_server, url, authority, folder)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await server.close(0.5)
        await api_server.stop()
