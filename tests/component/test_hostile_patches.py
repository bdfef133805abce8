"""Patches, deletes and subresources that cannot be: refused as upstream refuses them, and nothing changes."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from component.hostile_world import Hostile, fault, hostile_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEFAULT = "/api/v1/namespaces/default"
SERVICE, POD = f"{DEFAULT}/services/web", f"{DEFAULT}/pods/web"
SET = "/apis/apps/v1/namespaces/default/replicasets/web"
JSON_PATCH, MERGE = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
CONTAINERS = [{"name": "c", "image": "i"}]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    async with hostile_world(tmp_path_factory.mktemp("hostile")) as made:
        name, labels = {"metadata": {"name": "web"}}, {"app": "web"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": CONTAINERS}}
        chosen = {"selector": {"matchLabels": labels}, "template": template}
        spec = {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}
        await made.ask("POST", f"{DEFAULT}/services", {**name, "spec": spec})
        await made.ask("POST", f"{DEFAULT}/pods", {**name, "spec": {"containers": CONTAINERS}})
        told = await made.ask("POST", "/apis/apps/v1/namespaces/default/replicasets", {**name, "spec": chosen})
        assert told.status == 201
        yield made


def raw(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def op(op: Any, path: Any = "/spec/ports/0/port", **more: Any) -> dict[str, Any]:
    return {"op": op, "path": path, **more}


@pytest.mark.parametrize(
    "media", ["application/json", "application/yaml", "text/plain", "", "x", "application/apply-patch+cbor"]
)
async def test_a_patch_in_a_format_that_is_none_is_a_415(hostile: Hostile, media: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", SERVICE, {"metadata": {"labels": {"a": "b"}}}, media=media)
    assert fault(told, 415) == ""


@pytest.mark.parametrize("media", [JSON_PATCH, MERGE, STRATEGIC])
@pytest.mark.parametrize(
    "patch",
    [b" ", b"{", b"[", b"nul", b"\xff", b"{}{}", b'{"a":NaN}', b'{"a":"\\ud800"}', b"[" * 10_000, b'{"a":' * 2_000_000,
     b'{"spec":' + b"[" * 260 + b"]" * 260 + b"}", b'{"spec":' + b"[" * 900 + b"]" * 900 + b"}", b'"x"', b"5", b"true"],
    ids=lambda patch: repr(patch[:12]),
)  # fmt: skip
async def test_what_is_no_patch_is_a_400(hostile: Hostile, media: str, patch: bytes) -> None:
    async with hostile.undisturbed():
        told = [
            await hostile.ask("PATCH", target, patch, media=media)
            for target in (SERVICE, f"{SERVICE}/status", f"{SET}/scale")
        ]
    status = 413 if len(patch) > 3 << 20 else 400
    assert [fault(each, status) for each in told] == ["", "", ""]


@pytest.mark.parametrize(
    "operations",
    [
        {}, [5], [None], [[]], [{}], [op("nope")], [op(5)], [op([])], [op({})], [op(None)], [{"op": "add", "value": 1}],
        [op("add", 5, value=1)], [op("add", None, value=1)], [op("add", "spec", value=1)],
        [op("add", "/a/b/c", value=1)], [op("remove", "/nope")], [op("remove", "")],
        [op("remove", "/spec/ports/2")],
        [op("remove", "/spec/ports/-")], [op("remove", "/spec/ports/-3")], [op("add", "", value={})],
        [op("remove", "/spec/ports/1e0")], [op("remove", "/spec/ports/" + "9" * 5000)], [op("remove", "/spec/ports/²")],
        [op("remove", "/spec/ports/٣")], [op("remove", "/kind/0")], [op("remove", "/metadata/name/x")],
        [op("replace", "/nope/x", value=1)], [op("replace", "", value=5)],
        [op("replace", "", value=None)], [op("replace", "", value=[])],
        [op("replace", "/kind", value="Pod")],
        [op("replace", "/apiVersion", value=5)], [op("replace", "/kind", value=[])],
        [op("move", "/spec/x", **{"from": "/spec"})], [op("move", "/x", **{"from": 5})], [op("move", "/x")],
        [op("move", "/x", **{"from": "/nope"})], [op("copy", "/x", **{"from": "/nope/x"})], [op("copy", "/x")],
        [op("copy", "/a/b", **{"from": "/kind"})], [op("test", value=99)], [op("test", "/nope", value=1)],
        [op("test", "/spec/ports/0/port", value=True)], [op("add", "/" + "a/" * 100_000, value=1)],
        [op("test", "/spec/type", value="ClusterIP"), op("test", "/spec/type", value="NodePort")],
    ],
    ids=lambda operations: str(operations)[:48],
)  # fmt: skip
async def test_operations_that_do_not_fit_are_a_422_or_a_400(hostile: Hostile, operations: Any) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", SERVICE, raw(operations), media=JSON_PATCH)
    is_no_patch = not isinstance(operations, list) or not all(map(is_operation, operations))
    assert fault(told, 400 if is_no_patch else 422) == ""


def is_operation(given: Any) -> bool:
    """Whether the types are right: what is not is told as a 400, and what only does not fit as a 422."""
    texts = [given.get(name) for name in ("op", "path", "from")] if isinstance(given, dict) else []
    return given is None or (isinstance(given, dict) and all(each is None or isinstance(each, str) for each in texts))


@pytest.mark.parametrize(
    "operations",
    [
        [op("replace", "/metadata", value=5)], [op("replace", "/metadata", value=[])], [op("remove", "/metadata")],
        [op("replace", "/metadata/name", value="y")], [op("replace", "/metadata/name", value=5)],
        [op("remove", "/metadata/name")], [op("replace", "/metadata/namespace", value="kube-system")],
        [op("replace", "/metadata/namespace", value=[])], [op("replace", "/metadata/uid", value="x")],
        [op("replace", "/metadata/uid", value=5)], [op("replace", "/metadata/resourceVersion", value="1")],
        [op("replace", "/metadata/resourceVersion", value={})], [op("replace", "/spec/ports/0/port", value="x")],
        [op("add", "/spec/ports/-", value=5)], [op("replace", "/spec/ports", value={})], [op("remove", "/spec/ports")],
        [op("replace", "/spec", value=[])], [op("replace", "/spec/clusterIP", value="x")],
        [op("add", "/metadata/finalizers", value=[5])], [op("add", "/metadata/labels", value={"a": {}})],
    ],
    ids=lambda operations: str(operations)[:64],
)  # fmt: skip
async def test_patches_that_make_no_service_are_refused(hostile: Hostile, operations: Any) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", SERVICE, raw(operations), media=JSON_PATCH)
    assert told.status in (400, 409, 422)
    assert fault(told, told.status) == ""


async def test_copies_that_double_the_object_again_and_again_are_a_422(hostile: Hostile) -> None:
    grown = [op("copy", f"/metadata/annotations/a{number}", **{"from": "/metadata"}) for number in range(60)]
    lists = [op("copy", "/spec/ports/-", **{"from": "/spec"}) for _ in range(60)]
    deeper = [op("copy", "/spec/selector", **{"from": "/spec"}) for _ in range(3000)]
    async with hostile.undisturbed():
        told = [
            await hostile.ask("PATCH", SERVICE, raw(operations), media=JSON_PATCH)
            for operations in ([op("add", "/metadata/annotations", value={}), *grown], lists, deeper)
        ]
    assert [fault(each, 422) for each in told] == ["", "", ""]


async def test_a_document_that_a_patch_makes_too_deep_is_refused(hostile: Hostile) -> None:
    deeper = [op("add", "/spec/selector" + "/a" * depth, value={}) for depth in range(1, 1200)]
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", SERVICE, raw(deeper), media=JSON_PATCH)
    assert fault(told, 422) == ""


async def test_more_operations_than_allowed_are_a_413(hostile: Hostile) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", SERVICE, raw([op("test", "/a")] * 10_001), media=JSON_PATCH)
    assert fault(told, 413) == ""


NULLS = [
    {"metadata": None}, {"metadata": {"name": None}}, {"apiVersion": None}, {"spec": None},
    {"spec": {"ports": None}}, {"spec": {"ports": [None]}}, {"metadata": 5}, {"metadata": []}, {"spec": 5},
    {"spec": []}, {"status": 5}, {"metadata": {"name": "y"}}, {"metadata": {"name": {}}},
    {"metadata": {"namespace": "x"}},
    {"metadata": {"namespace": {}}}, {"metadata": {"uid": "x"}}, {"metadata": {"uid": {}}}, {"kind": "Pod"},
    {"metadata": {"resourceVersion": "1"}}, {"metadata": {"resourceVersion": 5}}, {"metadata": {"resourceVersion": {}}},
    {"metadata": {"labels": {"a": 5}}}, {"metadata": {"labels": 5}}, {"metadata": {"labels": {"-": "a"}}},
    {"metadata": {"ownerReferences": [None]}}, {"metadata": {"finalizers": [None]}}, {"metadata": {"generation": "x"}},
    {"metadata": {"creationTimestamp": "x"}}, {"metadata": {"creationTimestamp": 5}}, {"spec": {"ports": {}}},
    {"spec": {"ports": [{}]}}, {"spec": {"ports": [5]}}, {"spec": {"ports": []}}, {"spec": {"clusterIP": "x"}},
    {"spec": {"type": "X"}}, {"spec": {"ports": [{"port": {}}]}}, {"spec": {"ports": [{"port": None}]}},
]  # fmt: skip


@pytest.mark.parametrize("patch", NULLS, ids=str)
async def test_merge_patches_that_take_too_much_or_say_nonsense_are_refused(hostile: Hostile, patch: Any) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", SERVICE, patch, media=MERGE)
    assert told.status in (400, 409, 422)
    assert fault(told, told.status) == ""


DIRECTIVES = [
    ({"$patch": "foo"}, 500), ({"$patch": 5}, 500), ({"$patch": []}, 500), ({"$patch": {}}, 500),
    ({"$patch": "delete"}, 400), ({"$patch": "replace"}, 400), ({"spec": {"$patch": "foo"}}, 500),
    ({"spec": {"$patch": "delete"}}, 422), ({"$retainKeys": 5}, 400), ({"spec": {"$retainKeys": {}}}, 400),
    ({"spec": {"$retainKeys": [], "type": "NodePort"}}, 400), ({"spec": {"$retainKeys": [[], {}], "type": "x"}}, 400),
    ({"spec": {"ports": [{}]}}, 500), ({"spec": {"ports": [{"$patch": "delete"}]}}, 500),
    ({"spec": {"ports": [{"port": 80, "$patch": "foo"}]}}, 500), ({"spec": {"ports": [{"port": {}}]}}, 422),
    ({"spec": {"ports": [{"port": []}]}}, 422), ({"spec": {"ports": [{"port": None}]}}, 422),
    ({"spec": {"ports": [{"$patch": "replace"}]}}, 422), ({"spec": {"ports": {}}}, 422),
    ({"spec": {"$setElementOrder/ports": 5}}, 500), ({"spec": {"$setElementOrder": []}}, 400),
    ({"spec": {"$setElementOrder/ports": [{"port": 80}], "ports": 5}}, 500),
    ({"spec": {"$setElementOrder/x": []}}, 500),
    ({"spec": {"$deleteFromPrimitiveList": 5}}, 400), ({"spec": {"$deleteFromPrimitiveList/ports": [80]}}, 500),
    ({"spec": {"ports": [5]}}, 500), ({"spec": {"ports": [[5]]}}, 500), ({"spec": {"ports": [None]}}, 500),
]  # fmt: skip
"""What upstream answers, also where a better answer than 500 would be thinkable."""


@pytest.mark.parametrize(("patch", "status"), DIRECTIVES, ids=str)
async def test_strategic_directives_that_cannot_be_are_refused_as_upstream_does(
    hostile: Hostile, patch: Any, status: int
) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", SERVICE, patch, media=STRATEGIC)
    assert fault(told, status) == ""


@pytest.mark.parametrize(
    "order",
    [[5], [{}], [None], [[]], [{"port": {}}], [{"port": []}], [{"port": None}], ["x"], [{"port": 80}, 5]],
    ids=str,
)
@pytest.mark.parametrize("value", [None, [{"port": 80}], [5], ["x"], [[]], [None], [{"port": {}}]], ids=str)
async def test_orders_of_list_items_that_cannot_be_change_nothing(hostile: Hostile, order: Any, value: Any) -> None:
    spec = {"$setElementOrder/ports": order, **({} if value is None else {"ports": value})}
    marks = {"$setElementOrder/finalizers": order, **({} if value is None else {"finalizers": value})}
    async with hostile.undisturbed():
        told = [
            await hostile.ask("PATCH", f"{SERVICE}?dryRun=All", {part: patch}, media=STRATEGIC)
            for part, patch in (("spec", spec), ("metadata", marks))
        ]
    assert all(each.status == 200 or not fault(each, each.status) for each in told)
    assert not any("Internal error occurred" in str(each.body.get("message")) for each in told)


# Deletes.


OPTIONS = [
    b"{", b"[]", b"5", b'"x"', b"\xff", b"[" * 10_000, {"gracePeriodSeconds": "x"},
    {"gracePeriodSeconds": 1.5}, {"gracePeriodSeconds": 2**63}, {"gracePeriodSeconds": [1]},
    {"gracePeriodSeconds": True},
    {"propagationPolicy": 5},
    {"propagationPolicy": "Sideways"}, {"propagationPolicy": {}}, {"propagationPolicy": ["Orphan"]},
    {"preconditions": 5}, {"preconditions": [1]}, {"preconditions": {"uid": 5}}, {"preconditions": {"uid": {}}},
    {"preconditions": {"uid": []}}, {"preconditions": {"resourceVersion": 5}}, {"orphanDependents": "x"},
    {"preconditions": {"resourceVersion": {}}}, {"orphanDependents": []}, {"dryRun": "All"}, {"dryRun": ["x"]},
    {"dryRun": {"a": 1}}, {"dryRun": 5}, {"kind": 5}, {"apiVersion": []},
    {"orphanDependents": True, "propagationPolicy": "Orphan"},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: str(options)[:48])
async def test_options_of_a_delete_that_cannot_be_delete_nothing(hostile: Hostile, options: Any) -> None:
    async with hostile.undisturbed():
        told = [
            await hostile.ask("DELETE", target, raw(options)) for target in (SERVICE, POD, SET, f"{DEFAULT}/services")
        ]
    # What cannot be read at all is a 500 upstream, too.
    assert all(each.status in (400, 422, 500) and not fault(each, each.status) for each in told), told


async def test_a_merge_that_makes_another_kind_of_a_scale_is_refused(hostile: Hostile) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", f"{SET}/scale", {"kind": "Pod"}, media=MERGE)
    assert fault(told, 422) == ""


@pytest.mark.parametrize(
    "query",
    ["gracePeriodSeconds=x", "gracePeriodSeconds=--5", f"gracePeriodSeconds={'9' * 30}", "gracePeriodSeconds=%D9%A3",
     f"gracePeriodSeconds={'9' * 5000}", "propagationPolicy=Sideways", "dryRun=x", "gracePeriodSeconds=1.5"],
    ids=lambda query: query[:32],
)  # fmt: skip
async def test_queries_of_a_delete_that_cannot_be_read_delete_nothing(hostile: Hostile, query: str) -> None:
    async with hostile.undisturbed():
        told = [await hostile.ask("DELETE", f"{target}?{query}") for target in (SERVICE, POD, f"{DEFAULT}/pods")]
    assert all(each.status in (400, 422) and not fault(each, each.status) for each in told), told


async def test_preconditions_that_do_not_hold_are_a_409(hostile: Hostile) -> None:
    async with hostile.undisturbed():
        told = [
            await hostile.ask("DELETE", SERVICE, {"preconditions": given})
            for given in ({"uid": "other"}, {"resourceVersion": "1"}, {"resourceVersion": "nonsense"})
        ]
    assert [fault(each, 409) for each in told] == ["", "", ""]


# Subresources.


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400), (b"[]", 400), (b"null", 400), (b"5", 400), ({"spec": 5}, 400), ({"spec": {"replicas": "x"}}, 400),
        ({"metadata": {"name": "web"}, "spec": {"replicas": -1}}, 422),
        ({"spec": {"replicas": 2**31}}, 400), ({"spec": {"replicas": 1.5}}, 400),
        ({"metadata": 5}, 400), ({"metadata": {"name": "other"}}, 400), ({"metadata": {"namespace": "other"}}, 400),
        ({"metadata": {"resourceVersion": 5}}, 400),
        ({"metadata": {"name": "web", "resourceVersion": "1"}}, 409), ({}, 400),
        ({"kind": "Pod"}, 400), ({"apiVersion": "v1"}, 400), ({"metadata": {"name": []}}, 400),
    ],
    ids=str,
)  # fmt: skip
async def test_a_scale_that_cannot_be_is_refused(hostile: Hostile, body: Any, status: int) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PUT", f"{SET}/scale", raw(body))
    assert fault(told, status) == ""


@pytest.mark.parametrize(
    "patch",
    [{"metadata": 5}, {"metadata": []}, {"metadata": {"name": {}}}, {"metadata": {"resourceVersion": {}}}, {"spec": 5},
     {"spec": {"replicas": "x"}}, {"spec": {"replicas": -1}}, {"spec": {"replicas": 2**31}}, {"status": 5},
     {"metadata": {"labels": {"a": 5}}}, {"metadata": {"name": "other"}}],
    ids=str,
)  # fmt: skip
async def test_a_patch_that_makes_no_scale_is_refused(hostile: Hostile, patch: Any) -> None:
    async with hostile.undisturbed():
        told = [await hostile.ask("PATCH", f"{SET}/scale", patch, media=media) for media in (MERGE, STRATEGIC)]
    assert all(each.status in (400, 422) and not fault(each, each.status) for each in told), told


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"null", {}, {"target": 5}, {"target": {}}, {"target": {"name": 5}}, {"target": {"name": ""}},
     {"target": {"kind": "Pod", "name": "x"}}, {"metadata": 5, "target": {"name": "n1"}},
     {"metadata": {"name": "other"}, "target": {"name": "n1"}}, {"metadata": {"labels": 5}, "target": {"name": "n1"}},
     {"metadata": {"labels": {"a": {}}}, "target": {"name": "n1"}},
     {"metadata": {"labels": {"-": "a"}}, "target": {"name": "n1"}},
     {"metadata": {"annotations": {"a b": "c"}}, "target": {"name": "n1"}},
     {"metadata": {"uid": 5}, "target": {"name": "n1"}}],
    ids=str,
)  # fmt: skip
async def test_a_binding_that_cannot_be_binds_nothing(hostile: Hostile, body: Any) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", f"{POD}/binding", raw(body))
    assert told.status in (400, 422)
    assert fault(told, told.status) == ""
