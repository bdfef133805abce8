"""Expressions: what they give, how they fail, and Kubernetes' own functions, as tables."""

from typing import Any

import pytest

from fairway.objects.expressions import ExpressionError, Scope, compiled
from fairway.objects.expressions.authorizer import ASKING, AUTHORIZER
from fairway.objects.expressions.kinds import type_of_kind
from fairway.objects.expressions.types import DYN, Type

OBJECT = {
    "many": list(range(200)),
    "more": list(range(900)),
    "metadata": {"name": "web-1", "labels": {"a": "b"}},
    "spec": {"replicas": 3, "none": None, "list": [1, 3, 2]},
}


SCOPE = Scope({"object": DYN, "authorizer": Type("kubernetes.authorization.Authorizer")})


def value(text: str) -> Any:
    return compiled(text, SCOPE).evaluate({"object": OBJECT, "authorizer": AUTHORIZER})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("object.spec.replicas <= 5", True),
        ("has(object.spec.missing)", False),
        ("object.spec.none == null", True),
        ("object.?spec.?missing.orValue(7)", 7),
        ("object.metadata.name.matches('^web-')", True),
        ("object.metadata.labels.all(key, key == 'a')", True),
        ("object.metadata.labels.all(key, value, value == 'b')", True),
        ("'%s has %d'.format([object.metadata.name, object.spec.replicas])", "web-1 has 3"),
        ("'A-B'.lowerAscii().split('-')", ["a", "b"]),
        ("object.spec.list.sum() + object.spec.list.max() - object.spec.list.min()", 8),
        ("object.spec.list.isSorted() || [1, 2].isSorted()", True),
        ("object.spec.list.indexOf(2) == 2 && 'abc'.indexOf('c') == 2", True),
        ("[1, 2, 1].lastIndexOf(1)", 2),
        ("sets.contains(object.spec.list, [1, 2])", True),
        ("format.dns1123Label().validate('a-b').hasValue()", False),
        ("format.named('uuid').value().validate('x').value()", ["does not match the UUID format"]),
        ("format.named('nothing').hasValue()", False),
        ("string(ip('10.0.0.1')) + string(cidr('10.0.0.0/8'))", "10.0.0.110.0.0.0/8"),
        ("object.metadata.labels.transformMap(k, v, v + 'x')", {"a": "bx"}),
        ("object.spec.list.transformList(i, v, i * v)", [0, 3, 4]),
        ("image('registry.k8s.io/a/b:v1').repository()", "a/b"),
        ("image('nginx').registry() + ' ' + image('nginx').tag()", "index.docker.io latest"),
        ("object.many.all(x, object.many.exists_one(y, x == y))", True),
        ("object.many.map(x, object.many.filter(y, y > x).size()).sum() == 19900 || false", True),
        ("true || object.more.all(x, object.more.all(y, x + y >= 0))", True),
        ("isSemver('v1.2', true) && !isSemver('v1.2')", True),
        ("[1, 2].exists_one(x, x == 1) && [1, 2].filter(x, x > 1) == [2]", True),
        ("object.spec.replicas > 2.5 && 1 < 1.5", True),
        ("'a1b22'.findAll('[0-9]+')", ["1", "22"]),
        ("'a1b22'.find('[0-9]+')", "1"),
        ("url('https://u@h:80/p?q=1').getHost()", "h:80"),
        ("isURL('no url') || isURL('/path')", True),
        ("quantity('1500m').isGreaterThan(quantity('1'))", True),
        ("quantity('1000m') == quantity('1')", True),
        ("quantity('1').add(quantity('500m')).compareTo(quantity('1500m'))", 0),
        ("quantity('2k').asInteger()", 2000),
        ("isQuantity('1x')", False),
        ("ip('10.0.0.1').family() == 4 && isIP('::1') && !isIP('1.2.3')", True),
        ("cidr('10.0.0.0/8').containsIP('10.1.2.3') && cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", True),
        ("cidr('10.1.2.3/8').masked() == cidr('10.0.0.0/8')", True),
        ("semver('1.2.3-rc1').isLessThan(semver('1.2.3')) && semver('1.10.0').minor() == 10", True),
        ("duration('90m') > duration('1h')", True),
        ("timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-02T00:00:00Z')", True),
    ],
)
def test_an_expression_has_a_value(text: str, expected: Any) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("object.spec.missing == 1", "no such key: missing"),
        ("1 / (object.spec.replicas - 3)", "division by zero"),
        (
            "object.more.all(x, object.more.all(y, x + y >= 0))",
            "operation cancelled: actual cost limit exceeded",
        ),
        ("object.spec.none.x == 1", "no such overload"),
        ("object.spec.list['a'] == 1", "unsupported index type 'string' in list"),
        ("object.spec.list[7] == 1", "index out of bounds: 7"),
        ("ip('::ffff:1.2.3.4').family() == 4", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'),
        ("quantity('1x') == null", "quantities must match the regular expression"),
    ],
)
def test_a_failure_is_told(text: str, failure: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        value(text)
    assert failure in str(raised.value)


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (
            "1 + 'a'",
            "ERROR: <input>:1:3: found no matching overload for '_+_' applied to '(int, string)'\n | 1 + 'a'\n",
        ),
        ("other.x", "ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other.x\n | ^"),
        ("math.greatest(1, 2)", "undeclared reference to 'math' (in container '')"),
        ("cel.bind(x, 1, x)", "undeclared reference to 'bind' (in container '')"),
        ("'a'.reverse()", "undeclared reference to 'reverse' (in container '')"),
        ("[1, 'a']", "ERROR: <input>:1:5: expected type 'int' but found 'string'"),
        ("{'a': 1, 'b': 'c'}", "expected type 'int' but found 'string'"),
        ("quantity('1') > 1", "found no matching overload for '_>_' applied to '(kubernetes.Quantity, int)'"),
        ("ip('::1').prefixLength()", "found no matching overload for 'prefixLength' applied to 'net.IP.()'"),
        ("1 == 1.0", "found no matching overload for '_==_' applied to '(int, double)'"),
        ("1.all(x, x)", "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)"),
        ("authorizer.check('get')", "applied to 'kubernetes.authorization.Authorizer.(string)'"),
        ("duration('x')", "ERROR: <input>:1:10: invalid duration argument"),
        ("'a'.matches('(')", "ERROR: <input>:1:13: invalid matches argument"),
        ("1 ? 2 : 3", "found no matching overload for '_?_:_' applied to '(int, int, int)'"),
        ("1 +", "Syntax error: mismatched input"),
    ],
)
def test_a_mistake_is_found_before_anything_runs(text: str, mistake: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        compiled(text, SCOPE)
    assert mistake in str(raised.value)


def test_a_program_knows_what_it_gives() -> None:
    texts = ("1 < 2", "'a'", "object.a", "1", "[1].map(x, string(x))", "{'a': [1.5]}", "optional.of(1u)", "type(1)",
             "'a'.split(',')", "[]", "timestamp('2026-01-01T00:00:00Z') - duration('1h')")  # fmt: skip
    assert [str(compiled(text, SCOPE).type) for text in texts] == [
        "bool", "string", "dyn", "int", "list(string)", "map(string, list(double))", "optional_type(uint)", "type(int)",
        "list(string)", "list(dyn)", "timestamp",
    ]  # fmt: skip


def test_objects_that_are_built_in_have_types() -> None:
    found = type_of_kind("apps/v1", "Deployment")
    assert found is not None
    scope = Scope({"object": found})
    for text, kind in (
        ("object.spec.replicas", "int"),
        ("object.metadata.labels", "map(string, string)"),
        ("object.metadata.creationTimestamp", "timestamp"),
        ("object.spec.template.spec.containers[0].resources.limits", "map(string, string)"),
        ("object.spec.strategy.rollingUpdate.maxSurge", "dyn"),
    ):
        assert str(compiled(text, scope).type) == kind
    with pytest.raises(ExpressionError, match="undefined field 'replica'"):
        compiled("object.spec.replica > 1", scope)
    assert type_of_kind("apiextensions.k8s.io/v1", "CustomResourceDefinition") is None


def test_an_expression_asks_who_may_do_what() -> None:
    token = ASKING.set(lambda asked: asked["verb"] == "get" and asked["resource"] == "pods" and asked["group"] == "")
    try:
        assert value("authorizer.group('').resource('pods').namespace('x').check('get').allowed()") is True
        assert value("authorizer.group('').resource('pods').check('delete').allowed()") is False
    finally:
        ASKING.reset(token)
