"""Ages: lengths of time as Kubernetes' tables show them.

Rules for those who change it: no imports here, since commands that must be quick pay for them.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400
YEAR_DAYS = 365


def duration(seconds: float) -> str:
    """A length of time as kubectl shows it, at most two units: ``5s``, ``2m10s``, ``3h5m``, ``2d3h``, ``2y30d``."""
    whole = int(seconds)
    if whole < 0:
        return "<invalid>" if whole < -1 else "0s"
    minutes, hours, days = whole // MINUTE_S, whole // HOUR_S, whole // DAY_S
    if whole < 2 * MINUTE_S:
        return f"{whole}s"
    if minutes < 10:
        return _two(minutes, "m", whole % MINUTE_S, "s")
    if hours < 3:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    return _days(days, hours)


def _days(days: int, hours: int) -> str:
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 2 * YEAR_DAYS:
        return f"{days}d"
    if days < 8 * YEAR_DAYS:
        return _two(days // YEAR_DAYS, "y", days % YEAR_DAYS, "d")
    return f"{days // YEAR_DAYS}y"


def _two(first: int, first_unit: str, second: int, second_unit: str) -> str:
    return f"{first}{first_unit}{second}{second_unit}" if second else f"{first}{first_unit}"


def age(stamp: str | None, now_s: float) -> str:
    """The time since ``stamp``, or ``<unknown>`` without one."""
    if not stamp:
        return "<unknown>"
    from datetime import datetime

    return duration(now_s - datetime.fromisoformat(stamp).timestamp())


def event_age(event: "Mapping[str, Any]", now_s: float) -> str:
    """``5m``, or ``5m (x22 over 1h)`` of what has happened more than once; as descriptions and ``events`` show it."""
    first = age(event.get("eventTime") or event.get("firstTimestamp"), now_s)
    series, count = event.get("series"), event.get("count") or 0
    if series:
        return f"{age(series.get('lastObservedTime'), now_s)} (x{series.get('count', 0)} over {first})"
    return f"{age(event.get('lastTimestamp'), now_s)} (x{count} over {first})" if count > 1 else first
