"""Rules: ``x-kubernetes-validations``, checked when a definition is written.

Pure.  Shape: ``rule_problems(schema, path, spent)`` for a definition; ``broken_rules`` applies them.
Source: Kubernetes docs, "Validation rules", "Resource use by validation functions".
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import orjson

from fairway.objects import Object
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.expressions import ExpressionError, Scope, compiled
from fairway.objects.expressions.types import BOOL, STRING, optional_of
from fairway.objects.structural import RULES
from fairway.objects.structural.declared import Declared, declared, most_times, size_of
from fairway.objects.structural.field_paths import field_path

_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_new_line = re.compile(r"[\n\r]")
RULE_COST_MAX, SCHEMA_COST_MAX = 10_000_000, 100_000_000
"""What one rule, and all of a schema, may cost at worst."""
_COST_TOLD = SCHEMA_COST_MAX // 100
_TOLD_MAX = 4
_NAME = "selfType"


class Scoped(NamedTuple):
    """A place of a schema, with what its rules may speak of: ``oldSelf`` as it is, or optional."""

    schema: Object
    declared: Declared
    plain: Scope
    optional: Scope

    def scope(self, rule: Object) -> Scope:
        """Of one rule."""
        return self.optional if rule.get("optionalOldSelf") else self.plain


class SchemaKey:
    """A schema as a key: schemas are never changed, so that one is itself and no other."""

    __slots__ = ("is_root", "schema")

    def __init__(self, schema: Object, *, is_root: bool = False) -> None:
        self.schema = schema
        self.is_root = is_root

    def __hash__(self) -> int:
        return id(self.schema)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SchemaKey) and other.schema is self.schema and other.is_root is self.is_root


@lru_cache(512)
def scoped_of(key: SchemaKey) -> Scoped | None:
    """A place as its rules see it; ``None`` where they see nothing."""
    found = declared(key.schema, _NAME, is_root=key.is_root)
    if found is None:
        return None
    plain = Scope({"self": found.type, "oldSelf": found.type})
    optional = Scope({"self": found.type, "oldSelf": optional_of(found.type)}, optional=("oldSelf",))
    return Scoped(key.schema, found, plain, optional)


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
    scoped = scoped_of(SchemaKey(schema, is_root=is_root))
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
    scoped: Scoped, rule: Object, here: str, spent: Spent, times: int | None, loose: str
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


def _message_compiles(scoped: Scoped, rule: Object, here: str, spent: Spent) -> Iterator[Problem]:
    try:
        said = compiled(rule["messageExpression"], scoped.scope(rule))
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
