"""Laws of patches and selectors, against references that know nothing of how ours are written."""

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairway.objects import labels
from fairway.objects.errors import StatusError
from fairway.objects.labels import Requirement, Selector
from fairway.objects.patches import json_patch, merge_patch, strategic_merge

NAMES = st.sampled_from(["a", "b", "c/d", "e~f", ""])
SCALARS = st.sampled_from([0, 1, 2, True, False, "", "x", None])
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)


# JSON patch.

APPENDIX: list[tuple[str, Any, Any, Any]] = [
    ("A.1", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux"}], {"baz": "qux", "foo": "bar"}),
    ("A.2", {"foo": ["bar", "baz"]}, [{"op": "add", "path": "/foo/1", "value": "qux"}],
     {"foo": ["bar", "qux", "baz"]}),
    ("A.3", {"baz": "qux", "foo": "bar"}, [{"op": "remove", "path": "/baz"}], {"foo": "bar"}),
    ("A.4", {"foo": ["bar", "qux", "baz"]}, [{"op": "remove", "path": "/foo/1"}], {"foo": ["bar", "baz"]}),
    ("A.5", {"baz": "qux", "foo": "bar"}, [{"op": "replace", "path": "/baz", "value": "boo"}],
     {"baz": "boo", "foo": "bar"}),
    ("A.6", {"foo": {"bar": "baz", "waldo": "fred"}, "qux": {"corge": "grault"}},
     [{"op": "move", "from": "/foo/waldo", "path": "/qux/thud"}],
     {"foo": {"bar": "baz"}, "qux": {"corge": "grault", "thud": "fred"}}),
    ("A.7", {"foo": ["all", "grass", "cows", "eat"]}, [{"op": "move", "from": "/foo/1", "path": "/foo/3"}],
     {"foo": ["all", "cows", "eat", "grass"]}),
    ("A.8", {"baz": "qux", "foo": ["a", 2, "c"]},
     [{"op": "test", "path": "/baz", "value": "qux"}, {"op": "test", "path": "/foo/1", "value": 2}],
     {"baz": "qux", "foo": ["a", 2, "c"]}),
    ("A.9", {"baz": "qux"}, [{"op": "test", "path": "/baz", "value": "bar"}], None),
    ("A.10", {"foo": "bar"}, [{"op": "add", "path": "/child", "value": {"grandchild": {}}}],
     {"foo": "bar", "child": {"grandchild": {}}}),
    ("A.11", {"foo": "bar"}, [{"op": "add", "path": "/baz", "value": "qux", "xyz": 123}],
     {"foo": "bar", "baz": "qux"}),
    ("A.12", {"foo": "bar"}, [{"op": "add", "path": "/baz/bat", "value": "qux"}], None),
    ("A.14", {"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": 10}], {"/": 9, "~1": 10}),
    ("A.15", {"/": 9, "~1": 10}, [{"op": "test", "path": "/~01", "value": "10"}], None),
    ("A.16", {"foo": ["bar"]}, [{"op": "add", "path": "/foo/-", "value": ["abc", "def"]}],
     {"foo": ["bar", ["abc", "def"]]}),
]  # fmt: skip
"""RFC 6902, appendix A; ``None`` where it is an error.  A.13 names a field twice, which a decoder never shows."""


@pytest.mark.parametrize(("document", "patch", "expected"), [row[1:] for row in APPENDIX], ids=[r[0] for r in APPENDIX])
def test_the_examples_of_the_rfc(document: Any, patch: Any, expected: Any) -> None:
    if expected is None:
        with pytest.raises(StatusError):
            json_patch.apply(copy.deepcopy(document), patch)
    else:
        assert json_patch.apply(copy.deepcopy(document), patch) == expected


Path = tuple[str | int, ...]


def flat(value: Any, at: Path = ()) -> dict[Path, Any]:
    """Every place of a document and what is there: ``dict`` and ``list`` stand for containers."""
    found: dict[Path, Any] = {at: type(value) if isinstance(value, dict | list) else value}
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in members:
        found |= flat(inner, (*at, name))
    return found


