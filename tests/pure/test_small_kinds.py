"""Kinds without pods: namespaces, nodes, endpoints, addresses, settings, secrets, events, leases."""

from base64 import b64encode
from copy import deepcopy

import pytest
from kind_cases import cells, changed, made, refused
from service_cases import Cluster, service

from fairway.kinds import (
    ALL,
    CONFIG_MAP,
    ENDPOINT_SLICE,
    ENDPOINTS,
    EVENT,
    IP_ADDRESS,
    LEASE,
    NAMESPACE,
    NODE,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    SERVICE_CIDR,
)
from fairway.kinds.kind import Kind
from fairway.objects import Object


def test_every_column_of_every_kind_can_show_an_empty_object() -> None:
    for kind in ALL:
        if kind is not SERVICE:
            for column in kind.columns:
                assert isinstance(column.cell(made(kind, {}), 0.0), str | int), (kind.name, column.name)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_defaults_of_every_kind_are_idempotent(kind: Kind) -> None:
    new = made(kind, {})
    once = deepcopy(new)
    kind.defaults(new)
    assert new == once


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.name)
def test_writing_back_what_was_read_breaks_no_rule(kind: Kind) -> None:
    old = made(kind, {})
    if not list(kind.validate(old, None)):
        assert changed(kind, old, deepcopy(old)) == []


# Namespaces


