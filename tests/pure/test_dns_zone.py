"""Every name of the specification, and those that must not be, without a socket."""

import pytest
from dns_cases import ask, at, endpoint_slice, lines, service, status, zone_of
from hypothesis import given
from hypothesis import strategies as st

from fairway.dns.names import wire_name
from fairway.dns.records import Endpoint, Port, Service, Slice, slice_of
from fairway.dns.zone import Zone

HTTP = (("http", "TCP", 80),)
WEB = service("web", ip="10.96.0.17", ports=(*HTTP, ("dns", "UDP", 53)))
DUAL = service("dual", ip=["10.96.0.18", "fd00:96::18"], ports=HTTP)
HEADLESS = service("db", ip="None", ports=(("sql", "TCP", 5432),))
DB_SLICE = endpoint_slice(
    "db", [at("10.244.0.5", "db-0"), at("10.244.0.6"), at("10.244.0.7", ready=False)], ports=(("sql", "TCP", 15432),)
)
ALIAS = service("alias", type="ExternalName", externalName="example.org")


def test_a_service_with_a_cluster_ip_has_an_address_and_no_other_family() -> None:
    zone = zone_of(WEB)
    assert lines(ask(zone, "web.default.svc.cluster.local")) == ["web.default.svc.cluster.local. A 10.96.0.17"]
    assert status(ask(zone, "web.default.svc.cluster.local", "AAAA")) == "NODATA"


def test_letters_may_be_of_either_case_and_come_back_as_they_were_asked() -> None:
    answer = ask(zone_of(WEB), "wEb.DEFAULT.svc.Cluster.LOCAL")
    assert lines(answer) == ["wEb.DEFAULT.svc.Cluster.LOCAL. A 10.96.0.17"]


def test_a_dual_stack_service_has_both_families() -> None:
    zone = zone_of(DUAL)
    assert lines(ask(zone, "dual.default.svc.cluster.local", "AAAA")) == [
        "dual.default.svc.cluster.local. AAAA fd00:96::18"
    ]
    assert lines(ask(zone, "8.1.0.0." + "0.0.0.0." * 5 + "6.9.0.0.0.0.d.f.ip6.arpa", "PTR")) == [
        "8.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa."
        " PTR dual.default.svc.cluster.local."
    ]  # fmt: skip


def test_a_named_port_has_a_service_record_with_the_address_beside_it() -> None:
    answer = ask(zone_of(WEB), "_http._tcp.web.default.svc.cluster.local", "SRV")
    assert lines(answer) == ["_http._tcp.web.default.svc.cluster.local. SRV 0 100 80 web.default.svc.cluster.local."]
    assert lines(answer, "additional") == ["web.default.svc.cluster.local. A 10.96.0.17"]


