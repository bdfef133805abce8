"""Log lines: what in a log of ours tells of trouble.  Pure.

Shape: a line is ``2026-01-31T12:00:00.123 ERROR node: message key=value``, see ``cluster/logs.py``; times are local.
"""

import re
import time
from collections import Counter
from typing import NamedTuple

_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)? (ERROR|CRITICAL) (.*)")
_ENDED = re.compile(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d) supervisor: ([a-z0-9-]+), pid \d+, ended: (.*)")
_LONGEST = 160


class Trouble(NamedTuple):
    """How many errors a part logged, and the last of them."""

    part: str
    errors: int
    last: str


def _seconds(text: str) -> float:
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))


def troubles(part: str, text: str, since_s: float) -> list[Trouble]:
    """The errors since then, summed up; nothing where there are none."""
    found = [match[3] for line in text.splitlines() if (match := _LINE.match(line)) and _seconds(match[1]) >= since_s]
    return [Trouble(part, len(found), found[-1][:_LONGEST])] if found else []


def restarts(text: str, since_s: float) -> dict[str, int]:
    """How often each part ended since then, as the supervisor tells it."""
    matches = map(_ENDED.match, text.splitlines())
    return dict(Counter(match[2] for match in matches if match and _seconds(match[1]) >= since_s))
