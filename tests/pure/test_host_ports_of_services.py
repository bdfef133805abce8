"""The annotation that gives a Service ports of the machine: its forms, its mistakes, and what the proxy makes of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_cases import service

from fairway.kinds import SERVICE
from fairway.kinds.rules.host_ports import ANNOTATION, HostPort, parse, parse_one, readable, text_of
from fairway.proxy import words
from fairway.proxy.inputs import service_of
from fairway.proxy.model import HOST_PORT, TCP, UDP, NodeView, Settings, address, frontend_key
from fairway.proxy.resolve import resolve


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("8080:80", HostPort("", 8080, "80")),
        (" 8080:http ", HostPort("", 8080, "http")),
        ("53:53/udp", HostPort("", 53, "53", "UDP")),
        ("127.0.0.1:8443:https", HostPort("127.0.0.1", 8443, "https")),
        ("0.0.0.0:80:80", HostPort("", 80, "80")),
        ("[::]:80:80", HostPort("", 80, "80")),
        ("[0:0::1]:5353:53/UDP", HostPort("::1", 5353, "53", "UDP")),
    ],
)
def test_forms(text: str, found: HostPort) -> None:
    assert parse_one(text) == found


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("8080", "must be [ADDRESS:]HOST-PORT:SERVICE-PORT"),
        ("", "must be [ADDRESS:]HOST-PORT"),
        ("0:80", 'host port "0" must be a number between 1 and 65535'),
        ("http:80", 'host port "http" must be a number'),
        ("8080:99999", 'Service port "99999" must be a number between 1 and 65535'),
        ("8080:a_b", 'Service port "a_b"'),
        ("localhost:8080:80", '"localhost" is not an IP address'),
        ("224.0.0.1:8080:80", "multicast"),
        ("8080:80/ICMP", '"ICMP" is no protocol'),
        ("[::1:8080:80", "must be [ADDRESS:]HOST-PORT"),
    ],
)
def test_mistakes(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=r".") as raised:
        parse_one(text)
    assert word in str(raised.value)


_PORTS = st.builds(
    HostPort,
    st.sampled_from(["", "127.0.0.1", "192.0.2.7", "::1", "2001:db8::5"]), st.integers(1, 65535),
    st.sampled_from(["80", "http", "dns-tcp"]), st.sampled_from(["TCP", "UDP", "SCTP"]),
)  # fmt: skip


@given(st.lists(_PORTS))
def test_what_is_written_is_read_back(wanted: list[HostPort]) -> None:
    assert list(parse(text_of(wanted))) == wanted == list(readable(text_of(wanted)))


@given(_PORTS, _PORTS)
def test_collisions_are_mutual(one: HostPort, other: HostPort) -> None:
    assert one.collides(other) == other.collides(one)
    assert one.collides(one)


def _annotated(text: str, **spec: object) -> dict[str, object]:
    made = service(**spec)
    made["metadata"]["annotations"] = {ANNOTATION: text}
    SERVICE.defaults(made)
    if "clusterIP" not in made["spec"]:
        made["spec"].update(clusterIP="10.96.0.5", clusterIPs=["10.96.0.5"])
    return made


def test_the_api_refuses_what_cannot_be_read_and_warns_of_what_leads_nowhere() -> None:
    (problem,) = SERVICE.validate(_annotated("8080"), None)
    assert problem.text.startswith(f'metadata.annotations[{ANNOTATION}]: Invalid value: "8080": "8080" must be ')
    (twice,) = SERVICE.validate(_annotated("8080:80,127.0.0.1:8080:80"), None)
    assert "host port 127.0.0.1:8080 stands in it twice" in twice.text
    assert list(SERVICE.validate(_annotated("127.0.0.2:8080:80,127.0.0.1:8080:80,8080:80/UDP"), None)) == []
    (warning,) = SERVICE.warnings(_annotated("8080:99"), None)
    assert warning == "host port 8080 leads nowhere: the Service has no port 99/TCP"


def test_the_proxy_leads_them_as_node_ports_and_at_every_address() -> None:
    ports = [
        {"name": "http", "port": 80},
        {"name": "dns", "port": 53, "protocol": "UDP"},
    ]
    kept = service_of(_annotated("8080:http,127.0.0.1:53:dns/UDP,[::1]:81:80,82:missing", ports=ports))
    assert kept is not None
    http, dns = resolve(kept, [], NodeView("here"), Settings()).ipv4
    flags = words.MASQUERADE | words.HOST_PORT
    host_ports = [each for port in (http, dns) for each in port.frontends if each.kind == HOST_PORT]
    assert [(each.key, each.flags) for each in host_ports] == [
        (frontend_key(b"", TCP, 8080), flags),
        (frontend_key(address("127.0.0.1"), UDP, 53), flags),
    ]
