"""``exec``, ``attach`` and ``portforward``: the client's upgraded connection joined to the node's, byte for byte.

The API server checks who may and finds the node; WebSocket and SPDY are spoken by the node alone.
Source: Kubernetes docs, "Communication between Nodes and the Control Plane"; KEP-4006.
"""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from fairway.apiserver.call import Call
from fairway.apiserver.list_options import flag
from fairway.apiserver.subresources.log import failure_of, node_address
from fairway.apiserver.subresources.node_tunnel import NodeAnswer, open_node
from fairway.apiserver.subresources.pod_node import container_of
from fairway.apiserver.verbs.get import current
from fairway.objects import Object
from fairway.objects.errors import StatusError, bad_request, method_not_allowed
from fairway.transport.interface import Answer, RawConnection, Request, Response, TakeOver

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_PASSED_HEADERS = (
    "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions",
    "x-stream-protocol-version", "user-agent", "origin",
)  # fmt: skip
_FLAGS = ("stdin", "stdout", "stderr", "tty")
_PIECE_BYTES = 64 * 1024


async def exec_in(call: Call, request: Request, api: "Api") -> Answer:
    """Run a command in a container.  Raises: ``StatusError``."""
    return await _in_container(call, request, api, "exec")


async def attach_to(call: Call, request: Request, api: "Api") -> Answer:
    """Join the streams of a container that runs.  Raises: ``StatusError``."""
    return await _in_container(call, request, api, "attach")


async def _in_container(call: Call, request: Request, api: "Api", endpoint: str) -> Answer:
    pod = _running(call, request, api, endpoint)
    asked = list(_asked(request.query))
    if endpoint == "exec" and not any(name == "command" for name, _ in asked):
        raise bad_request("you must specify at least 1 command for the container")
    if not any(name in ("stdin", "stdout", "stderr") and value == "true" for name, value in asked):
        raise bad_request("you must specify at least one of stdin, stdout, stderr")
    container = container_of(pod, call.options.get("container", ""))
    return await _join(request, api, pod, f"{_path(endpoint, pod)}/{quote(container)}", asked)


def _asked(query: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """What the node is to be asked: commands as they are, of a flag that was given twice the first."""
    yield from ((name, value) for name, value in query if name == "command")
    for name in _FLAGS:
        given = next((value for other, value in query if other == name), None)
        if flag(given):
            yield name, "true"


async def port_forward(call: Call, request: Request, api: "Api") -> Answer:
    """Connections to ports of a pod.  Raises: ``StatusError``."""
    pod = _running(call, request, api, "portforward")
    asked = [(name, value) for name, value in request.query if name == "ports"]
    return await _join(request, api, pod, _path("portForward", pod), asked)


def _running(call: Call, request: Request, api: "Api", endpoint: str) -> Object:
    if request.method not in ("GET", "POST"):
        raise method_not_allowed()
    pod = current(call, api).object
    phase = (pod.get("status") or {}).get("phase")
    if phase in ("Succeeded", "Failed"):
        verb = "port-forward to" if endpoint == "portforward" else f"{endpoint} a container in"
        raise bad_request(f"cannot {verb} a completed pod; current phase is {phase}")
    return pod


def _path(endpoint: str, pod: Object) -> str:
    metadata = pod["metadata"]
    return f"/{endpoint}/{quote(metadata['namespace'])}/{quote(metadata['name'])}"


async def _join(request: Request, api: "Api", pod: Object, path: str, asked: Sequence[tuple[str, str]]) -> Answer:
    if "upgrade" not in request.headers:
        raise StatusError(400, "BadRequest", "Upgrade request required")
    node = node_address(pod, api)
    headers = [("Connection", "Upgrade")]
    headers += [(name.title(), request.headers[name]) for name in _PASSED_HEADERS if name in request.headers]
    if request.method == "POST":
        headers.append(("Content-Length", "0"))
    target = f"{path}?{urlencode(asked)}" if asked else path
    answer = await open_node(api.settings.node_tunnel, node, request.method, target, headers)
    if answer.status == 101:
        return TakeOver(lambda connection: pipe(connection, answer))
    return await _refused(answer)


async def _refused(answer: NodeAnswer) -> Answer:
    """The node does not switch protocols: its answer is passed on, so that clients can try another protocol."""
    if answer.status < 400:
        raise await failure_of(answer)
    try:
        body = await answer.body()
    except ConnectionError as error:
        body = str(error).encode()
    finally:
        answer.close()
    return Response(answer.status, body, answer.headers.get("content-type", "text/plain; charset=utf-8"))


async def pipe(client: RawConnection, node: NodeAnswer) -> None:
    """Both ways until one side has ended: TLS connections have no half-closed state that could be passed on."""

    async def to_node() -> None:
        while data := await client.read():
            node.writer.write(data)
            await node.writer.drain()

    async def to_client() -> None:
        while data := await node.reader.read(_PIECE_BYTES):
            await client.write(data)

    with suppress(OSError):
        await client.write(node.raw_head)
    ways = [asyncio.ensure_future(way) for way in (to_node(), to_client())]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        node.close()
        client.close()
