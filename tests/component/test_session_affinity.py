"""The contract of session affinity, docs/session-affinity.md, sentence by sentence against the real kernel."""

import re
import subprocess
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from probes import Probe, ask_again, ask_all
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import (
    NODE_ADDRESS,
    NODE_ADDRESS6,
    Pod,
    ServiceNetwork,
    connect,
    forget_connections,
    needs_root_and_namespaces,
)

from fairway.objects import Object
from fairway.proxy.model import TCP, UDP

pytestmark = needs_root_and_namespaces
IPS = ("10.96.0.10", "fd96::10")
VIPS = ("192.0.2.7", "fd99::7")
EXTERNALS = ("192.0.2.8", "fd99::8")
NODE_IPS = (NODE_ADDRESS, NODE_ADDRESS6)
CROWD = [tuple(f"{prefix}{number}" for prefix in ("192.168.78.", "fd78::")) for number in range(1, 61)]
"""The addresses of sixty clients outside."""
UNREADY = {"ready": False, "serving": False, "terminating": False}
LEAVING = {"ready": False, "serving": True, "terminating": True}
families = pytest.mark.parametrize("place", [0, 1], ids=["ipv4", "ipv6"])


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork()
    for pod in [*made.pods, made.remote]:
        made.serve(pod, 8081)
    for route in ("10.96.0.0/16", "192.0.2.0/24", "fd96::/112", "fd99::/64"):
        made.client.ip("route", "replace", route, "via", NODE_ADDRESS6 if ":" in route else NODE_ADDRESS)
    made.client.ip("route", "add", "local", "192.168.78.0/24", "dev", "lo")
    made.client.ip("-6", "route", "add", "local", "fd78::/64", "dev", "lo")
    made.client.sysctl("ipv6/ip_nonlocal_bind", "1")
    yield made
    made.close()


def web(affinity: str = "ClientIP", timeout_s: int = 0, **spec: Any) -> Object:
    """A Service with three ports (80 and 443 of TCP, 53 of UDP) and every kind of frontend."""
    ports = [
        {"name": "http", "port": 80, "nodePort": 30080}, {"name": "https", "port": 443, "nodePort": 30443},
        {"name": "dns", "port": 53, "protocol": "UDP", "nodePort": 30053},
    ]  # fmt: skip
    config = {"sessionAffinityConfig": {"clientIP": {"timeoutSeconds": timeout_s}}} if timeout_s else {}
    status = {"loadBalancer": {"ingress": [{"ip": ip} for ip in VIPS]}}
    wanted = {"type": "LoadBalancer", "status": status, "externalIPs": list(EXTERNALS), **config, **spec}
    return service("web", *IPS, ports=ports, sessionAffinity=affinity, **wanted)


def behind(pods: Iterable[Pod], slice_: str = "1", **conditions: bool) -> list[Object]:
    """A slice in each family."""
    ports = [{"name": "http", "port": 8080}, {"name": "https", "port": 8081},
             {"name": "dns", "port": 8080, "protocol": "UDP"}]  # fmt: skip
    return [
        endpoint_slice("web", pods, name=f"{slice_}-{ipv6}", ipv6=ipv6, ports=ports, conditions=conditions)
        for ipv6 in (False, True)
    ]


def met(network: ServiceNetwork, at: str, port: int = 80, protocol: int = TCP, source: str = "") -> str:
    """Which pod a client outside meets."""
    return ask_again(Probe(network.client, at, port, protocol, source)).name.partition(":")[0]


def crowd(network: ServiceNetwork, place: int = 0, port: int = 80) -> dict[str, str]:
    """Which pod each of sixty clients meets."""
    probes = [Probe(network.client, IPS[place], port, TCP, client[place]) for client in CROWD]
    found = {probe.source: answer.name.partition(":")[0] for probe, answer in ask_all(probes, timeout_s=30).items()}
    assert all(found.values())
    return found


def named(network: ServiceNetwork, name: str) -> Pod:
    return next(pod for pod in [*network.pods, network.remote] if pod.name == name)


def but(network: ServiceNetwork, *names: str) -> list[Pod]:
    return [pod for pod in network.pods if pod.name not in names]


