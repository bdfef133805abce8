"""Conditions: what an object's status says of one aspect.  Pure.

Source: Kubernetes API conventions, "Typical status properties".
"""

from fairway.objects import Object


def condition(found: Object, type_: str) -> Object | None:
    """The condition of that type, if there is one."""
    for one in (found.get("status") or {}).get("conditions") or ():
        if one.get("type") == type_:
            return one  # type: ignore[no-any-return]
    return None


def is_true(found: Object, type_: str) -> bool:
    """Whether the condition is there and its status is True."""
    one = condition(found, type_)
    return one is not None and one.get("status") == "True"
