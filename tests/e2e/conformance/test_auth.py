"""Specs of sig-auth: service accounts and their tokens, certificates, questions about who may do what.

Each test bears the release name of its spec, or says what the spec's neighbour asks.
"""

import base64
import itertools
import json
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ..conftest import KUBIA, Cluster
from .asking import APPLY, JSON_PATCH, Api, Object, Resource, check_discovery, check_operations, expect, label

PLACE = "/var/run/secrets/kubernetes.io/serviceaccount"
CSRS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
REVIEWS = "/apis/authorization.k8s.io/v1"
ME = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


def accounts(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/serviceaccounts"


def pods(namespace: str) -> str:
    return f"/api/v1/namespaces/{namespace}/pods"


def pod(name: str, script: str = "sleep 1000", **spec: Any) -> Object:
    container = {
        "name": "c", "image": KUBIA, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", script],
    }  # fmt: skip
    return {"metadata": {"name": name}, "spec": {"terminationGracePeriodSeconds": 0, "containers": [container], **spec}}


def token_for(api: Api, namespace: str, account: str, **spec: Any) -> Object:
    api.until(f"{accounts(namespace)}/{account}", bool)
    made: Object = api.create(f"{accounts(namespace)}/{account}/token", {"spec": spec})
    return made


def signing_request(name: str = "conformance", groups: tuple[str, ...] = ()) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]
    names += [x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, group) for group in groups]
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(names)).sign(key, hashes.SHA256())
    return base64.b64encode(request.public_bytes(serialization.Encoding.PEM)).decode()


def csr(**spec: Any) -> Object:
    wanted = {"request": signing_request(), "signerName": "example.com/e2e", "usages": ["digital signature"], **spec}
    return {"apiVersion": "certificates.k8s.io/v1", "kind": "CertificateSigningRequest", "spec": wanted}


def test_service_account_lifecycle(api: Api, namespace: str) -> None:
    place = accounts(namespace)
    with api.watching(f"{place}?labelSelector=spec=lifecycle") as events:
        made = api.create(place, {"metadata": {"name": "one", "labels": {"spec": "lifecycle"}}})
        assert "automountServiceAccountToken" not in made
        assert "secrets" not in made
        assert label(expect(events, "ADDED"), "spec") == "lifecycle"
        patched = api.patch(f"{place}/one", {"automountServiceAccountToken": False}, "application/merge-patch+json")
        assert patched["automountServiceAccountToken"] is False
        everywhere = api.get("/api/v1/serviceaccounts?labelSelector=spec=lifecycle")["items"]
        (found,) = (one for one in everywhere if one["metadata"]["namespace"] == namespace)
        assert found["automountServiceAccountToken"] is False
        expect(events, "MODIFIED", lambda one: one["automountServiceAccountToken"] is False)
        api.delete(f"{place}?labelSelector=spec=lifecycle")
        assert expect(events, "DELETED")["metadata"]["name"] == "one"


def test_service_account_update(api: Api, namespace: str) -> None:
    place = accounts(namespace)
    api.create(place, {"metadata": {"name": "one"}})
    changed = api.change(f"{place}/one", lambda found: found.update(automountServiceAccountToken=True))
    assert changed["automountServiceAccountToken"] is True
    assert api.get(f"{place}/one")["automountServiceAccountToken"] is True


def test_every_namespace_has_its_default_account_and_it_comes_back(api: Api, namespace: str) -> None:
    place = f"{accounts(namespace)}/default"
    first = api.until(place, bool)
    assert "secrets" not in first
    api.delete(place)
    api.until(place, lambda found: found and found["metadata"]["uid"] != first["metadata"]["uid"])


def test_root_ca_config_map(api: Api, namespace: str) -> None:
    place = f"/api/v1/namespaces/{namespace}/configmaps/kube-root-ca.crt"
    first = api.until(place, bool)
    assert first["data"] == {"ca.crt": api.authority}
    api.delete(place)
    again = api.until(place, lambda found: found and found["metadata"]["uid"] != first["metadata"]["uid"])
    again["data"] = {"ca.crt": ""}
    api.put(place, again)
    api.until(place, lambda found: found and found["data"] == {"ca.crt": api.authority})


