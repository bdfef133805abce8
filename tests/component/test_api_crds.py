"""CustomResourceDefinitions and the kinds that they make, over the real server."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import Told, World, world
from component.custom_kinds import CRDS, GROUP, WIDGETS, definition, established, version, when, widget

MERGE = "application/merge-patch+json"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as made:
        yield made


async def test_a_definition_is_established_and_its_kind_served_at_once(api: World) -> None:
    found = await established(api, definition())
    status = found.body["status"]
    assert [(one["type"], one["status"], one["reason"]) for one in status["conditions"]] == [
        ("NamesAccepted", "True", "NoConflicts"),
        ("Established", "True", "InitialNamesAccepted"),
    ]
    assert status["acceptedNames"] == {
        "plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList", "shortNames": ["wd"],
        "categories": ["all"],
    }  # fmt: skip
    assert status["storedVersions"] == ["v1"]
    listed = await api.ask("GET", WIDGETS)
    assert (listed.status, listed.body["kind"], listed.body["items"]) == (200, "WidgetList", [])


async def test_discovery_has_the_kind_and_its_etag_changes(api: World) -> None:
    accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"
    before = (await api.ask("GET", "/apis", accept=accept)).headers["etag"]
    await established(api, definition(version(subresources={"status": {}})))
    after = (await api.ask("GET", "/apis", accept=accept)).headers["etag"]
    assert before != after
    listed = await api.ask("GET", f"/apis/{GROUP}/v1")
    names = {one["name"]: one for one in listed.body["resources"]}
    assert set(names) == {"widgets", "widgets/status"}
    assert names["widgets"]["shortNames"] == ["wd"]
    assert names["widgets"]["categories"] == ["all"]
    assert (await api.ask("GET", f"/apis/{GROUP}")).body["preferredVersion"]["version"] == "v1"


async def test_objects_are_pruned_and_defaulted(api: World) -> None:
    await established(api, definition())
    made = await api.ask("POST", WIDGETS, widget(strange=1, free={"x": {"y": 1}}))
    assert made.status == 201
    assert made.body["spec"] == {"size": 3, "colour": "red", "free": {"x": {"y": 1}}}
    assert made.warnings == ['299 - "unknown field \\"spec.strange\\""']
    assert made.body["metadata"]["generation"] == 1


@pytest.mark.parametrize("free", [b"1.0", b"1e0", b"[1.0]", b'{"a": [{"b": 1.0}]}', b"1.5", b"-0.0", b"1e20"])
async def test_a_number_without_a_fraction_is_a_whole_one(api: World, free: bytes) -> None:
    await established(api, definition())
    kind = f'"apiVersion":"{GROUP}/v1","kind":"Widget"'.encode()
    sent = b'{%b,"metadata":{"name":"w"},"spec":{"size":4.0,"free":{"x":%b}}}' % (kind, free)
    made = await api.ask("POST", WIDGETS, sent)
    assert (made.status, b'"size":4,' in made.raw, b".0" in made.raw) == (201, True, False)
    patched = await api.ask("PATCH", f"{WIDGETS}/w", b'{"spec":{"size":5.0}}', content_type=MERGE)
    assert (patched.status, b'"size":5,' in patched.raw) == (200, True)


async def test_what_may_be_null_is_not_required_in_openapi_2(api: World) -> None:
    fields = {"a": {"type": "string", "nullable": True}, "b": {"type": "string"}}
    await established(api, definition(version(spec={"type": "object", "required": ["a", "b"], "properties": fields})))
    shown = (await api.ask("GET", "/openapi/v2")).body["definitions"]["com.example.shop.v1.Widget"]["properties"][
        "spec"
    ]
    assert (shown["required"], shown["properties"]) == (["b"], {"a": {}, "b": {"type": "string"}})


async def test_an_object_says_which_kind_it_is(api: World) -> None:
    await established(api, definition())
    made = await api.ask("POST", WIDGETS, {})
    assert (made.status, made.message) == (
        400, "Widget in version \"v1\" cannot be handled as a Widget: Object 'Kind' is missing in '{}'"
    )  # fmt: skip


async def test_strict_validation_refuses_unknown_fields(api: World) -> None:
    await established(api, definition())
    made = await api.ask("POST", f"{WIDGETS}?fieldValidation=Strict", {**widget(strange=1), "odd": 1})
    assert made.status == 400
    assert made.message == (
        'Widget in version "v1" cannot be handled as a Widget: strict decoding error: '
        'unknown field "odd", unknown field "spec.strange"'
    )


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"size": "big"}, 'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"'),
    ({"size": 0}, "spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"),
    ({"size": 101}, "spec.size: Invalid value: 101: spec.size in body should be less than or equal to 100"),
    ({"colour": "blue"}, 'spec.colour: Unsupported value: "blue": supported values: "red", "green"'),
    ({"label": "A"}, "spec.label: Invalid value: \"A\": spec.label in body should match '^[a-z]+$'"),
    ({"label": "abcdef"}, "spec.label: Too long: may not be more than 5 bytes"),
    (
        {"port": True},
        'spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean"',
    ),
    ({"tags": ["a", "a"]}, 'spec.tags[1]: Duplicate value: "a"'),
    ({"ports": [{"name": "a"}, {"name": "a"}]}, 'spec.ports[1]: Duplicate value: {"name":"a"}'),
    ({"ports": [{}]}, "spec.ports[0].name: Required value"),
    (
        {"labels": {"a": 1}},
        'spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer"',
    ),
]  # fmt: skip


async def test_what_the_schema_forbids_is_refused_in_upstreams_words(api: World) -> None:
    await established(api, definition())
    for spec, text in WRONG:
        made = await api.ask("POST", WIDGETS, widget(**spec))
        assert (made.status, made.message) == (422, f'Widget.{GROUP} "w" is invalid: {text}')


async def test_status_is_a_resource_of_its_own(api: World) -> None:
    await established(api, definition(version(subresources={"status": {}})))
    made = await api.ask("POST", WIDGETS, {**widget(), "status": {"phase": "x"}})
    assert "status" not in made.body
    target = f"{WIDGETS}/w"
    told = await api.ask(
        "PATCH", f"{target}/status", {"status": {"phase": "Up"}, "spec": {"size": 9}}, content_type=MERGE
    )
    assert (told.body["status"], told.body["spec"]["size"], told.body["metadata"]["generation"]) == (
        {"phase": "Up"},
        3,
        1,
    )
    told = await api.ask("PATCH", target, {"status": {"phase": "Down"}, "spec": {"size": 9}}, content_type=MERGE)
    assert (told.body["status"], told.body["spec"]["size"], told.body["metadata"]["generation"]) == (
        {"phase": "Up"},
        9,
        2,
    )


async def test_a_strategic_merge_patch_is_refused(api: World) -> None:
    await established(api, definition())
    await api.ask("POST", WIDGETS, widget())
    told = await api.ask("PATCH", f"{WIDGETS}/w", {}, content_type="application/strategic-merge-patch+json")
    assert told.status == 415
    assert told.message.startswith("the body of the request was in an unknown format - accepted media types include: ")


async def test_a_watch_tells_of_objects(api: World) -> None:
    await established(api, definition())
    watch = await api.watch(f"{WIDGETS}?watch=true")
    await api.ask("POST", WIDGETS, widget())
    await api.ask("DELETE", f"{WIDGETS}/w")
    assert [one["type"] for one in await watch.events(2)] == ["ADDED", "DELETED"]


async def test_columns_are_those_of_the_definition(api: World) -> None:
    columns = [
        {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
        {"name": "Ready", "type": "string", "jsonPath": '.status.conditions[?(@.type=="Ready")].status'},
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
        {"name": "Colour", "type": "string", "jsonPath": ".spec.colour", "priority": 1},
    ]
    await established(api, definition(version(additionalPrinterColumns=columns)))
    await api.ask("POST", WIDGETS, widget())
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    shown = (await api.ask("GET", WIDGETS, accept=accept)).body
    assert [one["name"] for one in shown["columnDefinitions"]] == ["Name", "Size", "Ready", "Age", "Colour"]
    assert shown["rows"][0]["cells"] == ["w", 3, None, "0s", "red"]


async def test_columns_that_cannot_be_read_are_left_out(api: World) -> None:
    columns = [{"name": "Odd", "type": "string", "jsonPath": ".spec["}]
    await established(api, definition(version(additionalPrinterColumns=columns)))
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    shown = (await api.ask("GET", WIDGETS, accept=accept)).body
    assert [one["name"] for one in shown["columnDefinitions"]] == ["Name", "Age"]


async def test_names_that_are_taken_are_not_accepted(api: World) -> None:
    await established(api, definition())
    other = definition(kind="Widget", plural="gadgets", short=["gd"])
    await api.ask("POST", CRDS, other)
    told = await when(api, f"gadgets.{GROUP}", "NamesAccepted", "False")
    conditions = {one["type"]: one for one in told.body["status"]["conditions"]}
    assert conditions["NamesAccepted"]["reason"] == "ListKindConflict"
    assert conditions["Established"]["reason"] == "NotAccepted"
    assert (await api.ask("GET", f"/apis/{GROUP}/v1/gadgets")).status == 404
    await api.ask("DELETE", f"{CRDS}/widgets.{GROUP}")
    await when(api, f"gadgets.{GROUP}", "Established", "True")


async def test_a_definition_takes_its_objects_along(api: World) -> None:
    await established(api, definition())
    await api.ask("POST", WIDGETS, {**widget(), "metadata": {"name": "w", "finalizers": ["example.com/held"]}})
    watch = await api.watch(f"{CRDS}?watch=true")
    told = await api.ask("DELETE", f"{CRDS}/widgets.{GROUP}")
    assert told.body["metadata"]["finalizers"] == ["customresourcecleanup.apiextensions.k8s.io"]
    await when(api, f"widgets.{GROUP}", "Terminating", "True")
    refused = await api.ask("POST", WIDGETS, widget("late"))
    assert (refused.status, refused.message) == (
        405, "create not allowed while custom resource definition is terminating",
    )  # fmt: skip
    await api.ask("PATCH", f"{WIDGETS}/w", {"metadata": {"finalizers": None}}, content_type=MERGE)
    count = 1
    while (await watch.events(count))[count - 1]["type"] != "DELETED":
        count += 1
    assert (await api.ask("GET", WIDGETS)).status == 404


async def test_kinds_and_objects_are_there_after_a_restart() -> None:
    async with world() as first:
        await established(first, definition())
        await first.ask("POST", WIDGETS, widget())
    async with world(store=first.store) as second:
        assert (await second.ask("GET", f"{WIDGETS}/w")).body["spec"]["size"] == 3


async def test_a_default_that_comes_later_shows_in_older_objects(api: World) -> None:
    await established(api, definition())
    await api.ask("POST", WIDGETS, widget())
    name = f"{CRDS}/widgets.{GROUP}"
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size2"
    await api.ask(
        "PATCH", name, [{"op": "add", "path": path, "value": {"type": "integer", "default": 7}}],
        content_type="application/json-patch+json",
    )  # fmt: skip
    watch = await api.watch(f"{CRDS}?watch=true")
    await watch.events(1)
    await api.server._custom_kinds.settle()
    assert (await api.ask("GET", f"{WIDGETS}/w")).body["spec"]["size2"] == 7


INNER = {"x-kubernetes-embedded-resource": True, "type": "object"}
IDENTITY = {"apiVersion": {"type": "string", "default": "a/v1"}, "kind": {"type": "string", "default": "B"}}
NAMED = {"name": "Bar", "unknown": "unknown"}
FIELDS = {field: {"type": "string", "default": value} for field, value in NAMED.items()}
WHOLE = {"apiVersion": "a/v1", "kind": "B", "metadata": NAMED}


@pytest.mark.parametrize("more", [{}, {"x-kubernetes-preserve-unknown-fields": True}], ids=["pruned", "preserved"])
async def test_defaults_of_inner_metadata_are_what_metadata_is(api: World, more: dict[str, Any]) -> None:
    inner = {**INNER, "properties": IDENTITY, **more}
    metadata = {"type": "object"}
    properties = {
        "fields": {**inner, "properties": {**IDENTITY, "metadata": {**metadata, "properties": FIELDS}}},
        "metadata": {**inner, "properties": {**IDENTITY, "metadata": {**metadata, "default": NAMED}}},
        "whole": {**inner, "default": WHOLE},
        "around": {"type": "object", "properties": {"inner": inner}, "default": {"inner": WHOLE}},
    }
    spec = {"type": "object", "properties": properties}
    await established(api, definition(version(spec=spec)))
    made = await api.ask("POST", WIDGETS, {**widget(), "spec": {"fields": {"metadata": {}}, "metadata": {}}})
    shown = {"apiVersion": "a/v1", "kind": "B", "metadata": {"name": "Bar"}}
    assert made.body["spec"] == {"fields": shown, "metadata": shown, "whole": shown, "around": {"inner": shown}}


async def test_watches_end_when_the_schema_changes_and_older_ones_have_to_list(api: World) -> None:
    await established(api, definition())
    made = await api.ask("POST", WIDGETS, widget())
    watch = await api.watch(f"{WIDGETS}?watch=true&resourceVersion={made.body['metadata']['resourceVersion']}")
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size2"
    body = [{"op": "add", "path": path, "value": {"type": "integer", "default": 7}}]
    await api.ask("PATCH", f"{CRDS}/widgets.{GROUP}", body, content_type="application/json-patch+json")
    await watch.ended()
    assert watch.lines == []
    again = await api.watch(f"{WIDGETS}?watch=true&resourceVersion={made.body['metadata']['resourceVersion']}")
    assert [(one["type"], one["object"]["code"]) for one in await again.ended()] == [("ERROR", 410)]
    listed = (await api.ask("GET", WIDGETS)).body
    assert listed["items"][0]["spec"]["size2"] == 7
    watch = await api.watch(f"{WIDGETS}?watch=true&resourceVersion={listed['metadata']['resourceVersion']}")
    await api.ask("DELETE", f"{WIDGETS}/w")
    assert [(one["type"], one["object"]["spec"]["size2"]) for one in await watch.events(1)] == [("DELETED", 7)]


async def test_watches_go_on_while_a_definition_changes_by_nothing_that_they_see(api: World) -> None:
    await established(api, definition())
    watch = await api.watch(f"{WIDGETS}?watch=true")
    patch = {"metadata": {"labels": {"a": "b"}}}
    await api.ask("PATCH", f"{CRDS}/widgets.{GROUP}", patch, content_type="application/merge-patch+json")
    await api.server._custom_kinds.settle()
    await api.ask("POST", WIDGETS, {**widget(), "metadata": {"name": "w", "finalizers": ["example.com/held"]}})
    await api.ask("DELETE", f"{CRDS}/widgets.{GROUP}")
    assert [one["type"] for one in await watch.events(2)] == ["ADDED", "MODIFIED"]
    await api.ask("PATCH", f"{WIDGETS}/w", {"metadata": {"finalizers": None}}, content_type=MERGE)
    assert [one["type"] for one in await watch.ended()] == ["ADDED", "MODIFIED", "DELETED"]


async def test_several_versions_without_conversion(api: World) -> None:
    older = version("v1beta1", storage=False, deprecated=True, additionalPrinterColumns=[
        {"name": "C", "type": "string", "jsonPath": ".spec.colour"},
    ])  # fmt: skip
    await established(api, definition(version(), older, version("v1alpha1", storage=False, served=False)))
    await api.ask("POST", WIDGETS, widget())
    told = await api.ask("GET", f"{WIDGETS.replace('/v1/', '/v1beta1/')}/w")
    assert told.body["apiVersion"] == f"{GROUP}/v1beta1"
    assert told.warnings == [f'299 - "{GROUP}/v1beta1 Widget is deprecated; use {GROUP}/v1 Widget"']
    assert (await api.ask("GET", WIDGETS.replace("/v1/", "/v1alpha1/"))).status == 404
    group = (await api.ask("GET", f"/apis/{GROUP}")).body
    assert [one["version"] for one in group["versions"]] == ["v1", "v1beta1"]


RULES = [
    {"rule": "self.size < 50", "message": "too big"},
    {"rule": "self.colour == oldSelf.colour", "message": "stays", "reason": "FieldValueForbidden",
     "fieldPath": ".colour"},
    {"rule": "!has(self.label) || self.label != 'x'", "messageExpression": "'not ' + self.label"},
]  # fmt: skip


async def test_rules_in_cel(api: World) -> None:
    from component.custom_kinds import SPEC

    await established(api, definition(version(spec={**SPEC, "x-kubernetes-validations": RULES})))
    made = await api.ask("POST", WIDGETS, widget(size=60, label="x"))
    assert made.message == (
        f'Widget.{GROUP} "w" is invalid: [spec: Invalid value: too big, spec: Invalid value: not x]'
    )
    await api.ask("POST", WIDGETS, widget())
    told = await api.ask("PATCH", f"{WIDGETS}/w", {"spec": {"colour": "green"}}, content_type=MERGE)
    assert told.message == f'Widget.{GROUP} "w" is invalid: spec.colour: Forbidden: stays'
    assert told.body["details"]["causes"][0]["reason"] == "FieldValueForbidden"


async def test_an_old_fault_is_told_by_a_warning_until_it_is_touched(api: World) -> None:
    from component.custom_kinds import SPEC

    await established(api, definition())
    await api.ask("POST", WIDGETS, widget(size=60))
    spec = {**SPEC, "x-kubernetes-validations": [{"rule": "self.size < 50", "message": "too big"}]}
    patch = [{"op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec", "value": spec}]
    target = f"{CRDS}/widgets.{GROUP}"
    assert (await api.ask("PATCH", target, patch, content_type="application/json-patch+json")).status == 200
    await api.server._custom_kinds.settle()
    labels = {"metadata": {"labels": {"a": "b"}}}
    told = await api.ask("PATCH", f"{WIDGETS}/w", labels, content_type=MERGE)
    assert (told.status, told.warnings) == (200, ['299 - "spec: Invalid value: too big"'])
    told = await api.ask("PATCH", f"{WIDGETS}/w", {"spec": {"size": 61}}, content_type=MERGE)
    assert (told.status, told.message) == (
        422,
        f'Widget.{GROUP} "w" is invalid: spec: Invalid value: too big',
    )


async def test_a_rule_that_does_not_compile_is_refused(api: World) -> None:
    from component.custom_kinds import SPEC

    rules = [{"rule": "self.size +"}]
    made = await api.ask("POST", CRDS, definition(version(spec={**SPEC, "x-kubernetes-validations": rules})))
    assert made.status == 422
    path = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule"
    assert f'{path}: Invalid value: apiextensions.ValidationRule{{Rule:"self.size +"' in made.message
    assert "compilation failed: ERROR: <input>:1:12: Syntax error" in made.message


async def test_open_api_describes_the_kind(api: World) -> None:
    before = (await api.ask("GET", "/openapi/v3")).body["paths"]
    assert (await api.ask("GET", "/openapi/v2")).status == 200
    await established(api, definition())
    index = (await api.ask("GET", "/openapi/v3")).body["paths"]
    assert index.keys() - before.keys() == {f"apis/{GROUP}/v1", f"apis/{GROUP}"} & index.keys()
    told = (await api.ask("GET", index[f"apis/{GROUP}/v1"]["serverRelativeURL"])).body
    shown = told["components"]["schemas"]["com.example.shop.v1.Widget"]
    assert shown["properties"]["spec"]["properties"]["size"]["maximum"] == 100
    assert shown["x-kubernetes-group-version-kind"] == [{"group": GROUP, "kind": "Widget", "version": "v1"}]
    told = (await api.ask("GET", "/openapi/v2")).body
    listing = told["paths"][f"/apis/{GROUP}/v1/widgets"]["get"]
    assert listing["consumes"] == listing["produces"] == ["application/json", "application/yaml"]
    free = told["definitions"]["com.example.shop.v1.Widget"]["properties"]["spec"]["properties"]["free"]
    assert free == {"x-kubernetes-preserve-unknown-fields": True}
    old = told["definitions"]
    assert old["com.example.shop.v1.Widget"]["properties"]["spec"]["properties"]["colour"]["type"] == "string"
    protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    assert b"com.example.shop.v1.WidgetList" in (await api.ask("GET", "/openapi/v2", accept=protobuf)).raw


async def test_the_hash_of_a_document_follows_the_schema(api: World) -> None:
    await established(api, definition())
    before = (await api.ask("GET", "/openapi/v3")).body["paths"][f"apis/{GROUP}/v1"]
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/more"
    patch = [{"op": "add", "path": path, "value": {"type": "integer"}}]
    target = f"{CRDS}/widgets.{GROUP}"
    assert (await api.ask("PATCH", target, patch, content_type="application/json-patch+json")).status == 200
    await api.server._custom_kinds.settle()
    assert (await api.ask("GET", "/openapi/v3")).body["paths"][f"apis/{GROUP}/v1"] != before


SCALE = {
    "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas",
    "labelSelectorPath": ".status.selector",
}  # fmt: skip


async def test_scale_reads_and_writes_where_the_definition_says(api: World) -> None:
    await established(api, definition(version(subresources={"status": {}, "scale": SCALE})))
    await api.ask("POST", WIDGETS, widget(replicas=2))
    status = {"status": {"replicas": 1, "selector": "a=b"}}
    await api.ask("PATCH", f"{WIDGETS}/w/status", status, content_type=MERGE)
    found = (await api.ask("GET", f"{WIDGETS}/w/scale")).body
    assert (found["kind"], found["spec"], found["status"]) == (
        "Scale",
        {"replicas": 2},
        {"replicas": 1, "selector": "a=b"},
    )
    told = await api.ask("PATCH", f"{WIDGETS}/w/scale", {"spec": {"replicas": 5}}, content_type=MERGE)
    assert told.body["spec"] == {"replicas": 5}
    assert (await api.ask("GET", f"{WIDGETS}/w")).body["spec"]["replicas"] == 5
    told = await api.ask("PATCH", f"{WIDGETS}/w/scale", {"spec": {"replicas": -1}}, content_type=MERGE)
    wrong = ".spec.replicas: Invalid value: -1: should be a non-negative integer"
    assert told.body["message"] == f'Widget.{GROUP} "w" is invalid: {wrong}'
    unfit = await api.ask("PATCH", f"{WIDGETS}/w/status", {"status": {"selector": 1}}, content_type=MERGE)
    wrong = (
        '.status.selector: Invalid value: "": .status.selector accessor error: 1 is of the type int64, expected string'
    )
    assert wrong in unfit.body["message"]
    none = await api.ask("PATCH", f"{WIDGETS}/w/scale", {"spec": {"replicas": 0}}, content_type=MERGE)
    assert none.body["spec"] == {}
    told = await api.ask("POST", f"{WIDGETS}/w/scale", {})
    assert (told.status, told.body["message"]) == (
        405,
        f'create is not supported on resources of kind "widgets.{GROUP}"',
    )
    assert (await api.ask("GET", f"{WIDGETS}/w/no")).body["message"] == f'widgets.{GROUP} "w" not found'


async def test_an_object_says_its_kind(api: World) -> None:
    await established(api, definition())
    told = await api.ask("POST", WIDGETS, {"metadata": {"name": "w"}})
    assert (told.status, told.body["reason"]) == (400, "BadRequest")
    assert "cannot be handled as a Widget: Object 'Kind' is missing in '{" in told.body["message"]


async def apply(api: World, body: dict[str, Any], manager: str, **spec: Any) -> Any:
    target = f"{WIDGETS}/{body['metadata']['name']}?fieldManager={manager}"
    return await api.ask("PATCH", target, {**body, "spec": spec}, content_type="application/apply-patch+yaml")


async def test_server_side_apply_follows_the_schema(api: World) -> None:
    await established(api, definition())
    await apply(api, widget(), "one", size=1, ports=[{"name": "a", "port": 1}], tags=["x"])
    told = await apply(api, widget(), "two", size=1, ports=[{"name": "b", "port": 2}], tags=["y"])
    assert told.body["spec"]["ports"] == [{"name": "a", "port": 1}, {"name": "b", "port": 2}]
    assert told.body["spec"]["tags"] == ["x", "y"]
    fields = {one["manager"]: one["fieldsV1"] for one in told.body["metadata"]["managedFields"]}
    assert fields["one"]["f:spec"]["f:ports"] == {'k:{"name":"a"}': {".": {}, "f:name": {}, "f:port": {}}}
    told = await apply(api, widget(), "one", size=2)
    assert told.message == 'Apply failed with 1 conflict: conflict with "two": .spec.size'
    told = await apply(api, widget(), "one", size=1, ports=[{"name": "a"}, {"name": "a"}], tags=["x", "x"])
    assert told.message == (
        f"failed to create typed patch object (/w; {GROUP}/v1, Kind=Widget): errors:\n"
        '  .spec.ports: duplicate entries for key [name="a"]\n  .spec.tags: duplicate entries for key [="x"]'
    )
    told = await apply(api, widget(), "one", size=1, strange=1)
    assert (told.status, told.message) == (
        500, f"failed to create typed patch object (/w; {GROUP}/v1, Kind=Widget): "
        ".spec.strange: field not declared in schema",
    )  # fmt: skip


async def test_a_schema_is_one_all_the_way_down(api: World) -> None:
    for items in ({"type": 5}, "x", {"type": "string", "properties": "x"}, {"items": 5}):
        spec = {"type": "object", "properties": {"list": {"type": "array", "items": items}}}
        told = await api.ask("POST", CRDS, definition(version(spec=spec)))
        assert (told.status, told.body["reason"]) == (400, "BadRequest")
    spec = {"type": "array", "items": {"type": "object", "properties": {"a": None}, "odd": 1}}
    told = await api.ask("POST", f"{CRDS}?fieldValidation=Strict", definition(version(spec=spec)))
    assert 'unknown field "spec.versions[0].schema.openAPIV3Schema.properties.spec.items.odd"' in told.message


async def test_metadata_that_is_none_is_refused(api: World) -> None:
    await established(api, definition())
    for metadata in ("x", 1.5, [1], {"labels": "x"}):
        told = await api.ask("POST", WIDGETS, {**widget(), "metadata": metadata})
        assert told.status == 400, metadata
        assert "json: cannot unmarshal" in told.message


async def test_selectable_fields_select_and_a_list_may_have_a_name_of_its_own(api: World) -> None:
    made = definition(version(selectableFields=[{"jsonPath": ".spec.colour"}]))
    made["spec"]["names"]["listKind"] = "Widgetry"
    await established(api, made)
    await api.ask("POST", WIDGETS, widget("a"))
    await api.ask("POST", WIDGETS, widget("b", colour="green"))
    listed = (await api.ask("GET", f"{WIDGETS}?fieldSelector=spec.colour%3Dgreen")).body
    assert (listed["kind"], [one["metadata"]["name"] for one in listed["items"]]) == ("Widgetry", ["b"])
    refused = await api.ask("GET", f"{WIDGETS}?fieldSelector=spec.size%3D3")
    assert (refused.status, refused.message) == (400, "field label not supported: spec.size")


async def test_who_prefers_protobuf_gets_json(api: World) -> None:
    await established(api, definition())
    told = await api.ask("GET", WIDGETS, accept="application/vnd.kubernetes.protobuf,application/json")
    assert (told.status, told.body["kind"]) == (200, "WidgetList")


async def test_items_that_nobody_can_tell_apart_have_no_past(api: World) -> None:
    spec = {
        "type": "object",
        "properties": {
            "list": {"type": "array", "maxItems": 3, "items": {
                "type": "string", "maxLength": 5, "x-kubernetes-validations": [{"rule": "self == oldSelf"}],
            }},
        },
    }  # fmt: skip
    told = await api.ask("POST", CRDS, definition(version(spec=spec)))
    at = "spec.validation.openAPIV3Schema.properties[spec].properties[list]"
    assert told.message.endswith(
        f'{at}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": oldSelf cannot be used on the '
        f"uncorrelatable portion of the schema within {at}"
    )


async def test_kinds_of_the_cluster_have_no_namespace(api: World) -> None:
    await established(api, definition(scope="Cluster"))
    target = f"/apis/{GROUP}/v1/widgets"
    body = widget()
    body["metadata"]["namespace"] = "of-old"
    assert (await api.ask("POST", target, body)).status == 201
    live = (await api.ask("GET", f"{target}/w")).body
    assert "namespace" not in live["metadata"]
    moved = {**live, "metadata": {**live["metadata"], "namespace": "of-old"}}
    assert "namespace" not in (await api.ask("PUT", f"{target}/w", moved)).body["metadata"]
    told = await api.ask("PATCH", f"{target}/w", {"metadata": {"namespace": "of-old"}}, content_type=MERGE)
    assert (told.status, "namespace" in told.body["metadata"]) == (200, False)
    assert (await api.ask("GET", WIDGETS)).status == 404


async def test_an_object_inside_of_an_object_says_what_it_is(api: World) -> None:
    inner = {
        "type": "object", "x-kubernetes-embedded-resource": True,
        "properties": {"spec": {"type": "object", "properties": {"a": {"type": "integer"}}}},
    }  # fmt: skip
    await established(api, definition(version(spec={"type": "object", "properties": {"inner": inner}})))
    body = {**widget(), "spec": {"inner": {"metadata": {"name": "x"}, "spec": {"a": 1, "b": 2}, "other": 3}}}
    told = await api.ask("POST", WIDGETS, body)
    assert told.message == (
        f'Widget.{GROUP} "w" is invalid: [spec.inner.apiVersion: Required value: must not be empty, '
        "spec.inner.kind: Required value: must not be empty]"
    )
    body["spec"]["inner"] |= {"apiVersion": "v1", "kind": "X"}
    for wrong, text in (
        ({"kind": "%"}, 'kind: Invalid value: "%": may have mixed case, but should otherwise match: a DNS-1035'),
        ({"kind": 5}, "kind: Invalid value: 5: must be a string"),
        ({"apiVersion": "a/b/c"}, 'apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c'),
        ({"metadata": {"name": ".."}}, "metadata.name: Invalid value: \"..\": may not be '..'"),
        ({"metadata": {"labels": {"a": "x y"}}}, 'metadata.labels: Invalid value: "x y": a valid label'),
    ):
        told = await api.ask("POST", WIDGETS, {**body, "spec": {"inner": {**body["spec"]["inner"], **wrong}}})
        assert (told.status, f"spec.inner.{text}" in told.message) == (422, True), told.message
    badly = {**body, "spec": {"inner": {**body["spec"]["inner"], "metadata": {"name": 5}}}}
    told = await api.ask("POST", WIDGETS, badly)
    assert (told.status, told.message) == (
        400, 'Widget in version "v1" cannot be handled as a Widget: spec.inner.metadata: Invalid value: {"name":5}: '
        "json: cannot unmarshal number into Go struct field ObjectMeta.name of type string",
    )  # fmt: skip
    odd = {**body, "metadata": {"name": "w", "odd": 1}, "spec": {"inner": {**body["spec"]["inner"]}}}
    odd["spec"]["inner"] = {"apiVersion": "v1", "kind": "X", "metadata": {"name": "x", "odd": 1}}
    told = await api.ask("POST", f"{WIDGETS}?fieldValidation=Strict", odd)
    assert told.message.endswith('unknown field "metadata.odd", unknown field "spec.inner.metadata.odd"')
    told = await api.ask("POST", WIDGETS, body)
    assert told.body["spec"]["inner"] == {
        "apiVersion": "v1", "kind": "X", "metadata": {"name": "x"}, "spec": {"a": 1},
    }  # fmt: skip


async def test_an_object_of_another_kind_is_invalid(api: World) -> None:
    await established(api, definition())
    told = await api.ask("POST", WIDGETS, {**widget(), "kind": "Gadget"})
    assert (told.status, told.message) == (
        422, f'Gadget.{GROUP} "w" is invalid: kind: Invalid value: "Gadget": must be Widget'
    )  # fmt: skip
    told = await api.ask("POST", WIDGETS, {**widget(), "apiVersion": f"{GROUP}/v2"})
    assert (told.status, "does not match the expected API version" in told.message) == (400, True)


async def redefined(api: World, *versions: dict[str, Any]) -> None:
    """The definition's versions are others, and its kind is served so."""
    name = f"{CRDS}/widgets.{GROUP}"
    live = (await api.ask("GET", name)).body
    told = await api.ask("PUT", name, {**live, "spec": {**live["spec"], "versions": list(versions)}})
    assert told.status == 200, told.message
    await api.server._custom_kinds.settle()


