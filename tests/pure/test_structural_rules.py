"""Rules in CEL: what a definition may say, and what an object breaks."""

from typing import Any

import pytest

from fairway.objects.structural import RULES
from fairway.objects.structural.broken_rules import broken
from fairway.objects.structural.rules import Spent, rule_problems

PROPERTIES: dict[str, Any] = {
    "a": {"type": "integer"},
    "b": {"type": "string"},
    "when": {"type": "string", "format": "date-time"},
    "times": {
        "type": "array",
        "maxItems": 3,
        "items": {"type": "object", "properties": {"at": {"type": "string", "format": "date-time"}}},
    },
    "day": {"type": "string", "format": "date"},
    "set": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
    "last": {"type": "string", "format": "duration"},
    "port": {"x-kubernetes-int-or-string": True},
    "list": {"type": "array", "maxItems": 5, "items": {"type": "string"}},
    "short": {"type": "array", "maxItems": 9, "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    "long": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}},
    "map": {"type": "object", "additionalProperties": {"type": "integer"}},
    "in": {"type": "integer"},
    "a-b.c": {"type": "integer"},
    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    "deep": {"type": "object", "properties": {"x": {"type": "number"}}},
}


def schema(*rules: dict[str, Any]) -> dict[str, Any]:
    spec = {"type": "object", "properties": PROPERTIES, "x-kubernetes-validations": list(rules)}
    return {"type": "object", "properties": {"spec": spec}}


def told(rule: dict[str, Any], spec: dict[str, Any], old: dict[str, Any] | None = None) -> list[str]:
    made = schema(rule)
    assert list(rule_problems(made["properties"]["spec"], "x", Spent())) == []
    before = None if old is None else {"spec": old}
    return [problem.text for problem in broken({"spec": spec}, before, made)]


RIGHT = [
    ("self.when.getFullYear() == 2026", {"when": "2026-01-01T00:00:00Z"}),
    (
        "self.times.all(t, t.at < timestamp('2030-01-01T00:00:00Z') && has(t.at))",
        {"times": [{"at": "2026-01-01T00:00:00Z"}]},
    ),
    ("self.deep.x > 0 && self.a < 2.5", {"deep": {"x": 1}, "a": 2}),
    ("self.day < timestamp('2030-01-01T00:00:00Z')", {"day": "2026-01-01"}),
    ("self.a > 1", {"a": 2}),
    ("!has(self.b)", {"a": 2}),
    ("self.when > timestamp('2020-01-01T00:00:00Z')", {"when": "2026-01-01T00:00:00Z"}),
    ("self.last < duration('1h')", {"last": "30m"}),
    ("type(self.port) == int ? self.port < 10 : self.port == 'http'", {"port": "http"}),
    ("self.list.isSorted() && self.list.all(x, x.size() == 1)", {"list": ["a", "b"]}),
    ("self.short.map(x, x.n).sum() == 3", {"short": [{"n": 1}, {"n": 2}]}),
    ("self.map.all(k, self.map[k] > 0)", {"map": {"z": 1}}),
    ("self.__in__ == 1", {"in": 1}),
    ("self.a__dash__b__dot__c == 1", {"a-b.c": 1}),
    ("self.deep.x > 0.5", {"deep": {"x": 1}}),
    ("self.deep.x == 1.0", {"deep": {"x": 1}}),
    ("isURL(self.b) && url(self.b).getScheme() == 'https'", {"b": "https://a.b/c"}),
    ("quantity(self.b).isGreaterThan(quantity('1Mi'))", {"b": "1Gi"}),
    ("cidr('10.0.0.0/8').containsIP(self.b)", {"b": "10.1.1.1"}),
    ("!format.dns1123Label().validate(self.b).hasValue()", {"b": "a-b"}),
    ("self.?b.orValue('x') == 'x'", {"a": 1}),
    ("self.b.lowerAscii().split(',').size() == 2", {"b": "A,B"}),
]


@pytest.mark.parametrize(("rule", "spec"), RIGHT)
def test_what_holds_is_not_told(rule: str, spec: dict[str, Any]) -> None:
    assert told({"rule": rule}, spec) == []


BROKEN: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"rule": "self.a > 1"}, {"a": 1}, 'spec: Invalid value: failed rule: self.a > 1'),
    ({"rule": "self.a > 1", "message": "more"}, {"a": 1}, 'spec: Invalid value: more'),
    ({"rule": "self.a > 1", "messageExpression": "'not ' + string(self.a)"}, {"a": 1},
     'spec: Invalid value: not 1'),
    ({"rule": "self.a > 1", "message": "m", "messageExpression": "self.b"}, {"a": 1},
     'spec: Invalid value: m'),
    ({"rule": "self.a > 1", "message": "m", "reason": "FieldValueRequired", "fieldPath": ".a"}, {"a": 1},
     "spec.a: Required value: m"),
    ({"rule": "self.b == 'x'"}, {"a": 1},
     'spec: Invalid value: "object": no such key: b evaluating rule: self.b == \'x\''),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "spec", "text"), BROKEN)
