"""What `why` says to callers, of names, of pods and of Ingresses."""

import pytest

from fairway.why.locations import parsed
from pure.test_why import ONE, OPEN, first, port, well
from pure.why_cases import Thing, World, deployment, made, node, pod, policy, service, slice_of

# The caller.

CLIENT = pod("client", labels={"run": "client"}, ip="10.244.0.9", node="b")


@pytest.mark.parametrize(
    ("asked", "reason", "cure"),
    [
        ("8080", "PortNotInService", "port 80"),
        ("30080", "PortNotInService", "port 80"),
        ("81", "PortNotInService", "port 80"),
        ("80", "", ""),
        ("http", "", ""),
        ("https", "PortNotInService", "port 80"),
    ],
)
def test_the_port_that_a_caller_uses(asked: str, reason: str, cure: str) -> None:
    answer = well(CLIENT, ports=port(targetPort="http", nodePort=30080)).why(
        "Service", "kubia", who="pod/client", port=asked
    )
    assert ([(each.reason, each.cure) for each in answer.causes[:1]] or [("", "")]) == [(reason, cure)]


def test_callers_that_are_not_there_or_not_running() -> None:
    assert well().why("Service", "kubia", who="pod/none").causes[0].reason == "NoSuchCaller"
    pending = pod("client", ip="", labels={})
    assert well(pending).why("Service", "kubia", who="pod/client").causes[0].reason == "CallerNotRunning"
    assert well().why("Service", "kubia", who="pod/kubia-1").causes[0].reason == "Hairpin"


def test_zones_and_hints() -> None:
    two = [pod("kubia-1", node="a"), pod("kubia-2", node="b", ip="10.244.0.6")]
    ends = slice_of(*two)
    for each, zone in zip(ends["endpoints"], ("z1", "z2"), strict=True):
        each["hints"] = {"forZones": [{"name": zone}]}
    world = World(service(), *two, ends, node("a", zone="z1"), node("b", zone="z2"), CLIENT)
    answer = world.why("Service", "kubia", who="pod/client")
    assert answer.causes[-1].message == (
        "the caller's connections go to 1 of 2 endpoints only (kubia-2): "
        "there are endpoints for the caller's own zone z2, which go first"
    )
    assert [(each.pod, each.state, each.reason) for each in answer.verdicts] == [
        ("kubia-1", "Out", "LeftOutByTopology"), ("kubia-2", "Serving", ""),
    ]  # fmt: skip
    assert answer.verdict == "Works"
    assert answer.verdicts[1].text == "ready, first for callers in zone z2"
    del ends["endpoints"][0]["hints"]
    assert [each.state for each in world.why("Service", "kubia", who="pod/client").verdicts] == ["Serving"] * 2


def test_a_node_goes_before_a_zone_and_a_policy_before_both() -> None:
    two = [pod("kubia-1", node="a"), pod("kubia-2", node="b", ip="10.244.0.6")]
    ends = slice_of(*two)
    for each, name in zip(ends["endpoints"], ("a", "b"), strict=True):
        each["hints"] = {"forNodes": [{"name": name}]}
    answer = World(service(), *two, ends, node("a"), node("b"), CLIENT).why("Service", "kubia", who="pod/client")
    assert answer.verdicts[0].text == (
        "left out for this caller: there are endpoints on the caller's own node b, which go first"
    )
    local = World(service(internalTrafficPolicy="Local"), *two, slice_of(*two), node("a"), node("b"), CLIENT)
    found = local.why("Service", "kubia", who="pod/client").verdicts
    assert [(each.state, each.reason) for each in found] == [("Out", "LeftOutByPolicy"), ("Serving", "")]


