"""Tree: the picture of a Service and of what is around it, from objects alone."""

from typing import Any

import pytest

from fairway.cli.describe.world import Refused
from fairway.cli.tree.drawing import ASCII, BAD, FINE, Branch, Part, Sheet, draw
from fairway.cli.tree.others import facts
from fairway.cli.tree.picture import picture
from fairway.cli.tree.scene import look
from fairway.objects import Object
from fairway.objects.labels import parse

pytestmark = pytest.mark.pure
READY = [{"type": "PodScheduled", "status": "True"}, {"type": "Ready", "status": "True"}]


class Objects:
    """A world of these objects and no other; ``sockets`` are by the pods' names."""

    def __init__(self, *found: Object, sockets: dict[str, list[Object]] | None = None) -> None:
        self.found, self.sockets = found, sockets or {}

    def get(self, path: str) -> Object:
        collection, name = path.rsplit("/", 2)[1:]
        if name == "sockets":
            if collection not in self.sockets:
                raise Refused("the server could not find the requested resource", 404)
            return {"sockets": self.sockets[collection]}
        for each in self.found:
            if plural(each) == collection and each["metadata"]["name"] == name:
                return each
        raise Refused(f'{collection} "{name}" not found', 404)

    def list(self, path: str, *, labels: str = "", fields: str = "") -> list[Object]:
        collection = path.rsplit("/", 1)[-1]
        return [
            each
            for each in self.found
            if plural(each) == collection and parse(labels).matches(each["metadata"].get("labels"))
        ]


def plural(found: Object) -> str:
    word = found["kind"].lower()
    return word if word.endswith("s") and word != "ingress" else f"{word}{'es' if word.endswith('s') else 's'}"


def make(kind: str, name: str, *, labels: Object | None = None, owner: Object | None = None, **rest: Any) -> Object:
    metadata: Object = {"name": name, "namespace": "shop", "uid": f"{kind}-{name}", "labels": labels or {}}
    if owner:
        metadata["ownerReferences"] = [
            {
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
        ]
    return {"kind": kind, "metadata": metadata, **rest}


def service(name: str = "web", ports: list[Object] | None = None, **spec: Any) -> Object:
    ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}] if ports is None else ports
    usual = {"type": "ClusterIP", "clusterIPs": ["10.96.0.7"], "selector": {"app": "web"}, "ports": ports}
    return make("Service", name, spec=usual | spec)


def pod(
    name: str, ip: str = "", *, owner: Object | None = None, ports: list[Object] | None = None, **status: Any
) -> Object:
    ports = [{"name": "http", "containerPort": 8080, "protocol": "TCP"}] if ports is None else ports
    usual = {
        "phase": "Running",
        "conditions": READY,
        "podIPs": [{"ip": ip}] if ip else [],
        "containerStatuses": [{"name": "web", "ready": True, "restartCount": 2, "state": {"running": {}}}],
    }
    spec = {"nodeName": "n1", "containers": [{"name": "web", "image": "i", "ports": ports}]}
    return make("Pod", name, labels={"app": "web"}, owner=owner, spec=spec, status=usual | status)


def endpoint(of: Object, ready: bool = True, **rest: Any) -> Object:
    conditions = {"ready": ready, "serving": ready, "terminating": False} | rest.pop("conditions", {})
    target = {"kind": "Pod", "name": of["metadata"]["name"]}
    ip = of["status"]["podIPs"][0]["ip"]
    return {"addresses": [ip], "conditions": conditions, "targetRef": target, "nodeName": "n1", **rest}


def slice_of(found: list[Object], name: str = "web-1", owner: str = "web", ports: list[Object] | None = None) -> Object:
    ports = [{"name": "http", "port": 8080, "protocol": "TCP"}] if ports is None else ports
    labels = {"kubernetes.io/service-name": owner}
    return make("EndpointSlice", name, labels=labels, addressType="IPv4", ports=ports, endpoints=found)


def drawn(world: Objects, kind: str = "Service", name: str = "web", *, is_whole: bool = False, **sheet: Any) -> str:
    found = facts(look(world, kind, "shop", name))
    return draw(picture(found, is_whole=is_whole), Sheet(**sheet))


