"""Nodes that fall silent: their state, their taints, and what becomes of their pods."""

from fairway.controllers.node_lifecycle.eviction import TAINT_EVICTION
from fairway.controllers.node_lifecycle.health import NODE_LIFECYCLE

__all__ = ["NODE_LIFECYCLE", "TAINT_EVICTION"]
