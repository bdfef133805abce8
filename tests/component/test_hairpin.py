"""A pod reaches itself through its own Service: every frontend, every policy, both families, alone or among others."""

from collections.abc import Iterator

import pytest
from probes import Probe, ask_again
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import (
    NODE_ADDRESS,
    NODE_ADDRESS6,
    ServiceNetwork,
    needs_root_and_namespaces,
)

from fairway.proxy.model import TCP, UDP

pytestmark = needs_root_and_namespaces
FRONTS = {
    "cluster IP": (("10.96.0.10", "fd96::10"), 80, 53), "node port": ((NODE_ADDRESS, NODE_ADDRESS6), 30080, 30053),
    "gateway's node port": (("10.244.0.1", "fd44::1"), 30080, 30053),
    "load balancer": (("192.0.2.7", "fd99::7"), 80, 53), "external IP": (("192.0.2.8", "fd99::8"), 80, 53),
}  # fmt: skip


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork(pods=2)
    yield made
    made.close()


def _put(table: ProgrammedTable, internal: str, external: str, affinity: str) -> None:
    ports = [{"name": "t", "port": 80, "nodePort": 30080},
             {"name": "u", "port": 53, "protocol": "UDP", "nodePort": 30053}]  # fmt: skip
    table.put(
        service(
            "web", *FRONTS["cluster IP"][0], ports=ports, type="LoadBalancer", sessionAffinity=affinity,
            internalTrafficPolicy=internal, externalTrafficPolicy=external,
            externalIPs=list(FRONTS["external IP"][0]),
            status={"loadBalancer": {"ingress": [{"ip": ip} for ip in FRONTS["load balancer"][0]]}},
        )
    )  # fmt: skip


@pytest.mark.parametrize("affinity", ["None", "ClientIP"])
@pytest.mark.parametrize("external", ["Cluster", "Local"])
@pytest.mark.parametrize("internal", ["Cluster", "Local"])
@pytest.mark.parametrize("is_told_where", [True, False], ids=["with node", "without node"])
def test_the_only_endpoint_reaches_itself(
    network: ServiceNetwork, table: ProgrammedTable, internal: str, external: str, affinity: str, is_told_where: bool
) -> None:
    pod = network.pods[0]
    ports = [{"name": "t", "port": 8080}, {"name": "u", "port": 8080, "protocol": "UDP"}]
    for ipv6 in (False, True):
        made = endpoint_slice("web", [pod], name=f"{ipv6}", ipv6=ipv6, ports=ports)
        if not is_told_where:
            del made["endpoints"][0]["nodeName"]
        table.put(made)
    if not is_told_where:
        internal = "Cluster"  # nobody knows that it is local
    _put(table, internal, external, affinity)
    for name, (ips, tcp, udp) in FRONTS.items():
        for at in ips:
            for protocol, port in ((TCP, tcp), (UDP, udp)):
                met = ask_again(Probe(pod.namespace, at, port, protocol))
                assert (met.verdict, met.name) == ("send", "pod-1:8080"), (name, at, protocol)
                assert met.seen not in (pod.ip, pod.ip6), (name, at)


def test_a_pod_among_others_reaches_all_of_them(network: ServiceNetwork, table: ProgrammedTable) -> None:
    everyone = [*network.pods, network.remote]
    for ipv6 in (False, True):
        table.put(endpoint_slice("web", everyone, name=f"{ipv6}", ipv6=ipv6, ports=[{"name": "t", "port": 8080}]))
    _put(table, "Cluster", "Local", "None")
    pod = network.pods[0]
    for ips, tcp, _ in FRONTS.values():
        for at in ips:
            seen: dict[str, str] = {}
            for _ in range(200):
                met = ask_again(Probe(pod.namespace, at, tcp, TCP))
                seen[met.name] = met.seen
                if len(seen) == 3:
                    break
            own = pod.ip6 if ":" in at else pod.ip
            assert seen.keys() == {"pod-1:8080", "pod-2:8080", "pod-9:8080"}, at
            assert (seen["pod-2:8080"], seen["pod-9:8080"]) == (own, own), "short-circuited with the source kept"
