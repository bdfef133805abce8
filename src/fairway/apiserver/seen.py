"""Seen: what is known of a request while it is answered."""

from time import perf_counter

from fairway.apiserver.audit import Record
from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import ANONYMOUS, Call, User
from fairway.apiserver.fairness import Flow
from fairway.apiserver.metrics import Labels
from fairway.transport.interface import Request

_NOTHING = Asked("")
_AUDIT_ID_LENGTH = 64
"""A client may name its request; upstream cuts what is longer."""


class Seen:
    """What is known of a request while it is answered: for metrics, and for an answer if it fails."""

    __slots__ = (
        "asked", "audit_id", "began", "call", "constraint", "flow", "labels", "options", "record", "request",
        "requester",
    )  # fmt: skip

    def __init__(self, request: Request) -> None:
        self.began = perf_counter()
        self.request = request
        self.call: Call | None = None
        self.flow: Flow | None = None
        self.asked = _NOTHING
        self.requester: User = ANONYMOUS
        """Who sent it; another than who makes it, where that is impersonated."""
        self.constraint = ""
        self.options: dict[str, str] = {}
        self.record: Record | None = None
        self.audit_id = request.headers.get("audit-id", "")[:_AUDIT_ID_LENGTH]
        self.labels: Labels | None = None
