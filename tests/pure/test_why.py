"""What `why` says: mistakes and answers."""

from typing import Any

import pytest

from fairway.why.answer import Answer
from pure.why_cases import Thing, World, deployment, node, pod, service, slice_of

OPEN = {"kubia-1": [("TCP", "0.0.0.0", 8080)]}
ONE = pod()


def port(**changes: Any) -> list[Thing]:
    return [{"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP", **changes}]


def first(answer: Answer) -> tuple[str, str]:
    cause = answer.causes[0]
    return cause.reason, cause.cure


def well(*more: Thing, **spec: Any) -> World:
    return World(service(**spec), ONE, slice_of(ONE), *more, sockets=OPEN)


# Nothing is wrong.


def test_a_service_that_works_says_so_and_nothing_else() -> None:
    answer = well().why("Service", "kubia")
    assert (answer.verdict, answer.summary, answer.causes) == (
        "Works",
        "svc/kubia works: new connections go to 1 pod",
        [],
    )
    assert answer.lines == ["http 10.96.0.9:80/TCP → http (8080)"]


def test_what_is_asked_of_a_service_that_works_is_little() -> None:
    world = well()
    world.why("Service", "kubia")
    assert [(look.plural, look.subresource) for look in world.looks] == [
        ("services", ""),
        ("endpointslices", ""),
        ("pods", ""),
        ("pods", "sockets"),
        ("networkpolicies", ""),
    ]


# Ports.


def test_the_slip_of_the_text_books_is_named_and_what_listens_decides() -> None:
    slip = service(ports=port())
    unseen = World(slip, ONE, slice_of(ONE)).why("Service", "kubia")
    assert (unseen.verdict, *first(unseen)) == ("Doubtful", "PortUndeclared", "targetPort: http")
    assert "port 80 goes to 80 on the pods" in unseen.causes[0].message
    seen = World(slip, ONE, slice_of(ONE), sockets=OPEN).why("Service", "kubia")
    assert (seen.verdict, *first(seen)) == ("Fails", "PortUndeclared", "targetPort: http")
    assert seen.summary == "svc/kubia does not work: nothing listens on 80 in pod kubia-1"
    both = World(slip, ONE, slice_of(ONE), sockets={"kubia-1": [("TCP", "::", 80)]}).why("Service", "kubia")
    assert (both.verdict, both.causes) == ("Works", [])


def test_the_cure_is_a_command() -> None:
    (cause,) = World(service(ports=port()), ONE, slice_of(ONE), sockets=OPEN).why("Service", "kubia").causes
    patch = '[{"op": "replace", "path": "/spec/ports/0/targetPort", "value": "http"}]'
    assert cause.commands == (f"kubectl patch svc kubia -n default --type=json -p '{patch}'",)


PORTS = [
    # ports of the Service, ports of the pods, what listens, reason, cure
    (port(targetPort="htp"), None, OPEN, "PortNameUndeclared", "targetPort: http"),
    (port(targetPort="web"), [{"containerPort": 8080}], OPEN, "PortNameUndeclared", "targetPort: 8080"),
    (port(targetPort="web"), [], OPEN, "PortNameUndeclared", "targetPort: 80"),
    (port(targetPort=8080, protocol="UDP"), None, None, "ProtocolMismatch", "protocol: TCP"),
    (port(targetPort="http", protocol="UDP"), None, OPEN, "ProtocolMismatch", "protocol: TCP"),
    (port(targetPort=9090), [], OPEN, "NothingListens", "targetPort: 8080"),
    (port(targetPort=9090), [], {"kubia-1": []}, "NothingListens", ""),
    (port(targetPort=8080), None, {"kubia-1": [("TCP", "127.0.0.1", 8080)]}, "ListensOnLoopback", None),
    (port(targetPort=8080), None, {"kubia-1": [("TCP", "::1", 8080)]}, "ListensOnLoopback", None),
    (port(targetPort=8080), None, {"kubia-1": [("TCP", "10.9.9.9", 8080)]}, "ListensElsewhere", ""),
    (port(targetPort=8080), None, {"kubia-1": [("UDP", "0.0.0.0", 8080)]}, "NothingListens", ""),
]