def bindings(network: ServiceNetwork, place: int = 0) -> dict[str, tuple[int, float]]:
    """Client -> time-out that it began with, and what is left now, in seconds, as ``nft`` lists them."""
    family = ("ip", "ip6")[place]
    inside = ["ip", "netns", "exec", network.node.name, "nft", "list", "map", family, "fairway-t", "affinity-bindings"]
    listed = subprocess.run(inside, capture_output=True, text=True, check=True).stdout
    found = re.findall(r"0x[0-9a-f]+ \. (\S+) timeout (\S+) expires (\S+) :", listed)
    return {client: (int(_seconds(timeout)), _seconds(left)) for client, timeout, left in found}


def _seconds(text: str) -> float:
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1, "ms": 0.001}
    return sum(int(number) * units[unit] for number, unit in re.findall(r"(\d+)(ms|d|h|m|s)", text))


# Who is bound


@families
@pytest.mark.parametrize("who", ["pod", "client"])
@pytest.mark.parametrize("frontend", ["cluster IP", "node port", "load balancer", "external IP"])
@pytest.mark.parametrize("protocol", [TCP, UDP])
def test_a_client_stays_with_one_endpoint(
    network: ServiceNetwork, table: ProgrammedTable, frontend: str, who: str, protocol: int, place: int
) -> None:
    table.put(web(), *behind([*network.pods, network.remote]))
    at, tcp, udp = {
        "cluster IP": (IPS, 80, 53), "node port": (NODE_IPS, 30080, 30053), "load balancer": (VIPS, 80, 53),
        "external IP": (EXTERNALS, 80, 53),
    }[frontend]  # fmt: skip
    where = network.client if who == "client" else network.pods[0].namespace
    probe = Probe(where, at[place], tcp if protocol == TCP else udp, protocol)
    assert len({ask_again(probe).name for _ in range(20)}) == 1


@families
def test_clients_are_spread(network: ServiceNetwork, table: ProgrammedTable, place: int) -> None:
    table.put(web(), *behind(network.pods))
    first = crowd(network, place)
    assert set(first.values()) == {"pod-1", "pod-2", "pod-3"}
    assert crowd(network, place) == first
    assert set(bindings(network, place)) == {client[place] for client in CROWD}


@families
def test_every_frontend_of_a_port_leads_to_the_same_endpoint(
    network: ServiceNetwork, table: ProgrammedTable, place: int
) -> None:
    table.put(web(), *behind(network.pods))
    for client in CROWD[:8]:
        fronts = ((IPS, 80), (NODE_IPS, 30080), (VIPS, 80), (EXTERNALS, 80))
        assert len({met(network, at[place], port, source=client[place]) for at, port in fronts}) == 1


def test_each_port_binds_for_itself(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods))
    assert crowd(network, port=80) != crowd(network, port=443)


# What ends a binding


@pytest.mark.parametrize("state", [UNREADY, LEAVING], ids=["unready", "terminating"])
def test_a_client_leaves_an_endpoint_that_is_not_ready_and_does_not_go_back(
    network: ServiceNetwork, table: ProgrammedTable, state: dict[str, bool]
) -> None:
    table.put(web(), *behind(network.pods))
    first = met(network, IPS[0])
    table.put(*behind(but(network, first)), *behind([named(network, first)], "2", **state))
    second = met(network, IPS[0])
    assert second != first
    assert {met(network, IPS[0]) for _ in range(10)} == {second}
    table.put(*behind(network.pods), *behind([], "2"))
    assert {met(network, IPS[0]) for _ in range(10)} == {second}


def test_an_open_connection_outlives_the_binding(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods))
    with connect(network.client, IPS[0], 80) as made:
        first = made.recv(100).decode().partition(":")[0]
        table.put(*behind(but(network, first)))
        assert met(network, IPS[0]) != first
        made.send(b"still here")
        assert made.recv(100) == b"still here"


