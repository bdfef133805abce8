"""Moments: durations as Go and OpenAPI write them.

Pure.
"""

import re

_UNIT_S = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0,
           "d": 86400.0, "w": 604800.0}  # fmt: skip
_PART = re.compile(r"(\d+(?:\.\d*)?)\s*(ns|us|µs|μs|ms|s|m|h|d|w)")


def span(text: str) -> float:
    """The seconds that ``1h30m`` means."""
    total_s = sum(float(count) * _UNIT_S[unit] for count, unit in _PART.findall(text))
    return -total_s if text.startswith("-") else total_s
