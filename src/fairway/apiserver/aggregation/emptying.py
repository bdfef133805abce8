"""Emptying: what extension servers hold of a namespace that is leaving goes with it.

Shape: ``empty(target, kinds, namespace, into)`` for one server; who asks comes again until nothing is left.
Source: Kubernetes docs, "Namespaces"; API conventions on DeleteOptions.
"""

from collections.abc import Iterable
from typing import NamedTuple

import orjson

from fairway.apiserver.aggregation.asking import Asking
from fairway.apiserver.aggregation.availability import FAILURES, fetched
from fairway.apiserver.aggregation.target import Server
from fairway.kinds.kind import Kind
from fairway.objects import Object

_OPTIONS = orjson.dumps({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"})


class Emptied(NamedTuple):
    """What is left by kind, which groups and versions do not answer, and what went wrong."""

    left: dict[Kind, list[Object]]
    silent: list[str]
    failures: list[str]


class Target(NamedTuple):
    """Whom to ask, and how."""

    asking: Asking
    server: Server
    spec: Object


def is_emptied(kind: Kind) -> bool:
    """Whether objects of a kind stand in namespaces and can be found and deleted."""
    return kind.namespaced and "list" in kind.verbs and bool({"delete", "deletecollection"} & set(kind.verbs))


async def empty(target: Target, kinds: Iterable[Kind], namespace: str, into: Emptied) -> None:
    """Delete all objects of these kinds, and look what is left."""
    for kind in filter(is_emptied, kinds):
        path = f"/apis/{kind.group}/{kind.version}/namespaces/{namespace}/{kind.plural}"
        try:
            found = await _listed(target, path)
            if found:
                await _delete(target, kind, path, found)
                found = await _listed(target, path)
        except FAILURES as error:
            into.failures.append(f"{kind.plural}.{kind.group}: {error}")
            continue
        if found:
            into.left[kind] = found


async def _listed(target: Target, path: str) -> list[Object]:
    status, body = await fetched(*target, path)
    if status == 404:
        return []
    if status != 200:
        raise OSError(_why(status, body))
    items = orjson.loads(body).get("items") or []
    return [one for one in items if isinstance(one, dict) and isinstance(one.get("metadata"), dict)]


async def _delete(target: Target, kind: Kind, path: str, found: list[Object]) -> None:
    paths = [path] if "deletecollection" in kind.verbs else [f"{path}/{one['metadata']['name']}" for one in found]
    for one in paths:
        status, body = await fetched(*target, one, "DELETE", _OPTIONS)
        if not 200 <= status < 300 and status not in (404, 409):
            raise OSError(_why(status, body))


def _why(status: int, body: bytes) -> str:
    try:
        message = orjson.loads(body)["message"]
    except (ValueError, KeyError, TypeError):
        return f"bad status: {status}"
    return str(message)
