"""ValidatingAdmissionPolicies over a whole API server: what they refuse, warn of, and with which parameters."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from component.api_world import World, world
from fairway.transport.interface import Peer

REGISTRATION = "/apis/admissionregistration.k8s.io/v1"
CORE = "/api/v1/namespaces/default"
MAPS = f"{CORE}/configmaps"
OF_MAPS = {"operations": ["CREATE", "UPDATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
DENIED = "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: "


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


async def bound(api: World, *validations: dict[str, Any], binding: dict[str, Any] | None = None, **spec: Any) -> None:
    policy = {"matchConstraints": {"resourceRules": [OF_MAPS]}, "validations": list(validations), **spec}
    told = await api.ask(
        "POST", f"{REGISTRATION}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": policy}
    )
    assert told.status == 201, told.message
    body = {"metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": ["Deny"], **(binding or {})}}
    told = await api.ask("POST", f"{REGISTRATION}/validatingadmissionpolicybindings", body)
    assert told.status == 201, told.message


def a_map(name: str = "m", **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name}, "data": data}


@pytest.mark.parametrize(
    ("validation", "code", "reason", "text"),
    [
        ({"expression": "size(object.data) < 1"}, 422, "Invalid", "failed expression: size(object.data) < 1"),
        ({"expression": "false", "message": "not today"}, 422, "Invalid", "not today"),
        ({"expression": "false", "reason": "Forbidden"}, 403, "Forbidden", "failed expression: false"),
        (
            {"expression": "false", "messageExpression": "'no ' + object.metadata.name", "message": "no"},
            422,
            "Invalid",
            "no m",
        ),
        ({"expression": "false", "messageExpression": "string(object.x)", "message": "fixed"}, 422, "Invalid", "fixed"),
        ({"expression": "false", "messageExpression": "'n' + string(object.data.a)"}, 422, "Invalid", "nb"),
        (
            {"expression": "object.x == 1"},
            422,
            "Invalid",
            "expression 'object.x == 1' resulted in error: no such key: x",
        ),
    ],
)
async def test_a_validation_that_does_not_hold_refuses(
    api: World, validation: dict[str, Any], code: int, reason: str, text: str
) -> None:
    await bound(api, validation)
    told = await api.ask("POST", MAPS, a_map(a="b"))
    assert (told.status, told.body["reason"]) == (code, reason)
    assert told.message == f'configmaps "m" is forbidden: {DENIED}{text}'
    assert told.body["details"]["causes"] == [{"message": f"{DENIED}{text}"}]


async def test_variables_params_and_the_namespace_are_at_hand(api: World) -> None:
    limits = {"metadata": {"name": "limits"}, "data": {"most": "2"}}
    assert (await api.ask("POST", "/api/v1/namespaces/kube-system/configmaps", limits)).status == 201
    await bound(
        api,
        {"expression": "variables.count <= int(params.data.most)", "messageExpression": "string(variables.count)"},
        {"expression": "namespaceObject.metadata.name == 'default' && request.operation == 'CREATE'"},
        variables=[{"name": "count", "expression": "size(object.data)"}],
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        binding={"paramRef": {"name": "limits", "namespace": "kube-system", "parameterNotFoundAction": "Deny"}},
    )
    assert (await api.ask("POST", MAPS, a_map("a", a="", b=""))).status == 201
    assert (await api.ask("POST", MAPS, a_map("b", a="", b="", c=""))).message.endswith(f"{DENIED}3")
    await api.ask("DELETE", "/api/v1/namespaces/kube-system/configmaps/limits")
    assert (await api.ask("POST", MAPS, a_map("c"))).message.endswith(
        "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
    )


async def test_a_binding_may_warn_instead(api: World) -> None:
    await bound(api, {"expression": "false", "message": "hm"}, binding={"validationActions": ["Warn", "Audit"]})
    told = await api.ask("POST", MAPS, a_map())
    assert told.status == 201
    assert told.warnings == ["299 - \"Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': hm\""]


@pytest.mark.parametrize(
    ("spec", "binding", "status"),
    [
        ({"failurePolicy": "Ignore"}, {}, 201),
        ({"matchConditions": [{"name": "c", "expression": "object.metadata.name != 'm'"}]}, {}, 201),
        ({"matchConditions": [{"name": "c", "expression": "has(object.data)"}]}, {}, 422),
        ({"matchConstraints": {"resourceRules": [{**OF_MAPS, "resourceNames": ["n"]}]}}, {}, 201),
        (
            {
                "matchConstraints": {
                    "resourceRules": [OF_MAPS],
                    "excludeResourceRules": [{**OF_MAPS, "resources": ["*"]}],
                }
            },
            {},
            201,
        ),
        ({}, {"matchResources": {"namespaceSelector": {"matchLabels": {"a": "b"}}}}, 201),
        ({}, {"policyName": "other"}, 201),
    ],
)
async def test_a_policy_is_about_what_it_says(
    api: World, spec: dict[str, Any], binding: dict[str, Any], status: int
) -> None:
    await bound(api, {"expression": "object.x == true"}, binding=binding, **spec)
    assert (await api.ask("POST", MAPS, a_map(a="b"))).status == status


async def test_a_policy_without_a_binding_judges_nothing_and_has_a_status(api: World) -> None:
    spec = {"matchConstraints": {"resourceRules": [OF_MAPS]}, "validations": [{"expression": "false"}]}
    told = await api.ask(
        "POST", f"{REGISTRATION}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": spec}
    )
    assert told.body["status"] == {}
    assert (told.body["spec"]["failurePolicy"], told.body["spec"]["matchConstraints"]["matchPolicy"]) == (
        "Fail",
        "Equivalent",
    )
    assert (await api.ask("POST", MAPS, a_map())).status == 201
    policy = f"{REGISTRATION}/validatingadmissionpolicies/p"
    condition = {"type": "Seen", "status": "True", "reason": "R", "message": "m"}
    condition["lastTransitionTime"] = "2026-01-01T00:00:00Z"
    merge = "application/merge-patch+json"
    told = await api.ask("PATCH", f"{policy}/status", {"status": {"conditions": [condition]}}, content_type=merge)
    assert told.body["status"]["conditions"] == [condition]
    told = await api.ask("PATCH", policy, {"spec": {"failurePolicy": "Ignore"}}, content_type=merge)
    assert told.body["status"] == {"conditions": [condition]}
    assert told.body["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        (
            {"validations": []},
            "spec.validations: Required value: validations or auditAnnotations must contain at least one item",
        ),
        ({"matchConstraints": None}, "spec.matchConstraints: Required value"),
        ({"matchConstraints": {}}, "spec.matchConstraints.resourceRules: Required value"),
        (
            {"validations": [{"expression": "1 + 'a'"}]},
            "spec.validations[0].expression: Invalid value: \"1 + 'a'\": compilation failed: ERROR: <input>:1:3: found "
            "no matching overload for '_+_' applied to '(int, string)'",
        ),
        (
            {"validations": [{"expression": "'a'"}]},
            "spec.validations[0].expression: Invalid value: \"'a'\": must evaluate to bool",
        ),
        (
            {"validations": [{"expression": "true", "reason": "Gone"}]},
            'spec.validations[0].reason: Unsupported value: "Gone": supported values: "Forbidden", "Invalid", '
            '"RequestEntityTooLarge", "Unauthorized"',
        ),
        (
            {"variables": [{"name": "a b", "expression": "1"}]},
            'spec.variables[0].name: Invalid value: "a b": must be a valid CEL identifier',
        ),
    ],
)
async def test_policies_with_mistakes_are_refused(api: World, spec: dict[str, Any], text: str) -> None:
    whole = {"matchConstraints": {"resourceRules": [OF_MAPS]}, "validations": [{"expression": "true"}], **spec}
    told = await api.ask(
        "POST", f"{REGISTRATION}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": whole}
    )
    assert told.status == 422
    assert text in told.message


async def test_deny_and_warn_exclude_each_other(api: World) -> None:
    body = {"metadata": {"name": "b"}, "spec": {"policyName": "p", "validationActions": ["Deny", "Warn"]}}
    told = await api.ask("POST", f"{REGISTRATION}/validatingadmissionpolicybindings", body)
    assert (told.status, "must not contain both Deny and Warn" in told.message) == (422, True)


async def test_who_asks_may_be_asked_about(api: World) -> None:
    check = (
        "authorizer.group('').resource('configmaps').namespace('default').name(request.name).check('escape').allowed()"
    )
    await bound(
        api,
        {"expression": check, "message": "by group"},
        {"expression": "authorizer.requestResource.check('get').allowed()"},
    )
    assert (await api.ask("POST", MAPS, a_map("one"))).status == 201, "admins may do all"
    rules = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "get"]}]
    roles = "/apis/rbac.authorization.k8s.io/v1"
    await api.ask("POST", f"{roles}/clusterroles", {"metadata": {"name": "makers"}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "makers"}
    subjects = [{"kind": "User", "name": "jane"}]
    await api.ask(
        "POST", f"{roles}/clusterrolebindings", {"metadata": {"name": "m"}, "roleRef": reference, "subjects": subjects}
    )
    told = await api.ask("POST", MAPS, a_map("two"), peer=Peer("127.0.0.1", "jane"))
    assert (told.status, told.message.endswith(f"{DENIED}by group")) == (422, True)


async def test_every_parameter_that_is_selected_judges(api: World) -> None:
    system = "/api/v1/namespaces/kube-system/configmaps"
    for name, most in (("a", "9"), ("b", "1"), ("c", "0")):
        labels = {"judges": "no" if name == "c" else "yes"}
        await api.ask("POST", system, {"metadata": {"name": name, "labels": labels}, "data": {"most": most}})
    selector = {"matchLabels": {"judges": "yes"}}
    await bound(
        api,
        {"expression": "size(object.data) <= int(params.data.most)", "messageExpression": "'over ' + params.data.most"},
        paramKind={"apiVersion": "v1", "kind": "ConfigMap"},
        binding={"paramRef": {"selector": selector, "namespace": "kube-system", "parameterNotFoundAction": "Allow"}},
    )
    assert (await api.ask("POST", MAPS, a_map("m", x=""))).status == 201
    assert (await api.ask("POST", MAPS, a_map("n", x="", y=""))).message.endswith(f"{DENIED}over 1")


@pytest.mark.parametrize(
    ("kind", "reference", "text"),
    [
        ({"apiVersion": "a.b/v1", "kind": "Nothing"}, {"name": "x"},
         "ValidatingAdmissionPolicy 'p' denied request: failed to configure policy: failed to find resource referenced "
         "by paramKind: 'a.b/v1, Kind=Nothing'"),
        ({"apiVersion": "v1", "kind": "Namespace"}, {"name": "default", "namespace": "default"},
         "failed to configure binding: paramRef.namespace must not be provided for a cluster-scoped `paramKind`"),
    ],
)  # fmt: skip
async def test_what_is_configured_wrongly_refuses_whatever_is_to_be_done(
    api: World, kind: dict[str, str], reference: dict[str, str], text: str
) -> None:
    binding = {"paramRef": {**reference, "parameterNotFoundAction": "Allow"}, "validationActions": ["Warn"]}
    await bound(api, {"expression": "true"}, paramKind=kind, binding=binding)
    told = await api.ask("POST", MAPS, a_map())
    assert (told.status, told.message.endswith(text)) == (422, True)


async def test_variables_are_worked_out_when_they_are_needed(api: World) -> None:
    variables = [
        {"name": "bad", "expression": "object.data.missing"}, {"name": "good", "expression": "object.data.a + '!'"},
        {"name": "both", "expression": "variables.good + variables.good"},
    ]  # fmt: skip
    await bound(
        api, {"expression": "variables.both == 'x!x!' || variables.bad == ''"}, {"expression": "variables.good != ''"},
        variables=variables,
    )  # fmt: skip
    assert (await api.ask("POST", MAPS, a_map("one", a="x"))).status == 201
    told = await api.ask("POST", MAPS, a_map("two", a="y"))
    assert told.message.endswith('resulted in error: composited variable "bad" fails to evaluate: no such key: missing')


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"validations": [{"expression": "params.x == 1"}]}, "undeclared reference to 'params' (in container '')"),
        ({"validations": [{"expression": "variables.x == 1"}]}, "undeclared reference to 'variables'"),
        ({"validations": [{"expression": "variables.b == 1"}], "variables": [{"name": "a", "expression": "1"}]},
         "undefined field 'b'"),
        ({"validations": [{"expression": "variables.a == 'x'"}], "variables": [{"name": "a", "expression": "1"}]},
         "applied to '(int, string)'"),
        ({"validations": [{"expression": "request.nothing == ''"}]}, "undefined field 'nothing'"),
        ({"validations": [{"expression": "request.userInfo.groups == 'a'"}]}, "applied to '(list(string), string)'"),
        ({"validations": [{"expression": "namespaceObject.metadata.uid == ''"}]}, "undefined field 'uid'"),
        ({"validations": [{"expression": "true", "messageExpression": "authorizer.path('/').check('get').reason()"}]},
         "undeclared reference to 'authorizer'"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "1"}]},
         "must evaluate to one of [string null_type] but got int"),
        ({"auditAnnotations": [{"key": "a", "valueExpression": "'1'"}] * 2},
         'spec.auditAnnotations[1].key: Duplicate value: "a"'),
        ({"validations": [{"expression": "true", "message": " "}]}, "must be non-empty if specified"),
        ({"validations": [{"expression": "object.x"}]}, "must evaluate to bool but got dyn"),
        ({"paramKind": {"apiVersion": "a/b/c", "kind": "A_"}}, "unexpected GroupVersion string: a/b/c"),
        ({"matchConditions": [{"name": "a b", "expression": "1"}]}, "must evaluate to bool but got int"),
    ],
)  # fmt: skip
async def test_expressions_are_checked_by_the_types_that_are_known(api: World, spec: dict[str, Any], text: str) -> None:
    whole = {"matchConstraints": {"resourceRules": [OF_MAPS]}, "validations": [{"expression": "true"}], **spec}
    told = await api.ask(
        "POST", f"{REGISTRATION}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": whole}
    )
    assert (told.status, text in told.message) == (422, True), told.message


async def test_what_policies_find_is_counted(api: World) -> None:
    warns = {"binding": {"validationActions": ["Warn", "Audit"]}}
    await bound(api, {"expression": "size(object.data) < 2"}, {"expression": "object.data.a == 'x'"}, **warns)
    await api.ask("POST", MAPS, a_map("one", a="x"))
    await api.ask("POST", MAPS, a_map("two", a="x", b="y"))
    await api.ask("POST", MAPS, a_map("three", b="y"))
    text = (await api.answer("GET", "/metrics")).body.decode()
    name = "apiserver_validating_admission_policy_check_total"
    counted = [line.removeprefix(name) for line in text.splitlines() if line.startswith(f"{name}{{")]
    of = 'policy="p",policy_binding="b"'
    assert counted == [
        f'{{enforcement_action="warn",error_type="no_error",{of}}} 1',
        f'{{enforcement_action="audit",error_type="no_error",{of}}} 1',
        f'{{enforcement_action="warn",error_type="invalid_error",{of}}} 1',
        f'{{enforcement_action="audit",error_type="invalid_error",{of}}} 1',
    ]


async def test_match_conditions_are_counted_by_what_came_of_them(api: World) -> None:
    condition = {"name": "c", "expression": "object.data.a == 'x'"}
    await bound(api, {"expression": "true"}, matchConditions=[condition], failurePolicy="Ignore")
    for data in ({"a": "x"}, {"a": "y"}, {"b": "y"}):
        assert (
            await api.ask("POST", MAPS, a_map(f"m-{'-'.join(data.values())}-{'-'.join(data)}", **data))
        ).status == 201
    lines = (await api.answer("GET", "/metrics")).body.decode().splitlines()
    name, of = "apiserver_admission_match_condition", '{kind="policy",name="p",operation="CREATE",type="validate"}'
    assert f"{name}_evaluation_seconds_count{of} 3" in lines
    assert f"{name}_exclusions_total{of} 1" in lines
    assert f"{name}_evaluation_errors_total{of} 1" in lines
