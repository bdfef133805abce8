"""Lists and maps of bounded sizes, as every kind of devices holds them: what is too long is not looked into.

Shape: a rule takes a path and an item, and yields problems.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any

from fairway.objects.errors import Problem, duplicate, too_many

Rule = Callable[[str, Any], Iterator[Problem]]
_KEY_MIN, _CUT = 16, "..."


def items(
    path: str, found: Sequence[Any] | None, rule: Rule, *, most: int | None = None,
    key: Callable[[Any], Hashable] | None = None,
) -> Iterator[Problem]:  # fmt: skip
    """Every item by its rule, no more than ``most`` of them, and none whose ``key`` stands before."""
    found = found or []
    if most is not None and len(found) > most:
        yield too_many(path, len(found), most)
        return
    for index, item in enumerate(found):
        yield from rule(f"{path}[{index}]", item)
    if key is not None:
        seen = set()
        for index, one in enumerate(key(item) for item in found):
            if one in seen:
                yield duplicate(f"{path}[{index}]", one)
            seen.add(one)


def entries(
    path: str, found: Mapping[str, Any] | None, name_rule: Rule, rule: Rule, *, longest: int, most: int | None = None
) -> Iterator[Problem]:
    """Every entry of a map; names longer than ``longest`` are shown without their middle."""
    found = found or {}
    if most is not None and len(found) > most:
        yield too_many(path, len(found), most)
        return
    for name, item in found.items():
        here = f"{path}[{_shortened(name, longest)}]"
        yield from name_rule(here, name)
        yield from rule(here, item)


def _shortened(name: str, longest: int) -> str:
    longest = max(longest, _KEY_MIN)
    if len(name) <= longest:
        return name
    left = longest - len(_CUT)
    return f"{name[: (left + 1) // 2]}{_CUT}{name[len(name) - left // 2 :]}"
