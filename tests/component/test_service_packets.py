"""Real packets through the real kernel: what clients of a Service meet, in both families and both protocols."""

import socket
import subprocess
import time
from collections.abc import Iterator

import pytest
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import (
    CLIENT_ADDRESS,
    CLIENT_ADDRESS6,
    NODE_ADDRESS,
    NODE_ADDRESS6,
    ServiceNetwork,
    ask,
    ask_udp,
    connect,
    needs_root_and_namespaces,
    spread,
)

pytestmark = needs_root_and_namespaces
IP, IP6 = "10.96.0.10", "fd96::10"
TCP_80 = {"port": 80}
UDP_53 = {"name": "dns", "port": 53, "protocol": "UDP"}
UDP_8080 = {"name": "dns", "port": 8080, "protocol": "UDP"}


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork()
    for route, via in (("10.96.0.0/16", NODE_ADDRESS), ("fd96::/112", NODE_ADDRESS6)):
        made.client.ip("route", "replace", route, "via", via)
    yield made
    made.close()


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("who", ["pod", "node", "client"])
def test_connections_to_a_cluster_ip_are_spread_over_all_endpoints(
    network: ServiceNetwork, table: ProgrammedTable, who: str, family: int
) -> None:
    everyone = [*network.pods, network.remote]
    table.put(
        service("web", IP, IP6), endpoint_slice("web", everyone), endpoint_slice("web", everyone, name="6", ipv6=True)
    )
    where = {"pod": network.pods[0].namespace, "node": network.node, "client": network.client}[who]
    counted = spread(where, IP if family == 4 else IP6, 80, times=60)
    assert set(counted) == {"pod-1:8080", "pod-2:8080", "pod-3:8080", "pod-9:8080"}


@pytest.mark.parametrize("family", [4, 6])
def test_packets_of_udp_are_spread_too(network: ServiceNetwork, table: ProgrammedTable, family: int) -> None:
    table.put(
        service("dns", IP, IP6, ports=[UDP_53]),
        endpoint_slice("dns", network.pods, ports=[UDP_8080]),
        endpoint_slice("dns", network.pods, name="6", ipv6=True, ports=[UDP_8080]),
    )
    counted = spread(network.pods[0].namespace, IP if family == 4 else IP6, 53, times=60, udp=True)
    assert set(counted) == {"pod-1:8080", "pod-2:8080", "pod-3:8080"}


