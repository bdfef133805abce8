"""Broken rules: ``x-kubernetes-validations`` applied to an object; ``rules`` checks them when a definition is written.

Pure.  Shape: ``broken(new, old, schema)``.  What is the same for every object of a schema is found out once: where
rules are, their programs, and how much of a value each looks at, which is all that is made ready for it.
Source: Kubernetes docs, "Validation rules", "Transition rules", "Validation ratcheting".
"""

from collections.abc import Iterator
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from fairway.objects import Object
from fairway.objects.errors import Problem, invalid_value, render_value
from fairway.objects.expressions import ExpressionError, Scope, compiled
from fairway.objects.structural import MAP_TYPE, RULES
from fairway.objects.structural.cel_values import aligned, of_schema, value_of
from fairway.objects.structural.correlated import Kept, identity, keys_of
from fairway.objects.structural.field_paths import field_path
from fairway.objects.structural.rules import SchemaKey, Scoped, scoped_of

if TYPE_CHECKING:
    from fairway.objects.expressions.programs import Program

ABSENT: Any = object()
_BUDGET_S = 2.0
"""All rules of one object together; upstream counts steps instead."""
_OVER = "validation failed due to running out of cost budget, no further validation rules will be run"
_MESSAGE_MAX_BYTES = 5 * 1024


class _Place(NamedTuple):
    """A node of an object with its former value and where it stands; ``kept`` says whether it was touched."""

    value: Any
    old: Any
    schema: Object
    path: str
    kept: Kept


class _Rule(NamedTuple):
    """A rule as it is applied; one that cannot be compiled has a ``failure`` for a program.

    ``scope`` is what it and its message may speak of.
    """

    rule: Object
    scope: Scope
    program: "Program | None"
    failure: ExpressionError | None
    is_transition: bool
    is_optional: bool
    told: str


def broken(new: Any, old: Any, schema: Object, path: str = "") -> Iterator[Problem]:
    """Every rule that an object breaks; what it broke before and leaves as it was is a warning.

    ``path`` says where it stands, if it is no whole object.
    """
    until = perf_counter() + _BUDGET_S
    before = ABSENT if old is None else old
    if not _is_ruled(SchemaKey(schema)):
        return
    for place in _places(_Place(new, before, schema, path, Kept(new, old, schema, is_root=not path))):
        for rule in _rules(SchemaKey(place.schema, is_root=not place.path)):
            if perf_counter() > until:
                yield invalid_value("<nil>", "", _OVER)
                return
            yield from _applied(rule, place)


@lru_cache(512)
def _rules(key: SchemaKey) -> list[_Rule]:
    """The rules of a place; none where they see nothing."""
    scoped = scoped_of(key)
    return [] if scoped is None else [_prepared(rule, scoped) for rule in key.schema[RULES]]


def _prepared(rule: Object, scoped: Scoped) -> _Rule:
    is_optional = bool(rule.get("optionalOldSelf"))
    told = (rule.get("message") or "").strip() or rule["rule"].strip()
    try:
        program = compiled(rule["rule"], scoped.scope(rule))
    except ExpressionError as error:
        return _Rule(rule, scoped.scope(rule), None, error, False, is_optional, told)
    return _Rule(rule, scoped.scope(rule), program, None, "oldSelf" in program.names, is_optional, told)


@lru_cache(4096)
def _is_ruled(key: SchemaKey) -> bool:
    """Whether there are rules at or below a place of a schema."""
    schema = key.schema
    below = [*(schema.get("properties") or {}).values(), schema.get("additionalProperties"), schema.get("items")]
    return bool(schema.get(RULES)) or any(isinstance(one, dict) and _is_ruled(SchemaKey(one)) for one in below)


