"""Conditions: what ``--for`` waits for.  Pure."""

from collections.abc import Callable
from typing import Any

from fairway.cli.failure import Failure


class Condition:
    """``is_met(object)`` says whether there is nothing to wait for."""

    def __init__(self, name: str, is_met: Callable[[dict[str, Any]], bool]) -> None:
        self.name, self.is_met = name, is_met


CREATE = Condition("create", lambda found: True)
DELETE = Condition("delete", lambda found: False)


def condition_of(text: str) -> Condition:
    """What the text of ``--for`` means.  Raises: ``Failure``."""
    if text.lower() == "delete":
        return DELETE
    if text.lower() == "create":
        return CREATE
    name, equals, rest = text.partition("=")
    if name == "condition" and equals:
        type, _, status = rest.partition("=")
        return Condition("condition", lambda found: has_condition(found, type, status or "true"))
    if name == "jsonpath" and equals:
        return Condition("jsonpath", _json_path(rest))
    raise Failure(f'unrecognized condition: "{text}"')


def has_condition(found: dict[str, Any], type: str, status: str) -> bool:
    """Whether a condition of that type has that status, letters' size apart, and is about the object as it is now."""
    for condition in (found.get("status") or {}).get("conditions") or ():
        if str(condition.get("type", "")).lower() != type.lower():
            continue
        generation = found["metadata"].get("generation") or 0
        observed = condition.get("observedGeneration")
        if observed is None:
            observed = (found.get("status") or {}).get("observedGeneration")
        if observed is not None and observed < generation:
            return False
        return str(condition.get("status", "")).lower() == status.lower()
    return False


def _json_path(text: str) -> Callable[[dict[str, Any]], bool]:
    from fairway.cli.printers.go_values import text_of
    from fairway.cli.printers.json_path import JsonPathError, Template, relaxed

    path, wanted = _parted(text)
    try:
        template = Template(relaxed(path))
    except JsonPathError as error:
        raise Failure(str(error)) from None

    def is_met(found: dict[str, Any]) -> bool:
        try:
            values = [value for values in template.find(found) for value in values]
        except JsonPathError as error:
            raise Failure(str(error)) from None
        if not values:
            return False
        if len(values) > 1:
            raise Failure("given jsonpath expression matches more than one value")
        if wanted is None:
            return True
        if isinstance(values[0], dict | list):
            raise Failure("jsonpath leads to a nested object or list which is not supported")
        return text_of(values[0]) == wanted

    return is_met


def _parted(text: str) -> tuple[str, str | None]:
    """The expression, and the value if there is one."""
    if not text:
        raise Failure("jsonpath expression cannot be empty")
    end = text.rfind("}") + 1 or len(text.partition("=")[0])
    path, rest = text[:end], text[end:]
    if not rest:
        return path, None
    value = rest.removeprefix("=").strip("\"'")
    if not rest.startswith("=") or not value:
        if rest == "=":
            raise Failure(
                "jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3"
            )
        return text, None
    return path, value
