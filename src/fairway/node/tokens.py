"""Tokens: the service-account tokens of this node's pods, asked for with the node's own certificate.

Shape: a token lies here while its pod does; ``fetch`` asks only for what is missing or due.  What cannot be had is a
value too: the volume that needs it says so.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fairway.client.interface import Client
from fairway.kinds import SERVICE_ACCOUNT
from fairway.node.field_refs import ReferenceProblem
from fairway.node.volumes.token_request import TokenAsked, renewal_s, token_request
from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.meta import unix_seconds

Fetched = dict[TokenAsked, str | ReferenceProblem]


@dataclass(frozen=True, slots=True)
class _Issued:
    token: str
    renewal_s: float
    ends_s: float


class Tokens:
    """All tokens of a node.  ``now_s`` is wall time in Unix seconds."""

    def __init__(self, client: Client, now_s: Callable[[], float]) -> None:
        self._client = client
        self._now_s = now_s
        self._pods: dict[str, dict[TokenAsked, _Issued]] = {}

    async def fetch(self, pod: Object, wanted: Iterable[TokenAsked]) -> Fetched:
        """The tokens of ``pod``, new where one is missing or due; an old one serves while it lasts."""
        every = list(dict.fromkeys(wanted))
        found = await asyncio.gather(*(self._one(pod, asked) for asked in every))
        return dict(zip(every, found, strict=True))

    def known(self, uid: str, wanted: Iterable[TokenAsked]) -> Fetched | None:
        """The same at once, or ``None`` while one of them has not been fetched."""
        kept = self._pods.get(uid, {})
        every = set(wanted)
        return {asked: kept[asked].token for asked in every} if every <= kept.keys() else None

    def renewal_s(self, uid: str, wanted: Iterable[TokenAsked]) -> float:
        """When the first of the pod's tokens is due; 0 if one is missing."""
        kept = self._pods.get(uid, {})
        return min((kept[asked].renewal_s if asked in kept else 0.0 for asked in wanted), default=0.0)

    def release(self, uid: str) -> None:
        """The pod needs nothing any more."""
        self._pods.pop(uid, None)

    async def _one(self, pod: Object, asked: TokenAsked) -> str | ReferenceProblem:
        kept = self._pods.get(pod["metadata"]["uid"], {}).get(asked)
        if kept is not None and self._now_s() < kept.renewal_s:
            return kept.token
        try:
            return await self._ask(pod, asked)
        except (StatusError, ConnectionError) as error:
            if kept is not None and self._now_s() < kept.ends_s:
                return kept.token
            return ReferenceProblem(f"failed to fetch token: {getattr(error, 'message', '') or error}")

    async def _ask(self, pod: Object, asked: TokenAsked) -> str:
        issued_s = self._now_s()
        account = pod["spec"].get("serviceAccountName") or "default"
        answer = await self._client.create(
            SERVICE_ACCOUNT, token_request(pod, asked), subresource="token", name=account
        )  # fmt: skip
        token: str = answer["status"]["token"]
        ends_s = unix_seconds(answer["status"]["expirationTimestamp"])
        made = _Issued(token, renewal_s(issued_s, ends_s, random.random()), ends_s)
        self._pods.setdefault(pod["metadata"]["uid"], {})[asked] = made
        return token