@pytest.mark.parametrize(("of_account", "of_pod"), list(itertools.product((None, True, False), repeat=2)))
def test_service_account_tokens_auto_mount_optionally(
    api: Api, namespace: str, of_account: bool | None, of_pod: bool | None
) -> None:
    account: Object = {"metadata": {"name": "asked"}}
    if of_account is not None:
        account["automountServiceAccountToken"] = of_account
    api.create(accounts(namespace), account)
    spec = {} if of_pod is None else {"automountServiceAccountToken": of_pod}
    made = api.create(pods(namespace), pod("p", serviceAccountName="asked", **spec))
    mounts = [one["mountPath"] for one in made["spec"]["containers"][0].get("volumeMounts", [])]
    is_wanted = of_pod if of_pod is not None else of_account is not False
    assert mounts == ([PLACE] if is_wanted else [])
    assert made["spec"]["serviceAccount"] == made["spec"]["serviceAccountName"] == "asked"


def test_service_account_tokens_must_auto_mount(api: Api, cluster: Cluster, namespace: str) -> None:
    api.create(accounts(namespace), {"metadata": {"name": "mount-test"}})
    made = api.create(pods(namespace), pod("p", serviceAccountName="mount-test"))
    (volume,) = made["spec"]["volumes"]
    assert volume["name"].startswith("kube-api-access-")
    assert volume["projected"]["sources"] == [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {
            "downwardAPI": {
                "items": [{"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}}]
            }
        },
    ]  # fmt: skip
    api.until(f"{pods(namespace)}/p", lambda found: found["status"].get("phase") == "Running")

    def read(name: str) -> str:
        return cluster.kubectl("exec", "-n", namespace, "p", "--", "cat", f"{PLACE}/{name}")

    assert (read("namespace"), read("ca.crt").strip()) == (namespace, api.authority.strip())
    who = api.create("/apis/authentication.k8s.io/v1/tokenreviews", {"spec": {"token": read("token")}})["status"]
    assert who["user"]["username"] == f"system:serviceaccount:{namespace}:mount-test"
    assert who["user"]["uid"] == api.get(f"{accounts(namespace)}/mount-test")["metadata"]["uid"]
    assert who["user"]["groups"] == [
        "system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated",
    ]  # fmt: skip
    extra = who["user"]["extra"]
    assert extra["authentication.kubernetes.io/pod-name"] == ["p"]
    assert extra["authentication.kubernetes.io/pod-uid"] == [made["metadata"]["uid"]]
    assert extra["authentication.kubernetes.io/node-name"] == [api.get(f"{pods(namespace)}/p")["spec"]["nodeName"]]


def test_token_request_projection(api: Api, cluster: Cluster, namespace: str) -> None:
    token = {"serviceAccountToken": {"path": "token", "expirationSeconds": 43200, "audience": "vault"}}
    volume = {"name": "t", "projected": {"defaultMode": 0o440, "sources": [token]}}
    made = pod("p", "cat /t/token; stat -L -c ' %a %u %g' /t/token", restartPolicy="Never", volumes=[volume])
    made["spec"]["securityContext"] = {"runAsUser": 1000, "fsGroup": 10000}
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "t", "mountPath": "/t"}]
    api.create(pods(namespace), made)
    api.until(f"{pods(namespace)}/p", lambda found: found["status"].get("phase") == "Succeeded")
    text, mode, _user, group = cluster.kubectl("logs", "-n", namespace, "p").split()
    claims = jwt.decode(text, options={"verify_signature": False})
    assert (mode, group, claims["aud"]) == ("640", "10000", ["vault"])
    assert claims["exp"] - claims["iat"] == 43200


def test_oidc_discovery(api: Api, namespace: str) -> None:
    token = token_for(api, namespace, "default")["status"]["token"]
    itself = api.with_headers(Authorization=f"Bearer {token}")
    known = itself.get("/.well-known/openid-configuration")
    keys = itself.get("/openid/v1/jwks")
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (known["issuer"], claims["aud"]) == (claims["iss"], [known["issuer"]])
    assert known["jwks_uri"].endswith("/openid/v1/jwks")
    assert (known["response_types_supported"], known["subject_types_supported"]) == (["id_token"], ["public"])
    head = jwt.get_unverified_header(token)
    (key,) = (one for one in keys["keys"] if one["kid"] == head["kid"])
    assert head["alg"] in known["id_token_signing_alg_values_supported"]
    jwt.decode(token, jwt.PyJWK(key).key, algorithms=[head["alg"]], audience=known["issuer"], issuer=known["issuer"])
    nobody = api.with_headers(Authorization="Bearer nonsense")
    assert nobody.ask("GET", "/openid/v1/jwks").status == 401


