"""Table cells that many kinds show alike: ages, label maps, selectors, lists, fields.

Source: Kubernetes API concepts, "Receiving resources as Tables"; the printed forms of kubectl 1.36.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fairway.kinds.kind import Column
from fairway.objects import Object
from fairway.objects.labels import from_label_selector
from fairway.objects.table import object_age

NONE = "<none>"
UNKNOWN = "<unknown>"
UNSET = "<unset>"
AGE = Column("Age", object_age)


def labels(found: Mapping[str, str] | None) -> str:
    """``a=b,c=d`` by key, or ``<none>``."""
    return ",".join(f"{key}={found[key]}" for key in sorted(found)) if found else NONE


def selector(found: Object | None) -> str:
    """A LabelSelector as text: ``a=b,c in (d,e),!f``; ``<none>`` if absent or empty."""
    return str(from_label_selector(found)) or NONE if found else NONE


def limited(shown: Iterable[str], limit: int = 3) -> str:
    """The first few values and how many more there are."""
    values = list(shown)
    rest = len(values) - limit
    return ",".join(values[:limit]) + (f" + {rest} more..." if rest > 0 else "")


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


def field(*path: str) -> Callable[[Object], str]:
    """The text of one field for a field selector: ``true`` and ``false`` for booleans, empty if absent."""

    def read(shown: Object) -> str:
        found: Any = shown
        for name in path:
            found = found.get(name) if found else None
        if isinstance(found, bool):
            return "true" if found else "false"
        return "" if found is None else str(found)

    return read


def _containers(owner: Object, name: str) -> str:
    template = owner["spec"].get("template") or {}
    return ",".join(each.get(name) or "" for each in (template.get("spec") or {}).get("containers") or ())


def workload(show_selector: Callable[[Any], str]) -> tuple[Column, ...]:
    """The columns that every owner of pods shows with ``-o wide``."""
    return (
        Column("Containers", lambda owner, _: _containers(owner, "name"), priority=1),
        Column("Images", lambda owner, _: _containers(owner, "image"), priority=1),
        Column("Selector", lambda owner, _: show_selector(owner["spec"].get("selector")), priority=1),
    )
