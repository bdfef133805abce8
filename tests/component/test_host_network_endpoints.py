"""Endpoints that are the node itself, as the API server and pods with hostNetwork are: every client, every way."""

from collections.abc import Iterator

import pytest
from probes import Probe, ask_again
from programmed_table import SETTINGS, ProgrammedTable, endpoint_slice, service
from service_network import (
    CLIENT_ADDRESS,
    CLIENT_ADDRESS6,
    NODE_ADDRESS,
    NODE_ADDRESS6,
    Pod,
    ServiceNetwork,
    forget_connections,
    needs_root_and_namespaces,
)

from fairway.proxy.model import TCP, UDP, Settings

pytestmark = needs_root_and_namespaces
IPS = ("10.96.0.10", "fd96::10")
VIPS = ("192.0.2.7", "fd99::7")
NODE_IPS = (NODE_ADDRESS, NODE_ADDRESS6)


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork(pods=1)
    for route in ("10.96.0.0/16", "192.0.2.0/24", "fd96::/112", "fd99::/64"):
        made.client.ip("route", "replace", route, "via", NODE_ADDRESS6 if ":" in route else NODE_ADDRESS)
    made.serve(Pod("host", "here", made.node, NODE_ADDRESS, NODE_ADDRESS6), 8085, only_there=True)
    made.node.sysctl("ipv4/conf/all/route_localnet", "1")
    yield made
    made.close()


@pytest.fixture(params=["Cluster", "Local"])
def table(network: ServiceNetwork, request: pytest.FixtureRequest) -> Iterator[ProgrammedTable]:
    settings = Settings(
        SETTINGS.service_cidrs, SETTINGS.pod_cidrs, nodeport_addresses=("0.0.0.0/0", "::/0", "127.0.0.0/8")
    )
    made = ProgrammedTable(network.node, settings=settings)
    host = Pod("host", "here", network.node, NODE_ADDRESS, NODE_ADDRESS6)
    ports = [{"name": "t", "port": 80, "nodePort": 30080},
             {"name": "u", "port": 53, "protocol": "UDP", "nodePort": 30053}]  # fmt: skip
    targets = [{"name": "t", "port": 8085}, {"name": "u", "port": 8085, "protocol": "UDP"}]
    status = {"loadBalancer": {"ingress": [{"ip": ip} for ip in VIPS]}}
    made.put(
        service("web", *IPS, ports=ports, type="LoadBalancer", externalTrafficPolicy=request.param, status=status),
        endpoint_slice("web", [host], ports=targets),
        endpoint_slice("web", [host], name="6", ipv6=True, ports=targets),
    )
    yield made
    made.close()
    forget_connections(network.node)


@pytest.mark.usefixtures("table")
def test_every_client_reaches_an_endpoint_that_is_the_node(network: ServiceNetwork) -> None:
    for where in (network.pods[0].namespace, network.client, network.node, network.remote.namespace):
        for place in (0, 1):
            fronts = [(IPS[place], 80, 53), (NODE_IPS[place], 30080, 30053), (VIPS[place], 80, 53)]
            if where is network.node and not place:
                fronts.append(("127.0.0.1", 30080, 30053))
            for at, tcp, udp in fronts:
                for protocol, port in ((TCP, tcp), (UDP, udp)):
                    met = ask_again(Probe(where, at, port, protocol), timeout_s=2)
                    assert (met.verdict, met.name) == ("send", "host:8085"), (where.name, at, port)


@pytest.mark.usefixtures("table")
def test_an_endpoint_that_is_the_node_sees_every_clients_own_address(network: ServiceNetwork) -> None:
    """Nothing of such a connection leaves the node, so there is no need to hide the client."""
    pod = network.pods[0]
    assert [ask_again(Probe(pod.namespace, ip, 80, TCP)).seen for ip in IPS] == [pod.ip, pod.ip6]
    for ips, port in ((IPS, 80), (VIPS, 80), (NODE_IPS, 30080)):
        assert [ask_again(Probe(network.client, ip, port, TCP)).seen for ip in ips] == [CLIENT_ADDRESS, CLIENT_ADDRESS6]
