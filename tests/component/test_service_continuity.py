"""No connection is lost: restarts, repairs, new rules and endpoint changes under traffic; stale flows end."""

import asyncio
import contextlib
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator

import pytest
from programmed_table import ProgrammedTable, endpoint_slice, service
from service_network import NODE_ADDRESS, Namespace, ServiceNetwork, ask, connect, needs_root_and_namespaces

from fairway.proxy.dataplanes.interface import DataplaneError
from fairway.proxy.dataplanes.nftables import NftablesDataplane, load
from fairway.proxy.delta import Transaction
from fairway.proxy.model import Settings
from fairway.proxy.words import LISTS, SLOTS

pytestmark = needs_root_and_namespaces
IP = "10.96.0.10"
UDP_53 = {"name": "dns", "port": 53, "protocol": "UDP"}
UDP_8080 = {"name": "dns", "port": 8080, "protocol": "UDP"}


@pytest.fixture
def network() -> Iterator[ServiceNetwork]:
    made = ServiceNetwork()
    made.client.ip("route", "replace", "10.96.0.0/16", "via", NODE_ADDRESS)
    yield made
    made.close()


def sent_again(made: socket.socket) -> int:
    """How many packets of a connection the kernel had to repeat.  Source: ``tcpi_total_retrans`` in linux/tcp.h."""
    return int(struct.unpack_from("=I", made.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104), 100)[0])