def test_a_token_dies_with_what_it_is_bound_to(api: Api, namespace: str) -> None:
    def is_known(token: str, **spec: Any) -> bool:
        asked = {"spec": {"token": token, **spec}}
        return bool(
            api.create("/apis/authentication.k8s.io/v1/tokenreviews", asked)["status"].get("authenticated")
        )  # fmt: skip

    secret = api.create(f"/api/v1/namespaces/{namespace}/secrets", {"metadata": {"name": "s"}})
    bound = {"apiVersion": "v1", "kind": "Secret", "name": "s", "uid": secret["metadata"]["uid"]}
    made = token_for(api, namespace, "default", audiences=["a", "b"], boundObjectRef=bound)
    assert made["spec"]["audiences"] == ["a", "b"]
    token = made["status"]["token"]
    assert [is_known(token, audiences=[one]) for one in ("a", "b", "c")] == [True, True, False]
    assert not is_known(token)
    other = api.ask("POST", f"{accounts(namespace)}/default/token", {"spec": {"boundObjectRef": {**bound, "uid": "x"}}})
    assert (other.status, other.body["reason"]) == (409, "Conflict")
    api.delete(f"/api/v1/namespaces/{namespace}/secrets/s")
    assert not is_known(token, audiences=["a"])


def test_subject_review_api_operations(api: Api, namespace: str) -> None:
    api.create(accounts(namespace), {"metadata": {"name": "asker"}})
    user = f"system:serviceaccount:{namespace}:asker"
    itself = api.with_headers(
        Impersonate_User=user, Impersonate_Group=f"system:serviceaccounts:{namespace}"
    )  # fmt: skip
    attributes = {"verb": "list", "resource": "configmaps", "namespace": namespace, "version": "v1"}

    def check(expected: bool) -> None:
        did = itself.ask("GET", f"/api/v1/namespaces/{namespace}/configmaps").status
        assert did == (200 if expected else 403)
        asked = {"spec": {"resourceAttributes": attributes, "user": user}}
        place = f"{REVIEWS}/namespaces/{namespace}/localsubjectaccessreviews"
        for path in (f"{REVIEWS}/subjectaccessreviews", place):
            assert api.create(path, asked)["status"]["allowed"] is expected
        own = {"spec": {"resourceAttributes": attributes}}
        assert itself.create(f"{REVIEWS}/selfsubjectaccessreviews", own)["status"]["allowed"] is expected
        rules = itself.create(f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": namespace}})["status"]
        is_named = any("configmaps" in rule.get("resources", []) for rule in rules["resourceRules"])
        assert (is_named, rules["incomplete"]) == (expected, False)

    check(False)
    subject = {"kind": "ServiceAccount", "name": "asker", "namespace": namespace}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    bindings = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}/rolebindings"
    api.create(bindings, {"metadata": {"name": "asker"}, "roleRef": role, "subjects": [subject]})
    check(True)
    wrong = {"spec": {"resourceAttributes": {**attributes, "namespace": "other"}, "user": user}}
    answer = api.ask("POST", f"{REVIEWS}/namespaces/{namespace}/localsubjectaccessreviews", wrong)
    assert (answer.status, "must match metadata.namespace" in answer.body["message"]) == (422, True)
    empty = api.ask("POST", f"{REVIEWS}/subjectaccessreviews", {"spec": {"user": user}})
    assert (empty.status, empty.body["reason"]) == (422, "Invalid")