DEPLOYMENT = make("Deployment", "web", spec={"replicas": 3, "template": {"metadata": {"labels": {"app": "web"}}}},
                  status={"readyReplicas": 2})  # fmt: skip
REPLICA_SET = make("ReplicaSet", "web-5d", owner=DEPLOYMENT, spec={"replicas": 3}, status={"readyReplicas": 2})
FIRST, SECOND = pod("web-5d-a", "10.0.0.1", owner=REPLICA_SET), pod("web-5d-b", "10.0.0.2", owner=REPLICA_SET)
BROKEN = pod(
    "web-5d-c", "10.0.0.3", owner=REPLICA_SET, conditions=[{"type": "Ready", "status": "False"}],
    containerStatuses=[{
        "name": "web", "ready": False, "restartCount": 7,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s restarting failed container"}},
        "lastState": {"terminated": {"exitCode": 3}},
    }],
)  # fmt: skip
INGRESS = make("Ingress", "shop", spec={
    "ingressClassName": "haproxy", "tls": [{"hosts": ["shop.localhost"], "secretName": "keys"}],
    "rules": [{"host": "shop.localhost", "http": {"paths": [
        {"path": "/", "backend": {"service": {"name": "web", "port": {"name": "http"}}}},
        {"path": "/old", "backend": {"service": {"name": "gone", "port": {"number": 80}}}}]}}],
})  # fmt: skip
ENDPOINTS = make("Endpoints", "web", subsets=[
    {"addresses": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}], "notReadyAddresses": [{"ip": "10.0.0.3"}]},
    {"addresses": [{"ip": "10.0.0.1"}]},
])  # fmt: skip
SHOP = (
    service(), service("twin"), DEPLOYMENT, REPLICA_SET, FIRST, SECOND, BROKEN, INGRESS, ENDPOINTS,
    slice_of([
        endpoint(FIRST, zone="east", hints={"forZones": [{"name": "east"}]}),
        endpoint(SECOND, False, conditions={"serving": True, "terminating": True}), endpoint(BROKEN, False),
    ]),
)  # fmt: skip


def test_a_service_from_its_address_down_to_the_ports_of_its_containers() -> None:
    assert (
        drawn(Objects(*SHOP))
        == """\
Service web  ClusterIP 10.96.0.7  app=web
├─ port http  80/TCP → http
├─ reached as well by
│  ├─ Ingress shop  shop.localhost/ → http
│  └─ Service twin  has the same selector
├─ EndpointSlice web-1  IPv4  http 8080/TCP  1 ready, 2 not ready
│  ├─ ● 10.0.0.1  ready  on n1  zone east  for zone east
│  │  └─ Pod web-5d-a  Running  1/1 ready  2 restarts
│  │     └─ container web: http 8080/TCP  ← port http
│  ├─ ◐ 10.0.0.2  terminating, still serving  on n1
│  │  └─ Pod web-5d-b  Running  1/1 ready  2 restarts
│  │     └─ container web: http 8080/TCP  ← port http
│  └─ ○ 10.0.0.3  not ready  on n1
│     └─ Pod web-5d-c  CrashLoopBackOff  0/1 ready  7 restarts
│        ├─ ! it is not ready: container web keeps ending (CrashLoopBackOff,
│        │      7 restarts): it ended with exit code 3
│        └─ container web: http 8080/TCP  ← port http
├─ Endpoints web  2 ready, 1 not ready
└─ its pods are made by
   └─ Deployment web  2/3 ready
      └─ ReplicaSet web-5d  2/3 ready
"""
    )


def test_a_deployment_its_pods_and_the_services_that_choose_them() -> None:
    text = drawn(Objects(*SHOP), "Deployment")
    assert text.startswith("""\
Deployment web  2/3 ready
├─ ReplicaSet web-5d  2/3 ready
│  ├─ Pod web-5d-a  Running  1/1 ready  2 restarts  on n1
│  │  └─ container web: http 8080/TCP  ← port web:http, twin:http
""")
    assert "├─ Service web  ClusterIP" in text and "└─ Service twin  ClusterIP" in text


