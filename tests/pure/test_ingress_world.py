"""What follows from classes, Services, slices and Secrets, and what users are told where something is missing."""

import base64
import datetime
import random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from fairway.cluster.certificates import key_bytes
from fairway.cluster.local_ca import authority
from fairway.cluster.local_ca.leaves import self_signed
from fairway.ingress.certificates import Secret, bundle_of, chosen, secret_of
from fairway.ingress.classes import Whose, whose
from fairway.ingress.inventory import Inventory
from fairway.ingress.model import Backend, Server, Upstream
from fairway.ingress.routes import routing
from fairway.ingress.upstreams import Service, Slice, resolve, service_of, slice_of

pytestmark = pytest.mark.pure

LEAF, OTHER = self_signed(("a.b", "*.c")), self_signed(("a.b",))
CONTROLLERS = {"fairway": "fairway.dev/ingress", "mine": "fairway.dev/ingress", "nginx": "k8s.io/ingress-nginx"}

CLASSES = [
    ("fairway", None, Whose.OURS),
    ("mine", None, Whose.OURS),
    ("nginx", None, Whose.OTHERS),
    ("gone", None, Whose.UNKNOWN),
    (None, None, Whose.NOBODYS),
    (None, "fairway", Whose.OURS),
    (None, "mine", Whose.OURS),
    (None, "nginx", Whose.OTHERS),
    (None, "gone", Whose.OTHERS),
]


@pytest.mark.parametrize(("field", "annotation", "expected"), CLASSES)
def test_whose_an_ingress_is(field: str | None, annotation: str | None, expected: Whose) -> None:
    one = ingress("i", "a")
    one["spec"] |= {"ingressClassName": field} if field else {}
    one["metadata"]["annotations"] = {"kubernetes.io/ingress.class": annotation} if annotation else {}
    assert whose(one, CONTROLLERS) is expected


def test_our_name_in_the_annotation_needs_no_class() -> None:
    one = ingress("i", "a")
    one["metadata"]["annotations"] = {"kubernetes.io/ingress.class": "fairway"}
    assert whose(one, {}) is Whose.OURS


def endpoints(*states: tuple[str, str], ports: Any = (("http", 8080),), family: str = "IPv4") -> Slice:
    conditions = {
        "ready": {"ready": True}, "not": {"ready": False},
        "leaving": {"ready": False, "serving": True, "terminating": True},
        "gone": {"ready": False, "serving": False, "terminating": True},
    }  # fmt: skip
    found = slice_of(
        {
            "metadata": {"name": "s", "namespace": "ns", "labels": {"kubernetes.io/service-name": "web"}},
            "addressType": family,
            "ports": [{"name": name, "port": number, "protocol": "TCP"} for name, number in ports],
            "endpoints": [{"addresses": [at], "conditions": conditions[state]} for at, state in states],
        }
    )
    assert found is not None
    return found


def web(**spec: Any) -> Service:
    ports = [{"name": "http", "port": 80, "targetPort": 8080}, {"name": "dns", "port": 53, "protocol": "UDP"}]
    return service_of({"spec": {"ports": ports, **spec}})


WEB = Backend("ns/web", "80")


@pytest.mark.parametrize(
    ("states", "servers", "is_leaving", "reason"),
    [
        ([("10.0.0.1", "ready"), ("10.0.0.2", "not")], {"10.0.0.1"}, False, None),
        ([("10.0.0.1", "ready"), ("10.0.0.2", "leaving")], {"10.0.0.1"}, False, None),
        ([("10.0.0.1", "gone"), ("10.0.0.2", "leaving")], {"10.0.0.2"}, True, None),
        ([("10.0.0.1", "not"), ("10.0.0.2", "gone")], set(), False, "NoEndpoints"),
        ([], set(), False, "NoEndpoints"),
    ],
)
def test_which_endpoints_serve(
    states: list[tuple[str, str]], servers: set[str], is_leaving: bool, reason: str | None
) -> None:
    found, fault = resolve(WEB, web(), [endpoints(*states)])
    assert found.servers == {Server(host, 8080) for host in servers}
    assert (found.is_leaving, fault.reason if fault else None) == (is_leaving, reason)


FAULTS = [
    (Backend("ns/web", "80"), None, "ServiceNotFound", 'Service "ns/web" does not exist'),
    (Backend("ns/web", "81"), web(), "PortNotFound", "no port with the number 81, it has http (80), dns (53)"),
    (Backend("ns/web", "https"), web(), "PortNotFound", "no port with the name https, it has http (80), dns (53)"),
    (Backend("ns/web", "dns"), web(), "PortNotTcp", "is UDP, HTTP needs TCP"),
    (Backend("ns/web", "80"), web(type="ExternalName"), "ExternalName", "is of type ExternalName"),
]


