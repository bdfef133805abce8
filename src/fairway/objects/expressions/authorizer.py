"""Authorizer functions: whether somebody may do something, asked within an expression.

Shape: ``authorizer`` is a map that the calls below fill in step by step; ``check`` asks who ``ASKING`` names, which the
API server sets while it evaluates.
"""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any

from fairway.objects.expressions.lists import Function

Decide = Callable[[Mapping[str, str]], bool]
"""Whether what the steps have gathered is allowed: verb, group, resource, subresource, namespace, name, path..."""
ASKING: ContextVar[Decide | None] = ContextVar("ASKING", default=None)
AUTHORIZER: dict[str, Any] = {"authorizer": "request"}


def _with(name: str) -> Callable[..., dict[str, Any]]:
    return lambda found, value: {**found, name: value}


def _account(found: dict[str, Any], namespace: str, name: str) -> dict[str, Any]:
    return {**found, "user": f"system:serviceaccount:{namespace}:{name}"}


def _check(found: dict[str, Any], verb: str) -> dict[str, Any]:
    decide = ASKING.get()
    if decide is None:
        raise ValueError("there is no authorizer here")
    return {"allowed": decide({**found, "verb": verb})}


FUNCTIONS: tuple[Function, ...] = (
    ("path", True, ("dyn", "string"), "dyn", _with("path")),
    ("group", True, ("dyn", "string"), "dyn", _with("group")),
    ("serviceAccount", True, ("dyn", "string", "string"), "dyn", _account),
    ("resource", True, ("dyn", "string"), "dyn", _with("resource")),
    ("subresource", True, ("dyn", "string"), "dyn", _with("subresource")),
    ("namespace", True, ("dyn", "string"), "dyn", _with("namespace")),
    ("name", True, ("dyn", "string"), "dyn", _with("name")),
    ("fieldSelector", True, ("dyn", "string"), "dyn", _with("fieldSelector")),
    ("labelSelector", True, ("dyn", "string"), "dyn", _with("labelSelector")),
    ("check", True, ("dyn", "string"), "dyn", _check),
    ("allowed", True, ("dyn",), "bool", lambda found: found["allowed"]),
    ("errored", True, ("dyn",), "bool", lambda _: False),
    ("error", True, ("dyn",), "string", lambda _: ""),
    ("reason", True, ("dyn",), "string", lambda _: ""),
)
