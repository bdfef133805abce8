"""StatefulSets give each pod a name, a place in an order and storage of its own."""

from fairway.controllers.stateful_set.reconcile import STATEFUL_SETS

__all__ = ["STATEFUL_SETS"]
