"""Table cells that many kinds show alike: ages, label maps, selectors, lists.

Source: Kubernetes API concepts, "Receiving resources as Tables"; the printed forms of kubectl 1.36.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from fairway.kinds.kind import Column
from fairway.objects import Object

NONE = "<none>"
UNKNOWN = "<unknown>"


def duration(seconds: float) -> str:
    """A length of time as kubectl prints ages: two units at most, coarser the longer it is."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    minutes, hours = whole // 60, whole // 3600
    if whole < 120:
        return f"{max(whole, 0)}s"
    if minutes < 10:
        return _two(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _two(hours, "h", minutes % 60, "m")
    return _days(hours)


def _days(hours: int) -> str:
    days = hours // 24
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _two(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 2920:
        return _two(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _two(first: int, first_unit: str, second: int, second_unit: str) -> str:
    return f"{first}{first_unit}{second}{second_unit}" if second else f"{first}{first_unit}"


def since(timestamp: str | None, now: float) -> str:
    """How long ago an RFC 3339 time was."""
    if not timestamp:
        return UNKNOWN
    return duration(now - datetime.fromisoformat(timestamp).timestamp())


def age(shown: Object, now: float) -> str:
    """How long ago the object was created."""
    return since(shown["metadata"].get("creationTimestamp"), now)


AGE = Column("Age", age)


def labels(found: Mapping[str, str] | None) -> str:
    """``a=b,c=d`` by key, or ``<none>``."""
    return ",".join(f"{key}={found[key]}" for key in sorted(found)) if found else NONE


def selector(found: Object | None) -> str:
    """A LabelSelector as text: ``a=b,c in (d,e),!f``; ``<none>`` if absent or empty."""
    if not found:
        return NONE
    parts = [(key, f"{key}={value}") for key, value in (found.get("matchLabels") or {}).items()]
    parts += [(each["key"], _requirement(each)) for each in found.get("matchExpressions") or ()]
    return ",".join(text for _, text in sorted(parts, key=lambda part: part[0])) or NONE


def _requirement(requirement: Object) -> str:
    key, operator = requirement["key"], requirement["operator"]
    if operator == "Exists":
        return str(key)
    if operator == "DoesNotExist":
        return f"!{key}"
    values = ",".join(sorted(requirement.get("values") or ()))
    return f"{key} {operator.lower()} ({values})"


def limited(values: Iterable[str], limit: int = 3) -> str:
    """The first few values and how many more there are."""
    shown = list(values)
    rest = len(shown) - limit
    return ",".join(shown[:limit]) + (f" + {rest} more..." if rest > 0 else "")


def at(*path: str, absent: Any = "") -> Callable[[Object, float], Any]:
    """A cell that is one field of the object."""

    def cell(shown: Object, _now: float) -> Any:
        found: Any = shown
        for name in path:
            found = found.get(name) if found else None
        return absent if found is None else found

    return cell


def count(*path: str) -> Callable[[Object, float], Any]:
    """A cell that is a number, 0 if absent."""
    return at(*path, absent=0)
