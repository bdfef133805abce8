"""The audit log of a whole API server: levels, stages, who, what, and no secrets."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import jwt
import orjson
import pytest

from component.api_world import ADMIN, NOBODY, Taker, World
from component.memory_store import MemoryStore
from fairway.apiserver import protobuf
from fairway.apiserver.audit.log_file import LogFile
from fairway.apiserver.audit.policy import EVERYTHING, read
from fairway.apiserver.server import ApiServer
from fairway.apiserver.settings import Settings
from fairway.cluster.certificates import ensure_token_key
from fairway.transport.interface import Peer, Stream

MAPS = "/api/v1/namespaces/default/configmaps"
POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": ["system:anonymous"], "nonResourceURLs": ["/healthz*"]},
        {"level": "Request", "resources": [{"group": "", "resources": ["configmaps"]}], "verbs": ["create"]},
        {"level": "None", "resources": [{"group": "", "resources": ["configmaps"], "resourceNames": ["hidden"]}]},
        {"level": "RequestResponse", "omitManagedFields": True, "resources": [{"group": ""}]},
        {"level": "Metadata", "omitStages": []},
    ],
}  # fmt: skip


class Audited:
    def __init__(self, world: World, lines: list[bytes]) -> None:
        self.world, self._lines = world, lines

    def said(self) -> list[Any]:
        """What was written since the last look."""
        found = [orjson.loads(line) for line in self._lines]
        self._lines.clear()
        return found


@asynccontextmanager
async def audited(policy: Any, token_key: Path | None = None) -> AsyncIterator[Audited]:
    lines: list[bytes] = []
    store = MemoryStore()
    server = ApiServer(store, Settings(advertise_address="10.244.0.1", token_key=token_key), (policy, lines.append))
    await server.start()
    try:
        yield Audited(World(server, store), lines)
    finally:
        await server.stop()


@pytest.fixture
async def api() -> AsyncIterator[Audited]:
    async with audited(read(POLICY)) as made:
        yield made


async def test_a_request_is_told_with_its_body_and_not_its_answer(api: Audited) -> None:
    body = {"metadata": {"name": "m"}, "data": {"a": "1"}}
    told = await api.world.ask("POST", f"{MAPS}?fieldManager=me", body, user_agent="kubectl/v1.36")
    (event,) = api.said()
    assert {field: event[field] for field in ("kind", "apiVersion", "level", "stage", "verb", "requestURI")} == {
        "kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Request", "stage": "ResponseComplete",
        "verb": "create", "requestURI": f"{MAPS}?fieldManager=me",
    }  # fmt: skip
    assert event["auditID"] == told.headers["audit-id"]
    assert event["user"] == {"username": "kubernetes-admin", "groups": ["system:masters", "system:authenticated"]}
    assert (event["sourceIPs"], event["userAgent"]) == (["127.0.0.1"], "kubectl/v1.36")
    expected = {"resource": "configmaps", "namespace": "default", "name": "m", "apiVersion": "v1"}
    assert event["objectRef"] == expected
    assert (event["responseStatus"], event["requestObject"]) == (
        {"metadata": {}, "code": 201},
        {"kind": "ConfigMap", "apiVersion": "v1", **body},
    )
    assert "responseObject" not in event
    assert event["annotations"]["authorization.k8s.io/decision"] == "allow"
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"}
    binding = {"metadata": {"name": "b"}, "roleRef": role, "subjects": [{"kind": "User", "name": "jane"}]}
    await api.world.ask("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    await api.world.ask("GET", "/version", peer=Peer("127.0.0.1", "jane"))
    *_, event = api.said()
    reason = event["annotations"]["authorization.k8s.io/reason"]
    assert reason == 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "cluster-admin" to User "jane"'
    assert event["requestReceivedTimestamp"] <= event["stageTimestamp"]


async def test_answers_are_told_where_the_policy_says_so_without_managers(api: Audited) -> None:
    await api.world.ask("POST", MAPS, {"metadata": {"name": "m", "labels": {"a": "b"}}})
    api.said()
    await api.world.ask("GET", f"{MAPS}/m")
    (event,) = api.said()
    assert event["responseObject"]["metadata"]["labels"] == {"a": "b"}
    assert "managedFields" not in event["responseObject"]["metadata"]
    await api.world.ask("GET", f"{MAPS}/hidden")
    assert api.said() == []


async def test_secrets_are_never_told_in_full(api: Audited) -> None:
    secrets = "/api/v1/namespaces/default/secrets"
    await api.world.ask("POST", secrets, {"metadata": {"name": "s"}, "stringData": {"password": "hunter2"}})
    await api.world.ask("GET", f"{secrets}/s")
    await api.world.ask("PATCH", f"{secrets}/s", b'{"stringData":{"x":"hunter2"}}',
                        content_type="application/merge-patch+json")  # fmt: skip
    events = api.said()
    assert [event["level"] for event in events] == ["Metadata"] * 3
    assert b"hunter2" not in orjson.dumps(events)


async def test_admission_has_its_say(api: Audited) -> None:
    level = {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/audit": "restricted"}
    await api.world.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "n", "labels": level}})
    api.said()
    spec = {"containers": [{"name": "c", "image": "luksa/kubia"}]}
    await api.world.ask("POST", "/api/v1/namespaces/n/pods", {"metadata": {"name": "p"}, "spec": spec})
    (event,) = api.said()
    annotations = event["annotations"]
    assert annotations["pod-security.kubernetes.io/enforce-policy"] == "baseline:latest"
    assert annotations["pod-security.kubernetes.io/audit-violations"].startswith(
        'would violate PodSecurity "restricted:latest": allowPrivilegeEscalation != false'
    )


async def test_refusals_say_why_and_to_whom(api: Audited) -> None:
    await api.world.ask("GET", "/api/v1/nodes", peer=NOBODY)
    (event,) = api.said()
    assert event["user"]["username"] == "system:anonymous"
    assert (event["responseStatus"]["code"], event["responseStatus"]["reason"]) == (403, "Forbidden")
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"
    await api.world.ask("GET", "/version", authorization="Bearer nonsense", peer=NOBODY)
    (unknown,) = api.said()
    assert (unknown["responseStatus"]["code"], unknown["user"]) == (401, {})
    await api.world.ask("GET", f"{MAPS}/missing")
    (missing,) = api.said()
    assert missing["responseStatus"]["reason"] == "NotFound"


async def test_who_acts_as_somebody_else_is_told_too(api: Audited) -> None:
    await api.world.ask("GET", MAPS, impersonate_user="jane", impersonate_group="devs")
    (event,) = api.said()
    assert (event["user"]["username"], event["impersonatedUser"]["username"]) == ("kubernetes-admin", "jane")


async def test_a_watch_is_told_when_it_begins_and_when_it_ends(api: Audited) -> None:
    found = await api.world.answer("GET", f"{MAPS}?watch=1", peer=ADMIN)
    assert isinstance(found, Stream)
    taker = Taker(found)
    (began,) = api.said()
    assert (began["stage"], began["verb"], began["responseStatus"]["code"]) == ("ResponseStarted", "watch", 200)
    taker.close()
    (ended,) = api.said()
    assert (ended["stage"], ended["auditID"]) == ("ResponseComplete", began["auditID"])


async def test_what_may_last_is_told_when_it_begins(api: Audited) -> None:
    await api.world.ask("GET", "/api/v1/namespaces/default/pods/none/log")
    begun, ended = api.said()
    assert (begun["stage"], ended["stage"]) == ("ResponseStarted", "ResponseComplete")
    assert begun["responseStatus"]["code"] == ended["responseStatus"]["code"] == 404


async def test_how_something_is_deleted_is_told(api: Audited) -> None:
    await api.world.ask("POST", MAPS, {"metadata": {"name": "m"}})
    await api.world.ask("DELETE", f"{MAPS}/m", {"propagationPolicy": "Background"})
    *_, event = api.said()
    assert event["requestObject"] == {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}


async def test_without_a_policy_everything_is_told_at_metadata() -> None:
    async with audited(EVERYTHING) as api:
        told = await api.world.ask("GET", "/version", audit_id="mine")
        (event,) = api.said()
        assert (event["level"], event["requestURI"], event["verb"]) == ("Metadata", "/version", "get")
        assert (event["auditID"], told.headers["audit-id"]) == ("mine", "mine")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "Foo"}, "expected apiVersion audit.k8s.io/v1 and kind Policy"),
        ({"rules": []}, "rules: expected at least one"),
        ({"rules": [{"level": "All"}]}, "rules[0].level: 'All' is none of None, Metadata, Request, RequestResponse"),
        ({"rules": [{"level": "None", "user": ["x"]}]}, "rules[0]: unknown field 'user'"),
        ({"omitStages": ["End"]}, "omitStages: 'End' is none of"),
        ({"rules": [{"level": "None", "namespaces": ["a"], "nonResourceURLs": ["/x"]}]}, "not about both"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(change: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        read(POLICY | change)


async def test_the_file_begins_anew_when_it_is_large(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = LogFile(path, file_bytes=30, kept=2)
    for number in range(7):
        log.write(b"%d: twelve\n" % number)
        await asyncio.sleep(0)
    log.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [(tmp_path / name).read_text().split("\n")[0] for name in ("audit.log", "audit.log.1", "audit.log.2")] == [
        "6: twelve", "3: twelve", "0: twelve",
    ]  # fmt: skip


async def test_policies_tell_the_log_what_they_find(api: Audited) -> None:
    group = "/apis/admissionregistration.k8s.io/v1"
    rule = {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"]}
    spec = {
        "matchConstraints": {"resourceRules": [rule]}, "validations": [{"expression": "false", "message": "no"}],
        "auditAnnotations": [{"key": "who", "valueExpression": "' ' + object.metadata.name"},
                             {"key": "none", "valueExpression": "''"}],
    }  # fmt: skip
    await api.world.ask("POST", f"{group}/validatingadmissionpolicies", {"metadata": {"name": "p"}, "spec": spec})
    for name in ("a", "b"):
        binding = {"policyName": "p", "validationActions": ["Audit"]}
        await api.world.ask(
            "POST", f"{group}/validatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": binding}
        )
    api.said()
    assert (await api.world.ask("POST", MAPS, {"metadata": {"name": "m"}})).status == 201
    (event,) = api.said()
    found = {key: value for key, value in event["annotations"].items() if not key.startswith("authorization")}
    assert found.pop("p/who") == "m"
    (failure,) = orjson.loads(found.pop("validation.policy.admission.k8s.io/validation_failure"))
    assert failure == {
        "message": "no", "policy": "p", "binding": "a", "expressionIndex": 0, "validationActions": ["Audit"],
    }  # fmt: skip
    assert found == {}


async def test_tokens_are_told_by_their_ids_and_stale_ones_as_such(tmp_path: Path) -> None:
    ensure_token_key(tmp_path)
    async with audited(read({**POLICY, "rules": [{"level": "Metadata"}]}), tmp_path / "sa.key") as api:
        accounts = "/api/v1/namespaces/default/serviceaccounts"
        await api.world.ask("POST", accounts, {"metadata": {"name": "default"}})
        container = {"name": "c", "image": "i"}
        pod = (
            await api.world.ask(
                "POST",
                "/api/v1/namespaces/default/pods",
                {"metadata": {"name": "p"}, "spec": {"nodeName": "n1", "containers": [container]}},
            )
        ).body["metadata"]
        bound = {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": pod["uid"]}
        body = {"spec": {"boundObjectRef": bound, "expirationSeconds": 3607}}
        api.said()
        told = await api.world.ask("POST", f"{accounts}/default/token", body)
        token = told.body["status"]["token"]
        claims = jwt.decode(token, options={"verify_signature": False})
        key = "authentication.kubernetes.io/issued-credential-id"
        assert api.said()[-1]["annotations"][key] == f"JTI={claims['jti']}"
        tokens = api.world.server.api.tokens
        assert tokens is not None
        stale = "authentication.k8s.io/stale-token"
        for later_s, expected in ((0, None), (3707, "seconds after warning threshold: 100")):
            tokens._clock = lambda later_s=later_s: claims["iat"] + later_s  # type: ignore[misc]
            await api.world.ask("GET", "/version", peer=NOBODY, authorization=f"Bearer {token}")
            note = api.said()[-1]["annotations"].get(stale)
            who = "subject: system:serviceaccount:default:default"
            assert note == (expected and f"{who}, {expected}")


async def test_what_is_said_in_protobuf_is_written_down_as_in_json(api: Audited) -> None:
    accounts = "/api/v1/namespaces/default/serviceaccounts"
    about = {"kind": "ServiceAccount", "apiVersion": "v1"}
    raw = protobuf.encode({**about, "metadata": {"name": "one", "annotations": {"a": "ä"}}})
    media = "application/vnd.kubernetes.protobuf"
    api.said()
    assert (await api.world.ask("POST", accounts, raw, content_type=media, accept=media)).status == 201
    assert (await api.world.ask("GET", f"{accounts}/two", accept=media)).status == 404
    made, missing = api.said()
    assert made["requestObject"]["metadata"]["annotations"] == made["responseObject"]["metadata"]["annotations"]
    assert {field: made["responseObject"][field] for field in about} == about
    assert missing["responseStatus"]["message"] == 'serviceaccounts "two" not found'
