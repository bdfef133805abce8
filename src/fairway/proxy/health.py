"""Health: whether the proxy keeps up, in the form that load balancers and people ask for.

Source: Kubernetes docs, "kube-proxy", --healthz-bind-address; KEP-3836.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

TIMEOUT_S: Final = 60.0
"""A change that has waited for so long means trouble."""


@dataclass(frozen=True, slots=True)
class Health:
    """The proxy's state; times are Unix seconds, ``pending_since_s`` is ``None`` while nothing waits."""

    now_s: float
    last_updated_s: float
    pending_since_s: float | None
    node_eligible: bool
    families: tuple[int, ...]

    @property
    def is_live(self) -> bool:
        """Whether no change has waited too long (``/livez``)."""
        return self.pending_since_s is None or self.now_s - self.pending_since_s <= TIMEOUT_S

    @property
    def is_healthy(self) -> bool:
        """Whether this node should be sent traffic (``/healthz``)."""
        return self.is_live and self.node_eligible

    def body(self) -> bytes:
        """The JSON of ``/healthz``."""
        updated = _timestamp(self.last_updated_s)
        each = {"lastUpdated": updated, "healthy": self.is_live}
        return json.dumps({
            "lastUpdated": updated,
            "currentTime": _timestamp(self.now_s),
            "nodeEligible": self.node_eligible,
            "healthy": self.is_healthy,
            "status": {f"IPv{family}": each for family in self.families},
        }).encode()  # fmt: skip


def _timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
