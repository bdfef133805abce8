"""Strategic merge patch: a merge patch that knows from the schema which lists are merged, and by which key.

Shape: ``apply(document, patch, api_version, kind)`` changes the caller's own document and returns it; the patch is left
as it is.  Kinds that are not built in have no merge keys: their lists are replaced.
Rules for those who change it, which are upstream's, in what they accept too:
1. ``$patch: replace`` or ``delete`` in a map stands for the whole map; in an item of a list, see ``lists``.
2. ``$retainKeys`` first removes what it does not name, if the patch names nothing else.
3. ``$setElementOrder/field`` merges that field and orders it; see ``lists``.
4. Every other field: null removes; maps merge unless their strategy is ``replace``; lists merge only if their strategy
   is ``merge``; ``$deleteFromPrimitiveList/field`` removes scalars, and does nothing where there is no list.
What is put in where nothing was, or a value of another type, loses its nulls and whatever in it carries ``$patch``.
What replaces a value of the same type, and new items of merged lists, stay as they are.
Source: Kubernetes docs, "Update API Objects in Place Using kubectl patch"; the design note "strategic-merge-patch".
"""

from collections.abc import Callable
from typing import Any

from fairway.objects import Object, schema
from fairway.objects.errors import bad_request
from fairway.objects.patches import lists
from fairway.objects.patches.lists import DIRECTIVE, LIST, MERGE, REPLACE, failure, unknown_directive, wrong_type
from fairway.objects.patches.values import copied, without_nulls
from fairway.objects.schema import Type
from fairway.objects.strict.go_text import value_name

RETAIN_KEYS = "$retainKeys"
SET_ORDER = "$setElementOrder/"
DELETE_FROM = "$deleteFromPrimitiveList/"
_NOTHING = object()


def apply(document: Object, patch: Any, api_version: str, kind: str) -> Object:
    """The document with ``patch`` merged into it.  Raises: ``StatusError`` 400, 422 or 500, as upstream."""
    if patch is None:
        return document
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
                return {name: copied(value) for name, value in patch.items() if name != DIRECTIVE}
            case "delete":
                return {}
            case unknown:
                raise unknown_directive(unknown, patch)
    original = _retained(original, patch)
    done = _ordered_lists(original, patch, type_)
    for name, value in patch.items():
        if name in done or name == RETAIN_KEYS:
            continue
        if name.startswith(DELETE_FROM[:-1]):
            _merge_field(original, _named(name, DELETE_FROM, "primitive"), value, type_, deletes=True)
        else:
            _merge_field(original, name, value, type_)
    return original


def _named(directive: str, prefix: str, what: str) -> str:
    """The field that a directive is about."""
    if not directive.startswith(prefix):
        raise bad_request(f"invalid patch format of {what} list")
    return directive.removeprefix(prefix)


def _merge_field(original: Object, name: str, value: Any, type_: Type | None, *, deletes: bool = False) -> None:
    found = original.get(name, _NOTHING)
    if value is None:
        original.pop(name, None)
    elif type(found) is not type(value):
        if not deletes and (fresh := _plain(without_nulls(value))) is not _NOTHING:
            original[name] = fresh
        elif not deletes:
            original.pop(name, None)
    elif isinstance(found, dict):
        inner = _known_type(type_, name)
        original[name] = copied(value) if strategy(inner) == REPLACE else _merge_map(found, value, inner)
    elif isinstance(found, list):
        original[name] = _merge_list(found, value, _known_type(type_, name), deletes=deletes)
    else:
        original[name] = value


def _plain(value: Any) -> Any:
    """A copy without whatever carries ``$patch``; ``_NOTHING`` if that is all of it."""
    if isinstance(value, dict):
        if DIRECTIVE in value:
            return _NOTHING
        kept = {name: _plain(inner) for name, inner in value.items()}
        return {name: inner for name, inner in kept.items() if inner is not _NOTHING}
    if isinstance(value, list):
        return [inner for inner in map(_plain, value) if inner is not _NOTHING]
    return value


def _known_type(type_: Type | None, name: str) -> Type | None:
    """The type of a field that the schema must know.  Raises: ``StatusError`` 500."""
    if type_ is None:
        return None
    if type_.form != schema.DEFINED:
        form = "slice" if type_.form == schema.LIST else "map"
        raise failure(f"merging an object in json but data type is not struct, instead is: {form}")
    found = schema.definition(type_.place)
    inner = (found.fields or {}).get(name)
    if inner is None:
        raise failure(f'unable to find api field in struct {found.short_name} for the json field "{name}"')
    return inner


def _merge_list(found: list[Any], value: list[Any], type_: Type | None, *, deletes: bool = False) -> list[Any]:
    if type_ is None or (strategy(type_) != MERGE and not deletes):
        return copied(value)  # type: ignore[no-any-return]
    return lists.merge(found, value, type_.patch_merge_key, _item_merger(type_.item), deletes=deletes)


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
    directives = (RETAIN_KEYS, SET_ORDER[:-1], DELETE_FROM[:-1])
    if any(name not in names for name, value in patch.items() if value is not None and not name.startswith(directives)):
        raise bad_request("invalid patch format of retainKeys")
    return {name: value for name, value in original.items() if name in names}


def _ordered_lists(original: Object, patch: Object, type_: Type | None) -> set[str]:
    """``$setElementOrder``: merge and order these lists; the names that need nothing more, directives included."""
    done = set()
    for directive, order in patch.items():
        if not directive.startswith(SET_ORDER[:-1]):
            continue
        done.add(directive)
        if not isinstance(order, list):
            raise wrong_type(LIST, order)
        name = _named(directive, SET_ORDER, "setElementOrder")
        for value in (each[name] for each in (original, patch) if name in each):
            if not isinstance(value, list):
                raise wrong_type(LIST, value)
        if _order_list(original, name, patch.get(name, _NOTHING), order, _known_type(type_, name)):
            done.add(name)
    return done


def _order_list(original: Object, name: str, value: Any, order: list[Any], type_: Type | None) -> bool:
    """Merge and order one list; whether there was one."""
    if type_ is not None and type_.form != schema.LIST:
        raise failure("expected slice or array type, but got: struct")
    key = type_.patch_merge_key if type_ else ""
    lists.check_order([] if value is _NOTHING else value, order, key)
    if name not in original and value is _NOTHING:
        return False
    found: list[Any] = original.get(name, [])
    if value is _NOTHING:
        merged, value = found, []
    elif name not in original:
        merged = _plain(value)
    else:
        merged = _merge_list(list(found), value, type_)
        if key and strategy(type_) == MERGE:
            found = lists.overwritten(found, value, key)
    lists.item_type(found, value)
    original[name] = lists.in_order(merged, order, found, key)
    return True
