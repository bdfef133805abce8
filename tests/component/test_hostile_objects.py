"""Objects that break rules, and addresses and ports that are out of range or taken: refused, and nothing is taken."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from component.hostile_world import Hostile, fault, hostile_world

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEFAULT = "/api/v1/namespaces/default"
MAPS, SERVICES = f"{DEFAULT}/configmaps", f"{DEFAULT}/services"
SETS = "/apis/apps/v1/namespaces/default/replicasets"
MERGE = "application/merge-patch+json"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def hostile(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hostile]:
    async with hostile_world(tmp_path_factory.mktemp("hostile")) as made:
        taken = {"clusterIP": "10.96.7.7", "type": "NodePort", "ports": [{"port": 80, "nodePort": 30777}]}
        told = await made.ask("POST", SERVICES, {"metadata": {"name": "taken"}, "spec": taken})
        assert told.status == 201
        yield made


def causes(told: Any) -> list[str]:
    return [cause["field"] for cause in told.body["details"]["causes"]]


NAMES = [
    "", "UPPER", "a b", "ü", "../x", "a/b", "a%2fb", ".", "..", "-a", "a-", "a_b", "a..b", ".a", "a.", "a\0b", "a\nb",
    "a" * 254, "a" * 1_000_000, "\U0010ffff", "名", "a:b", "*", "%", "$(x)", "'", '"', "{}", "<a>", "a\u202eb",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name[:12]))
async def test_a_name_out_of_shape_is_a_422(hostile: Hostile, name: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", MAPS, {"metadata": {"name": name}})
        services = await hostile.ask("POST", SERVICES, {"metadata": {"name": name}, "spec": {"ports": [{"port": 1}]}})
    assert (fault(told, 422), fault(services, 422)) == ("", "")
    assert set(causes(told)) == {"metadata.name"}
    assert (told.body["reason"], told.body["details"]["kind"]) == ("Invalid", "ConfigMap")


@pytest.mark.parametrize("name", ["a.b", "a" * 64, "a_b", "-"])
async def test_a_service_needs_a_name_that_can_be_a_label_of_the_dns(hostile: Hostile, name: str) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", SERVICES, {"metadata": {"name": name}, "spec": {"ports": [{"port": 1}]}})
    assert fault(told, 422) == ""


LABELS = [
    {"": "a"}, {"-": "a"}, {"a/": "b"}, {"/a": "b"}, {"a/b/c": "d"}, {"A B": "c"}, {"a" * 64: "b"}, {"ü": "a"},
    {"a" * 254 + "/b": "c"}, {"a": "-"}, {"a": "b c"}, {"a": "b" * 64}, {"a": "ü"}, {"a": "b/c"}, {"a": "\0"},
    {"UPPER.com/a": "b"}, {"a": "b\n"}, {"x" * 100_000: "y"}, {"a": "y" * 1_000_000},
]  # fmt: skip


@pytest.mark.parametrize("labels", LABELS, ids=lambda labels: ascii(labels)[:24])
async def test_labels_out_of_shape_are_a_422_wherever_they_stand(hostile: Hostile, labels: dict[str, str]) -> None:
    spec = {"ports": [{"port": 80}], "selector": labels}
    chosen = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}
    async with hostile.undisturbed():
        told = [
            await hostile.ask("POST", MAPS, {"metadata": {"name": "x", "labels": labels}}),
            await hostile.ask("POST", SERVICES, {"metadata": {"name": "x"}, "spec": spec}),
            await hostile.ask("POST", SETS, {"metadata": {"name": "x"}, "spec": chosen}),
            await hostile.ask("PATCH", f"{SERVICES}/taken", {"metadata": {"labels": labels}}, media=MERGE),
        ]
    assert [fault(each, 422) for each in told] == [""] * 4
    assert set(causes(told[0])) == {"metadata.labels"}


@pytest.mark.parametrize(
    "metadata",
    [
        {"annotations": {"a b": "c"}}, {"annotations": {"": "c"}}, {"annotations": {"a": "x" * (256 << 10)}},
        {"annotations": {"a/b/c": ""}}, {"finalizers": ["x"]}, {"finalizers": [""]}, {"finalizers": ["a b/c"]},
        {"ownerReferences": [{}]}, {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p"}]},
        {"ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "p", "uid": "u"}]},
        {"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": n, "uid": n, "controller": True}
                             for n in ("a", "b")]},
        {"generateName": "UPPER-"}, {"name": "", "generateName": "-"},
    ],
    ids=lambda metadata: str(metadata)[:48],
)  # fmt: skip
async def test_metadata_out_of_shape_is_a_422(hostile: Hostile, metadata: Any) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", MAPS, {"metadata": {"name": "x", **metadata}})
    assert fault(told, 422) == ""


PORTS = [
    [], None, [{}], [{"port": 0}], [{"port": -1}], [{"port": 65536}], [{"port": 2**31 - 1}], [{"port": 80}] * 2,
    [{"port": 80}, {"port": 81}], [{"port": 80, "name": "a"}, {"port": 81}], [{"port": 80, "name": "UPPER"}],
    [{"port": 80, "name": "a"}, {"port": 81, "name": "a"}], [{"port": 80, "name": "x" * 64}],
    [{"port": 80, "targetPort": 65536}], [{"port": 80, "targetPort": -1}],
    [{"port": 80, "targetPort": "a b"}], [{"port": 80, "targetPort": "x" * 16}],
    [{"port": 80, "targetPort": "--"}], [{"port": 80, "targetPort": "80"}], [{"port": 80, "protocol": "tcp"}],
    [{"port": 80, "protocol": "ICMP"}], [{"port": 80, "appProtocol": "a b"}],
    [{"port": 80, "nodePort": 30000}],
]  # fmt: skip


@pytest.mark.parametrize("ports", PORTS, ids=lambda ports: str(ports)[:48])
async def test_ports_that_cannot_be_are_a_422(hostile: Hostile, ports: Any) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", SERVICES, {"metadata": {"name": "x"}, "spec": {"ports": ports}})
    assert fault(told, 422) == ""


@pytest.mark.parametrize(
    "spec",
    [
        {"clusterIP": "10.96.7.7"}, {"clusterIP": "10.96.0.1"}, {"clusterIP": "10.96.0.0"}, {"clusterIP": "10.0.0.1"},
        {"clusterIP": "10.96.255.255"}, {"clusterIP": "127.0.0.1"}, {"clusterIP": "0.0.0.0"}, {"clusterIP": "x"},
        {"clusterIP": "10.96.7.07"}, {"clusterIP": "10.96.7"}, {"clusterIP": "256.1.1.1"}, {"clusterIP": "fd00::1"},
        {"clusterIP": "::ffff:10.96.7.8"}, {"clusterIP": "10.96.7.8/16"}, {"clusterIP": " 10.96.7.8"},
        {"clusterIP": "none"}, {"clusterIP": "x" * 100_000}, {"clusterIPs": ["10.96.7.8"]},
        {"clusterIP": "10.96.7.8", "clusterIPs": ["10.96.7.9"]}, {"clusterIP": "None", "clusterIPs": ["None", "None"]},
        {"clusterIP": "10.96.7.8", "clusterIPs": ["10.96.7.8", "10.96.7.9"]}, {"ipFamilies": ["IPv5"]},
        {"ipFamilies": ["IPv4", "IPv4"]}, {"ipFamilies": ["IPv6"]}, {"ipFamilyPolicy": "Maybe"},
        {"ipFamilyPolicy": "RequireDualStack"}, {"type": "clusterip"}, {"type": "X"}, {"type": "ExternalName"},
        {"type": "ExternalName", "externalName": "a b"}, {"type": "NodePort", "clusterIP": "x"},
        {"type": "NodePort", "clusterIP": "None"}, {"externalIPs": ["x"]}, {"externalIPs": ["127.0.0.1"]},
        {"externalIPs": ["0.0.0.0"]}, {"externalIPs": ["10.1.1.01"]}, {"sessionAffinity": "x"},
        {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}},
        {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}},
        {"internalTrafficPolicy": "x"},
        {"externalTrafficPolicy": "Local"}, {"healthCheckNodePort": 30001}, {"loadBalancerSourceRanges": ["x"]},
        {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.1"]}, {"trafficDistribution": "x"},
        {"loadBalancerClass": "x"}, {"type": "LoadBalancer", "loadBalancerClass": "A B"},
    ],
    ids=lambda spec: str(spec)[:56],
)  # fmt: skip
async def test_a_service_that_cannot_be_is_a_422_and_takes_no_address(hostile: Hostile, spec: Any) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask(
            "POST", SERVICES, {"metadata": {"name": "x"}, "spec": {"ports": [{"port": 80}], **spec}}
        )
    assert fault(told, 422) == ""


@pytest.mark.parametrize("port", [30777, 1, 80, 29999, 32768, 65535, 65536, -1, 2**31 - 1])
async def test_a_node_port_that_is_taken_or_out_of_range_is_a_422(hostile: Hostile, port: int) -> None:
    spec = {"type": "NodePort", "ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b", "nodePort": port}]}
    async with hostile.undisturbed():
        told = await hostile.ask("POST", SERVICES, {"metadata": {"name": "x"}, "spec": spec})
        moved = await hostile.ask(
            "PATCH", f"{SERVICES}/kubernetes", {"spec": {"type": "NodePort", "ports": [{"port": 1, "nodePort": port}]}},
            media=MERGE,
        )  # fmt: skip
    assert (fault(told, 422), fault(moved, 422)) == ("", "")


async def test_what_runs_out_half_way_is_given_back(hostile: Hostile) -> None:
    many = {"type": "NodePort", "ports": [{"port": 1 + number, "name": f"p{number}"} for number in range(2800)]}
    async with hostile.undisturbed():
        told = await hostile.ask("POST", SERVICES, {"metadata": {"name": "x"}, "spec": many})
    assert (fault(told, 500), told.message) == (
        "", "Internal error occurred: failed to allocate a nodePort: range is full",
    )  # fmt: skip
    fits = {"type": "NodePort", "ports": many["ports"][:2000]}
    made = await hostile.ask("POST", SERVICES, {"metadata": {"name": "many"}, "spec": fits})
    again = await hostile.ask("POST", SERVICES, {"metadata": {"name": "more"}, "spec": fits})
    assert (made.status, again.status) == (201, 500)
    assert (await hostile.ask("DELETE", f"{SERVICES}/many")).status == 200


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"clusterIP": "10.96.7.8", "clusterIPs": ["10.96.7.8"]}}, {"spec": {"clusterIP": ""}},
        {"spec": {"clusterIPs": []}}, {"spec": {"ports": []}}, {"spec": {"ipFamilies": ["IPv6"]}},
        {"metadata": {"uid": "other"}}, {"metadata": {"finalizers": ["x"]}}, {"spec": {"type": "X"}},
    ],
    ids=str,
)  # fmt: skip
async def test_a_change_that_may_not_be_is_a_422_and_changes_nothing(hostile: Hostile, change: Any) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("PATCH", f"{SERVICES}/taken", change, media=MERGE)
    assert fault(told, 422) == "" or told.body["spec"]["clusterIP"] == "10.96.7.7"


async def test_a_name_that_is_taken_is_a_409(hostile: Hostile) -> None:
    async with hostile.undisturbed():
        told = await hostile.ask("POST", SERVICES, {"metadata": {"name": "taken"}, "spec": {"ports": [{"port": 80}]}})
    assert (fault(told, 409), told.body["reason"], told.message) == (
        "",
        "AlreadyExists",
        'services "taken" already exists',
    )


@pytest.mark.parametrize(
    ("pod", "status"),
    [
        ({}, 422), ({"containers": []}, 422), ({"containers": [{}]}, 422), ({"containers": [{"name": "c"}]}, 422),
        ({"containers": [{"name": "C", "image": "i"}]}, 422), ({"containers": [{"name": "c", "image": " i"}]}, 422),
        ({"containers": [{"name": "c", "image": "i"}] * 2}, 422), ({"restartPolicy": "Sometimes"}, 422),
        ({"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 0}]}]}, 422),
        ({"containers": [{"name": "c", "image": "i", "ports": [{"containerPort": 65536}]}]}, 422),
        ({"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "x"}}}]}, 400),
        ({"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "9" * 5000}}}]}, 400),
        ({"containers": [{"name": "c", "image": "i", "resources": {"limits": {"cpu": "-1"}}}]}, 422),
        ({"containers": [{"name": "c", "image": "i", "env": [{"name": "a=b"}]}]}, 422),
        ({"containers": [{"name": "c", "image": "i", "env": [{"name": ""}]}]}, 422),
        ({"containers": [{"name": "c", "image": "i", "volumeMounts": [{"name": "v", "mountPath": "/"}]}]}, 422),
        ({"nodeName": "../x"}, 422), ({"dnsPolicy": "x"}, 422),
    ],
    ids=lambda value: str(value)[:64],
)  # fmt: skip
async def test_a_pod_that_cannot_be_is_refused(hostile: Hostile, pod: Any, status: int) -> None:
    spec = pod if "containers" in pod or not pod else {"containers": [{"name": "c", "image": "i"}], **pod}
    async with hostile.undisturbed():
        told = await hostile.ask("POST", f"{DEFAULT}/pods", {"metadata": {"name": "x"}, "spec": spec})
    assert fault(told, status) == ""


@pytest.mark.parametrize("grace", [10**12, 10**18, 2**63 - 1])
async def test_a_pod_with_an_absurd_grace_can_be_deleted(hostile: Hostile, grace: int) -> None:
    spec = {"nodeName": "n1", "terminationGracePeriodSeconds": grace, "containers": [{"name": "c", "image": "i"}]}
    assert (await hostile.ask("POST", f"{DEFAULT}/pods", {"metadata": {"name": "long"}, "spec": spec})).status == 201
    status = {"status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z"}}
    await hostile.ask("PATCH", f"{DEFAULT}/pods/long/status", status, media=MERGE)
    going = await hostile.ask("DELETE", f"{DEFAULT}/pods/long")
    asked = await hostile.ask("DELETE", f"{DEFAULT}/pods/long?gracePeriodSeconds=30")
    gone = await hostile.ask("DELETE", f"{DEFAULT}/pods/long?gracePeriodSeconds=0")
    assert [going.status, asked.status, gone.status] == [200, 200, 200]
    assert going.body["metadata"]["deletionTimestamp"] <= "9999-12-31T23:59:59Z"
    assert asked.body["metadata"]["deletionGracePeriodSeconds"] == 30
    assert asked.body["metadata"]["deletionTimestamp"] < "2100"


async def test_null_in_a_map_of_bytes_is_no_bytes_as_in_go(hostile: Hostile) -> None:
    made = [
        await hostile.ask("POST", f"{MAPS}?dryRun=All", {"metadata": {"name": "x"}, "binaryData": {"a": None}}),
        await hostile.ask("POST", f"{DEFAULT}/secrets?dryRun=All", {"metadata": {"name": "x"}, "data": {"a": None}}),
    ]
    assert [made[0].body["binaryData"], made[1].body["data"]] == [{"a": ""}, {"a": ""}]


async def test_a_status_with_impossible_counts_is_a_422(hostile: Hostile) -> None:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    body = {"metadata": {"name": "x"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}}
    assert (await hostile.ask("POST", SETS, body)).status == 201
    async with hostile.undisturbed():
        told = [
            await hostile.ask("PATCH", f"{SETS}/x/status", {"status": status}, media=MERGE)
            for status in ({"replicas": -1}, {"replicas": 1, "readyReplicas": 2}, {"availableReplicas": 1})
        ]
    assert [fault(each, 422) for each in told] == ["", "", ""]
    assert (await hostile.ask("DELETE", f"{SETS}/x")).status == 200
