"""Webhooks over a whole API server and a real HTTPS server: who is asked what, and what answers do."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from component.api_world import World, world
from component.memory_store import MemoryStore
from component.webhook_server import WebhookServer, patch, webhook_server

REGISTRATION = "/apis/admissionregistration.k8s.io/v1"
CORE = "/api/v1/namespaces/default"
MAPS = f"{CORE}/configmaps"
OF_MAPS = {"operations": ["*"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
MERGE = "application/merge-patch+json"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


@pytest.fixture
async def hook(tmp_path: Path) -> AsyncIterator[WebhookServer]:
    async with webhook_server(tmp_path) as started:
        yield started


def webhook(hook: WebhookServer, name: str = "a.example.com", **fields: Any) -> dict[str, Any]:
    return {
        "name": name,
        "clientConfig": hook.client_config("/check"),
        "rules": [OF_MAPS],
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    } | fields


async def registered(api: World, kind: str, *webhooks: dict[str, Any], name: str = "c") -> None:
    body = {"metadata": {"name": name}, "webhooks": list(webhooks)}
    told = await api.ask("POST", f"{REGISTRATION}/{kind}webhookconfigurations", body)
    assert told.status == 201, told.message


def a_map(name: str = "m", **metadata: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **metadata}, "data": {"a": "b"}}


async def test_what_is_left_out_is_filled_in(api: World, hook: WebhookServer) -> None:
    config = {"service": {"namespace": "default", "name": "hook"}}
    await registered(api, "mutating", webhook(hook, clientConfig=config))
    told = await api.ask("GET", f"{REGISTRATION}/mutatingwebhookconfigurations/c")
    found = told.body["webhooks"][0]
    assert {name: found[name] for name in ("failurePolicy", "matchPolicy", "timeoutSeconds", "reinvocationPolicy")} == {
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "timeoutSeconds": 10,
        "reinvocationPolicy": "Never",
    }
    assert (found["clientConfig"]["service"]["port"], found["rules"][0]["scope"]) == (443, "*")
    assert (found["namespaceSelector"], found["objectSelector"]) == ({}, {})


async def test_a_refusal_is_told_in_the_words_of_the_webhook(api: World, hook: WebhookServer) -> None:
    await registered(api, "validating", webhook(hook))
    hook.decide = lambda _: {
        "allowed": False,
        "status": {"message": "no maps today", "code": 403, "reason": "Forbidden"},
    }
    told = await api.ask("POST", MAPS, a_map())
    assert (told.status, told.message) == (403, 'admission webhook "a.example.com" denied the request: no maps today')
    hook.decide = lambda _: {"allowed": False}
    told = await api.ask("POST", MAPS, a_map())
    assert (told.status, told.message) == (
        400,
        'admission webhook "a.example.com" denied the request without explanation',
    )
    assert (await api.ask("GET", f"{MAPS}/m")).status == 404


async def test_a_webhook_sees_the_whole_request(api: World, hook: WebhookServer) -> None:
    await registered(api, "validating", webhook(hook))
    await api.ask("POST", f"{MAPS}?dryRun=All&fieldManager=me", a_map())
    await api.ask("POST", MAPS, a_map())
    await api.ask("PATCH", f"{MAPS}/m", b'{"data":{"a":"c"}}', content_type=MERGE)
    await api.ask("DELETE", f"{MAPS}/m")
    dry, created, changed, deleted = hook.seen
    assert hook.paths[0] == "/check?timeout=10s"
    assert (dry["dryRun"], created["dryRun"]) == (True, False)
    assert dry["options"] == {
        "kind": "CreateOptions",
        "apiVersion": "meta.k8s.io/v1",
        "fieldManager": "me",
        "dryRun": ["All"],
    }
    assert created["operation"] == "CREATE"
    assert created["kind"] == created["requestKind"] == {"group": "", "version": "v1", "kind": "ConfigMap"}
    assert created["resource"] == {"group": "", "version": "v1", "resource": "configmaps"}
    assert (created["name"], created["namespace"], created["oldObject"]) == ("m", "default", None)
    assert created["object"]["metadata"]["uid"]
    assert created["userInfo"]["username"] == "kubernetes-admin"
    assert "system:masters" in created["userInfo"]["groups"]
    assert (changed["operation"], changed["oldObject"]["data"], changed["object"]["data"]) == (
        "UPDATE",
        {"a": "b"},
        {"a": "c"},
    )
    assert (deleted["operation"], deleted["object"], deleted["oldObject"]["data"]) == ("DELETE", None, {"a": "c"})


async def test_a_webhook_changes_what_is_stored_and_warns(api: World, hook: WebhookServer) -> None:
    add = {"op": "add", "path": "/metadata/labels", "value": {"seen": "yes"}}
    hook.decide = lambda _: {**patch(add), "warnings": ["mind the gap"]}
    await registered(api, "mutating", webhook(hook))
    told = await api.ask("POST", MAPS, a_map())
    assert (told.status, told.body["metadata"]["labels"]) == (201, {"seen": "yes"})
    assert told.warnings == ['299 - "mind the gap"']


async def test_what_a_webhook_adds_is_completed_like_the_rest(api: World, hook: WebhookServer) -> None:
    sidecar = {"name": "sidecar", "image": "luksa/kubia"}
    hook.decide = lambda _: patch({"op": "add", "path": "/spec/containers/-", "value": sidecar})
    await registered(
        api, "mutating", webhook(hook, rules=[{**OF_MAPS, "resources": ["pods"], "operations": ["CREATE"]}])
    )
    body = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "luksa/kubia"}]}}
    told = await api.ask("POST", f"{CORE}/pods", body)
    first, second = told.body["spec"]["containers"]
    assert (first["terminationMessagePath"], second["terminationMessagePath"]) == ("/dev/termination-log",) * 2
    assert hook.seen[0]["object"]["spec"]["serviceAccountName"] == "default"


async def test_one_that_wishes_so_is_asked_again_after_a_later_change(api: World, hook: WebhookServer) -> None:
    def decide(request: dict[str, Any]) -> dict[str, Any]:
        count = int(request["object"]["data"].get("count", "0")) + 1
        return patch({"op": "add", "path": "/data/count", "value": str(count)})

    hook.decide = decide
    first = webhook(hook, reinvocationPolicy="IfNeeded")
    await registered(api, "mutating", first, webhook(hook, "b.example.com"))
    assert (await api.ask("POST", MAPS, a_map())).body["data"]["count"] == "3"


@pytest.mark.parametrize(
    ("policy", "status"),
    [("Fail", 500), ("Ignore", 201)],
)
async def test_a_failure_counts_as_the_policy_says(api: World, hook: WebhookServer, policy: str, status: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        config = {**hook.client_config(), "url": f"https://{where}/x"}
        await registered(api, "validating", webhook(hook, clientConfig=config, failurePolicy=policy))
        told = await api.ask("POST", MAPS, a_map())
    assert told.status == status
    if status == 500:
        assert told.message == (
            'Internal error occurred: failed calling webhook "a.example.com": failed to call webhook: '
            f'Post "https://{where}/x?timeout=10s": dial tcp {where}: connect: connection refused'
        )


async def test_one_that_never_answers_costs_its_time_and_no_more(api: World, hook: WebhookServer) -> None:
    hook.decide = lambda _: None
    await registered(api, "validating", webhook(hook, timeoutSeconds=1))
    told = await api.ask("POST", MAPS, a_map())
    assert (told.status, told.message.rpartition(": ")[2]) == (500, "context deadline exceeded")


async def test_a_certificate_of_somebody_else_is_not_trusted(api: World, hook: WebhookServer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    async with webhook_server(tmp_path / "other") as other:
        config = {**hook.client_config(), "caBundle": other.bundle}
        await registered(api, "validating", webhook(hook, clientConfig=config))
        told = await api.ask("POST", MAPS, a_map())
    assert told.message.endswith("tls: failed to verify certificate: x509: certificate signed by unknown authority")


async def test_an_answer_out_of_form_is_a_failure(api: World, hook: WebhookServer) -> None:
    await registered(api, "validating", webhook(hook))
    hook.decide = lambda _: {"uid": "other"}
    told = await api.ask("POST", MAPS, a_map())
    assert 'received invalid webhook response: expected response.uid="' in told.message
    hook.status = 404
    told = await api.ask("POST", MAPS, a_map())
    assert told.message.endswith("failed to call webhook: the server could not find the requested resource")


async def test_a_service_that_is_not_there_is_named(api: World, hook: WebhookServer) -> None:
    config = {"service": {"namespace": "default", "name": "hook", "path": "/v"}, "caBundle": hook.bundle}
    await registered(api, "validating", webhook(hook, clientConfig=config))
    told = await api.ask("POST", MAPS, a_map())
    assert told.message.endswith(
        'failed to call webhook: Post "https://hook.default.svc:443/v?timeout=10s": service "hook" not found'
    )
    service = {"metadata": {"name": "hook"}, "spec": {"ports": [{"port": 443}]}}
    assert (await api.ask("POST", f"{CORE}/services", service)).status == 201
    told = await api.ask("POST", MAPS, a_map())
    assert told.message.endswith('no endpoints available for service "hook"')


@pytest.mark.parametrize(
    ("fields", "is_asked"),
    [
        ({"rules": [{**OF_MAPS, "operations": ["UPDATE", "DELETE"]}]}, False),
        ({"rules": [{**OF_MAPS, "resources": ["*"]}]}, True),
        ({"rules": [{**OF_MAPS, "resources": ["*/*"]}]}, True),
        ({"rules": [{**OF_MAPS, "resources": ["*/status"]}]}, False),
        ({"rules": [{**OF_MAPS, "scope": "Cluster"}]}, False),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}}}, True),
        ({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "other"}}}, False),
        ({"objectSelector": {"matchLabels": {"a": "b"}}}, False),
        ({"objectSelector": {"matchLabels": {"app": "x"}}}, True),
        ({"matchConditions": [{"name": "c", "expression": "object.metadata.name == 'm'"}]}, True),
        ({"matchConditions": [{"name": "c", "expression": "request.userInfo.username == 'x'"}]}, False),
        (
            {"matchConditions": [{"name": "c", "expression": "authorizer.requestResource.check('create').allowed()"}]},
            True,
        ),
    ],
)
async def test_only_those_that_mean_a_request_are_asked(
    api: World, hook: WebhookServer, fields: dict[str, Any], is_asked: bool
) -> None:
    hook.decide = lambda _: {"allowed": False}
    await registered(api, "validating", webhook(hook, **fields))
    told = await api.ask("POST", MAPS, a_map(labels={"app": "x"}))
    assert told.status == (400 if is_asked else 201), told.body


async def test_a_condition_that_fails_refuses(api: World, hook: WebhookServer) -> None:
    await registered(api, "validating", webhook(hook, matchConditions=[{"name": "c", "expression": "object.x == 1"}]))
    told = await api.ask("POST", MAPS, a_map())
    assert (told.status, told.message) == (
        403,
        "configmaps \"m\" is forbidden: expression 'object.x == 1' resulted in error: no such key: x",
    )


async def test_nobody_stands_in_the_way_of_taking_webhooks_back(api: World, hook: WebhookServer) -> None:
    everything = {"operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
    hook.decide = lambda _: {"allowed": False}
    await registered(api, "validating", webhook(hook, rules=[everything]))
    assert (await api.ask("DELETE", f"{REGISTRATION}/validatingwebhookconfigurations/c")).status == 200
    assert (await api.ask("POST", MAPS, a_map())).status == 201


async def test_a_webhook_that_fails_does_not_keep_the_server_down(hook: WebhookServer) -> None:
    store = MemoryStore()
    everything = {"operations": ["CREATE"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"]}
    role = "/apis/rbac.authorization.k8s.io/v1/clusterroles/view"
    hook.decide = lambda _: {"allowed": False}
    async with world(store=store) as api:
        await registered(api, "validating", webhook(hook, rules=[everything]))
        assert (await api.ask("DELETE", role)).status == 200
    async with world(store=store) as api:
        assert (await api.ask("GET", role)).status == 200
        assert (await api.ask("POST", MAPS, a_map())).status == 400


async def test_an_eviction_is_asked_about_once_and_not_the_delete_behind_it(api: World, hook: WebhookServer) -> None:
    rule = {**OF_MAPS, "resources": ["pods", "pods/eviction", "pods/binding"], "operations": ["CREATE", "DELETE"]}
    await registered(api, "validating", webhook(hook, rules=[rule]))
    body = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "luksa/kubia"}]}}
    await api.ask("POST", f"{CORE}/pods", body)
    await api.ask("POST", f"{CORE}/pods/p/binding", {"metadata": {"name": "p"}, "target": {"name": "n"}})
    evicted = await api.ask("POST", f"{CORE}/pods/p/eviction", {"metadata": {"name": "p"}})
    assert evicted.status == 201
    assert [(one["operation"], one.get("subResource"), one["kind"]["kind"]) for one in hook.seen] == [
        ("CREATE", None, "Pod"),
        ("CREATE", "binding", "Binding"),
        ("CREATE", "eviction", "Eviction"),
    ]


async def test_a_connection_is_asked_about_too(api: World, hook: WebhookServer) -> None:
    rule = {**OF_MAPS, "operations": ["CONNECT"], "resources": ["pods/exec"]}
    hook.decide = lambda _: {"allowed": False, "status": {"message": "no shells"}}
    await registered(api, "validating", webhook(hook, rules=[rule]))
    body = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "luksa/kubia"}]}}
    await api.ask("POST", f"{CORE}/pods", body)
    told = await api.ask("POST", f"{CORE}/pods/p/exec?command=sh&command=-c&stdin=true&container=c")
    assert told.message == 'admission webhook "a.example.com" denied the request: no shells'
    assert hook.seen[0]["object"] == {
        "kind": "PodExecOptions",
        "apiVersion": "v1",
        "command": ["sh", "-c"],
        "stdin": True,
        "container": "c",
    }
    assert (hook.seen[0]["operation"], hook.seen[0]["subResource"], hook.seen[0]["name"]) == ("CONNECT", "exec", "p")


async def test_a_scale_is_asked_about_as_a_scale_and_not_as_what_is_scaled(api: World, hook: WebhookServer) -> None:
    rule = {"operations": ["*"], "apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["replicasets"]}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "luksa/kubia"}]}}
    body = {"metadata": {"name": "r"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    sets = "/apis/apps/v1/namespaces/default/replicasets"
    assert (await api.ask("POST", sets, body)).status == 201
    whole, scale = (
        webhook(hook, rules=[rule]),
        webhook(hook, "b.example.com", rules=[{**rule, "resources": ["replicasets/scale"]}]),
    )
    hook.decide = lambda _: patch({"op": "replace", "path": "/spec/replicas", "value": 2})
    await registered(api, "mutating", whole, scale)
    patched = await api.ask("PATCH", f"{sets}/r/scale", b'{"spec":{"replicas":5}}', content_type=MERGE)
    assert patched.body["spec"]["replicas"] == 2
    (asked,) = hook.seen
    assert asked["kind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
    assert (asked["subResource"], asked["object"]["spec"]["replicas"], asked["oldObject"]["spec"]["replicas"]) == (
        "scale",
        5,
        1,
    )


CAUSES = ("webhook", "json: cannot unmarshal", "operation does not apply")
"""What a failure may name: who was asked, or what is wrong with the patch."""


@pytest.mark.parametrize(
    "answer",
    [
        patch({"op": "replace", "path": "/spec", "value": "x"}),
        patch({"op": "replace", "path": "/spec/containers", "value": {}}),
        patch({"op": "remove", "path": "/metadata"}),
        patch({"op": "replace", "path": "", "value": []}),
        patch({"op": "add", "path": "/a/b/c", "value": 1}),
        {"patchType": "JSONPatch", "patch": "!!"},
        {"patchType": "JSONPatch", "patch": 5},
        {"patch": "W10="},
        {"allowed": "yes"},
        {"allowed": False, "status": "no"},
        {"auditAnnotations": ["a"]},
        {"warnings": "loud"},
        {"warnings": {"a": 1}},
    ],
)
async def test_no_answer_of_a_webhook_is_our_fault(api: World, hook: WebhookServer, answer: dict[str, Any]) -> None:
    rule = {**OF_MAPS, "resources": ["pods"], "operations": ["CREATE"]}
    await registered(api, "mutating", webhook(hook, rules=[rule]))
    hook.decide = lambda _: answer
    body = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "luksa/kubia"}]}}
    told = await api.ask("POST", f"{CORE}/pods", body)
    assert told.status in (201, 400, 422) or any(cause in told.message for cause in CAUSES), told.body
    assert "Error: " not in str(told.body.get("message"))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"name": "short"},
            'name: Invalid value: "short": should be a domain with at least three segments separated by dots',
        ),
        ({"sideEffects": "Some"}, 'sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"'),
        ({"sideEffects": None}, "sideEffects: Required value: must specify one of None, NoneOnDryRun"),
        (
            {"timeoutSeconds": 31},
            "timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
        ),
        ({"clientConfig": {}}, "clientConfig: Required value: exactly one of url or service is required"),
        (
            {"clientConfig": {"url": "http://a/b"}},
            "clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: "
            "https://host[/path]",
        ),
        (
            {"clientConfig": {"url": "https://a:99999999/b"}},
            "clientConfig.url: Required value: url must be a valid URL: ",
        ),
        ({"admissionReviewVersions": []}, "admissionReviewVersions: Required value: must specify one of v1, v1beta1"),
        (
            {"rules": [{**OF_MAPS, "operations": ["READ"]}]},
            'rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", '
            '"UPDATE"',
        ),
        (
            {"matchConditions": [{"name": "c", "expression": "other"}]},
            'matchConditions[0].expression: Invalid value: "other": compilation failed: ERROR: <input>:1:1: undeclared '
            "reference to 'other' (in container '')",
        ),
    ],
)
async def test_webhooks_that_cannot_be_called_are_refused(
    api: World, hook: WebhookServer, fields: dict[str, Any], text: str
) -> None:
    body = {"metadata": {"name": "c"}, "webhooks": [webhook(hook, **fields)]}
    told = await api.ask("POST", f"{REGISTRATION}/validatingwebhookconfigurations", body)
    assert told.status == 422
    assert f"webhooks[0].{text}" in told.message


async def test_a_connection_serves_many_calls_and_one_that_was_closed_is_made_anew(
    api: World, hook: WebhookServer
) -> None:
    hook.keeps_open = True
    await registered(api, "validating", webhook(hook))
    for name in ("one", "two", "three"):
        assert (await api.ask("POST", MAPS, a_map(name))).status == 201
    assert (len(hook.seen), hook.connections) == (3, 1)
    hook.close()
    assert (await api.ask("POST", MAPS, a_map("four"))).status == 201
    assert (len(hook.seen), hook.connections) == (4, 2)


@pytest.mark.parametrize(
    ("kind", "version", "answer", "text"),
    [
        ("validating", "v1", {"patch": "W10="}, "validating webhook may not return response.patch"),
        ("validating", "v1", {"patchType": "JSONPatch"}, "validating webhook may not return response.patchType"),
        ("validating", "v1beta1", {"patch": "W10=", "uid": "other"}, ""),
        ("mutating", "v1", {"patch": "W10="}, "webhook returned response.patch but not response.patchType"),
        ("mutating", "v1", {"patchType": "JSONPatch"}, "webhook returned response.patchType but not response.patch"),
        ("mutating", "v1", {"patch": "W10=", "patchType": "Other"}, 'unsupported patch type "Other"'),
        ("mutating", "v1beta1", {"patch": "W10="}, ""),
        ("mutating", "v1", {"uid": "other"}, 'expected response.uid="'),
    ],
)
async def test_what_an_answer_may_hold_depends_on_its_version(
    api: World, hook: WebhookServer, kind: str, version: str, answer: dict[str, Any], text: str
) -> None:
    await registered(api, kind, webhook(hook, admissionReviewVersions=[version]))
    hook.decide = lambda _: answer
    told = await api.ask("POST", MAPS, a_map())
    assert told.status == (500 if text else 201)
    assert text in (told.message if text else "")


async def test_reviews_are_asked_about_by_webhooks_and_by_no_policy(api: World, hook: WebhookServer) -> None:
    rule = {"operations": ["CREATE"], "apiGroups": ["authorization.k8s.io"], "apiVersions": ["v1"],
            "resources": ["subjectaccessreviews"]}  # fmt: skip
    policy = {"matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "false"}]}
    about = {"metadata": {"name": "p"}}
    binding = {"policyName": "p", "validationActions": ["Deny"]}
    for name, spec in (("policies", policy), ("policybindings", binding)):
        told = await api.ask("POST", f"{REGISTRATION}/validatingadmission{name}", {**about, "spec": spec})
        assert told.status == 201
    await registered(api, "validating", webhook(hook, rules=[rule]))
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    review = {"spec": {"user": "somebody", "resourceAttributes": {"verb": "get", "resource": "pods"}}}
    assert (await api.ask("POST", path, review)).status == 201
    assert hook.seen[0]["kind"]["kind"] == "SubjectAccessReview"
    hook.decide = lambda _: {"allowed": False}
    assert (await api.ask("POST", path, review)).message == (
        'admission webhook "a.example.com" denied the request without explanation'
    )


async def test_a_deletion_cannot_be_patched(api: World, hook: WebhookServer) -> None:
    await api.ask("POST", MAPS, a_map())
    await registered(api, "mutating", webhook(hook))
    hook.decide = lambda _: patch({"op": "add", "path": "/data/x", "value": "y"})
    told = await api.ask("DELETE", f"{MAPS}/m")
    assert told.message == (
        'Internal error occurred: admission webhook "a.example.com" attempted to modify the object, which is not '
        "supported for this operation"
    )


async def test_what_webhooks_cost_and_refuse_is_counted(api: World, hook: WebhookServer) -> None:
    nobody = {**hook.client_config(), "url": "https://127.0.0.1:1/x"}
    await registered(api, "validating", webhook(hook))
    await registered(api, "mutating", webhook(hook, "lost.example.com", clientConfig=nobody, failurePolicy="Ignore"))
    assert (await api.ask("POST", MAPS, a_map())).status == 201
    hook.decide = lambda _: {"allowed": False, "status": {"message": "no", "code": 403}}
    assert (await api.ask("POST", MAPS, a_map("n"))).status == 403
    lines = (await api.answer("GET", "/metrics")).body.decode().splitlines()
    name = "apiserver_admission_webhook"
    of = 'name="a.example.com",operation="CREATE"'
    lost = 'name="lost.example.com",operation="CREATE",rejected="false",type="admit"'
    for expected in (
        f'{name}_request_total{{code="200",{of},rejected="false",type="validating"}} 1',
        f'{name}_request_total{{code="403",{of},rejected="true",type="validating"}} 1',
        f'{name}_request_total{{code="400",{lost}}} 2',
        f'{name}_rejection_count{{error_type="no_error",{of},rejection_code="403",type="validating"}} 1',
        f'{name}_fail_open_count{{name="lost.example.com",type="admit"}} 2',
        f'{name}_admission_duration_seconds_count{{{of},rejected="true",type="validating"}} 1',
    ):
        assert expected in lines, expected


UNFIT = [
    ({"op": "replace", "path": "/no/x", "value": 1},
     "replace operation does not apply: doc is missing path: /no/x: missing value"),
    ({"op": "test", "path": "/data/a", "value": "z"}, "testing value /data/a failed: test failed"),
    ({"op": "turn", "path": "/data"}, "Unexpected kind: turn"),
    ({"op": "remove", "path": "/data/z"},
     "error in remove for path: '/data/z': Unable to remove nonexistent key: z: missing value"),
    ({"op": "replace", "path": "/data", "value": 5},
     "json: cannot unmarshal number into Go struct field ConfigMap.data of type map[string]string"),
]  # fmt: skip


@pytest.mark.parametrize(("operation", "text"), UNFIT)
async def test_a_patch_that_does_not_fit_is_told_whatever_the_policy(
    api: World, hook: WebhookServer, operation: dict[str, Any], text: str
) -> None:
    await registered(api, "mutating", webhook(hook, failurePolicy="Ignore"))
    hook.decide = lambda _: patch(operation)
    told = await api.ask("POST", MAPS, {**a_map(), "data": {"a": "b"}})
    assert (told.status, told.message) == (500, f"Internal error occurred: {text}")


async def test_a_webhook_cannot_move_an_object_to_another_namespace(api: World, hook: WebhookServer) -> None:
    await registered(api, "mutating", webhook(hook))
    hook.decide = lambda _: patch({"op": "replace", "path": "/metadata/namespace", "value": "kube-system"})
    told = await api.ask("POST", MAPS, a_map())
    assert told.status == 400
    assert told.message == "the namespace of the provided object does not match the namespace sent on the request"


async def test_a_webhook_sees_how_something_is_deleted(api: World, hook: WebhookServer) -> None:
    await api.ask("POST", MAPS, a_map())
    await registered(api, "validating", webhook(hook, rules=[{**OF_MAPS, "operations": ["DELETE"]}]))
    seen: list[Any] = []
    hook.decide = lambda request: seen.append(request) or {}
    options = {"propagationPolicy": "Orphan", "dryRun": ["All"], "gracePeriodSeconds": 3}
    assert (await api.ask("DELETE", f"{MAPS}/m", options)).status == 200
    assert seen[0]["dryRun"] is True
    assert seen[0]["options"] == {"kind": "DeleteOptions", "apiVersion": "meta.k8s.io/v1", **options}


async def test_warnings_that_no_header_can_carry_are_left_out(api: World, hook: WebhookServer) -> None:
    await registered(api, "validating", webhook(hook))
    hook.decide = lambda _: {"warnings": ["one", "t\nwo", "", 'thr"ee']}
    assert (await api.ask("POST", MAPS, a_map())).warnings == ['299 - "one"', '299 - "thr\\"ee"']


async def test_what_a_webhook_breaks_of_metadata_is_mended_with_a_warning(api: World, hook: WebhookServer) -> None:
    await registered(api, "mutating", webhook(hook))
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "7"}
    doubled = {"op": "add", "path": "/metadata/ownerReferences", "value": [owner, owner]}
    broken = {"op": "replace", "path": "/metadata/managedFields/0/operation", "value": "Sing"}
    hook.decide = lambda _: patch(doubled, broken)
    told = await api.ask("POST", f"{MAPS}?fieldManager=me", a_map())
    assert told.status == 201, told.message
    metadata = told.body["metadata"]
    assert metadata["ownerReferences"] == [owner]
    assert [(one["manager"], one["operation"]) for one in metadata["managedFields"]] == [("me", "Update")]
    assert [line.partition(";")[0].removeprefix('299 - "') for line in told.warnings] == [
        ".metadata.managedFields was in an invalid state after admission",
        ".metadata.ownerReferences contains duplicate entries after mutating admission happens",
    ]


async def test_a_patch_that_doubles_an_owner_is_told_so(api: World) -> None:
    await api.ask("POST", MAPS, a_map())
    owner = {"apiVersion": "v1", "kind": "ConfigMap", "name": "o", "uid": "7"}
    told = await api.ask("PATCH", f"{MAPS}/m", {"metadata": {"ownerReferences": [owner, owner]}}, content_type=MERGE)
    assert told.body["metadata"]["ownerReferences"] == [owner] and "observed: 7" in told.warnings[0]
