"""The scheduler: it gives every waiting pod a node."""

from fairway.controllers.scheduler.reconcile import SCHEDULER

__all__ = ["SCHEDULER"]