def test_a_client_stays_with_a_terminating_endpoint_while_none_is_ready(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(web(), *behind(network.pods))
    first = crowd(network)
    table.put(*behind(network.pods, **LEAVING))
    assert crowd(network) == first


def test_only_the_clients_of_a_deleted_endpoint_move(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods))
    first = crowd(network)
    table.put(*behind(but(network, "pod-2")))
    second = crowd(network)
    assert {client for client in first if first[client] != second[client]} == {
        client for client in first if first[client] == "pod-2"
    }
    assert set(second.values()) == {"pod-1", "pod-3"}


def test_an_endpoint_that_returns_has_no_claim_to_its_former_clients(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(web(), *behind(network.pods))
    first = crowd(network)
    table.put(*behind(but(network, "pod-2")))
    table.put(*behind(network.pods))
    second = crowd(network)
    former = [client for client in first if first[client] == "pod-2"]
    assert {second[client] for client in former} != {"pod-2"}
    assert all(second[client] == first[client] for client in first if client not in former)


def test_scaling_up_moves_nobody_and_newcomers_get_new_clients(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods[:2]))
    old = {client[0]: met(network, IPS[0], source=client[0]) for client in CROWD[:15]}
    table.put(*behind([*network.pods, network.remote]))
    everyone = crowd(network)
    assert {client: everyone[client] for client in old} == old
    assert set(everyone.values()) == {"pod-1", "pod-2", "pod-3", "pod-9"}


def test_scaling_to_zero_and_back_binds_anew(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods))
    first = crowd(network)
    table.put(*behind([]))
    assert ask_again(Probe(network.client, IPS[0], 80, TCP)).verdict == "refuse"
    table.put(*behind(network.pods))
    second = crowd(network)
    assert second != first
    assert crowd(network) == second


# Time


def test_a_new_connection_renews_the_binding_and_packets_of_an_old_one_do_not(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(web(timeout_s=125), *behind(network.pods))
    client = CROWD[0][0]
    with connect(network.client, IPS[0], 80) as made:
        mine = made.getsockname()[0]
        made.recv(100)
        began = bindings(network)[mine]
        assert began[0] == 125
        _wait_until(lambda: bindings(network)[mine][1] < began[1] - 0.05)
        low = bindings(network)[mine][1]
        made.send(b"more")
        made.recv(100)
        assert bindings(network)[mine][1] <= low
        met(network, IPS[0], source=mine)
        assert bindings(network)[mine][1] > low
    assert client not in bindings(network)


def _wait_until(is_so: Any) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline


@families
def test_a_client_that_stays_away_for_the_timeout_is_free_again(
    network: ServiceNetwork, table: ProgrammedTable, place: int
) -> None:
    table.put(web(timeout_s=1), *behind(network.pods))
    first = crowd(network, place)
    _wait_until(lambda: not bindings(network, place))
    assert crowd(network, place) != first


def test_the_timeout_is_three_hours_unless_it_is_said(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods))
    met(network, IPS[0], source=CROWD[0][0])
    assert bindings(network)[CROWD[0][0]][0] == 10800