def test_what_is_broken_is_told(rule: dict[str, Any], spec: dict[str, Any], text: str) -> None:
    assert told(rule, spec) == [text]


def test_transitions_are_judged_on_updates_alone() -> None:
    rule = {"rule": "self.a >= oldSelf.a", "message": "grows"}
    assert told(rule, {"a": 1}) == []
    assert told(rule, {"a": 1}, {"a": 2}) == ["spec: Invalid value: grows"]
    optional = {"rule": "oldSelf.hasValue() || self.a == 0", "message": "from nothing", "optionalOldSelf": True}
    assert told(optional, {"a": 1}) == ["spec: Invalid value: from nothing"]
    assert told(optional, {"a": 1}, {"a": 0}) == []


def weighed(made: dict[str, Any], spec: Any, old: Any) -> list[tuple[str, bool]]:
    return [(problem.path, problem.is_warning) for problem in broken({"spec": spec}, {"spec": old}, made)]


def test_what_an_update_leaves_as_it_was_is_told_but_not_refused() -> None:
    made = schema({"rule": "self.a > 1"})
    assert weighed(made, {"a": 1}, {"a": 1}) == [("spec", True)]
    assert weighed(made, {"a": 1}, {"a": 1, "b": "x"}) == [("spec", False)]


def test_a_rule_that_fails_or_compares_is_judged_though_nothing_changed() -> None:
    assert weighed(schema({"rule": "self.b == 'x'"}), {"a": 1}, {"a": 1}) == [("spec", False)]
    assert weighed(schema({"rule": "self.a > oldSelf.a"}), {"a": 1}, {"a": 1}) == [("spec", False)]


def test_items_are_as_they_were_by_key_by_place_or_all_together() -> None:
    rules = [{"rule": "self.n > 1"}]
    item = {
        "type": "object", "properties": {"k": {"type": "string"}, "n": {"type": "integer"}},
        "x-kubernetes-validations": rules,
    }  # fmt: skip
    found = [{"k": "a", "n": 0}, {"k": "b", "n": 0}]

    def judged(new: list[Any], **more: Any) -> list[tuple[str, bool]]:
        spec = {"type": "array", "items": item, **more}
        return weighed({"type": "object", "properties": {"spec": spec}}, new, found)

    turned = found[::-1]
    by_key = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    assert judged(turned, **by_key) == [("spec[0]", True), ("spec[1]", True)]
    assert judged(turned) == [("spec[0]", False), ("spec[1]", False)]
    assert judged([found[0], {"k": "b", "n": -1}]) == [("spec[0]", True), ("spec[1]", False)]
    atomic = {"x-kubernetes-list-type": "atomic"}
    assert judged(found, **atomic) == [("spec[0]", True), ("spec[1]", True)]
    assert judged([*found, {"k": "c", "n": 2}], **atomic) == [("spec[0]", False), ("spec[1]", False)]


def test_the_order_of_a_set_means_nothing() -> None:
    rule = {"rule": "self.set == oldSelf.set", "message": "same"}
    assert told(rule, {"set": ["a", "b"]}, {"set": ["b", "a"]}) == []
    assert told(rule, {"set": ["a", "b"]}, {"set": ["b"]}) == ["spec: Invalid value: same"]


