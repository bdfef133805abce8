"""Three-way merge: the patch that makes a live object what is wanted, and takes away what was wanted before.

Shape: ``strategic(original, wanted, live, api_version, kind)`` gives a strategic merge patch, ``plain(original, wanted,
live)`` a merge patch; ``original`` is what was applied last (``{}`` where nothing was).  Nothing given is changed.
An empty patch means that there is nothing to do.
Rules: what ``wanted`` says and ``live`` does not is set; what ``original`` said and ``wanted`` does not is removed;
what neither says is left to others.  Lists with a merge key are compared item by item, all others as a whole.
Source: Kubernetes docs, "Declarative Management of Kubernetes Objects", "How apply calculates differences".
"""

from typing import Any, NamedTuple

from fairway.objects import Object, schema
from fairway.objects.patches.lists import DELETE, DIRECTIVE, REPLACE
from fairway.objects.patches.strategic_merge import DELETE_FROM, RETAIN_KEYS, SET_ORDER, field_type, strategy
from fairway.objects.patches.values import copied, equal
from fairway.objects.schema import Type


class _Looking(NamedTuple):
    """What a comparison is after: what is new or different, or what is gone."""

    additions: bool
    deletions: bool
    retains: bool = False
    """The map that is compared names the keys that stay, ``$retainKeys``."""


def strategic(original: Object, wanted: Object, live: Object, api_version: str, kind: str) -> Object:
    """The strategic merge patch for ``live``.  Raises: ``ValueError`` for an item without its merge key."""
    place = schema.place_of(api_version, kind)
    type_ = None if place is None else Type(schema.DEFINED, None, place)
    changes = _maps(live, wanted, type_, _Looking(additions=True, deletions=False))
    removals = _maps(original, wanted, type_, _Looking(additions=False, deletions=True))
    return _joined(removals, changes, type_)


def plain(original: Object, wanted: Object, live: Object) -> Object:
    """The merge patch for ``live``, for kinds whose lists have no keys."""
    return _overlaid(_removals(original, wanted), _changes(live, wanted))


def _changes(live: Object, wanted: Object) -> Object:
    patch: Object = {}
    for name, value in wanted.items():
        found = live.get(name)
        if name not in live:
            # A null for what is not there says nothing.
            if value is not None:
                patch[name] = copied(value)
        elif isinstance(value, dict) and isinstance(found, dict):
            if inner := _changes(found, value):
                patch[name] = inner
        elif not equal(found, value):
            patch[name] = copied(value)
    return patch


def _removals(original: Object, wanted: Object) -> Object:
    patch: Object = {}
    for name, value in original.items():
        if name not in wanted:
            patch[name] = None
        elif isinstance(value, dict) and isinstance(wanted[name], dict) and (inner := _removals(value, wanted[name])):
            patch[name] = inner
    return patch


def _overlaid(patch: Object, more: Object) -> Object:
    for name, value in more.items():
        both = isinstance(value, dict) and isinstance(patch.get(name), dict)
        patch[name] = _overlaid(patch[name], value) if both else value
    return patch


def _maps(old: Object, new: Object, type_: Type | None, looking: _Looking) -> Object:
    """The patch from one map to another, as far as ``looking`` goes."""
    patch: Object = {}
    for name, value in new.items():
        if name not in old or not _same_form(old[name], value):
            if looking.additions:
                patch[name] = copied(value)
        else:
            _field(patch, name, old[name], value, field_type(type_, name), looking)
    if looking.deletions:
        patch.update({name: None for name in old if name not in new})
    if looking.retains and (patch or any(name not in new for name in old)):
        patch[RETAIN_KEYS] = sorted(name for name, value in new.items() if value is not None)
    return patch


def _same_form(one: Any, other: Any) -> bool:
    for form in (dict, list, str, bool):
        if isinstance(one, form) or isinstance(other, form):
            return isinstance(one, form) and isinstance(other, form)
    return (one is None) == (other is None)


