"""Strategic merge patch: merge keys from the schema, directives, and the order of lists."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.objects import Object
from fairway.objects.errors import StatusError
from fairway.objects.patches import strategic_merge


def patched(spec: Object, patch: Any, kind: str = "Service", api_version: str = "v1") -> Any:
    return strategic_merge.apply({"spec": copy.deepcopy(spec)}, {"spec": patch}, api_version, kind)["spec"]


def ports(*numbers: int, **more: Any) -> Object:
    return {"ports": [{"port": number, **more} for number in numbers]}


def pod(*names: str) -> Object:
    return {"containers": [{"name": name, "image": f"i-{name}"} for name in names]}


def failure(spec: Object, patch: Any, kind: str = "Service") -> tuple[int, str]:
    with pytest.raises(StatusError) as caught:
        patched(spec, patch, kind)
    return caught.value.code, caught.value.message


def test_items_are_merged_by_their_key() -> None:
    assert patched(ports(80, 443), {"ports": [{"port": 443, "name": "https"}]}) == {
        "ports": [{"port": 80}, {"port": 443, "name": "https"}]
    }


def test_a_new_item_stands_before_the_old_ones() -> None:
    assert patched(pod("a", "b"), {"containers": [{"name": "c"}]}, "Pod") == {
        "containers": [{"name": "c"}, {"name": "a", "image": "i-a"}, {"name": "b", "image": "i-b"}]
    }


def test_the_order_of_items_can_be_set() -> None:
    order = [{"name": "b"}, {"name": "c"}, {"name": "a"}]
    found = patched(pod("a", "b"), {"$setElementOrder/containers": order, "containers": [{"name": "c"}]}, "Pod")
    assert [container["name"] for container in found["containers"]] == ["b", "c", "a"]


def test_items_that_only_the_server_has_keep_their_place_among_others() -> None:
    order = [{"name": "c"}, {"name": "a"}]
    found = patched(pod("a", "sidecar", "c"), {"$setElementOrder/containers": order}, "Pod")
    assert [container["name"] for container in found["containers"]] == ["sidecar", "c", "a"]


def test_an_item_is_deleted_by_its_key() -> None:
    assert patched(ports(80, 443), {"ports": [{"port": 80, "$patch": "delete"}]}) == ports(443)


def test_a_list_is_replaced_on_demand() -> None:
    assert patched(ports(80, 443), {"ports": [{"$patch": "replace"}, {"port": 1}]}) == ports(1)


def test_a_map_is_replaced_or_emptied_on_demand() -> None:
    spec = {"selector": {"a": "1", "b": "2"}}
    assert patched(spec, {"selector": {"$patch": "replace", "c": "3"}}) == {"selector": {"c": "3"}}
    assert patched(spec, {"selector": {"$patch": "delete"}}) == {"selector": {}}


@pytest.mark.parametrize(
    ("directive", "shown"), [("sing", "sing"), ("merge", "merge"), (5, "%!s(int64=5)"), (None, "%!s(<nil>)")]
)
def test_an_unknown_directive_is_refused(directive: Any, shown: str) -> None:
    code, message = failure({"selector": {}}, {"selector": {"$patch": directive}})
    assert (code, message.partition(" in map")[0]) == (500, f"unknown patch type: {shown}")


def test_null_removes_and_maps_merge() -> None:
    assert patched({"type": "NodePort", "selector": {"a": "1"}}, {"type": None, "selector": {"b": "2"}}) == {
        "selector": {"a": "1", "b": "2"}
    }


def test_lists_without_a_merge_strategy_are_replaced() -> None:
    assert patched({"externalIPs": ["1.1.1.1"]}, {"externalIPs": ["2.2.2.2"]}) == {"externalIPs": ["2.2.2.2"]}
    tolerations = {"tolerations": [{"key": "a"}]}
    assert patched(tolerations, {"tolerations": [{"key": "b"}]}, "Pod") == {"tolerations": [{"key": "b"}]}


def test_scalars_of_merged_lists_are_joined_and_deleted() -> None:
    old = {"metadata": {"finalizers": ["a/b", "c/d"]}}
    added = strategic_merge.apply(copy.deepcopy(old), {"metadata": {"finalizers": ["e/f", "a/b"]}}, "v1", "Service")
    assert sorted(added["metadata"]["finalizers"]) == ["a/b", "c/d", "e/f"]
    patch = {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"]}}
    assert strategic_merge.apply(old, patch, "v1", "Service") == {"metadata": {"finalizers": ["c/d"]}}


def test_only_retained_keys_stay() -> None:
    old = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}
    patch = {"strategy": {"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": None}}
    assert patched(old, patch, "Deployment", "apps/v1") == {"strategy": {"type": "Recreate"}}


def test_a_patch_may_not_set_what_it_does_not_retain() -> None:
    patch = {"strategy": {"$retainKeys": ["type"], "rollingUpdate": {}}}
    assert failure({"strategy": {}}, patch, "Deployment") == (400, "invalid patch format of retainKeys")


def test_a_volume_changes_its_source() -> None:
    old = {"volumes": [{"name": "v", "emptyDir": {}}]}
    patch = {"volumes": [{"name": "v", "$retainKeys": ["name", "hostPath"], "hostPath": {"path": "/x"}}]}
    assert patched(old, patch, "Pod") == {"volumes": [{"name": "v", "hostPath": {"path": "/x"}}]}


def test_merging_goes_down_through_lists() -> None:
    old = {"containers": [{"name": "a", "env": [{"name": "X", "value": "1"}], "ports": [{"containerPort": 80}]}]}
    patch = {"containers": [{"name": "a", "env": [{"name": "X", "value": "2"}, {"name": "Y", "value": "3"}]}]}
    assert patched(old, patch, "Pod")["containers"][0] == {
        "name": "a",
        "env": [{"name": "X", "value": "2"}, {"name": "Y", "value": "3"}],
        "ports": [{"containerPort": 80}],
    }


def test_an_item_without_its_key_is_refused() -> None:
    assert failure(ports(80), {"ports": [{"name": "x"}]}) == (
        500,
        "map: map[name:x] does not contain declared merge key: port",
    )


def test_new_values_lose_nulls_and_whatever_carries_a_directive() -> None:
    patch = {"selector": {"a": "1", "b": None}, "ports": [{"port": 1, "name": None}, {"port": 2, "$patch": "delete"}]}
    assert patched({}, patch) == {"selector": {"a": "1"}, "ports": [{"port": 1}]}
    assert patched({}, {"selector": {"$patch": "merge"}}) == {}


def test_a_new_item_of_a_merged_list_and_what_replaces_a_map_are_put_in_as_they_are() -> None:
    assert patched(ports(1), {"ports": [{"port": 2, "name": None}]}) == {
        "ports": [{"port": 2, "name": None}, *ports(1)["ports"]]
    }
    assert patched({"selector": {}}, {"selector": {"$patch": "replace", "a": None}}) == {"selector": {"a": None}}


LIST = "[]interface {}"


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        ({"$setElementOrder/ports": {}}, 500, f"expected a {LIST}, but received a map[string]interface {{}}"),
        ({"$setElementOrder/ports": None}, 500, f"expected a {LIST}, but received a %!s(<nil>)"),
        ({"$setElementOrder/ports": [], "ports": 5}, 500, f"expected a {LIST}, but received a int64"),
        ({"$setElementOrder": []}, 400, "invalid patch format of setElementOrder list"),
        ({"$setElementOrderX/ports": []}, 400, "invalid patch format of setElementOrder list"),
        ({"$deleteFromPrimitiveList": []}, 400, "invalid patch format of primitive list"),
        (
            {"$setElementOrder/pods": []}, 500,
            'unable to find api field in struct ServiceSpec for the json field "pods"',
        ),
        ({"$setElementOrder/selector": []}, 500, "expected slice or array type, but got: struct"),
        (
            {"$setElementOrder/ports": [{"port": 1}], "ports": [{"port": 2}]}, 500,
            "The order in patch list:\n[map[port:2]]\n doesn't match $setElementOrder list:\n[map[port:1]]\n",
        ),
        ({"$setElementOrder/ports": [5]}, 500, "value for key 0 is not a map"),
        ({"ports": [80]}, 500, "list element types are not identical: [[map[port:80]] [80]]"),
        ({"ports": [[80]]}, 500, "list element types are not identical: [[map[port:80]] [[80]]]"),
        ({"ports": [{"port": 80, "$patch": "merge"}]}, 500, "merging lists cannot yet be specified in the patch"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_in_upstreams_words(patch: Object, code: int, message: str) -> None:
    assert failure(ports(80), patch) == (code, message)


@pytest.mark.parametrize("unwanted", ["x", 5, {}])
def test_nothing_is_deleted_by_what_is_no_list(unwanted: Any) -> None:
    assert patched({"externalIPs": ["x"]}, {"$deleteFromPrimitiveList/externalIPs": unwanted}) == {"externalIPs": ["x"]}
    assert patched({}, {"$deleteFromPrimitiveList/externalIPs": ["x"]}) == {}


def test_a_new_item_takes_the_place_of_a_deleted_one_among_those_that_only_the_server_has() -> None:
    patch = {"containers": [{"name": "b", "$patch": "delete"}, {"name": "c"}]}
    found = patched(pod("sidecar", "b"), {**patch, "$setElementOrder/containers": [{"name": "c"}]}, "Pod")
    assert [container["name"] for container in found["containers"]] == ["sidecar", "c"]
    assert [container["name"] for container in patched(pod("sidecar", "b"), patch, "Pod")["containers"]] == [
        "c",
        "sidecar",
    ]


def test_a_kind_that_is_not_built_in_has_no_merge_keys() -> None:
    assert patched(ports(80), ports(443), "Gizmo") == ports(443)


def test_a_patch_is_an_object() -> None:
    with pytest.raises(StatusError) as caught:
        strategic_merge.apply({}, [], "v1", "Service")
    assert caught.value.code == 400


NUMBERS = st.lists(st.integers(1, 6), unique=True, max_size=5)


@given(NUMBERS, NUMBERS)
def test_a_merge_holds_every_item_once_and_keeps_both_orders_where_they_agree(old: list[int], new: list[int]) -> None:
    found = [port["port"] for port in patched(ports(*old), ports(*new)).get("ports", [])]
    assert sorted(found) == sorted({*old, *new})
    assert [number for number in found if number in new] == new
    assert [n for n in found if n in old and n not in new] == [n for n in old if n not in new]


@given(NUMBERS, NUMBERS)
def test_the_patch_is_neither_changed_nor_shared(old: list[int], new: list[int]) -> None:
    patch = {"spec": ports(*new)}
    before = copy.deepcopy(patch)
    outcome = strategic_merge.apply({"spec": ports(*old)}, patch, "v1", "Service")
    for port in outcome["spec"].get("ports", []):
        port.clear()
    assert patch == before


@given(NUMBERS, NUMBERS)
def test_a_patch_applied_twice_does_no_more(old: list[int], new: list[int]) -> None:
    once = patched(ports(*old), ports(*new, name="x"))
    assert patched(once, ports(*new, name="x")) == once
