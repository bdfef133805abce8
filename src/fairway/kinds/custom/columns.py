"""Columns of custom kinds: what ``additionalPrinterColumns`` show.

Source: Kubernetes docs, "Additional printer columns".
"""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import orjson

from fairway.kinds.kind import Column
from fairway.objects import Object
from fairway.objects.ages import age
from fairway.objects.json_path import compiled
from fairway.objects.table import object_age

log = logging.getLogger(__name__)

_CREATED = (
    "CreationTimestamp is the time at which the server created this object; it cannot be set by clients. "
    "It is in RFC3339 form and in UTC."
)
_AGE = Column("Age", object_age, "date", description=_CREATED)


def columns(version: Object) -> tuple[Column, ...]:
    """The columns of a version; where it names none, or one that cannot be read, the age alone."""
    given = version.get("additionalPrinterColumns")
    if not given:
        return (_AGE,)
    try:
        return _columns(given)
    except ValueError as error:
        log.warning("printer columns cannot be used: %s", error)
        return (_AGE,)


def _columns(given: Sequence[Object]) -> tuple[Column, ...]:
    """Raises: ``ValueError``."""
    return tuple(
        Column(
            one["name"], _cell(one["jsonPath"], one["type"]), one["type"],
            one.get("format") or "", one.get("priority") or 0, _description(one),
        )
        for one in given
    )  # fmt: skip


def _description(column: Object) -> str:
    return column.get("description") or f"Custom resource definition column (in JSONPath format): {column['jsonPath']}"


def _cell(path: str, type_: str) -> Callable[[Object, float], Any]:
    find = compiled(path)

    def cell(found: Object, now_s: float) -> Any:
        values = find(found)
        return _shown(values[0], type_, now_s) if values else None

    return cell


def _shown(value: Any, type_: str, now_s: float) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match type_:
        case "integer":
            return int(value) if is_number else None
        case "number":
            return value if is_number else None
        case "boolean":
            return value if isinstance(value, bool) else None
        case "date":
            return _age(value, now_s) if isinstance(value, str) else None
    return value if isinstance(value, str) else _text(value)


def _text(value: Any) -> str:
    return "<nil>" if value is None else orjson.dumps(value).decode()


def _age(value: str, now_s: float) -> str:
    try:
        return age(value, now_s)
    except ValueError:
        return "<invalid>"
