"""Ingresses, their classes, and network policies: what they may say, and how they are shown."""

from copy import deepcopy
from typing import Any

import pytest
from kind_cases import cells, changed, made, refused

from fairway.kinds import INGRESS, INGRESS_CLASS, NETWORK_POLICY
from fairway.kinds.ingress_class import default_class
from fairway.objects import Object

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
WILDCARD = (
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of "
    "lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', "
    r"regex used for validation is '\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
NOT_A_NAME = "must be a DNS name, not an IP address"
BACKEND: Object = {"service": {"name": "web", "port": {"number": 80}}}


def path(**fields: Any) -> Object:
    return {"path": "/", "pathType": "Prefix", "backend": deepcopy(BACKEND)} | fields


def rule(*paths: Object, **fields: Any) -> Object:
    return {"host": "a.example.com", "http": {"paths": list(paths) or [path()]}} | fields


def ingress(*rules: Object, **spec: Any) -> Object:
    return {"metadata": {"name": "one"}, "spec": {"rules": list(rules) or [rule()]} | spec}


def backed_by(**backend: Any) -> Object:
    return ingress(defaultBackend=backend)


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        ({"spec": {}}, ["spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
        (ingress(rule(host="1.2.3.4")), [f'spec.rules[0].host: Invalid value: "1.2.3.4": {NOT_A_NAME}']),
        (ingress(rule(host="A")), [f'spec.rules[0].host: Invalid value: "A": {SUBDOMAIN}']),
        (ingress(rule(host="a.*.b")), [f'spec.rules[0].host: Invalid value: "a.*.b": {WILDCARD}']),
        (ingress(rule(http={})), ["spec.rules[0].http.paths: Required value"]),
        (
            ingress(rule(path(pathType=None))),
            ["spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"],
        ),
        (
            ingress(rule(path(pathType="Regex"))),
            [
                'spec.rules[0].http.paths[0].pathType: Unsupported value: "Regex": supported values: '
                '"Exact", "ImplementationSpecific", "Prefix"'
            ],
        ),
        (
            ingress(rule(path(path="a//b/.."))),
            [
                f'spec.rules[0].http.paths[0].path: Invalid value: "a//b/..": {text}'
                for text in ("must be an absolute path", "must not contain '//'", "cannot end with '/..'")
            ],
        ),
        (
            ingress(rule(path(path="a", pathType="ImplementationSpecific"))),
            ['spec.rules[0].http.paths[0].path: Invalid value: "a": must be an absolute path'],
        ),
        (
            ingress(rule(path(backend={}))),
            ['spec.rules[0].http.paths[0].backend: Invalid value: "": resource or service backend is required'],
        ),
        (
            backed_by(resource={"kind": "B", "name": "c"}, **BACKEND),
            ['spec.defaultBackend: Invalid value: "": cannot set both resource and service backends'],
        ),
        (
            backed_by(resource={"apiGroup": "A", "name": "a/b"}),
            [
                f'spec.defaultBackend.resource.apiGroup: Invalid value: "A": {SUBDOMAIN}',
                "spec.defaultBackend.resource.kind: Required value: kind is required",
                "spec.defaultBackend.resource.name: Invalid value: \"a/b\": may not contain '/'",
            ],
        ),
        (
            backed_by(service={}),
            [
                "spec.defaultBackend.service.name: Required value",
                "spec.defaultBackend: Required value: port name or number is required",
            ],
        ),
        (
            backed_by(service={"name": "web", "port": {"name": "http", "number": 80}}),
            ['spec.defaultBackend: Invalid value: "": cannot set both port name & port number'],
        ),
        (
            backed_by(service={"name": "web", "port": {"number": 70000}}),
            [
                "spec.defaultBackend.service.port.number: Invalid value: 70000: "
                "must be between 1 and 65535, inclusive"
            ],
        ),
        (
            ingress(tls=[{"hosts": ["*"], "secretName": "S"}]),
            [
                f'spec.tls[0].hosts[0]: Invalid value: "*": {WILDCARD}',
                f'spec.tls[0].secretName: Invalid value: "S": {SUBDOMAIN}',
            ],
        ),
        (ingress(ingressClassName="A"), [f'spec.ingressClassName: Invalid value: "A": {SUBDOMAIN}']),
        (
            ingress(ingressClassName="a")
            | {"metadata": {"name": "one", "annotations": {"kubernetes.io/ingress.class": "b"}}},
            [
                'annotations.kubernetes.io/ingress.class: Invalid value: "b": '
                "must match `ingressClassName` when both are specified"
            ],
        ),
    ],
)  # fmt: skip
def test_mistakes_of_an_ingress(wrong: Object, texts: list[str]) -> None:
    assert refused(INGRESS, wrong) == texts


@pytest.mark.parametrize(
    "right",
    [
        backed_by(service={"name": "0web", "port": {"name": "http"}}),
        ingress(rule(host="*.example.com"), rule(host=None, http=None)),
        ingress(rule(path(path="", pathType="ImplementationSpecific"), path(path="/a/", pathType="Exact"))),
        ingress(tls=[{}, {"hosts": ["*.a.b", "c"], "secretName": "s"}], ingressClassName="nginx"),
        backed_by(resource={"apiGroup": "a.b", "kind": "Bucket", "name": "static"}),
    ],
)
def test_an_ingress_that_breaks_no_rule(right: Object) -> None:
    assert refused(INGRESS, right) == []


def test_status_and_spec_of_an_ingress_belong_each_to_their_own_resource() -> None:
    old = made(INGRESS, ingress() | {"status": {"loadBalancer": {"ingress": [{"ip": "1.1.1.1"}]}}})
    assert old["status"] == {"loadBalancer": {}}
    point = {"loadBalancer": {"ingress": [{"ip": "169.1.1.1"}]}}
    new = ingress(ingressClassName="other") | {"status": point}
    assert changed(INGRESS, old, new, "status") == []
    assert (new["status"], new["spec"]) == (point, old["spec"])
    assert changed(INGRESS, old, new := ingress(ingressClassName="other") | {"status": point}) == []
    assert (new["status"], new["spec"]["ingressClassName"]) == ({"loadBalancer": {}}, "other")
    wrong = {"loadBalancer": {"ingress": [{"ip": "01.1.1.1"}, {"hostname": "1.1.1.1"}]}}
    assert changed(INGRESS, old, deepcopy(old) | {"status": wrong}, "status") == [
        'status.loadBalancer.ingress[0].ip: Invalid value: "01.1.1.1": must not have leading 0s',
        f'status.loadBalancer.ingress[1].hostname: Invalid value: "1.1.1.1": {NOT_A_NAME}',
    ]


def test_the_old_way_to_name_a_class_is_warned_of_once() -> None:
    new = made(INGRESS, ingress())
    new["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "nginx"}
    text = "annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"
    assert list(INGRESS.warnings(new, None)) == [text]
    assert list(INGRESS.warnings(new, new)) == []


@pytest.mark.parametrize(
    ("found", "class_", "hosts", "address", "ports"),
    [
        (backed_by(**BACKEND) | {"spec": {"defaultBackend": BACKEND}}, "<none>", "*", "", "80"),
        (ingress(tls=[{}], ingressClassName="nginx"), "nginx", "a.example.com", "", "80, 443"),
        (ingress(*[rule(host=host) for host in "abcde"]), "<none>", "a,b,c + 2 more...", "", "80"),
        (ingress(rule(host="a"), rule(host=None), rule(host="b")), "<none>", "a,b", "", "80"),
    ],
)
def test_an_ingress_is_shown(found: Object, class_: str, hosts: str, address: str, ports: str) -> None:
    shown = cells(INGRESS, made(INGRESS, found))
    assert [shown[name] for name in ("Class", "Hosts", "Address", "Ports")] == [class_, hosts, address, ports]


def test_addresses_of_an_ingress_are_shown_in_order() -> None:
    new = made(INGRESS, ingress())
    new["status"] = {"loadBalancer": {"ingress": [{"ip": "2.2.2.2"}, {"hostname": "a.b"}, {"ip": "1.1.1.1"}, {}]}}
    assert cells(INGRESS, new)["Address"] == "1.1.1.1,2.2.2.2,a.b"


# Classes


def ingress_class(parameters: Object | None = None, controller: str = "example.com/controller") -> Object:
    more = {} if parameters is None else {"parameters": parameters}
    return {"spec": {"controller": controller} | more}


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        ({}, ["spec.controller: Required value"]),
        (
            ingress_class(controller="example.com"),
            ['spec.controller: Invalid value: "example.com": must be a domain-prefixed path (such as "acme.io/foo")'],
        ),
        (
            ingress_class(controller="A/b c"),
            [
                f'spec.controller: Invalid value: "A": {SUBDOMAIN}',
                'spec.controller: Invalid value: "b c": Invalid path '
                r"(regex used for validation is '[A-Za-z0-9/\-._~%!$&'()*+,;=:]+')",
            ],
        ),
        (ingress_class(controller="a/" + "b" * 249), ["spec.controller: Too long: may not be more than 250 bytes"]),
        (
            ingress_class({}),
            [
                "spec.parameters.kind: Required value: kind is required",
                "spec.parameters.name: Required value: name is required",
            ],
        ),
        (
            ingress_class({"kind": "K", "name": "n", "scope": "Planet"}),
            ['spec.parameters.scope: Unsupported value: "Planet": supported values: "Cluster", "Namespace"'],
        ),
        (
            ingress_class({"kind": "K", "name": "n", "scope": "Namespace"}),
            ["spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'"],
        ),
        (
            ingress_class({"kind": "K", "name": "n", "namespace": "x"}),
            ["spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'"],
        ),
    ],
)
def test_mistakes_of_an_ingress_class(wrong: Object, texts: list[str]) -> None:
    assert refused(INGRESS_CLASS, wrong) == texts


