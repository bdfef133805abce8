"""Table: the form in which ``kubectl get`` asks for objects: columns described once, one row of cells per object.

Shape: columns are records such as ``kinds.Column``; ``now_s`` is the time in Unix seconds.
Source: Kubernetes API concepts, "Receiving resources as Tables".
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, Protocol

from fairway.objects import Object
from fairway.objects.ages import age
from fairway.objects.errors import bad_request

Include = Literal["None", "Metadata", "Object"]
API_VERSION = "meta.k8s.io/v1"


class Column(Protocol):
    """What a table must know of one column; ``cell`` gets the object and the time."""

    @property
    def name(self) -> str:
        """The heading."""

    @property
    def cell(self) -> Callable[[Object, float], Any]:
        """From the object and the time to a string, a number or a boolean."""

    @property
    def type(self) -> str:
        """As in OpenAPI: string, integer, number, boolean, date."""

    @property
    def format(self) -> str:
        """As in OpenAPI, ``name`` for the column that names the object; may be empty."""

    @property
    def priority(self) -> int:
        """0: always shown; above: only in wide output."""

    @property
    def description(self) -> str:
        """What the column says."""


_NAME: Object = {
    "name": "Name", "type": "string", "format": "name",
    "description": "The object's name, unique within its namespace.", "priority": 0,
}  # fmt: skip


def object_age(found: Object, now_s: float) -> str:
    """The cell of the usual last column: how long ago the object was created."""
    return age(found["metadata"].get("creationTimestamp"), now_s)


def included(value: str) -> Include:
    """What a row shall hold beside its cells, from the query's ``includeObject``.  Raises: ``StatusError`` 400."""
    match value:
        case "":
            return "Metadata"
        case "None" | "Metadata" | "Object":
            return value
    raise bad_request(
        "Unable to convert to Table as requested: includeObject: Invalid value: "
        f"\"{value}\": must be 'Metadata', 'Object', 'None', or empty"
    )


def definitions(columns: Iterable[Column], *, leads_with_name: bool = True) -> list[Object]:
    """The head of a table: Name (not for Events), and then ``columns``."""
    described = [
        {"name": c.name, "type": c.type, "format": c.format, "description": c.description, "priority": c.priority}
        for c in columns
    ]
    return [_NAME, *described] if leads_with_name else described


def row(
    found: Object, columns: Iterable[Column], now_s: float, include: Include = "Metadata", *,
    leads_with_name: bool = True,
) -> Object:  # fmt: skip
    """One object's cells, and as much of the object as was asked for."""
    cells = [column.cell(found, now_s) for column in columns]
    if leads_with_name:
        cells.insert(0, found["metadata"]["name"])
    if include == "Object":
        return {"cells": cells, "object": found}
    if include == "None":
        return {"cells": cells, "object": None}
    return {"cells": cells, "object": partial_object(found)}


def partial_object(found: Object) -> Object:
    """Only the metadata of an object, as PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": API_VERSION, "metadata": found["metadata"]}


def build(
    columns: Sequence[Column],
    found: Iterable[Object],
    now_s: float,
    *,
    include: Include = "Metadata",
    metadata: Object | None = None,
    has_definitions: bool = True,
    leads_with_name: bool = True,
) -> Object:
    """A whole Table.  ``metadata`` is that of the list (resourceVersion, continue) or of the one object.

    ``has_definitions``: a watch describes its columns in the first event only.
    """
    return {
        "kind": "Table",
        "apiVersion": API_VERSION,
        "metadata": metadata or {},
        "columnDefinitions": definitions(columns, leads_with_name=leads_with_name) if has_definitions else None,
        "rows": [row(one, columns, now_s, include, leads_with_name=leads_with_name) for one in found],
    }
