"""Who may do what, and who a certificate stands for."""

import pytest

from fairway.apiserver.authentication import Authenticator
from fairway.apiserver.authorization import Asked, denied
from fairway.apiserver.authorization.bootstrap_roles import wanted
from fairway.apiserver.authorization.fixed import is_allowed
from fairway.apiserver.call import ANONYMOUS, User
from fairway.objects.errors import StatusError
from fairway.transport.interface import Peer

MASTER = User("admin", ("system:masters",))
NODE = User("system:node:n1", ("system:nodes", "system:authenticated"))
JANE = User("jane", ("system:authenticated",))


@pytest.mark.parametrize("user", [MASTER])
@pytest.mark.parametrize("asked", [Asked("delete", "", "secrets", "", "n", "x"), Asked("post", path="/x")])
def test_masters_may_do_everything(user: User, asked: Asked) -> None:
    assert is_allowed(user, asked)


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (Asked("list", "", "pods"), True),
        (Asked("watch", "discovery.k8s.io", "endpointslices"), True),
        (Asked("list", "", "persistentvolumes"), True),
        (Asked("get", "", "secrets", "", "n", "s"), False),
        (Asked("update", "", "secrets", "", "n", "s"), False),
        (Asked("patch", "", "pods", "status", "n", "p"), True),
        (Asked("update", "", "pods", "", "n", "p"), False),
        (Asked("delete", "", "pods", "", "n", "p"), True),
        (Asked("create", "", "pods", "binding", "n", "p"), False),
        (Asked("create", "", "nodes"), True),
        (Asked("update", "", "nodes", "status", None, "n1"), True),
        (Asked("update", "", "nodes", "status", None, "n2"), False),
        (Asked("patch", "", "nodes", "", None, "n2"), False),
        (Asked("update", "coordination.k8s.io", "leases", "", "kube-node-lease", "n1"), True),
        (Asked("create", "", "events", "", "n"), True),
        (Asked("create", "apps", "deployments", "", "n"), False),
        (Asked("get", path="/metrics"), False),
    ],
)
def test_a_node_may_do_what_a_kubelet_and_a_proxy_need(asked: Asked, allowed: bool) -> None:
    assert is_allowed(NODE, asked) is allowed


def test_the_node_with_the_ingress_controller_reads_all_secrets() -> None:
    ingress = User(NODE.name, (*NODE.groups, "fairway:ingress"))
    assert is_allowed(ingress, Asked("list", "", "secrets"))
    assert not is_allowed(ingress, Asked("delete", "", "secrets", "", "n", "s"))


@pytest.mark.parametrize("user", [User("jane", NODE.groups), User("system:node:", NODE.groups), User(NODE.name)])
def test_a_node_is_one_by_its_name_and_its_group(user: User) -> None:
    assert not is_allowed(user, Asked("get", "", "secrets", "", "n", "s"))


@pytest.mark.parametrize("path", ["/healthz", "/livez/ping", "/readyz", "/version"])
def test_everybody_may_ask_whether_we_are_well(path: str) -> None:
    assert is_allowed(ANONYMOUS, Asked("get", path=path))
    assert not is_allowed(ANONYMOUS, Asked("post", path=path))


@pytest.mark.parametrize("path", ["/api", "/apis/apps/v1", "/openapi/v3/api/v1"])
def test_only_known_users_may_discover(path: str) -> None:
    assert is_allowed(JANE, Asked("get", path=path))
    assert not is_allowed(ANONYMOUS, Asked("get", path=path))


def test_a_path_that_only_begins_alike_is_another_path() -> None:
    assert not is_allowed(ANONYMOUS, Asked("get", path="/versions"))


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (
            Asked("get", "", "pods", "log", "n", "p"),
            'pods "p" is forbidden: User "jane" cannot get resource "pods/log" in API group "" in the namespace "n"',
        ),
        (
            Asked("create", "apps", "deployments", "", "n"),
            'deployments.apps is forbidden: User "jane" cannot create resource "deployments" in API group "apps" '
            'in the namespace "n"',
        ),
        (
            Asked("list", "", "nodes"),
            'nodes is forbidden: User "jane" cannot list resource "nodes" in API group "" at the cluster scope',
        ),
        (Asked("get", path="/x"), 'forbidden: User "jane" cannot get path "/x"'),
    ],
)
def test_a_refusal_says_who_may_not_do_what_where(asked: Asked, text: str) -> None:
    assert denied(JANE, asked).message == text