def test_an_ingress_and_the_services_that_it_leads_to() -> None:
    text = drawn(Objects(*SHOP), "Ingress", "shop")
    assert text.startswith("Ingress shop  class haproxy  no address yet\n├─ TLS for shop.localhost  secret keys\n")
    assert "├─ shop.localhost/  → web:http\n│  └─ Service web  ClusterIP 10.96.0.7  app=web\n" in text
    assert text.endswith("└─ shop.localhost/old  → gone:80\n   └─ ! there is no Service gone\n")


def test_a_pod_who_made_it_and_who_chooses_it() -> None:
    text = drawn(Objects(*SHOP), "Pod", "web-5d-a")
    assert text.startswith("""\
Pod web-5d-a  Running  1/1 ready  2 restarts  on n1
├─ container web: http 8080/TCP  ← port web:http, twin:http
├─ made by
│  └─ Deployment web  2/3 ready
│     └─ ReplicaSet web-5d  2/3 ready
├─ Service web""")


def test_endpoints_that_are_alike_are_folded() -> None:
    found = [pod(f"web-{number}", f"10.0.1.{number}", owner=REPLICA_SET) for number in range(50)]
    world = Objects(service(), REPLICA_SET, *found, BROKEN, slice_of([*map(endpoint, found), endpoint(BROKEN, False)]))
    text = drawn(world)
    assert "│  ├─ … and 48 more like these  on n1 (48)\n│  └─ ○ 10.0.0.3  not ready  on n1\n" in text
    assert text.count("●") == 2 and drawn(world, is_whole=True).count("●") == 50


def test_slices_that_are_alike_are_folded() -> None:
    found = [pod(f"web-{number}", f"10.{number // 250}.1.{number % 250}", owner=REPLICA_SET) for number in range(1000)]
    slices = [slice_of([*map(endpoint, found[at : at + 100])], name=f"web-{at}") for at in range(0, 1000, 100)]
    broken = slice_of([endpoint(BROKEN, False)], name="web-broken")
    world = Objects(service(), REPLICA_SET, *found, BROKEN, *slices, broken)
    text = drawn(world)
    assert "├─ … and 8 more EndpointSlices like these  800 endpoints\n├─ EndpointSlice web-broken" in text
    assert text.count("EndpointSlice web-") == 3 and drawn(world, is_whole=True).count("●") == 1000


@pytest.mark.parametrize(
    ("found", "line"),
    [
        (service(type="ExternalName", externalName="example.com", selector={}), "└─ → example.com  a name in the DNS"),
        (service(clusterIPs=["None"]), "Service web  ClusterIP None (headless)  app=web"),
        (service(selector={}), "! it has no selector and no EndpointSlice"),
        (service(), "! it has no EndpointSlice: is a controller at work?"),
        (service(type="LoadBalancer"), "load balancer <pending>"),
        (service(externalIPs=["192.0.2.1"]), "external IPs 192.0.2.1"),
        (service(sessionAffinity="ClientIP"), "affinity ClientIP"),
        (service(internalTrafficPolicy="Local"), "internal traffic stays on its node"),
        (service(ports=[{"port": 53, "protocol": "UDP", "nodePort": 30053}]), "├─ port  53/UDP → 53  node port 30053"),
        (service(), "! leads to no ready endpoint"),
    ],
)
def test_what_a_service_alone_says(found: Object, line: str) -> None:
    assert line in drawn(Objects(found), width=0)


def test_a_selector_that_nobody_answers_to_is_told() -> None:
    assert "! no pod has the labels app=web: fairway why svc/web" in drawn(Objects(service(), slice_of([])))


def test_a_pod_that_is_chosen_but_in_no_slice_is_shown_apart() -> None:
    waiting = pod("web-x", phase="Pending", containerStatuses=[], conditions=[
        {"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available: 1 Insufficient cpu."},
    ])  # fmt: skip
    del waiting["spec"]["nodeName"]
    text = drawn(Objects(service(), waiting, slice_of([])), width=0)
    assert "├─ chosen by its labels, but in no slice\n" in text or "└─ chosen by its labels, but in no slice\n" in text
    assert "! it is not scheduled: 0/1 nodes are available: 1 Insufficient cpu." in text


