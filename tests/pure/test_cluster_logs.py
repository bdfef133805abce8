"""How the processes' own log lines look."""

import logging

from fairway.cluster.logs import LineFormatter


def test_extra_values_follow_the_message_as_pairs() -> None:
    record = logging.makeLogRecord({"msg": "reconcile failed", "name": "controllers", "levelname": "WARNING"})
    record.key, record.why = "default/kubia", "no such pod"
    line = LineFormatter().format(record)
    assert line.endswith("WARNING controllers: reconcile failed key=default/kubia why='no such pod'")
