"""Every rule of a Service: one row per way to break it, with the text that clients see."""

from copy import deepcopy

import pytest
from service_cases import service

from fairway.kinds import SERVICE
from fairway.objects import Object
from fairway.objects.errors import invalid

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with"
    " an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is"
    " '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
    r" '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
NAME_PART = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric"
    " character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is"
    " '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and"
    " end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is"
    " '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
NOT_AN_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_A_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"


def found(new: Object, old: Object | None = None) -> list[str]:
    """``field: text`` of every problem of a Service as it stands after allocation."""
    SERVICE.defaults(new)
    spec = new["spec"]
    if spec["type"] != "ExternalName" and "clusterIP" not in spec and "clusterIPs" not in spec:
        spec.update(clusterIP="10.96.0.5", clusterIPs=["10.96.0.5"])
    return [problem.text for problem in SERVICE.validate(new, old)]


def headless(**spec: object) -> Object:
    return service(clusterIP="None", clusterIPs=["None"], **spec)


def test_a_plain_service_is_valid() -> None:
    assert found(service()) == []


@pytest.mark.parametrize(
    ("ports", "problems"),
    [
        ([], ["spec.ports: Required value"]),
        ([{"port": 80}, {"port": 81}], ["spec.ports[0].name: Required value", "spec.ports[1].name: Required value"]),
        ([{"port": 80, "name": "a"}, {"port": 81}], ["spec.ports[1].name: Required value"]),
        ([{"port": 80, "name": "A_b"}], [f'spec.ports[0].name: Invalid value: "A_b": {LABEL}']),
        ([{"port": 80, "name": "a.b"}], ['spec.ports[0].name: Invalid value: "a.b": must not contain dots']),
        (
            [{"port": 80, "name": "a" * 64}],
            [f'spec.ports[0].name: Invalid value: "{"a" * 64}": must be no more than 63 characters'],
        ),
        (
            [{"port": 80, "name": "http"}, {"port": 81, "name": "http"}],
            ['spec.ports[1].name: Duplicate value: "http"'],
        ),
        (
            [{"port": 65536, "targetPort": 1}],
            ["spec.ports[0].port: Invalid value: 65536: must be between 1 and 65535, inclusive"],
        ),
        (
            [{"port": 0}],
            [
                "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
                "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive",
            ],
        ),
        (
            [{"port": 80, "protocol": "ICMP"}],
            ['spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"'],
        ),
        (
            [{"port": 80, "targetPort": 70000}],
            ["spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive"],
        ),
        (
            [{"port": 80, "targetPort": "-a--B-"}],
            [
                'spec.ports[0].targetPort: Invalid value: "-a--B-": must contain only alpha-numeric characters'
                " (a-z, 0-9), and hyphens (-)",
                'spec.ports[0].targetPort: Invalid value: "-a--B-": must not contain consecutive hyphens',
                'spec.ports[0].targetPort: Invalid value: "-a--B-": must not begin or end with a hyphen',
            ],
        ),
        (
            [{"port": 80, "targetPort": "1234567890123456"}],
            [
                'spec.ports[0].targetPort: Invalid value: "1234567890123456": must be no more than 15 characters',
                'spec.ports[0].targetPort: Invalid value: "1234567890123456": must contain at least one letter (a-z)',
            ],
        ),
        (
            [{"port": 80, "appProtocol": "a b"}],
            [f'spec.ports[0].appProtocol: Invalid value: "a b": {NAME_PART}'],
        ),
        (
            [{"port": 80, "nodePort": 30080}],
            ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
        ),
        (
            [{"port": 80, "name": "a"}, {"port": 80, "name": "b"}],
            [
                'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,'
                '"TargetPort":0,"NodePort":0}'
            ],
        ),
        ([{"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP"}], []),
        ([{"port": 80, "appProtocol": "kubernetes.io/h2c"}], []),
    ],
)
def test_ports(ports: list[Object], problems: list[str]) -> None:
    assert found(service(ports=ports)) == problems


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        (
            {"type": "Cloud"},
            [
                'spec.type: Unsupported value: "Cloud": supported values: "ClusterIP", "ExternalName", "LoadBalancer",'
                ' "NodePort"'
            ],
        ),
        ({"selector": {"a b": "x"}}, [f'spec.selector: Invalid value: "a b": {NAME_PART}']),
        ({"selector": {"a": "-"}}, [f'spec.selector: Invalid value: "-": {VALUE}']),
        (
            {"sessionAffinity": "X"},
            ['spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None"'],
        ),
        (
            {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}},
            [
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less"
                " than 86400"
            ],
        ),
        ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}}, []),
        (
            {"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}},
            [
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and"
                " less than 86400"
            ],
        ),
        ({"externalIPs": ["x"]}, [f'spec.externalIPs[0]: Invalid value: "x": {NOT_AN_IP}']),
        ({"externalIPs": ["010.0.0.1"]}, ['spec.externalIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s']),
        (
            {"externalIPs": ["::ffff:1.2.3.4"]},
            ['spec.externalIPs[0]: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address'],
        ),
        (
            {"externalIPs": ["0.0.0.0"]},
            ['spec.externalIPs[0]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)'],
        ),
        (
            {"externalIPs": ["1.2.3.4", "127.0.0.1"]},
            [
                'spec.externalIPs[1]: Invalid value: "127.0.0.1": may not be in the loopback range'
                " (127.0.0.0/8, ::1/128)"
            ],
        ),
        (
            {"externalIPs": ["169.254.1.1"]},
            [
                'spec.externalIPs[0]: Invalid value: "169.254.1.1": may not be in the link-local range'
                " (169.254.0.0/16, fe80::/10)"
            ],
        ),
        (
            {"externalIPs": ["224.0.0.5"]},
            [
                'spec.externalIPs[0]: Invalid value: "224.0.0.5": may not be in the link-local multicast range'
                " (224.0.0.0/24, ff02::/10)"
            ],
        ),
        (
            {"loadBalancerSourceRanges": ["10.0.0.0/8"]},
            ["spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'"],
        ),
        (
            {"type": "NodePort", "allocateLoadBalancerNodePorts": False},
            ["spec.allocateLoadBalancerNodePorts: Forbidden: may only be used when `type` is 'LoadBalancer'"],
        ),
        (
            {"loadBalancerClass": "a/b"},
            ["spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"],
        ),
        (
            {"externalTrafficPolicy": "Local"},
            [
                'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'
            ],
        ),
        (
            {"type": "NodePort", "externalTrafficPolicy": "X"},
            ['spec.externalTrafficPolicy: Unsupported value: "X": supported values: "Cluster", "Local"'],
        ),
        (
            {"type": "NodePort", "healthCheckNodePort": 31000},
            [
                "spec.healthCheckNodePort: Invalid value: 31000: may only be set when `type` is 'LoadBalancer' and"
                " `externalTrafficPolicy` is 'Local'"
            ],
        ),
        (
            {"internalTrafficPolicy": "X"},
            ['spec.internalTrafficPolicy: Unsupported value: "X": supported values: "Cluster", "Local"'],
        ),
        (
            {"trafficDistribution": "X"},
            [
                'spec.trafficDistribution: Unsupported value: "X": supported values: "PreferClose", "PreferSameZone",'
                ' "PreferSameNode"'
            ],
        ),
        ({"trafficDistribution": "PreferSameNode"}, []),
        (
            {"type": "NodePort", "ports": [{"port": 80, "name": "a", "nodePort": 30080},
                                           {"port": 81, "name": "b", "nodePort": 30080}]},
            ["spec.ports[1].nodePort: Duplicate value: 30080"],
        ),
        (
            {"type": "LoadBalancer", "ports": [{"port": 10250}]},
            [
                "spec.ports[0]: Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet"
            ],
        ),
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["x", " 10.0.0.0/8 "]},
            [f'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": {NOT_A_CIDR}'],
        ),
        (
            {"type": "LoadBalancer", "loadBalancerSourceRanges": ["10.0.0.1/8"]},
            [
                'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the'
                " prefix length"
            ],
        ),
        (
            {"type": "LoadBalancer", "loadBalancerClass": "a b"},
            [f'spec.loadBalancerClass: Invalid value: "a b": {NAME_PART}'],
        ),
        (
            {"type": "LoadBalancer", "externalTrafficPolicy": "Local"},
            ["spec.healthCheckNodePort: Required value"],
        ),
    ],
)  # fmt: skip
def test_fields(spec: Object, problems: list[str]) -> None:
    assert found(service(**spec)) == problems


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        ({"externalName": "example.com"}, []),
        ({"externalName": "example.com."}, []),
        ({}, ["spec.externalName: Required value"]),
        ({"externalName": "Ex_ample"}, [f'spec.externalName: Invalid value: "Ex_ample": {SUBDOMAIN}']),
        (
            {"externalName": "a.b", "clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5"]},
            ["spec.clusterIPs: Forbidden: may not be set for ExternalName services"],
        ),
        (
            {"externalName": "a.b", "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"},
            [
                "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
                "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services",
            ],
        ),
    ],
)
def test_external_names(spec: Object, problems: list[str]) -> None:
    assert found(service(type="ExternalName", ports=[], **spec)) == problems