@pytest.mark.parametrize(("backend", "service", "reason", "text"), FAULTS)
def test_what_is_wrong_with_a_backend(backend: Backend, service: Service | None, reason: str, text: str) -> None:
    found, fault = resolve(backend, service, [endpoints(("10.0.0.1", "ready"))])
    assert found == Upstream() and fault is not None
    assert fault.reason == reason and text in fault.message


def test_a_port_by_its_name_and_several_slices() -> None:
    slices = [endpoints(("10.0.0.1", "ready")), endpoints(("10.0.0.2", "ready"), ports=[("http", 9090), ("x", 1)])]
    found, _ = resolve(Backend("ns/web", "http"), web(), slices)
    assert found.servers == {Server("10.0.0.1", 8080), Server("10.0.0.2", 9090)}


def test_of_two_families_one_serves() -> None:
    four, six = endpoints(("10.0.0.1", "ready")), endpoints(("fd00::1", "ready"), family="IPv6")
    assert resolve(WEB, web(), [six, four])[0].servers == {Server("10.0.0.1", 8080)}
    assert resolve(WEB, web(), [six, endpoints(("10.0.0.1", "not"))])[0].servers == {Server("fd00::1", 8080)}


@pytest.mark.parametrize(
    ("app", "protocol"),
    [("kubernetes.io/h2c", "h2c"), ("grpc", "h2c"), ("HTTPS", "https"), ("kubernetes.io/wss", "https"),
     ("kubernetes.io/ws", "http"), ("http", "http"), ("mysql", "http")],
)  # fmt: skip
def test_how_pods_are_spoken_to(app: str, protocol: str) -> None:
    service = service_of({"spec": {"ports": [{"name": "http", "port": 80, "appProtocol": app}]}})
    assert resolve(WEB, service, [endpoints(("10.0.0.1", "ready"))])[0].protocol == protocol


@pytest.mark.parametrize(
    ("spec", "affinity_s"),
    [({}, 0), ({"sessionAffinity": "ClientIP"}, 10800),
     ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 60}}}, 60)],
)  # fmt: skip
def test_affinity(spec: dict[str, Any], affinity_s: int) -> None:
    assert resolve(WEB, web(**spec), [])[0].affinity_s == affinity_s


def test_an_endpoint_that_is_no_address_is_left_out() -> None:
    assert endpoints(("10.0.0.1", "ready"), ("example.com", "ready")).endpoints[0].host == "10.0.0.1"


# Certificates


def tls_secret(chain: bytes = LEAF.chain, key: bytes = LEAF.key, type_: str = "kubernetes.io/tls") -> Secret:
    data = {"tls.crt": base64.b64encode(chain).decode(), "tls.key": base64.b64encode(key).decode()}
    return secret_of({"type": type_, "data": data})


SECRETS = [
    (tls_secret(), ""),
    (tls_secret(type_="Opaque"), "is of type Opaque, expected kubernetes.io/tls"),
    (tls_secret(key=OTHER.key), "holds a key that does not belong to its certificate"),
    (tls_secret(chain=b"nonsense"), "holds no certificate in tls.crt"),
    (tls_secret(key=b""), "holds no private key in tls.key"),
    (secret_of({"type": "kubernetes.io/tls", "data": {"tls.crt": "%%"}}), "holds no certificate in tls.crt"),
]


@pytest.mark.parametrize(("secret", "fault"), SECRETS)
def test_what_a_secret_holds(secret: Secret, fault: str) -> None:
    bundle = bundle_of(secret)
    assert bundle.fault.startswith(fault) and bool(bundle.fault) == bool(fault)
    assert bundle.names == (frozenset() if fault else {"a.b", "*.c"})


def made_by_hand(name: str, key: Any) -> Secret:
    """A TLS Secret whose certificate calls itself so."""
    now = datetime.datetime.now(datetime.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(name)])
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now, now + datetime.timedelta(days=1))
        .add_extension(alternatives, critical=False)
        .sign(key, hashes.SHA256())
    )
    return tls_secret(authority.pem(certificate), key_bytes(key))


def test_a_weak_key_is_refused_before_the_engine_sees_it() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    assert bundle_of(made_by_hand("a.b", weak)).fault == "holds a key of 1024 bits, at least 2048 are needed"


@pytest.mark.parametrize("name", ["../../x", "a.b [alpn h2]", "a.b\nx", "*", "a.*.b", "-"])
def test_names_that_are_no_hosts_are_nobodys(name: str) -> None:
    found = bundle_of(made_by_hand(name, ec.generate_private_key(ec.SECP256R1())))
    assert (found.fault, found.names) == ("", frozenset())


