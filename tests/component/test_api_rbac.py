"""RBAC over a whole API server: roles, bindings, escalation, reviews, impersonation."""

import random
from collections.abc import AsyncIterator
from itertools import product
from typing import Any

import orjson
import pytest

from component.api_world import ADMIN, Told, World, world
from fairway.apiserver.authorization import Authorizer
from fairway.apiserver.call import User
from fairway.transport.interface import Peer

RBAC = "/apis/rbac.authorization.k8s.io/v1"
JANE = Peer("127.0.0.1", "jane", ("devs",))
PODS = "/api/v1/namespaces/default/pods"


@pytest.fixture
async def api() -> AsyncIterator[World]:
    async with world() as started:
        yield started


async def made(api: World, path: str, body: Any, peer: Peer = ADMIN) -> Told:
    return await api.ask("POST", f"{RBAC}/{path}", orjson.dumps(body), peer=peer)


def role(name: str, *rules: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "rules": list(rules)}


def rule(resources: str, verbs: str, group: str = "") -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources.split(), "verbs": verbs.split()}


def binding(name: str, to: str, *subjects: tuple[str, str]) -> dict[str, Any]:
    kind, _, role_name = to.partition("/")
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": role_name}
    who = [{"kind": kind, "name": name} for kind, name in subjects]
    return {"metadata": {"name": name}, "roleRef": reference, "subjects": who}


async def test_a_binding_gives_what_its_role_says_in_its_namespace_only(api: World) -> None:
    assert (await api.ask("GET", PODS, peer=JANE)).status == 403
    await made(api, "namespaces/default/roles", role("reader", rule("pods", "get list")))
    told = await made(api, "namespaces/default/rolebindings", binding("jane", "Role/reader", ("User", "jane")))
    assert told.body["subjects"] == [{"kind": "User", "name": "jane", "apiGroup": "rbac.authorization.k8s.io"}]
    assert (await api.ask("GET", PODS, peer=JANE)).status == 200
    told = await api.ask("GET", "/api/v1/namespaces/kube-system/pods", peer=JANE)
    assert told.message == (
        'pods is forbidden: User "jane" cannot list resource "pods" in API group "" in the namespace "kube-system"'
    )
    await api.ask("DELETE", f"{RBAC}/namespaces/default/rolebindings/jane")
    assert (await api.ask("GET", PODS, peer=JANE)).status == 403


async def test_groups_and_the_roles_for_users_work(api: World) -> None:
    await made(api, "clusterrolebindings", binding("devs", "ClusterRole/view", ("Group", "devs")))
    assert (await api.ask("GET", "/api/v1/pods", peer=JANE)).status == 200
    assert (await api.ask("GET", "/api/v1/namespaces/default/services/kubernetes/why", peer=JANE)).status == 200
    assert (await api.ask("GET", "/api/v1/secrets", peer=JANE)).status == 403
    told = await api.ask("GET", f"{RBAC}/clusterroles/edit")
    assert any("pods/exec" in each["resources"] and "create" in each["verbs"] for each in told.body["rules"])
    await made(api, "namespaces/default/rolebindings", binding("edit", "ClusterRole/edit", ("Group", "devs")))
    created = await api.ask("POST", "/api/v1/namespaces/default/configmaps", b'{"metadata":{"name":"m"}}', peer=JANE)
    assert created.status == 201


async def test_nobody_grants_what_he_does_not_hold(api: World) -> None:
    await made(
        api, "clusterroles", role("rbac-writer", rule("roles rolebindings", "create", "rbac.authorization.k8s.io"))
    )
    await made(api, "clusterrolebindings", binding("w", "ClusterRole/rbac-writer", ("User", "jane")))
    told = await made(
        api, "namespaces/default/roles", role("more", rule("secrets", "get list")), peer=Peer("x", "jane")
    )
    assert told.status == 403
    assert 'user "jane" (groups=["system:authenticated"]) is attempting to grant RBAC permissions' in told.message
    assert '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}' in told.message
    told = await made(
        api, "namespaces/default/rolebindings", binding("b", "ClusterRole/cluster-admin", ("User", "jane")), peer=JANE
    )
    assert told.status == 403
    told = await made(api, "namespaces/default/rolebindings", binding("b", "Role/none", ("User", "x")), peer=JANE)
    assert (told.status, told.message) == (404, 'roles.rbac.authorization.k8s.io "none" not found')


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("clusterroles", role("r", {"verbs": []}), "rules[0].verbs: Required value: verbs must contain at least one"),
        ("clusterroles", role("a/b"), "metadata.name: Invalid value: \"a/b\": may not contain '/'"),
        ("clusterrolebindings", binding("b", "Role/x"), 'roleRef.kind: Unsupported value: "Role"'),
        ("clusterrolebindings", binding("b", "ClusterRole/view", ("Robot", "x")), "subjects[0].kind: Unsupp"),
        ("clusterrolebindings", binding("b", "ClusterRole/view", ("ServiceAccount", "x")), "subjects[0].namespace"),
    ],
)  # fmt: skip
async def test_what_is_no_role_is_refused(api: World, path: str, body: Any, text: str) -> None:
    told = await made(api, path, body)
    assert (told.status, text in told.message) == (422, True), told.message


