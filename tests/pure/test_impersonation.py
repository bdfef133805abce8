"""Acting as somebody else: by the old right to it, and by constrained ones to single requests."""

import pytest

from fairway.apiserver.authorization import Asked
from fairway.apiserver.call import User
from fairway.apiserver.impersonation import Acting, Impersonation, wanted
from fairway.objects.errors import StatusError

GROUP = "authentication.k8s.io"
NODE_KEY = "authentication.kubernetes.io/node-name"
JANE = User("jane", ("devs", "system:authenticated"))
AGENT = User("system:serviceaccount:a:agent", ("system:serviceaccounts",), extra={NODE_KEY: ["n1"]})
LIST = Asked("list", plural="pods", namespace="a")


def acting(asker: User, as_whom: User, *rights: Asked, asked: Asked = LIST) -> Acting:
    return Impersonation(lambda _, right: right in rights).acting(asker, as_whom, asked)


def on(mode: str, asked: Asked = LIST) -> Asked:
    return asked._replace(verb=f"impersonate-on:{mode}:{asked.verb}")


def test_the_old_right_allows_everything_and_each_part_is_asked_for() -> None:
    bob = User("bob", ("ops",), "7", {"scopes": ("x",)})
    rights = [
        Asked("impersonate", plural="users", name="bob"), Asked("impersonate", plural="groups", name="ops"),
        Asked("impersonate", GROUP, "uids", name="7"), Asked("impersonate", GROUP, "userextras", "scopes", name="x"),
    ]  # fmt: skip
    assert acting(JANE, bob, *rights) == (User("bob", ("ops", "system:authenticated"), "7", {"scopes": ("x",)}), "")
    for left_out in rights:
        with pytest.raises(StatusError) as told:
            acting(JANE, bob, *(right for right in rights if right is not left_out))
        assert told.value.code == 403


def test_a_constrained_right_is_to_be_somebody_and_to_do_this_as_him() -> None:
    bob = User("bob")
    be = Asked("impersonate:user-info", GROUP, "users", name="bob")
    assert acting(JANE, bob, be, on("user-info")) == (User("bob", ("system:authenticated",)), "impersonate:user-info")
    with pytest.raises(StatusError) as told:
        acting(JANE, bob, be, on("user-info"), asked=LIST._replace(verb="watch"))
    assert told.value.message == (
        'pods is forbidden: User "jane" cannot impersonate-on:user-info:watch resource "pods" in API group "" '
        'in the namespace "a"'
    )
    with pytest.raises(StatusError) as told:
        acting(JANE, bob, on("user-info"))
    assert told.value.message == (
        'users.authentication.k8s.io "bob" is forbidden: User "jane" cannot impersonate:user-info resource "users" '
        'in API group "authentication.k8s.io" at the cluster scope'
    )


def test_an_account_may_be_the_node_that_it_runs_on_and_no_other() -> None:
    rights = Asked("impersonate:associated-node", GROUP, "nodes", name="*"), on("associated-node")
    own = acting(AGENT, User("system:node:n1"), *rights)
    assert own == (
        User("system:node:n1", ("system:nodes", "system:authenticated")), "impersonate:associated-node",
    )  # fmt: skip
    for other in (User("system:node:n2"), User("system:node:n1", ("system:nodes",))):
        with pytest.raises(StatusError, match="cannot impersonate"):
            acting(AGENT, other, *rights)
    any_node = Asked("impersonate:arbitrary-node", GROUP, "nodes", name="n2"), on("arbitrary-node")
    assert acting(JANE, User("system:node:n2"), *any_node).constraint == "impersonate:arbitrary-node"


def test_an_account_has_the_groups_of_accounts() -> None:
    account = User("system:serviceaccount:b:c")
    right = Asked("impersonate:serviceaccount", GROUP, "serviceaccounts", namespace="b", name="c")
    groups = ("system:serviceaccounts", "system:serviceaccounts:b", "system:authenticated")
    assert acting(JANE, account, right, on("serviceaccount")).user.groups == groups


@pytest.mark.parametrize(
    ("bob", "text"),
    [
        (User("bob", ("system:masters",)), "impersonating the system:masters group is not allowed"),
        (
            User("bob", extra={"scopes": ["x"]}),
            "impersonating an invalid key in extra is not allowed: extra.key: Invalid",
        ),
    ],
)
def test_some_nobody_is_by_a_constrained_right(bob: User, text: str) -> None:
    with pytest.raises(StatusError, match=text):
        acting(JANE, bob, Asked("impersonate:user-info", GROUP, "users", name="bob"), on("user-info"))


def test_of_many_groups_it_is_enough_that_all_may_be_taken() -> None:
    bob = User("bob", tuple("abcd"))
    rights = [Asked("impersonate:user-info", GROUP, "users", name="bob"), on("user-info")]
    every = Asked("impersonate:user-info", GROUP, "groups", name="*")
    assert acting(JANE, bob, *rights, every).user.groups == (*"abcd", "system:authenticated")
    each = [every._replace(name=group) for group in "abcd"]
    assert acting(JANE, bob, *rights, *each).user.groups == (*"abcd", "system:authenticated")


def test_the_right_that_counted_last_words_the_next_refusal() -> None:
    impersonation = Impersonation(lambda _, right: right == Asked("impersonate", plural="users", name="bob"))
    with pytest.raises(StatusError, match="cannot impersonate-on:user-info:list"):
        impersonation.acting(JANE, User("joe"), LIST)
    impersonation.acting(JANE, User("bob"), LIST)
    with pytest.raises(StatusError, match='cannot impersonate resource "users"'):
        impersonation.acting(JANE, User("joe"), LIST)


def test_headers_say_whom_and_a_group_alone_is_nobody() -> None:
    assert wanted({}) is None
    found = wanted(
        {"impersonate-user": "jane", "impersonate-group": "devs\ncn=ops,ou=it", "impersonate-extra-a%2fb": "c"}
    )
    assert found == User("jane", ("devs", "cn=ops,ou=it"), "", {"a/b": ("c",)})
    with pytest.raises(StatusError) as told:
        wanted({"impersonate-group": "devs"})
    assert (told.value.code, told.value.message) == (
        400,
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"devs"}, Extra:map[string][]string(nil)} '
        "without impersonating a user name",
    )