class Load:
    """Clients that connect without pause and hold one connection open; every failure is kept."""

    def __init__(self, where: Namespace, *targets: tuple[str, int]) -> None:
        self.failures: list[str] = []
        self.connects = 0
        self._stop = threading.Event()
        self._held = [connect(where, *target) for target in targets]
        self._threads = [threading.Thread(target=self._run, args=(where, *target)) for target in targets]
        for thread in self._threads:
            thread.start()

    def _run(self, where: Namespace, address: str, port: int) -> None:
        while not self._stop.is_set():
            try:
                with connect(where, address, port) as made:
                    made.recv(200)
                    if sent_again(made):
                        self.failures.append(f"{address}:{port}: a packet was lost")
                self.connects += 1
            except (OSError, ValueError) as error:
                self.failures.append(f"{address}:{port}: {error!r}")

    def end(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for held in self._held:
            held.recv(200)
            held.send(b"alive")
            assert held.recv(200) == b"alive"
            held.close()


@contextlib.contextmanager
def load_on(network: ServiceNetwork) -> Iterator[Load]:
    running = Load(network.client, (IP, 80), (NODE_ADDRESS, 30080))
    try:
        yield running
    finally:
        running.end()


@pytest.fixture
def web(network: ServiceNetwork, table: ProgrammedTable) -> ProgrammedTable:
    table.put(
        service("web", IP, ports=[{"port": 80, "nodePort": 30080}]), endpoint_slice("web", network.pods)
    )  # fmt: skip
    for number in range(20, 60):
        table.put(
            service(f"other-{number}", f"10.96.1.{number}", sessionAffinity=("None", "ClientIP")[number % 2]),
            endpoint_slice(f"other-{number}", network.pods),
        )
    return table


def test_a_restart_touches_nothing_and_loses_nothing(network: ServiceNetwork, web: ProgrammedTable) -> None:
    before = web.dump()
    with load_on(network) as load:
        touched = [web.restart() for _ in range(20)]
    assert (touched, load.failures) == ([0] * 20, [])
    assert load.connects > 20
    assert web.dump() == before


def test_a_restart_learns_what_changed_meanwhile(network: ServiceNetwork, web: ProgrammedTable) -> None:
    web.inventory.put_service("default/other-20", None)
    web.inventory.put_service("default/other-21", None)
    with load_on(network) as load:
        assert web.restart() > 0
        assert web.restart() == 0
    assert load.failures == []


def test_endpoints_come_and_go_without_a_lost_connection(network: ServiceNetwork, web: ProgrammedTable) -> None:
    first, second, third = network.pods
    with load_on(network) as load:
        for _ in range(60):
            for pods in ([first], [first, second, third], [second], [second, third], [third, first]):
                web.put(endpoint_slice("web", pods))
    assert load.failures == []
    assert load.connects > 50


def test_damage_is_repaired_without_a_lost_connection(network: ServiceNetwork, web: ProgrammedTable) -> None:
    before = web.dump()
    with load_on(network) as load:
        wreck = web.dump()[4]
        others = {key: value for key, value in wreck[SLOTS].items() if key[:4] != _list_of_web(web)}
        damage = Transaction({SLOTS: dict(list(others.items())[::3])}, {LISTS: {b"\xff\xff\xff\x0f": b"\0\0\0\0"}})
        asyncio.run(web.dataplane.commit({4: damage}))
        found = web.dump()
        repairs = {family: web.tables[family].repair(found[family]) for family in web.tables}
        asyncio.run(web.dataplane.commit(repairs))
    assert load.failures == []
    assert web.dump() == before


def _list_of_web(web: ProgrammedTable) -> bytes:
    from fairway.proxy.model import TCP, address, frontend_key
    from fairway.proxy.words import FRONTENDS, LIST_MASK, pack_word, word_of

    return pack_word(word_of(web.dump()[4][FRONTENDS][frontend_key(address(IP), TCP, 80)]) & LIST_MASK)


def test_new_rules_are_written_in_place_without_a_lost_connection(
    network: ServiceNetwork, web: ProgrammedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = web.dump()
    with load_on(network) as load_:
        for version in range(5):
            monkeypatch.setattr(load, "rules_comment", lambda family, version=version: f"other rules {version}")
            assert web.restart() == 0
    assert load_.failures == []
    assert web.dump() == before
    assert _listing(network, "nat-prerouting").count('comment "other rules 4"') == 1
    assert _listing(network, "spread-4").count("dnat") == 13


def test_a_table_with_other_sets_is_replaced_without_a_lost_connection(
    network: ServiceNetwork, web: ProgrammedTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = web.dump()
    with load_on(network) as load_:
        monkeypatch.setattr(load, "table_comment", lambda family: "other sets")
        assert web.restart() > 0
        assert web.restart() == 0
    assert load_.failures == []
    assert {family: {name: len(held) for name, held in each.items()} for family, each in web.dump().items()} == {
        family: {name: len(held) for name, held in each.items()} for family, each in before.items()
    }


def _listing(network: ServiceNetwork, chain: str) -> str:
    inside = ["ip", "netns", "exec", network.node.name, "nft", "list", "chain", "ip", "fairway-t", chain]
    return subprocess.run(inside, capture_output=True, text=True, check=True).stdout


def test_a_flow_ends_with_its_endpoint_and_goes_on_at_another(network: ServiceNetwork, table: ProgrammedTable) -> None:
    first, second, _ = network.pods
    table.put(service("dns", IP, ports=[UDP_53]), endpoint_slice("dns", [first], ports=[UDP_8080]))
    table.sweep()
    with _udp(network.client, (IP, 53)) as made:
        assert _answer(made) == "pod-1:8080"
        table.put(endpoint_slice("dns", [second], ports=[UDP_8080]))
        assert _answer(made) == "pod-1:8080"
        assert table.sweep() == 1
        assert _answer(made) == "pod-2:8080"


def test_a_flow_ends_when_the_last_endpoint_is_gone(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("dns", IP, ports=[UDP_53]), endpoint_slice("dns", [network.pods[0]], ports=[UDP_8080]))
    table.sweep()
    with _udp(network.client, (IP, 53)) as made:
        assert _answer(made) == "pod-1:8080"
        table.put(endpoint_slice("dns", [], ports=[UDP_8080]))
        assert table.sweep() == 1
        with pytest.raises(ConnectionRefusedError):
            _answer(made)


def test_flows_of_others_and_to_other_endpoints_stay(network: ServiceNetwork, table: ProgrammedTable) -> None:
    first, second, third = network.pods
    table.put(
        service("dns", IP, ports=[UDP_53]), endpoint_slice("dns", [first], ports=[UDP_8080]),
        service("other", "10.96.0.11", ports=[UDP_53]), endpoint_slice("other", [third], ports=[UDP_8080]),
    )  # fmt: skip
    table.sweep()
    with (
        _udp(network.client, (IP, 53)) as one,
        _udp(network.client, ("10.96.0.11", 53)) as other,
        _udp(network.pods[1].namespace, (first.ip, 8080)) as direct,
    ):
        assert [_answer(each) for each in (one, other, direct)] == ["pod-1:8080", "pod-3:8080", "pod-1:8080"]
        table.put(endpoint_slice("dns", [first, second], ports=[UDP_8080]))
        assert table.sweep() == 0
        assert [_answer(each) for each in (one, other, direct)] == ["pod-1:8080", "pod-3:8080", "pod-1:8080"]


def test_a_flow_to_a_node_port_ends_with_its_endpoint(network: ServiceNetwork, table: ProgrammedTable) -> None:
    first, second, _ = network.pods
    ports = [{**UDP_53, "nodePort": 30053}]
    table.put(service("dns", IP, ports=ports), endpoint_slice("dns", [first], ports=[UDP_8080]))
    table.sweep()
    with _udp(network.client, (NODE_ADDRESS, 30053)) as made:
        assert _answer(made) == "pod-1:8080"
        table.put(endpoint_slice("dns", [second], ports=[UDP_8080]))
        assert table.sweep() == 1
        assert _answer(made) == "pod-2:8080"


def test_no_flow_is_looked_at_when_only_tcp_changes(network: ServiceNetwork, table: ProgrammedTable) -> None:
    table.put(service("web", IP), endpoint_slice("web", network.pods))
    table.put(endpoint_slice("web", network.pods[:1]))
    assert [each.flow_rules() for each in table.tables.values()] == [[], []]


@contextlib.contextmanager
def _udp(where: Namespace, target: tuple[str, int]) -> Iterator[socket.socket]:
    with where.entered():
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with made:
        made.settimeout(30)
        made.connect(target)
        yield made


def _answer(made: socket.socket) -> str:
    made.send(b"?")
    return made.recv(200).decode().split()[0]


def test_a_refused_commit_changes_nothing(network: ServiceNetwork, web: ProgrammedTable) -> None:
    before = web.dump()
    absent = Transaction({SLOTS: {b"\1" * 8: b""}}, {LISTS: {b"\xff\xff\xff\x0f": b"\0\0\0\0"}})
    with pytest.raises(DataplaneError, match=r"table fairway-t: the kernel answered No such file or directory"):
        asyncio.run(web.dataplane.commit({4: absent}))
    assert web.dump() == before


def test_remove_leaves_no_trace(network: ServiceNetwork) -> None:
    made = ProgrammedTable(network.node, cluster="gone")
    made.put(service("web", IP), endpoint_slice("web", network.pods))
    made.close()
    with network.node.entered():
        asyncio.run(NftablesDataplane("gone").remove())
    listed = subprocess.run(
        ["ip", "netns", "exec", network.node.name, "nft", "list", "ruleset"], capture_output=True, text=True, check=True
    )
    assert listed.stdout == ""


def test_two_clusters_live_side_by_side(network: ServiceNetwork, table: ProgrammedTable) -> None:
    other = ProgrammedTable(network.node, cluster="second", settings=Settings(service_cidrs=("10.97.0.0/16",)))
    try:
        table.put(service("web", IP), endpoint_slice("web", [network.pods[0]]))
        other.put(service("web", "10.97.0.10"), endpoint_slice("web", [network.pods[1]]))
        network.client.ip("route", "replace", "10.97.0.0/16", "via", NODE_ADDRESS)
        assert ask(network.client, IP, 80)[0] == "pod-1:8080"
        assert ask(network.client, "10.97.0.10", 80)[0] == "pod-2:8080"
    finally:
        other.close()


def test_a_stand_in_that_a_killed_process_left_is_taken_away(network: ServiceNetwork, web: ProgrammedTable) -> None:
    inside = ["ip", "netns", "exec", network.node.name, "nft"]
    subprocess.run([*inside, "add", "table", "ip", "fairway-t.next"], check=True)
    web.restart()
    listed = subprocess.run([*inside, "list", "tables"], capture_output=True, text=True, check=True).stdout
    assert listed == "table ip fairway-t\ntable ip6 fairway-t\n"
