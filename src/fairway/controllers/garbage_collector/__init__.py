"""The garbage collector: what is owned goes with its owners."""

from fairway.controllers.garbage_collector.reconcile import GARBAGE_COLLECTOR

__all__ = ["GARBAGE_COLLECTOR"]
