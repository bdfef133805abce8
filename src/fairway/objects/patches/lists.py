"""Lists in a strategic merge: items found by their key, directives in items, and the order of the outcome.

Shape: ``merge(found, patch, key, merge_item)`` returns the merged list; ``key`` is empty for scalars.
Order, which is upstream's: items of the patch stand as the patch has them, the others as the document had them; where
the document does not decide between two, the patch's item comes first (so a new item stands before the old ones).
"""

from collections.abc import Callable
from typing import Any

from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.patches.json_patch import rejected
from fairway.objects.patches.values import copied
from fairway.objects.strict.go_text import go_text

DIRECTIVE = "$patch"
DELETE, MERGE, REPLACE = "delete", "merge", "replace"

Identity = Callable[[Any], Any]
"""From an item to what tells it apart: its key's value, or itself."""


def shown(value: Any) -> str:
    """A value as upstream's errors show it."""
    return go_text(value, as_json=False)


def inserted(value: Any, *, is_top: bool = False) -> Any:
    """A copy of a patch's value for a place that held nothing: without directives and nulls.

    ``is_top``: the value's own ``$patch`` was obeyed already.
    """
    if isinstance(value, dict):
        if value.get(DIRECTIVE) == DELETE and not is_top:
            return {}
        return {
            name: inserted(inner)
            for name, inner in value.items()
            if inner is not None and not name.startswith(("$patch", "$retainKeys", "$setElementOrder/", "$deleteFrom"))
        }
    if isinstance(value, list):
        return [inserted(item) for item in value if not (isinstance(item, dict) and DIRECTIVE in item)]
    return value


def merge(
    found: list[Any], patch: list[Any], key: str, merge_item: Callable[[Object, Object], Object]
) -> list[Any]:  # fmt: skip
    """``patch`` merged into ``found``, which may be changed.  Raises: ``StatusError``."""
    items = [*found, *patch]
    if any(isinstance(item, list) for item in items):
        raise rejected()
    if not any(isinstance(item, dict) for item in items):
        merged = _unique([*found, *patch])
        return ordered(merged, patch, found, "")
    if not all(isinstance(item, dict) for item in items):
        raise rejected()
    if not key:
        raise StatusError(500, "", "cannot merge lists without merge key")
    found, patch = _obeyed(found, patch, key)
    return ordered(_merged(found, patch, key, merge_item), patch, found, key)


def ordered(merged: list[Any], wanted: list[Any], found: list[Any], key: str) -> list[Any]:
    """``merged`` in order: what ``wanted`` names as there, the rest as in ``found``, the two interleaved."""
    identity = _identity(key)
    wanted_places = _places(wanted, identity)
    found_places = _places(found, identity)
    named = [item for item in merged if _known(identity(item), wanted_places)]
    named.sort(key=lambda item: wanted_places[_hashable(identity(item))])
    others = [item for item in merged if not _known(identity(item), wanted_places)]
    others.sort(key=lambda item: found_places.get(_hashable(identity(item)), len(found)))
    return _interleaved(others, named, lambda item: found_places.get(_hashable(identity(item))))


def _interleaved(others: list[Any], named: list[Any], place: Callable[[Any], int | None]) -> list[Any]:
    outcome: list[Any] = []
    left, right = 0, 0
    while left < len(others) and right < len(named):
        one, other = place(others[left]), place(named[right])
        if one is not None and other is not None and one < other:
            outcome.append(others[left])
            left += 1
        else:
            outcome.append(named[right])
            right += 1
    return [*outcome, *others[left:], *named[right:]]


def _identity(key: str) -> Identity:
    if not key:
        return lambda item: item
    return lambda item: item.get(key) if isinstance(item, dict) else None


def _hashable(value: Any) -> Any:
    return (type(value) is bool, value) if isinstance(value, str | int | float | None) else repr(value)


def _places(items: list[Any], identity: Identity) -> dict[Any, int]:
    places: dict[Any, int] = {}
    for place, item in enumerate(items):
        places.setdefault(_hashable(identity(item)), place)
    return places


def _known(identity: Any, places: dict[Any, int]) -> bool:
    return _hashable(identity) in places


def _unique(items: list[Any]) -> list[Any]:
    first: dict[Any, Any] = {}
    for item in items:
        first.setdefault(_hashable(item), item)
    return list(first.values())


def _key_of(item: Object, key: str) -> Any:
    if key not in item:
        raise StatusError(500, "", f"map: {shown(item)} does not contain declared merge key: {key}")
    return item[key]


def _obeyed(found: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Both lists after the directives of the patch's items: ``delete`` one, or ``replace`` the whole list."""
    plain, is_replaced = [], False
    for item in patch:
        directive = item.get(DIRECTIVE)
        if directive == DELETE:
            unwanted = _key_of(item, key)
            found = [old for old in found if old.get(key) != unwanted]
        elif directive == REPLACE:
            is_replaced = True
        elif directive == MERGE:
            raise StatusError(500, "", "merging lists cannot yet be specified in the patch")
        elif directive is not None:
            raise StatusError(500, "", f"unknown patch type: {directive} in map: {shown(item)}")
        else:
            plain.append(item)
    return ([], plain) if is_replaced else (found, plain)


def _merged(
    found: list[Any], patch: list[Any], key: str, merge_item: Callable[[Object, Object], Object]
) -> list[Any]:  # fmt: skip
    outcome = list(found)
    places = {_hashable(item.get(key)): place for place, item in reversed(list(enumerate(outcome)))}
    for item in patch:
        identity = _hashable(_key_of(item, key))
        if identity in places:
            place = places[identity]
            outcome[place] = merge_item(outcome[place], item)
        else:
            places[identity] = len(outcome)
            outcome.append(inserted(copied(item)))
    return outcome
