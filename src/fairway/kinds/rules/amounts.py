"""Amounts: a number of pods, or a percentage of them.

Source: Kubernetes API reference, "IntOrString".
"""

import re
from collections.abc import Iterator

from fairway.kinds.rules.values import NON_NEGATIVE
from fairway.objects.errors import Problem, invalid_value

Amount = int | str

_is_percent = re.compile("([0-9]+)%").fullmatch
_NOT_A_PERCENT = (
    "a valid percent string must be a numeric string followed by an ending '%'"
    " (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"
)


def amount(path: str, value: Amount) -> Iterator[Problem]:
    """A count from 0, or a percentage."""
    if isinstance(value, str):
        if not _is_percent(value):
            yield invalid_value(path, value, _NOT_A_PERCENT)
    elif value < 0:
        yield invalid_value(path, value, NON_NEGATIVE)


def at_most_all(path: str, value: Amount) -> Iterator[Problem]:
    """A percentage up to 100; counts have no such limit."""
    if isinstance(value, str) and number(value) > 100:
        yield invalid_value(path, value, "must not be greater than 100%")


def number(value: Amount) -> int:
    """The number of a count or percentage; 0 for one that is malformed."""
    if isinstance(value, int):
        return value
    found = _is_percent(value)
    return int(found[1]) if found else 0