OUTSIDE = [
    ({}, "", "outside", "NotExposed"),
    ({"clusterIP": "None"}, "", "outside", "NotExposed"),
    ({"type": "NodePort", "ports": port(targetPort="http", nodePort=30080)}, "30080", "outside", ""),
    ({"type": "NodePort", "ports": port(targetPort="http", nodePort=30080)}, "80", "outside", "PortNotInService"),
    ({"type": "NodePort", "ports": port(targetPort="http", nodePort=30080)}, "31000", "outside", "PortNotInService"),
    ({"externalIPs": ["192.0.2.8"]}, "80", "outside", ""),
    ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["198.51.100.0/24"]}, "80", "203.0.113.5", "SourceRanges"),
    ({"type": "LoadBalancer", "loadBalancerSourceRanges": ["203.0.113.0/24"]}, "80", "203.0.113.5", ""),
]


@pytest.mark.parametrize(("spec", "asked", "who", "reason"), OUTSIDE)
def test_callers_outside(spec: Thing, asked: str, who: str, reason: str) -> None:
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}
    world = World(service(status=status, **spec), ONE, slice_of(ONE), node("a"), sockets=OPEN)
    answer = world.why("Service", "kubia", who=who, port=asked)
    found = [each.reason for each in answer.causes if each.severity != "Note"]
    assert found == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("enforces", "verdict"),
    [(True, "Fails"), (None, "Doubtful"), (False, "Works")],
    ids=["enforced", "unknown", "kept"],
)
def test_a_policy_that_lets_nobody_in(enforces: bool | None, verdict: str) -> None:
    answer = well(policy("deny", {}, policyTypes=["Ingress"])).why("Service", "kubia", enforces=enforces)
    assert (answer.verdict, answer.causes[0].reason) == (verdict, "NetworkPolicy")


def test_policies_between_two_pods() -> None:
    rule = {"from": [{"podSelector": {"matchLabels": {"run": "client"}}}], "ports": [{"port": "http"}]}
    lets = policy("lets", {"matchLabels": {"app": "kubia"}}, policyTypes=["Ingress"], ingress=[rule])
    assert well(lets, CLIENT).why("Service", "kubia", who="pod/client", enforces=True).verdict == "Works"
    other = pod("other", labels={"run": "other"})
    assert well(lets, other).why("Service", "kubia", who="pod/other", enforces=True).verdict == "Fails"
    egress = policy("out", {"matchLabels": {"run": "client"}}, policyTypes=["Egress"], egress=[])
    assert well(egress, CLIENT).why("Service", "kubia", who="pod/client", enforces=True).verdict == "Fails"


# Names.


def test_services_that_do_not_exist() -> None:
    near = World(service()).why("Service", "kubai")
    assert (near.verdict, *first(near)) == ("Fails", "NoSuchService", "kubia")
    there = World(service(namespace="shop")).why("Service", "kubia")
    assert first(there) == ("OtherNamespace", "kubia.shop")
    spaces = World(service(namespace="shop"), made("Namespace", "shop")).why("Service", "kubia", namespace="shpo")
    assert spaces.summary == "svc/kubia does not work: there is no namespace shpo; did you mean shop?"
    assert spaces.causes[0].commands == ("fairway why svc/kubia -n shop",)


LOCATIONS = [
    ("http://kubia", "pod/client", "Works", ""),
    ("kubia.default:80", "pod/client", "Works", ""),
    ("http://kubia.default.svc.cluster.local/x", "pod/client", "Works", ""),
    ("http://kubia:8080", "pod/client", "Fails", "PortNotInService"),
    ("http://kubia.default.svc.cluster.locl", "pod/client", "Fails", "WrongName"),
    ("http://kubia.svc.cluster.local", "pod/client", "Fails", "WrongName"),
    ("http://kubia.default.cluster.local", "pod/client", "Fails", "WrongName"),
    ("http://kubia.defualt", "pod/client", "Fails", "NoSuchNamespace"),
    ("http://kubai", "pod/client", "Fails", "NoSuchService"),
    ("http://kubia", "outside", "Fails", "NameInside"),
    ("http://10.96.0.9", "pod/client", "Works", ""),
    ("http://10.96.0.9:81", "pod/client", "Fails", "PortNotInService"),
    ("http://10.96.0.9", "outside", "Fails", "AddressInside"),
    ("http://192.0.2.1:30099", "outside", "Fails", "NoSuchNodePort"),
    ("http://203.0.113.9", "outside", "Fails", "UnknownAddress"),
    ("http://a.b.example", "outside", "Fails", "NotAServiceName"),
]


