"""What service-account tokens say, when nodes renew them, and which pods get a volume with one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.apiserver.admission.account_token import volume
from fairway.apiserver.tokens.claims import Bound, claims, problems, verified
from fairway.node.environment import Sources
from fairway.node.field_refs import ReferenceProblem, Surroundings
from fairway.node.volumes.payload import File, payload
from fairway.node.volumes.token_request import TokenAsked, renewal_s, token_request, tokens_asked

ACCOUNT = {"metadata": {"namespace": "n", "name": "web", "uid": "u-sa"}}
POD = {"metadata": {"namespace": "n", "name": "p", "uid": "u-pod"}, "spec": {"containers": [{"name": "c"}]}}
NODE = {"metadata": {"name": "n1", "uid": "u-node"}}


def made(**changes: Any) -> dict[str, Any]:
    said = claims(
        ACCOUNT, {"pod": POD, "node": NODE}, issuer="https://i", audiences=["a", "b"], now_s=1000.9, lasts_s=600,
        credential="id",
    )  # fmt: skip
    return said | changes


def test_a_token_names_account_pod_and_node() -> None:
    assert made() == {
        "aud": ["a", "b"], "exp": 1600, "iat": 1000, "iss": "https://i", "jti": "id", "nbf": 1000,
        "sub": "system:serviceaccount:n:web",
        "kubernetes.io": {
            "namespace": "n", "serviceaccount": {"name": "web", "uid": "u-sa"},
            "pod": {"name": "p", "uid": "u-pod"}, "node": {"name": "n1", "uid": "u-node"},
        },
    }  # fmt: skip


def test_a_token_makes_a_user_of_its_account() -> None:
    found = verified(made())
    assert (found.user.name, found.user.uid) == ("system:serviceaccount:n:web", "u-sa")
    assert found.user.groups == ("system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated")
    assert found.user.extra == {
        "authentication.kubernetes.io/credential-id": ["JTI=id"],
        "authentication.kubernetes.io/pod-name": ["p"],
        "authentication.kubernetes.io/pod-uid": ["u-pod"],
        "authentication.kubernetes.io/node-name": ["n1"],
        "authentication.kubernetes.io/node-uid": ["u-node"],
    }
    assert found.bound == (Bound("serviceaccount", "web", "u-sa"), Bound("pod", "p", "u-pod"))


@pytest.mark.parametrize(("now_s", "is_good"), [(939, False), (940, True), (1599.9, True), (1600, False)])
def test_a_token_is_good_from_a_minute_before_its_begin_to_its_end(now_s: float, is_good: bool) -> None:
    assert verified(made()).is_current(now_s) is is_good


@pytest.mark.parametrize(
    "changes",
    [
        {"sub": "system:serviceaccount:n:admin"},
        {"kubernetes.io": {"namespace": "n"}},
        {"kubernetes.io": None},
        {"exp": None},
    ],
)
def test_claims_of_another_form_stand_for_nobody(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        verified(made(**changes))


@pytest.mark.parametrize(
    ("asked", "detail"),
    [
        (599, "may not specify a duration less than 10 minutes"),
        ((1 << 32) + 1, "may not specify a duration larger than 2^32 seconds"),
    ],
)
def test_a_token_lasts_at_least_ten_minutes(asked: int, detail: str) -> None:
    assert [found.detail for found in problems({"expirationSeconds": asked})] == [f"Invalid value: {asked}: {detail}"]
    assert list(problems({"expirationSeconds": 600})) == list(problems({})) == []


# On the node


@given(st.integers(600, 1 << 32), st.floats(0, 1))
def test_a_token_is_renewed_before_it_ends_and_once_a_day(lasts_s: int, chance: float) -> None:
    at_s = renewal_s(1000.0, 1000.0 + lasts_s, chance) - 1000.0
    assert 0.7 * min(lasts_s, 86400) <= at_s <= min(lasts_s * 0.8, 86400) + 0.001


def test_four_fifths_of_an_hour_is_when_a_token_of_an_hour_is_due() -> None:
    assert (renewal_s(0, 3600, 0), renewal_s(0, 3600, 1)) == (2880, 2870)


def test_a_node_asks_for_a_token_that_ends_with_the_pod() -> None:
    wanted = volume("kube-api-access-x")
    assert list(tokens_asked(wanted)) == [TokenAsked("", 3607)]
    assert token_request(POD, TokenAsked("vault", 600))["spec"] == {
        "expirationSeconds": 600,
        "boundObjectRef": {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "u-pod"},
        "audiences": ["vault"],
    }


SOURCES: Sources = {("ConfigMap", "kube-root-ca.crt"): {"kind": "ConfigMap", "data": {"ca.crt": "CA", "x": "y"}}}


def files(pod: dict[str, Any], token: str | ReferenceProblem = "T") -> dict[str, File]:
    around = Surroundings(tokens={TokenAsked("", 3607): token})
    return payload(pod, volume("kube-api-access-x"), SOURCES, around)


def secured(of_pod: dict[str, Any], *of_containers: dict[str, Any]) -> dict[str, Any]:
    containers = [{"name": f"c{index}", "securityContext": one} for index, one in enumerate(of_containers)]
    return {**POD, "spec": {"securityContext": of_pod, "containers": containers}}


def test_a_pod_finds_its_token_the_authority_and_its_namespace() -> None:
    assert files(POD) == {"token": File(b"T", 0o644), "ca.crt": File(b"CA", 0o644), "namespace": File(b"n", 0o644)}


@pytest.mark.parametrize(
    ("pod", "file"),
    [
        (secured({"runAsUser": 7}, {}), File(b"T", 0o600, 7)),
        (secured({}, {"runAsUser": 7}, {"runAsUser": 7}), File(b"T", 0o600, 7)),
        (secured({}, {"runAsUser": 7}, {"runAsUser": 8}), File(b"T", 0o644)),
        (secured({"runAsUser": 7}, {}, {"runAsUser": 8}), File(b"T", 0o644)),
        (secured({"fsGroup": 5}, {}), File(b"T", 0o600)),
    ],
)
def test_a_token_is_for_the_pods_own_user_where_there_is_one(pod: dict[str, Any], file: File) -> None:
    assert files(pod)["token"] == file


def test_why_there_is_no_token_is_why_there_is_no_volume() -> None:
    with pytest.raises(ReferenceProblem, match="failed to fetch token: gone"):
        files(POD, ReferenceProblem("failed to fetch token: gone"))
