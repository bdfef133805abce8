"""Server: the node's HTTPS API, what the API server asks for logs, exec, attach and port-forward.

Shape: routes by the first part of the path; the API server and administrators are known by their certificates, and of
others the API server is asked (``access``).
Source: services.md 11.9; the paths and texts are those of a kubelet.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

import orjson

from fairway.node.access import Access
from fairway.node.logs import system
from fairway.node.logs.container_log import container_log
from fairway.node.logs.cri import OptionProblem, log_options
from fairway.node.pod_view import Attempt
from fairway.node.pod_worker import PodWorker
from fairway.node.runtimes.interface import ExecSession, RuntimeFailure
from fairway.node.settings import Settings
from fairway.objects import Object
from fairway.transport.exposition import CONTENT_TYPE
from fairway.transport.interface import Answer, Peer, Request, Response, Stream, StreamWriter
from fairway.transport.server import Server, frame, serve
from fairway.transport.tls import server_context

if TYPE_CHECKING:
    from fairway.node.usage.answering import NodeUsage

log = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"
API_SERVER = "kube-apiserver-kubelet-client"
ADMINISTRATORS = "system:masters"


class Refusal(Exception):
    """The request cannot be served; the text goes to the client."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def is_allowed(peer: Peer) -> bool:
    """Whether the client certificate is one that may ask a node for anything.  Pure."""
    return peer.common_name == API_SERVER or ADMINISTRATORS in peer.organizations