@pytest.mark.parametrize(
    ("address", "who", "verdict", "reason"), LOCATIONS, ids=[row[0] + " " + row[1] for row in LOCATIONS]
)
def test_addresses_as_callers_type_them(address: str, who: str, verdict: str, reason: str) -> None:
    answer = well(CLIENT, made("Namespace", "default"), node("a")).why("URL", address, who=who)
    assert answer.verdict == verdict
    assert not reason or reason in [each.reason for each in answer.causes]


@pytest.mark.parametrize("text", ["", "http://", "http://:80", "kubia:http", "a/b"])
def test_addresses_that_are_none(text: str) -> None:
    if text == "a/b":
        assert parsed(text).host == "a"
        return
    with pytest.raises(ValueError, match="is no address"):
        parsed(text)


# Backwards, and Ingresses.


def test_pods_and_deployments_know_their_services() -> None:
    assert well().why("Pod", "kubia-1").summary == "pod/kubia-1 works: it is behind svc/kubia"
    assert well(deployment()).why("Deployment", "kubia").verdict == "Works"
    lone = World(service(selector={"app": "kubbia"}), ONE).why("Pod", "kubia-1")
    assert lone.summary == "pod/kubia-1 does not work: no Service selects it; svc/kubia wants app=kubbia"
    assert World(ONE).why("Pod", "kubia-1").causes[0].reason == "NotSelected"
    assert World().why("Pod", "kubia-1").causes[0].reason == "NotFound"
    out = [pod(ready=False), pod("kubia-2", ip="10.244.0.6")]
    found = World(service(), *out, slice_of(*out)).why("Pod", "kubia-1")
    assert (found.verdict, len(found.verdicts)) == ("Fails", 1)


def ingress(backend: Thing, *, class_: str = "haproxy", host: str = "shop.example", path: str = "/cart") -> Thing:
    paths = [{"path": path, "pathType": "Prefix", "backend": {"service": backend}}]
    status = {"loadBalancer": {"ingress": [{"ip": "192.0.2.9"}]}}
    spec = {"ingressClassName": class_, "rules": [{"host": host, "http": {"paths": paths}}]}
    return made("Ingress", "shop", spec={k: v for k, v in spec.items() if v}, status=status)


@pytest.mark.parametrize(
    ("backend", "class_", "reason", "cure"),
    [
        ({"name": "kubia", "port": {"number": 80}}, "haproxy", "", ""),
        ({"name": "kubia", "port": {"name": "http"}}, "haproxy", "", ""),
        ({"name": "kubai", "port": {"number": 80}}, "haproxy", "NoSuchService", "kubia"),
        ({"name": "kubia", "port": {"number": 8080}}, "haproxy", "PortNotInService", "number: 80"),
        ({"name": "kubia", "port": {"number": 80}}, "nginx", "NoSuchClass", "ingressClassName: haproxy"),
        ({"name": "kubia", "port": {"number": 80}}, "", "NoClass", "ingressClassName: haproxy"),
    ],
)
def test_the_routes_of_an_ingress(backend: Thing, class_: str, reason: str, cure: str) -> None:
    answer = well(ingress(backend, class_=class_), made("IngressClass", "haproxy")).why("Ingress", "shop")
    assert [(each.reason, each.cure) for each in answer.causes] == ([(reason, cure)] if reason else [])


@pytest.mark.parametrize(
    ("controller", "reasons"), [("fairway.dev/ingress", ["ExternalName"]), ("k8s.io/ingress-nginx", [])]
)
def test_a_route_to_an_external_name_is_for_other_controllers(controller: str, reasons: list[str]) -> None:
    external = service("away", type="ExternalName", externalName="example.org", ports=[])
    routed = ingress({"name": "away", "port": {"number": 80}})
    class_ = made("IngressClass", "haproxy", spec={"controller": controller})
    answer = well(routed, external, class_).why("Ingress", "shop")
    assert [each.reason for each in answer.causes] == reasons


