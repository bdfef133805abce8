"""Reach: which endpoints a caller on one node is sent to, and why not to the others.

Source: KEP-2086 (internalTrafficPolicy), KEP-2433 and KEP-3015 (hints): hints count only if all endpoints have them and
one of them fits, those for the node before those for the zone.
"""

from collections.abc import Sequence
from typing import NamedTuple

from fairway.why.endpoints import Endpoint


class Reach(NamedTuple):
    """The endpoints for a caller; ``reason`` is LeftOutByPolicy or LeftOutByTopology where those are not all."""

    found: Sequence[Endpoint]
    reason: str = ""
    text: str = ""
    """Why the others are left out."""


def reach(every: Sequence[Endpoint], *, policy: str, node: str, zone: str) -> Reach:
    """Where callers on ``node`` in ``zone`` go; both may be empty where they are not known."""
    if policy == "Local":
        return Reach(
            [each for each in every if each.node == node],
            "LeftOutByPolicy", f"internalTrafficPolicy is Local, and the caller is on node {node}",
        )  # fmt: skip
    near = [each for each in every if node in each.nodes]
    if near and node and all(each.nodes for each in every):
        return Reach(near, "LeftOutByTopology", f"there are endpoints on the caller's own node {node}, which go first")
    near = [each for each in every if zone in each.zones]
    if near and zone and all(each.zones for each in every):
        return Reach(near, "LeftOutByTopology", f"there are endpoints for the caller's own zone {zone}, which go first")
    return Reach(every)
