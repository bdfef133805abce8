"""Conditions that a device must come to before a pod is bound to its node (KEP-5007)."""

from collections.abc import Iterator

from fairway.kinds.devices.lists import items
from fairway.kinds.devices.naming import label_name
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, invalid_value

_MOST = 4
_GOOD, _BAD = "bindingConditions", "bindingFailureConditions"


def binding_problems(path: str, found: Object) -> Iterator[Problem]:
    """Both lists or none of them; every condition once."""
    for field in (_GOOD, _BAD):
        yield from items(f"{path}.{field}", found.get(field), label_name, most=_MOST)
    good, bad = found.get(_GOOD) or [], found.get(_BAD) or []
    for field, names in ((_GOOD, good), (_BAD, bad)):
        for index, name in enumerate(names):
            here = f"{path}.{field}[{index}]"
            if name in names[:index]:
                yield duplicate(here, name)
            if field == _BAD and name in good:
                yield invalid_value(here, name, f"{_BAD} must not overlap with {_GOOD}")
    if bool(good) != bool(bad):
        absent, present = (_BAD, _GOOD) if good else (_GOOD, _BAD)
        yield invalid_value(f"{path}.{absent}", found.get(absent), f"{absent} are required to use {present}")
