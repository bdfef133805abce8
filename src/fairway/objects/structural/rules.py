"""Rules: ``x-kubernetes-validations``, checked when a definition is written and applied to its objects.

Pure.  Shape: ``rule_problems(schema, path)`` for a definition, ``broken(new, old, schema)`` for an object.
Source: Kubernetes docs, "Validation rules", "Transition rules", "Validation ratcheting", "Resource use by validation
functions".
"""

import re
from collections.abc import Iterator, Mapping
from time import perf_counter
from typing import Any, NamedTuple

import orjson

from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.expressions import ExpressionError, Program, compiled
from fairway.objects.structural import LIST_MAP_KEYS, LIST_TYPE, RULES
from fairway.objects.structural.cel_values import aligned, of_schema, type_of, undefined_field, value_of, with_times
from fairway.objects.structural.costs import estimated_factor

ABSENT: Any = object()
_REASONS = ("FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid", "FieldValueDuplicate")
_DETAILS = {
    "FieldValueRequired": "Required value: {text}", "FieldValueForbidden": "Forbidden: {text}",
    "FieldValueInvalid": 'Invalid value: "{type}": {text}', "FieldValueDuplicate": 'Duplicate value: "{type}"',
}  # fmt: skip
_OLD = re.compile(r"\boldSelf\b")
_NUMBERS = re.compile(r"no matching overload for '_[<>]=?_' applied to '\((int|double), (int|double)\)'")
_BUDGET_S = 2.0
"""All rules of one object together; upstream counts steps instead."""
_OVER = "validation failed due to running out of cost budget, no further validation rules will be run"


class _Place(NamedTuple):
    """A node of an object with its former value and where it stands."""

    value: Any
    old: Any
    schema: Object
    path: str


def _variables(schema: Object, rule: Object, *, is_root: bool) -> dict[str, str]:
    self_type = type_of(schema, is_root=is_root)
    return {"self": self_type, "oldSelf": "dyn" if rule.get("optionalOldSelf") else self_type}


def _shown_rule(rule: Object) -> str:
    """A rule as upstream's errors show it."""
    reason = "(*apiextensions.FieldValueErrorReason)(nil)"
    text = {
        name: orjson.dumps(rule.get(name) or "").decode()
        for name in ("rule", "message", "messageExpression", "fieldPath")
    }
    return (
        f"apiextensions.ValidationRule{{Rule:{text['rule']}, Message:{text['message']}, "
        f"MessageExpression:{text['messageExpression']}, Reason:{reason}, FieldPath:{text['fieldPath']}, "
        "OptionalOldSelf:(*bool)(nil)}"
    )


def is_transition(rule: Object) -> bool:
    """Whether a rule compares with what was."""
    return _OLD.search(rule.get("rule") or "") is not None


def rule_problems(schema: Object, path: str, times: float = 1.0) -> Iterator[Problem]:
    """Every rule of one place of a schema that cannot be used; ``times``: how often the place may be there."""
    is_root = path.endswith("openAPIV3Schema")
    for place, rule in enumerate(schema[RULES]):
        here = f"{path}.{RULES}[{place}]"
        if not (rule.get("rule") or "").strip():
            yield required(f"{here}.rule", "rule is not specified")
            continue
        yield from _words(rule, here)
        yield from _compiles(schema, rule, here, times, is_root=is_root)


def _words(rule: Object, here: str) -> Iterator[Problem]:
    message = rule.get("message")
    if message is not None and not message.strip():
        yield invalid_value(f"{here}.message", message, "message must be non-empty if specified")
    if message and "\n" in message.strip():
        yield invalid_value(f"{here}.message", message, "message must not contain line breaks")
    if "\n" in rule["rule"].strip() and not message:
        yield required(f"{here}.message", "message must be specified if rule contains line breaks")
    if (reason := rule.get("reason")) and reason not in _REASONS:
        yield not_supported(f"{here}.reason", reason, _REASONS)


def _compiles(schema: Object, rule: Object, here: str, times: float, *, is_root: bool) -> Iterator[Problem]:
    try:
        program = _program(rule, schema, is_root=is_root)
        if missing := undefined_field(rule["rule"], schema, is_root=is_root):
            raise ExpressionError(missing)
    except ExpressionError as error:
        detail = f"Invalid value: {_shown_rule(rule)}: compilation failed: {error}"
        yield Problem(f"{here}.rule", "FieldValueInvalid", detail)
        return
    if program.type not in ("bool", "dyn"):
        detail = f"Invalid value: {_shown_rule(rule)}: compilation failed: must evaluate to a bool"
        yield Problem(f"{here}.rule", "FieldValueInvalid", detail)
    if factor := estimated_factor(rule["rule"], schema, times):
        shown = "more than 100x" if factor > 100 else f"{factor:.1f}x"
        yield forbidden_value(
            f"{here}.rule",
            f"estimated rule cost exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, "
            "maxProperties, and maxLength where arrays, maps, and strings are declared)",
        )  # fmt: skip
    if rule.get("messageExpression"):
        try:
            said = _program(rule, schema, is_root=is_root, field="messageExpression")
        except ExpressionError as error:
            detail = f"Invalid value: {_shown_rule(rule)}: messageExpression compilation failed: {error}"
            yield Problem(f"{here}.messageExpression", "FieldValueInvalid", detail)
            return
        if said.type not in ("string", "dyn"):
            detail = f"Invalid value: {_shown_rule(rule)}: messageExpression must evaluate to a string"
            yield Problem(f"{here}.messageExpression", "FieldValueInvalid", detail)