@pytest.mark.parametrize("type_", ["LoadBalancer", "NodePort"])
def test_only_cluster_ip_services_are_headless(type_: str) -> None:
    assert found(headless(type=type_)) == [
        f"spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for {type_} services"
    ]


def test_a_headless_service_needs_no_ports() -> None:
    assert found(headless(ports=[])) == []


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        (
            {"clusterIP": "1.2.3.5", "clusterIPs": ["1.2.3.4"]},
            ['spec.clusterIPs: Invalid value: ["1.2.3.4"]: first value must match `clusterIP`'],
        ),
        (
            {"clusterIPs": ["1.2.3.4"]},
            ['spec.clusterIPs: Invalid value: ["1.2.3.4"]: must be empty when `clusterIP` is not specified'],
        ),
        (
            {"clusterIP": "None", "clusterIPs": ["None", "1.2.3.4"]},
            ['spec.clusterIPs: Invalid value: ["None","1.2.3.4"]: \'None\' must be the first and only value'],
        ),
        (
            {"clusterIP": "x", "clusterIPs": ["x"]},
            [f'spec.clusterIPs[0]: Invalid value: "x": {NOT_AN_IP}'],
        ),
        (
            {"clusterIP": "1.2.3.4", "clusterIPs": ["1.2.3.4", "::1", "::2"]},
            ['spec.clusterIPs: Invalid value: ["1.2.3.4","::1","::2"]: may only hold up to 2 values'],
        ),
        (
            {"clusterIP": "1.2.3.4", "clusterIPs": ["1.2.3.4", "1.2.3.5"]},
            [
                'spec.clusterIPs: Invalid value: ["1.2.3.4","1.2.3.5"]: may specify no more than one IP for each IP'
                " family"
            ],
        ),
        (
            {"clusterIP": "::1", "clusterIPs": ["::1"], "ipFamilies": ["IPv4"]},
            ['spec.clusterIPs[0]: Invalid value: "::1": expected an IPv4 value as indicated by `ipFamilies[0]`'],
        ),
        (
            {"clusterIP": "1.2.3.4", "clusterIPs": ["1.2.3.4"], "ipFamilies": ["IPv6"]},
            ['spec.clusterIPs[0]: Invalid value: "1.2.3.4": expected an IPv6 value as indicated by `ipFamilies[0]`'],
        ),
        (
            {"ipFamilies": ["IPv5"]},
            ['spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"'],
        ),
        ({"ipFamilies": ["IPv4", "IPv4"]}, ['spec.ipFamilies[1]: Duplicate value: "IPv4"']),
        (
            {"ipFamilyPolicy": "X"},
            [
                'spec.ipFamilyPolicy: Unsupported value: "X": supported values: "PreferDualStack", "RequireDualStack",'
                ' "SingleStack"'
            ],
        ),
    ],
)
def test_addresses_and_families(spec: Object, problems: list[str]) -> None:
    assert found(service(**spec)) == problems


