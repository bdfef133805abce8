"""Jobs run pods to their end, as often as asked, and count each of them exactly once."""

from fairway.controllers.job.reconcile import JOBS

__all__ = ["JOBS"]