def test_the_controller_of_a_class_stays() -> None:
    old = made(INGRESS_CLASS, ingress_class({"kind": "K", "name": "n"}))
    assert old["spec"]["parameters"]["scope"] == "Cluster"
    assert changed(INGRESS_CLASS, old, ingress_class(controller="b/c")) == [
        'spec.controller: Invalid value: "b/c": field is immutable'
    ]


@pytest.mark.parametrize(
    ("parameters", "shown"),
    [(None, "<none>"), ({"kind": "K", "name": "n"}, "K/n"), ({"apiGroup": "g", "kind": "K", "name": "n"}, "K.g/n")],
)
def test_a_class_is_shown(parameters: Object | None, shown: str) -> None:
    found = cells(INGRESS_CLASS, made(INGRESS_CLASS, ingress_class(parameters)))
    assert (found["Controller"], found["Parameters"]) == ("example.com/controller", shown)


def test_of_several_default_classes_the_youngest_counts_then_the_first_by_name() -> None:
    def marked(name: str, made_at: str, value: str = "true") -> Object:
        annotations = {"ingressclass.kubernetes.io/is-default-class": value}
        return {"metadata": {"name": name, "creationTimestamp": made_at, "annotations": annotations}}

    old, new = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
    classes = [marked("a", old), marked("c", new), marked("b", new), marked("z", "2026-01-03T00:00:00Z", "false")]
    assert (default_class(classes) or {})["name"] == "b"
    assert default_class(classes[3:]) is None


