"""Which port of a node leads to which pod, and which flows must end when that changes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.kinds.pod.host_ports import collide
from fairway.node.admission import refusal
from fairway.node.container_spec import sandbox_spec
from fairway.node.pod_network.host_ports.flows import Flow, is_stale
from fairway.node.pod_network.host_ports.mapping import Difference, Frontend, difference, mappings_of, merged
from fairway.node.runtimes.interface import HostPort

BOTH = ("10.244.0.5", "fd00::5")


def frontends(address: str, ips: tuple[str, ...]) -> list[tuple[int, str, str]]:
    found = mappings_of([HostPort(address, "TCP", 80, 8080)], ips)
    return [(frontend.family, frontend.address, backend[0]) for frontend, backend in found]


@pytest.mark.parametrize(
    ("address", "ips", "expected"),
    [
        ("", BOTH, [(4, "", "10.244.0.5"), (6, "", "fd00::5")]),
        ("", BOTH[:1], [(4, "", "10.244.0.5")]),
        ("", (), []),
        ("0.0.0.0", BOTH, [(4, "", "10.244.0.5")]),
        ("::", BOTH, [(6, "", "fd00::5")]),
        ("127.0.0.1", BOTH, [(4, "127.0.0.1", "10.244.0.5")]),
        ("2001:DB8::0:1", BOTH, [(6, "2001:db8::1", "fd00::5")]),
        ("2001:db8::1", BOTH[:1], []),
    ],
)
def test_a_port_leads_into_the_pod_in_the_families_that_it_names(
    address: str, ips: tuple[str, ...], expected: list[Any]
) -> None:
    assert frontends(address, ips) == expected


def pod(**spec: Any) -> dict[str, Any]:
    ports = [{"containerPort": 1}, {"containerPort": 2, "hostPort": 20, "protocol": "UDP", "hostIP": "10.0.0.1"}]
    inits = [{"name": "s", "restartPolicy": "Always", "ports": [{"containerPort": 3, "hostPort": 30}]}]
    containers = {"containers": [{"name": "c", "ports": ports}], "initContainers": inits}
    return {"metadata": {"uid": "u", "name": "p", "namespace": "n"}, "spec": {**containers, **spec}}


def test_a_sandbox_has_the_ports_of_all_containers_and_none_with_the_nodes_network() -> None:
    wanted = {HostPort("10.0.0.1", "UDP", 20, 2), HostPort("", "TCP", 30, 3)}
    assert set(sandbox_spec(pod(), "c.l").host_ports) == wanted
    assert sandbox_spec(pod(hostNetwork=True), "c.l").host_ports == ()


ports = st.builds(Frontend, st.just(4), st.sampled_from(["", "10.0.0.1"]), st.sampled_from(["udp", "tcp"]), st.just(80))
mappings = st.dictionaries(ports, st.tuples(st.sampled_from(["10.244.0.1", "10.244.0.2"]), st.just(8080)))


@given(mappings, mappings)
def test_a_difference_leads_from_one_to_the_other(before: Any, after: Any) -> None:
    change = difference(before, after)
    kept = {frontend: backend for frontend, backend in before.items() if frontend not in change.gone}
    assert kept | change.new == after
    assert difference(after, after) == Difference({}, {})


@given(st.lists(mappings, max_size=4))
def test_the_youngest_pod_has_the_port(pods: list[Any]) -> None:
    found = merged({str(number): each for number, each in enumerate(pods)})
    for frontend, backend in found.items():
        assert [each[frontend] for each in pods if frontend in each][-1] == backend


ANY, ONE = Frontend(4, "", "udp", 80), Frontend(4, "10.0.0.1", "udp", 80)
OLD, NEW = ("10.244.0.1", 8080), ("10.244.0.2", 8080)


@pytest.mark.parametrize(
    ("flow", "gone", "new", "expected"),
    [
        (Flow(ONE, OLD, True), {ANY: OLD}, {}, True),
        (Flow(ONE, OLD, True), {ONE: OLD}, {}, True),
        (Flow(ONE, OLD, True), {ANY: OLD}, {ANY: NEW}, True),
        (Flow(ONE, NEW, True), {ANY: OLD}, {ANY: NEW}, False),
        (Flow(ONE, OLD, True), {Frontend(4, "", "udp", 81): OLD}, {}, False),
        (Flow(ONE, OLD, True), {Frontend(4, "10.0.0.2", "udp", 80): OLD}, {}, False),
        (Flow(ONE, ("10.0.0.1", 80), False), {}, {ANY: NEW}, True),
        (Flow(ONE, ("10.0.0.1", 80), False), {ANY: OLD}, {}, False),
        (Flow(Frontend(4, "8.8.8.8", "udp", 80), ("8.8.8.8", 80), False), {}, {ANY: NEW}, False),
    ],
)
def test_a_flow_is_stale_when_its_port_leads_elsewhere(flow: Flow, gone: Any, new: Any, expected: bool) -> None:
    assert is_stale(flow, Difference(gone, new), lambda address: address == "10.0.0.1") is expected


@pytest.mark.parametrize(
    ("wanted", "taken", "expected"),
    [
        (("", "TCP", 80), ("", "TCP", 80), True),
        (("10.0.0.1", "TCP", 80), ("10.0.0.1", "TCP", 80), True),
        (("10.0.0.1", "TCP", 80), ("10.0.0.2", "TCP", 80), False),
        (("10.0.0.1", "TCP", 80), ("10.0.0.1", "UDP", 80), False),
        (("10.0.0.1", "TCP", 80), ("10.0.0.1", "TCP", 81), False),
        (("0.0.0.0", "TCP", 80), ("10.0.0.1", "TCP", 80), True),
        (("10.0.0.1", "TCP", 80), ("", "TCP", 80), True),
        (("::", "SCTP", 80), ("fd00::1", "SCTP", 80), True),
    ],
)
def test_ports_collide_at_the_same_address_or_at_all(wanted: Any, taken: Any, expected: bool) -> None:
    assert collide([wanted], [taken]) is expected


def test_a_pod_is_refused_for_those_that_still_run() -> None:
    other = pod()
    refused = refusal(pod(), [other], {})
    assert refused is not None
    assert (refused.reason, refusal(pod(), [], {})) == ("NodePorts", None)
    assert refusal(pod(), [{**other, "status": {"phase": "Succeeded"}}], {}) is None
