"""What expressions may cost at worst: the numbers of Kubernetes' own tests, without limits and with."""

from collections.abc import Callable
from typing import Any

import pytest

from fairway.objects.expressions import Scope, compiled
from fairway.objects.structural.declared import declared, most_times, size_of

Limited = Callable[[int | None], dict[str, Any]]
ITEM = {"type": "object", "properties": {"required": {"type": "string"}, "optional": {"type": "string"}},
        "required": ["required"]}  # fmt: skip


def with_limit(schema: dict[str, Any], field: str, most: int | None) -> dict[str, Any]:
    return schema if most is None else {**schema, field: most}


def one(name: str) -> dict[str, Any]:
    if name == "int-or-string":
        return {"x-kubernetes-int-or-string": True}
    return {"type": "string", "format": name} if name in ("duration", "date", "date-time") else {"type": name}


def array(item: dict[str, Any]) -> Limited:
    return lambda most: with_limit({"type": "array", "items": item}, "maxItems", most)


def mapped(item: dict[str, Any]) -> Limited:
    return lambda most: with_limit({"type": "object", "additionalProperties": item}, "maxProperties", most)


def text(most: int | None) -> dict[str, Any]:
    return with_limit({"type": "string"}, "maxLength", most)


def raw(most: int | None) -> dict[str, Any]:
    return with_limit({"type": "string", "format": "byte"}, "maxLength", most)


def texts(most: int | None) -> dict[str, Any]:
    return with_limit({"type": "array", "items": text(most)}, "maxItems", most)


def text_map(most: int | None) -> dict[str, Any]:
    return with_limit({"type": "object", "additionalProperties": text(most)}, "maxProperties", most)


NUMBERS = array({"type": "number"})
ALL = "self.all(x, true)"
ROWS: list[tuple[Limited, str, int, int, int]] = [
    (NUMBERS, ALL, 4718591, 10, 32),
    (array({"type": "string"}), ALL, 3145727, 20, 62),
    (array({"type": "boolean"}), ALL, 1887437, 5, 17),
    (array({"type": "array", "items": {"type": "number"}}), ALL, 3145727, 100, 302),
    (array(ITEM), ALL, 555128, 50, 152),
    (mapped({"type": "number"}), ALL, 1348169, 10, 32),
    (mapped({"type": "string"}), ALL, 1179647, 3, 11),
    (mapped({"type": "boolean"}), ALL, 943718, 100, 302),
    (text, "self.contains('test')", 314574, 10, 5),
    (text, "self.startsWith('test')", 2, 15, 2),
    (text, 'size(self + "hello") > size("hello")', 314578, 4, 7),
    (NUMBERS, "self[1] == 0.0", 2, 5000, 2),
    (array({"type": "string"}), "self[1] == self[1]", 314577, 8, 314577),
    (text, 'self.matches("x")', 314574, 50, 22),
    (text, '"".matches("(((((((((())))))))))[0-9]")', 7, 10, 7),
    (text, 'self.matches("")', 1, 100, 1),
    (text_map, "self.all(x, x.contains(self[x]))", 2752507, 10, 72),
    (NUMBERS, "self[3] == 0.0", 2, 0, 2),
    (mapped({"type": "number"}), 'self["x"] == 0.0', 2, 0, 2),
    (text, 'self == "x"', 2, 0, 1),
    (raw, 'self == b"x"', 2, 0, 1),
    (NUMBERS, "self.all(x, x == 0.0)", 6291454, 3 * 1024 * 2048, 25165826),
    (array(one("int-or-string")), ALL, 4718591, 10, 32),
    (array(one("int-or-string")), "self[0] == 5", 3, 10, 3),
    (array(ITEM), "self[0] == null", 2, 422, 2),
    (array({"type": "array", "items": {"type": "number"}}), "self[0][0] == -1.0", 3, 51, 3),
    (
        array({"type": "object", "additionalProperties": {"type": "number"}}),
        "self.all(x, x.y == 25.2)",
        6291452,
        12,
        74,
    ),
    (array(one("duration")), ALL, 2359295, 5, 17),
    (array(one("duration")), "self[0].getHours() == 2", 4, 525, 4),
    (array(one("date")), ALL, 725936, 15, 47),
    (array(one("date-time")), ALL, 428963, 25, 77),
    (mapped(one("duration")), ALL, 1048577, 5, 17),
    (mapped(one("date")), ALL, 524288, 10, 32),
    (mapped(one("date-time")), ALL, 349526, 25, 77),
    (text, "self.find('[0-9]+') == ''", 629147, 10, 11),
    (texts, "self.join(' ') == 'aa bb'", 329853068905, 10, 43),
]


def cost(schema: dict[str, Any], rule: str) -> int:
    found = declared(schema, "self1")
    assert found is not None
    return compiled(rule, Scope({"self": found.type})).cost(size_of(found)).most


@pytest.mark.parametrize(("limited", "rule", "without", "most", "with_it"), ROWS)
def test_a_cost_is_that_of_kubernetes(limited: Limited, rule: str, without: int, most: int, with_it: int) -> None:
    assert [cost(limited(None), rule), cost(limited(most), rule)] == [without, with_it]


def test_loops_in_loops_multiply() -> None:
    assert cost(NUMBERS(10), "self.all(x, self.all(y, true))") == 352
    assert cost(NUMBERS(10), "self.all(x, self.all(y, self.all(z, true)))") == 3552
    assert cost(NUMBERS(None), "self.all(x, self.all(y, true))") > 10_000_000


def test_what_no_limit_bounds_fits_into_a_request() -> None:
    found = declared({"type": "string"}, "x")
    assert found is not None and most_times(found) == 1048576
