"""Label selectors: their text, their meaning, and what is said of broken ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects import labels
from fairway.objects.errors import StatusError
from fairway.objects.label_syntax import integer
from fairway.objects.labels import Requirement, Selector

KEYS, VALUES = st.sampled_from("abc"), st.sampled_from(["", "x", "y", "7", "12"])
REQUIREMENTS = st.one_of(
    st.builds(lambda k, o, v: Requirement(k, o, (v,)), KEYS, st.sampled_from(["=", "==", "!="]), VALUES),
    st.builds(
        lambda k, o, v: Requirement(k, o, tuple(sorted(v))), KEYS, st.sampled_from(["in", "notin"]),
        st.sets(VALUES, min_size=1),
    ),
    st.builds(lambda k, o, v: Requirement(k, o, (v,)), KEYS, st.sampled_from([">", "<"]), st.sampled_from(["3", "9"])),
    st.builds(Requirement, KEYS, st.sampled_from(["exists", "!"])),
)  # fmt: skip
LABELS = st.dictionaries(KEYS, VALUES)


def naive(requirement: Requirement, found: dict[str, str]) -> bool:
    present, value = requirement.key in found, found.get(requirement.key, "")
    if requirement.operator in (">", "<"):
        if not value.isdecimal():
            return False
        larger, smaller = (value, requirement.values[0])[:: 1 if requirement.operator == ">" else -1]
        return int(larger) > int(smaller)
    return {
        "=": present and value in requirement.values,
        "==": present and value in requirement.values,
        "in": present and value in requirement.values,
        "!=": not (present and value in requirement.values),
        "notin": not (present and value in requirement.values),
        "exists": present,
        "!": not present,
    }[requirement.operator]


@given(st.lists(REQUIREMENTS, max_size=4), LABELS)
def test_a_selector_matches_iff_a_naive_matcher_does(found: list[Requirement], carried: dict[str, str]) -> None:
    assert Selector(found).matches(carried) == all(naive(requirement, carried) for requirement in found)


@given(st.lists(REQUIREMENTS, max_size=4))
def test_a_selector_is_read_back_from_its_text(found: list[Requirement]) -> None:
    selector = Selector(found)
    assert labels.parse(str(selector)) == selector


@given(LABELS, LABELS)
def test_a_map_selects_what_contains_it(wanted: dict[str, str], carried: dict[str, str]) -> None:
    assert labels.from_map(wanted).matches(carried) == (wanted.items() <= carried.items())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        (" a = b , c!=d", "a=b,c!=d"),
        ("x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z notin ()"),
        ("b,a", "a,b"),
        ("in in (in,notin)", "in in (in,notin)"),
        ("a in (,b,)", "a in (,b)"),
        ("a=,!b", "a=,!b"),
    ],
)
def test_the_text_of_a_selector_is_put_in_order(text: str, shown: str) -> None:
    assert str(labels.parse(text)) == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a in x", "unable to parse requirement: found 'x' expected: '('"),
        ("a in (b c)", "unable to parse requirement: found 'c', expected: ',' or ')'"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("a in (,=)", "unable to parse requirement: found '=', expected: ',', or identifier"),
        ("a==!", "unable to parse requirement: found '!', expected: identifier"),
        ("!", "unable to parse requirement: found '', expected: identifier"),
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("a,", "found '', expected: identifier after ','"),
        (
            "a>x",
            'unable to parse requirement: values[0]: Invalid value: "x": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_a_broken_selector_is_refused_in_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(StatusError) as caught:
        labels.parse(text)
    assert (caught.value.code, caught.value.message) == (400, message)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("a@=b", 'unable to parse requirement: <nil>: Invalid value: "a@": name part must consist of'),
        ("a=@", 'unable to parse requirement: values[0][a]: Invalid value: "@": a valid label must be'),
        ("a in (@,#)", 'unable to parse requirement: [values[0][a]: Invalid value: "#": a valid'),
    ],
)
def test_keys_and_values_out_of_shape_are_named(text: str, start: str) -> None:
    with pytest.raises(StatusError) as caught:
        labels.parse(text)
    assert caught.value.message.startswith(start)


@pytest.mark.parametrize(
    ("text", "number"),
    [("0" * 9000 + "7", 7), ("-007", -7), ("+0", 0), ("9223372036854775807", 2**63 - 1), ("9223372036854775808", None),
     ("-9223372036854775808", -(2**63)), ("9" * 9000, None), ("", None), ("+", None), ("1_0", None), ("\u0663", None)],
)  # fmt: skip
def test_numbers_are_read_as_go_reads_them_however_long(text: str, number: int | None) -> None:
    assert integer(text) == number


def test_a_missing_label_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert not labels.from_label_selector(None).matches({})
    assert labels.from_label_selector({}).matches({"a": "b"})


def test_a_label_selector_joins_its_labels_and_expressions() -> None:
    selector = labels.from_label_selector(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["b", "a"]},
                {"key": "old", "operator": "DoesNotExist"},
            ],
        }
    )
    assert str(selector) == "app=web,!old,tier in (a,b)"
    assert selector.matches({"app": "web", "tier": "a"})
    assert not selector.matches({"app": "web", "tier": "a", "old": ""})


def test_an_unknown_operator_is_refused() -> None:
    with pytest.raises(StatusError, match='"Near" is not a valid label selector operator'):
        labels.from_label_selector({"matchExpressions": [{"key": "a", "operator": "Near"}]})


def test_a_label_selector_is_told_every_broken_rule() -> None:
    selector = {
        "matchLabels": {"a b": "c"},
        "matchExpressions": [
            {"key": "a", "operator": "In"},
            {"key": "b", "operator": "Exists", "values": ["x"]},
            {"key": "c", "operator": "Near"},
        ],
    }
    found = list(labels.validate_label_selector(selector, "spec.selector"))
    assert [problem.path for problem in found] == [
        "spec.selector.matchLabels",
        "spec.selector.matchExpressions[0].values",
        "spec.selector.matchExpressions[1].values",
        "spec.selector.matchExpressions[2].operator",
    ]
    assert found[3].detail == 'Invalid value: "Near": not a valid selector operator'