# Network policies


def policy(**spec: Any) -> Object:
    return {"spec": spec}


def test_defaults_of_a_network_policy() -> None:
    new = made(NETWORK_POLICY, policy(ingress=[{"ports": [{"port": 80}, {"protocol": "UDP"}]}]))
    assert new["spec"] == {
        "podSelector": {}, "policyTypes": ["Ingress"],
        "ingress": [{"ports": [{"port": 80, "protocol": "TCP"}, {"protocol": "UDP"}]}],
    }  # fmt: skip
    assert made(NETWORK_POLICY, policy(egress=[{}]))["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert made(NETWORK_POLICY, policy(egress=[]))["spec"]["policyTypes"] == ["Ingress"]


def ported(**port: Any) -> Object:
    return policy(ingress=[{"ports": [port]}])


def peered(**peer: Any) -> Object:
    return policy(egress=[{"to": [peer]}])


PORT, PEER = "spec.ingress[0].ports[0]", "spec.egress[0].to[0]"


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        (
            ported(protocol="ICMP"),
            [f'{PORT}.protocol: Unsupported value: "ICMP": supported values: "TCP", "UDP", "SCTP"'],
        ),
        (ported(port=0), [f"{PORT}.port: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        (
            ported(port=80, endPort=79),
            [f"{PORT}.endPort: Invalid value: 79: must be greater than or equal to `port`"],
        ),
        (ported(endPort=79), [f"{PORT}.endPort: Invalid value: 79: may not be specified when `port` is not specified"]),
        (
            ported(port="http", endPort=79),
            [f"{PORT}.endPort: Invalid value: 79: may not be specified when `port` is non-numeric"],
        ),
        (ported(port="-a"), [f'{PORT}.port: Invalid value: "-a": must not begin or end with a hyphen']),
        (peered(), [f"{PEER}: Required value: must specify a peer"]),
        (
            peered(podSelector={}, ipBlock={"cidr": "10.0.0.0/8"}),
            [f"{PEER}: Forbidden: may not specify both ipBlock and another peer"],
        ),
        (
            peered(podSelector={"matchExpressions": [{"key": "a", "operator": "Equals"}]}),
            [
                f"{PEER}.podSelector.matchExpressions[0].operator: "
                'Invalid value: "Equals": not a valid selector operator'
            ],
        ),
        (peered(ipBlock={}), [f"{PEER}.ipBlock.cidr: Required value"]),
        (
            peered(ipBlock={"cidr": "10.0.0.0"}),
            [
                f'{PEER}.ipBlock.cidr: Invalid value: "10.0.0.0": '
                "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
            ],
        ),
        (
            peered(ipBlock={"cidr": "10.0.0.1/8"}),
            [f'{PEER}.ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length'],
        ),
        *[
            (
                peered(ipBlock={"cidr": "10.0.0.0/8", "except": [inner]}),
                [f'{PEER}.ipBlock.except[0]: Invalid value: "{inner}": must be a strict subset of `cidr`'],
            )
            for inner in ("10.0.0.0/8", "11.0.0.0/16", "fd00::/64")
        ],
        (
            policy(policyTypes=["Ingress", "Both"]),
            ['spec.policyTypes[1]: Unsupported value: "Both": supported values: "Ingress", "Egress"'],
        ),
        (
            policy(policyTypes=["Ingress"] * 3),
            [
                'spec.policyTypes: Invalid value: ["Ingress","Ingress","Ingress"]: '
                "may not specify more than two policyTypes"
            ],
        ),
        (
            policy(podSelector={"matchLabels": {"a": "-"}}),
            [
                'spec.podSelector.matchLabels: Invalid value: "-": a valid label must be an empty string or consist of '
                "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
                "'MyValue',  or 'my_value',  or '12345', regex used for validation is "
                "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
            ],
        ),
    ],
)
def test_mistakes_of_a_network_policy(wrong: Object, texts: list[str]) -> None:
    assert refused(NETWORK_POLICY, wrong) == texts


def test_a_range_that_was_there_need_only_be_readable() -> None:
    old = peered(ipBlock={"cidr": "10.0.0.1/8", "except": ["10.1.0.1/16"]})
    NETWORK_POLICY.defaults(old)
    assert changed(NETWORK_POLICY, old, deepcopy(old) | {"metadata": {"labels": {"a": "b"}}}) == []


def test_a_network_policy_is_shown() -> None:
    shown = cells(NETWORK_POLICY, made(NETWORK_POLICY, policy(podSelector={"matchLabels": {"a": "b", "c": "d"}})))
    assert shown["Pod-Selector"] == "a=b,c=d"
    assert cells(NETWORK_POLICY, made(NETWORK_POLICY, policy()))["Pod-Selector"] == "<none>"