async def test_what_stood_twice_in_a_list_may_stand_twice_in_any(api: World) -> None:
    def lists(kind: str) -> dict[str, Any]:
        one = {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": kind}
        return version(spec={"type": "object", "properties": {"a": one, "b": one}})

    async def change(**lists: list[str]) -> Told:
        return await api.ask("PATCH", f"{WIDGETS}/w", {"spec": lists}, content_type=MERGE)

    await established(api, definition(lists("atomic")))
    await api.ask("POST", WIDGETS, {**widget(), "spec": {"a": ["x", "x"], "b": ["y"]}})
    await redefined(api, lists("set"))
    assert (await change(b=["y", "y"])).status == 200
    assert (await change(a=["x"], b=["y"])).status == 200
    told = await change(a=["x", "x"])
    assert (told.status, 'spec.a[1]: Duplicate value: "x"' in told.message) == (422, True)


def having(name: str, *, stored: bool, **defaults: str) -> dict[str, Any]:
    """A version whose spec has three strings."""
    fields = {field: {"type": "string"} for field in ("a", "b", "c")}
    for field, value in defaults.items():
        fields[field]["default"] = value
    return version(name, storage=stored, spec={"type": "object", "properties": fields})


async def test_what_is_read_has_the_defaults_of_the_version_that_it_is_stored_in(api: World) -> None:
    old = WIDGETS.replace("/v1/", "/v1beta1/")
    await established(api, definition(having("v1", stored=True, a="of v1"), having("v1beta1", stored=False, b="old")))
    made = await api.ask("POST", old, {"kind": "Widget", "metadata": {"name": "w"}, "spec": {}})
    assert made.body["spec"] == {"a": "of v1", "b": "old"}
    assert (await api.ask("GET", f"{WIDGETS}/w")).body["spec"] == {"a": "of v1", "b": "old"}
    await redefined(api, having("v1", stored=True, c="new"), having("v1beta1", stored=False))
    for target in (old, WIDGETS):
        assert (await api.ask("GET", f"{target}/w")).body["spec"]["c"] == "new"
    await redefined(api, having("v1", stored=True), having("v1beta1", stored=False, c="unread"))
    for target in (old, WIDGETS):
        assert "c" not in (await api.ask("GET", f"{target}/w")).body["spec"]


async def test_a_deprecated_version_names_the_newest_that_is_better(api: World) -> None:
    versions = [
        version("v1"), version("v2beta1", storage=False, deprecated=True), version("v2alpha1", storage=False),
        version("v1alpha1", storage=False, deprecated=True), version("v2", storage=False, served=False),
        version("v1alpha2", storage=False, deprecated=True, deprecationWarning="leave"),
    ]  # fmt: skip
    await established(api, definition(*versions))
    told: dict[str, list[str]] = {
        "v1": [], "v2alpha1": [], "v1alpha2": ["leave"],
        "v2beta1": [f"{GROUP}/v2beta1 Widget is deprecated; use {GROUP}/v1 Widget"],
        "v1alpha1": [f"{GROUP}/v1alpha1 Widget is deprecated; use {GROUP}/v1 Widget"],
    }  # fmt: skip
    for name, texts in told.items():
        answer = await api.ask("GET", WIDGETS.replace("/v1/", f"/{name}/"))
        assert answer.warnings == [f'299 - "{text}"' for text in texts]


async def test_discovery_names_the_status_before_the_scale(api: World) -> None:
    scale = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    await established(api, definition(version(subresources={"status": {}, "scale": scale})))
    found = (await api.ask("GET", f"/apis/{GROUP}/v1")).body["resources"]
    assert [one["name"] for one in found] == ["widgets", "widgets/status", "widgets/scale"]


async def test_the_status_may_say_less_than_is_stored_but_no_wrong_names(api: World) -> None:
    await established(api, definition())
    target = f"{CRDS}/widgets.{GROUP}/status"
    told = await api.ask("PATCH", target, {"status": {"acceptedNames": {"plural": "A_"}}}, content_type=MERGE)
    assert (told.status, told.body["details"]["causes"][0]["field"]) == (422, "status.acceptedNames.plural")
    assert (await api.ask("PATCH", target, {"status": {"storedVersions": []}}, content_type=MERGE)).status == 200


async def test_a_name_that_is_going_is_taken(api: World) -> None:
    await established(api, definition())
    await api.ask("POST", WIDGETS, {**widget(), "metadata": {"name": "w", "finalizers": ["a.b/c"]}})
    await api.ask("DELETE", f"{WIDGETS}/w")
    for query in ("", "?dryRun=All"):
        told = await api.ask("POST", f"{WIDGETS}{query}", widget())
        assert told.message == f'object is being deleted: widgets.{GROUP} "w" already exists'
