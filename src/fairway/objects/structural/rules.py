"""Rules: ``x-kubernetes-validations``, checked when a definition is written and applied to its objects.

Pure.  Shape: ``rule_problems(schema, path, spent)`` for a definition, ``broken(new, old, schema)`` for an object.
Source: Kubernetes docs, "Validation rules", "Transition rules", "Validation ratcheting", "Resource use by validation
functions".
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.expressions import ExpressionError, Scope, compiled
from fairway.objects.expressions.types import BOOL, STRING, optional_of
from fairway.objects.structural import MAP_TYPE, RULES
from fairway.objects.structural.cel_values import aligned, of_schema, value_of
from fairway.objects.structural.correlated import Kept, identity, keys_of
from fairway.objects.structural.declared import Declared, declared, most_times, size_of
from fairway.objects.structural.field_paths import field_path

if TYPE_CHECKING:
    from fairway.objects.expressions.programs import Program

ABSENT: Any = object()
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_new_line = re.compile(r"[\n\r]")
_DETAILS = {
    "FieldValueRequired": "Required value: {text}", "FieldValueForbidden": "Forbidden: {text}",
    "FieldValueInvalid": 'Invalid value: "{type}": {text}', "FieldValueDuplicate": 'Duplicate value: "{type}"',
}  # fmt: skip
RULE_COST_MAX, SCHEMA_COST_MAX = 10_000_000, 100_000_000
"""What one rule, and all of a schema, may cost at worst."""
_COST_TOLD = SCHEMA_COST_MAX // 100
_TOLD_MAX = 4
_BUDGET_S = 2.0
"""All rules of one object together; upstream counts steps instead."""
_OVER = "validation failed due to running out of cost budget, no further validation rules will be run"
_MESSAGE_MAX_BYTES = 5 * 1024
_NAME = "selfType"


class _Place(NamedTuple):
    """A node of an object with its former value and where it stands; ``kept`` says whether it was touched."""

    value: Any
    old: Any
    schema: Object
    path: str
    kept: Kept


class _Scoped(NamedTuple):
    """A place of a schema, with what its rules may speak of: ``oldSelf`` as it is, or optional."""

    schema: Object
    declared: Declared
    plain: Scope
    optional: Scope

    def scope(self, rule: Object) -> Scope:
        """Of one rule."""
        return self.optional if rule.get("optionalOldSelf") else self.plain


class _Schema:
    """A schema as a key: schemas are never changed, so that one is itself and no other."""

    __slots__ = ("is_root", "schema")

    def __init__(self, schema: Object, *, is_root: bool) -> None:
        self.schema = schema
        self.is_root = is_root

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Schema) and other.schema is self.schema and other.is_root is self.is_root


@lru_cache(512)
def _scoped(key: _Schema) -> _Scoped | None:
    found = declared(key.schema, _NAME, is_root=key.is_root)
    if found is None:
        return None
    plain = Scope({"self": found.type, "oldSelf": found.type})
    optional = Scope({"self": found.type, "oldSelf": optional_of(found.type)}, optional=("oldSelf",))
    return _Scoped(key.schema, found, plain, optional)


class Spent:
    """What the rules of a whole schema cost at worst."""

    def __init__(self) -> None:
        self.total = 0
        self._most: list[tuple[int, str]] = []

    def add(self, path: str, cost: int) -> None:
        """Count a rule; the dearest are told if all together are too dear."""
        self.total = min(self.total + cost, 2**64 - 1)
        if cost >= _COST_TOLD:
            self._most = sorted([*self._most, (cost, path)], key=lambda one: -one[0])[:_TOLD_MAX]

    def problems(self, path: str) -> Iterator[Problem]:
        """Whether that is too much."""
        if self.total <= SCHEMA_COST_MAX:
            return
        for _, dear in self._most:
            yield forbidden_value(
                dear, "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
            )
        name = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        yield forbidden_value(path, _too_dear(name, self.total, SCHEMA_COST_MAX))


def _too_dear(name: str, cost: int, limit: int) -> str:
    factor = cost / limit
    shown = "more than 100x" if factor > 100 else (f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x")
    return (
        f"{name} exceeds budget by factor of {shown} (try simplifying the rule, or adding maxItems, maxProperties, and "
        "maxLength where arrays, maps, and strings are declared)"
    )


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


def rule_problems(
    schema: Object, path: str, spent: Spent, *, times: int | None = 1, is_root: bool = False, loose: str = ""
) -> Iterator[Problem]:
    """Every rule of one place of a schema that cannot be used, as far as its expressions go.

    ``times``: how often the place may be in an object, ``None`` where nothing says so.  ``loose`` is the list above it
    whose items cannot be told apart.
    """
    scoped = _scoped(_Schema(schema, is_root=is_root))
    if scoped is not None:
        for place, rule in enumerate(schema[RULES]):
            yield from _compiles(scoped, rule, f"{path}.{RULES}[{place}]", spent, times, loose)


def wording_problems(schema: Object, path: str) -> Iterator[Problem]:
    """Every mistake in what the rules of one place say, apart from their expressions."""
    for place, rule in enumerate(schema[RULES]):
        here = f"{path}.{RULES}[{place}]"
        yield from _message_wording(rule, here)
        expression = rule.get("messageExpression")
        if expression and not expression.strip():
            yield required(f"{here}.messageExpression", "messageExpression must be non-empty if specified")
        if (reason := rule.get("reason")) is not None and reason not in _REASONS:
            yield not_supported(f"{here}.reason", reason, _REASONS)
        given = rule.get("fieldPath") or ""
        if given and not given.strip():
            yield invalid_value(f"{here}.fieldPath", given, "fieldPath must be non-empty if specified")
        if _new_line.search(given):
            yield invalid_value(f"{here}.fieldPath", given, "fieldPath must not contain line breaks")
        if given and field_path(given, schema) is None:
            yield invalid_value(f"{here}.fieldPath", given, "fieldPath must be a valid path")


def _message_wording(rule: Object, here: str) -> Iterator[Problem]:
    text, message = (rule.get("rule") or "").strip(), rule.get("message") or ""
    if not text:
        yield required(f"{here}.rule", "rule is not specified")
    elif message and not message.strip():
        yield invalid_value(f"{here}.message", message, "message must be non-empty if specified")
    elif _new_line.search(message.strip()):
        yield invalid_value(f"{here}.message", message, "message must not contain line breaks")
    elif _new_line.search(text) and not message.strip():
        yield required(f"{here}.message", "message must be specified if rule contains line breaks")


def _invalid(path: str, rule: Object, detail: str) -> Problem:
    return Problem(path, "FieldValueInvalid", f"Invalid value: {_shown_rule(rule)}: {detail}")


def _compiles(
    scoped: _Scoped, rule: Object, here: str, spent: Spent, times: int | None, loose: str
) -> Iterator[Problem]:
    try:
        program = compiled(rule["rule"], scoped.scope(rule))
    except ExpressionError as error:
        yield _invalid(f"{here}.rule", rule, f"compilation failed: {error}")
        return
    if program.type != BOOL:
        yield _invalid(f"{here}.rule", rule, "cel expression must evaluate to a bool")
        return
    sizes = size_of(scoped.declared)
    cost = program.cost(sizes).most * (most_times(scoped.declared) if times is None else times)
    if cost > RULE_COST_MAX:
        yield forbidden_value(f"{here}.rule", _too_dear("estimated rule cost", cost, RULE_COST_MAX))
    spent.add(f"{here}.rule", cost)
    if "oldSelf" in program.names:
        if loose:
            detail = f"oldSelf cannot be used on the uncorrelatable portion of the schema within {loose}"
            yield invalid_value(f"{here}.rule", rule.get("rule"), detail)
    elif rule.get("optionalOldSelf") is not None:
        yield invalid_value(
            f"{here}.optionalOldSelf", rule["optionalOldSelf"], "may not be set if oldSelf is not used in rule"
        )
    if (rule.get("messageExpression") or "").strip():
        yield from _message_compiles(scoped, rule, here, spent)


def _message_compiles(scoped: _Scoped, rule: Object, here: str, spent: Spent) -> Iterator[Problem]:
    try:
        said = compiled(rule["messageExpression"], scoped.plain)
    except ExpressionError as error:
        yield _invalid(f"{here}.messageExpression", rule, f"messageExpression compilation failed: {error}")
        return
    if said.type != STRING:
        yield _invalid(f"{here}.messageExpression", rule, "messageExpression must evaluate to a string")
        return
    cost = said.cost(size_of(scoped.declared)).most
    if cost > RULE_COST_MAX:
        detail = _too_dear("estimated messageExpression cost", cost, RULE_COST_MAX)
        yield forbidden_value(f"{here}.messageExpression", detail)
    spent.add(f"{here}.messageExpression", cost)


def broken(new: Any, old: Any, schema: Object, path: str = "") -> Iterator[Problem]:
    """Every rule that an object breaks; what it broke before and leaves as it was is a warning.

    ``path`` says where it stands, if it is no whole object.
    """
    until = perf_counter() + _BUDGET_S
    before = ABSENT if old is None else old
    for place in _places(_Place(new, before, schema, path, Kept(new, old, schema, is_root=not path))):
        for rule in place.schema[RULES]:
            if perf_counter() > until:
                yield invalid_value("<nil>", "", _OVER)
                return
            yield from _applied(rule, place)


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
            if isinstance(inner, dict):
                here = (f"{path}.{name}" if name in properties else f"{path}[{name}]").removeprefix(".")
                yield from _places(_Place(below, before.get(name, ABSENT), inner, here, kept.at(name)))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        keys = keys_of(schema)
        former = {identity(item, keys): item for item in old} if keys and isinstance(old, list) else {}
        for place, item in enumerate(value):
            before = former.get(identity(item, keys), ABSENT) if keys else ABSENT
            yield from _places(_Place(item, before, schema["items"], f"{path}[{place}]", kept.item(place)))


def _applied(rule: Object, place: _Place) -> Iterator[Problem]:
    is_root = not place.path
    scoped = _scoped(_Schema(place.schema, is_root=is_root))
    if scoped is None:
        return
    has_old = place.old is not ABSENT and place.old is not None
    is_optional = bool(rule.get("optionalOldSelf"))
    kind = of_schema(place.schema)
    told = (rule.get("message") or "").strip() or rule["rule"].strip()
    try:
        program = compiled(rule["rule"], scoped.scope(rule))
        is_transition = "oldSelf" in program.names
        if is_transition and not has_old and not is_optional:
            return
        values = _values(place, program, has_old=has_old, is_optional=is_optional)
        if program.evaluate(values) is True:
            return
    except ExpressionError as error:
        yield Problem(place.path or "<nil>", "FieldValueInvalid", f'Invalid value: "{kind}": {_failed(error, told)}')
        return
    reason = rule.get("reason") or "FieldValueInvalid"
    if is_optional:
        values["oldSelf"] = values["oldSelf"][0] if has_old else None
    detail = _DETAILS[reason].format(text=_message(rule, scoped, values), type=kind)
    below = field_path(rule.get("fieldPath") or "", place.schema) or ""
    is_warning = not is_transition and place.kept.is_same()
    yield Problem(f"{place.path}{below}".removeprefix(".") or "<nil>", reason, detail, is_warning)


def _values(place: _Place, program: "Program", *, has_old: bool, is_optional: bool) -> dict[str, Any]:
    is_root = not place.path
    values = {"self": value_of(place.value, place.schema, is_root=is_root)}
    if "oldSelf" not in program.names:
        return {**values, "oldSelf": [] if is_optional else None}
    before = aligned(place.old, place.value, place.schema) if has_old else None
    old = value_of(before, place.schema, is_root=is_root) if has_old else None
    return {**values, "oldSelf": ([old] if has_old else []) if is_optional else old}


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


def _message(rule: Object, scoped: _Scoped, values: Mapping[str, Any]) -> str:
    if (rule.get("messageExpression") or "").strip():
        try:
            said = compiled(rule["messageExpression"], scoped.plain).evaluate(values)
        except ExpressionError:
            said = ""
        if isinstance(said, str):
            said = said.strip()
            if said and "\n" not in said and len(said.encode()) <= _MESSAGE_MAX_BYTES:
                return said
    message: str = (rule.get("message") or "").strip()
    return message or f"failed rule: {rule['rule'].strip()}"