async def test_a_bindings_role_cannot_change(api: World) -> None:
    await made(api, "clusterrolebindings", binding("b", "ClusterRole/view", ("User", "x")))
    told = await api.ask(
        "PATCH", f"{RBAC}/clusterrolebindings/b", b'{"roleRef":{"name":"edit"}}',
        content_type="application/merge-patch+json",
    )  # fmt: skip
    assert (told.status, "cannot change roleRef" in told.message) == (422, True)


async def test_reviews_say_who_may_do_what(api: World) -> None:
    await made(api, "namespaces/default/rolebindings", binding("v", "ClusterRole/view", ("User", "jane")))
    attributes = {"namespace": "default", "verb": "list", "resource": "pods"}
    path = "/apis/authorization.k8s.io/v1"

    async def allowed(place: str, spec: Any, peer: Peer = ADMIN) -> Any:
        told = await api.ask("POST", f"{path}/{place}", orjson.dumps({"spec": spec}), peer=peer)
        return told.body["status"]

    asked = {"resourceAttributes": attributes}
    yes = {"allowed": True, "reason": 'RBAC: allowed by RoleBinding "v/default" of ClusterRole "view" to User "jane"'}
    assert await allowed("subjectaccessreviews", {**asked, "user": "jane"}) == yes
    assert await allowed("namespaces/default/localsubjectaccessreviews", {**asked, "user": "jo"}) == {"allowed": False}
    assert await allowed("selfsubjectaccessreviews", asked, JANE) == yes
    assert await allowed("selfsubjectaccessreviews", asked) == {"allowed": True}
    rules = await allowed("selfsubjectrulesreviews", {"namespace": "default"}, JANE)
    assert any("pods" in rule["resources"] and "list" in rule["verbs"] for rule in rules["resourceRules"])
    assert any("/healthz" in rule["nonResourceURLs"] for rule in rules["nonResourceRules"])


async def test_impersonation_needs_the_right_to_it(api: World) -> None:
    await made(api, "clusterrolebindings", binding("v", "ClusterRole/view", ("User", "joe")))
    refused = await api.ask("GET", "/api/v1/pods", peer=JANE, impersonate_user="joe")
    assert refused.message == (
        'pods is forbidden: User "jane" cannot impersonate-on:user-info:list resource "pods" in API group "" '
        "at the cluster scope"
    )
    await made(api, "clusterroles", role("as-joe", {**rule("users", "impersonate"), "resourceNames": ["joe"]}))
    await made(api, "clusterrolebindings", binding("j", "ClusterRole/as-joe", ("User", "jane")))
    assert (await api.ask("GET", "/api/v1/pods", peer=JANE, impersonate_user="joe")).status == 200
    assert (await api.ask("GET", "/api/v1/secrets", peer=ADMIN, impersonate_user="joe")).status == 403


async def test_constrained_impersonation_is_for_single_requests(api: World) -> None:
    await made(api, "namespaces/default/roles", role("reader", rule("pods pods/log", "get list watch")))
    await made(api, "namespaces/default/rolebindings", binding("joe", "Role/reader", ("User", "joe")))
    be = {**rule("users", "impersonate:user-info", "authentication.k8s.io"), "resourceNames": ["joe"]}
    await made(api, "clusterroles", role("be-joe", be))
    await made(api, "clusterrolebindings", binding("be", "ClusterRole/be-joe", ("User", "jane")))
    assert (await api.ask("GET", PODS, peer=JANE, impersonate_user="joe")).status == 403
    await made(api, "namespaces/default/roles", role("on", rule("pods", "impersonate-on:user-info:list")))
    await made(api, "namespaces/default/rolebindings", binding("on", "Role/on", ("User", "jane")))
    assert (await api.ask("GET", PODS, peer=JANE, impersonate_user="joe")).status == 200
    assert (await api.ask("GET", f"{PODS}?watch=true", peer=JANE, impersonate_user="joe")).status == 403
    assert (await api.ask("GET", f"{PODS}/p", peer=JANE, impersonate_user="joe")).status == 403


