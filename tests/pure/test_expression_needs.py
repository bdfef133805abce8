"""How much of their variables expressions look at, and that they give the same without the rest."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects.expressions import ExpressionError, anything, compiled
from fairway.objects.expressions.needs import Items, Needs, cut

SCOPE = anything("self", "other")
THERE: Needs = {}


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("true", {}),
        ("self.a <= self.b.c", {"self": {"a": None, "b": {"c": None}}}),
        ("self.a.b == 1 && self.a == other", {"self": {"a": None}, "other": None}),
        ("has(self.a.b)", {"self": {"a": {"b": THERE}}}),
        ("has(self.a) && self.a.startsWith('x')", {"self": {"a": None}}),
        ("self.a.all(x, x.b > 0)", {"self": {"a": Items({"b": None})}}),
        ("self.a.all(x, x.b.exists(y, y == x.c))", {"self": {"a": Items({"b": Items(None), "c": None})}}),
        ("self.a.exists(self, self.b)", {"self": {"a": Items({"b": None})}}),
        ("self.a.filter(x, x.b).size() > other.n", {"self": {"a": Items(None)}, "other": {"n": None}}),
        ("self.a.all(x, true)", {"self": {"a": Items(THERE)}}),
        ("size(self.a) > 0 && self.a.size() > 0 && self.a[0].b", {"self": {"a": Items({"b": None})}}),
        ("self['a'].b == 1", {"self": Items({"b": None})}),
        ("self.?a.orValue(1) == 1", {"self": None}),
        ("self.a.all(k, v, k != v)", {"self": {"a": None}}),
        ("(has(self.a) ? self.b : other.c) == 1", {"self": {"a": THERE, "b": None}, "other": {"c": None}}),
    ],
)
def test_what_is_looked_at(text: str, needs: Any) -> None:
    assert compiled(text, SCOPE).needs == needs


def test_what_is_cut() -> None:
    value = {"a": [{"b": 1, "c": 2}, {"c": 3}], "d": {"e": 1, "f": 2}, "g": [1, 2], "h": "text"}
    needs: Needs = {"a": Items({"b": None}), "d": {"e": None}, "g": {}, "h": {"x": None}, "z": None}
    assert cut(value, needs) == {"a": [{"b": 1}, {}], "d": {"e": 1}, "g": [], "h": "text"}
    assert cut(value, None) is value
    assert cut({"d": value}, {"d": {}}) == {"d": {}}
    assert cut(value, Items({})) is value


TEXTS = (
    "has(self.a) && self.a == self.b", "has(self.a.b)", "self.a.b.c == 1", "self.a.all(x, x.b == 1)", "size(self.a)",
    "self.a.exists(x, has(x.b) && x.b.exists(y, y.c == 1))", "self.a.map(x, x.b)", "self.a.filter(x, has(x.c)).size()",
    "self.a[0].b", "self['a'].b", "self.a.size() + self.b.size()", "self.a.all(k, k != 'b')", "self.a.exists_one(x, x)",
    "'a' in self && 'b' in self.a", "has(self.a) ? self.a : self", "self.?a.?b.orValue(0)", "self.a.all(k, v, k != v)",
    "self == other", "self.a.map(x, x.b > 0, x.c)", "type(self.a) == list", "self.a.b.all(self, self.c == 1)",
)  # fmt: skip
LEAVES = st.sampled_from([1, 2, "a", "b", True, 0.5, None])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(st.sampled_from(TEXTS), VALUES, VALUES)
def test_an_expression_gives_the_same_without_the_rest(text: str, value: Any, other: Any) -> None:
    program = compiled(text, SCOPE)
    with_everything = compiled(f"[{text}, self, other]", SCOPE)
    assert with_everything.needs["self"] is with_everything.needs["other"] is None
    assert outcome(program, value, other) == outcome(with_everything, value, other, place=0)


def outcome(program: Any, value: Any, other: Any, place: int | None = None) -> Any:
    try:
        found = program.evaluate({"self": value, "other": other})
    except ExpressionError as error:
        return str(error)
    return found if place is None else found[place]