def test_topology_annotations_must_agree() -> None:
    new = service()
    new["metadata"]["annotations"] = {
        "service.kubernetes.io/topology-mode": "a",
        "service.kubernetes.io/topology-aware-hints": "b",
    }
    assert found(new) == [
        'metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "a": must match'
        " annotations[service.kubernetes.io/topology-aware-hints] when both are specified"
    ]


def test_source_ranges_may_stand_in_an_annotation_of_load_balancers_only() -> None:
    path = "metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]"
    new = service()
    new["metadata"]["annotations"] = {"service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8, x"}
    assert found(new) == [
        f"{path}: Forbidden: may only be used when `type` is 'LoadBalancer'",
        f'{path}: Invalid value: "x": {NOT_A_CIDR}',
    ]


def test_problems_come_in_order_and_equal_texts_once() -> None:
    new = service(ports=[{"port": 80}, {"port": 80}], sessionAffinity="X")
    SERVICE.defaults(new)
    new["spec"].update(clusterIP="10.96.0.5", clusterIPs=["10.96.0.5"])
    error = invalid("", "Service", "web", SERVICE.validate(new, None))
    assert error.message == (
        'Service "web" is invalid: [spec.ports[0].name: Required value, spec.ports[1].name: Required value,'
        ' spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None",'
        ' spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,'
        '"NodePort":0}]'
    )


