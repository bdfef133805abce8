# ruff: noqa: E501  (texts of the wire stay in one piece)
"""What a Service may say and what it is told: rows for ``test_service_object``, in upstream's words.

Source: Kubernetes API reference, "Service v1 core"; messages as kube-apiserver 1.36 writes them.
"""

from typing import Any

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with "
    "an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
QUALIFIED = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
PORT = "must be between 1 and 65535, inclusive"
IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
ONLY_LB = "may only be used when `type` is 'LoadBalancer'"
RANGE = "provided port is not in the valid range. The range of valid ports is 30000-32767"
TAKEN = "provided port is already allocated"
NO_MATCH = "the provided network does not match the current range"

WEB = [{"port": 80}]
TWO = [{"name": "a", "port": 80}, {"name": "b", "port": 443}]


def port(**fields: Any) -> dict[str, Any]:
    return {"ports": [{"port": 80, **fields}]}


def pair(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"ports": [{"name": "a", "port": 80, **first}, {"name": "b", "port": 81, **second}]}


def of_type(type_: str, **spec: Any) -> dict[str, Any]:
    return {"type": type_, "ports": WEB, **spec}


CREATES: list[tuple[dict[str, Any], str]] = [
    # Type and ports
    ({}, "spec.ports: Required value"),
    (
        of_type("LoadBalancer", clusterIP="None"),
        "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for LoadBalancer services",
    ),
    (
        of_type("NodePort", clusterIP="None"),
        "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services",
    ),
    (
        of_type("Funny"),
        'spec.type: Unsupported value: "Funny": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ),
    ({"ports": [{"name": "a", "port": 80}, {"port": 81}]}, "spec.ports[1].name: Required value"),
    (
        {"ports": [{"port": 80}, {"port": 81}]},
        "[spec.ports[0].name: Required value, spec.ports[1].name: Required value]",
    ),
    (port(name="A_b"), f'spec.ports[0].name: Invalid value: "A_b": {LABEL}'),
    (port(name="a.b"), 'spec.ports[0].name: Invalid value: "a.b": must not contain dots'),
    (port(name="a" * 64), f'spec.ports[0].name: Invalid value: "{"a" * 64}": must be no more than 63 characters'),
    (pair({"name": "http"}, {"name": "http"}), 'spec.ports[1].name: Duplicate value: "http"'),
    (
        {"ports": [{"port": 0}]},
        f"[spec.ports[0].port: Invalid value: 0: {PORT}, spec.ports[0].targetPort: Invalid value: 0: {PORT}]",
    ),
    ({"ports": [{"port": 0, "targetPort": 80}]}, f"spec.ports[0].port: Invalid value: 0: {PORT}"),
    ({"ports": [{"port": 65536, "targetPort": 80}]}, f"spec.ports[0].port: Invalid value: 65536: {PORT}"),
    ({"ports": [{"port": -1, "targetPort": 80}]}, f"spec.ports[0].port: Invalid value: -1: {PORT}"),
    (
        port(protocol="ICMP"),
        'spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ),
    (port(protocol="tcp"), 'spec.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"'),
    (port(targetPort=70000), f"spec.ports[0].targetPort: Invalid value: 70000: {PORT}"),
    (
        port(targetPort="a" * 16),
        f'spec.ports[0].targetPort: Invalid value: "{"a" * 16}": must be no more than 15 characters',
    ),
    (port(targetPort="a--b"), 'spec.ports[0].targetPort: Invalid value: "a--b": must not contain consecutive hyphens'),
    (port(targetPort="80"), 'spec.ports[0].targetPort: Invalid value: "80": must contain at least one letter (a-z)'),
    (port(targetPort="a-"), 'spec.ports[0].targetPort: Invalid value: "a-": must not begin or end with a hyphen'),
    (
        port(targetPort="a_b"),
        'spec.ports[0].targetPort: Invalid value: "a_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
    ),
    (port(appProtocol="a b"), f'spec.ports[0].appProtocol: Invalid value: "a b": {QUALIFIED}'),
    (
        pair({}, {"port": 80}),
        'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ),
    (pair({}, {"port": 80, "protocol": "UDP"}), ""),
    (port(nodePort=30080), "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"),
    # Selector, affinity, policies
    ({"ports": WEB, "selector": {"a b": "c"}}, f'spec.selector: Invalid value: "a b": {QUALIFIED}'),
    ({"ports": WEB, "selector": {"a": "b c"}}, f'spec.selector: Invalid value: "b c": {VALUE}'),
    (
        {"ports": WEB, "sessionAffinity": "X"},
        'spec.sessionAffinity: Unsupported value: "X": supported values: "ClientIP", "None"',
    ),
    *(
        (
            {
                "ports": WEB,
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": seconds}},
            },
            f"spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: {seconds}: must be greater than 0 and less than 86400",
        )
        for seconds in (0, -1, 86401)
    ),
    (
        {"ports": WEB, "sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}},
        "",
    ),
    (
        {"ports": WEB, "internalTrafficPolicy": "X"},
        'spec.internalTrafficPolicy: Unsupported value: "X": supported values: "Cluster", "Local"',
    ),
    (
        of_type("NodePort", externalTrafficPolicy="X"),
        'spec.externalTrafficPolicy: Unsupported value: "X": supported values: "Cluster", "Local"',
    ),
    (
        {"ports": WEB, "externalTrafficPolicy": "Local"},
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ),
    ({"ports": WEB, "externalTrafficPolicy": "Local", "externalIPs": ["203.0.113.1"]}, ""),
    (
        {"ports": WEB, "trafficDistribution": "X"},
        'spec.trafficDistribution: Unsupported value: "X": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ),
    *(
        ({"ports": WEB, "trafficDistribution": value}, "")
        for value in ("PreferClose", "PreferSameZone", "PreferSameNode")
    ),
    (
        {"ports": WEB, "healthCheckNodePort": 31000},
        "spec.healthCheckNodePort: Invalid value: 31000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    ),
    # External addresses
    ({"ports": WEB, "externalIPs": ["x"]}, f'spec.externalIPs[0]: Invalid value: "x": {IP}'),
    (
        {"ports": WEB, "externalIPs": ["010.0.0.1"]},
        'spec.externalIPs[0]: Invalid value: "010.0.0.1": must not have leading 0s',
    ),
    (
        {"ports": WEB, "externalIPs": ["::ffff:1.2.3.4"]},
        'spec.externalIPs[0]: Invalid value: "::ffff:1.2.3.4": must not be an IPv4-mapped IPv6 address',
    ),
    (
        {"ports": WEB, "externalIPs": ["0.0.0.0"]},
        'spec.externalIPs[0]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
    ),
    (
        {"ports": WEB, "externalIPs": ["127.0.0.1"]},
        'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ),
    (
        {"ports": WEB, "externalIPs": ["169.254.1.1"]},
        'spec.externalIPs[0]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
    ),
    (
        {"ports": WEB, "externalIPs": ["224.0.0.1"]},
        'spec.externalIPs[0]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
    ),
    # Load balancer fields
    (
        {"ports": WEB, "loadBalancerSourceRanges": ["10.0.0.0/8"]},
        f"spec.LoadBalancerSourceRanges: Forbidden: {ONLY_LB}",
    ),
    (
        of_type("LoadBalancer", loadBalancerSourceRanges=["x"]),
        f'spec.LoadBalancerSourceRanges[0]: Invalid value: "x": {CIDR}',
    ),
    (of_type("LoadBalancer", loadBalancerSourceRanges=[" 10.0.0.0/8 "]), ""),
    (
        {"ports": WEB, "allocateLoadBalancerNodePorts": True},
        f"spec.allocateLoadBalancerNodePorts: Forbidden: {ONLY_LB}",
    ),
    (
        {"ports": WEB, "allocateLoadBalancerNodePorts": False},
        f"spec.allocateLoadBalancerNodePorts: Forbidden: {ONLY_LB}",
    ),
    ({"ports": WEB, "loadBalancerClass": "a/b"}, f"spec.loadBalancerClass: Forbidden: {ONLY_LB}"),
    (of_type("LoadBalancer", loadBalancerClass="a b"), f'spec.loadBalancerClass: Invalid value: "a b": {QUALIFIED}'),
    (of_type("LoadBalancer", loadBalancerIP="whatever"), ""),
    # ExternalName
    ({"type": "ExternalName"}, "spec.externalName: Required value"),
    ({"type": "ExternalName", "externalName": "a_b"}, f'spec.externalName: Invalid value: "a_b": {SUBDOMAIN}'),
    ({"type": "ExternalName", "externalName": "a.b."}, ""),
    (
        {"type": "ExternalName", "externalName": "a", "clusterIP": "10.96.0.9"},
        "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
    ),
    (
        {"type": "ExternalName", "externalName": "a", "clusterIP": "None"},
        "spec.clusterIPs: Forbidden: may not be set for ExternalName services",
    ),
    (
        {"type": "ExternalName", "externalName": "a", "ipFamilies": ["IPv4"]},
        "spec.ipFamilies: Forbidden: may not be set for ExternalName services",
    ),
    (
        {"type": "ExternalName", "externalName": "a", "ipFamilyPolicy": "SingleStack"},
        "spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services",
    ),
    # Addresses and families; on a dual-stack cluster
    (
        {"ports": WEB, "clusterIP": "10.96.0.50", "clusterIPs": ["10.96.0.51"]},
        'spec.clusterIPs: Invalid value: ["10.96.0.51"]: first value must match `clusterIP`',
    ),
    (
        {"ports": WEB, "clusterIPs": ["10.96.0.51"]},
        'spec.clusterIPs: Invalid value: ["10.96.0.51"]: must be empty when `clusterIP` is not specified',
    ),
    (
        {"ports": WEB, "clusterIP": "None", "clusterIPs": ["None", "10.96.0.51"]},
        'spec.clusterIPs: Invalid value: ["None","10.96.0.51"]: \'None\' must be the first and only value',
    ),
    ({"ports": WEB, "clusterIP": "x"}, f'spec.clusterIPs[0]: Invalid value: "x": {IP}'),
    (
        {"ports": WEB, "clusterIP": "10.96.0.50", "clusterIPs": ["10.96.0.50", "fd96::50", "10.96.0.51"]},
        'spec.clusterIPs: Invalid value: ["10.96.0.50","fd96::50","10.96.0.51"]: may only hold up to 2 values',
    ),
    (
        {"ports": WEB, "clusterIP": "10.96.0.50", "clusterIPs": ["10.96.0.50", "10.96.0.51"]},
        'spec.clusterIPs: Invalid value: ["10.96.0.50","10.96.0.51"]: may specify no more than one IP for each IP family',
    ),
    (
        {"ports": WEB, "clusterIP": "fd96::50", "ipFamilies": ["IPv4"]},
        'spec.clusterIPs[0]: Invalid value: "fd96::50": expected an IPv4 value as indicated by `ipFamilies[0]`',
    ),
    (
        {"ports": WEB, "clusterIP": "10.96.0.50", "ipFamilies": ["IPv6"]},
        'spec.clusterIPs[0]: Invalid value: "10.96.0.50": expected an IPv6 value as indicated by `ipFamilies[0]`',
    ),
    (
        {"ports": WEB, "ipFamilies": ["IPv5"]},
        'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
    ),
    (
        {"ports": WEB, "ipFamilies": ["IPv4", "IPv4"], "ipFamilyPolicy": "RequireDualStack"},
        'spec.ipFamilies[1]: Duplicate value: "IPv4"',
    ),
    (
        {"ports": WEB, "ipFamilyPolicy": "X"},
        'spec.ipFamilyPolicy: Unsupported value: "X": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
    ),
    (
        {"ports": WEB, "ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4", "IPv6"]},
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    ),
    (
        {
            "ports": WEB,
            "ipFamilyPolicy": "SingleStack",
            "clusterIP": "10.96.0.50",
            "clusterIPs": ["10.96.0.50", "fd96::50"],
        },
        "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified",
    ),
    # Allocation; it comes before validation and hides it
    (
        {"ports": WEB, "clusterIP": "1.2.3.4"},
        f'spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: {NO_MATCH}',
    ),
    (
        {"ports": WEB, "clusterIP": "10.96.0.0"},
        f'spec.clusterIPs: Invalid value: ["10.96.0.0"]: failed to allocate IP 10.96.0.0: {NO_MATCH}',
    ),
    (
        {"ports": WEB, "clusterIP": "10.96.255.255"},
        f'spec.clusterIPs: Invalid value: ["10.96.255.255"]: failed to allocate IP 10.96.255.255: {NO_MATCH}',
    ),
    (
        {"ports": WEB, "clusterIP": "10.96.0.1"},
        'spec.clusterIPs: Invalid value: ["10.96.0.1"]: failed to allocate IP 10.96.0.1: provided IP is already allocated',
    ),
    (
        {"ports": [{"port": 0}], "clusterIP": "1.2.3.4"},
        f'spec.clusterIPs: Invalid value: ["1.2.3.4"]: failed to allocate IP 1.2.3.4: {NO_MATCH}',
    ),
    ({"type": "NodePort", **port(nodePort=123456)}, f"spec.ports[0].nodePort: Invalid value: 123456: {RANGE}"),
    ({"type": "NodePort", **port(nodePort=80)}, f"spec.ports[0].nodePort: Invalid value: 80: {RANGE}"),
    ({"type": "NodePort", **port(nodePort=30099)}, f"spec.ports[0].nodePort: Invalid value: 30099: {TAKEN}"),
    (
        {"type": "NodePort", **pair({"nodePort": 30100}, {"nodePort": 30100})},
        f"spec.ports[1].nodePort: Invalid value: 30100: {TAKEN}",
    ),
    ({"type": "NodePort", **pair({"nodePort": 30101}, {"port": 80, "protocol": "UDP", "nodePort": 30101})}, ""),
]
"""Specs that are sent to be created, with what is said of them; empty where they are right."""

META: list[tuple[dict[str, Any], str]] = [
    ({"name": "1svc"}, ""),
    ({"name": "a" * 63}, ""),
    ({"name": "a" * 64}, f'metadata.name: Invalid value: "{"a" * 64}": must be no more than 63 characters'),
    ({"name": "Upper"}, f'metadata.name: Invalid value: "Upper": {LABEL}'),
    ({"name": "a.b"}, 'metadata.name: Invalid value: "a.b": must not contain dots'),
    ({}, "metadata.name: Required value: name or generateName is required"),
    (
        {"generateName": "g" * 64},
        f'metadata.generateName: Invalid value: "{"g" * 64}": must be no more than 63 characters',
    ),
    (
        {
            "name": "m",
            "annotations": {
                "service.kubernetes.io/topology-mode": "a",
                "service.kubernetes.io/topology-aware-hints": "b",
            },
        },
        'metadata.annotations[service.kubernetes.io/topology-mode]: Invalid value: "a": must match annotations[service.kubernetes.io/topology-aware-hints] when both are specified',
    ),
    (
        {"name": "m", "annotations": {"service.beta.kubernetes.io/load-balancer-source-ranges": "10.0.0.0/8"}},
        f"metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]: Forbidden: {ONLY_LB}",
    ),
    ({"name": "m", "labels": {"a b": "c"}}, f'metadata.labels: Invalid value: "a b": {QUALIFIED}'),
    (
        {"name": "m", "finalizers": ["x"]},
        'metadata.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ),
]
"""Metadata with what is said of it, in front of a spec that is right."""

WARNED: list[tuple[dict[str, Any], list[str]]] = [
    ({"ports": WEB}, []),
    (
        {"ports": WEB, "externalIPs": ["203.0.113.1"]},
        ["spec.externalIPs is deprecated and may no longer be implemented in some clusters"],
    ),
    (
        {
            "clusterIP": "None",
            "loadBalancerIP": "1.2.3.4",
            "externalIPs": ["203.0.113.1"],
            "sessionAffinity": "ClientIP",
        },
        [
            "spec.loadBalancerIP is ignored for headless services",
            "spec.externalIPs is ignored for headless services",
            "spec.SessionAffinity is ignored for headless services",
        ],
    ),
    (
        {"type": "ExternalName", "externalName": "a", "externalIPs": ["203.0.113.1"]},
        ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
    ),
    ({"ports": WEB, "externalName": "a"}, ['spec.externalName is ignored when spec.type is not "ExternalName"']),
    (
        {"ports": WEB, "trafficDistribution": "PreferClose"},
        ['spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'],
    ),
    (
        {"ports": WEB, "clusterIP": "FD96::50", "ipFamilies": ["IPv6"]},
        ['spec.clusterIPs[0]: IPv6 address "FD96::50" should be in RFC 5952 canonical format ("fd96::50")'],
    ),
]
"""Specs with the warnings that come with them."""

DEFAULTS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"ports": WEB},
        {
            "type": "ClusterIP",
            "sessionAffinity": "None",
            "internalTrafficPolicy": "Cluster",
            "ipFamilyPolicy": "SingleStack",
            "ipFamilies": ["IPv4"],
            "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
            "externalTrafficPolicy": None,
            "allocateLoadBalancerNodePorts": None,
        },
    ),
    (port(targetPort=0), {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]}),
    (port(targetPort=""), {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]}),
    (port(targetPort="http"), {"ports": [{"port": 80, "protocol": "TCP", "targetPort": "http"}]}),
    ({"ports": WEB, "sessionAffinity": "ClientIP"}, {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}}),
    (
        {"ports": WEB, "sessionAffinity": "ClientIP", "sessionAffinityConfig": {}},
        {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}}},
    ),
    ({"ports": WEB, "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 5}}}, {"sessionAffinityConfig": None}),
    (
        of_type("NodePort"),
        {"externalTrafficPolicy": "Cluster", "internalTrafficPolicy": "Cluster", "allocateLoadBalancerNodePorts": None},
    ),
    (
        of_type("LoadBalancer"),
        {"externalTrafficPolicy": "Cluster", "allocateLoadBalancerNodePorts": True, "healthCheckNodePort": None},
    ),
    ({"ports": WEB, "externalIPs": ["203.0.113.1"]}, {"externalTrafficPolicy": "Cluster"}),
    (
        {"type": "ExternalName", "externalName": "a"},
        {
            "clusterIP": None,
            "clusterIPs": None,
            "ipFamilies": None,
            "ipFamilyPolicy": None,
            "internalTrafficPolicy": None,
        },
    ),
    (
        {"ports": WEB, "clusterIP": "None", "selector": {"a": "b"}},
        {"clusterIP": "None", "clusterIPs": ["None"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"},
    ),
    ({"clusterIP": "None"}, {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "RequireDualStack"}),
    (
        {"ports": WEB, "ipFamilyPolicy": "PreferDualStack"},
        {"ipFamilies": ["IPv4", "IPv6"], "ipFamilyPolicy": "PreferDualStack"},
    ),
    ({"ports": WEB, "ipFamilyPolicy": "RequireDualStack", "ipFamilies": ["IPv6"]}, {"ipFamilies": ["IPv6", "IPv4"]}),
    ({"ports": WEB, "ipFamilies": ["IPv6"]}, {"ipFamilies": ["IPv6"], "ipFamilyPolicy": "SingleStack"}),
    (
        {
            "ports": WEB,
            "clusterIP": "10.96.0.60",
            "clusterIPs": ["10.96.0.60", "fd96::60"],
            "ipFamilyPolicy": "RequireDualStack",
        },
        {"clusterIPs": ["10.96.0.60", "fd96::60"], "ipFamilies": ["IPv4", "IPv6"]},
    ),
    (
        {"ports": WEB, "trafficDistribution": "PreferSameNode", "publishNotReadyAddresses": True},
        {"trafficDistribution": "PreferSameNode", "publishNotReadyAddresses": True},
    ),
    (
        {"ports": [{"port": 80, "appProtocol": "kubernetes.io/h2c"}]},
        {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 80, "appProtocol": "kubernetes.io/h2c"}]},
    ),
]
"""Specs with what they are after a create; ``None`` for a field that is not there."""

STATUSES: list[tuple[str, dict[str, Any], str]] = [
    (
        "ClusterIP",
        {"ip": "203.0.113.1", "ipMode": "VIP"},
        "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
    ),
    ("LoadBalancer", {"ip": "x", "ipMode": "VIP"}, f'status.loadBalancer.ingress[0].ip: Invalid value: "x": {IP}'),
    ("LoadBalancer", {"ip": "203.0.113.1"}, ""),
    (
        "LoadBalancer",
        {"ip": "203.0.113.1", "ipMode": "X"},
        'status.loadBalancer.ingress[0].ipMode: Unsupported value: "X": supported values: "Proxy", "VIP"',
    ),
    (
        "LoadBalancer",
        {"hostname": "a.b", "ipMode": "VIP"},
        "status.loadBalancer.ingress[0].ipMode: Forbidden: may not be specified when `ip` is not set",
    ),
    (
        "LoadBalancer",
        {"hostname": "1.2.3.4"},
        'status.loadBalancer.ingress[0].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
    ),
    (
        "LoadBalancer",
        {"hostname": "a_b"},
        f'status.loadBalancer.ingress[0].hostname: Invalid value: "a_b": {SUBDOMAIN}',
    ),
    (
        "LoadBalancer",
        {"hostname": "lb.example.com", "ports": [{"port": 80, "protocol": "TCP", "error": "example.com/PortInUse"}]},
        "",
    ),
    ("LoadBalancer", {"ip": "203.0.113.1", "ipMode": "Proxy"}, ""),
]
"""Types, an entry of ``status.loadBalancer.ingress``, and what is said of it."""