async def test_a_namespace_is_within_itself(api: World) -> None:
    await made(api, "namespaces/default/rolebindings", binding("v", "ClusterRole/view", ("User", "jane")))
    assert (await api.ask("GET", "/api/v1/namespaces/default", peer=JANE)).status == 200
    assert (await api.ask("GET", "/api/v1/namespaces", peer=JANE)).status == 403
    told = await api.ask("GET", "/api/v1/namespaces/kube-system", peer=JANE)
    assert told.message == (
        'namespaces "kube-system" is forbidden: User "jane" cannot get resource "namespaces" in API group "" '
        'in the namespace "kube-system"'
    )


async def test_who_may_see_one_name_may_list_and_watch_that_name(api: World) -> None:
    await made(
        api, "namespaces/default/roles", role("one", {**rule("services", "get list watch"), "resourceNames": ["web"]})
    )
    await made(api, "namespaces/default/rolebindings", binding("one", "Role/one", ("User", "jane")))
    services = "/api/v1/namespaces/default/services"
    for selector, status in (("metadata.name=web", 200), ("metadata.name=kubernetes", 403), ("metadata.name!=web", 403),
                             ("spec.type=ClusterIP,metadata.name==web", 200), ("=", 403), ("", 403)):  # fmt: skip
        told = await api.ask("GET", f"{services}?fieldSelector={selector}", peer=JANE)
        assert told.status == status, selector
    (await api.watch(f"{services}?watch=1&fieldSelector=metadata.name=web", peer=JANE)).close()


async def test_a_changed_role_counts_at_once(api: World) -> None:
    await made(api, "clusterroles", role("r", rule("pods", "list")))
    await made(api, "clusterrolebindings", binding("r", "ClusterRole/r", ("User", "jane")))
    for rules, status in (([rule("pods", "get")], 403), ([rule("pods", "list")], 200), ([], 403)):
        body = orjson.dumps({"rules": rules})
        await api.ask("PATCH", f"{RBAC}/clusterroles/r", body, content_type="application/merge-patch+json")
        assert (await api.ask("GET", PODS, peer=JANE)).status == status


async def test_warnings_tell_nobody_what_he_may_not_list(api: World) -> None:
    pod = {
        "metadata": {"name": "web-1", "labels": {"app": "kubia"}},
        "spec": {"containers": [{"name": "c", "image": "i"}]},
    }
    assert (await api.ask("POST", PODS, orjson.dumps(pod))).status == 201
    await made(api, "namespaces/default/roles", role("w", rule("services", "create list")))
    await made(api, "namespaces/default/rolebindings", binding("w", "Role/w", ("User", "jane")))
    service = {"metadata": {"generateName": "s-"}, "spec": {"selector": {"app": "kubbia"}, "ports": [{"port": 80}]}}
    path = "/api/v1/namespaces/default/services"
    assert (await api.ask("POST", path, orjson.dumps(service), peer=JANE)).warnings == []
    assert "kubia" in str((await api.ask("POST", path, orjson.dumps(service))).warnings)


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("merge-patch+json", {"rules": [rule("secrets", "get")]}),
        ("strategic-merge-patch+json", {"rules": [rule("secrets", "get")]}),
        ("json-patch+json", [{"op": "add", "path": "/rules", "value": [rule("secrets", "get")]}]),
        (
            "apply-patch+yaml",
            {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", **role("r", rule("secrets", "get"))},
        ),
    ],
)
async def test_nobody_grants_by_any_way_of_writing_what_he_does_not_hold(api: World, media: str, body: Any) -> None:
    writer = role("writer", rule("roles", "create patch get", "rbac.authorization.k8s.io"))
    await made(api, "clusterroles", writer)
    await made(api, "clusterrolebindings", binding("w", "ClusterRole/writer", ("User", "jane")))
    await made(api, "namespaces/default/roles", role("r"))
    options = "fieldManager=x" + ("&force=true" if media.startswith("apply") else "")
    told = await api.ask(
        "PATCH", f"{RBAC}/namespaces/default/roles/r?{options}", orjson.dumps(body), peer=JANE,
        content_type=f"application/{media}",
    )  # fmt: skip
    assert (told.status, "is attempting to grant RBAC permissions" in told.message) == (403, True), told.message


