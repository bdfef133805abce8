"""Logs: how the processes of a cluster write theirs: one line an event, constant message, then key=value pairs."""

import logging
import sys
from typing import Any

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


class LineFormatter(logging.Formatter):
    """Time, level, logger, message, and whatever was given as ``extra``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line, its pairs included; a traceback follows on lines of its own."""
        pairs = (f" {key}={_shown(value)}" for key, value in vars(record).items() if key not in _PLAIN)
        return super().formatMessage(record) + "".join(pairs)


def _shown(value: Any) -> str:
    text = str(value)
    return repr(text) if " " in text or not text else text


def begin() -> None:
    """Log to standard error, which the supervisor has pointed at the process's file."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler])
