"""``proxy``: any HTTP request passed on to a Service's endpoint, a pod or a node.

Shape: ``target`` (pure) finds the address, ``headers`` and ``links`` (pure) translate, ``backend`` asks, ``relay``
passes the answer on.
Rules for those who change it: the path goes on as the client wrote it, escapes included; credentials never do.
Source: services.md 4.4; Kubernetes docs, "Access Services Running on Clusters".
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from fairway.apiserver.call import Call
from fairway.apiserver.subresources.pod_node import address_of
from fairway.apiserver.subresources.proxy import backend, headers
from fairway.apiserver.subresources.proxy.relay import relayed
from fairway.apiserver.subresources.proxy.target import (
    Target,
    node_target,
    parse,
    pod_target,
    port_name,
    service_target,
)
from fairway.apiserver.subresources.streams import pipe
from fairway.kinds import ENDPOINTS, POD
from fairway.kinds.kind import Kind
from fairway.objects import Object
from fairway.objects.errors import no_such_resource, not_found
from fairway.objects.label_syntax import integer
from fairway.transport.interface import Answer, Request, Response, TakeOver
from fairway.transport.target import split_target

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

Find = Callable[[Call, "Api"], Target]


def _get(api: "Api", kind: Kind, namespace: str | None, name: str) -> Object:
    stored = api.cache.get(kind, namespace, name)
    if stored is None:
        raise not_found(kind.group, kind.plural, name)
    return stored.object


def _service(call: Call, api: "Api") -> Target:
    asked = parse(call.name, "service")
    port = asked.port
    if integer(port) is not None:
        port = port_name(asked, _get(api, call.kind, call.namespace, asked.name))
    found = api.cache.get(ENDPOINTS, call.namespace, asked.name)
    if found is None:
        # Upstream names what the request is about, and not what it looked for.
        raise not_found(call.kind.group, call.kind.plural, asked.name)
    endpoints = found.object

    def pod_of(name: str) -> Object | None:
        stored = api.cache.get(POD, call.namespace, name)
        return None if stored is None else stored.object

    return service_target(asked, call.name, port, endpoints, pod_of, api.chance)


def _pod(call: Call, api: "Api") -> Target:
    asked = parse(call.name, "pod")
    return pod_target(asked, _get(api, call.kind, call.namespace, asked.name))


def _node(call: Call, api: "Api") -> Target:
    asked = parse(call.name, "node")
    found = address_of(_get(api, call.kind, None, asked.name))
    return node_target(asked, found.host, found.port)


def _split(request: Request, call: Call) -> tuple[str, str, str]:
    """The path up to the proxy, what follows it, and the query with its mark; all undecoded."""
    path, query = split_target(request.target)
    depth = 7 if call.kind.namespaced else 5
    parts = path.lstrip("/").split("/", depth)
    if len(parts) < depth or parts[depth - 1] != "proxy":
        raise no_such_resource()
    rest = f"/{parts[depth]}" if len(parts) > depth else ""
    return "/" + "/".join(parts[:depth]), rest, f"?{query}" if query else ""


async def _proxied(find: Find, call: Call, request: Request, api: "Api") -> Answer:
    """Any verb.  Raises: ``StatusError``."""
    prefix, rest, query = _split(request, call)
    target = find(call, api)
    is_upgrade = headers.is_upgrade(request.headers)
    if not rest and request.method in ("GET", "HEAD") and not is_upgrade:
        # Without the slash the relative links of the page would lead past the proxy.
        return Response(301, b"", "", [("Location", f"{prefix}/{query}")])
    sent = headers.to_backend(
        request.headers, address=request.peer.address, uri=prefix + rest, backend=backend.authority(target),
        body_bytes=backend.length(request), method=request.method,
    )  # fmt: skip
    path = f"{rest or '/'}{query}"
    answer = await backend.ask(target, api.settings.node_tunnel, request.method, path, sent, request)
    if answer.status == 101 and is_upgrade:
        return TakeOver(lambda connection: pipe(connection, answer))
    names = {"host": request.headers.get("host", ""), "backend": backend.authority(target), "prefix": prefix}
    passed = headers.to_client(headers.pairs(answer.raw_head), **names)
    rewrite = partial(headers.rewritten, **names)
    try:
        return await relayed(answer, passed, is_head=request.method == "HEAD", rewrite=rewrite)
    except ConnectionError as error:
        raise backend.unreachable(str(error)) from error


def _connect(find: Find) -> Callable[[Call, Request, "Api"], Awaitable[Answer]]:
    return partial(_proxied, find)


proxy_service = _connect(_service)
proxy_pod = _connect(_pod)
proxy_node = _connect(_node)
