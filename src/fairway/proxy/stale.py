"""Stale: which connectionless flows must end, because they lead to an endpoint that is gone.

Shape: flow rules of ``delta`` and one flow at a time in, yes or no out.  Pure.
Source: Kubernetes docs, "Virtual IPs and Service Proxies"; KEP-3866.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from fairway.proxy.delta import FlowRule
from fairway.proxy.model import Address, Endpoint, FrontendKey, frontend_key, frontend_parts

Rules = Mapping[FrontendKey, frozenset[Endpoint]]


class Flow(NamedTuple):
    """One tracked flow: what the client sends to, who answers, and whether that was translated."""

    frontend: FrontendKey
    answered_by: Endpoint
    is_translated: bool


def rules_by_frontend(rules: Iterable[FlowRule]) -> Rules:
    """The endpoints that each frontend allows."""
    return {rule.frontend: rule.endpoints for rule in rules}


def is_stale(flow: Flow, rules: Rules, own: frozenset[Address]) -> bool:
    """Whether a flow belongs to one of these frontends and must not go on.

    ``own`` are the node's addresses: a flow to a node port that began before the Service came is not translated,
    and only its address tells it from a flow to the same port of another machine.
    """
    allowed = rules.get(flow.frontend)
    if allowed is None:
        at, protocol, port = frontend_parts(flow.frontend)
        if not flow.is_translated and at not in own:
            return False
        allowed = rules.get(frontend_key(b"", protocol, port))
    if allowed is None or flow.answered_by in allowed:
        return False
    return bool(allowed) or flow.is_translated