# Updates


def stored(**spec: object) -> Object:
    """A Service as it lies in the store."""
    spec.setdefault("clusterIP", "10.96.0.5")
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    spec.setdefault("ipFamilies", ["IPv4"])
    spec.setdefault("ipFamilyPolicy", "SingleStack")
    new = service(**spec)
    SERVICE.defaults(new)
    return new


def changed(old: Object, **spec: object) -> list[str]:
    new = deepcopy(old)
    for key, value in spec.items():
        if value is None:
            new["spec"].pop(key, None)
        else:
            new["spec"][key] = value
    return [problem.text for problem in SERVICE.validate(new, old)]


def test_ports_selector_and_policies_may_change() -> None:
    changes = {"ports": [{"port": 81, "protocol": "TCP", "targetPort": 81}], "selector": {"a": "b"}}
    assert changed(stored(), **changes, internalTrafficPolicy="Local", sessionAffinity="None") == []


def test_the_cluster_ip_may_not_change() -> None:
    assert changed(stored(), clusterIP="10.0.0.2", clusterIPs=["10.0.0.2"]) == [
        'spec.clusterIPs[0]: Invalid value: ["10.0.0.2"]: may not change once set'
    ]


@pytest.mark.parametrize(("was", "now"), [("10.96.0.5", "None"), ("None", "10.96.0.5")])
def test_headless_stays_headless(was: str, now: str) -> None:
    assert changed(stored(clusterIP=was), clusterIP=now, clusterIPs=[now]) == [
        f'spec.clusterIPs[0]: Invalid value: ["{now}"]: may not change once set'
    ]


def test_the_cluster_ip_may_not_be_unset() -> None:
    assert "spec.clusterIPs[0]: Invalid value: []: primary clusterIP can not be unset" in changed(
        stored(), clusterIP=None, clusterIPs=None
    )


def dual(**spec: object) -> Object:
    return stored(
        clusterIPs=["10.96.0.5", "fd00::5"], ipFamilies=["IPv4", "IPv6"], ipFamilyPolicy="RequireDualStack", **spec
    )


def test_the_second_address_goes_only_with_single_stack() -> None:
    assert changed(dual(), clusterIPs=["10.96.0.5"], ipFamilies=["IPv4"]) == [
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be set to 'SingleStack' when releasing the"
        " secondary clusterIP",
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be set to 'SingleStack' when releasing the"
        " secondary ipFamily",
    ]


def test_the_primary_family_may_not_change() -> None:
    problems = changed(dual(), ipFamilies=["IPv6", "IPv4"])
    assert problems[0] == 'spec.ipFamilies[0]: Invalid value: ["IPv6","IPv4"]: may not change once set'


def test_a_headless_service_may_change_its_families() -> None:
    old = stored(clusterIP="None", ipFamilies=["IPv4"])
    assert changed(old, ipFamilies=["IPv6", "IPv4"], ipFamilyPolicy="RequireDualStack") == []


def test_an_external_name_frees_addresses_and_families() -> None:
    old = stored()
    new = service(type="ExternalName", externalName="a.b", ports=[])
    SERVICE.defaults(new)
    assert [problem.text for problem in SERVICE.validate(new, old)] == []


def balancer(**spec: object) -> Object:
    return stored(type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=31000, **spec)


def test_the_health_check_port_may_not_change() -> None:
    assert changed(balancer(), healthCheckNodePort=31001) == ["spec.healthCheckNodePort: Forbidden: field is immutable"]