@pytest.mark.parametrize(("ports", "declared", "sockets", "reason", "cure"), PORTS)
def test_a_port_that_leads_nowhere(ports: Any, declared: Any, sockets: Any, reason: str, cure: str | None) -> None:
    one = ONE if declared is None else pod(ports=declared)
    answer = World(service(ports=ports), one, slice_of(one), sockets=sockets).why("Service", "kubia")
    assert answer.verdict != "Works"
    assert answer.causes[0].reason == reason
    if cure is not None:
        assert answer.causes[0].cure == cure


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "10.244.0.5"])
def test_what_listens_for_everybody_is_open(address: str) -> None:
    world = World(
        service(ports=port(targetPort=8080)), ONE, slice_of(ONE), sockets={"kubia-1": [("TCP", address, 8080)]}
    )
    assert world.why("Service", "kubia").causes == []


def test_one_port_of_two_that_fails_makes_the_service_fail() -> None:
    two = [*port(targetPort="http"), {"name": "https", "port": 443, "targetPort": 8443}]
    answer = World(service(ports=two), ONE, slice_of(ONE), sockets=OPEN).why("Service", "kubia")
    assert (answer.verdict, answer.causes[0].field) == ("Fails", "spec.ports[1].targetPort")


@pytest.mark.parametrize(
    ("asked", "who", "reasons"),
    [
        ("80", "", []),
        ("http", "pod/kubia-1", ["Hairpin"]),
        ("443", "", ["NothingListens"]),
        ("https", "", ["NothingListens"]),
        ("81", "", ["PortNotInService"]),
        ("30080", "outside", ["WaysIn"]),
        ("30443", "outside", ["NothingListens", "WaysIn"]),
    ],
)
def test_only_the_port_that_is_asked_about_is_judged(asked: str, who: str, reasons: list[str]) -> None:
    two = [
        *port(targetPort="http", nodePort=30080),
        {"name": "https", "port": 443, "targetPort": 8443, "nodePort": 30443},
    ]
    declaring = pod(ports=[{"name": "http", "containerPort": 8080}, {"containerPort": 8443}])
    world = World(service(ports=two, type="NodePort"), declaring, slice_of(declaring), node("a"), sockets=OPEN)
    assert [each.reason for each in world.why("Service", "kubia", port=asked, who=who).causes] == reasons


def test_only_the_port_that_is_asked_about_is_judged_by_hand_too() -> None:
    two = [*port(), {"name": "https", "port": 443}]
    world = World(service(selector=None, ports=two), slice_of(ONE, ports=[{"name": "http", "port": 8080}]))
    assert world.why("Service", "kubia", port="80").verdict == "Works"
    assert world.why("Service", "kubia", port="443").verdict == "Fails"


def test_some_pods_that_do_not_listen_are_named() -> None:
    two = [pod("kubia-1"), pod("kubia-2", ip="10.244.0.6")]
    sockets = {**OPEN, "kubia-2": [("TCP", "127.0.0.1", 8080)]}
    answer = World(service(), *two, slice_of(*two), sockets=sockets).why("Service", "kubia")
    assert (answer.verdict, answer.causes[0].reason) == ("Doubtful", "ListensOnLoopback")
    assert "pod kubia-2" in answer.summary


def test_pods_may_differ_in_the_number_behind_a_name() -> None:
    two = [pod("kubia-1"), pod("kubia-2", ip="10.244.0.6", ports=[{"name": "http", "containerPort": 9090}])]
    sockets = {**OPEN, "kubia-2": [("TCP", "::", 9090)]}
    answer = World(service(), *two, slice_of(*two), sockets=sockets).why("Service", "kubia")
    assert (answer.causes, answer.lines) == ([], ["http 10.96.0.9:80/TCP → http (8080, 9090)"])


def test_a_sidecar_may_have_the_port() -> None:
    sidecar = {"name": "proxy", "restartPolicy": "Always", "ports": [{"name": "http", "containerPort": 8080}]}
    one = pod(ports=[], spec={"initContainers": [sidecar]})
    assert World(service(), one, slice_of(one), sockets=OPEN).why("Service", "kubia").causes == []


def test_a_selector_that_matches_the_wrong_pods_too() -> None:
    web = pod("web-1", labels={"app": "shop", "tier": "web"})
    base = pod("db-1", labels={"app": "shop", "tier": "db"}, ip="10.244.0.7", ports=[{"containerPort": 5432}])
    both = service("shop", selector={"app": "shop"}, ports=port(targetPort=8080))
    answer = World(both, web, base, slice_of(web, base, name="shop")).why("Service", "shop")
    cause = next(each for each in answer.causes if each.reason == "SelectorTooBroad")
    assert cause.cure == "selector: app: shop, tier: web"
    assert cause.commands == ("kubectl set selector svc shop app=shop,tier=web -n default",)


# Selectors.