PORTS = [{"name": "http", "containerPort": 8080, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]


@pytest.mark.parametrize(
    ("port", "sockets", "line"),
    [
        ({"port": 80, "targetPort": "http"}, None, "container web: http 8080/TCP  ← port 80"),
        ({"port": 80, "targetPort": 8080}, None, "container web: http 8080/TCP  ← port 80"),
        ({"port": 53, "protocol": "UDP"}, None, "container web: 53/UDP  ← port 53"),
        ({"port": 80}, None, "no container declares 80/TCP  ← port 80\n"),
        ({"port": 80, "targetPort": "htp"}, None, "! no container declares a port named htp (TCP)"),
        ({"port": 80}, [("TCP", "0.0.0.0", 8080)], "no container declares 80/TCP  ← port 80  ! nothing listens there"),
        ({"port": 80}, [("TCP", "::", 80)], "no container declares 80/TCP  ← port 80\n"),
        ({"port": 80, "targetPort": "http"}, [("TCP", "127.0.0.1", 8080)], "! listens on the loopback address only"),
        ({"port": 80, "targetPort": "http"}, [("TCP", "::1", 8080), ("TCP", "::", 8080)], "8080/TCP  ← port 80\n"),
    ],
)
def test_which_service_port_leads_to_which_container_port(port: Object, sockets: Any, line: str) -> None:
    found = pod("web-a", "10.0.0.1", ports=PORTS)
    heard = None
    if sockets is not None:
        heard = {"web-a": [{"protocol": one, "address": two, "port": three} for one, two, three in sockets]}
    world = Objects(service(ports=[port]), found, slice_of([endpoint(found)], ports=[{"port": 1}]), sockets=heard)
    assert line in drawn(world, width=0)


def test_the_last_answer_of_a_probe_is_why_a_pod_is_not_ready() -> None:
    found = pod("web-a", "10.0.0.1", conditions=[{"type": "Ready", "status": "False", "message": "containers"}])
    found["spec"]["containers"][0]["readinessProbe"] = {"httpGet": {"port": 8080, "path": "/"}}
    found["status"]["containerStatuses"][0] |= {"ready": False, "started": True}
    message = "Readiness probe failed: HTTP probe failed with statuscode: 503"
    about = {"name": "web-a", "kind": "Pod"}
    event = make(
        "Event", "e", involvedObject=about, reason="Unhealthy", message=message, lastTimestamp="2026-01-01T00:00:02Z"
    )
    text = drawn(Objects(service(), found, event, slice_of([endpoint(found, False)])), width=0)
    assert "! it is not ready: " in text and "503" in text


def test_what_the_api_does_not_show_is_said() -> None:
    class Shy(Objects):
        def list(self, path: str, *, labels: str = "", fields: str = "") -> list[Object]:
            if path.endswith("/ingresses"):
                raise Refused("ingresses is forbidden", 403)
            return super().list(path, labels=labels, fields=fields)

    assert "! could not look at Ingresses: ingresses is forbidden" in drawn(Shy(*SHOP))


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(width: int) -> None:
    text = drawn(Objects(*SHOP), width=width)
    assert max(map(len, text.splitlines())) <= width
    words = [word for line in drawn(Objects(*SHOP), width=0).splitlines() for word in line.split() if word.isalnum()]
    assert [word for word in words if word not in text] == []


def test_without_utf_8_all_is_ascii() -> None:
    text = drawn(Objects(*SHOP), signs=ASCII)
    assert text.isascii() and "|- * 10.0.0.1  ready" in text


def test_colour_is_there_only_when_asked_for_and_changes_no_width() -> None:
    plain, coloured = (drawn(Objects(*SHOP), is_coloured=is_coloured) for is_coloured in (False, True))
    assert "\x1b" not in plain and "\x1b[1mService web\x1b[0m" in coloured
    import re

    assert re.sub("\x1b\\[[0-9]*m", "", coloured) == plain


def test_a_part_that_fits_on_no_line_is_broken_at_its_words() -> None:
    root = Branch.of("root").add(Branch.of(Part("alpha beta gamma delta", BAD), "epsilon"))
    assert draw(root, Sheet(30, FINE)) == "root\n└─ alpha beta gamma delta\n       epsilon\n"
    assert draw(root, Sheet(27, FINE)) == "root\n└─ alpha beta gamma\n       delta  epsilon\n"
