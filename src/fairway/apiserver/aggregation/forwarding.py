"""Forwarding: a request for a group that an extension server answers for, and its answer, passed on.

Source: Kubernetes docs, "Configure the Aggregation Layer", "Authentication Flow".
"""

import asyncio
from typing import TYPE_CHECKING

from fairway.apiserver.aggregation.aggregation import Aggregation, Remote
from fairway.apiserver.aggregation.asking import REMOTE, remote_headers
from fairway.apiserver.aggregation.target import Unavailable
from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import User
from fairway.apiserver.health import PLAIN
from fairway.apiserver.list_options import flag
from fairway.apiserver.subresources.proxy import headers
from fairway.apiserver.subresources.proxy.relay import relayed
from fairway.apiserver.subresources.streams import pipe
from fairway.objects.authority import authority
from fairway.transport.interface import Answer, Request, Response, TakeOver

if TYPE_CHECKING:
    from fairway.apiserver.serve import Api

_OF_OBJECTS = {"GET": "get", "HEAD": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
_OF_COLLECTIONS = _OF_OBJECTS | {"GET": "list", "HEAD": "list", "DELETE": "deletecollection"}


def asked(request: Request) -> Asked:
    """What a request below ``/apis/GROUP/VERSION`` wants to do, as far as the path tells.  Pure."""
    _, _, group, _, *parts = request.path.rstrip("/").split("/")
    if not parts:
        return Asked(request.method.lower(), path=request.path)
    is_watch = parts[0] == "watch" and len(parts) > 1
    parts = parts[1:] if is_watch else parts
    namespace = None
    if parts[0] == "namespaces" and len(parts) > 2:
        namespace, parts = parts[1], parts[2:]
    name, subresource = (parts[place] if len(parts) > place else "" for place in (1, 2))
    verb = (_OF_OBJECTS if name else _OF_COLLECTIONS).get(request.method, request.method.lower())
    if verb == "list" and (is_watch or flag(dict(request.query).get("watch"))):
        verb = "watch"
    return Asked(verb, group, parts[0], subresource, namespace, name)


async def forwarded(remote: Remote, request: Request, user: User, aggregation: Aggregation, api: "Api") -> Answer:
    """The extension server's answer; 503 if it has none, and until it is known to answer."""
    if not remote.is_open:
        return _unavailable("service unavailable")
    try:
        server = aggregation.server(remote)
    except Unavailable:
        return _unavailable("service unavailable")
    given = {name: value for name, value in request.headers.items() if not name.startswith(REMOTE)}
    host = authority(server.host, str(server.port))
    sent = headers.to_backend(
        given, address=request.peer.address, uri=request.path, backend=host,
        body_bytes=len(request.body), method=request.method, keeps=True,
    )  # fmt: skip
    try:
        answer = await aggregation.asking.ask(
            server, remote.spec, request.method, request.target, [*sent, *remote_headers(user)], request.body
        )
    except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
        return _unavailable(f"error trying to reach service: {str(error) or 'EOF'}")
    if answer.status == 101 and headers.is_upgrade(request.headers):
        return TakeOver(lambda connection: pipe(connection, answer))
    names = {"host": request.headers.get("host", ""), "backend": host, "prefix": ""}
    passed = headers.to_client(headers.pairs(answer.raw_head), **names)
    try:
        return await relayed(answer, passed, is_head=request.method == "HEAD", rewrite=lambda link: link)
    except ConnectionError as error:
        return _unavailable(f"error trying to reach service: {error}")


def _unavailable(text: str) -> Response:
    return Response(503, f"{text}\n".encode(), PLAIN, [("X-Content-Type-Options", "nosniff")])
