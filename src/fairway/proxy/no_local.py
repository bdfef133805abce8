"""No local: which service ports have a policy Local, and all their endpoints on other nodes.

Shape: resolved Services go in as they change; ``counts`` tells how many there are per family and policy.  Pure.
Their clients are dropped here, which is what the metric of that name warns of.
"""

from collections.abc import Iterator

from fairway.proxy import words
from fairway.proxy.model import CLUSTER_IP, FAMILIES, Resolved, ServicePort


class NoLocal:
    """The service ports whose clients find nobody on this node."""

    def __init__(self) -> None:
        self._known: dict[str, list[tuple[int, str]]] = {}

    def put(self, service: str, resolved: Resolved) -> None:
        """A Service came, changed, or went (then it has no ports)."""
        found = [
            (family, policy)
            for family, ports in zip(FAMILIES, resolved, strict=True)
            for port in ports
            for policy in _policies(port)
        ]
        if found:
            self._known[service] = found
        else:
            self._known.pop(service, None)

    def counts(self, family: int) -> dict[str, int]:
        """How many there are, by policy."""
        mine = [policy for found in self._known.values() for each, policy in found if each == family]
        return {policy: mine.count(policy) for policy in ("internal", "external")}


def _policies(port: ServicePort) -> Iterator[str]:
    if port.local_endpoints != () or not port.endpoints:
        return
    local = {frontend.kind == CLUSTER_IP for frontend in port.frontends if frontend.flags & words.LOCAL_LIST}
    yield from ("internal" if is_internal else "external" for is_internal in sorted(local))
