"""Access: whom the API server lets ask a node, by a token or by a certificate of the cluster.

Shape: ``refusal`` asks the API server who a token stands for and what he may; what it said is believed for a while, as
a kubelet with webhooks does.
Source: Kubernetes docs, "Kubelet authentication/authorization"; KEP-2862 (rights of single paths).
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from fairway.client.interface import Client
from fairway.kinds import SUBJECT_ACCESS_REVIEW, TOKEN_REVIEW
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.transport.interface import Request, Response

TEXT = "text/plain; charset=utf-8"
KNOWN_S = 120.0
ALLOWED_S = 300.0
REFUSED_S = 30.0
_REMEMBERED = 1024
_VERBS = {"POST": "create", "GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_PLACES = {"stats": "stats", "metrics": "metrics", "logs": "log", "checkpoint": "checkpoint"}
_FINE = {"configz": "configz", "healthz": "healthz", "pods": "pods", "runningpods": "pods"}
_UNAUTHORIZED = Response(401, b"Unauthorized", TEXT)


class Access:
    """The rights to the node ``name``, as the API server behind ``client`` knows them."""

    def __init__(self, client: Client, name: str, now_s: Callable[[], float]) -> None:
        self._client = client
        self._name = name
        self._now_s = now_s
        self._kept: dict[Any, tuple[float, Any]] = {}

    async def refusal(self, request: Request) -> Response | None:
        """What to answer instead of serving ``request``; ``None`` if it may be served."""
        try:
            user = await self._user(request)
        except (TimeoutError, StatusError, ConnectionError):
            user = None
        if user is None:
            return _UNAUTHORIZED
        verb, places = _VERBS.get(request.method, ""), subresources(request.path)
        told = f"(user={user['user']}, verb={verb}, resource=nodes, subresource(s)=[{' '.join(places)}])"
        try:
            for place in places:
                if await self._may(user, verb, place):
                    return None
        except (TimeoutError, StatusError, ConnectionError):
            return Response(500, f"Authorization error {told}\n".encode(), TEXT)
        return Response(403, f"Forbidden {told}\n".encode(), TEXT)

    async def _user(self, request: Request) -> Object | None:
        """Who asks, as a SubjectAccessReview is told it."""
        if peer := request.peer.common_name:
            return {"user": peer, "groups": [*request.peer.organizations, "system:authenticated"]}
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return None
        key = hashlib.sha256(token.strip().encode()).digest()
        if (kept := self._remembered(key)) is not None:
            found: Object = kept
            return found
        review = {"metadata": {}, "spec": {"token": token.strip()}}
        status = (await self._client.create(TOKEN_REVIEW, review)).get("status") or {}
        if not status.get("authenticated"):
            return None
        told = status.get("user") or {}
        user = {
            "user": told.get("username", ""),
            **{part: told[part] for part in ("groups", "uid", "extra") if part in told},
        }
        self._remember(key, KNOWN_S, user)
        return user

    async def _may(self, user: Object, verb: str, place: str) -> bool:
        key = (repr(user), verb, place)
        if (kept := self._remembered(key)) is not None:
            return bool(kept)
        about = {"version": "v1", "verb": verb, "resource": "nodes", "subresource": place, "name": self._name}
        review = {"metadata": {}, "spec": {**user, "resourceAttributes": about}}
        status = (await self._client.create(SUBJECT_ACCESS_REVIEW, review)).get("status") or {}
        may = bool(status.get("allowed"))
        self._remember(key, ALLOWED_S if may else REFUSED_S, may)
        return may

    def _remembered(self, key: Any) -> Any:
        until_s, found = self._kept.get(key, (0.0, None))
        return found if self._now_s() < until_s else None

    def _remember(self, key: Any, for_s: float, found: Any) -> None:
        self._kept.pop(key, None)
        while len(self._kept) >= _REMEMBERED:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = (self._now_s() + for_s, found)


def subresources(path: str) -> Sequence[str]:
    """The parts of a node one of which must be allowed to whoever asks for ``path``.  Pure."""
    first = path.split("/")[1] if path.startswith("/") else ""
    if first in _PLACES:
        return (_PLACES[first],)
    return (_FINE[first], "proxy") if first in _FINE else ("proxy",)