def _places(at: _Place) -> Iterator[_Place]:
    """Every node that has rules."""
    value, old, schema, path, kept = at
    if value is None:
        return
    if schema.get(RULES):
        yield at
    if isinstance(value, dict):
        properties, values = schema.get("properties") or {}, schema.get("additionalProperties")
        before = old if isinstance(old, dict) and schema.get(MAP_TYPE) != "atomic" else {}
        for name, below in value.items():
            inner = properties.get(name, values)
            if isinstance(inner, dict) and _is_ruled(SchemaKey(inner)):
                here = (f"{path}.{name}" if name in properties else f"{path}[{name}]").removeprefix(".")
                yield from _places(_Place(below, before.get(name, ABSENT), inner, here, kept.at(name)))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict) and _is_ruled(SchemaKey(schema["items"])):
        keys = keys_of(schema)
        former = {identity(item, keys): item for item in old} if keys and isinstance(old, list) else {}
        for place, item in enumerate(value):
            before = former.get(identity(item, keys), ABSENT) if keys else ABSENT
            yield from _places(_Place(item, before, schema["items"], f"{path}[{place}]", kept.item(place)))


def _applied(found: _Rule, place: _Place) -> Iterator[Problem]:
    rule, program = found.rule, found.program
    has_old = place.old is not ABSENT and place.old is not None
    kind = of_schema(place.schema)
    try:
        if program is None:
            assert found.failure is not None
            raise found.failure
        if found.is_transition and not has_old and not found.is_optional:
            return
        if program.evaluate(_values(place, program, has_old=has_old, is_optional=found.is_optional)) is True:
            return
    except ExpressionError as error:
        detail = f'Invalid value: "{kind}": {_failed(error, found.told)}'
        yield Problem(place.path or "<nil>", "FieldValueInvalid", detail)
        return
    reason = rule.get("reason") or "FieldValueInvalid"
    detail = _detail(reason, _message(found, place, has_old=has_old), place)
    below = field_path(rule.get("fieldPath") or "", place.schema) or ""
    is_warning = not found.is_transition and place.kept.is_same()
    yield Problem(f"{place.path}{below}".removeprefix(".") or "<nil>", reason, detail, is_warning)


def _detail(reason: str, message: str, place: _Place) -> str:
    """A broken rule as it is told: with the value, if that is neither an object nor a list."""
    if reason == "FieldValueRequired":
        return f"Required value: {message}"
    if reason == "FieldValueForbidden":
        return f"Forbidden: {message}"
    value = "" if isinstance(place.value, dict | list) else f": {render_value(place.value)}"
    return f"Duplicate value{value}" if reason == "FieldValueDuplicate" else f"Invalid value{value}: {message}"


def _values(place: _Place, program: "Program", *, has_old: bool, is_optional: bool) -> dict[str, Any]:
    """As much of ``self`` and ``oldSelf`` as an expression looks at."""
    is_root = not place.path
    values: dict[str, Any] = {}
    if "self" in program.needs:
        values["self"] = value_of(place.value, place.schema, program.needs["self"], is_root=is_root)
    if "oldSelf" in program.needs:
        old = None
        if has_old:
            before = aligned(place.old, place.value, place.schema)
            old = value_of(before, place.schema, None if is_optional else program.needs["oldSelf"], is_root=is_root)
        values["oldSelf"] = ([old] if has_old else []) if is_optional else old
    return values


def _failed(error: ExpressionError, told: str) -> str:
    """A failure as upstream words it."""
    text = str(error)
    if text.startswith("no such overload"):
        return (
            f"'{text}': call arguments did not match a supported operator, function or macro signature for rule: {told}"
        )
    if text.startswith("operation cancelled: actual cost limit exceeded"):
        return f"'{text}': no further validation rules will be run due to call cost exceeds limit for rule: {told}"
    return f"{text} evaluating rule: {told}"


def _message(found: _Rule, place: _Place, *, has_old: bool) -> str:
    rule = found.rule
    if (rule.get("messageExpression") or "").strip():
        try:
            program = compiled(rule["messageExpression"], found.scope)
            if found.is_optional and "oldSelf" in program.names:
                # It is compiled for an optional value and gets a plain one, as upstream does: it cannot work.
                raise ExpressionError("no such overload")
            said = program.evaluate(_values(place, program, has_old=has_old, is_optional=False))
        except ExpressionError:
            said = ""
        if isinstance(said, str):
            said = said.strip()
            if said and "\n" not in said and len(said.encode()) <= _MESSAGE_MAX_BYTES:
                return said
    message: str = (rule.get("message") or "").strip()
    return message or f"failed rule: {rule['rule'].strip()}"
