"""Laws of field sets, and of applying."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as some

from fairway.objects.ownership import applying, field_sets, shape
from fairway.objects.ownership.comparing import compare, fields_of
from fairway.objects.ownership.managers import APPLY, UPDATE, Manager, Managers, Owned
from fairway.objects.ownership.tracking import updated

PATHS = some.sets(
    some.lists(some.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', "v:1"]), min_size=1, max_size=4).map(tuple)
)
ME, OTHER = Manager("me", APPLY, "v1"), Manager("other", APPLY, "v1")
TEXTS = some.dictionaries(some.sampled_from("abcd"), some.sampled_from("12"), max_size=4)
PORTS = some.lists(
    some.fixed_dictionaries(
        {"port": some.integers(1, 4)}, optional={"name": some.sampled_from("xy"), "targetPort": some.integers(1, 3)}
    ),
    unique_by=lambda port: port["port"], max_size=4,
)  # fmt: skip


def service(labels: dict[str, str], ports: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    if labels:
        found["metadata"]["labels"] = labels
    if ports:
        found["spec"] = {"ports": [dict(port) for port in ports]}
    return found


SERVICES = some.builds(service, TEXTS, PORTS)
SHAPE = shape.of_kind("v1", "Service")
NOBODY = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}


def apply(live: dict[str, Any], config: dict[str, Any], managers: Managers, who: Manager) -> tuple[Any, Managers]:
    return applying.applied(live, config, managers, who, SHAPE, now="now", force=True)


@given(PATHS, PATHS)
def test_field_sets_are_sets_of_paths(one: set[Any], other: set[Any]) -> None:
    mine, theirs = field_sets.of_paths(one), field_sets.of_paths(other)
    for found, expected in [
        (field_sets.union(mine, theirs), one | other),
        (field_sets.difference(mine, theirs), one - other),
        (field_sets.intersection(mine, theirs), one & other),
    ]:
        assert set(field_sets.paths(found)) == expected
        assert field_sets.of_paths(expected) == found or set(field_sets.paths(found)) == expected


@given(SERVICES)
def test_a_state_does_not_differ_from_itself_and_all_of_it_is_new_to_nobody(found: dict[str, Any]) -> None:
    assert not any(compare(found, found, SHAPE))
    came = compare(NOBODY, found, SHAPE)
    assert not came.modified
    assert not came.removed


@given(SERVICES, SERVICES)
def test_a_second_apply_changes_nothing(live: dict[str, Any], config: dict[str, Any]) -> None:
    known = updated(None, live, {}, Manager("w", UPDATE, "v1"), SHAPE, now="then")
    once, managers = apply(live, config, known, ME)
    assert apply(once, config, managers, ME) == (once, managers)


@given(SERVICES, SERVICES)
def test_what_is_applied_is_there(live: dict[str, Any], config: dict[str, Any]) -> None:
    merged, managers = apply(live, config, {}, ME)
    assert not compare(config, merged, SHAPE).modified
    assert not compare(config, merged, SHAPE).removed
    wanted = fields_of({"spec": config["spec"]} if "spec" in config else {}, SHAPE)
    owned = managers[ME].fields if ME in managers else {}  # who applies nothing is no manager
    assert not field_sets.difference(wanted, owned)


@given(SERVICES, SERVICES)
def test_one_applier_alone_gets_what_it_asks_for_and_nothing_of_before(
    first: dict[str, Any], second: dict[str, Any]
) -> None:
    once, managers = apply(NOBODY, first, {}, ME)
    twice, _ = apply(once, second, managers, ME)
    fresh, _ = apply(NOBODY, second, {}, ME)

    def shown(found: dict[str, Any]) -> Any:
        ports = sorted((found.get("spec") or {}).get("ports") or [], key=lambda port: port["port"])
        return found["metadata"].get("labels") or {}, ports

    assert shown(twice) == shown(fresh)


@given(SERVICES, SERVICES)
def test_appliers_who_agree_do_not_meet_and_who_leave_take_only_their_own(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    both, managers = apply(NOBODY, one, {}, ME)
    both, managers = apply(both, other, managers, OTHER)
    left, after = apply(both, NOBODY, managers, ME)
    assert not compare(other, left, SHAPE).modified
    assert not compare(other, left, SHAPE).removed
    assert OTHER in after or not (other["metadata"].get("labels") or other.get("spec"))


POD_SHAPE = shape.of_kind("v1", "Pod")
CONTAINERS = some.lists(
    some.fixed_dictionaries(
        {"name": some.sampled_from("xy")},
        optional={
            "ports": some.lists(some.fixed_dictionaries({"containerPort": some.integers(1, 3)}), max_size=2),
            "resources": some.fixed_dictionaries({}, optional={"limits": TEXTS, "requests": TEXTS}),
            "args": some.lists(some.text(max_size=1), max_size=2), "env": some.just([]),
        },
    ),
    unique_by=lambda one: one["name"], max_size=2,
)  # fmt: skip
PODS = some.fixed_dictionaries(
    {
        "metadata": some.fixed_dictionaries(
            {"name": some.just("p")},
            optional={"labels": TEXTS, "finalizers": some.lists(some.sampled_from("ab"), max_size=2)},
        )
    },
    optional={
        "spec": some.fixed_dictionaries({}, optional={"containers": CONTAINERS, "nodeSelector": TEXTS}),
        "x": TEXTS,
    },
)


@given(PODS | SERVICES, some.sampled_from([POD_SHAPE, SHAPE, shape.DEDUCED]))
def test_who_creates_an_object_owns_what_distinguishes_it_from_nothing(new: dict[str, Any], form: shape.Shape) -> None:
    # Whoever owns something already is compared field by field, as on an update.
    known: Managers = {OTHER: Owned({"f:other": {}}, "then")}
    wanted, mine = (updated(None, new, managers, ME, form, now="now").get(ME) for managers in (known, {}))
    # As bytes, since the order of the fields counts too.
    assert orjson.dumps(mine and mine.fields) == orjson.dumps(wanted and wanted.fields)


def test_sets_of_a_few_short_names_are_made_once_and_no_others_are_kept() -> None:
    def made(*names: str) -> bool:
        return field_sets.leaves(names, is_member=True) is field_sets.leaves(names, is_member=True)

    assert made("app", "example.com/tier")
    assert not made("x" * 400_000)
    assert not made(*(str(number) for number in range(1000)))