@pytest.mark.parametrize(
    ("controller", "verb", "group", "resource", "is_allowed"),
    [
        ("deployment-controller", "update", "apps", "deployments/status", True),
        ("deployment-controller", "create", "", "pods", False),
        ("generic-garbage-collector", "delete", "example.com", "things", True),
        ("horizontal-pod-autoscaler", "update", "apps", "deployments/scale", True),
        ("certificate-controller", "sign", "certificates.k8s.io", "signers", False),
        ("namespace-controller", "update", "", "namespaces/finalize", True),
    ],
)
async def test_upstream_s_controllers_may_do_their_work_as_their_service_accounts(
    controller: str, verb: str, group: str, resource: str, is_allowed: bool
) -> None:
    name, _, below = resource.partition("/")
    attributes = {"namespace": "default", "verb": verb, "group": group, "resource": name, "subresource": below}
    spec = {"user": f"system:serviceaccount:kube-system:{controller}", "resourceAttributes": attributes}
    async with world() as api:
        told = await api.ask("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": spec})
        assert told.body["status"]["allowed"] is is_allowed, told.body
        bound = await api.ask(
            "GET", f"/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/system:controller:{controller}"
        )
        assert bound.body["roleRef"]["name"] == f"system:controller:{controller}"


async def test_who_gathers_rules_needs_all_of_them(api: World) -> None:
    writer = role("gatherer", rule("clusterroles", "create", "rbac.authorization.k8s.io"))
    await made(api, "clusterroles", writer)
    await made(api, "clusterrolebindings", binding("g", "ClusterRole/gatherer", ("User", "jane")))
    gathering = {"metadata": {"name": "g"}, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}}
    told = await made(api, "clusterroles", gathering, JANE)
    why = "must have cluster-admin privileges to use the aggregationRule"
    assert told.message == f'clusterroles.rbac.authorization.k8s.io "g" is forbidden: {why}'
    assert (await made(api, "clusterroles", gathering)).status == 201


async def test_who_may_only_change_does_not_create_by_the_way(api: World) -> None:
    await made(api, "clusterroles", role("changer", rule("services configmaps", "get update patch")))
    await made(api, "clusterrolebindings", binding("c", "ClusterRole/changer", ("User", "jane")))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    told = await api.ask("PUT", "/api/v1/namespaces/default/services/s", service, peer=JANE)
    assert (told.status, told.message) == (
        403,
        'services "s" is forbidden: User "jane" cannot create resource "services" in API group "" '
        'in the namespace "default"',
    )
    applied = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    path, media = "/api/v1/namespaces/default/configmaps/m?fieldManager=me", "application/apply-patch+yaml"
    assert (await api.ask("PATCH", path, applied, peer=JANE, content_type=media)).status == 403
    assert (await api.ask("PATCH", path, applied, content_type=media)).status == 201
    assert (await api.ask("PATCH", path, applied, peer=JANE, content_type=media)).status == 200


def some_write(chance: random.Random) -> tuple[str, str, Any]:
    """(verb, path, body) of a write to a role or binding of few names, so that most meet another."""
    number, place = chance.randrange(4), chance.choice(["", "namespaces/default/"])
    scope = "" if place else "cluster"
    verb = chance.choice(["POST", "DELETE", "PATCH"])
    if chance.random() < 0.4:
        plural, body = f"{scope}roles", role(f"r{number}", rule(chance.choice("abc"), "get"))
    else:
        to = f"{'Role' if place and chance.random() < 0.5 else 'ClusterRole'}/r{chance.randrange(4)}"
        who = [("User", f"u{chance.randrange(3)}"), ("Group", f"g{chance.randrange(2)}")]
        plural, body = f"{scope}rolebindings", binding(f"b{number}", to, *chance.sample(who, chance.randrange(3)))
        if verb == "PATCH":
            del body["roleRef"]
    path = f"{RBAC}/{place}{plural}"
    return verb, path if verb == "POST" else f"{path}/{body['metadata']['name']}", None if verb == "DELETE" else body


async def test_what_changes_is_taken_in_as_if_all_was_read_again(api: World) -> None:
    chance, known, granted = random.Random(7), api.server.api.authorizer, 0
    for _ in range(150):
        verb, path, body = some_write(chance)
        media = "application/merge-patch+json" if verb == "PATCH" else "application/json"
        await api.ask(verb, path, body, content_type=media)
        fresh = Authorizer(api.server.cache)
        for number, namespace in product(range(3), (None, "default")):
            user = User(f"u{number}", (f"g{number % 2}",))
            again = sorted(map(str, fresh.rules(user, namespace)))
            assert sorted(map(str, known.rules(user, namespace))) == again
            granted += len(again)
    assert granted > 100