def _field(patch: Object, name: str, old: Any, new: Any, type_: Type | None, looking: _Looking) -> None:
    looking = looking._replace(retains="retainKeys" in (type_.patch_strategies if type_ else ()))
    if isinstance(new, dict):
        if strategy(type_) == REPLACE:
            if looking.additions and not equal(old, new):
                patch[name] = copied(new)
        elif inner := _maps(old, new, type_, looking):
            patch[name] = inner
    elif isinstance(new, list) and strategy(type_) == "merge" and type_ is not None:
        _list(patch, name, old, new, type_, looking)
    elif looking.additions and not equal(old, new):
        patch[name] = copied(new)


def _list(patch: Object, name: str, old: list[Any], new: list[Any], type_: Type, looking: _Looking) -> None:
    """One list whose items have names, or are theirs: what is in ``new``, what is to go, and in which order."""
    if not old:
        if new and looking.additions:
            patch[name] = copied(new)
        return
    if all(isinstance(item, dict) for item in (*old, *new)):
        _keyed(patch, name, old, new, type_, looking)
        return
    added = [item for item in new if item not in old] if looking.additions else []
    gone = [item for place, item in enumerate(old) if item not in new and item not in old[:place]]
    gone = sorted(gone, key=str) if looking.deletions else []
    if added:
        patch[name] = added
    if gone:
        patch[DELETE_FROM + name] = gone
    if new and (gone or (looking.additions and not equal(old, new))):
        patch[SET_ORDER + name] = list(new)


def _keyed(patch: Object, name: str, old: list[Object], new: list[Object], type_: Type, looking: _Looking) -> None:
    key = type_.patch_merge_key
    for item in (*old, *new):
        if key not in item:
            raise ValueError(f"map: {item} does not contain declared merge key: {key}")
    items = _items(old, new, type_, looking)
    is_moved = looking.additions and [item[key] for item in old] != [item[key] for item in new]
    if items:
        patch[name] = items
    if new and (items or is_moved):
        patch[SET_ORDER + name] = [{key: item[key]} for item in new]


def _items(old: list[Object], new: list[Object], type_: Type, looking: _Looking) -> list[Object]:
    """What a patch says of the items: changes and additions as ``new`` has them, then who is to go."""
    key = type_.patch_merge_key
    before = {str(item[key]): item for item in reversed(old)}
    items: list[Object] = []
    for item in new:
        if str(item[key]) in before:
            if inner := _maps(before[str(item[key])], item, type_.item, looking):
                items.append({**inner, key: item[key]})
        elif looking.additions:
            items.append(copied(item))
    if looking.deletions:
        kept = {str(item[key]) for item in new}
        gone = sorted((item[key] for item in old if str(item[key]) not in kept), key=str)
        items += [{DIRECTIVE: DELETE, key: value} for value in gone]
    return items


def _joined(patch: Object, more: Object, type_: Type | None) -> Object:
    """Two patches made one; directives stay directives."""
    for name, value in more.items():
        found = patch.get(name)
        if name.startswith("$") or name not in patch:
            patch[name] = value
        elif isinstance(found, dict) and isinstance(value, dict):
            patch[name] = _joined(found, value, field_type(type_, name))
        elif isinstance(found, list) and isinstance(value, list):
            order = more.get(SET_ORDER + name) or patch.get(SET_ORDER + name) or []
            patch[name] = _joined_items(found, value, field_type(type_, name), order)
        else:
            patch[name] = value
    return patch


def _joined_items(items: list[Any], more: list[Any], type_: Type | None, order: list[Any]) -> list[Any]:
    """Items stand in ``order``, as a server demands; what goes stands last, as upstream writes it."""
    key = type_.patch_merge_key if type_ else ""
    if not key or type_ is None:
        return [*items, *more]
    joined = list(items)
    places = {str(item[key]): place for place, item in enumerate(joined)}
    for item in more:
        place = places.get(str(item[key]))
        if place is None:
            joined.append(item)
        else:
            joined[place] = _joined(joined[place], item, type_.item)
    wanted = {str(item[key]): place for place, item in enumerate(order)}
    return sorted(joined, key=lambda item: (DIRECTIVE in item, wanted.get(str(item[key]), len(wanted))))