def test_localhost_and_all_below_it_is_the_machine_that_asks() -> None:
    for name in ("localhost", "app.localhost", "a.B.LocalHost"):
        assert lines(ask(zone_of(), name)) == [f"{name}. A 127.0.0.1"]
        assert lines(ask(zone_of(), name, "AAAA")) == [f"{name}. AAAA ::1"]
        assert status(ask(zone_of(), name, "MX")) == "NODATA"
    assert ask(zone_of(), "localhost.example.org") is None
    alias = service("here", type="ExternalName", externalName="app.localhost")
    assert lines(ask(zone_of(alias), "here.default.svc.cluster.local")) == [
        "app.localhost. A 127.0.0.1", "here.default.svc.cluster.local. CNAME app.localhost.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("_http._tcp.web.default.svc.cluster.local", "A", "NODATA"),
        ("_tcp.web.default.svc.cluster.local", "A", "NODATA"),
        ("_sctp.web.default.svc.cluster.local", "A", "NXDOMAIN"),
        ("_http._udp.web.default.svc.cluster.local", "SRV", "NXDOMAIN"),
        ("_._tcp.bare.default.svc.cluster.local", "SRV", "NXDOMAIN"),
        ("nothing.default.svc.cluster.local", "A", "NXDOMAIN"),
        ("a.web.default.svc.cluster.local", "A", "NXDOMAIN"),
        ("web.other.svc.cluster.local", "A", "NXDOMAIN"),
        ("default.svc.cluster.local", "A", "NODATA"),
        ("other.svc.cluster.local", "A", "NXDOMAIN"),
        ("svc.cluster.local", "A", "NODATA"),
        ("pod.cluster.local", "A", "NODATA"),
        ("default.pod.cluster.local", "AAAA", "NODATA"),
        ("1-2-3.default.pod.cluster.local", "A", "NXDOMAIN"),
        ("1-2-3-4.default.pod.cluster.local", "AAAA", "NODATA"),
        ("cluster.local", "A", "NODATA"),
        ("dns.cluster.local", "A", "NODATA"),
        ("web.default.svc.cluster.local.cluster.local", "A", "NXDOMAIN"),
        ("backend.cluster.local", "A", "NXDOMAIN"),
        ("96.10.in-addr.arpa", "PTR", "NODATA"),
        ("99.0.96.10.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("7.0.244.10.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("0.96.10.in-addr.arpa", "PTR", "NODATA"),
        ("lb._dns-sd._udp.0.0.96.10.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("1.17.0.96.10.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("6.9.0.0.0.0.d.f.ip6.arpa", "PTR", "NONE"),
        ("0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.0.d.f.ip6.arpa", "PTR", "NODATA"),
        ("empty.default.svc.cluster.local", "A", "NXDOMAIN"),
        ("numbered.default.svc.cluster.local", "A", "NXDOMAIN"),
    ],
)
def test_what_is_not_there_is_told_from_what_has_no_such_record(name: str, kind: str, expected: str) -> None:
    bare = service("bare", ip="10.96.0.19", ports=(("", "TCP", 80),))
    empty = service("empty", ip="None")
    numbered = service("numbered", type="ExternalName", externalName="10.0.0.1")
    answer = ask(zone_of(WEB, HEADLESS, DB_SLICE, bare, empty, numbered), name, kind)
    assert (status(answer) if answer else "NONE") == expected


@pytest.mark.parametrize("name", ["example.org", "local", "4.3.2.1.in-addr.arpa", "10.in-addr.arpa", "arpa", ".",
    "lb._dns-sd._udp.1.168.192.in-addr.arpa", "x.in-addr.arpa", "x.y.ip6.arpa",
])  # fmt: skip
def test_other_names_are_for_others(name: str) -> None:
    assert ask(zone_of(WEB), name) is None


def test_a_headless_service_has_the_addresses_of_its_ready_endpoints() -> None:
    zone = zone_of(HEADLESS, DB_SLICE)
    own = "db.default.svc.cluster.local."
    assert lines(ask(zone, own)) == [f"{own} A 10.244.0.5", f"{own} A 10.244.0.6"]
    assert status(ask(zone, own, "AAAA")) == "NODATA"


def test_each_endpoint_of_a_headless_service_has_a_name_and_its_address_leads_back() -> None:
    zone = zone_of(HEADLESS, DB_SLICE)
    for host, ip in (("db-0", "10.244.0.5"), ("10-244-0-6", "10.244.0.6")):
        name = f"{host}.db.default.svc.cluster.local."
        assert lines(ask(zone, name)) == [f"{name} A {ip}"]
        reverse = ".".join(reversed(ip.split("."))) + ".in-addr.arpa."
        assert lines(ask(zone, reverse, "PTR")) == [f"{reverse} PTR {name}"]


def test_the_service_records_of_a_headless_service_lead_to_its_endpoints_own_ports() -> None:
    answer = ask(zone_of(HEADLESS, DB_SLICE), "_sql._tcp.db.default.svc.cluster.local", "SRV")
    own = "db.default.svc.cluster.local."
    assert lines(answer) == [
        f"_sql._tcp.{own} SRV 0 50 15432 10-244-0-6.{own}", f"_sql._tcp.{own} SRV 0 50 15432 db-0.{own}",
    ]  # fmt: skip
    assert lines(answer, "additional") == [f"10-244-0-6.{own} A 10.244.0.6", f"db-0.{own} A 10.244.0.5"]


def test_slices_of_several_families_and_ports_are_told_as_one() -> None:
    """Written by hand: the hosts have names, each slice its own ports, and one host has both families."""
    first = endpoint_slice("db", [at("10.244.1.1", "One"), at("10.244.1.2")], ports=(("sql", "TCP", 5432),))
    second = endpoint_slice("db", [at("10.244.1.3", "three")], ports=(("admin", "TCP", 81), ("", "TCP", 9)))
    third = endpoint_slice("db", [at("fd00::1", "one"), at("fd00::2")], family="IPv6", ports=(("sql", "TCP", 5433),))
    for each, name in ((second, "db-y"), (third, "db-z")):
        each["metadata"]["name"] = name
    zone = zone_of(HEADLESS, first, second, third)
    own = "db.default.svc.cluster.local."
    assert lines(ask(zone, own)) == [f"{own} A 10.244.1.{n}" for n in (1, 2, 3)]
    assert lines(ask(zone, own, "AAAA")) == [f"{own} AAAA fd00::{n}" for n in (1, 2)]
    assert lines(ask(zone, f"one.{own}")) == [f"one.{own} A 10.244.1.1"]
    assert lines(ask(zone, f"one.{own}", "AAAA")) == [f"one.{own} AAAA fd00::1"]
    assert lines(ask(zone, f"fd00--2.{own}", "AAAA")) == [f"fd00--2.{own} AAAA fd00::2"]
    sql = ask(zone, f"_sql._tcp.{own}", "SRV")
    assert lines(sql) == [
        f"_sql._tcp.{own} SRV 0 25 5432 10-244-1-2.{own}", f"_sql._tcp.{own} SRV 0 25 5432 one.{own}",
        f"_sql._tcp.{own} SRV 0 25 5433 fd00--2.{own}", f"_sql._tcp.{own} SRV 0 25 5433 one.{own}",
    ]  # fmt: skip
    assert lines(ask(zone, f"_admin._tcp.{own}", "SRV")) == [f"_admin._tcp.{own} SRV 0 100 81 three.{own}"]
    assert status(ask(zone, f"_._tcp.{own}", "SRV")) == "NXDOMAIN"
    reverse = "1.0.0.0." + "0.0.0.0." * 6 + "0.0.d.f.ip6.arpa."
    assert lines(ask(zone, reverse, "PTR")) == [f"{reverse} PTR one.{own}"]


def test_slices_of_host_names_and_of_no_service_have_no_names() -> None:
    fqdn = endpoint_slice("db", [at("db.example.org")], family="FQDN")
    stray = endpoint_slice("db", [at("10.244.1.1")])
    del stray["metadata"]["labels"]
    assert (slice_of(fqdn), slice_of(stray)) == (None, None)


def test_an_endpoint_whose_readiness_nobody_told_is_ready() -> None:
    unknown = endpoint_slice("db", [{"addresses": ["10.244.1.1"]}, {"addresses": ["10.244.1.2"], "conditions": {}}])
    assert len(lines(ask(zone_of(HEADLESS, unknown), "db.default.svc.cluster.local"))) == 2


def test_each_reverse_zone_has_a_start() -> None:
    zone = zone_of(WEB)
    for apex in ("96.10.in-addr.arpa.", "0." * 20 + "6.9.0.0.0.0.d.f.ip6.arpa."):
        assert lines(ask(zone, apex, "NS")) == [f"{apex} NS ns.dns.cluster.local."]
        (start,) = lines(ask(zone, apex, "SOA"))
        assert start.startswith(f"{apex} SOA ns.dns.cluster.local.")


def test_an_address_in_two_slices_of_one_service_is_told_once() -> None:
    twin = endpoint_slice("db", [at("10.244.0.5", "db-0")])
    twin["metadata"]["name"] = "db-y"
    zone = zone_of(HEADLESS, DB_SLICE, twin)
    assert len(lines(ask(zone, "db.default.svc.cluster.local"))) == 2
    assert len(lines(ask(zone, "5.0.244.10.in-addr.arpa", "PTR"))) == 1


def test_an_external_name_is_an_alias_and_followed_where_it_leads_back_into_the_cluster() -> None:
    inner = service("inner", type="ExternalName", externalName="web.default.svc.cluster.local")
    zone = zone_of(WEB, ALIAS, inner)
    name = "alias.default.svc.cluster.local."
    assert lines(ask(zone, name, "CNAME")) == [f"{name} CNAME example.org."]
    assert lines(ask(zone, "inner.default.svc.cluster.local")) == [
        "inner.default.svc.cluster.local. CNAME web.default.svc.cluster.local.",
        "web.default.svc.cluster.local. A 10.96.0.17",
    ]


def test_who_asks_for_everything_gets_the_alias_itself() -> None:
    name = "alias.default.svc.cluster.local."
    assert lines(ask(zone_of(ALIAS), name, "ANY")) == [f"{name} CNAME example.org."]


def test_an_alias_to_a_name_of_ours_that_is_not_there_says_so() -> None:
    lost = service("lost", type="ExternalName", externalName="gone.default.svc.cluster.local")
    answer = ask(zone_of(lost), "lost.default.svc.cluster.local")
    assert status(answer) == "NXDOMAIN"
    assert lines(answer) == ["lost.default.svc.cluster.local. CNAME gone.default.svc.cluster.local."]


def test_aliases_that_run_in_a_circle_are_a_failure() -> None:
    one = service("one", type="ExternalName", externalName="two.default.svc.cluster.local")
    two = service("two", type="ExternalName", externalName="one.default.svc.cluster.local")
    assert status(ask(zone_of(one, two), "one.default.svc.cluster.local")) == "SERVFAIL"


def test_pods_have_names_that_spell_their_addresses() -> None:
    zone = zone_of(WEB)
    name = "10-244-0-5.default.pod.cluster.local."
    assert lines(ask(zone, name)) == [f"{name} A 10.244.0.5"]
    name = "fd00--5.default.pod.cluster.local."
    assert lines(ask(zone, name, "AAAA")) == [f"{name} AAAA fd00::5"]


def test_the_zone_tells_its_version_its_server_and_its_start() -> None:
    zone = zone_of(WEB)
    assert lines(ask(zone, "dns-version.cluster.local", "TXT")) == ['dns-version.cluster.local. TXT "1.1.0"']
    answer = ask(zone, "cluster.local", "NS")
    assert lines(answer) == ["cluster.local. NS ns.dns.cluster.local."]
    assert lines(answer, "additional") == ["ns.dns.cluster.local. A 10.96.0.10"]
    assert lines(ask(zone, "cluster.local", "SOA")) == [
        f"cluster.local. SOA ns.dns.cluster.local. hostmaster.cluster.local. {zone.serial} 7200 1800 86400 5"
    ]


def test_what_does_not_fit_is_cut_at_whole_records_and_marked() -> None:
    many = endpoint_slice("db", [at(f"10.244.{n // 200}.{n % 200 + 1}") for n in range(300)])
    answer = ask(zone_of(HEADLESS, many), "db.default.svc.cluster.local", room=512)
    assert answer is not None
    assert answer.flags & 0x0200
    assert len(lines(answer)) == 28


def test_a_service_that_changes_touches_its_name_and_its_addresses() -> None:
    zone = Zone("cluster.local")
    one, two = b"\x0a\x60\0\x11", b"\x0a\x60\0\x12"
    assert zone.put_service("default", "web", Service((one,), ())) == {"default", "default/web", one}
    assert zone.put_service("default", "web", Service((two,), ())) == {"default/web", one, two}
    assert zone.put_service("default", "other", Service((one,), ())) == {"default/other", one}
    assert zone.put_service("default", "web", None) == {"default/web", two}
    assert zone.put_service("default", "other", None) == {"default", "default/other", one}


SERVICES = st.one_of(
    st.builds(Service, st.just((b"\x0a\x60\0\x11",)), st.just((Port("http", "tcp", 80),))),
    st.just(Service((), ())),
    st.just(Service((), (), wire_name("web.b.svc.cluster.local"))),
    st.none(),
)
ENDPOINTS = st.builds(Endpoint, st.sampled_from([b"\x0a\xf4\0\x05", b"\x0a\xf4\0\x06"]), st.sampled_from(["x", "y"]))
SLICES = st.none() | st.builds(
    Slice, st.sampled_from(["a/web", "b/web"]),
    st.sampled_from([(Port("http", "tcp", 80),), (Port("", "tcp", 81),), ()]),
    st.lists(ENDPOINTS, max_size=3).map(tuple),
)  # fmt: skip
CHANGES = st.lists(
    st.tuples(st.just("service"), st.sampled_from("ab"), SERVICES)
    | st.tuples(st.just("slice"), st.sampled_from("pq"), SLICES),
    max_size=12,
)  # fmt: skip
NAMES = [
    wire_name(name)
    for name in (
        "web.a.svc.cluster.local", "web.b.svc.cluster.local", "a.svc.cluster.local", "x.web.a.svc.cluster.local",
        "_http._tcp.web.b.svc.cluster.local", "_tcp.web.a.svc.cluster.local", "5.0.244.10.in-addr.arpa",
        "17.0.96.10.in-addr.arpa", "_http._tcp.web.a.svc.cluster.local", "y.web.a.svc.cluster.local",
    )
]  # fmt: skip


def seen(zone: Zone, name: bytes) -> dict[int, list[bytes]] | None:
    """What is there at this moment, in an order that does not depend on what was there before."""
    place = zone.find(name)
    return None if place is None or place.node is None else {k: sorted(data) for k, data in place.node.items()}


@given(CHANGES)
def test_after_any_changes_the_zone_is_as_one_made_anew_and_only_touched_names_differ(
    changes: list[tuple[str, str, object]],
) -> None:
    zone = Zone("cluster.local", serial=0)
    slices: dict[str, Slice | None] = {}
    services: dict[str, Service | None] = {}
    for what, key, new in changes:
        before = {name: seen(zone, name) for name in NAMES}
        if what == "service":
            if isinstance(new, Service) and new.addresses and key == "b":
                new = new._replace(addresses=(b"\x0a\x60\0\x12",))  # no two Services share a cluster IP
            touched = zone.put_service(key, "web", new)  # type: ignore[arg-type]
            services[key] = new  # type: ignore[assignment]
        else:
            touched = zone.put_slice(key, slices.get(key), new)  # type: ignore[arg-type]
            slices[key] = new  # type: ignore[assignment]
        differing = [name for name in NAMES if before[name] != seen(zone, name)]
        assert {zone.topic_of(name) for name in differing} <= touched
    fresh = Zone("cluster.local", serial=0)
    for namespace, each in services.items():
        fresh.put_service(namespace, "web", each)
    for key, piece in slices.items():
        fresh.put_slice(key, None, piece)
    for name in NAMES:
        assert seen(zone, name) == seen(fresh, name)