SELECTORS = [
    # selector, labels of the pods, reason, cure, part of the text
    ({"app": "kubbia"}, {"app": "kubia"}, "selector: app: kubia", "1 pod has app=kubia; the selector says app=kubbia"),
    ({"app": "Kubia"}, {"app": "kubia"}, "selector: app: kubia", "the selector says app=Kubia"),
    ({"ap": "kubia"}, {"app": "kubia"}, "selector: app: kubia", "1 pod has app=kubia; the selector says ap=kubia"),
    ({"App": "kubia"}, {"app": "kubia"}, "selector: app: kubia", "1 pod has app=kubia"),
    (
        {"name": "kubia"},
        {"app.kubernetes.io/name": "kubia"},
        "selector: app.kubernetes.io/name: kubia",
        "1 pod has app",
    ),
    ({"app": "kubia", "tier": "web"}, {"app": "kubia"}, "selector: app: kubia", "1 pod has no label tier"),
    ({"app": "kubia", "tier": "web"}, {"app": "kubia", "tier": "db"}, "selector: app: kubia, tier: db", "tier=db"),
    ({"app": "api"}, {"app": "kubia"}, "selector: app: kubia", "1 pod has app=kubia; the selector says app=api"),
]


@pytest.mark.parametrize(("selector", "labels", "cure", "text"), SELECTORS)
def test_the_nearest_miss_of_a_selector(selector: Any, labels: Any, cure: str, text: str) -> None:
    answer = World(service(selector=selector), pod(labels=labels), slice_of()).why("Service", "kubia")
    assert (answer.verdict, *first(answer)) == ("Fails", "SelectorMisses", cure)
    assert text in answer.causes[0].message
    assert answer.summary.startswith("svc/kubia does not work: its selector matches no pod: 1 pod ")


def test_three_pods_are_counted_and_the_nearest_go_first() -> None:
    pods = [pod(f"kubia-{n}") for n in range(3)] + [pod("other", labels={"app": "other"})]
    answer = World(service(selector={"app": "kubbia"}), *pods).why("Service", "kubia")
    assert answer.causes[0].message == "3 pods have app=kubia; the selector says app=kubbia"


def test_no_pod_comes_near() -> None:
    strange = World(service(), pod(labels={"run": "x"})).why("Service", "kubia")
    assert (first(strange)[0], strange.verdict) == ("NoPods", "Fails")
    assert "there is no pod in namespace default" in World(service()).why("Service", "kubia").summary


def test_pods_of_another_namespace() -> None:
    answer = World(service(), pod(namespace="shop")).why("Service", "kubia")
    assert first(answer) == ("OtherNamespace", "namespace: shop")
    assert "kubectl expose pod kubia-1 -n shop --name=kubia" in answer.causes[0].commands[0]


def test_a_deployment_that_is_scaled_to_nothing() -> None:
    answer = World(service(), deployment(replicas=0)).why("Service", "kubia")
    assert first(answer) == ("ScaledToZero", "replicas: 1")
    assert answer.causes[0].commands == ("kubectl scale deploy/kubia --replicas=1 -n default",)


def test_a_deployment_that_may_not_make_pods() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": 'serviceaccount "x" not found'}
    answer = World(service(), deployment(conditions=[failure])).why("Service", "kubia")
    assert (first(answer)[0], answer.summary) == (
        "PodsNotCreated",
        "svc/kubia does not work: deploy/kubia cannot make its pods",
    )
    assert 'serviceaccount "x" not found' in answer.causes[0].message


def test_a_label_of_the_deployment_that_its_pods_do_not_have() -> None:
    shop = deployment("shop", own={"app": "kubia"}, labels={"run": "shop"})
    answer = World(service(), shop, pod("shop-1", labels={"run": "shop"})).why("Service", "kubia")
    assert first(answer) == ("LabelNotInTemplate", "spec.template.metadata.labels: app: kubia")
    patch = '{"spec":{"template":{"metadata":{"labels":{"app":"kubia"}}}}}'
    assert answer.causes[0].commands == (f"kubectl patch deploy/shop -n default -p '{patch}'",)


# Slices.


def test_a_controller_that_lags() -> None:
    answer = World(service(), ONE, sockets=OPEN).why("Service", "kubia")
    assert (answer.verdict, answer.causes[0].reason) == ("Fails", "SlicesLag")
    assert "no EndpointSlice exists" in answer.causes[0].message
    gone = World(service(), ONE, slice_of(ONE, pod("kubia-9")), sockets=OPEN).why("Service", "kubia")
    assert (gone.verdict, gone.causes[0].reason) == ("Doubtful", "StaleEndpoints")