def whole(places: dict[Path, Any], at: Path = ()) -> Any:
    """The document that ``flat`` took apart."""
    if places[at] is dict:
        return {path[-1]: whole(places, path) for path in places if len(path) == len(at) + 1 and path[:-1] == at}
    if places[at] is list:
        items = [path for path in places if len(path) == len(at) + 1 and path[:-1] == at]
        return [whole(places, path) for path in sorted(items, key=lambda path: path[-1])]
    return places[at]


def below(places: dict[Path, Any], at: Path) -> dict[Path, Any]:
    return {path: value for path, value in places.items() if path[: len(at)] == at}


def shifted(places: dict[Path, Any], parent: Path, start: int, by: int) -> dict[Path, Any]:
    """The items of a list from ``start`` on, moved."""
    moved = {}
    for path, value in places.items():
        place = path[len(parent)] if len(path) > len(parent) and path[: len(parent)] == parent else -1
        is_moved = isinstance(place, int) and place >= start
        moved[(*parent, place + by, *path[len(parent) + 1 :]) if is_moved else path] = value
    return moved


def taken(places: dict[Path, Any], at: Path) -> dict[Path, Any]:
    left = {path: value for path, value in places.items() if path[: len(at)] != at}
    return shifted(left, at[:-1], at[-1], -1) if isinstance(at[-1], int) else left


def put(places: dict[Path, Any], at: Path, value: Any) -> dict[Path, Any]:
    if isinstance(at[-1], int):
        places = shifted(places, at[:-1], at[-1], 1)
    else:
        places = {path: found for path, found in places.items() if path[: len(at)] != at}
    return places | {(*at, *path): found for path, found in flat(value).items()}


def pointer(at: Path) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in at)


@settings(max_examples=100)
@given(DOCUMENTS, st.data())
def test_every_operation_does_what_a_table_of_places_does(document: Any, data: st.DataObject) -> None:
    places, operations = flat(document), []
    for _ in range(data.draw(st.integers(1, 4))):
        known = sorted((path for path in places if path), key=str)
        homes = sorted((path for path in places if places[path] in (dict, list)), key=str)
        home = data.draw(st.sampled_from(homes))
        count = len(whole(places, home)) if places[home] is list else 0
        target = (*home, data.draw(st.integers(0, count) if places[home] is list else NAMES))
        verb = data.draw(st.sampled_from(["add", "remove", "replace", "move", "copy", "test"] if known else ["add"]))
        source = data.draw(st.sampled_from(known)) if known else ()
        value = data.draw(VALUES)
        match verb:
            case "add":
                operations.append({"op": "add", "path": pointer(target), "value": value})
                places = put(places, target, value)
            case "remove":
                operations.append({"op": "remove", "path": pointer(source)})
                places = taken(places, source)
            case "replace":
                operations.append({"op": "replace", "path": pointer(source), "value": value})
                places = put(taken(places, source), source, value)
            case "copy":
                operations.append({"op": "copy", "from": pointer(source), "path": pointer(target)})
                places = put(places, target, whole(places, source))
            case "move":
                moved, left = whole(places, source), taken(places, source)
                at = data.draw(st.sampled_from(sorted((path for path in left if left[path] is dict), key=str)))
                target = (*at, data.draw(NAMES))
                operations.append({"op": "move", "from": pointer(source), "path": pointer(target)})
                places = put(left, target, moved)
            case _:
                operations.append({"op": "test", "path": pointer(source), "value": whole(places, source)})
    assert json_patch.apply(copy.deepcopy(document), operations) == whole(places)


@given(DOCUMENTS)
def test_a_test_of_everything_holds_and_of_anything_else_does_not(document: Any) -> None:
    for path in flat(document):
        found = whole(flat(document), path)
        json_patch.apply(document, [{"op": "test", "path": pointer(path), "value": found}])
        with pytest.raises(StatusError):
            json_patch.apply(document, [{"op": "test", "path": pointer(path), "value": [found, "other"]}])


