"""Lists in a strategic merge: items found by their key, directives in items, and the order of the outcome.

Shape: ``merge(found, patch, key, merge_item)`` returns the merged list; ``key`` is empty for scalars.
Order, which is upstream's: items of the patch stand as the patch has them, the others as the document had them; where
the document does not decide between two, the patch's item comes first (so a new item stands before the old ones).
A new item is put in as it is, directives and nulls included.
Raises: ``StatusError`` 422 for lists in lists, 500 for all else that does not fit, as upstream.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.patches.json_patch import rejected
from fairway.objects.patches.values import copied
from fairway.objects.strict.go_text import go_text

DIRECTIVE = "$patch"
DELETE, MERGE, REPLACE = "delete", "merge", "replace"
LIST, MAP = "[]interface {}", "map[string]interface {}"

Identity = Callable[[Any], Any]
"""From an item to what tells it apart: its key's value, or itself."""

_GO_TYPES = {dict: MAP, list: LIST, str: "string", bool: "bool", int: "int64", float: "float64"}


def failure(message: str) -> StatusError:
    """500 without a reason: upstream knows no better answer, and clients see this text."""
    return StatusError(500, "", message)


def shown(value: Any) -> str:
    """A value as upstream's errors show it."""
    return go_text(value, as_json=False)


def wrong_type(wanted: str, value: Any) -> StatusError:
    """500: a value that should be a list or a map."""
    return failure(f"expected a {wanted}, but received a {_GO_TYPES.get(type(value), '%!s(<nil>)')}")


def unknown_directive(directive: Any, item: Object) -> StatusError:
    """500: what stands behind ``$patch``."""
    return failure(f"unknown patch type: {_as_text(directive)} in map: {shown(item)}")


def _as_text(value: Any) -> str:
    """A value as Go shows it where it expects a text."""
    match value:
        case str():
            return value
        case dict():
            return f"map[{' '.join(f'{name}:{_as_text(value[name])}' for name in sorted(value))}]"
        case list():
            return f"[{' '.join(map(_as_text, value))}]"
        case None:
            return "%!s(<nil>)"
    return f"%!s({_GO_TYPES[type(value)]}={shown(value)})"


def merge(
    found: list[Any], patch: list[Any], key: str, merge_item: Callable[[Object, Object], Object], *,
    deletes: bool = False,
) -> list[Any]:  # fmt: skip
    """``patch`` merged into ``found``, which may be changed; ``deletes``: scalars of ``patch`` are taken out."""
    if not found and not patch:
        return found
    if item_type(found, patch) is dict:
        if not key:
            raise failure("cannot merge lists without merge key for struct")
        found, patch = _obeyed(found, patch, key)
        return ordered(_merged(found, patch, key, merge_item), patch, found, key)
    if key and not deletes:
        raise wrong_type(MAP, (patch or found)[0])
    if deletes:
        unwanted = {_hashable(item) for item in patch}
        return [item for item in found if _hashable(item) not in unwanted]
    return ordered(_unique([*found, *patch]), patch, found, "")


def item_type(found: list[Any], patch: list[Any]) -> type:
    """What all items are."""
    items = [*found, *patch]
    if not items:
        raise failure("no elements in any of the given slices")
    first = type(items[0])
    if first is list:
        raise rejected()
    if first is type(None) or any(type(item) is not first for item in items):
        raise failure(f"list element types are not identical: {shown([found, patch])}")
    return first


def check_order(patch: list[Any], wanted: list[Any], key: str) -> None:
    """Whether what stays of ``patch`` is named in ``wanted``, and in that order."""
    if not wanted or not patch:
        return
    left = deque(item for item in patch if not key or _directive(item) != DELETE)
    named = deque(wanted)
    while left and named:
        is_directive = isinstance(left[0], dict) and DIRECTIVE in left[0]
        if is_directive or _strict_identity(left[0], key) == _strict_identity(named.popleft(), key):
            left.popleft()
    if left:
        raise failure(
            f"The order in patch list:\n{shown(patch)}\n doesn't match $setElementOrder list:\n{shown(wanted)}\n"
        )


def in_order(merged: list[Any], wanted: list[Any], found: list[Any], key: str) -> list[Any]:
    """``merged`` as ``$setElementOrder`` wants it: every item, also of ``wanted``, must have its key."""
    bad = next((place for place, item in enumerate(wanted) if key and not isinstance(item, dict)), None)
    if bad is not None:
        before = {_hashable(item.get(key)) for item in wanted[:bad]}
        is_sought = any(_strict_identity(item, key) not in before for item in merged)
        raise failure(f"value for key {bad} is not a map") if is_sought else wrong_type(MAP, wanted[bad])
    for item in (*merged, *wanted, *found):
        if key:
            _strict_identity(item, key)
        elif isinstance(item, dict | list):
            raise failure("runtime error: hash of unhashable type " + _GO_TYPES[type(item)])
    return ordered(merged, wanted, found, key)


def overwritten(found: list[Any], patch: list[Any], key: str) -> list[Any]:
    """``found`` as upstream looks at it for the order after a merge: new items took the places of deleted ones."""
    unwanted = {_hashable(item.get(key)) for item in patch if item.get(DIRECTIVE) == DELETE}
    kept = [item for item in found if _hashable(item.get(key)) not in unwanted]
    known = {_hashable(item.get(key)) for item in kept}
    came = [item for item in patch if DIRECTIVE not in item and _hashable(item.get(key)) not in known]
    return [*kept, *came][: len(found)]


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


def _directive(item: Any) -> Any:
    if not isinstance(item, dict):
        raise wrong_type(MAP, item)
    return item.get(DIRECTIVE)


def _strict_identity(item: Any, key: str) -> Any:
    if not key:
        return _hashable(item)
    if not isinstance(item, dict):
        raise wrong_type(MAP, item)
    return _hashable(_key_of(item, key))


def _identity(key: str) -> Identity:
    if not key:
        return lambda item: item
    return lambda item: item.get(key) if isinstance(item, dict) else None


def _hashable(value: Any) -> Any:
    return (type(value), value) if isinstance(value, str | int | float | None) else repr(value)


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
        raise failure(f"map: {shown(item)} does not contain declared merge key: {key}")
    return item[key]


def _obeyed(found: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    """Both lists after the directives of the patch's items: ``delete`` one, or ``replace`` the whole list."""
    plain, unwanted, is_replaced = [], set(), False
    for item in patch:
        if DIRECTIVE not in item:
            plain.append(item)
            continue
        directive = item[DIRECTIVE]
        if directive == DELETE:
            unwanted.add(_hashable(_key_of(item, key)))
        elif directive == REPLACE:
            is_replaced = True
        elif directive == MERGE:
            raise failure("merging lists cannot yet be specified in the patch")
        else:
            raise unknown_directive(directive, item)
    if is_replaced:
        return [copied(item) for item in plain], []
    return [item for item in found if key not in item or _hashable(item[key]) not in unwanted], plain


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
            outcome.append(copied(item))
    for item in outcome:
        _key_of(item, key)
    return outcome
