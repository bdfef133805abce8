"""Numbers of custom objects as Go keeps them: what has no fraction is written as a whole number.

Pure.  A client that reads an integer refuses ``3.0``, whoever wrote it.
"""

from typing import Any

_MAX = 1 << 53
"""Larger floats are no integers to a schema."""


def settle(value: Any) -> Any:
    """``value`` with ``3`` for ``3.0``, below too, where it is changed in place."""
    if isinstance(value, dict):
        for name, below in value.items():
            if isinstance(below, float | dict | list):
                value[name] = settle(below)
    elif isinstance(value, list):
        for place, below in enumerate(value):
            if isinstance(below, float | dict | list):
                value[place] = settle(below)
    elif isinstance(value, float) and value.is_integer() and abs(value) < _MAX:
        return int(value)
    return value