def test_a_namespace_is_labelled_with_its_name_and_finalized() -> None:
    new = made(NAMESPACE, {"metadata": {"name": "dev"}})
    assert new["metadata"]["labels"] == {"kubernetes.io/metadata.name": "dev"}
    assert (new["spec"], new["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})


def test_finalizers_of_a_namespace_change_only_through_finalize() -> None:
    old = made(NAMESPACE, {})
    for subresource, left in (("", ["kubernetes"]), ("finalize", [])):
        new = deepcopy(old)
        new["spec"] = {"finalizers": []}
        NAMESPACE.prepare(new, old, subresource)
        assert new["spec"]["finalizers"] == left


@pytest.mark.parametrize(
    ("deleting", "phase", "text"),
    [
        (False, "Terminating", "may only be 'Active' if `deletionTimestamp` is empty"),
        (True, "Active", "may only be 'Terminating' if `deletionTimestamp` is not empty"),
    ],
)
def test_the_phase_fits_the_deletion(deleting: bool, phase: str, text: str) -> None:
    old = made(NAMESPACE, {})
    if deleting:
        old["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    new = deepcopy(old)
    new["status"] = {"phase": phase}
    assert changed(NAMESPACE, old, new, "status") == [f'status.Phase: Invalid value: "{phase}": {text}']


def test_a_finalizer_is_named_in_full() -> None:
    assert refused(NAMESPACE, {"spec": {"finalizers": ["mine"]}}) == [
        'spec.finalizers[0]: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified'
    ]


# Nodes


def node(**spec: object) -> Object:
    return {"metadata": {"name": "n1"}, "spec": spec}


def test_a_node_gets_its_second_form_of_range_and_what_is_allocatable() -> None:
    new = node(podCIDR="10.244.0.0/24")
    new["status"] = {"capacity": {"cpu": 2, "memory": "2048Mi"}}
    new = made(NODE, new)
    assert new["spec"]["podCIDRs"] == ["10.244.0.0/24"]
    assert new["status"]["allocatable"] == {"cpu": "2", "memory": "2Gi"}


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        ({"taints": [{"key": "a"}]}, ["metadata.taints[0].effect: Required value"]),
        (
            {"taints": [{"key": "a", "effect": "X"}]},
            [
                'metadata.taints[0].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule",'
                ' "NoExecute"'
            ],
        ),
        (
            {"taints": [{"key": "a", "effect": "NoExecute"}, {"key": "a", "effect": "NoExecute"}]},
            [
                'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoExecute"}: taints must be unique by key'
                " and effect pair"
            ],
        ),
        (
            {"podCIDRs": ["10.0.0.0/8", "11.0.0.0/8"]},
            [
                'spec.podCIDRs: Invalid value: ["10.0.0.0/8","11.0.0.0/8"]: may specify no more than one CIDR for each'
                " IP family"
            ],
        ),
    ],
)
def test_nodes(spec: Object, problems: list[str]) -> None:
    assert refused(NODE, node(**spec)) == problems


def test_a_nodes_range_stays() -> None:
    old = made(NODE, node(podCIDR="10.244.0.0/24"))
    assert changed(NODE, old, node(podCIDR="10.245.0.0/24")) == [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'
    ]


@pytest.mark.parametrize(
    ("conditions", "unschedulable", "word"),
    [
        ([], False, "Unknown"),
        ([{"type": "Ready", "status": "True"}], False, "Ready"),
        ([{"type": "Ready", "status": "Unknown"}], False, "NotReady"),
        ([{"type": "Ready", "status": "True"}], True, "Ready,SchedulingDisabled"),
    ],
)
def test_the_row_of_a_node(conditions: list[Object], unschedulable: bool, word: str) -> None:
    new = made(NODE, node(unschedulable=unschedulable))
    new["metadata"]["labels"] = {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "x"}
    new["status"] = {
        "conditions": conditions,
        "addresses": [{"type": "InternalIP", "address": "10.0.0.1"}],
        "nodeInfo": {"kubeletVersion": "v1.36.0", "osImage": "Debian"},
    }
    assert cells(NODE, new, wide=True) == {
        "Status": word, "Roles": "control-plane,x", "Age": "<unknown>", "Version": "v1.36.0",
        "Internal-IP": "10.0.0.1", "External-IP": "<none>", "OS-Image": "Debian",
        "Kernel-Version": "<unknown>", "Container-Runtime": "<unknown>",
    }  # fmt: skip
    assert NODE.fields["spec.unschedulable"](new) == ("true" if unschedulable else "false")


# Endpoints and slices


@pytest.mark.parametrize(
    ("subset", "problems"),
    [
        ({"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}, []),
        ({"ports": [{"port": 80}]}, ["subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]),
        (
            {"addresses": [{"ip": "127.0.0.1"}]},
            [
                'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range'
                " (127.0.0.0/8, ::1/128)"
            ],
        ),
        (
            {"addresses": [{"ip": "10.0.0.1", "hostname": "a.b"}], "ports": [{"port": 0}, {"port": 1}]},
            [
                'subsets[0].addresses[0].hostname: Invalid value: "a.b": must not contain dots',
                "subsets[0].ports[0].name: Required value",
                "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "subsets[0].ports[1].name: Required value",
            ],
        ),
    ],
)
def test_endpoints(subset: Object, problems: list[str]) -> None:
    assert refused(ENDPOINTS, {"subsets": [subset]}) == problems


def test_unchanged_subsets_are_not_judged_again() -> None:
    old: Object = {"metadata": {"name": "a"}, "subsets": [{"addresses": [{"ip": "127.0.0.1"}]}]}
    assert changed(ENDPOINTS, old, deepcopy(old)) == []


def test_endpoints_are_deprecated() -> None:
    assert ENDPOINTS.deprecated == "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"


@pytest.mark.parametrize(
    ("subsets", "shown"),
    [
        (None, "<none>"),
        ([{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}], "10.0.0.1:80"),
        ([{"addresses": [{"ip": "fd00::1"}], "ports": [{"port": 80}]}], "[fd00::1]:80"),
        ([{"addresses": [{"ip": "10.0.0.1"}]}], "10.0.0.1"),
        ([{"notReadyAddresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80}]}], ""),
        (
            [{"addresses": [{"ip": f"10.0.0.{n}"} for n in range(1, 6)], "ports": [{"port": 80}]}],
            "10.0.0.1:80,10.0.0.2:80,10.0.0.3:80 + 2 more...",
        ),
    ],
)
def test_the_row_of_endpoints(subsets: list[Object] | None, shown: str) -> None:
    assert cells(ENDPOINTS, made(ENDPOINTS, {"subsets": subsets}))["Endpoints"] == shown


def slice_of(*addresses: str, type_: str = "IPv4", **more: object) -> Object:
    return {"addressType": type_, "endpoints": [{"addresses": [each]} for each in addresses], **more}


@pytest.mark.parametrize(
    ("new", "problems"),
    [
        (slice_of("10.0.0.1", ports=[{"port": 80}]), []),
        (slice_of("a.example.com", type_="FQDN"), []),
        ({}, ["addressType: Required value"]),
        (
            slice_of(type_="X"),
            ['addressType: Unsupported value: "X": supported values: "FQDN", "IPv4", "IPv6"'],
        ),
        (
            {"addressType": "IPv4", "endpoints": [{}]},
            ["endpoints[0].addresses: Required value: must contain at least 1 address"],
        ),
        (slice_of("fd00::1"), ['endpoints[0].addresses: Invalid value: "fd00::1": must be an IPv4 address']),
        (
            slice_of("10.0.0.1", type_="IPv6"),
            ['endpoints[0].addresses: Invalid value: "10.0.0.1": must be an IPv6 address'],
        ),
        (
            slice_of("127.0.0.1"),
            [
                'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range'
                " (127.0.0.0/8, ::1/128)"
            ],
        ),
        (slice_of(ports=[{"port": 1}, {"port": 2}]), ['ports[1].name: Duplicate value: ""']),
        (
            slice_of(ports=[{"port": 1, "protocol": "X"}]),
            ['ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'],
        ),
        (
            slice_of(*["10.0.0.1"] * 1001),
            ["endpoints: Too many: 1001: must have at most 1000 items"],
        ),
        (
            slice_of("localhost", type_="FQDN"),
            [
                'endpoints[0].addresses[0]: Invalid value: "localhost": should be a domain with at least two segments'
                " separated by dots"
            ],
        ),
    ],
)
def test_endpoint_slices(new: Object, problems: list[str]) -> None:
    assert refused(ENDPOINT_SLICE, new) == problems


def test_the_address_type_stays_and_the_generation_counts() -> None:
    old = made(ENDPOINT_SLICE, slice_of("10.0.0.1"))
    old["metadata"]["generation"] = 1
    new = deepcopy(old) | {"addressType": "IPv6", "endpoints": []}
    assert changed(ENDPOINT_SLICE, old, new) == ['addressType: Invalid value: "IPv6": field is immutable']
    assert new["metadata"]["generation"] == 2


def test_the_row_of_a_slice() -> None:
    empty = made(ENDPOINT_SLICE, slice_of())
    full = made(ENDPOINT_SLICE, slice_of(*(f"10.0.0.{n}" for n in range(4)), ports=[{"port": 80}]))
    assert [cells(ENDPOINT_SLICE, each) for each in (empty, full)] == [
        {"AddressType": "IPv4", "Ports": "<unset>", "Endpoints": "<unset>", "Age": "<unknown>"},
        {
            "AddressType": "IPv4", "Ports": "80", "Endpoints": "10.0.0.0,10.0.0.1,10.0.0.2 + 1 more...",
            "Age": "<unknown>",
        },
    ]  # fmt: skip


# Addresses and ranges


@pytest.mark.parametrize(
    ("name", "messages"),
    [
        ("10.96.0.1", []),
        ("fd00::1", []),
        ("x", ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]),
        ("FD00::1", ['must be in canonical form ("fd00::1")']),
        ("010.96.0.1", ["must not have leading 0s"]),
    ],
)
def test_the_name_of_an_address_is_the_address(name: str, messages: list[str]) -> None:
    assert IP_ADDRESS.validate_name is not None
    assert list(IP_ADDRESS.validate_name(name, False)) == messages


PARENT = {"group": "", "resource": "services", "namespace": "default", "name": "web"}


def test_an_address_has_an_owner_that_stays() -> None:
    assert refused(IP_ADDRESS, {}) == ["spec.parentRef: Required value"]
    assert refused(IP_ADDRESS, {"spec": {"parentRef": {}}}) == [
        "spec.parentRef.resource: Required value", "spec.parentRef.name: Required value",
    ]  # fmt: skip
    old = made(IP_ADDRESS, {"spec": {"parentRef": PARENT}})
    new = deepcopy(old)
    new["spec"]["parentRef"]["name"] = "other"
    assert [text.partition(": ")[0] for text in changed(IP_ADDRESS, old, new)] == ["spec.parentRef"]
    assert cells(IP_ADDRESS, old)["ParentRef"] == "services/default/web"


@pytest.mark.parametrize(
    ("cidrs", "problems"),
    [
        (["10.96.0.0/16"], []),
        (["10.96.0.0/16", "fd00::/112"], []),
        ([], ["spec.cidrs: Required value: at least one CIDR required"]),
        (
            ["10.96.0.0/16", "10.97.0.0/16"],
            [
                'spec.cidrs: Invalid value: {"CIDRs":["10.96.0.0/16","10.97.0.0/16"]}: may specify no more than one IP'
                " for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64"
            ],
        ),
        (
            ["x"],
            ['spec.cidrs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
        ),
    ],
)
def test_ranges(cidrs: list[str], problems: list[str]) -> None:
    assert refused(SERVICE_CIDR, {"spec": {"cidrs": cidrs}}) == problems


def test_a_range_may_only_gain_the_other_family() -> None:
    old = made(SERVICE_CIDR, {"spec": {"cidrs": ["10.96.0.0/16"]}})
    assert changed(SERVICE_CIDR, old, {"metadata": {}, "spec": {"cidrs": ["10.96.0.0/16", "fd00::/112"]}}) == []
    assert changed(SERVICE_CIDR, old, {"metadata": {}, "spec": {"cidrs": ["10.97.0.0/16"]}}) == [
        'spec.cidrs[0]: Invalid value: "10.97.0.0/16": field is immutable'
    ]


# Settings and secrets


def test_keys_of_a_config_map_are_file_names() -> None:
    assert refused(CONFIG_MAP, {"data": {"a/b": "x", "..": "y"}}) == [
        "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or"
        " '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        "data[..]: Invalid value: \"..\": must not be '..'",
    ]


def test_a_key_stands_in_one_of_the_two_maps() -> None:
    problems = refused(CONFIG_MAP, {"data": {"a": "x"}, "binaryData": {"a": "eA=="}})
    assert problems[0] == 'data[a]: Invalid value: "a": duplicate of key present in binaryData'


def test_a_config_map_has_a_size() -> None:
    assert refused(CONFIG_MAP, {"data": {"a": "x" * (1024 * 1024 + 1)}}) == [
        "[]: Too long: may not be more than 1048576 bytes"
    ]


@pytest.mark.parametrize(("kind", "value"), [(CONFIG_MAP, "x"), (SECRET, "eA==")], ids=["ConfigMap", "Secret"])
def test_what_is_immutable_stays(kind: Kind, value: str) -> None:
    old = made(kind, {"data": {"a": value}, "immutable": True})
    new = deepcopy(old) | {"data": {}, "immutable": False}
    assert changed(kind, old, new) == [
        "immutable: Forbidden: field is immutable when `immutable` is set",
        "data: Forbidden: field is immutable when `immutable` is set",
    ]


def test_texts_of_a_secret_fold_into_its_data() -> None:
    new = made(SECRET, {"data": {"a": "eA==", "b": "eA=="}, "stringData": {"b": "hello"}})
    assert (new["data"], new["type"], "stringData" in new) == ({"a": "eA==", "b": "aGVsbG8="}, "Opaque", False)


@pytest.mark.parametrize(
    ("type_", "data", "problems"),
    [
        ("kubernetes.io/tls", {}, ["data[tls.crt]: Required value", "data[tls.key]: Required value"]),
        ("kubernetes.io/ssh-auth", {}, ["data[ssh-privatekey]: Required value"]),
        ("kubernetes.io/basic-auth", {}, ["data[username]: Required value", "data[password]: Required value"]),
        ("kubernetes.io/basic-auth", {"username": "eA=="}, []),
        ("kubernetes.io/dockerconfigjson", {}, ["data[.dockerconfigjson]: Required value"]),
        ("kubernetes.io/dockerconfigjson", {".dockerconfigjson": b64encode(b"{}").decode()}, []),
        (
            "kubernetes.io/service-account-token", {},
            ["metadata.annotations[kubernetes.io/service-account.name]: Required value"],
        ),
        ("mine/own", {}, []),
    ],
)  # fmt: skip
def test_types_of_secrets_demand_keys(type_: str, data: Object, problems: list[str]) -> None:
    assert refused(SECRET, {"type": type_, "data": data}) == problems


def test_a_secret_keeps_its_type_and_its_contents_out_of_errors() -> None:
    old = made(SECRET, {})
    assert changed(SECRET, old, {"metadata": {}, "type": "mine"}) == ['type: Invalid value: "mine": field is immutable']
    bad = refused(SECRET, {"type": "kubernetes.io/dockercfg", "data": {".dockercfg": "eA=="}})
    assert bad[0].startswith('data[.dockercfg]: Invalid value: "<secret contents redacted>": ')


def test_rows_of_settings_secrets_and_accounts() -> None:
    assert cells(CONFIG_MAP, made(CONFIG_MAP, {"data": {"a": ""}, "binaryData": {"b": ""}}))["Data"] == 2
    assert cells(SECRET, made(SECRET, {"data": {"a": ""}})) == {"Type": "Opaque", "Data": 1, "Age": "<unknown>"}
    assert cells(SERVICE_ACCOUNT, made(SERVICE_ACCOUNT, {}))["Secrets"] == 0


# Leases


def test_leases() -> None:
    assert refused(LEASE, {"spec": {"leaseDurationSeconds": 0, "leaseTransitions": -1}}) == [
        "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
    ]
    assert cells(LEASE, made(LEASE, {"spec": {"holderIdentity": "me"}}))["Holder"] == "me"


# Events

EVENT_NOW = 1_700_000_000.0


def event(**fields: object) -> Object:
    involved = {"kind": "Pod", "name": "web", "namespace": "default"}
    return {"metadata": {"name": "web.1"}, "involvedObject": involved, "reason": "Started", "type": "Normal"} | fields


def test_an_event_lives_with_its_object() -> None:
    assert refused(EVENT, event()) == []
    assert refused(EVENT, event(involvedObject={"namespace": "other"})) == [
        'involvedObject.namespace: Invalid value: "other": does not match event.namespace'
    ]


def test_a_new_style_event_says_who_reports_what() -> None:
    assert refused(EVENT, event(eventTime="2023-11-14T22:08:20.000000Z"))[0] == "reportingController: Required value"


def test_events_have_other_names_in_their_own_group() -> None:
    old = event(message="hello", count=2, source={"component": "scheduler"})
    new = deepcopy(old)
    served = EVENT.also[0]
    assert served.from_storage is not None and served.to_storage is not None
    served.from_storage(new)
    assert (new["regarding"]["name"], new["note"], new["deprecatedCount"]) == ("web", "hello", 2)
    served.to_storage(new)
    assert new == old


def test_the_row_of_an_event_starts_with_its_age() -> None:
    new = made(EVENT, event(
        message=" hello\n", count=3, source={"component": "kubelet", "host": "n1"},
        firstTimestamp="2023-11-14T22:03:20Z", lastTimestamp="2023-11-14T22:08:20Z",
    ))  # fmt: skip
    assert EVENT.leads_with_name is False
    assert list(cells(EVENT, new, EVENT_NOW).items()) == [
        ("Last Seen", "5m"), ("Type", "Normal"), ("Reason", "Started"), ("Object", "pod/web"), ("Message", "hello"),
    ]  # fmt: skip
    wide = cells(EVENT, new, EVENT_NOW, wide=True)
    assert [wide[name] for name in ("Source", "First Seen", "Count", "Name")] == ["kubelet, n1", "10m", 3, "web.1"]


def test_events_are_selected_by_their_object() -> None:
    new = made(EVENT, event(source={"component": "kubelet"}))
    assert (EVENT.fields["involvedObject.name"](new), EVENT.fields["source"](new)) == ("web", "kubelet")


# Services as rows


@pytest.mark.parametrize(
    ("spec", "row"),
    [
        ({"clusterIP": "10.96.0.9"}, ("ClusterIP", "10.96.0.9", "<none>", "80/TCP")),
        ({"clusterIP": "None", "ports": []}, ("ClusterIP", "None", "<none>", "<none>")),
        (
            {"clusterIP": "10.96.0.9", "externalIPs": ["1.2.3.4", "1.2.3.5"]},
            ("ClusterIP", "10.96.0.9", "1.2.3.4,1.2.3.5", "80/TCP"),
        ),
        (
            {"clusterIP": "10.96.0.9", "type": "NodePort",
             "ports": [{"port": 80, "name": "a", "nodePort": 30080}, {"port": 53, "name": "b", "protocol": "UDP",
                                                                       "nodePort": 30053}]},
            ("NodePort", "10.96.0.9", "<none>", "80:30080/TCP,53:30053/UDP"),
        ),
        (
            {"type": "ExternalName", "externalName": "bar.com", "ports": []},
            ("ExternalName", "<none>", "bar.com", "<none>"),
        ),
        (
            {"clusterIP": "10.96.0.9", "type": "LoadBalancer", "allocateLoadBalancerNodePorts": False},
            ("LoadBalancer", "10.96.0.9", "<pending>", "80/TCP"),
        ),
    ],
)  # fmt: skip
def test_the_row_of_a_service(spec: Object, row: tuple[str, ...]) -> None:
    shown = cells(SERVICE, Cluster().put(service(**spec)), wide=True)
    assert tuple(shown[name] for name in ("Type", "Cluster-IP", "External-IP", "Port(s)")) == row
    assert shown["Selector"] == "app=web"


def test_a_long_list_of_ingress_is_never_cut() -> None:
    new = Cluster().put(service(type="LoadBalancer", externalIPs=["1.1.1.1"]))
    hosts = [{"hostname": "b.a-long-name.example.com"}, {"ip": "9.9.9.9"}, {"hostname": "a.a-long-name.example.com"}]
    new["status"] = {"loadBalancer": {"ingress": hosts}}
    assert cells(SERVICE, new)["External-IP"] == ("9.9.9.9,a.a-long-name.example.com,b.a-long-name.example.com,1.1.1.1")
