"""Shapes: compiled types that accept exactly the bodies that need no cleaning, made from the schema when first needed.

Shape: ``fits(body, api_version, kind)``.  A body that is refused here is not wrong yet: it may hold nulls, amounts or
times that are not in canonical form, and is then walked slowly.  Source: msgspec's docs, "Structs", "Constraints".
"""

from functools import lru_cache
from typing import Annotated, Any

import msgspec

from fairway.objects import Object, schema
from fairway.objects.schema import Definition, Type

_OBJECT_META = "ObjectMeta"
_MICRO_TIME = "MicroTime"
# Only days that exist in every year: the 29th of February is left to the slow walk.
_DAY = r"((0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])|(0[13-9]|1[0-2])-(29|30)|(0[13578]|1[02])-31)"
_MOMENT = rf"^[12][0-9]{{3}}-{_DAY}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"
_TIME = Annotated[str, msgspec.Meta(pattern=rf"{_MOMENT}Z\Z")]
_MICROS = Annotated[str, msgspec.Meta(pattern=rf"{_MOMENT}\.[0-9]{{6}}Z\Z")]
# Three digits cannot be shortened by a larger suffix, whatever the suffix.
_QUANTITY = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,2}(m|k|M|G|Ki|Mi|Gi|Ti)?)\Z")]
_SCALARS: dict[str, Any] = {
    schema.STRING: str,
    schema.BOOLEAN: bool,
    schema.INT32: Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)],
    schema.INT64: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    schema.NUMBER: float,
    schema.BYTES: bytes,
    schema.TIME: _TIME,
    schema.OBJECT: dict[str, Any],
    schema.QUANTITY: _QUANTITY,
    schema.INT_OR_STRING: Annotated[int, msgspec.Meta(ge=-(2**31), lt=2**31)] | str,
    schema.ANYTHING: Any,
}


class _Recursive(Exception):
    """A definition that contains itself (JSONSchemaProps) is left to the slow walk."""


def fits(body: Object, api_version: str, kind: str) -> bool:
    """Whether ``body`` holds only known fields of the right types, in canonical form, and no null.

    Go clients send ``creationTimestamp: null`` with every new object; that one null is taken away here.
    """
    shape = _shape(api_version, kind)
    if shape is None:
        return False
    try:
        msgspec.convert(body, shape)
    except msgspec.ValidationError:
        return False
    metadata = body.get("metadata")
    if metadata and metadata.get("creationTimestamp", "") is None:
        del metadata["creationTimestamp"]
    return True


@lru_cache(None)
def _shape(api_version: str, kind: str) -> Any:
    place = schema.place_of(api_version, kind)
    if place is None:
        return None
    try:
        return _Shapes().top(schema.definition(place))
    except _Recursive:
        return None


_known: dict[int, Any] = {}


class _Shapes:
    """Makes the types below one definition; types once made are shared by all kinds."""

    def __init__(self) -> None:
        self._open: set[int] = set()

    def top(self, found: Definition) -> Any:
        """A kind's own type, whose metadata may hold the one null."""
        fields = [
            (name, self._top_metadata(type_) if name == "metadata" else self._of(type_))
            for name, type_ in (found.fields or {}).items()
        ]
        return _struct(found, fields)

    def _top_metadata(self, type_: Type) -> Any:
        found = schema.definition(type_.place)
        if found.short_name != _OBJECT_META:
            return self._of(type_)
        return _struct(
            found,
            [
                (name, _TIME | None if name == "creationTimestamp" else self._of(inner))
                for name, inner in (found.fields or {}).items()
            ],
        )

    def _of(self, type_: Type) -> Any:
        if type_.form == schema.LIST and type_.item:
            return list[self._of(type_.item)]  # type: ignore[misc]
        if type_.form == schema.MAP and type_.item:
            return dict[str, self._of(type_.item)]  # type: ignore[misc]
        return self._defined(type_.place) if type_.form == schema.DEFINED else _SCALARS[type_.form]

    def _defined(self, place: int) -> Any:
        if place in _known:
            return _known[place]
        if place in self._open:
            raise _Recursive
        self._open.add(place)
        found = schema.definition(place)
        if found.type:
            made = _MICROS if found.short_name == _MICRO_TIME else self._of(found.type)
        else:
            made = _struct(found, [(name, self._of(inner)) for name, inner in (found.fields or {}).items()])
        self._open.discard(place)
        _known[place] = made
        return made


def _struct(found: Definition, fields: list[tuple[str, Any]]) -> Any:
    """A struct of optional fields.  They are numbered, since not every field's name (``$ref``) is one in Python."""
    return msgspec.defstruct(
        found.short_name,
        [(f"field{number}", type_, None) for number, (_, type_) in enumerate(fields)],
        rename={f"field{number}": name for number, (name, _) in enumerate(fields)},
        forbid_unknown_fields=True,
        gc=False,
    )