def broken(new: Object, old: Object | None, schema: Object) -> Iterator[Problem]:
    """Every rule that an object breaks."""
    until = perf_counter() + _BUDGET_S
    before = ABSENT if old is None else old
    for place in _places(_Place(new, before, schema, "")):
        for rule in place.schema[RULES]:
            if perf_counter() > until:
                yield invalid_value("<nil>", "", _OVER)
                return
            yield from _applied(rule, place)


def _places(at: _Place) -> Iterator[_Place]:
    """Every node that has rules."""
    value, old, schema, path = at
    if value is None:
        return
    if schema.get(RULES):
        yield at
    if isinstance(value, dict):
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        before = old if isinstance(old, dict) else {}
        for name, below in value.items():
            inner = properties.get(name, values)
            if isinstance(inner, dict):
                here = f"{path}.{name}" if name in properties else f"{path}[{name}]"
                yield from _places(_Place(below, before.get(name, ABSENT), inner, here.removeprefix(".")))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        former = _former(old, schema)
        for place, item in enumerate(value):
            yield from _places(
                _Place(item, former.get(_key(item, schema), ABSENT), schema["items"], f"{path}[{place}]")
            )


def _key(item: Any, schema: Object) -> str:
    keys = schema.get(LIST_MAP_KEYS) or ()
    return orjson.dumps([item.get(key) for key in keys]).decode() if isinstance(item, dict) and keys else ""


def _former(old: Any, schema: Object) -> dict[str, Any]:
    if schema.get(LIST_TYPE) != "map" or not isinstance(old, list):
        return {}
    return {_key(item, schema): item for item in old}


def _applied(rule: Object, place: _Place) -> Iterator[Problem]:
    is_root = not place.path
    has_old = place.old is not ABSENT and place.old is not None
    is_optional = bool(rule.get("optionalOldSelf"))
    if is_transition(rule) and not has_old and not is_optional:
        return
    if has_old and not is_transition(rule) and place.old == place.value:
        return
    kind = of_schema(place.schema)
    try:
        values = {"self": value_of(place.value, place.schema, is_root=is_root)}
        before = aligned(place.old, place.value, place.schema) if has_old else None
        old = value_of(before, place.schema, is_root=is_root) if has_old else None
        values["oldSelf"] = ([old] if has_old else []) if is_optional else old
        program = _program(rule, place.schema, is_root=is_root)
        if program.evaluate(values) is True:
            return
    except ExpressionError as error:
        detail = f'Invalid value: "{kind}": {error} evaluating rule: {rule.get("message") or rule["rule"]}'
        yield Problem(place.path or "<nil>", "FieldValueInvalid", detail)
        return
    reason = rule.get("reason") or "FieldValueInvalid"
    detail = _DETAILS[reason].format(text=_message(rule, place.schema, values, is_root=is_root), type=kind)
    yield Problem(f"{place.path}{rule.get('fieldPath') or ''}".removeprefix(".") or "<nil>", reason, detail)


def _program(rule: Object, schema: Object, *, is_root: bool, field: str = "rule") -> Program:
    text = with_times(rule[field], schema)
    if rule.get("optionalOldSelf"):
        # The library takes no optional values from outside: they come as lists of one or none.
        text = _OLD.sub("(size(oldSelf) > 0 ? optional.of(oldSelf[0]) : optional.none())", text)
    variables = _variables(schema, rule, is_root=is_root)
    try:
        return compiled(text, variables)
    except ExpressionError as error:
        if not _NUMBERS.search(str(error)):
            raise
        # Numbers of both types may be compared, which the library only sees when it runs.
        return compiled(text, dict.fromkeys(variables, "dyn"))


def _message(rule: Object, schema: Object, values: Mapping[str, Any], *, is_root: bool) -> str:
    if rule.get("messageExpression"):
        try:
            said = _program(rule, schema, is_root=is_root, field="messageExpression").evaluate(values)
        except ExpressionError:
            said = ""
        if isinstance(said, str) and said.strip() and "\n" not in said:
            return said.strip()
    message: str = (rule.get("message") or "").strip()
    return message or f"failed rule: {rule['rule'].strip()}"
