"""Stale: which connectionless flows must end, because they lead to an endpoint that is gone.

Shape: flow rules of ``delta`` and one flow at a time in, yes or no out.  Pure.
Source: Kubernetes docs, "Virtual IPs and Service Proxies"; KEP-3866.
"""

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple

from fairway.proxy.delta import FlowRule
from fairway.proxy.model import Endpoint, FrontendKey, frontend_key, frontend_parts

Rules = Mapping[FrontendKey, frozenset[Endpoint]]


class Flow(NamedTuple):
    """One tracked flow: what the client sends to, who answers, and whether that was translated."""

    frontend: FrontendKey
    answered_by: Endpoint
    is_translated: bool


def rules_by_frontend(rules: Iterable[FlowRule]) -> Rules:
    """The endpoints that each frontend allows."""
    return {rule.frontend: rule.endpoints for rule in rules}


def is_stale(flow: Flow, rules: Rules, own: Container[bytes]) -> bool:
    """Whether a flow belongs to one of these frontends and must not go on.

    ``own`` are the machine's addresses, where node ports answer: a flow to the same port of any other address, such as
    that of another Service, is not theirs.  A flow that is not translated began before the Service came, or while it
    had no endpoints, and is stale as soon as there is one.
    """
    allowed = rules.get(flow.frontend)
    if allowed is None:
        at, protocol, port = frontend_parts(flow.frontend)
        if at not in own:
            return False
        allowed = rules.get(frontend_key(b"", protocol, port))
    if allowed is None or flow.answered_by in allowed:
        return False
    return bool(allowed) or flow.is_translated
