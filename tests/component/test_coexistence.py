"""Our table beside Docker's, firewalld's and libvirt's rules, whoever came first, through their reloads and our end."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import foreign_rules
import pytest
from foreign_rules import DOCKER_IPTABLES, DOCKER_NFT, LIBVIRT, PUBLISHED, Foreign
from probes import Met, Probe, ask_again
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import (
    CLIENT_ADDRESS,
    NODE_ADDRESS,
    NODE_ADDRESS6,
    Namespace,
    Pod,
    ServiceNetwork,
    forget_connections,
    needs_root_and_namespaces,
)

from fairway.proxy.model import TCP, UDP

pytestmark = needs_root_and_namespaces
IPS = ("10.96.0.10", "fd96::10")
LOCAL = "10.96.0.11"


@pytest.fixture(scope="module")
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork(pods=2)
    for route in ("10.96.0.0/16", "fd96::/112"):
        made.client.ip("route", "replace", route, "via", NODE_ADDRESS6 if ":" in route else NODE_ADDRESS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def guest(network: ServiceNetwork) -> Pod:
    return network.guest(
        foreign_rules.DEVICE, (foreign_rules.GATEWAY, foreign_rules.GUEST), ("fd17::1", "fd17::2")
    )  # fmt: skip


def nft(where: Namespace, command: str) -> str:
    inside = ["ip", "netns", "exec", where.name, "nft", "--stateless", "-f", "-"]
    done = subprocess.run(inside, input=command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    return done.stdout


@pytest.fixture
def clean(network: ServiceNetwork) -> Iterator[None]:
    yield
    nft(network.node, "flush ruleset")
    forget_connections(network.node)


@pytest.fixture
def program(network: ServiceNetwork) -> Iterator[Callable[[], ProgrammedTable]]:
    made: list[ProgrammedTable] = []

    def programmed() -> ProgrammedTable:
        made.append(_programmed(network))
        return made[-1]

    yield programmed
    for table in made:
        table.dataplane.close()


def _programmed(network: ServiceNetwork) -> ProgrammedTable:
    """Two Services with node ports, one of them with policy Local."""
    table = ProgrammedTable(network.node)
    ports = [
        {"name": "t", "port": 80, "nodePort": 30080},
        {"name": "u", "port": 53, "protocol": "UDP", "nodePort": 30053},
    ]
    targets = [{"name": "t", "port": 8080}, {"name": "u", "port": 8080, "protocol": "UDP"}]
    everyone = [*network.pods, network.remote]
    table.put(
        service("web", *IPS, ports=ports, type="NodePort"),
        service("local", LOCAL, ports=[{"name": "t", "port": 80, "nodePort": 30088}], externalTrafficPolicy="Local"),
        endpoint_slice("web", everyone, ports=targets),
        endpoint_slice("web", everyone, name="6", ipv6=True, ports=targets),
        endpoint_slice("local", network.pods, ports=targets[:1]),
    )
    return table


def met(where: Namespace, at: str, port: int, protocol: int = TCP) -> Met:
    return ask_again(Probe(where, at, port, protocol))


def services_work(network: ServiceNetwork) -> None:
    """Every way in, both protocols and families; sources kept and masqueraded as they should be."""
    pod = network.pods[0]
    for where in (pod.namespace, network.node, network.client):
        for place, at in enumerate((NODE_ADDRESS, NODE_ADDRESS6)):
            answers = [met(where, IPS[place], 80), met(where, IPS[place], 53, UDP),
                       met(where, at, 30080), met(where, at, 30053, UDP)]  # fmt: skip
            assert [answer.verdict for answer in answers] == ["send"] * 4, answers
    seen = {(each.name, each.seen) for each in (met(pod.namespace, IPS[0], 80) for _ in range(20))}
    assert ("pod-9:8080", pod.ip) in seen, "a pod's address is kept, also on its way to another node"
    assert met(network.client, NODE_ADDRESS, 30088).seen == CLIENT_ADDRESS, "policy Local keeps the client's"
    assert met(pod.namespace, IPS[0], 81).verdict == "refuse"
    assert ask_again(Probe(pod.namespace, "10.96.0.99", 80, TCP), timeout_s=0.2).verdict == "drop"


def listing(network: ServiceNetwork, foreign: Foreign) -> list[str]:
    return [nft(network.node, f"list table {table}") for table in foreign.tables]


@pytest.mark.usefixtures("clean", "guest")
@pytest.mark.parametrize("is_first", [True, False], ids=["they first", "we first"])
@pytest.mark.parametrize("foreign", foreign_rules.ALL, ids=[each.name for each in foreign_rules.ALL])
def test_services_work_beside_others_and_neither_touches_the_other(
    network: ServiceNetwork, program: Callable[[], ProgrammedTable], foreign: Foreign, is_first: bool
) -> None:
    if is_first:
        nft(network.node, foreign.load)
    table = program()
    if not is_first:
        nft(network.node, foreign.load)
    theirs, ours = listing(network, foreign), table.dump()
    services_work(network)
    nft(network.node, foreign.reload)
    assert table.dump() == ours
    assert table.restart() == 0
    services_work(network)
    table.remove("web", "local")
    assert listing(network, foreign) == theirs
    table.close()
    assert nft(network.node, "list ruleset") == "".join(theirs)


@pytest.mark.usefixtures("clean")
@pytest.mark.parametrize("foreign", [DOCKER_IPTABLES, DOCKER_NFT], ids=["iptables", "nftables"])
def test_what_docker_publishes_still_answers_but_a_node_port_goes_first(
    network: ServiceNetwork, guest: Pod, program: Callable[[], ProgrammedTable], foreign: Foreign
) -> None:
    nft(network.node, foreign.load)
    assert met(network.client, NODE_ADDRESS, 30088).name == "guest:8080"
    program()
    for where in (network.client, network.node):
        assert met(where, NODE_ADDRESS, PUBLISHED).name == "guest:8080"
    assert met(network.client, NODE_ADDRESS, 30088).name in ("pod-1:8080", "pod-2:8080")
    assert met(guest.namespace, IPS[0], 80).verdict == "send", "a container is a client like any other"


@pytest.mark.usefixtures("clean")
def test_a_virtual_machine_of_libvirt_uses_services(
    network: ServiceNetwork, guest: Pod, program: Callable[[], ProgrammedTable]
) -> None:
    nft(network.node, LIBVIRT.load)
    program()
    for at, port, protocol in ((IPS[0], 80, TCP), (IPS[0], 53, UDP), (NODE_ADDRESS, 30080, TCP)):
        answer = met(guest.namespace, at, port, protocol)
        assert answer.verdict == "send"
        assert answer.seen == "10.244.0.1", "pods see the node, which they can answer"


@pytest.mark.usefixtures("clean")
def test_our_end_leaves_no_rule_no_setting_and_no_helper(
    network: ServiceNetwork, program: Callable[[], ProgrammedTable]
) -> None:
    settings = _settings(network.node)
    table = program()
    services_work(network)
    assert _settings(network.node) == settings
    table.close()
    assert nft(network.node, "list ruleset") == ""
    assert _settings(network.node) == settings


def _settings(where: Namespace) -> dict[str, str]:
    """Every kernel setting of the network that can be read."""

    def read() -> dict[str, str]:
        found = {}
        for path in Path("/proc/sys/net").rglob("*"):
            if path.is_file() and path.name != "nf_conntrack_count":
                try:
                    found[str(path)] = path.read_text()
                except (OSError, UnicodeDecodeError):
                    continue
        return found

    return where.call(read)
