"""MutatingAdmissionPolicies over a whole API server: what they change, in which order, and what they may not."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world

REGISTRATION = "/apis/admissionregistration.k8s.io/v1"
MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
OF_MAPS = {"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
OF_DEPLOYMENTS = {"operations": ["CREATE"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]}


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


def laid(expression: str) -> dict[str, Any]:
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": expression}}


def patch(expression: str) -> dict[str, Any]:
    return {"patchType": "JSONPatch", "jsonPatch": {"expression": expression}}


async def bound(
    api: World, name: str, *mutations: dict[str, Any], rule: Any = OF_MAPS, binding: Any = None, **spec: Any
) -> None:
    policy = {
        "matchConstraints": {"resourceRules": [rule]}, "mutations": list(mutations), "reinvocationPolicy": "Never",
        **spec,
    }  # fmt: skip
    told = await api.ask(
        "POST", f"{REGISTRATION}/mutatingadmissionpolicies", {"metadata": {"name": name}, "spec": policy}
    )
    assert told.status == 201, told.message
    body = {"metadata": {"name": f"{name}-b"}, "spec": {"policyName": name, **(binding or {})}}
    told = await api.ask("POST", f"{REGISTRATION}/mutatingadmissionpolicybindings", body)
    assert told.status == 201, told.message


def a_map(name: str = "m", **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


def deployment() -> dict[str, Any]:
    container = {"name": "c", "image": "nginx", "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [container]}}
    return {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}


async def test_what_is_laid_over_is_merged_by_the_schema(api: World) -> None:
    text = """
    Object{
      metadata: Object.metadata{annotations: {"mutated-by": "policy"}},
      spec: Object.spec{
        replicas: object.spec.replicas + 1,
        template: Object.spec.template{
          spec: Object.spec.template.spec{
            containers: object.spec.template.spec.containers.map(c, Object.spec.template.spec.containers{
              name: c.name, env: [Object.spec.template.spec.containers.env{name: "A", value: "1"}]
            }) + [Object.spec.template.spec.containers{name: "side", image: "busybox"}]
          }
        }
      }
    }"""
    await bound(api, "p", laid(text), rule=OF_DEPLOYMENTS)
    told = await api.ask("POST", DEPLOYMENTS, deployment())
    assert told.status == 201, told.message
    assert told.body["metadata"]["annotations"]["mutated-by"] == "policy"
    spec = told.body["spec"]
    assert spec["replicas"] == 2
    first, second = spec["template"]["spec"]["containers"]
    assert (first["env"], first["ports"][0]["containerPort"]) == ([{"name": "A", "value": "1"}], 80)
    assert (second["name"], second["imagePullPolicy"]) == ("side", "Always")


async def test_operations_are_applied_in_order(api: World) -> None:
    text = """[
      JSONPatch{op: "test", path: "/data/a", value: "1"},
      JSONPatch{op: "add", path: "/data/b", value: variables.b},
      JSONPatch{op: "add", path: "/metadata/labels", value: {}},
      JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("x.io/y"), value: "z"},
      JSONPatch{op: "copy", from: "/data/a", path: "/data/c"}
    ]"""
    await bound(api, "p", patch(text), variables=[{"name": "b", "expression": "object.data.a + '2'"}])
    told = await api.ask("POST", MAPS, a_map(a="1"))
    assert told.body["data"] == {"a": "1", "b": "12", "c": "1"}
    assert told.body["metadata"]["labels"] == {"x.io/y": "z"}
    told = await api.ask("POST", MAPS, a_map("n", a="2"))
    assert told.body["data"] == {"a": "2"}, "a test that does not hold changes nothing"
    lines = (await api.answer("GET", "/metrics")).body.decode().splitlines()
    name = "apiserver_mutating_admission_policy_check_total"
    assert f'{name}{{error_type="no_error",policy="p",policy_binding="p-b"}} 2' in lines


async def test_policies_follow_by_name_and_those_who_wish_are_asked_again(api: World) -> None:
    count = "string(size(object.data))"
    await bound(
        api, "a", patch(f'[JSONPatch{{op: "add", path: "/data/first", value: {count}}}]'), reinvocationPolicy="IfNeeded"
    )
    await bound(api, "b", patch(f'[JSONPatch{{op: "add", path: "/data/second", value: {count}}}]'))
    told = await api.ask("POST", MAPS, a_map(x="y"))
    assert told.body["data"] == {"x": "y", "first": "1", "second": "2"}


async def test_conditions_parameters_and_bindings_choose(api: World) -> None:
    await api.ask("POST", "/api/v1/namespaces/kube-system/configmaps", a_map("limits", label="from-parameter"))
    await bound(
        api, "p", laid('Object{metadata: Object.metadata{labels: {"l": params.data.label}}}'),
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        matchConditions=[{"name": "meant", "expression": "object.metadata.name != 'not-meant'"}],
        binding={"paramRef": {"name": "limits", "namespace": "kube-system", "parameterNotFoundAction": "Deny"}},
    )  # fmt: skip
    told = await api.ask("POST", MAPS, a_map(a="1"))
    assert told.body["metadata"]["labels"] == {"l": "from-parameter"}
    assert "labels" not in (await api.ask("POST", MAPS, a_map("not-meant"))).body["metadata"]
    await api.ask("DELETE", "/api/v1/namespaces/kube-system/configmaps/limits")
    told = await api.ask("POST", MAPS, a_map("n"))
    assert (told.status, told.body["reason"]) == (403, "Invalid")
    assert told.message == (
        "policy 'p' with binding 'p-b' denied request: failed to configure binding: no params found for policy binding "
        "with `Deny` parameterNotFoundAction"
    )


@pytest.mark.parametrize(
    ("mutation", "text"),
    [
        (laid('Object{spec: Object.spec{selector: Object.spec.wrong{matchLabels: {"a": "b"}}}}'),
         'type mismatch: unexpected type name "Object.spec.wrong", expected "Object.spec.selector", which matches '
         "field name path from root Object type"),
        (laid('Object{spec: Object.spec{selector: Object.spec.selector{matchLabels: {"a": "c"}}}}'),
         "error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: "
         ".spec.selector"),
        (laid("Object{spec: Object.spec{nothing: 1}}"),
         "error applying patch: failed to convert patch object to typed object: .spec.nothing: field not declared in "
         "schema"),
        (laid("Object{spec: Object.spec{replicas: object.spec.missing}}"), "resulted in error: no such key: missing"),
        (patch('[JSONPatch{op: "remove", path: "/spec/nothing"}]'), "JSONPath: "),
    ],
)  # fmt: skip
async def test_a_mutation_that_fails_refuses_or_is_left_out(api: World, mutation: dict[str, Any], text: str) -> None:
    await bound(api, "p", mutation, rule=OF_DEPLOYMENTS)
    told = await api.ask("POST", DEPLOYMENTS, deployment())
    assert told.status == 403
    assert told.message.startswith("policy 'p' with binding 'p-b' denied request: ") and text in told.message
    merge = "application/merge-patch+json"
    path = f"{REGISTRATION}/mutatingadmissionpolicies/p"
    await api.ask("PATCH", path, {"spec": {"failurePolicy": "Ignore"}}, content_type=merge)
    assert (await api.ask("POST", DEPLOYMENTS, deployment())).status == 201


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"mutations": []}, "spec.mutations: Required value: mutations must contain at least one item"),
        ({"mutations": [{}]}, "spec.mutations[0].patchType: Required value"),
        ({"mutations": [{"patchType": "JSONPatch"}]},
         "spec.mutations[0].jsonPatch: Required value: must be specified when patchType is JSONPatch"),
        ({"mutations": [{**patch("[]"), "applyConfiguration": {"expression": "Object{}"}}]},
         'spec.mutations[0].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when '
         "patchType is JSONPatch"),
        ({"mutations": [laid("{}")]}, "must evaluate to Object but got map(dyn, dyn)"),
        ({"mutations": [patch("Object{}")]}, "must evaluate to list(JSONPatch) but got Object"),
        ({"mutations": [patch('[JSONPatch{opp: "add"}]')]}, "undefined field 'opp'"),
        ({"mutations": [patch("[JSONPatch{op: 1}]")]},
         "expected type of field 'op' is 'string' but provided type is 'int'"),
        ({"mutations": [laid("Other{}")]}, "undeclared reference to 'Other' (in container '')"),
        ({"mutations": [laid("Object{a: params}")]}, "undeclared reference to 'params' (in container '')"),
        ({"reinvocationPolicy": ""}, "spec.reinvocationPolicy: Required value"),
        ({"matchConstraints": {"resourceRules": [{**OF_MAPS, "operations": ["DELETE"]}]}},
         'spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", '
         '"CONNECT", "CREATE", "UPDATE"'),
    ],
)  # fmt: skip
async def test_policies_with_mistakes_are_refused(api: World, spec: dict[str, Any], text: str) -> None:
    good = {
        "matchConstraints": {"resourceRules": [OF_MAPS]},
        "mutations": [laid("Object{}")],
        "reinvocationPolicy": "Never",
    }
    told = await api.ask(
        "POST", f"{REGISTRATION}/mutatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": {**good, **spec}}
    )
    assert told.status == 422
    assert text in told.message