@pytest.mark.parametrize(
    ("hosts", "secret", "served", "reason"),
    [
        (["a.b"], tls_secret(), {"a.b": True}, None),
        (["A.B", "x.c"], tls_secret(), {"a.b": True, "x.c": True}, None),
        (["d.e"], tls_secret(), {"d.e": False}, "CertificateMismatch"),
        (["a.b"], None, {"a.b": False}, "SecretNotFound"),
        (["a.b"], tls_secret(key=OTHER.key), {"a.b": False}, "SecretInvalid"),
        ([], tls_secret(), {"a.b": True, "*.c": True}, None),
    ],
)
def test_which_certificate_is_served(
    hosts: list[str], secret: Secret | None, served: dict[str, bool], reason: str | None
) -> None:
    one = ingress("i", "a", host="")
    one["spec"]["tls"] = [{"hosts": hosts, "secretName": "s"}]
    found = chosen(routing([one]), {"ns/s": secret}.get if secret else {}.get)
    assert {host: pem is not None for host, pem in found.certificates.items()} == served
    assert [each.reason for each in found.problems] == ([reason] if reason else [])


def test_every_host_of_a_rule_has_a_certificate() -> None:
    one = ingress("i", "a", host="app.localhost")
    assert chosen(routing([one]), {}.get).certificates == {"app.localhost": None}
    one["spec"]["tls"] = [{"hosts": ["*.localhost"]}]
    assert chosen(routing([one]), {}.get).certificates == {"*.localhost": None}


def test_a_host_that_nobody_vouches_for_is_told_where_tls_is_asked_for() -> None:
    one = ingress("i", "a", host="shop.mine.com")
    assert chosen(routing([one]), {}.get, lambda host: False).problems == []
    one["spec"]["tls"] = [{"hosts": ["shop.mine.com", "app.localhost"]}]
    found = chosen(routing([one]), {}.get, lambda host: host.endswith(".localhost"))
    assert [(each.ingress, each.reason) for each in found.problems] == [("ns/i", "CertificateNotTrusted")]
    assert found.problems[0].message.startswith("no Secret is named for shop.mine.com, and the local CA may not sign")
    one["spec"]["tls"][0]["secretName"] = "s"
    assert "CertificateNotTrusted" not in {
        each.reason for each in chosen(routing([one]), {}.get, lambda host: False).problems
    }


# All together


def test_what_is_worked_out_bit_by_bit_is_what_is_worked_out_at_once() -> None:
    """After every change of a random history an inventory says what a fresh one says of the same objects."""
    draw = random.Random(7)
    names = ("a", "b", "c")
    known: dict[str, dict[str, Any]] = {"ingress": {}, "service": {}, "slice": {}, "secret": {}, "class": {}}
    one = Inventory()
    for _ in range(300):
        kind, name = draw.choice(list(known)), draw.choice(names)
        old = known[kind].pop(name, None)
        new = None if draw.random() < 0.3 else made(kind, name, draw)
        if new is not None:
            known[kind][name] = new
        put(one, kind, name, old, new)
        fresh = Inventory()
        for each, objects in known.items():
            for key, found in objects.items():
                put(fresh, each, key, None, found)
        assert sorted(one.ours) == sorted(fresh.ours)
        ours, theirs = one.wanted(), fresh.wanted()
        assert (ours.routes, ours.upstreams, ours.certificates) == (
            theirs.routes,
            theirs.upstreams,
            theirs.certificates,
        )
        assert sorted(ours.problems) == sorted(theirs.problems)


def made(kind: str, name: str, draw: random.Random) -> Any:
    if kind == "class":
        return {"metadata": {"name": name}, "spec": {"controller": draw.choice(list(CONTROLLERS.values()))}}
    if kind == "ingress":
        found = ingress(name, draw.choice("abc"), host=draw.choice(("a.b", "d.e", "")))
        found["spec"]["ingressClassName"] = draw.choice("abc")
        if draw.random() < 0.5:
            found["spec"]["tls"] = [{"hosts": ["a.b"], "secretName": draw.choice("abc")}]
        return found
    if kind == "service":
        return web(type=draw.choice(("ClusterIP", "ExternalName")))
    if kind == "slice":
        found = endpoints((f"10.0.0.{draw.randrange(1, 5)}", draw.choice(("ready", "leaving", "not"))))
        return found._replace(service=f"ns/{draw.choice('abc')}")
    return draw.choice((tls_secret(), tls_secret(type_="Opaque"), tls_secret(OTHER.chain, OTHER.key)))


def put(inventory: Inventory, kind: str, name: str, old: Any, new: Any) -> None:
    if kind == "class":
        inventory.put_class(name, new)
    elif kind == "ingress":
        if new is not None or old is not None:
            inventory.put_ingress(new, old)
    elif kind == "slice":
        inventory.put_slice(f"ns/{name}", old, new)
    elif kind == "service":
        inventory.put_service(f"ns/{name}", new)
    else:
        inventory.put_secret(f"ns/{name}", new)


def ingress(name: str, service: str, host: str = "a.b") -> dict[str, Any]:
    backend = {"service": {"name": service, "port": {"number": 80}}}
    rule = {"host": host, "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    meta = {"name": name, "namespace": "ns", "creationTimestamp": "2030-01-01T00:00:00Z", "uid": name}
    return {"metadata": meta, "spec": {"rules": [rule]}}