MISTAKES = [
    ("self.a.b == 1", "ERROR: <input>:1:7: type 'int' does not support field selection"),
    ("self.a +", "ERROR: <input>:1:9: Syntax error"),
    ("self.zz > 1", "ERROR: <input>:1:5: undefined field 'zz'\n | self.zz > 1\n | ....^"),
    ("self.deep.y > 1.0", "undefined field 'y'"),
    ("self.list.map(x, x)", "must evaluate to a bool"),
    ("nobody > 1", "undeclared reference to 'nobody' (in container '')"),
    ("self.a == 'x'", "found no matching overload for '_==_' applied to '(int, string)'"),
    ("self.free.any == 'x'", "undefined field 'any'"),
    ("self.list.exists(x, x == 1)", "found no matching overload for '_==_' applied to '(string, int)'"),
    ("self.a", "cel expression must evaluate to a bool"),
    ("self.deep", "cel expression must evaluate to a bool"),
]


@pytest.mark.parametrize(("rule", "text"), MISTAKES)
def test_a_rule_that_cannot_work_is_refused(rule: str, text: str) -> None:
    [problem] = rule_problems(schema({"rule": rule})["properties"]["spec"], "x", Spent())
    assert problem.path == "x.x-kubernetes-validations[0].rule"
    assert f"compilation failed: {text}" in problem.detail or text in problem.detail


COSTS = [
    ("self.all(s, s == 'x')", {"type": "array", "items": {"type": "string"}}, 1, False),
    ("self.all(s, s == 'x')", {"type": "array", "items": {"type": "string"}}, 1000000, True),
    ("self.all(a, a.all(b, b == 'x'))",
     {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}, 1, True),
    ("self.contains('x')", {"type": "string"}, 1, False),
    ("self.contains('x')", {"type": "string"}, 1000000, True),
    ("self.contains('x')", {"type": "string", "maxLength": 63}, 1024, False),
    ("self > 0", {"type": "integer"}, 1000000, False),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "place", "times", "is_refused"), COSTS)
def test_costs_grow_with_what_is_not_bounded(rule: str, place: dict[str, Any], times: int, is_refused: bool) -> None:
    found = list(rule_problems({**place, "x-kubernetes-validations": [{"rule": rule}]}, "x", Spent(), times=times))
    assert any("estimated rule cost exceeds budget" in one.detail for one in found) is is_refused


def test_a_rule_that_could_run_for_ever_is_refused() -> None:
    def cost(rule: str) -> list[str]:
        return [one.detail for one in rule_problems(schema({"rule": rule})["properties"]["spec"], "x", Spent())]

    assert cost("self.list.all(x, self.list.exists(y, x != y))") == []
    [detail] = cost("self.long.all(x, self.long.exists(y, x != y))")
    assert detail.startswith("Forbidden: estimated rule cost exceeds budget by factor of more than 100x")


def test_a_message_speaks_of_the_value_and_not_of_its_type() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer", RULES: [{"rule": "self > 1"}]}}}
    assert [problem.text for problem in broken({"a": 1}, None, schema)] == [
        "a: Invalid value: 1: failed rule: self > 1"
    ]
    doubled = {"type": "string", RULES: [{"rule": "self != 'x'", "reason": "FieldValueDuplicate"}]}
    schema = {"type": "object", "properties": {"a": doubled}}
    assert [problem.text for problem in broken({"a": "x"}, None, schema)] == ['a: Duplicate value: "x"']


def test_the_message_of_a_rule_with_an_optional_old_value_is_compiled_for_it() -> None:
    rule = {"rule": "oldSelf.hasValue()", "messageExpression": "oldSelf.value().a > 0 ? 'x' : 'y'", "message": "m"}
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, RULES: [{**rule, "optionalOldSelf": True}]}
    assert list(rule_problems(schema, "x", Spent())) == []
    assert [problem.text for problem in broken({"a": 1}, None, schema)] == ["<nil>: Invalid value: m"]