def test_a_certificate_is_its_common_name_and_its_organizations_groups() -> None:
    user = Authenticator().user(Peer("1.2.3.4", "jane", ("devs", "ops")), {})
    assert (user.name, user.groups, user.extra) == ("jane", ("devs", "ops", "system:authenticated"), {})
    user = Authenticator().user(Peer("1.2.3.4", "jane", fingerprint="ab12"), {})
    assert user.extra == {"authentication.kubernetes.io/credential-id": ("X509SHA256=ab12",)}


def test_nobody_is_anonymous_and_a_bad_token_is_refused() -> None:
    assert Authenticator().user(Peer("1.2.3.4"), {}) is ANONYMOUS
    with pytest.raises(StatusError, match="Unauthorized"):
        Authenticator().user(Peer("1.2.3.4"), {"authorization": "bearer x"})


@pytest.mark.parametrize(
    ("name", "asked", "allowed"),
    [
        ("system:kube-proxy", Asked("watch", "discovery.k8s.io", "endpointslices"), True),
        ("system:kube-proxy", Asked("get", "", "nodes", name="n1"), True),
        ("system:kube-proxy", Asked("list", "networking.k8s.io", "servicecidrs"), True),
        ("system:kube-proxy", Asked("create", "events.k8s.io", "events", namespace="default"), True),
        ("system:kube-proxy", Asked("list", "", "pods"), False),
        ("system:kube-proxy", Asked("list", "", "secrets"), False),
        ("system:kube-proxy", Asked("update", "", "services", namespace="n", name="s"), False),
        ("system:serviceaccount:kube-system:kube-proxy", Asked("list", "", "services"), True),
        ("system:serviceaccount:other:kube-proxy", Asked("list", "", "services"), False),
        ("system:serviceaccount:kube-system:coredns", Asked("watch", "", "services"), True),
        ("system:serviceaccount:kube-system:coredns", Asked("list", "", "nodes"), False),
    ],
)
def test_a_proxy_and_a_dns_that_run_alone_may_do_what_their_roles_say(name: str, asked: Asked, allowed: bool) -> None:
    assert is_allowed(User(name, ("system:authenticated",)), asked) is allowed


RULES = [
    ("system:node", "persistentvolumeclaims/status", "", ["get", "patch", "update"], None),
    ("system:node", "resourceslices", "resource.k8s.io", ["deletecollection"], None),
    ("system:kubelet-api-admin", "nodes/healthz", "", ["*"], None),
    ("system:kube-scheduler", "leases", "coordination.k8s.io", ["get", "list", "update", "watch"], ["kube-scheduler"]),
    ("system:kube-controller-manager", "leases", "coordination.k8s.io", ["get", "update"], ["kube-controller-manager"]),
    ("system:persistent-volume-provisioner", "events", "events.k8s.io", ["create", "patch", "update"], None),
    ("system:aggregate-to-edit", "resourceclaims", "resource.k8s.io",
     ["create", "delete", "deletecollection", "patch", "update"], None),
    ("view", "resourceclaims/status", "resource.k8s.io", ["get", "list", "watch"], None),
    ("system::leader-locking-kube-scheduler", "configmaps", "", ["get", "update"], ["kube-scheduler"]),
]  # fmt: skip


@pytest.mark.parametrize(("role", "resource", "group", "verbs", "names"), RULES)
def test_bootstrap_roles_have_upstreams_rules(
    role: str, resource: str, group: str, verbs: list[str], names: list[str] | None
) -> None:
    """Source: kubernetes/kubernetes, the bootstrap policy's test data of 1.36."""
    rules = next(found["rules"] for _, found in wanted() if found["metadata"]["name"] == role)
    assert any(
        resource in rule["resources"] and group in rule["apiGroups"] and rule["verbs"] == verbs
        and rule.get("resourceNames") == names
        for rule in rules
        if "resources" in rule
    )  # fmt: skip
