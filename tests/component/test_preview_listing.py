"""What a preview says of an element is what ``nft`` says of it once it is there."""

import subprocess
from collections.abc import Iterator

import pytest
from programmed_table import NODE, SETTINGS, ProgrammedTable, endpoint_slice, service
from service_network import ServiceNetwork, needs_root_and_namespaces

from fairway.proxy.delta import Transaction
from fairway.proxy.fixed import fixed_elements
from fairway.proxy.model import FAMILIES
from fairway.proxy.preview import Owners, changes, preview

pytestmark = needs_root_and_namespaces


@pytest.fixture
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork(pods=2)
    yield made
    made.close()


def test_every_element_reads_in_a_preview_as_in_nft(network: ServiceNetwork) -> None:
    table = ProgrammedTable(network.node)
    try:
        _compare(network, table)
    finally:
        table.close()


def _compare(network: ServiceNetwork, table: ProgrammedTable) -> None:
    balanced = {
        "type": "LoadBalancer", "status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.7"}, {"ip": "fd99::7"}]}},
        "loadBalancerSourceRanges": ["198.51.100.0/24", "fd98::/64"], "sessionAffinity": "ClientIP",
    }  # fmt: skip
    table.put(
        service("web", "10.96.0.10", "fd96::10", ports=[{"port": 80, "nodePort": 30080}], **balanced),
        service("plain", "10.96.0.11", "fd96::11"),
        *(endpoint_slice(name, network.pods) for name in ("web", "plain")),
        *(endpoint_slice(name, network.pods, name="6", ipv6=True) for name in ("web", "plain")),
    )
    wanted = {key: table.inventory.resolved(key) for key in ("default/web", "default/plain")}
    for family, held in table.dump().items():
        mine = {key: ports[family == 6] for key, ports in wanted.items()}
        fixed = fixed_elements(family, NODE, SETTINGS)
        told = changes(family, Transaction({}, held), Owners({}))
        assert preview(family, held, mine, fixed) == []
        assert len({change.name for change in told}) == 15, "every map and set is met"
        for name in {change.name for change in told}:
            listed = _listing(network, family, name)
            assert [change.element for change in told if change.name == name and change.element not in listed] == []
    assert set(table.dump()) == set(FAMILIES)


def _listing(network: ServiceNetwork, family: int, name: str) -> str:
    table = ["ip6" if family == 6 else "ip", "fairway-t"]
    for kind in ("map", "set"):
        command = ["ip", "netns", "exec", network.node.name, "nft", "list", kind, *table, name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return done.stdout
    raise AssertionError(f"nft does not list {name}")
