"""CronJobs make a Job whenever their schedule is due, and keep the last few of them."""

from fairway.controllers.cron_job.reconcile import CRON_JOBS

__all__ = ["CRON_JOBS"]