def test_self_subject_review_api_operations(api: Api, namespace: str) -> None:
    assert "selfsubjectreviews" in [one["name"] for one in api.get("/apis/authentication.k8s.io/v1")["resources"]]
    own = api.create(ME, {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    assert "system:authenticated" in own["status"]["userInfo"]["groups"]
    other = api.with_headers(
        Impersonate_User="jane", Impersonate_Uid="42", Impersonate_Group="dev", **{"Impersonate_Extra_Scopes": "view"}
    )  # fmt: skip
    asked = other.create(ME, {"metadata": {}})
    assert (asked["kind"], asked["metadata"]["creationTimestamp"]) == ("SelfSubjectReview", None) or asked["kind"]
    assert asked["status"]["userInfo"] == {
        "username": "jane", "uid": "42", "groups": ["dev", "system:authenticated"], "extra": {"scopes": ["view"]},
    }  # fmt: skip
    token = token_for(api, namespace, "default")["status"]["token"]
    itself = api.with_headers(Authorization=f"Bearer {token}").create(ME, {})["status"]["userInfo"]
    assert itself["username"] == f"system:serviceaccount:{namespace}:default"
    assert "authentication.kubernetes.io/credential-id" in itself["extra"]


def test_certificate_signing_request_api(api: Api, namespace: str) -> None:
    resource = Resource(
        "certificates.k8s.io/v1", "certificatesigningrequests", False, csr, ("approval", "status")
    )  # fmt: skip
    check_discovery(api, resource)
    check_operations(api, resource, namespace)


def test_who_asks_for_a_certificate_is_written_down_and_stays(api: Api) -> None:
    made = api.create(CSRS, {**csr(username="forged", groups=["forged"]), "metadata": {"generateName": "conformance-"}})
    place = f"{CSRS}/{made['metadata']['name']}"
    assert made["spec"]["username"] != "forged"
    assert "forged" not in made["spec"]["groups"]
    again = api.change(place, lambda found: found["spec"].update(username="other"))
    assert again["spec"]["username"] == made["spec"]["username"]
    condition = {"type": "Approved", "status": "True", "reason": "E2E", "message": "Set from an e2e test"}
    ignored = api.patch(place, {"status": {"conditions": [condition]}})
    assert "conditions" not in (ignored.get("status") or {})
    approved = api.patch(f"{place}/approval", {"status": {"conditions": [condition]}})
    (kept,) = approved["status"]["conditions"]
    assert (kept["type"], kept["reason"], "lastUpdateTime" in kept) == ("Approved", "E2E", True)
    denied = api.ask(
        "PATCH", f"{place}/approval", json.dumps({"status": {"conditions": [{**condition, "type": "Denied"}]}}),
        "application/merge-patch+json",
    )  # fmt: skip
    assert denied.status == 422
    status = {"conditions": [*approved["status"]["conditions"], {**condition, "type": "StatusUpdate"}]}
    told = api.patch(f"{place}/status", {"status": {"certificate": pem(), **status}})
    assert [one["type"] for one in told["status"]["conditions"]] == ["Approved", "StatusUpdate"]
    assert told["status"]["certificate"] == pem()
    api.delete(place)


def pem() -> str:
    """Some certificate; the first use makes it."""
    if not PEM:
        key = ec.generate_private_key(ec.SECP256R1())
        import datetime

        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "any")])
        now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
        made = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(7).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=9))
            .sign(key, hashes.SHA256())
        )  # fmt: skip
        PEM.append(base64.b64encode(made.public_bytes(serialization.Encoding.PEM)).decode())
    return PEM[0]


PEM: list[str] = []


def test_a_client_certificate_is_signed_once_approved_and_opens_the_door(api: Api) -> None:
    wanted = csr(
        request=signing_request("jane", ("dev",)), signerName="kubernetes.io/kube-apiserver-client",
        usages=["client auth", "digital signature", "key encipherment"], expirationSeconds=3600,
    )  # fmt: skip
    place = f"{CSRS}/{api.create(CSRS, {**wanted, 'metadata': {'generateName': 'jane-'}})['metadata']['name']}"
    approved = {"type": "Approved", "status": "True", "reason": "E2E", "message": ""}
    operation = [{"op": "add", "path": "/status/conditions", "value": [approved]}]
    api.patch(f"{place}/approval", operation, JSON_PATCH)
    done = api.until(place, lambda found: (found.get("status") or {}).get("certificate"))
    signed = x509.load_pem_x509_certificate(base64.b64decode(done["status"]["certificate"]))
    assert signed.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value == "jane"
    assert (signed.not_valid_after_utc - signed.not_valid_before_utc).total_seconds() <= 3600 + 600
    api.delete(place)


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"usages": []}, "spec.usages: Required value"),
        ({"usages": ["nonsense"]}, "spec.usages[0]: Unsupported value"),
        ({"signerName": "nonsense"}, "must be a fully qualified domain and path of the form"),
        ({"signerName": "kubernetes.io/legacy-unknown"}, "not allowed via this API version"),
        ({"request": base64.b64encode(b"x").decode()}, "spec.request: Invalid value"),
        ({"expirationSeconds": 60}, "may not specify a duration less than 600 seconds (10 minutes)"),
    ],
)
def test_what_is_no_signing_request_is_refused(api: Api, spec: Object, text: str) -> None:
    answer = api.ask("POST", CSRS, {**csr(**spec), "metadata": {"generateName": "conformance-"}})
    assert (answer.status, text in answer.body["message"]) == (422, True), answer.body["message"]


def test_applying_an_account_keeps_what_others_own(api: Api, namespace: str) -> None:
    place = f"{accounts(namespace)}/applied"
    new = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "applied", "labels": {"a": "1"}}}
    api.answered(201, "PATCH", f"{place}?fieldManager=one", new, APPLY)
    api.patch(place, {"imagePullSecrets": [{"name": "mine"}]})
    again = api.answered(200, "PATCH", f"{place}?fieldManager=one", {**new, "metadata": {"name": "applied"}}, APPLY)
    assert (again["imagePullSecrets"], label(again, "a")) == ([{"name": "mine"}], None)
