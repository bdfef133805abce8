"""What would change, in words: literal lines, and the property that nothing is left out."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from proxy_objects import NODE, SETTINGS, service_port

from fairway.proxy.delta import Table
from fairway.proxy.element_text import element_text, range_text
from fairway.proxy.fixed import fixed_elements
from fairway.proxy.model import Range, address
from fairway.proxy.preview import json_line, line, preview

FIXED = fixed_elements(4, NODE, SETTINGS)


def test_an_empty_kernel_would_get_everything() -> None:
    web = service_port("10.244.0.5:8080", node_port=30080, hairpin=("10.244.0.5",))
    assert [line(change) for change in preview(4, {}, {"default/web": [web]}, FIXED)] == [
        "+ service-cidrs 10.96.0.0/16",
        "+ pod-cidrs 10.244.0.0/24",
        "+ node-port-addresses 0.0.0.0-126.255.255.255",
        "+ node-port-addresses 128.0.0.0/1",
        "+ slots 0x00000200 . 0x00000000 : 10.244.0.5 . 8080  # default/web",
        "+ lists 0x00000200 : 0x00000202  # default/web",
        "+ hairpin 10.244.0.5 . 10.244.0.5  # default/web",
        "+ frontends 10.96.0.10 . tcp . 80 : 0x00000201  # default/web",
        "+ node-ports tcp . 30080 : 0x00000202  # default/web",
        "+ cluster-ips 10.96.0.10  # default/web",
    ]


def test_only_what_differs_is_told_and_deletes_come_first() -> None:
    table = Table()
    table.fix(FIXED)
    table.change({
        "default/web": [service_port("10.244.0.5:8080", "10.244.0.6:8080", "10.244.0.7:8080")],
        "default/old": [service_port(ip="10.96.0.11")],
    })  # fmt: skip
    wanted = {"default/web": [service_port("10.244.0.5:8080", "10.244.0.6:8080")]}
    assert [line(change) for change in preview(4, table.elements(), wanted, FIXED)] == [
        "- cluster-ips 10.96.0.11",
        "- frontends 10.96.0.11 . tcp . 80 : 0x00000401",
        "- lists 0x00000200 : 0x00000204  # default/web",
        "- lists 0x00000400 : 0x00000400",
        "- slots 0x00000200 . 0x00000002 : 10.244.0.7 . 8080  # default/web",
        "+ lists 0x00000200 : 0x00000203  # default/web",
    ]


def test_affinity_in_words() -> None:
    sticky = {"default/a": [service_port("10.244.0.5:80", affinity_s=10)]}
    assert [line(change) for change in preview(4, {}, sticky, {})] == [
        "+ live-endpoints 0x80004001  # default/a",
        "+ affinity-endpoints 0x80004001 : 10.244.0.5 . 80  # default/a",
        "+ affinity-slots 0x80004000 . 0x00000000 : 0x80004001  # default/a",
        "+ affinity-timeouts 0x00000000 : goto affinity-10s",
        "+ affinity-lists 0x80004000 : 0x80004002  # default/a",
        "+ lists 0x00000200 : 0x80004002  # default/a",
        "+ frontends 10.96.0.10 . tcp . 80 : 0x00000201  # default/a",
        "+ cluster-ips 10.96.0.10  # default/a",
    ]


def test_two_services_with_one_frontend_are_both_named() -> None:
    wanted = {
        "default/a": [service_port(external_ip="192.0.2.9")],
        "default/b": [service_port(ip="10.96.0.11", external_ip="192.0.2.9")],
    }
    told = [line(change) for change in preview(4, {}, wanted, {})]
    assert "+ frontends 192.0.2.9 . tcp . 80 : 0x00000202  # default/a, default/b" in told


def test_a_program_gets_json() -> None:
    told = json_line(preview(4, {}, {"default/web": [service_port()]}, {})[-1])
    assert json.loads(told) == {
        "operation": "add", "family": "IPv4", "name": "cluster-ips", "element": "10.96.0.10",
        "services": ["default/web"],
    }  # fmt: skip


def test_source_ranges_and_ipv6_in_words() -> None:
    key = service_port(ip="fd96::1").frontends[0].key
    low, high = address("fd00::"), address("fd00::ffff")
    assert element_text("source-ranges", key + low + key + high, b"") == "fd96::1 . tcp . 80 . fd00::/112"
    assert range_text(*Range(address("10.0.0.1"), address("10.0.0.4"))) == "10.0.0.1-10.0.0.4"


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 3), st.sampled_from([0, 10])), max_size=5))
@settings(max_examples=50, deadline=None)
def test_every_element_of_the_transaction_has_a_line_and_nothing_to_do_has_none(
    chosen: list[tuple[int, int, int]],
) -> None:
    wanted = {
        f"default/s{number}": [
            service_port(*(f"10.0.0.{each}:80" for each in range(count)), ip=f"10.96.0.{number}", affinity_s=affinity_s)
        ]
        for number, count, affinity_s in chosen
    }
    table = Table()
    table.fix(FIXED)
    expected = table.change(wanted).size + sum(map(len, FIXED.values()))
    assert len(preview(4, {}, wanted, FIXED)) == expected
    assert preview(4, table.elements(), wanted, FIXED) == []


def test_a_preview_leaves_what_it_was_shown_as_it_was() -> None:
    table = Table()
    held = table.change({"default/web": [service_port("10.0.0.1:80")]}).adds
    before = {name: dict(each) for name, each in held.items()}
    assert preview(4, held, {"default/web": [service_port("10.0.0.1:80")]}, {}) == []
    assert held == before
