"""Definitions: the schema table as JSON schemas, in the dialects of OpenAPI 2 and 3.

Shape: ``definitions(entries, dialect)`` is a mapping of names to schemas, with all that they refer to.
Rules for those who change it: kubectl 1.24 and older checks objects against these, newer ones merge by the
``x-kubernetes-*`` keys and print them as ``explain``.
Source: Kubernetes docs, "OpenAPI V2", "OpenAPI V3"; Swagger 2.0 and OpenAPI 3.0, "Schema Object".
"""

from collections.abc import Iterable, Sequence
from typing import Any

from fairway.apiserver.discovery import Entry, group_version
from fairway.apiserver.openapi import custom, enums, older, own
from fairway.apiserver.openapi.descriptions import of_definition, of_field
from fairway.apiserver.openapi.dialect import Dialect, of_kind, of_kinds
from fairway.apiserver.openapi.operations import DELETE_OPTIONS, META, PATCH, STATUS, WATCH_EVENT, definition_name
from fairway.objects import Object, schema
from fairway.objects.schema import Definition, Type

Triple = tuple[str, str, str]
_ALWAYS = (STATUS, PATCH, DELETE_OPTIONS, WATCH_EVENT, f"{META}APIResourceList")
_SCALARS: dict[str, Object] = {
    schema.STRING: {"type": "string"},
    schema.BOOLEAN: {"type": "boolean"},
    schema.INT32: {"type": "integer", "format": "int32"},
    schema.INT64: {"type": "integer", "format": "int64"},
    schema.NUMBER: {"type": "number", "format": "double"},
    schema.BYTES: {"type": "string", "format": "byte"},
    schema.TIME: {"type": "string", "format": "date-time"},
    schema.OBJECT: {"type": "object"},
    schema.ANYTHING: {},
}
_ZEROS: dict[str, Any] = {schema.STRING: "", schema.BOOLEAN: False, schema.INT32: 0, schema.INT64: 0, schema.NUMBER: 0}


def definitions(entries: Sequence[Entry], dialect: Dialect) -> dict[str, Object]:
    """Every definition that documents of these kinds need, in order of name."""
    places = {schema.place_named(name) for name in (*_ALWAYS, *custom.NEEDED)}
    found: dict[str, Object] = {}
    kinds = _kinds(entries)
    for triple in kinds:
        if (place := schema.place_of(group_version(triple[0], triple[1]), triple[2])) is not None:
            places.add(place)
    for place in schema.closure(places):
        definition = schema.definition(place)
        found[definition.name] = _schema(definition, dialect)
    for (group, version, kind), name in kinds.items():
        if schema.place_of(group_version(group, version), kind) is None:
            found[name] = {"type": "object"} | own.described(kind) | of_kind(group, version, kind)
    found |= custom.definitions(entries, dialect)
    for entry in entries:
        if _own_name(entry) not in found:
            found |= older.definitions(entry, found, dialect)
    for entry in entries:
        listed = found.get(definition_name(entry.group, entry.version, entry.kind.list_name), {})
        if "properties" in listed:
            listed["properties"]["items"]["description"] = f"List of {entry.kind.plural}"
    return dict(sorted(found.items()))


def needed_by(names: Iterable[str], dialect: Dialect) -> dict[str, Object]:
    """The definitions of these names, with all that they refer to."""
    found = (schema.definition(place) for place in schema.closure({schema.place_named(name) for name in names}))
    return {definition.name: _schema(definition, dialect) for definition in found}


def _own_name(entry: Entry) -> str:
    return definition_name(entry.group, entry.version, entry.kind.name)


def _kinds(entries: Iterable[Entry]) -> dict[Triple, str]:
    """The kinds of all bodies: objects, lists, and what subresources take."""
    found: dict[Triple, str] = {}
    for entry in entries:
        triples = [(entry.group, entry.version, entry.kind.name)]
        if "list" in entry.kind.verbs:
            triples.append((entry.group, entry.version, entry.kind.list_name))
        triples += [(below.group, below.version, below.kind) for below in entry.kind.subresources if below.version]
        found |= {triple: definition_name(*triple) for triple in triples}
    return found


def _schema(definition: Definition, dialect: Dialect) -> Object:
    shown: Object
    if definition.type is not None:
        shown = _field(definition.type, dialect)
    else:
        shown = {"type": "object"}
        shown["properties"] = {
            name: _described(
                _worded(_defaulted(definition, name, type_, dialect), enums.words(definition.name, name)),
                of_field(definition.name, name, is_object=bool(definition.kinds)),
            )
            for name, type_ in (definition.fields or {}).items()
        }
        if definition.required:
            shown["required"] = list(definition.required)
    if definition.map_type:
        shown["x-kubernetes-map-type"] = definition.map_type
    if definition.unions:
        shown["x-kubernetes-unions"] = list(definition.unions)
    if definition.kinds:
        shown |= of_kinds(definition.kinds)
    return _described(shown, of_definition(definition.name))


def _described(shown: Object, text: str) -> Object:
    return {"description": text, **shown} if text else shown


def _defaulted(definition: Definition, name: str, type_: Type, dialect: Dialect) -> Object:
    """The schema of a field, with its default where it is known."""
    shown = _field(type_, dialect)
    if not dialect.tells_defaults:
        return shown
    if type_.form == schema.DEFINED:
        is_part = name == "metadata" or (name in ("spec", "status") and bool(definition.kinds))
        return {"default": {}, **shown} if is_part else shown
    default = enums.default(definition.name, name)
    if default is None and name in definition.required:
        default = _ZEROS.get(type_.form)
    return shown if default is None else {"default": default, **shown}


def _worded(shown: Object, words: enums.Words) -> Object:
    """The same where only some words may be said."""
    if not words:
        return shown
    if "items" in shown:
        return {**shown, "items": {**shown["items"], "enum": list(words)}}
    return {**shown, "enum": list(words)}


def _field(type_: Type, dialect: Dialect) -> Object:
    """One field's schema."""
    match type_.form:
        case schema.QUANTITY:
            return dict(dialect.quantity)
        case schema.INT_OR_STRING:
            return dict(dialect.int_or_string)
        case schema.DEFINED:
            shown = dialect.field(schema.definition(type_.place).name)
        case schema.LIST:
            shown = {"type": "array", "items": _inner(type_, dialect)}
        case schema.MAP:
            shown = {"type": "object", "additionalProperties": _inner(type_, dialect)}
        case _:
            shown = dict(_SCALARS[type_.form])
    return shown | _extensions(type_)


def _inner(type_: Type, dialect: Dialect) -> Object:
    item = type_.item or Type(schema.ANYTHING)
    shown = _field(item, dialect)
    zero = {} if item.form == schema.DEFINED else _ZEROS.get(item.form)
    return {"default": zero, **shown} if dialect.tells_defaults and zero is not None else shown


def _extensions(type_: Type) -> Object:
    found: dict[str, Any] = {
        "x-kubernetes-list-map-keys": list(type_.list_map_keys),
        "x-kubernetes-list-type": type_.list_type,
        "x-kubernetes-map-type": type_.map_type,
        "x-kubernetes-patch-merge-key": type_.patch_merge_key,
        "x-kubernetes-patch-strategy": ",".join(type_.patch_strategies),
    }
    return {name: value for name, value in found.items() if value}