def test_a_changed_timeout_moves_nobody_and_counts_from_the_next_connection(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(web(timeout_s=125), *behind(network.pods))
    first = crowd(network)
    table.put(web(timeout_s=600))
    quiet = CROWD[0][0]
    assert bindings(network)[quiet][1] <= 125
    assert crowd(network) == first
    assert min(left for _, left in bindings(network).values()) > 125
    table.put(web(timeout_s=5))
    assert crowd(network) == first
    assert max(left for _, left in bindings(network).values()) <= 5


# Policies


def test_with_policy_local_a_client_is_bound_within_this_node(network: ServiceNetwork, table: ProgrammedTable) -> None:
    everyone = [*network.pods[:2], network.remote]
    table.put(web(externalTrafficPolicy="Local"), *behind(everyone))
    for client in CROWD[:20]:
        outside = {met(network, at, port, source=client[0]) for at, port in ((NODE_ADDRESS, 30080), (VIPS[0], 80))}
        assert len(outside) == 1
        assert outside <= {"pod-1", "pod-2"}
    inside = crowd(network)
    assert set(inside.values()) == {"pod-1", "pod-2", "pod-9"}, "the cluster IP leads to every endpoint"


def test_with_policy_local_a_pods_binding_is_the_same_at_every_frontend(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(web(externalTrafficPolicy="Local"), *behind([*network.pods[:2], network.remote]))
    for pod in network.pods:
        fronts = ((IPS[0], 80), (NODE_ADDRESS, 30080), (VIPS[0], 80))
        assert len({ask_again(Probe(pod.namespace, at, port, TCP)).name for at, port in fronts}) == 1


def test_a_policy_that_changes_to_local_and_back_finds_the_old_bindings(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(web(), *behind([*network.pods, network.remote]))
    first = {client[0]: met(network, VIPS[0], source=client[0]) for client in CROWD[:20]}
    table.put(web(externalTrafficPolicy="Local"))
    assert "pod-9" not in {met(network, VIPS[0], source=client) for client in first}
    table.put(web())
    assert {client: met(network, VIPS[0], source=client) for client in first} == first


# Switched off and on; Services and proxies that go and come


def test_affinity_that_is_switched_off_spreads_and_switched_on_binds_anew(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(web("None"), *behind(network.pods))
    assert {met(network, IPS[0]) for _ in range(40)} == {"pod-1", "pod-2", "pod-3"}
    table.put(web())
    first = crowd(network)
    assert crowd(network) == first
    table.put(web("None"))
    assert {met(network, IPS[0]) for _ in range(40)} == {"pod-1", "pod-2", "pod-3"}
    table.put(web())
    second = crowd(network)
    assert second != first
    assert crowd(network) == second


def test_a_service_that_is_made_again_knows_no_former_client(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods))
    first = crowd(network)
    table.remove("web")
    table.put(web())
    assert crowd(network) != first


def test_a_service_that_is_made_again_while_the_proxy_restarts_knows_none_either(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(web(), *behind(network.pods))
    first = crowd(network)
    table.remove("web")
    table.restart()
    table.put(web())
    assert crowd(network) != first


def test_a_restarted_proxy_keeps_every_binding(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods))
    first = crowd(network)
    assert table.restart() == 0
    assert crowd(network) == first
    table.put(*behind(but(network, "pod-2")))
    table.restart()
    second = crowd(network)
    assert all(second[client] == pod for client, pod in first.items() if pod != "pod-2")


def test_a_new_flow_of_udp_goes_where_the_client_is_bound(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(web(), *behind(network.pods))
    first = met(network, IPS[0], 53, UDP)
    assert {met(network, IPS[0], 53, UDP) for _ in range(20)} == {first}
    table.put(*behind(but(network, first)))
    table.sweep()
    second = {met(network, IPS[0], 53, UDP) for _ in range(20)}
    assert len(second) == 1
    assert first not in second


_states = st.sampled_from([{}, {}, LEAVING, UNREADY])
_steps = st.lists(
    st.tuples(st.lists(_states, min_size=4, max_size=4), st.sets(st.integers(0, 3)), st.booleans()),
    min_size=3, max_size=8,
)  # fmt: skip
"""Per step: the state of each pod, which of them there are, and whether the proxy is started again."""


@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(_steps)
def test_in_any_history_a_client_moves_only_when_its_endpoint_is_out(
    network: ServiceNetwork, steps: list[tuple[list[dict[str, bool]], set[int], bool]]
) -> None:
    table = ProgrammedTable(network.node)
    everyone = [*network.pods, network.remote]
    table.put(web())
    bound: dict[str, str] = {}
    try:
        for states, present, restarts in steps:
            table.put(*(
                each for number, pod in enumerate(everyone)
                for each in behind([pod] if number in present else [], str(number), **states[number])
            ))  # fmt: skip
            if restarts:
                assert table.restart() == 0
            ready = {everyone[number].name for number in present if not states[number]}
            leaving = {everyone[number].name for number in present if states[number] is LEAVING}
            usable = ready or leaving
            bound = {client: pod for client, pod in bound.items() if pod in usable}
            if not usable:
                continue
            found = crowd(network)
            assert set(found.values()) <= usable
            assert {client: found[client] for client in bound} == bound
            bound = found
    finally:
        table.close()
        forget_connections(network.node)
