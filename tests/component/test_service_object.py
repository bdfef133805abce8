# ruff: noqa: E501  (texts of the wire stay in one piece)
"""Every line of what a Service may say, over TLS against the API server on SQLite, in upstream's words.

One server for each table; every row that is not as it should be is shown, not only the first.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from component.hostile_world import Answer, Hostile, hostile_world
from component.service_object_rows import CREATES, DEFAULTS, META, STATUSES, TWO, WARNED, WEB, of_type
from fairway.apiserver.settings import Settings

SERVICES = "/api/v1/namespaces/default/services"
DUAL = Settings(service_cidrs=("10.96.0.0/16", "fd96::/112"), advertise_address="10.244.0.1")


class Api:
    """The server, spoken to as any client does."""

    def __init__(self, world: Hostile) -> None:
        self.world = world

    async def ask(self, method: str, target: str = "", body: Any = None, **more: Any) -> Answer:
        """``target`` is below the Services of the namespace ``default``, unless it begins with a slash."""
        path = target if target.startswith("/") else f"{SERVICES}/{target}".rstrip("/")
        return await self.world.ask(method, path, body, **more)

    async def create(self, name: str, query: str = "", **spec: Any) -> Answer:
        return await self.ask("POST", f"{SERVICES}{query}", service(name, **spec))

    async def made(self, name: str, **spec: Any) -> Any:
        told = await self.create(name, **spec)
        assert told.status == 201, told.body
        return told.body

    async def patch(self, name: str, patch: Any, kind: str = "merge", query: str = "") -> Answer:
        return await self.ask("PATCH", f"{name}{query}", patch, media=f"application/{kind}-patch+json")

    async def claims(self) -> set[str]:
        """All addresses and ports that are taken in the store."""
        entries, _ = await self.world.store.read("/")
        return {entry.key for entry in entries if "ipaddresses" in entry.key or "/claims/" in entry.key}


def service(name: str, **spec: Any) -> Any:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with hostile_world(tmp_path, settings=DUAL) as world:
        yield Api(world)


def told(answer: Answer) -> str:
    """What an answer says about a Service, without the beginning that is always the same."""
    if answer.status < 300:
        return ""
    text = answer.message
    start = text.find(" is invalid: ")
    return text[start + len(" is invalid: ") :] if start >= 0 else text


async def test_what_is_refused_at_creation_is_refused_in_upstreams_words_and_takes_nothing(api: Api) -> None:
    await api.made("holder", type="NodePort", ports=[{"port": 80, "nodePort": 30099}])
    wrong = []
    for number, (spec, wanted) in enumerate(CREATES):
        before = await api.claims()
        answer = await api.create(f"row-{number}", **spec)
        if told(answer) != wanted:
            wrong.append((spec, told(answer), wanted))
        if answer.status == 201:
            await api.ask("DELETE", f"row-{number}")
        if await api.claims() != before:
            wrong.append((spec, "leaks", str(await api.claims() ^ before)))
    assert wrong == []


async def test_metadata_is_judged_too(api: Api) -> None:
    wrong = []
    for meta, wanted in META:
        answer = await api.ask("POST", "", {"metadata": meta, "spec": {"ports": WEB}})
        if told(answer) != wanted:
            wrong.append((meta, told(answer), wanted))
    assert wrong == []


async def test_what_is_accepted_but_doubtful_is_warned_of(api: Api) -> None:
    wrong = []
    for number, (spec, wanted) in enumerate(WARNED):
        answer = await api.create(f"row-{number}", **spec)
        raw = re.findall(r'299 - "((?:[^"\\]|\\.)*)"', answer.headers.get("warning", ""))
        texts = [text.replace('\\"', '"') for text in raw]
        if answer.status != 201 or texts != wanted:
            wrong.append((spec, answer.status, texts, wanted))
    assert wrong == []


async def test_what_is_left_out_is_filled_in(api: Api) -> None:
    wrong = []
    for number, (spec, wanted) in enumerate(DEFAULTS):
        answer = await api.create(f"row-{number}", **spec)
        found = {name: answer.body.get("spec", {}).get(name) for name in wanted}
        if found != wanted or answer.body["status"] != {"loadBalancer": {}}:
            wrong.append((spec, found, wanted))
    assert wrong == []


async def test_the_status_is_judged_and_written_apart(api: Api) -> None:
    wrong = []
    for number, (type_, ingress, wanted) in enumerate(STATUSES):
        name = f"row-{number}"
        await api.made(name, **of_type(type_))
        answer = await api.patch(f"{name}/status", {"status": {"loadBalancer": {"ingress": [ingress]}}})
        if told(answer) != wanted:
            wrong.append((type_, ingress, told(answer), wanted))
    assert wrong == []
    assert (await api.ask("GET", "row-2")).body["status"]["loadBalancer"]["ingress"][0]["ipMode"] == "VIP"


async def changed(api: Api, name: str, **spec: Any) -> Answer:
    """A PUT of the whole object with other values in its spec; ``None`` takes a field away."""
    found = (await api.ask("GET", name)).body
    found["spec"] = {key: value for key, value in {**found["spec"], **spec}.items() if value is not None}
    return await api.ask("PUT", name, found)


ONCE = "may not change once set"


async def test_what_may_not_change_does_not(api: Api) -> None:
    await api.made("web", ports=WEB, clusterIP="10.96.0.20")
    await api.made("headless", ports=WEB, clusterIP="None", selector={"a": "b"})
    await api.made(
        "both",
        ports=WEB,
        clusterIP="10.96.0.22",
        clusterIPs=["10.96.0.22", "fd96::22"],
        ipFamilyPolicy="RequireDualStack",
    )
    await api.made(
        "lb",
        **of_type("LoadBalancer", loadBalancerClass="a/b", externalTrafficPolicy="Local", healthCheckNodePort=30500),
    )
    await api.made("plain", **of_type("LoadBalancer"))
    rows: list[tuple[str, dict[str, Any], str]] = [
        ("web", {"clusterIP": "10.96.0.21", "clusterIPs": None}, f'spec.clusterIPs[0]: Invalid value: ["10.96.0.21"]: {ONCE}'),
        ("web", {"clusterIP": "10.96.0.21"}, f'spec.clusterIPs[0]: Invalid value: ["10.96.0.21"]: {ONCE}'),
        ("web", {"clusterIP": "None", "clusterIPs": ["None"]}, f'spec.clusterIPs[0]: Invalid value: ["None"]: {ONCE}'),
        ("headless", {"clusterIP": "10.96.0.23", "clusterIPs": ["10.96.0.23"]}, f'spec.clusterIPs[0]: Invalid value: ["10.96.0.23"]: {ONCE}'),
        ("headless", {"ipFamilies": ["IPv6"]}, ""),
        ("web", {"ipFamilies": ["IPv6"]}, 'spec.clusterIPs[0]: Invalid value: "10.96.0.20": expected an IPv6 value as indicated by `ipFamilies[0]`'),
        ("both", {"clusterIPs": ["10.96.0.22"]}, "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be 'SingleStack' to release the secondary cluster IP"),
        ("both", {"ipFamilies": ["IPv6", "IPv4"]}, '[spec.clusterIPs[0]: Invalid value: "10.96.0.22": expected an IPv6 value as indicated by `ipFamilies[0]`, spec.clusterIPs[1]: Invalid value: "fd96::22": expected an IPv4 value as indicated by `ipFamilies[1]`]'),
        ("lb", {"healthCheckNodePort": 30501}, "spec.healthCheckNodePort: Forbidden: field is immutable"),
        ("lb", {"loadBalancerClass": "a/c"}, f'spec.loadBalancerClass: Invalid value: "a/c": {ONCE}'),
        ("lb", {"loadBalancerClass": None}, f'spec.loadBalancerClass: Invalid value: "null": {ONCE}'),
        ("plain", {"loadBalancerClass": "a/c"}, f'spec.loadBalancerClass: Invalid value: "a/c": {ONCE}'),
        ("web", {"clusterIP": None, "clusterIPs": None}, ""),
        ("web", {"ports": [{"name": "x", "port": 81, "protocol": "UDP"}], "selector": {"x": "y"}, "sessionAffinity": "ClientIP"}, ""),
        ("both", {"ipFamilyPolicy": "SingleStack", "clusterIPs": ["10.96.0.22"], "ipFamilies": ["IPv4"]}, ""),
    ]  # fmt: skip
    wrong = []
    for name, spec, wanted in rows:
        before = await api.claims()
        answer = await changed(api, name, **spec)
        if told(answer) != wanted:
            wrong.append((name, spec, told(answer), wanted))
        if wanted and await api.claims() != before:
            wrong.append((name, spec, "leaks", ""))
    assert wrong == []
    assert not any("fd96::22" in claim for claim in await api.claims())
    assert (await changed(api, "both", ipFamilyPolicy="PreferDualStack")).body["spec"]["ipFamilies"] == ["IPv4", "IPv6"]


START: dict[str, dict[str, Any]] = {
    "ExternalName": {"type": "ExternalName", "externalName": "example.com"},
    "ClusterIP": {"type": "ClusterIP", "ports": WEB},
    "NodePort": of_type("NodePort"),
    "LoadBalancer": of_type("LoadBalancer", externalTrafficPolicy="Local"),
}


@pytest.mark.parametrize("now", list(START))
@pytest.mark.parametrize("was", list(START))
async def test_any_type_becomes_any_other_and_leaves_nothing_behind(api: Api, was: str, now: str) -> None:
    empty = await api.claims()
    await api.made("web", **START[was])
    ingress = {"status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1", "ipMode": "VIP"}]}}}
    if was == "LoadBalancer":
        assert (await api.patch("web/status", ingress)).status == 200
    patch = {"type": now, "externalName": "example.com" if now == "ExternalName" else None}
    if was == "ExternalName" != now:
        patch["ports"] = WEB
    answer = await api.patch("web", {"spec": patch})
    assert answer.status == 200, answer.body
    spec, status = answer.body["spec"], answer.body["status"]
    has_ports = now in ("NodePort", "LoadBalancer")
    assert all(("nodePort" in port) == has_ports for port in spec.get("ports", ()))
    assert (
        bool(spec.get("clusterIP"))
        == bool(spec.get("clusterIPs"))
        == bool(spec.get("ipFamilies"))
        == (now != "ExternalName")
    )
    assert ("externalTrafficPolicy" in spec) == has_ports
    assert ("allocateLoadBalancerNodePorts" in spec) == (now == "LoadBalancer")
    assert ("healthCheckNodePort" in spec) == (now == was == "LoadBalancer")
    assert status == (ingress["status"] if now == was == "LoadBalancer" else {"loadBalancer": {}})
    owned = {
        at
        for at in (
            spec.get("clusterIP"),
            *(port.get("nodePort") for port in spec.get("ports", ())),
            spec.get("healthCheckNodePort"),
        )
        if at
    }
    assert len(await api.claims() - empty) == len(owned)
    await api.ask("DELETE", "web")
    assert await api.claims() == empty


async def test_a_local_load_balancer_has_a_health_check_port_for_as_long_as_it_is_one(api: Api) -> None:
    made = await api.made("web", **of_type("LoadBalancer"))
    local = (await api.patch("web", {"spec": {"externalTrafficPolicy": "Local"}})).body["spec"]
    number = local["healthCheckNodePort"]
    refused = await api.create("other", type="NodePort", ports=[{"port": 80, "nodePort": number}])
    assert told(refused) == f"spec.ports[0].nodePort: Invalid value: {number}: provided port is already allocated"
    taken = await api.create(
        "third", **of_type("LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=number)
    )
    assert (taken.status, taken.message) == (
        500, f"Internal error occurred: failed to allocate requested HealthCheck NodePort {number}: provided port is already allocated",
    )  # fmt: skip
    cluster = (await api.patch("web", {"spec": {"externalTrafficPolicy": "Cluster"}})).body["spec"]
    assert "healthCheckNodePort" not in cluster
    assert cluster["ports"] == made["spec"]["ports"]
    await api.made("other", type="NodePort", ports=[{"port": 80, "nodePort": number}])


async def test_the_first_manifest_may_be_sent_again_and_changes_nothing(api: Api) -> None:
    for number, (type_, spec) in enumerate(START.items()):
        made = await api.made(f"s{number}", **spec)
        again = await api.ask("PUT", f"s{number}", service(f"s{number}", **spec))
        assert (again.status, again.body) == (200, made), type_
        assert (await api.patch(f"s{number}", {"spec": spec})).body == made


async def test_ports_keep_their_numbers_by_name_and_a_load_balancer_may_give_its_own_back(api: Api) -> None:
    made = await api.made("web", type="LoadBalancer", ports=TWO)
    numbers = {port["name"]: port["nodePort"] for port in made["spec"]["ports"]}
    swapped = await api.ask(
        "PUT", "web", service("web", type="LoadBalancer", ports=[TWO[1], TWO[0], {"name": "c", "port": 90}])
    )
    found = {port["name"]: port["nodePort"] for port in swapped.body["spec"]["ports"]}
    assert {name: found[name] for name in numbers} == numbers
    kept = await changed(api, "web", allocateLoadBalancerNodePorts=False)
    assert {port["name"]: port["nodePort"] for port in kept.body["spec"]["ports"]} == found
    bare = await changed(api, "web", ports=[TWO[0], {"name": "d", "port": 91}])
    assert all("nodePort" not in port for port in bare.body["spec"]["ports"])
    assert not any("nodeports" in claim for claim in await api.claims())


async def test_a_dry_run_shows_plausible_values_and_keeps_nothing(api: Api) -> None:
    before = await api.world.state()
    shown = await api.create(
        "dry",
        "?dryRun=All",
        **of_type("LoadBalancer", externalTrafficPolicy="Local", ipFamilyPolicy="RequireDualStack"),
    )
    spec = shown.body["spec"]
    assert (spec["clusterIP"], spec["clusterIPs"]) == ("10.96.0.0", ["10.96.0.0", "fd96::"])
    assert 30000 <= spec["ports"][0]["nodePort"] <= 32767
    assert spec["healthCheckNodePort"] != spec["ports"][0]["nodePort"]
    assert told(await api.create("dry", "?dryRun=All", ports=WEB, clusterIP="10.96.0.1")).endswith(
        "provided IP is already allocated"
    )
    assert (
        told(await api.create("dry", "?dryRun=true", ports=WEB))
        == 'dryRun: Unsupported value: ["true"]: supported values: "All"'
    )
    assert (await api.ask("PUT", "dry?dryRun=All", service("dry", ports=WEB))).status == 201
    assert await api.world.state() == before
    await api.made("web", **START["LoadBalancer"])
    before = await api.world.state()
    assert (await api.patch("web", {"spec": {"type": "ClusterIP"}}, query="?dryRun=All")).body["spec"][
        "type"
    ] == "ClusterIP"
    assert (await api.ask("DELETE", "web?dryRun=All")).status == 200
    assert (await api.ask("DELETE", "?dryRun=All")).status == 200
    assert await api.world.state() == before


async def test_deleting_by_selector_by_name_and_with_finalizers(api: Api) -> None:
    empty = await api.claims()
    for number in range(4):
        body = service(f"s{number}", ports=WEB)
        body["metadata"]["labels"] = {"half": str(number % 2)}
        assert (await api.ask("POST", "", body)).status == 201
    gone = await api.ask("DELETE", "?labelSelector=half%3D1")
    assert (gone.status, gone.body["kind"]) == (200, "ServiceList")
    left = await api.ask("GET", "?labelSelector=half")
    assert [each["metadata"]["name"] for each in left.body["items"]] == ["s0", "s2"]
    await api.patch("s0", {"metadata": {"finalizers": ["service.kubernetes.io/load-balancer-cleanup"]}})
    address = left.body["items"][0]["spec"]["clusterIP"]
    held = await api.ask("DELETE", "s0")
    assert (held.status, held.body["kind"]) == (200, "Service")
    assert "deletionTimestamp" in held.body["metadata"]
    assert any(claim.endswith(f"/{address}") for claim in await api.claims()), "released only when really gone"
    assert (await api.patch("s0", {"metadata": {"finalizers": None}})).status == 200
    assert (await api.ask("GET", "s0")).status == 404
    deleted = await api.ask("DELETE", "s2")
    assert deleted.body["kind"] == "Service"
    assert "deletionTimestamp" not in deleted.body["metadata"]
    assert await api.claims() == empty


async def test_names_are_made_and_fields_selected(api: Api) -> None:
    body = {"metadata": {"generateName": "x" * 60}, "spec": {"ports": WEB}}
    name = (await api.ask("POST", "", body)).body["metadata"]["name"]
    assert (len(name), name[:58]) == (63, "x" * 58)
    assert set(name[58:]) <= set("bcdfghjklmnpqrstvwxz2456789")
    await api.made("node", type="NodePort", ports=WEB, clusterIP="10.96.0.77")
    for selector in (
        "spec.clusterIP%3D10.96.0.77",
        "spec.type%3DNodePort",
        "metadata.name%3Dnode",
        "spec.type%3DNodePort,metadata.namespace%3Ddefault",
    ):
        found = await api.ask("GET", f"?fieldSelector={selector}")
        assert [each["metadata"]["name"] for each in found.body["items"]] == ["node"], selector
    bad = await api.ask("GET", "?fieldSelector=spec.foo%3Da")
    assert (bad.status, bad.message) == (400, "field label not supported: spec.foo")
    everywhere = await api.ask("GET", "/api/v1/services?fieldSelector=spec.type%3DNodePort")
    assert [each["metadata"]["name"] for each in everywhere.body["items"]] == ["node"]


async def test_writes_without_a_revision_and_writes_of_nothing(api: Api) -> None:
    created = await api.ask("PUT", "new", service("new", ports=WEB))
    assert created.status == 201
    revision = created.body["metadata"]["resourceVersion"]
    same = await api.ask("PUT", "new", service("new", ports=WEB))
    assert same.body["metadata"]["resourceVersion"] == revision
    for kind, patch in (("merge", {}), ("strategic-merge", {"spec": {"type": "ClusterIP"}}), ("json", [])):
        assert (await api.patch("new", patch, kind)).body["metadata"]["resourceVersion"] == revision, kind
    stale = service("new", ports=TWO)
    stale["metadata"]["resourceVersion"] = "1"
    refused = await api.ask("PUT", "new", stale)
    assert (refused.status, refused.message) == (
        409,
        'Operation cannot be fulfilled on services "new": the object has been modified; please apply your changes to the latest version and try again',
    )
    brings = service("other", ports=WEB)
    brings["metadata"]["resourceVersion"] = "7"
    told_ = await api.ask("POST", "", brings)
    assert (told_.status, told_.message, told_.body.get("reason")) == (
        500,
        "resourceVersion should not be set on objects to be created",
        None,
    )


async def test_the_life_of_a_status(api: Api) -> None:
    """As conformance has it: "should complete a service status lifecycle"."""
    made = service("web", **of_type("LoadBalancer"))
    made["metadata"]["labels"] = {"test": "static"}
    made["status"] = {"loadBalancer": {"ingress": [{"ip": "203.0.113.9"}]}}
    assert (await api.ask("POST", "", made)).body["status"] == {"loadBalancer": {}}, "not at creation"
    patch = {
        "metadata": {"annotations": {"patched": "true"}},
        "spec": {"publishNotReadyAddresses": True},
        "status": {"loadBalancer": {"ingress": [{"ip": "203.0.113.1"}]}},
    }
    patched = (await api.patch("web/status", patch)).body
    assert patched["metadata"]["annotations"] == {"patched": "true"}
    assert "publishNotReadyAddresses" not in patched["spec"]
    assert patched["status"]["loadBalancer"]["ingress"] == [{"ip": "203.0.113.1", "ipMode": "VIP"}]
    condition = {
        "type": "StatusUpdate",
        "status": "True",
        "reason": "E2E",
        "message": "Set from e2e test",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    read = (await api.ask("GET", "web/status")).body
    read["status"]["conditions"] = [condition]
    assert (await api.ask("PUT", "web/status", read)).body["status"]["conditions"] == [condition]
    timeless = {**condition, "lastTransitionTime": None}  # as Go writes a time that was never set
    patched = (await api.patch("web/status", {"status": {"conditions": [timeless]}})).body
    assert [each["reason"] for each in patched["status"]["conditions"]] == ["E2E"]
    await api.patch("web/status", {"status": {"conditions": [condition]}})
    later = (
        await api.patch(
            "web", {"metadata": {"labels": {"test": "patched"}}, "status": {"conditions": []}}, "strategic-merge"
        )
    ).body
    assert (later["metadata"]["labels"], later["status"]["conditions"]) == ({"test": "patched"}, [condition])
    merged = await api.patch(
        "web/status", {"status": {"conditions": [{**condition, "type": "Other"}]}}, "strategic-merge"
    )
    assert [each["type"] for each in merged.body["status"]["conditions"]] == ["Other", "StatusUpdate"]


async def test_allocators_count_what_is_taken_left_and_refused(api: Api) -> None:
    await api.made("web", type="NodePort", ports=TWO, ipFamilyPolicy="RequireDualStack")
    await api.made("static", type="NodePort", ports=[{"port": 80, "nodePort": 30099}], clusterIP="10.96.0.50")
    await api.create("refused", ports=WEB, clusterIP="10.96.0.50")
    await api.create("refused", type="NodePort", ports=[{"port": 80, "nodePort": 30099}])
    text = (await api.ask("GET", "/metrics")).body.decode()
    ips, ports = "kube_apiserver_clusterip_allocator", "kube_apiserver_nodeport_allocator"
    for line in (
        f'{ips}_allocated_ips{{cidr="10.96.0.0/16"}} 3',
        f'{ips}_allocated_ips{{cidr="fd96::/112"}} 1',
        f'{ips}_available_ips{{cidr="10.96.0.0/16"}} 65531',
        f'{ips}_allocation_total{{cidr="10.96.0.0/16",scope="static"}} 2',
        f'{ips}_allocation_total{{cidr="fd96::/112",scope="dynamic"}} 1',
        f'{ips}_allocation_errors_total{{cidr="10.96.0.0/16",scope="static"}} 1',
        f"{ports}_allocated_ports 3",
        f"{ports}_available_ports 2765",
        f'{ports}_allocation_total{{scope="dynamic"}} 2',
        f'{ports}_allocation_total{{scope="static"}} 1',
        f'{ports}_allocation_errors_total{{scope="static"}} 1',
    ):
        assert f"{line}\n" in text, "\n".join(each for each in text.splitlines() if "allocator" in each)
    assert f"{ips}_allocation_duration_seconds_count 3\n" in text


async def test_what_was_seen_on_a_running_1_36(api: Api) -> None:
    made = await api.made("web", **of_type("LoadBalancer"))
    uid, revision = made["metadata"]["uid"], made["metadata"]["resourceVersion"]
    wrong_uid = await api.ask("DELETE", "web", {"preconditions": {"uid": "other"}})
    assert (wrong_uid.status, wrong_uid.message) == (
        409,
        f'Operation cannot be fulfilled on Service "web": the UID in the precondition (other) does not match the UID in record ({uid}). The object might have been deleted and then recreated',
    )
    wrong_revision = await api.ask("DELETE", "web", {"preconditions": {"resourceVersion": "1"}})
    assert (wrong_revision.status, wrong_revision.message) == (
        409,
        f'Operation cannot be fulfilled on Service "web": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({revision}). The object might have been modified',
    )
    replaced = {**made, "metadata": {"name": "web", "uid": "other"}}
    put = await api.ask("PUT", "web", replaced)
    assert (put.status, put.message) == (
        409,
        f'Operation cannot be fulfilled on services "web": StorageError: invalid object, Code: 4, Key: /registry/services/specs/default/web, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: {uid}',
    )
    patched = await api.patch("web", {"metadata": {"uid": "other"}})
    assert (patched.status, patched.message) == (
        422,
        'Service "web" is invalid: metadata.uid: Invalid value: "other": field is immutable',
    )
    assert [cause["field"] for cause in patched.body["details"]["causes"]] == ["metadata.uid", "metadata.uid"]
    for patch in ([{"op": "funny", "path": "/a"}], [{"op": "test", "path": "/spec/type", "value": "ClusterIP"}]):
        refused = await api.patch("web", patch, "json")
        assert (refused.status, refused.message, refused.body["details"]) == (
            422,
            "the server rejected our request due to an error in our request",
            {},
        )
    unknown = await api.ask("PATCH", "web", {}, media="application/funny")
    assert (unknown.status, unknown.message, unknown.body["details"]) == (415, "415: Unsupported Media Type", {})
    ingress = [{"ip": f"203.0.113.{number}", "ipMode": "VIP"} for number in range(1, 4)]
    await api.patch("web/status", {"status": {"loadBalancer": {"ingress": ingress}}})
    as_table = "Accept: application/json;as=Table;v=v1;g=meta.k8s.io"
    table = (await api.world.ask("GET", f"{SERVICES}/web", None, as_table)).body
    names = [column["name"] for column in table["columnDefinitions"]]
    assert table["rows"][0]["cells"][names.index("External-IP")] == "203.0.113.1,203.0.113.2,203.0.113.3"
    bad = await api.world.ask("GET", f"{SERVICES}?includeObject=Some", None, as_table)
    assert (bad.status, bad.message) == (
        400,
        "Unable to convert to Table as requested: includeObject: Invalid value: \"Some\": must be 'Metadata', 'Object', 'None', or empty",
    )
    nowhere = await api.ask("GET", "/apis/funny.example.com/v1")
    assert (nowhere.status, nowhere.body) == (404, b"404 page not found\n")


async def test_meta_of_a_create_must_fit_its_url(api: Api) -> None:
    for meta, kind, version, message in (
        (
            {"name": "a", "namespace": "other"},
            "Service",
            "v1",
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
        (
            {"name": "a"},
            "Service",
            "v2",
            "the API version in the data (v2) does not match the expected API version (v1)",
        ),
    ):
        answer = await api.ask(
            "POST", "", {"apiVersion": version, "kind": kind, "metadata": meta, "spec": {"ports": WEB}}
        )
        assert (answer.status, answer.message) == (400, message)
    await api.made("a", ports=WEB)
    again = await api.create("a", ports=WEB)
    assert (again.status, again.message, again.body["details"]) == (
        409,
        'services "a" already exists',
        {"name": "a", "kind": "services"},
    )
    renamed = await api.ask("PUT", "a", service("b", ports=WEB))
    assert (renamed.status, renamed.message) == (
        400,
        "the name of the object (b) does not match the name on the URL (a)",
    )
    strict = await api.ask(
        "POST",
        "?fieldValidation=Strict",
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "c"}, "spec": {"ports": WEB, "foo": 1}},
    )
    assert strict.status == 400
    assert 'strict decoding error: unknown field "spec.foo"' in strict.message
    warned = await api.ask("POST", "", {"metadata": {"name": "c"}, "spec": {"ports": WEB, "foo": 1}})
    assert (warned.status, warned.headers["warning"]) == (201, '299 - "unknown field \\"spec.foo\\""')