class NodeServer:
    """The HTTPS API of one agent; ``workers`` are its pods by uid.

    ``access`` judges who is not known by a certificate; ``is_open``: nobody is asked who he is.
    """

    def __init__(
        self, workers: Mapping[str, PodWorker], settings: Settings, access: Access | None = None, *,
        is_open: bool = False,
    ) -> None:  # fmt: skip
        self._workers = workers
        self._settings = settings
        self._access = access
        self._is_open = is_open
        self._routes: dict[str, Callable[[Request, list[str]], Answer | Awaitable[Answer]]] = {
            "containerLogs": self._logs,
            "exec": self._exec,
            "attach": self._attach,
            "portForward": self._port_forward,
            "pods": self._pods,
            "sockets": self._sockets,
            "stats": self._stats,
            "metrics": self._metrics,
            "logs": self._system_logs,
        }
        self._relays: set[asyncio.Task[None]] = set()
        self._usage: NodeUsage | None = None
        self.server: Server | None = None

    async def start(self) -> Server:
        """Listen.  Raises: ``OSError``, ``ssl.SSLError``."""
        settings = self._settings
        context = None
        if settings.certificate_file:
            context = server_context(settings.certificate_file, settings.key_file, settings.client_ca_file or None)
        host = settings.bind_address or settings.node_ips
        self.server = await serve(self.handle, host=host, port=settings.port, ssl_context=context)
        return self.server

    async def run(self) -> None:
        """Listen until cancelled."""
        server = await self.start()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await server.close(grace_s=0.5)

    def handle(self, request: Request) -> Answer | Awaitable[Answer]:
        """One request.  Only ``/healthz`` is for everybody."""
        _, first, *rest = [*request.path.split("/"), ""]
        if first == "healthz" and not any(rest):
            return Response(200, b"ok", TEXT)
        if self._is_open or is_allowed(request.peer):
            return self._routed(request, first, rest)
        if self._access is not None and (request.peer.common_name or "authorization" in request.headers):
            return self._judged(self._access, request, first, rest)
        return Response(401 if not request.peer.common_name else 403, b"Unauthorized", TEXT)

    async def _judged(self, access: Access, request: Request, first: str, rest: list[str]) -> Answer:
        if (refusal := await access.refusal(request)) is not None:
            return refusal
        answer = self._routed(request, first, rest)
        return await answer if isinstance(answer, Awaitable) else answer

    def _routed(self, request: Request, first: str, rest: list[str]) -> Answer | Awaitable[Answer]:
        route = self._routes.get(first)
        if route is None:
            return Response(404, b"404 page not found\n", TEXT)
        try:
            return route(request, [unquote(part) for part in rest if part])
        except Refusal as refusal:
            return Response(refusal.status, str(refusal).encode(), TEXT)

    # What is asked about

    def _worker(self, namespace: str, name: str) -> PodWorker:
        """The pod of that name; not the one before it, which may still be ending here."""
        named = [
            worker
            for worker in self._workers.values()
            if (worker.pod["metadata"]["namespace"], worker.pod["metadata"]["name"]) == (namespace, name)
        ]
        if not named:
            raise Refusal(404, f'pod "{name}" not found')
        return next((worker for worker in reversed(named) if not worker.is_gone), named[-1])

    def _container(self, parts: list[str]) -> tuple[PodWorker, str]:
        if len(parts) != 3:
            raise Refusal(404, "404 page not found")
        worker = self._worker(parts[0], parts[1])
        if parts[2] not in worker.records:
            raise Refusal(400, f"container {parts[2]} is not valid for pod {parts[1]}")
        return worker, parts[2]

    def _pods(self, request: Request, parts: list[str]) -> Answer:
        items = [worker.pod for worker in self._workers.values()]
        return Response(200, orjson.dumps({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}))

    def _sockets(self, request: Request, parts: list[str]) -> Awaitable[Answer]:
        """What listens in a pod, as ``fairway why`` wants to know; a kubelet has nothing of the kind."""
        if len(parts) != 2:
            raise Refusal(404, "404 page not found\n")
        sandbox = self._worker(parts[0], parts[1]).sandbox
        if sandbox is None:
            raise Refusal(409, f'pod "{parts[1]}" has no network yet')
        return _listening(sandbox.netns)

    # What is used

    def _stats(self, request: Request, parts: list[str]) -> Awaitable[Answer]:
        if parts != ["summary"]:
            raise Refusal(404, "404 page not found\n")
        return self._summary()

    async def _summary(self) -> Answer:
        return Response(200, await self._measured().summary(self._settings.node_name))

    def _metrics(self, request: Request, parts: list[str]) -> Awaitable[Answer]:
        if parts != ["resource"]:
            raise Refusal(404, "404 page not found\n")
        return self._exposition()

    async def _exposition(self) -> Answer:
        return Response(200, await self._measured().exposition(), CONTENT_TYPE)

    def _measured(self) -> "NodeUsage":
        from fairway.node.usage.answering import NodeUsage

        if self._usage is None:
            self._usage = NodeUsage(self._workers)
        return self._usage

    # Logs

    def _logs(self, request: Request, parts: list[str]) -> Answer:
        worker, name = self._container(parts)
        try:
            options = log_options(dict(request.query), worker.shared.now_s())
        except OptionProblem as problem:
            raise Refusal(400, str(problem)) from problem
        attempt = logged_attempt(worker, name, is_previous=options.previous)
        path = worker.shared.runtime.log_path(worker.uid, name, attempt.number)
        return self._relayed(container_log(worker.records[name], attempt.number, path, options))

    def _system_logs(self, request: Request, parts: list[str]) -> Answer:
        if request.method not in ("GET", "HEAD"):
            raise Refusal(405, "Method Not Allowed")
        place = system.place_of(self._settings.system_logs, parts)
        if place is None:
            raise Refusal(404, "404 page not found\n")
        if not place.is_dir():
            return self._relayed(system.content(place))
        if not request.path.endswith("/"):
            return Response(301, b"", TEXT, headers=[("Location", f"{quote(request.path.rpartition('/')[2])}/")])
        return Response(200, system.page(place), "text/html; charset=utf-8")

    def _relayed(self, pieces: AsyncGenerator[bytes, None]) -> Stream:
        relays: list[asyncio.Task[None]] = []

        def opened(writer: StreamWriter) -> None:
            task = asyncio.get_running_loop().create_task(_relay(writer, pieces))
            relays.append(task)
            self._relays.add(task)
            task.add_done_callback(self._relays.discard)

        def closed() -> None:
            for task in relays:
                task.cancel()

        return Stream(opened, closed, content_type=TEXT)

    # Streams

    def _exec(self, request: Request, parts: list[str]) -> Answer:
        from fairway.node.streams import remote_command

        worker, name = self._container(parts)
        _check_running(worker, name)

        async def begin(asked: remote_command.Wanted) -> ExecSession:
            if not asked.command:
                raise RuntimeFailure("ExecFailed", "you must specify at least 1 command for the container")
            return await worker.shared.runtime.exec(worker.uid, name, asked.command, tty=asked.tty, stdin=asked.stdin)

        return remote_command.answer(request, begin, self._settings.stream_idle_timeout_s)

    def _attach(self, request: Request, parts: list[str]) -> Answer:
        from fairway.node.streams import remote_command

        worker, name = self._container(parts)
        _check_running(worker, name)

        async def begin(asked: remote_command.Wanted) -> ExecSession:
            return await worker.shared.runtime.attach(worker.uid, name, stdin=asked.stdin)

        leaves = not _closes_with_client(worker, name)
        return remote_command.answer(request, begin, self._settings.stream_idle_timeout_s, leaves=leaves)

    def _port_forward(self, request: Request, parts: list[str]) -> Answer:
        from fairway.node.streams import port_forward
        from fairway.node.streams.pod_connection import connect

        if len(parts) != 2:
            raise Refusal(404, "404 page not found")
        worker = self._worker(parts[0], parts[1])
        sandbox = worker.sandbox
        if sandbox is None:
            raise Refusal(400, f"unable to forward port because pod is not running. Current status={_phase(worker)}")

        async def dial(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
            return await connect(sandbox.netns, port)

        return port_forward.answer(request, port_forward.Pod(parts[1], parts[0], worker.uid, dial))


async def _listening(netns: str) -> Answer:
    from fairway.node.sockets import listening

    try:
        found = await asyncio.to_thread(listening, netns)
    except OSError as error:  # the pod left meanwhile
        return Response(409, str(error).encode(), TEXT)
    return Response(200, orjson.dumps([each._asdict() for each in found]))


def _phase(worker: PodWorker) -> str:
    return str((worker.pod.get("status") or {}).get("phase") or "Pending")


def _check_running(worker: PodWorker, name: str) -> None:
    if not worker.records[name].is_running:
        raise Refusal(400, f'container not found ("{name}")')


def _closes_with_client(worker: PodWorker, name: str) -> bool:
    """Whether the container's stdin ends with that of the first client; then its output is what is waited for."""
    spec = worker.pod["spec"]
    everyone = [
        each for field in ("containers", "initContainers", "ephemeralContainers") for each in spec.get(field) or ()
    ]
    found: Object = next((each for each in everyone if each["name"] == name), {})
    return bool(found.get("stdinOnce")) and not found.get("tty")


def logged_attempt(worker: PodWorker, name: str, *, is_previous: bool) -> Attempt:
    """The attempt whose log is meant.  Raises: ``Refusal``."""
    pod = worker.pod["metadata"]["name"]
    attempts = [attempt for attempt in worker.records[name].attempts if not attempt.is_lost and attempt.container_id]
    if is_previous:
        ended = [attempt for attempt in attempts[:-1] if not attempt.is_running]
        if not ended:
            raise Refusal(400, f'previous terminated container "{name}" in pod "{pod}" not found')
        return ended[-1]
    if not attempts:
        waiting = worker.records[name].waiting
        reason = waiting.reason if waiting is not None else "ContainerCreating"
        raise Refusal(400, f'container "{name}" in pod "{pod}" is waiting to start: {reason}')
    return attempts[-1]


async def _relay(writer: StreamWriter, pieces: AsyncGenerator[bytes, None]) -> None:
    """Copy a log to a client at the client's pace."""
    try:
        async with aclosing(pieces):
            async for piece in pieces:
                if writer.is_closed:
                    return
                writer.write(frame(piece))
                await writer.drained()
        writer.close()
    except OSError as error:
        log.warning("log broke off", extra={"error": str(error)})
        writer.abort()
