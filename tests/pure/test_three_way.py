"""The three-way merge of apply: what it sends, and that what it sends leads where it should."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import given, settings

from fairway.objects.patches import merge_patch, strategic_merge
from fairway.objects.patches.three_way import plain, strategic
from fairway.objects.patches.values import copied

WORD = st.sampled_from(["a", "b", "c", "d"])
VALUE = st.sampled_from(["1", "2", "3"])
LABELS = st.dictionaries(WORD, VALUE, max_size=3)


def keyed(key: str, names: st.SearchStrategy[Any], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A list of objects that their ``key`` tells apart."""
    item = st.fixed_dictionaries({key: names}, optional=fields)
    return st.lists(item, max_size=4, unique_by=lambda found: found[key])


ENV = keyed("name", WORD, value=VALUE)
PORTS = keyed("containerPort", st.integers(1, 4), name=WORD, protocol=st.sampled_from(["TCP", "UDP"]))
CONTAINERS = keyed("name", WORD, image=VALUE, env=ENV, ports=PORTS, args=st.lists(VALUE, max_size=3))
VOLUMES = keyed("name", WORD, emptyDir=st.just({}), hostPath=st.fixed_dictionaries({"path": VALUE}))
SPEC = st.fixed_dictionaries(
    {}, optional={"containers": CONTAINERS, "volumes": VOLUMES, "nodeSelector": LABELS, "hostname": VALUE}
)
METADATA = st.fixed_dictionaries(
    {"name": st.just("x")}, optional={"labels": LABELS, "finalizers": st.lists(WORD, max_size=3, unique=True)}
)


def pods() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"apiVersion": st.just("v1"), "kind": st.just("Pod"), "metadata": METADATA, "spec": SPEC}
    )


def applied(original: Any, wanted: Any, live: Any) -> Any:
    patch = strategic(original, wanted, live, "v1", "Pod")
    return decoded(strategic_merge.apply(copied(live), patch, "v1", "Pod"))


def decoded(found: Any) -> Any:
    """What a server makes of it: nulls and unknown fields, which directives in new items are, are gone."""
    if isinstance(found, dict):
        kept = {name: value for name, value in found.items() if value is not None and not name.startswith("$")}
        return {name: decoded(value) for name, value in kept.items()}
    return [decoded(item) for item in found] if isinstance(found, list) else found


def says(found: Any, wanted: Any, key: str = "") -> bool:
    """Whether ``found`` holds all that ``wanted`` says; other fields and items may be there, too."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(
            says(found.get(name), value, {"ports": "containerPort", "args": ""}.get(name, "name"))
            for name, value in wanted.items()
        )
    if isinstance(wanted, list) and key and all(isinstance(item, dict) for item in (*wanted, *(found or ()))):
        by_key = {item[key]: item for item in found or ()}
        return all(says(by_key.get(item[key]), item) for item in wanted)
    if isinstance(wanted, list) and not key:
        return bool(found == wanted)
    return set(wanted) <= set(found or ()) if isinstance(wanted, list) else bool(found == wanted)


@settings(max_examples=200)
@given(pods(), pods(), pods())
def test_applied_twice_is_applied_once(original: Any, wanted: Any, live: Any) -> None:
    once = applied(original, wanted, live)
    assert applied(wanted, wanted, once) == once


@settings(max_examples=200)
@given(pods(), pods())
def test_what_is_as_wanted_needs_no_patch(wanted: Any, original: Any) -> None:
    assert strategic(wanted, wanted, wanted, "v1", "Pod") == {}
    assert strategic(wanted, wanted, applied(original, wanted, original), "v1", "Pod") == {}


@settings(max_examples=200)
@given(pods(), pods(), pods())
def test_what_is_wanted_is_there_afterwards(original: Any, wanted: Any, live: Any) -> None:
    assert says(applied(original, wanted, live), wanted)


@settings(max_examples=200)
@given(pods(), pods())
def test_what_was_applied_and_is_wanted_no_more_is_gone(original: Any, wanted: Any) -> None:
    found = applied(original, wanted, original)
    assert set(found["metadata"].get("labels") or ()) == set(wanted["metadata"].get("labels") or ())
    names = [item["name"] for item in found["spec"].get("containers") or ()]
    assert names == [item["name"] for item in wanted["spec"].get("containers") or ()]
    assert set(found["metadata"].get("finalizers") or ()) == set(wanted["metadata"].get("finalizers") or ())
    assert set(found["spec"]) == set(wanted["spec"])


@settings(max_examples=200)
@given(pods(), pods())
def test_what_others_have_set_stays(wanted: Any, live: Any) -> None:
    found = applied({}, wanted, live)
    labels = {**live["metadata"].get("labels", {}), **wanted["metadata"].get("labels", {})}
    assert found["metadata"].get("labels", {}) == labels
    names = {item["name"] for item in found["spec"].get("containers") or ()}
    assert names == {item["name"] for spec in (wanted["spec"], live["spec"]) for item in spec.get("containers") or ()}


@settings(max_examples=200)
@given(pods(), pods(), pods())
def test_without_merge_keys_lists_are_taken_whole(original: Any, wanted: Any, live: Any) -> None:
    once = merge_patch.apply(copied(live), plain(original, wanted, live))
    assert plain(wanted, wanted, once) == {}
    assert says(once, wanted)


def test_ports_of_a_service() -> None:
    """A port that takes another's place; the bytes are what kubectl sends."""
    before = {"spec": {"ports": [{"port": 80}], "selector": {"a": "b"}}}
    live = {"spec": {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}], "type": "ClusterIP",
                     "selector": {"a": "b"}}}  # fmt: skip
    wanted = {"spec": {"ports": [{"port": 81}], "selector": {"a": "b"}}}
    assert strategic(before, wanted, live, "v1", "Service") == {
        "spec": {"$setElementOrder/ports": [{"port": 81}], "ports": [{"port": 81}, {"$patch": "delete", "port": 80}]}
    }


def test_a_strategy_that_is_another_loses_what_was_filled_in() -> None:
    """A03 of the catalogue: the defaulted rollingUpdate goes with its type."""
    live = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%"}}}}
    wanted = {"spec": {"strategy": {"type": "Recreate"}}}
    patch = strategic({"spec": {}}, wanted, live, "apps/v1", "Deployment")
    assert patch == {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    found = strategic_merge.apply(copied(live), patch, "apps/v1", "Deployment")
    assert found["spec"]["strategy"] == {"type": "Recreate"}


def test_a_null_in_a_manifest_is_said_again_and_again() -> None:
    """kubectl's way: ``creationTimestamp: null`` never becomes unchanged."""
    live = {"metadata": {"name": "x", "creationTimestamp": "2020-01-01T00:00:00Z"}}
    wanted = {"metadata": {"name": "x", "creationTimestamp": None}}
    assert strategic(wanted, wanted, live, "v1", "ConfigMap") == {"metadata": {"creationTimestamp": None}}
