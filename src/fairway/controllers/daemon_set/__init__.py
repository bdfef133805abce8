"""DaemonSets keep one pod on every node that they are meant for."""

from fairway.controllers.daemon_set.reconcile import DAEMON_SETS

__all__ = ["DAEMON_SETS"]
