"""Strategic merge patch: a merge patch that knows from the schema which lists are merged, and by which key.

Shape: ``apply(document, patch, api_version, kind)`` changes the caller's own document and returns it; the patch is left
as it is.  Kinds that are not built in have no merge keys: their lists are replaced.
Rules for those who change it, which are upstream's:
1. ``$retainKeys`` first removes what it does not name, if the patch names nothing else.
2. ``$setElementOrder/field`` merges that field and orders it; see ``lists``.
3. Every other field: null removes; maps merge unless their strategy is ``replace``; lists merge only if their strategy
   is ``merge``; ``$deleteFromPrimitiveList/field`` removes scalars.
4. ``$patch: replace`` or ``delete`` in a map stands for the whole map; in an item of a list, see ``lists``.
What is put in where nothing was loses its directives and nulls.
Source: Kubernetes docs, "Update API Objects in Place Using kubectl patch"; the design note "strategic-merge-patch".
"""

from collections.abc import Callable
from typing import Any

from fairway.objects import Object, schema
from fairway.objects.errors import StatusError, bad_request
from fairway.objects.patches import lists
from fairway.objects.patches.json_patch import rejected
from fairway.objects.patches.lists import DIRECTIVE, MERGE, REPLACE, inserted
from fairway.objects.schema import Type
from fairway.objects.strict.go_text import value_name

RETAIN_KEYS = "$retainKeys"
SET_ORDER = "$setElementOrder/"
DELETE_FROM = "$deleteFromPrimitiveList/"


def apply(document: Object, patch: Any, api_version: str, kind: str) -> Object:
    """The document with ``patch`` merged into it.  Raises: ``StatusError`` 400, 422 or 500, as upstream."""
    if not isinstance(patch, dict):
        raise bad_request(f"json: cannot unmarshal {value_name(patch)} into Go value of type map[string]interface {{}}")
    place = schema.place_of(api_version, kind)
    return _merge_map(document, patch, None if place is None else Type(schema.DEFINED, None, place))


def field_type(type_: Type | None, name: str) -> Type | None:
    """The type of one field below ``type_``, where the schema knows it."""
    if type_ is None:
        return None
    if type_.form == schema.MAP:
        return type_.item
    if type_.form != schema.DEFINED:
        return None
    return (schema.definition(type_.place).fields or {}).get(name)


def strategy(type_: Type | None) -> str:
    """How a field of that type is patched: ``merge``, ``replace`` or empty."""
    strategies = [found for found in (type_.patch_strategies if type_ else ()) if found != "retainKeys"]
    return strategies[0] if strategies else ""


def _merge_map(original: Object, patch: Object, type_: Type | None) -> Object:
    if DIRECTIVE in patch:
        match patch[DIRECTIVE]:
            case "replace":
                replaced: Object = inserted(patch, is_top=True)
                return replaced
            case "delete":
                return {}
            case unknown if unknown != MERGE:
                raise _failure(f"unknown patch type: {unknown} in map: {lists.shown(patch)}")
    original = _retained(original, patch)
    done = _ordered_lists(original, patch, type_)
    for name, value in patch.items():
        if name in done or name in (DIRECTIVE, RETAIN_KEYS) or name.startswith(SET_ORDER):
            continue
        if name.startswith(DELETE_FROM):
            _delete_scalars(original, name.removeprefix(DELETE_FROM), value)
        elif value is None:
            original.pop(name, None)
        else:
            _merge_field(original, name, value, field_type(type_, name))
    return original


def _merge_field(original: Object, name: str, value: Any, type_: Type | None) -> None:
    found = original.get(name)
    if isinstance(found, dict) and isinstance(value, dict) and strategy(type_) != REPLACE:
        original[name] = _merge_map(found, value, type_)
    elif isinstance(found, list) and isinstance(value, list):
        original[name] = _merge_list(found, value, type_)
    else:
        original[name] = inserted(value)


def _merge_list(found: list[Any], value: list[Any], type_: Type | None) -> list[Any]:
    if type_ is None or strategy(type_) != MERGE:
        return inserted(value)  # type: ignore[no-any-return]
    return lists.merge(found, value, type_.patch_merge_key, _item_merger(type_.item))


def _item_merger(type_: Type | None) -> Callable[[Object, Object], Object]:
    return lambda original, patch: _merge_map(original, patch, type_)


def _retained(original: Object, patch: Object) -> Object:
    """``$retainKeys``: only the fields named stay; the patch may set no other."""
    if RETAIN_KEYS not in patch:
        return original
    retained = patch[RETAIN_KEYS]
    if not isinstance(retained, list):
        raise bad_request("invalid patch format of retainKeys")
    names = {name for name in retained if isinstance(name, str)}
    if any(name not in names for name, value in patch.items() if value is not None and not name.startswith("$")):
        raise bad_request("invalid patch format of retainKeys")
    return {name: value for name, value in original.items() if name in names}


def _ordered_lists(original: Object, patch: Object, type_: Type | None) -> set[str]:
    """``$setElementOrder``: merge and order these lists; the names of fields that need nothing more."""
    done = set()
    for directive, order in patch.items():
        if not directive.startswith(SET_ORDER):
            continue
        name = directive.removeprefix(SET_ORDER)
        if not isinstance(order, list):
            raise bad_request("invalid patch format of setElementOrder list")
        found, value = original.get(name), patch.get(name)
        if (name in patch and not isinstance(value, list)) or not isinstance(found or [], list):
            raise bad_request("invalid patch format of setElementOrder list")
        if found is None and value is None:
            continue
        item_type = field_type(type_, name)
        merged = found or []
        if value is not None:
            merged = inserted(value) if found is None else _merge_list(list(found), value, item_type)
        key = item_type.patch_merge_key if item_type else ""
        original[name] = lists.ordered(merged, order, found or [], key)
        done.add(name)
    return done


def _delete_scalars(original: Object, name: str, unwanted: Any) -> None:
    if not isinstance(unwanted, list):
        raise bad_request("invalid patch format of primitive list")
    if isinstance(found := original.get(name), list):
        if any(isinstance(item, dict | list) for item in (*found, *unwanted)):
            raise rejected()
        original[name] = [item for item in found if item not in unwanted]


def _failure(message: str) -> StatusError:
    """500 without a reason: upstream knows no better answer to these, and clients see this text."""
    return StatusError(500, "", message)
