"""Overrides: what ``--overrides`` lays over an object that a generator made.

Unknown fields are dropped, as by a program that knows the type.
"""

from fairway.cli.failure import Failure
from fairway.objects import Object, schema
from fairway.objects.errors import StatusError
from fairway.objects.patches import apply
from fairway.objects.patches.values import copied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairway.objects.schema import Type

_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
}
_WRONG = {"json": "json: cannot unmarshal object into Go value of type jsonpatch.Patch", "merge": "Invalid JSON Patch"}


def overridden(made: Object, text: str, kind_of_patch: str) -> Object:
    """The object with ``text`` laid over it.  Raises: ``Failure``."""
    import json

    if kind_of_patch not in _TYPES:
        raise Failure(f"invalid override type: {kind_of_patch}")
    try:
        patch = json.loads(text)
        after = apply(
            _TYPES[kind_of_patch], copied(made), patch, api_version=made["apiVersion"], kind=made["kind"]
        )  # fmt: skip
    except (ValueError, StatusError) as error:
        raise Failure(_WRONG.get(kind_of_patch, str(error))) from None
    place = schema.place_of(after.get("apiVersion", ""), after.get("kind", ""))
    if place is None:
        return after
    from fairway.cli.writing.declared_order import ordered

    known: Object = ordered(_known(after, schema.Type(schema.DEFINED, None, place)))
    return known


def _known(value: "Any", type_: "Type | None") -> "Any":
    """``value`` without fields that its type has not."""
    if type_ is None:
        return value
    if isinstance(value, list):
        return [_known(item, type_.item) for item in value]
    if not isinstance(value, dict):
        return value
    if type_.form == schema.MAP:
        return {name: _known(inner, type_.item) for name, inner in value.items()}
    fields = schema.definition(type_.place).fields if type_.form == schema.DEFINED else None
    if fields is None:
        return value
    return {name: _known(inner, fields[name]) for name, inner in value.items() if name in fields}
