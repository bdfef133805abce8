"""Service-account tokens through the whole API server: asked for, shown, refused."""

import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from component.api_world import ADMIN, NOBODY, NODE, Told, World, world
from fairway.apiserver.settings import Settings
from fairway.apiserver.tokens import keys
from fairway.cluster.certificates import ensure_token_key, key_bytes
from fairway.objects.meta import unix_seconds

PODS = "/api/v1/namespaces/default/pods"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
ISSUER = "https://kubernetes.default.svc.cluster.local"
USER = "system:serviceaccount:default:web"


class Scene:
    """An API server whose clock the test may move, an account, and a pod of it on node n1."""

    def __init__(self, api: World) -> None:
        self.api = api
        self.later_s = 0.0

    async def token(self, spec: dict[str, Any] | None = None, *, peer: Any = ADMIN, name: str = "web") -> Told:
        body = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": spec or {}}
        return await self.api.ask("POST", f"{ACCOUNTS}/{name}/token", body, peer=peer)

    async def bearing(self, token: str, method: str = "GET", target: str = "/api", body: Any = None) -> Told:
        return await self.api.ask(method, target, body, peer=NOBODY, authorization=f"Bearer {token}")

    async def pod(self, name: str, **spec: Any) -> dict[str, Any]:
        containers = spec.pop("containers", [{"name": "c", "image": "i"}])
        body = {"metadata": {"name": name}, "spec": {"nodeName": "n1", "containers": containers, **spec}}
        made = await self.api.ask("POST", PODS, body)
        assert made.status == 201, made.body
        found: dict[str, Any] = made.body
        return found


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    ensure_token_key(tmp_path)
    async with world(Settings(advertise_address="10.244.0.1", token_key=tmp_path / "sa.key")) as api:
        made = Scene(api)
        tokens = api.server.api.tokens
        assert tokens is not None
        clock = tokens._clock
        tokens._clock = lambda: clock() + made.later_s
        for name in ("default", "web"):
            await api.ask("POST", ACCOUNTS, {"metadata": {"name": name}})
        await api.ask("POST", "/api/v1/nodes", {"metadata": {"name": "n1"}})
        yield made