# Merge patch.


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, section 2, as it is written there."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merged(target.get(name), value)
    return target


def no_nulls_in_lists(value: Any, *, inside: bool = False) -> bool:
    """Whether no object that is somewhere in a list holds a null: there upstream and the RFC differ."""
    if isinstance(value, list):
        return all(no_nulls_in_lists(each, inside=True) for each in value)
    if not isinstance(value, dict):
        return True
    return not (inside and None in value.values()) and all(
        no_nulls_in_lists(each, inside=inside) for each in value.values()
    )


@settings(max_examples=100)
@given(DOCUMENTS, DOCUMENTS.filter(no_nulls_in_lists))
def test_a_merge_patch_does_what_the_rfc_says(document: Any, patch: Any) -> None:
    assert merge_patch.apply(copy.deepcopy(document), patch) == merged(document, patch)


@given(DOCUMENTS, DOCUMENTS.filter(no_nulls_in_lists), DOCUMENTS.filter(no_nulls_in_lists))
def test_patches_of_different_fields_can_change_places(document: Any, one: Any, other: Any) -> None:
    other = {name: value for name, value in other.items() if name not in one}
    there = merge_patch.apply(merge_patch.apply(copy.deepcopy(document), one), other)
    back = merge_patch.apply(merge_patch.apply(copy.deepcopy(document), other), one)
    assert there == back == merge_patch.apply(copy.deepcopy(document), one | other)


# Strategic merge patch.

PORT = st.fixed_dictionaries(
    {"port": st.integers(1, 4)}, optional={"name": st.sampled_from("xy"), "targetPort": st.integers(1, 3)}
)
PORTS = st.lists(PORT, max_size=4, unique_by=lambda port: port["port"])
TEXTS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("12"), max_size=3)
ADDRESSES = st.lists(st.sampled_from(["1.1.1.1", "2.2.2.2"]), max_size=2)
SPECS = st.fixed_dictionaries(
    {}, optional={"ports": PORTS, "selector": TEXTS, "type": st.sampled_from(["A", "B"]), "externalIPs": ADDRESSES}
)


def strategic(spec: Any, patch: Any) -> Any:
    return strategic_merge.apply({"spec": copy.deepcopy(spec)}, {"spec": patch}, "v1", "Service")["spec"]


def by_key(ports: Any) -> dict[int, Any]:
    return {port["port"]: port for port in ports or ()}


@given(SPECS, SPECS)
def test_a_strategic_merge_is_a_merge_by_key_where_there_is_one(spec: Any, patch: Any) -> None:
    found = strategic(spec, patch)
    plain = merged({**spec, "ports": by_key(spec.get("ports"))}, {**patch, "ports": by_key(patch.get("ports"))})
    assert {**found, "ports": by_key(found.get("ports"))} == plain


@given(SPECS, SPECS)
def test_a_replaced_map_is_what_the_patch_says(spec: Any, patch: Any) -> None:
    assert strategic(spec, {**patch, "$patch": "replace"}) == patch
    assert strategic(spec, {**patch, "$patch": "delete"}) == {}


@given(PORTS, PORTS)
def test_a_replaced_list_is_what_the_patch_says(old: Any, new: Any) -> None:
    assert strategic({"ports": old}, {"ports": [{"$patch": "replace"}, *new]})["ports"] == new


@given(PORTS.filter(bool), st.sets(st.integers(1, 5), min_size=1))
def test_deleted_items_are_gone_and_the_others_stay_as_they_were(old: Any, gone: set[int]) -> None:
    patch = {"ports": [{"port": number, "$patch": "delete"} for number in sorted(gone)]}
    assert strategic({"ports": old}, patch)["ports"] == [port for port in old if port["port"] not in gone]


@given(PORTS.filter(bool), st.permutations(range(1, 5)))
def test_an_order_of_all_items_is_obeyed(old: Any, order: list[int]) -> None:
    patch = {"$setElementOrder/ports": [{"port": number} for number in order]}
    found = strategic({"ports": old}, patch)["ports"]
    assert found == sorted(old, key=lambda port: order.index(port["port"]))


