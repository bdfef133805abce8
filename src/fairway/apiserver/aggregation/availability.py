"""Availability: whether an extension server answers for its group and version, and with which resources."""

import asyncio
from typing import Any, NamedTuple

import orjson

from fairway.apiserver.aggregation.asking import Asking, remote_headers
from fairway.apiserver.aggregation.target import Server, Unavailable
from fairway.apiserver.call import User
from fairway.apiserver.subresources.node_tunnel import NodeAnswer
from fairway.kinds.api_service import AVAILABLE
from fairway.objects import Object, meta
from fairway.objects.authority import authority

_ASKER = User("system:kube-aggregator", ("system:masters",))
_TIMEOUT_S = 5.0
FAILURES = (OSError, EOFError, ValueError, asyncio.LimitOverrunError)
"""What an asked server that is none ends in."""
_LARGEST_BYTES = 4 * 1024 * 1024


class Verdict(NamedTuple):
    """What the condition Available says, and the resources (as an APIResourceList has them) of one that is."""

    status: str
    reason: str
    message: str
    resources: tuple[Object, ...] = ()


PASSED = Verdict("True", "Passed", "all checks passed")


async def opened(
    asking: Asking, server: Server, spec: Object, path: str, method: str = "GET", body: bytes = b"",
    content_type: str = "application/json",
) -> NodeAnswer:  # fmt: skip
    """The head of one answer to the aggregator itself.  Raises: ``OSError``, ``EOFError``, ``ValueError``."""
    host = authority(server.host, str(server.port))
    headers = [("Host", host), ("Accept", "application/json"), *remote_headers(_ASKER)]
    if body:
        headers += [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    async with asyncio.timeout(_TIMEOUT_S):
        return await asking.ask(server, spec, method, path, headers, body)


async def fetched(
    asking: Asking, server: Server, spec: Object, path: str, method: str = "GET", body: bytes = b"",
    content_type: str = "application/json",
) -> tuple[int, bytes]:  # fmt: skip
    """Status and body of one answer to the aggregator itself.  Raises: ``OSError``, ``EOFError``, ``ValueError``."""
    async with asyncio.timeout(_TIMEOUT_S):
        answer = await opened(asking, server, spec, path, method, body, content_type)
        try:
            return answer.status, await answer.body(_LARGEST_BYTES)
        finally:
            answer.close()


async def judged(asking: Asking, server: Server, spec: Object) -> Verdict:
    """Ask for the group and version's resources.  Raises: ``Unavailable``."""
    path = f"/apis/{spec['group']}/{spec['version']}"
    url = f"https://{authority(server.host, str(server.port))}{path}"
    try:
        status, body = await fetched(asking, server, spec, path)
    except FAILURES as error:
        why = "context deadline exceeded" if isinstance(error, TimeoutError) else str(error) or "EOF"
        raise Unavailable(
            "FailedDiscoveryCheck", f'failing or missing response from {url}: Get "{url}": {why}'
        ) from error  # fmt: skip
    if not 200 <= status < 300:
        # Who is refused is refused by a server that is there; all else is not.
        message = f"failing or missing response from {url}: bad status from {url}: {status}"
        raise Unavailable("FailedDiscoveryCheck", message)
    return PASSED._replace(resources=tuple(_resources(body)))


def _resources(body: bytes) -> list[Object]:
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    listed = found.get("resources") if isinstance(found, dict) else None
    return [one for one in listed or () if isinstance(one, dict) and isinstance(one.get("name"), str)]


def is_well(found: Object) -> bool:
    """Whether an APIService says that its server answers.  Pure."""
    conditions = (found.get("status") or {}).get("conditions") or []
    return any(one.get("type") == AVAILABLE and one.get("status") == "True" for one in conditions)


def told(found: Object, verdict: Verdict, now_s: float) -> Object | None:
    """The status that an APIService should have; ``None`` if it has it.  Pure."""
    conditions = (found.get("status") or {}).get("conditions") or []
    had: Object = next((one for one in conditions if one.get("type") == AVAILABLE), {})
    if (had.get("status"), had.get("reason"), had.get("message")) == verdict[:3]:
        return None
    is_same = had.get("status") == verdict.status and had.get("lastTransitionTime")
    made = {
        "lastTransitionTime": had["lastTransitionTime"] if is_same else meta.timestamp(now_s),
        "message": verdict.message, "reason": verdict.reason, "status": verdict.status, "type": AVAILABLE,
    }  # fmt: skip
    return {"conditions": [*(one for one in conditions if one.get("type") != AVAILABLE), made]}