def bound_to(pod: dict[str, Any], **changes: Any) -> dict[str, Any]:
    reference = {"kind": "Pod", "apiVersion": "v1", "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}
    return {"boundObjectRef": reference | changes}


async def test_a_token_says_who_its_bearer_is(scene: Scene) -> None:
    told = await scene.token({"expirationSeconds": 600})
    assert (told.status, told.body["spec"]) == (201, {"audiences": [ISSUER], "expirationSeconds": 600})
    token = told.body["status"]["token"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["exp"] - claims["iat"], claims["aud"]) == (USER, 600, [ISSUER])
    review = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    me = await scene.bearing(token, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert me.status == 201
    assert me.body["status"]["userInfo"]["username"] == USER
    assert me.body["status"]["userInfo"]["groups"] == [
        "system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated",
    ]  # fmt: skip


async def test_an_account_may_look_around_and_nothing_else(scene: Scene) -> None:
    token = (await scene.token()).body["status"]["token"]
    for path in ("/api", "/api/v1", "/apis", "/openapi/v3", "/version", "/openid/v1/jwks"):
        assert (await scene.bearing(token, target=path)).status == 200, path
    told = await scene.bearing(token, target=PODS)
    why = f'pods is forbidden: User "{USER}" cannot list resource "pods" in API group "" in the namespace "default"'
    assert (told.status, told.message) == (403, why)
    review = {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": "default"}}}
    asked = await scene.bearing(token, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert (asked.status, asked.body["status"]) == (201, {"allowed": False})
    asked = await scene.api.ask("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    assert asked.body["status"] == {"allowed": True}


async def test_a_token_ends_with_its_time(scene: Scene) -> None:
    token = (await scene.token({"expirationSeconds": 600})).body["status"]["token"]
    assert (await scene.bearing(token)).status == 200
    scene.later_s = 601
    told = await scene.bearing(token)
    assert (told.status, told.body["reason"], told.message) == (401, "Unauthorized", "Unauthorized")


async def test_a_token_for_others_is_none_for_the_api_server(scene: Scene) -> None:
    token = (await scene.token({"audiences": ["vault"]})).body["status"]["token"]
    assert (await scene.bearing(token)).status == 401
    review = {"spec": {"token": token, "audiences": ["vault", "other"]}}
    told = await scene.api.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
    assert told.body["status"]["authenticated"] is True
    assert (told.body["status"]["user"]["username"], told.body["status"]["audiences"]) == (USER, ["vault"])
    review = {"spec": {"token": token}}
    told = await scene.api.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", review)
    why = '[invalid bearer token, token audiences ["vault"] is invalid for the target audiences '
    assert told.body["status"]["error"] == f'{why}["https://kubernetes.default.svc.cluster.local"]]'
    told = await scene.api.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": "x"}})
    assert told.body["status"] == {"user": {}, "error": "invalid bearer token"}


async def test_a_token_ends_with_the_pod_it_is_bound_to(scene: Scene) -> None:
    pod = await scene.pod("p", serviceAccountName="web")
    token = (await scene.token(bound_to(pod))).body["status"]["token"]
    assert (await scene.bearing(token)).status == 200
    await scene.api.ask("DELETE", f"{PODS}/p", {"gracePeriodSeconds": 0})
    assert (await scene.bearing(token)).status == 401
    await scene.pod("p", serviceAccountName="web")
    assert (await scene.bearing(token)).status == 401


async def test_a_token_ends_with_its_account(scene: Scene) -> None:
    token = (await scene.token()).body["status"]["token"]
    assert (await scene.bearing(token)).status == 200
    await scene.api.ask("DELETE", f"{ACCOUNTS}/web")
    await scene.api.ask("POST", ACCOUNTS, {"metadata": {"name": "web"}})
    assert (await scene.bearing(token)).status == 401


async def test_what_nobody_signed_is_refused(scene: Scene, tmp_path: Path) -> None:
    token = (await scene.token()).body["status"]["token"]
    head, claims, _ = token.split(".")
    (tmp_path / "other").mkdir()
    ensure_token_key(tmp_path / "other")
    forged = jwt.encode(
        jwt.decode(token, options={"verify_signature": False}), (tmp_path / "other" / "sa.key").read_text(), "RS256"
    )
    unsigned = jwt.encode(jwt.decode(token, options={"verify_signature": False}), None, "none")
    for bad in (forged, unsigned, f"{head}.{claims}.", "x", "", token[:-4]):
        assert (await scene.bearing(bad)).status == 401, bad


async def test_a_request_of_a_wrong_form_is_told_why(scene: Scene) -> None:
    told = await scene.token({"expirationSeconds": 10})
    why = "spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes"
    assert (told.status, told.message) == (422, f'TokenRequest.authentication.k8s.io "" is invalid: {why}')
    assert (await scene.token(name="gone")).message == 'serviceaccounts "gone" not found'
    pod = await scene.pod("p")
    told = await scene.token(bound_to(pod))
    why = 'cannot bind token for serviceaccount "web" to pod running with different serviceaccount name.'
    assert (told.status, told.message) == (400, why)
    other = await scene.token(bound_to(pod, uid="other"), name="default")
    assert (other.status, other.body["reason"]) == (409, "Conflict")


async def test_a_node_gets_tokens_only_for_the_pods_that_it_runs(scene: Scene) -> None:
    pod = await scene.pod("p", serviceAccountName="web")
    told = await scene.token(bound_to(pod), peer=NODE)
    assert told.status == 201
    claims = jwt.decode(told.body["status"]["token"], options={"verify_signature": False})
    assert claims["kubernetes.io"]["node"]["name"] == "n1"
    elsewhere = await scene.pod("q", serviceAccountName="web", nodeName="n2")
    for spec, why in (
        ({}, "node requested token not bound to a pod"),
        (bound_to(pod, uid=""), "node requested token with a pod binding without a uid"),
        (bound_to(elsewhere), "node requested token bound to a pod scheduled on a different node"),
    ):
        told = await scene.token(spec, peer=NODE)
        assert (told.status, told.message) == (403, f'serviceaccounts "web" is forbidden: {why}')


async def test_a_node_gets_tokens_only_for_audiences_that_the_pod_or_a_role_names(scene: Scene) -> None:
    sources = [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]
    inline = {"name": "s", "csi": {"driver": "secrets.example"}}
    pod = await scene.pod(
        "p", serviceAccountName="web", volumes=[{"name": "v", "projected": {"sources": sources}}, inline]
    )  # fmt: skip
    driver = {"metadata": {"name": "secrets.example"}, "spec": {"tokenRequests": [{"audience": "sts"}]}}
    await scene.api.ask("POST", "/apis/storage.k8s.io/v1/csidrivers", driver)

    async def asked(*audiences: str) -> Told:
        return await scene.token({**bound_to(pod), "audiences": list(audiences)}, peer=NODE)

    for granted in (("vault",), ("sts",), ()):
        assert (await asked(*granted)).status == 201, granted
    told = await asked("vault", "sts")
    assert told.message == 'serviceaccounts "web" is forbidden: node may only request 0 or 1 audiences'
    told = await asked("other")
    why = "system:node:n1 is not authorized to request tokens for this audience"
    assert (told.status, told.message) == (
        403, f'serviceaccounts "web" is forbidden: audience "other" not found in pod spec volume, {why}',
    )  # fmt: skip
    roles = "/apis/rbac.authorization.k8s.io/v1"
    rule = {"verbs": ["request-serviceaccounts-token-audience"], "apiGroups": [""], "resources": ["other"]}
    await scene.api.ask("POST", f"{roles}/clusterroles", {"metadata": {"name": "r"}, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "r"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "system:nodes"}]
    binding = {"metadata": {"name": "r"}, "roleRef": reference, "subjects": subjects}
    await scene.api.ask("POST", f"{roles}/clusterrolebindings", binding)
    assert (await asked("other")).status == 201


async def test_what_a_pod_is_given_outlives_its_hour_for_clients_that_read_it_once(scene: Scene) -> None:
    pod = await scene.pod("p", serviceAccountName="web")
    told = await scene.token({**bound_to(pod), "expirationSeconds": 3607})
    claims = jwt.decode(told.body["status"]["token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 365 * 24 * 3600
    assert claims["kubernetes.io"]["warnafter"] - claims["iat"] == 3607
    ends = unix_seconds(told.body["status"]["expirationTimestamp"])
    assert (told.body["spec"]["expirationSeconds"], ends - claims["iat"]) == (3607, 3607)
    scene.later_s = 3700
    assert (await scene.bearing(told.body["status"]["token"])).status == 200
    for plain in ({**bound_to(pod), "audiences": ["vault"]}, {}):
        other = await scene.token({**plain, "expirationSeconds": 3607})
        claims = jwt.decode(other.body["status"]["token"], options={"verify_signature": False})
        assert claims["exp"] - claims["iat"] == 3607


async def test_the_node_of_a_pods_token_is_told_and_may_be_registered_anew(scene: Scene) -> None:
    pod = await scene.pod("p", serviceAccountName="web")
    token = (await scene.token(bound_to(pod))).body["status"]["token"]
    uid = (await scene.api.ask("GET", "/api/v1/nodes/n1")).body["metadata"]["uid"]
    await scene.api.ask("DELETE", "/api/v1/nodes/n1")
    review = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    extra = (await scene.bearing(token, "POST", reviews, review)).body["status"]["userInfo"]["extra"]
    assert extra["authentication.kubernetes.io/node-uid"] == [uid]
    elsewhere = await scene.pod("q", serviceAccountName="web", nodeName="unknown")
    token = (await scene.token(bound_to(elsewhere))).body["status"]["token"]
    extra = (await scene.bearing(token, "POST", reviews, review)).body["status"]["userInfo"]["extra"]
    assert extra["authentication.kubernetes.io/node-name"] == ["unknown"]
    assert "authentication.kubernetes.io/node-uid" not in extra


async def test_a_token_ends_with_the_node_it_is_bound_to(scene: Scene) -> None:
    node = (await scene.api.ask("GET", "/api/v1/nodes/n1")).body["metadata"]
    reference = {"kind": "Node", "apiVersion": "v1", "name": "n1", "uid": node["uid"]}
    token = (await scene.token({"boundObjectRef": reference})).body["status"]["token"]
    assert (await scene.bearing(token)).status == 200
    await scene.api.ask("DELETE", "/api/v1/nodes/n1")
    assert (await scene.bearing(token)).status == 401
    await scene.api.ask("POST", "/api/v1/nodes", {"metadata": {"name": "n1"}})
    assert (await scene.bearing(token)).status == 401


async def test_a_new_pod_gets_a_volume_with_its_token(scene: Scene) -> None:
    mounted = {"name": "own", "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    containers = [{"name": "c", "image": "i"}, {"name": "has", "image": "i", "volumeMounts": [mounted]}]
    pod = await scene.pod(
        "p", containers=containers, initContainers=[{"name": "i", "image": "i"}],
        volumes=[{"name": "own", "emptyDir": {}}],
    )  # fmt: skip
    own, access = pod["spec"]["volumes"]
    name = access["name"]
    assert (own["name"], name[:16], len(name)) == ("own", "kube-api-access-", 21)
    assert access["projected"]["sources"][0] == {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    mount = {"name": name, "readOnly": True, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}
    assert [one["volumeMounts"] for one in pod["spec"]["containers"]] == [[mount], [mounted]]
    assert pod["spec"]["initContainers"][0]["volumeMounts"] == [mount]


async def test_a_pod_or_its_account_may_want_no_token(scene: Scene) -> None:
    assert "volumes" not in (await scene.pod("a", automountServiceAccountToken=False))["spec"]
    patch = {"automountServiceAccountToken": False}
    await scene.api.ask("PATCH", f"{ACCOUNTS}/web", patch, content_type="application/merge-patch+json")
    assert "volumes" not in (await scene.pod("b", serviceAccountName="web"))["spec"]
    kept = await scene.pod("c", serviceAccountName="web", automountServiceAccountToken=True)
    assert len(kept["spec"]["volumes"]) == 1


async def test_the_keys_of_the_issuer_check_its_tokens(scene: Scene) -> None:
    token = (await scene.token()).body["status"]["token"]
    told = await scene.api.ask("GET", "/.well-known/openid-configuration")
    assert told.body["issuer"] == ISSUER
    assert told.body["jwks_uri"] == "https://10.244.0.1:6443/openid/v1/jwks"
    answer = await scene.api.answer("GET", "/openid/v1/jwks")
    assert answer.content_type == "application/jwk-set+json"
    key = jwt.PyJWKSet.from_json(answer.body).keys[0]
    assert jwt.get_unverified_header(token)["kid"] == key.key_id
    assert jwt.decode(token, key.key, ["RS256"], audience=ISSUER)["sub"] == USER
    assert told.body["id_token_signing_alg_values_supported"] == ["RS256"]


async def test_a_cluster_keeps_its_key_of_an_elliptic_curve(tmp_path: Path) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / "sa.key").write_bytes(key_bytes(private))
    ensure_token_key(tmp_path)
    async with world(Settings(advertise_address="10.244.0.1", token_key=tmp_path / "sa.key")) as api:
        await api.ask("POST", ACCOUNTS, {"metadata": {"name": "default"}})
        token = (await api.ask("POST", f"{ACCOUNTS}/default/token", {"spec": {}})).body["status"]["token"]
        key = jwt.PyJWKSet.from_json((await api.answer("GET", "/openid/v1/jwks")).body).keys[0]
        assert jwt.decode(token, key.key, ["ES256"], audience=ISSUER)["aud"] == [ISSUER]
        told = await api.ask("GET", "/.well-known/openid-configuration")
        assert told.body["id_token_signing_alg_values_supported"] == ["ES256"]


@pytest.mark.parametrize("bad", [ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()])
def test_other_keys_are_no_keys_of_tokens(bad: Any, tmp_path: Path) -> None:
    (tmp_path / "sa.key").write_bytes(key_bytes(bad))
    with pytest.raises(ValueError, match="is no key of RSA or P-256"):
        keys.read(tmp_path / "sa.key")


async def test_without_a_key_pods_get_no_tokens_and_all_goes_on() -> None:
    async with world() as api:
        await api.ask("POST", ACCOUNTS, {"metadata": {"name": "web"}})
        made = await api.ask(
            "POST", PODS, {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        )
        assert (made.status, "volumes" in made.body["spec"]) == (201, False)
        assert (await api.ask("POST", f"{ACCOUNTS}/web/token", {})).status == 500
        assert (await api.ask("GET", "/api", peer=NOBODY, authorization="Bearer x")).status == 401


SECRETS = "/api/v1/namespaces/kube-system/secrets"
JOIN = "abcdef.0123456789abcdef"


def bootstrap_secret(**changes: str) -> dict[str, Any]:
    data = {
        "token-id": "abcdef", "token-secret": "0123456789abcdef", "usage-bootstrap-authentication": "true",
        "auth-extra-groups": "system:bootstrappers:workers", **changes,
    }  # fmt: skip
    return {
        "metadata": {"name": "bootstrap-token-abcdef"}, "type": "bootstrap.kubernetes.io/token", "stringData": data,
    }  # fmt: skip


async def test_a_bootstrap_token_stands_for_its_secret(scene: Scene) -> None:
    reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    assert (await scene.bearing(JOIN, "POST", reviews, {})).status == 401
    await scene.api.ask("POST", SECRETS, bootstrap_secret())
    told = await scene.bearing(JOIN, "POST", reviews, {})
    assert told.body["status"]["userInfo"] == {
        "username": "system:bootstrap:abcdef",
        "groups": ["system:bootstrappers", "system:bootstrappers:workers", "system:authenticated"],
    }
    body = {"spec": {"token": JOIN}}
    review = await scene.api.ask("POST", "/apis/authentication.k8s.io/v1/tokenreviews", body)
    assert review.body["status"]["authenticated"] is True
    await scene.api.ask("DELETE", f"{SECRETS}/bootstrap-token-abcdef")
    assert (await scene.bearing(JOIN, "POST", reviews, {})).status == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"token-secret": "fedcba9876543210"}, {"token-id": "fedcba"}, {"usage-bootstrap-authentication": "false"},
        {"expiration": "2001-01-01T00:00:00Z"}, {"expiration": "soon"}, {"auth-extra-groups": "system:masters"},
    ],
)  # fmt: skip
async def test_a_bootstrap_token_that_does_not_hold_is_none(scene: Scene, changes: dict[str, str]) -> None:
    await scene.api.ask("POST", SECRETS, bootstrap_secret(**changes))
    assert (await scene.bearing(JOIN)).status == 401


async def test_a_review_wants_a_token_and_says_nothing_of_itself(scene: Scene) -> None:
    reviews = "/apis/authentication.k8s.io/v1/tokenreviews"
    told = await scene.api.ask("POST", reviews, {"spec": {"token": ""}})
    assert (told.status, told.message) == (400, "token is required for TokenReview in authentication")
    told = await scene.api.ask("POST", reviews, {"spec": {"token": "x"}})
    assert (told.status, set(told.body["metadata"])) == (201, {"managedFields"})
    named = {"metadata": {"name": "other"}, "spec": {}}
    told = await scene.api.ask("POST", f"{ACCOUNTS}/web/token", named)
    why = 'metadata.name: Invalid value: "other": must match the service account name if specified'
    assert (told.status, why in told.message) == (422, True)


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        ("Subject", {"spec": {"user": "x"}}, "exactly one of nonResourceAttributes or resourceAttributes must be"),
        ("Subject", {"spec": {"resourceAttributes": {}}}, "at least one of user or group must be specified"),
        ("Subject", {"metadata": {"name": "x"}, "spec": {"user": "x", "resourceAttributes": {}}}, "must be empty"),
        (
            "SelfSubject", {"spec": {"resourceAttributes": {}, "nonResourceAttributes": {}}},
            "spec.nonResourceAttributes: Invalid value: {}: cannot be specified in combination with resourceAttributes",
        ),
        (
            "SelfSubject", {"spec": {"resourceAttributes": {"fieldSelector": {}}}},
            "when spec.resourceAttributes.fieldSelector is specified, requirements or rawSelector is required",
        ),
        (
            "SelfSubject",
            {"spec": {"resourceAttributes": {"labelSelector": {"rawSelector": "a", "requirements": [{"key": "a"}]}}}},
            "may not specified at the same time as requirements",
        ),
        (
            "SelfSubject",
            {"spec": {"resourceAttributes": {"labelSelector": {"requirements": [{"key": "a", "operator": "In"}]}}}},
            "spec.resourceAttributes.labelSelector.requirements[0].values: Required value: must be specified when",
        ),
        (
            "LocalSubject", {"spec": {"user": "x", "nonResourceAttributes": {"path": "/"}}},
            "disallowed on this kind of request",
        ),
        (
            "LocalSubject", {"spec": {"user": "x", "resourceAttributes": {"namespace": "other"}}},
            'spec.resourceAttributes.namespace: Invalid value: "other": must match metadata.namespace',
        ),
    ],
)  # fmt: skip
async def test_what_is_no_question_is_refused(scene: Scene, kind: str, body: dict[str, Any], text: str) -> None:
    place = "namespaces/default/" if kind == "LocalSubject" else ""
    path = f"/apis/authorization.k8s.io/v1/{place}{kind.lower()}accessreviews"
    told = await scene.api.ask("POST", path, body)
    assert (told.status, text in told.message) == (422, True), told.message


# Tokens that live in Secrets

TOKENS = "/api/v1/namespaces/default/secrets"
TOKEN_TYPE = "kubernetes.io/service-account-token"


async def secret(scene: Scene, name: str = "web-token", account: str = "web") -> Told:
    metadata = {"name": name, "annotations": {"kubernetes.io/service-account.name": account}}
    return await scene.api.ask("POST", TOKENS, {"metadata": metadata, "type": TOKEN_TYPE})


async def seen(scene: Scene, name: str, is_so: Callable[[str, Any], bool], after: str = "") -> Any:
    """The Secret once a watch tells what is asked; ``after`` is a revision."""
    since = f"&resourceVersion={after}" if after else ""
    taker = await scene.api.watch(f"{TOKENS}?watch=true&fieldSelector=metadata.name={name}{since}")
    count = 0
    while True:
        events = (await taker.events(count + 1))[count:]
        assert events, "the watch has ended"
        for event in events:
            if is_so(event["type"], event["object"]):
                taker.close()
                return event["object"]
        count += len(events)


async def held(scene: Scene, name: str = "web-token") -> str:
    found = await seen(scene, name, lambda _, secret: (secret.get("data") or {}).get("token"))
    return base64.b64decode(found["data"]["token"]).decode()


async def test_a_secret_for_a_token_is_filled_and_its_token_stands_for_the_account(scene: Scene) -> None:
    made = await secret(scene)
    assert made.status == 201 and "data" not in made.body
    token = await held(scene)
    found = (await scene.api.ask("GET", f"{TOKENS}/web-token")).body
    uid = (await scene.api.ask("GET", f"{ACCOUNTS}/web")).body["metadata"]["uid"]
    assert found["metadata"]["annotations"]["kubernetes.io/service-account.uid"] == uid
    assert base64.b64decode(found["data"]["namespace"]) == b"default"
    assert "exp" not in jwt.decode(token, options={"verify_signature": False})
    scene.later_s = 10 * 365 * 86400
    review = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    told = await scene.bearing(token, "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    assert (told.status, told.body["status"]["userInfo"]["username"]) == (201, USER)
    assert "extra" not in told.body["status"]["userInfo"]


async def test_a_token_ends_with_its_secret_and_with_what_the_secret_holds(scene: Scene) -> None:
    await secret(scene)
    token = await held(scene)
    assert (await scene.bearing(token)).status == 200
    merge = "application/merge-patch+json"
    await scene.api.ask("PATCH", f"{TOKENS}/web-token", {"data": {"token": None}}, content_type=merge)
    other = await held(scene)
    assert (await scene.bearing(other)).status == 200
    assert (await scene.bearing(token)).status == (200 if token == other else 401)
    await scene.api.ask("DELETE", f"{TOKENS}/web-token")
    assert (await scene.bearing(other)).status == 401


async def test_a_secret_whose_account_is_not_there_goes(scene: Scene) -> None:
    made = await secret(scene, "nobody-s", "nobody")
    after = made.body["metadata"]["resourceVersion"]
    await seen(scene, "nobody-s", lambda type_, _: type_ == "DELETED", after)
    await secret(scene)
    token = await held(scene)
    after = (await scene.api.ask("GET", f"{TOKENS}/web-token")).body["metadata"]["resourceVersion"]
    await scene.api.ask("DELETE", f"{ACCOUNTS}/web")
    await seen(scene, "web-token", lambda type_, _: type_ == "DELETED", after)
    assert (await scene.bearing(token)).status == 401


async def test_what_is_taken_out_of_such_a_secret_is_put_back(scene: Scene) -> None:
    await secret(scene)
    token = await held(scene)
    await scene.api.ask(
        "PATCH", f"{TOKENS}/web-token", {"data": {"namespace": "eA=="}}, content_type="application/merge-patch+json"
    )
    found = await seen(scene, "web-token", lambda _, secret: secret["data"]["namespace"] != "eA==")
    assert base64.b64decode(found["data"]["token"]).decode() == token