def by_hand(**rest: Any) -> Thing:
    ends = slice_of(**rest)
    ends["metadata"]["labels"].pop("endpointslice.kubernetes.io/managed-by")
    ends["endpoints"] = [{"addresses": ["192.0.2.7"]}]
    return ends


def test_a_service_without_a_selector() -> None:
    bare = service(selector=None)
    answer = World(bare, by_hand()).why("Service", "kubia")
    assert answer.summary == "svc/kubia works: its 1 endpoint is written by hand, as it has no selector"
    none = World(bare).why("Service", "kubia")
    assert (none.summary, none.causes[0].reason) == (
        "svc/kubia does not work: it has no selector and no endpoint",
        "NoSelector",
    )
    named = World(bare, deployment()).why("Service", "kubia")
    assert named.causes[0].commands == ("kubectl set selector svc kubia app=kubia -n default",)


def test_ports_of_a_slice_belong_to_the_service_by_name() -> None:
    answer = World(service(selector=None), by_hand(ports=[{"name": "", "port": 8080}])).why("Service", "kubia")
    assert first(answer) == ("SlicePortName", 'name: "http"')


def test_a_slice_that_lacks_the_label() -> None:
    loose = by_hand()
    del loose["metadata"]["labels"]["kubernetes.io/service-name"]
    answer = World(service(selector=None), loose).why("Service", "kubia")
    assert first(answer) == ("SliceNotLabelled", "kubernetes.io/service-name: kubia")


# Kinds of Services.


def test_external_names() -> None:
    alias = service(type="ExternalName", externalName="db.example.com", selector=None, clusterIP=None)
    assert World(alias).why("Service", "kubia").summary == (
        "svc/kubia works: it is another name for db.example.com; no pod stands behind it"
    )
    address = service(type="ExternalName", externalName="192.0.2.1", selector=None)
    assert first(World(address).why("Service", "kubia"))[0] == "ExternalNameIsAddress"
    inner = service(type="ExternalName", externalName="web.shop.svc.cluster.local", selector=None)
    assert first(World(inner).why("Service", "kubia"))[0] == "NoSuchService"
    assert World(inner, service("web", namespace="shop")).why("Service", "kubia").verdict == "Works"


def test_headless_services_lead_to_the_ports_of_the_pods() -> None:
    answer = well(clusterIP="None").why("Service", "kubia")
    assert (answer.verdict, answer.causes[0].reason) == ("Works", "HeadlessPort")


def balanced(*ips: str, message: str = "", reason: str = "AddressInUse", **spec: Any) -> Answer:
    status: dict[str, Any] = {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]} if ips else {}}
    if message:
        told = {"type": "fairway.dev/LoadBalancerAddress", "status": "False", "reason": reason, "message": message}
        status["conditions"] = [told]
    return World(service(type="LoadBalancer", status=status, **spec), ONE, slice_of(ONE), sockets=OPEN).why(
        "Service", "kubia"
    )


@pytest.mark.parametrize(
    ("reason", "cure"),
    [
        ("AddressInUse", "no loadBalancerIP, or a free address of the pool"),
        ("AddressConflict", "that machine without the address, or another loadBalancerIP"),
        ("PoolExhausted", "more addresses for the cluster: sudo fairway up --load-balancer-cidr RANGES"),
        ("Probing", "a moment's patience"),
    ],
)
def test_each_fault_of_a_load_balancer_has_its_own_cure(reason: str, cure: str) -> None:
    (cause,) = balanced("10.97.0.1", message="so it is", reason=reason).causes
    assert (cause.field, cause.message, cause.cure) == ("status.loadBalancer", "so it is", cure)


def test_a_load_balancer_that_nobody_serves_says_for_whom_it_waits() -> None:
    assert balanced("10.97.0.1").causes == []
    assert balanced().causes[0].message == "it waits for an address from a load balancer controller"
    found = balanced(loadBalancerClass="example.com/lb").causes[0].message
    assert found == "it waits for an address from the controller of loadBalancerClass example.com/lb"


def test_nodes_without_an_endpoint_where_only_local_ones_count() -> None:
    world = well(node("a"), node("b"), internalTrafficPolicy="Local")
    answer = world.why("Service", "kubia")
    assert (answer.verdict, *first(answer)) == ("Doubtful", "NoLocalEndpoint", "internalTrafficPolicy: Cluster")
    assert world.why("Service", "kubia", who="node/b").verdict == "Fails"
    assert world.why("Service", "kubia", who="node/a").verdict == "Works"