def test_a_route_to_a_port_that_is_not_tcp_or_fails_alone() -> None:
    ports = [
        {"name": "dns", "port": 53, "protocol": "UDP", "targetPort": 53},
        {"name": "bad", "port": 81, "targetPort": 9999, "protocol": "TCP"},
        {"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"},
    ]
    for wanted, reasons in ((53, ["ProtocolMismatch"]), (80, []), (81, ["PortUndeclared"])):
        world = well(
            ingress({"name": "kubia", "port": {"number": wanted}}), made("IngressClass", "haproxy"), ports=ports
        )
        assert [each.reason for each in world.why("Ingress", "shop").causes] == reasons


@pytest.mark.parametrize(
    ("address", "reason"),
    [("http://shop.example/cart/1", ""), ("http://shop.example/cartx", "NoRoute"), ("http://shop.example", "NoRoute")],
)
def test_a_host_of_an_ingress(address: str, reason: str) -> None:
    routed = ingress({"name": "kubia", "port": {"number": 80}})
    answer = well(routed, made("IngressClass", "haproxy")).why("URL", address, who="outside")
    assert [each.reason for each in answer.causes] == ([reason] if reason else [])


# What may not be looked at.


def test_what_could_not_be_looked_at_is_told() -> None:
    world = World(service(), ONE, slice_of(ONE), forbidden=["pods"])
    answer = world.why("Service", "kubia")
    assert answer.unseen == ["could not look at pods in namespace default: pods is forbidden"]
    assert (answer.verdict, answer.summary) == ("Works", "svc/kubia works: it has 1 endpoint")
    missed = World(service(), forbidden=["pods in all namespaces"]).why("Service", "kubia")
    assert missed.unseen == ["could not look at pods of all namespaces: pods is forbidden"]
    blind = World(service(), ONE, forbidden=["services"]).why("Service", "kubia")
    assert blind.unseen


def test_an_answer_as_an_object() -> None:
    found = World(service(ports=port()), ONE, slice_of(ONE), sockets=OPEN).why("Service", "kubia").object()
    assert (found["kind"], found["apiVersion"]) == ("Explanation", "fairway.dev/v1alpha1")
    assert found["status"]["causes"][0]["field"] == "spec.ports[0].targetPort"
    assert found["status"]["pods"] == [
        {"pod": "kubia-1", "state": "Serving", "text": "ready", "address": "10.244.0.5", "node": "a"}
    ]


@pytest.mark.parametrize("host", ["example.org", "www.example.org"])
def test_a_name_of_the_world_is_only_doubted(host: str) -> None:
    answer = well(CLIENT, made("Namespace", "default")).why("URL", f"https://{host}/", who="pod/client")
    assert (answer.verdict, [each.reason for each in answer.causes]) == ("Doubtful", ["NotAServiceName"])


@pytest.mark.parametrize(("address", "verdict"), [("http://kubia:80", "Fails"), ("http://kubia:8080", "Works")])
def test_a_headless_service_is_called_by_the_port_of_its_pods(address: str, verdict: str) -> None:
    world = well(CLIENT, made("Namespace", "default"), clusterIP="None", ports=port(targetPort=8080))
    answer = world.why("URL", address, who="pod/client")
    assert answer.verdict == verdict
    if verdict == "Fails":
        assert "clients must use the pods' port 8080, not 80" in answer.summary


def test_of_several_services_the_one_at_fault_is_named() -> None:
    other = service("other", ports=port(port=81, targetPort="adm"))
    found = well(other).why("Pod", "kubia-1")
    assert found.summary == 'pod/kubia-1 does not work: svc/other: no container declares a port named "adm"'
    assert found.causes[0].message.startswith('svc/other: port 81 goes to the port named "adm"')
