"""What a proxied name means, what a proxy passes on, and how links read from outside."""

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.apiserver.routes import Routes, verb
from fairway.apiserver.subresources.proxy.headers import is_upgrade, pairs, rewritten, to_backend, to_client
from fairway.apiserver.subresources.proxy.links import Links
from fairway.apiserver.subresources.proxy.target import (
    Id,
    Target,
    node_target,
    parse,
    pod_target,
    port_name,
    service_target,
)
from fairway.kinds import ALL
from fairway.objects.errors import StatusError

PREFIX = "/api/v1/namespaces/n/services/web/proxy"
CHANCE = random.Random(1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("web", Id("", "web", "")),
        ("web:80", Id("", "web", "80")),
        ("https:web:", Id("https", "web", "")),
        ("http:web:admin", Id("http", "web", "admin")),
        (":web:80", Id("", "web", "80")),
    ],
)
def test_a_name_may_have_a_scheme_and_a_port(text: str, found: Id) -> None:
    assert parse(text, "service") == found


@pytest.mark.parametrize("text", ["ftp:web:80", "a:b:c:d", ":80", "https::80", ""])
def test_another_form_of_a_name_is_refused_with_the_whole_name(text: str) -> None:
    with pytest.raises(StatusError) as refused:
        parse(text, "pod")
    assert (refused.value.code, refused.value.message) == (400, f'invalid pod request "{text}"')


def pod(ip: str = "10.244.0.5", *ports: int) -> dict[str, Any]:
    containers = [{"name": "first"}, {"name": "second", "ports": [{"containerPort": port} for port in ports]}]
    return {"spec": {"containers": containers}, "status": {"podIP": ip, "podIPs": [{"ip": ip}]}}


def test_a_pod_is_asked_at_the_first_port_that_it_declares() -> None:
    assert pod_target(Id("", "p", ""), pod("10.244.0.5", 8080, 9090)) == Target("http", "10.244.0.5", "8080")
    assert pod_target(Id("https", "p", "443"), pod("fd00::5", 8080)) == Target("https", "fd00::5", "443")
    assert pod_target(Id("", "p", ""), pod()) == Target("http", "10.244.0.5", "")


@pytest.mark.parametrize("ip", ["", "127.0.0.1", "169.254.169.254", "0.0.0.0", "224.0.0.1", "::1", "fe80::1"])
def test_a_pod_with_an_address_of_the_machine_itself_is_refused(ip: str) -> None:
    with pytest.raises(StatusError) as refused:
        pod_target(Id("", "p", "80"), pod(ip))
    assert (refused.value.code, refused.value.message) == (400, "address not allowed")


def test_a_node_is_asked_with_credentials_only_at_its_own_port() -> None:
    assert node_target(Id("", "n1", ""), "192.0.2.1", 10250) == Target("https", "192.0.2.1", "10250", "n1")
    assert node_target(Id("http", "n1", "10250"), "192.0.2.1", 10250) == Target("https", "192.0.2.1", "10250", "n1")
    assert node_target(Id("", "n1", "9100"), "192.0.2.1", 10250) == Target("http", "192.0.2.1", "9100")


SERVICE = {"spec": {"ports": [{"name": "http", "port": 80}, {"name": "admin", "port": 81}]}}


def test_a_port_number_means_the_name_of_the_service_port() -> None:
    assert port_name(Id("", "web", "81"), SERVICE) == "admin"
    with pytest.raises(StatusError) as refused:
        port_name(Id("", "web", "99"), SERVICE)
    assert (refused.value.code, refused.value.message) == (503, 'no service port 99 found for service "web"')


def address(ip: str, name: str = "", namespace: str = "n") -> dict[str, Any]:
    return {"ip": ip, "targetRef": {"kind": "Pod", "name": name or ip, "namespace": namespace}}


def endpoints(*addresses: dict[str, Any], port: str = "http") -> dict[str, Any]:
    return {
        "metadata": {"namespace": "n", "name": "web"},
        "subsets": [
            {"notReadyAddresses": [address("10.0.0.9")], "ports": [{"name": port, "port": 8080}]},
            {"addresses": list(addresses), "ports": [{"name": port, "port": 8080}]},
        ],
    }


def pod_of(name: str) -> dict[str, Any] | None:
    return None if name == "gone" else pod(name)


def test_a_service_leads_to_any_of_its_ready_addresses() -> None:
    both = endpoints(address("10.0.0.1"), address("10.0.0.2"))
    found = {service_target(Id("", "web", ""), "web", "http", both, pod_of, random.Random(i)).host for i in range(32)}
    assert found == {"10.0.0.1", "10.0.0.2"}


@pytest.mark.parametrize(
    "unusable",
    [
        address("10.0.0.1", "10.0.0.2"),
        address("10.0.0.1", "gone"),
        address("10.0.0.1", namespace="other"),
        {"ip": "10.0.0.1"},
    ],
)
def test_an_address_that_is_not_of_a_pod_of_the_namespace_is_passed_over(unusable: dict[str, Any]) -> None:
    with pytest.raises(StatusError) as refused:
        service_target(Id("", "y", "web"), "y:web", "http", endpoints(unusable), pod_of, CHANCE)
    assert (refused.value.code, refused.value.message) == (503, 'no endpoints available for service "y:web"')


def test_without_any_subset_only_the_service_is_named() -> None:
    with pytest.raises(StatusError) as refused:
        service_target(Id("", "x", "80"), "x:80", "http", {"metadata": {"namespace": "n"}}, pod_of, CHANCE)
    assert refused.value.message == 'no endpoints available for service "x"'


# Headers