@pytest.mark.parametrize(
    ("was", "now", "shown"), [("a/b", "a/c", '"a/c"'), ("a/b", None, '"null"'), (None, "a/b", '"a/b"')]
)
def test_the_load_balancer_class_may_not_change(was: str | None, now: str | None, shown: str) -> None:
    assert changed(balancer(loadBalancerClass=was), loadBalancerClass=now) == [
        f"spec.loadBalancerClass: Invalid value: {shown}: may not change once set"
    ]


def test_old_addresses_in_an_old_form_may_stay() -> None:
    assert changed(stored(externalIPs=["010.1.1.1"]), selector={"a": "b"}) == []


# Status


def status_problems(ingress: Object, type_: str = "LoadBalancer") -> list[str]:
    old = stored(type=type_)
    new = {**old, "status": {"loadBalancer": {"ingress": [ingress]}}}
    return [problem.text for problem in SERVICE.validate(new, old)]


@pytest.mark.parametrize(
    ("ingress", "problems"),
    [
        ({"ip": "1.2.3.4", "ipMode": "VIP"}, []),
        ({"hostname": "a.example.com"}, []),
        ({"ip": "x", "ipMode": "VIP"}, [f'ip: Invalid value: "x": {NOT_AN_IP}']),
        ({"ip": "1.2.3.4"}, ["ipMode: Required value: must be specified when `ip` is set"]),
        ({"ipMode": "VIP"}, ["ipMode: Forbidden: may not be specified when `ip` is not set"]),
        (
            {"ip": "1.2.3.4", "ipMode": "X"},
            ['ipMode: Unsupported value: "X": supported values: "Proxy", "VIP"'],
        ),
        ({"hostname": "A"}, [f'hostname: Invalid value: "A": {SUBDOMAIN}']),
        ({"hostname": "1.2.3.4"}, ['hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address']),
    ],
)
def test_ingress(ingress: Object, problems: list[str]) -> None:
    assert status_problems(ingress) == [f"status.loadBalancer.ingress[0].{problem}" for problem in problems]


def test_only_load_balancers_have_ingress() -> None:
    assert status_problems({"ip": "1.2.3.4", "ipMode": "VIP"}, "NodePort") == [
        "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'"
    ]


# Names


@pytest.mark.parametrize("name", ["web", "1svc", "a" * 63])
def test_a_name_is_a_label_that_may_start_with_a_digit(name: str) -> None:
    assert SERVICE.validate_name is not None
    assert list(SERVICE.validate_name(name, False)) == []


def test_a_name_has_no_dots() -> None:
    assert SERVICE.validate_name is not None
    assert list(SERVICE.validate_name("a.b", False)) == ["must not contain dots"]


# Warnings


@pytest.mark.parametrize(
    ("new", "texts"),
    [
        (service(), []),
        (
            service(externalIPs=["1.2.3.4"]),
            ["spec.externalIPs is deprecated and may no longer be implemented in some clusters"],
        ),
        (
            headless(externalIPs=["1.2.3.4"], loadBalancerIP="1.2.3.4", sessionAffinity="ClientIP"),
            [
                "spec.loadBalancerIP is ignored for headless services",
                "spec.externalIPs is ignored for headless services",
                "spec.SessionAffinity is ignored for headless services",
            ],
        ),
        (
            service(type="ExternalName", externalName="a.b", externalIPs=["1.2.3.4"]),
            ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
        ),
        (service(externalName="a.b"), ['spec.externalName is ignored when spec.type is not "ExternalName"']),
        (
            service(trafficDistribution="PreferClose"),
            ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
        ),
        (
            service(clusterIP="2001:DB8::1", clusterIPs=["2001:DB8::1"]),
            ['spec.clusterIPs[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")'],
        ),
        (
            service(clusterIP="010.0.0.1", clusterIPs=["010.0.0.1"]),
            ['spec.clusterIPs[0]: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"'],
        ),
    ],
)
def test_warnings(new: Object, texts: list[str]) -> None:
    SERVICE.defaults(new)
    assert list(SERVICE.warnings(new, None)) == texts


def test_the_old_hints_annotation_is_warned_about() -> None:
    new = service()
    new["metadata"]["annotations"] = {"service.kubernetes.io/topology-aware-hints": "Auto"}
    SERVICE.defaults(new)
    assert list(SERVICE.warnings(new, None)) == [
        "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use"
        " service.kubernetes.io/topology-mode instead"
    ]