def test_two_packets_of_one_socket_in_one_moment_reach_one_endpoint(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(service("dns", IP, ports=[UDP_53]), endpoint_slice("dns", network.pods, ports=[UDP_8080]))
    for _ in range(20):
        with network.pods[0].namespace.entered():
            made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with made:
            made.settimeout(30)
            made.connect((IP, 53))
            made.send(b"A")
            made.send(b"AAAA")
            assert made.recv(100) == made.recv(100)


@pytest.mark.parametrize("who", ["pod", "node", "client"])
@pytest.mark.parametrize("address", [NODE_ADDRESS, NODE_ADDRESS6])
def test_a_node_port_answers_at_the_nodes_address(
    network: ServiceNetwork, table: ProgrammedTable, who: str, address: str
) -> None:
    everyone = [*network.pods, network.remote]
    table.put(
        service("web", IP, IP6, ports=[{"port": 80, "nodePort": 30080}]),
        endpoint_slice("web", everyone),
        endpoint_slice("web", everyone, name="6", ipv6=True),
    )
    where = {"pod": network.pods[0].namespace, "node": network.node, "client": network.client}[who]
    assert set(spread(where, address, 30080, times=60)) == {f"pod-{number}:8080" for number in (1, 2, 3, 9)}


def test_a_node_port_of_udp_answers(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(
        service("dns", IP, ports=[{**UDP_53, "nodePort": 30053}]),
        endpoint_slice("dns", network.pods, ports=[UDP_8080]),
    )
    assert ask_udp(network.client, NODE_ADDRESS, 30053)[0] in {"pod-1:8080", "pod-2:8080", "pod-3:8080"}


def test_a_node_port_only_answers_at_the_addresses_that_are_set(network: ServiceNetwork) -> None:
    from programmed_table import SETTINGS

    from fairway.proxy.model import Settings

    made = ProgrammedTable(
        network.node, settings=Settings(SETTINGS.service_cidrs, SETTINGS.pod_cidrs, nodeport_addresses=("primary",))
    )
    try:
        made.put(service("web", IP, ports=[{"port": 80, "nodePort": 30080}]), endpoint_slice("web", network.pods))
        assert ask(network.client, NODE_ADDRESS, 30080)
        with pytest.raises(ConnectionRefusedError):
            ask(network.pods[0].namespace, "10.244.0.1", 30080)
    finally:
        made.close()


def test_each_of_several_ports_leads_to_its_own_target(network: ServiceNetwork, table: ProgrammedTable) -> None:
    pod = network.pods[0]
    network.serve(pod, 8443)
    table.put(
        service("web", IP, ports=[{"name": "http", "port": 80}, {"name": "https", "port": 443}]),
        endpoint_slice("web", [pod], ports=[{"name": "http", "port": 8080}, {"name": "https", "port": 8443}]),
    )
    client = network.pods[1].namespace
    assert (ask(client, IP, 80)[0], ask(client, IP, 443)[0]) == ("pod-1:8080", "pod-1:8443")


def test_a_named_port_may_mean_another_number_in_each_slice(network: ServiceNetwork, table: ProgrammedTable) -> None:
    first, second = network.pods[:2]
    network.serve(second, 9090)
    table.put(
        service("web", IP, ports=[{"name": "http", "port": 80}]),
        endpoint_slice("web", [first], ports=[{"name": "http", "port": 8080}]),
        endpoint_slice("web", [second], name="2", ports=[{"name": "http", "port": 9090}]),
    )
    assert set(spread(network.pods[2].namespace, IP, 80)) == {"pod-1:8080", "pod-2:9090"}


@pytest.mark.parametrize("udp", [False, True])
@pytest.mark.parametrize("ip", [IP, IP6])
def test_affinity_keeps_a_client_with_one_endpoint(
    network: ServiceNetwork, table: ProgrammedTable, udp: bool, ip: str
) -> None:
    ports = [TCP_80 | {"name": "t"}, UDP_53]
    targets = [{"name": "t", "port": 8080}, UDP_8080]
    table.put(
        service("web", IP, IP6, ports=ports, sessionAffinity="ClientIP"),
        endpoint_slice("web", network.pods, ports=targets),
        endpoint_slice("web", network.pods, name="6", ipv6=True, ports=targets),
    )
    assert len(spread(network.client, ip, 53 if udp else 80, times=30, udp=udp)) == 1


def test_use_renews_affinity(network: ServiceNetwork, table: ProgrammedTable) -> None:
    config = {"clientIP": {"timeoutSeconds": 1}}
    table.put(
        service("web", IP, sessionAffinity="ClientIP", sessionAffinityConfig=config),
        endpoint_slice("web", network.pods),
    )
    answers = set()
    for _ in range(8):
        answers.add(ask(network.client, IP, 80)[0])
        time.sleep(0.4)
    assert len(answers) == 1


def test_a_bound_client_moves_once_when_its_endpoint_goes(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("web", IP, sessionAffinity="ClientIP"), endpoint_slice("web", network.pods))
    first = ask(network.client, IP, 80)[0]
    rest = [pod for pod in network.pods if not first.startswith(pod.name)]
    table.put(endpoint_slice("web", rest))
    after = spread(network.client, IP, 80, times=20)
    assert len(after) == 1
    assert first not in after


def test_affinity_that_is_switched_off_spreads_again(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("web", IP, sessionAffinity="ClientIP"), endpoint_slice("web", network.pods))
    assert len(spread(network.client, IP, 80)) == 1
    table.put(service("web", IP, sessionAffinity="None"))
    assert len(spread(network.client, IP, 80)) == 3


@pytest.mark.parametrize("who", ["pod", "node", "client"])
@pytest.mark.parametrize("ip", [IP, IP6])
def test_a_service_without_endpoints_refuses_at_once(
    network: ServiceNetwork, table: ProgrammedTable, who: str, ip: str
) -> None:
    table.put(service("web", IP, IP6, ports=[{"port": 80, "nodePort": 30080}]))
    where = {"pod": network.pods[0].namespace, "node": network.node, "client": network.client}[who]
    began = time.monotonic()
    with pytest.raises(ConnectionRefusedError):
        ask(where, ip, 80)
    with pytest.raises(ConnectionRefusedError):
        ask(where, NODE_ADDRESS if ip == IP else NODE_ADDRESS6, 30080)
    assert time.monotonic() - began < 20  # not the patience of whoever hears nothing


def test_udp_to_a_service_without_endpoints_is_refused(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("dns", IP, ports=[UDP_53]))
    with pytest.raises(ConnectionRefusedError):
        ask_udp(network.pods[0].namespace, IP, 53)


def test_a_port_that_the_service_does_not_have_is_refused(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("web", IP), endpoint_slice("web", network.pods))
    with pytest.raises(ConnectionRefusedError):
        ask(network.pods[0].namespace, IP, 81)


def test_an_address_that_no_service_has_is_dropped(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("web", IP), endpoint_slice("web", network.pods))
    with pytest.raises(TimeoutError):
        ask(network.pods[0].namespace, "10.96.0.99", 80, timeout_s=0.3)


def test_a_pod_reaches_itself_through_its_service(network: ServiceNetwork, table: ProgrammedTable) -> None:
    pod = network.pods[0]
    table.put(service("web", IP, IP6), endpoint_slice("web", [pod]), endpoint_slice("web", [pod], name="6", ipv6=True))
    assert [ask(pod.namespace, ip, 80)[0] for ip in (IP, IP6)] == ["pod-1:8080", "pod-1:8080"]


@pytest.mark.parametrize("ip", [IP, IP6])
def test_a_pods_address_is_kept_on_its_way_to_another_pod(
    network: ServiceNetwork, table: ProgrammedTable, ip: str
) -> None:
    pod = network.pods[0]
    for target in (network.pods[1], network.remote):
        table.put(
            service("web", IP, IP6),
            endpoint_slice("web", [target]),
            endpoint_slice("web", [target], name="6", ipv6=True),
        )
        assert ask(pod.namespace, ip, 80) == (f"{target.name}:8080", pod.ip if ip == IP else pod.ip6)


@pytest.mark.parametrize(("ip", "at"), [(IP, NODE_ADDRESS), (IP6, NODE_ADDRESS6)])
def test_a_client_outside_is_masqueraded(network: ServiceNetwork, table: ProgrammedTable, ip: str, at: str) -> None:
    target = network.pods[1]
    table.put(
        service("web", IP, IP6, ports=[{"port": 80, "nodePort": 30080}]),
        endpoint_slice("web", [target]), endpoint_slice("web", [target], name="6", ipv6=True),
    )  # fmt: skip
    gateway = "10.244.0.1" if ip == IP else "fd44::1"
    assert ask(network.client, ip, 80) == ("pod-2:8080", gateway)
    assert ask(network.client, at, 30080) == ("pod-2:8080", gateway)


def test_external_policy_local_keeps_the_client_address_and_this_nodes_endpoints(
    network: ServiceNetwork, table: ProgrammedTable
) -> None:
    table.put(
        service("web", IP, ports=[{"port": 80, "nodePort": 30080}], externalTrafficPolicy="Local"),
        endpoint_slice("web", [network.pods[0], network.remote]),
    )
    answers = {ask(network.client, NODE_ADDRESS, 30080) for _ in range(20)}
    assert answers == {("pod-1:8080", CLIENT_ADDRESS)}
    assert set(spread(network.pods[1].namespace, NODE_ADDRESS, 30080)) == {"pod-1:8080", "pod-9:8080"}
    assert set(spread(network.node, NODE_ADDRESS, 30080)) == {"pod-1:8080", "pod-9:8080"}


def test_a_local_policy_without_a_local_endpoint_drops(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(
        service(
            "web", IP, ports=[{"port": 80, "nodePort": 30080}], externalTrafficPolicy="Local",
            internalTrafficPolicy="Local",
        ),
        endpoint_slice("web", [network.remote]),
    )  # fmt: skip
    with pytest.raises(TimeoutError):
        ask(network.client, NODE_ADDRESS, 30080, timeout_s=0.3)
    with pytest.raises(TimeoutError):
        ask(network.pods[0].namespace, IP, 80, timeout_s=0.3)


def test_internal_policy_local_uses_this_nodes_endpoints(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(
        service("web", IP, internalTrafficPolicy="Local"), endpoint_slice("web", [network.pods[1], network.remote])
    )
    assert set(spread(network.pods[0].namespace, IP, 80)) == {"pod-2:8080"}


@pytest.mark.parametrize(
    ("ip", "allowed"), [("192.0.2.7", f"{CLIENT_ADDRESS}/32"), ("fd99::7", f"{CLIENT_ADDRESS6}/128")]
)
def test_source_ranges_guard_the_load_balancers_address_alone(
    network: ServiceNetwork, table: ProgrammedTable, ip: str, allowed: str
) -> None:
    cluster_ip = IP6 if ":" in ip else IP
    network.client.ip("route", "replace", ip, "via", NODE_ADDRESS6 if ":" in ip else NODE_ADDRESS)

    def balanced(ranges: str) -> None:
        table.put(
            service(
                "web", cluster_ip, ports=[{"port": 80, "nodePort": 30080}], type="LoadBalancer",
                loadBalancerSourceRanges=[ranges], status={"loadBalancer": {"ingress": [{"ip": ip}]}},
            ),
            endpoint_slice("web", network.pods, ipv6=":" in ip),
        )  # fmt: skip

    balanced(allowed)
    assert ask(network.client, ip, 80)
    balanced("203.0.113.0/24" if "." in ip else "fd98::/64")
    with pytest.raises(TimeoutError):
        ask(network.client, ip, 80, timeout_s=0.3)
    assert ask(network.client, NODE_ADDRESS6 if ":" in ip else NODE_ADDRESS, 30080)


def test_an_external_ip_answers(network: ServiceNetwork, table: ProgrammedTable) -> None:
    network.client.ip("route", "replace", "192.0.2.8", "via", NODE_ADDRESS)
    table.put(service("web", IP, externalIPs=["192.0.2.8"]), endpoint_slice("web", network.pods))
    assert ask(network.client, "192.0.2.8", 80)[0].startswith("pod-")
    assert ask(network.pods[0].namespace, "192.0.2.8", 80)[0].startswith("pod-")


def test_a_terminating_endpoint_serves_while_there_is_no_other(network: ServiceNetwork, table: ProgrammedTable) -> None:
    leaving = {"ready": False, "serving": True, "terminating": True}
    table.put(service("web", IP), endpoint_slice("web", [network.pods[0]], conditions=leaving))
    assert ask(network.client, IP, 80)[0] == "pod-1:8080"
    table.put(endpoint_slice("web", [network.pods[1]], name="2"))
    assert set(spread(network.client, IP, 80)) == {"pod-2:8080"}


def test_a_removed_service_is_dropped_and_leaves_nothing(network: ServiceNetwork, table: ProgrammedTable) -> None:
    empty = table.dump()
    table.put(
        service("web", IP, IP6, ports=[{"port": 80, "nodePort": 30080}], sessionAffinity="None"),
        endpoint_slice("web", network.pods),
    )
    table.remove("web", "web-1")
    with pytest.raises(TimeoutError):
        ask(network.client, IP, 80, timeout_s=0.3)
    assert table.dump() == empty


def test_a_connection_outlives_its_removed_endpoint(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("web", IP), endpoint_slice("web", [network.pods[0]]))
    with connect(network.client, IP, 80) as made:
        assert made.recv(100).startswith(b"pod-1")
        table.put(endpoint_slice("web", [network.pods[1]]))
        made.send(b"still here")
        assert made.recv(100) == b"still here"
    assert ask(network.client, IP, 80)[0] == "pod-2:8080"


def test_the_packets_priority_is_clean_when_it_leaves(network: ServiceNetwork, table: ProgrammedTable) -> None:
    rules = "table ip probe { chain c { type filter hook postrouting priority 300; meta priority != 0 counter\n }\n}"
    inside = ["ip", "netns", "exec", network.node.name, "nft"]
    subprocess.run([*inside, "-f", "-"], input=rules, text=True, check=True)
    try:
        table.put(
            service("web", IP, ports=[{"port": 80, "nodePort": 30080}], sessionAffinity="ClientIP"),
            endpoint_slice("web", [*network.pods, network.remote]),
        )
        for where in (network.client, network.node, network.pods[0].namespace):
            spread(where, IP, 80, times=10)
            spread(where, NODE_ADDRESS, 30080, times=10)
        listed = subprocess.run([*inside, "list", "table", "ip", "probe"], capture_output=True, text=True, check=True)
        assert "packets 0 bytes 0" in listed.stdout
    finally:
        subprocess.run([*inside, "delete", "table", "ip", "probe"], check=True)