def test_a_backend_gets_no_credentials_and_no_header_that_was_for_this_hop() -> None:
    given = {
        "host": "127.0.0.1:6443", "authorization": "Bearer secret", "impersonate-user": "me", "connection": "x-hop",
        "x-hop": "1", "te": "trailers", "accept": "*/*", "x-forwarded-for": "192.0.2.9", "x-forwarded-host": "forged",
    }  # fmt: skip
    assert to_backend(given, address="192.0.2.1", uri=PREFIX + "/a", backend="b", body_bytes=0, method="GET") == [
        ("Host", "127.0.0.1:6443"),
        ("Accept", "*/*"),
        ("X-Forwarded-For", "192.0.2.9, 192.0.2.1"),
        ("X-Forwarded-Host", "127.0.0.1:6443"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Uri", PREFIX + "/a"),
        ("Connection", "close"),
    ]


def test_an_upgrade_is_asked_for_anew() -> None:
    given = {"host": "h", "connection": "keep-alive, Upgrade", "upgrade": "websocket", "sec-websocket-key": "k"}
    sent = dict(to_backend(given, address="", uri="/", backend="b", body_bytes=0, method="GET"))
    assert (sent["Connection"], sent["Upgrade"], sent["Sec-Websocket-Key"]) == ("Upgrade", "websocket", "k")
    assert not is_upgrade({"upgrade": "websocket", "connection": "keep-alive"})


def test_an_answer_keeps_repeated_headers_and_loses_those_of_the_hop() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        b"Access-Control-Allow-Origin: *\r\nContent-Type: text/plain\r\nX-Own: yes\r\n\r\n"
    )
    names = {"host": "h", "backend": "b", "prefix": PREFIX}
    assert to_client(pairs(head), **names) == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Own", "yes")]


@pytest.mark.parametrize(
    ("url", "seen"),
    [
        ("/login?next=%2F#top", PREFIX + "/login?next=%2F#top"),
        ("/dir/", PREFIX + "/dir/"),
        ("/", PREFIX + "/"),
        ("http://10.0.0.1:8080/x", PREFIX + "/x"),
        ("http://127.0.0.1:6443/x", f"http://127.0.0.1:6443{PREFIX}/x"),
        (PREFIX + "/already", PREFIX + "/already"),
        ("relative/x", "relative/x"),
        ("https://elsewhere.example/x", "https://elsewhere.example/x"),
        ("mailto:me@example", "mailto:me@example"),
        ("#here", "#here"),
        ("http://[broken/x", "http://[broken/x"),
    ],
)
def test_links_of_the_backend_stay_below_the_proxy(url: str, seen: str) -> None:
    assert rewritten(url, host="127.0.0.1:6443", backend="10.0.0.1:8080", prefix=PREFIX) == seen


# Documents


def linked(document: bytes, *cuts: int) -> bytes:
    links = Links(lambda url: "/p" + url if url.startswith("/") else url)
    edges = [0, *sorted(cuts), len(document)]
    return b"".join(links.feed(document[a:b]) for a, b in pairwise(edges)) + links.close()


PAGE = b"""<!DOCTYPE html><html manifest=/m><HEAD><base href='/b'><!-- <a href="/comment"> -->
<script src="/s.js">if (a < b) document.write('<a href="/script">')</script><style>a{b:url(/c)}</style></head>
<body background="/bg"><a title="> href='/no'" HREF = "/a?x=1&amp;y=\xc3\xa9">1 < 2</a><img src=/i.png alt="/alt"/>
<form action="/f"><a name="/n" href="rel">caf\xe9</a><video poster="/v" src="https://x/y"></video></form></body></html"""
CHANGED = (
    (b"=/m", b"=/p/m"), (b"'/b'", b"'/p/b'"), (b'"/s.js', b'"/p/s.js'), (b'"/bg', b'"/p/bg'), (b'"/a?', b'"/p/a?'),
    (b"=/i.png", b"=/p/i.png"), (b'"/f"', b'"/p/f"'), (b'"/v"', b'"/p/v"'),
)  # fmt: skip
SEEN = PAGE
for old, new in CHANGED:
    SEEN = SEEN.replace(old, new)


def test_absolute_links_are_rewritten_and_no_other_byte_changes() -> None:
    assert linked(PAGE) == SEEN
    assert linked(b'<a href="/rewriteme">test</a>') == b'<a href="/p/rewriteme">test</a>'


@given(st.lists(st.integers(0, len(PAGE)), max_size=8))
def test_where_a_document_is_cut_makes_no_difference(cuts: list[int]) -> None:
    assert linked(PAGE, *cuts) == SEEN


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=4))
def test_what_is_no_markup_passes_unchanged(document: bytes, cuts: list[int]) -> None:
    links = Links(lambda url: url)
    edges = [0, *sorted(min(cut, len(document)) for cut in cuts), len(document)]
    passed = b"".join(links.feed(document[a:b]) for a, b in pairwise(edges)) + links.close()
    assert passed == document


# Routes


def test_what_follows_a_proxy_may_be_any_path() -> None:
    route = Routes(ALL).resolve("/api/v1/namespaces/n/services/https:web:80/proxy/a//b/")
    assert route is not None
    assert (route.name, route.subresource) == ("https:web:80", "proxy")
    assert [verb(method, route, is_watch=False) for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE")] == [
        "get", "get", "create", "options", "update", "delete",
    ]  # fmt: skip


def test_an_empty_part_before_a_proxy_is_refused() -> None:
    with pytest.raises(StatusError):
        Routes(ALL).resolve("/api/v1/namespaces/n/services//proxy/a")
    with pytest.raises(StatusError):
        Routes(ALL).resolve("/api/v1/namespaces/n/services/web/status//x")
