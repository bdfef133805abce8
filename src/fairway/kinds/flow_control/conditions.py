"""Conditions of both kinds of flow control, and their rules."""

from collections.abc import Iterator

from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, required


def condition_problems(found: list[Object]) -> Iterator[Problem]:
    """Each type once, and named."""
    seen: set[str] = set()
    for index, condition in enumerate(found):
        type_ = condition.get("type") or ""
        if type_ in seen:
            yield duplicate(f"status.conditions[{index}].type", type_)
        seen.add(type_)
        if not type_:
            yield required(f"status.conditions[{index}].type")