@given(SPECS, st.sets(st.sampled_from(["ports", "selector", "type", "externalIPs"])))
def test_only_retained_keys_stay(spec: Any, kept: set[str]) -> None:
    assert strategic(spec, {"$retainKeys": sorted(kept)}) == {name: spec[name] for name in spec if name in kept}


@given(st.lists(st.sampled_from("abcd"), unique=True, max_size=4), st.lists(st.sampled_from("abcd"), max_size=4))
def test_scalars_are_deleted_from_lists(old: list[str], gone: list[str]) -> None:
    document = {"metadata": {"finalizers": list(old)}}
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": gone}}
    found = strategic_merge.apply(document, patch, "v1", "Service")["metadata"]["finalizers"]
    assert found == [each for each in old if each not in gone]


# Label selectors.

KEYS, TEXT = st.sampled_from("ab"), st.sampled_from(["", "x", "y", "5"])
SETS = st.sets(TEXT, min_size=1).map(lambda found: tuple(sorted(found)))
EVERY = [dict(zip("ab", values, strict=True)) for values in itertools.product([None, "", "x", "y", "5"], repeat=2)]
WORLDS = [{key: value for key, value in each.items() if value is not None} for each in EVERY]
"""Every set of labels that the requirements here can tell apart."""


def selected(*requirements: Requirement) -> list[bool]:
    return [Selector(requirements).matches(world) for world in WORLDS]


@given(KEYS, SETS)
def test_not_in_is_the_contrary_of_in_and_absence_that_of_existence(key: str, values: tuple[str, ...]) -> None:
    within, without = selected(Requirement(key, "in", values)), selected(Requirement(key, "notin", values))
    assert within == [not each for each in without]
    assert selected(Requirement(key, "exists")) == [not each for each in selected(Requirement(key, "!"))]


@given(KEYS, SETS)
def test_in_is_any_of_equals_and_not_in_is_all_of_not_equals(key: str, values: tuple[str, ...]) -> None:
    equal = [selected(Requirement(key, "=", (value,))) for value in values]
    assert selected(Requirement(key, "in", values)) == [any(each) for each in zip(*equal, strict=True)]
    unequal = [Requirement(key, "!=", (value,)) for value in values]
    assert selected(Requirement(key, "notin", values)) == selected(*unequal)


REQUIREMENTS = st.one_of(
    st.builds(lambda k, o, v: Requirement(k, o, (v,)), KEYS, st.sampled_from(["=", "==", "!="]), TEXT),
    st.builds(Requirement, KEYS, st.sampled_from(["in", "notin"]), SETS),
    st.builds(lambda k, o, v: Requirement(k, o, (v,)), KEYS, st.sampled_from([">", "<"]), st.sampled_from("49")),
    st.builds(Requirement, KEYS, st.sampled_from(["exists", "!"])),
)
CHAINS = st.lists(REQUIREMENTS, max_size=4)


@given(CHAINS, CHAINS)
def test_selectors_joined_select_what_both_select_in_any_order(one: Any, other: Any) -> None:
    both = [a and b for a, b in zip(selected(*one), selected(*other), strict=True)]
    assert selected(*one, *other) == selected(*other, *one) == both
    assert selected(*one, *one) == selected(*one)


@given(CHAINS)
def test_the_text_of_a_selector_means_what_the_selector_means(requirements: Any) -> None:
    selector = Selector(requirements)
    read = labels.parse(str(selector))
    assert str(labels.parse(str(read))) == str(read)
    assert [read.matches(world) for world in WORLDS] == selected(*requirements)


@given(st.text("ab=!<>(),. \\tinotx5-/", max_size=14))
def test_any_text_is_a_selector_or_a_400(text: str) -> None:
    try:
        selector = labels.parse(text)
    except StatusError as error:
        assert error.code == 400
    else:
        assert labels.parse(str(selector)) == selector
