"""Frames of ARP and neighbour discovery, who answers for what, and what the controller makes of findings."""

import ipaddress
import struct
from collections.abc import Collection, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers.load_balancer.lan import ANSWER_LIMIT_S, BAR_S, Lan
from fairway.kinds.rules import announcing
from fairway.kinds.rules.address_pool import pool_of
from fairway.node.announcements import frames
from fairway.node.announcements.choice import Choice, Choices, chosen, ready_nodes
from fairway.node.announcements.frames import BROADCAST, Heard, announcement, answer, heard, probe
from fairway.node.announcements.spares import GOOD, _free, spares
from fairway.objects import Object
from fairway.reconcile.informer import Change

MAC, OTHER = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
addresses = st.one_of(st.ip_addresses(v=4).filter(lambda at: int(at) != 0), st.ip_addresses(v=6).filter(bool)).map(str)


@given(addresses)
def test_what_is_said_is_heard(at: str) -> None:
    assert heard(probe(MAC, at)) == Heard(MAC, "", at)
    assert {heard(frame) for frame in announcement(MAC, at)} == {Heard(MAC, at)}


@given(addresses, st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str))
def test_an_answer_goes_to_who_asked_and_to_everybody_if_he_has_no_address(at: str, four: str, six: str) -> None:
    asker = six if ":" in at else four
    told = answer(MAC, Heard(OTHER, asker, at))
    assert (told[:6], heard(told)) == (OTHER, Heard(MAC, at))
    to_a_probe = answer(MAC, Heard(OTHER, "", at))
    assert to_a_probe[:6] == (b"\x33\x33\0\0\0\x01" if ":" in at else OTHER)
    assert heard(to_a_probe) == Heard(MAC, at)


def test_an_announcement_by_arp_is_a_broadcast_of_both_forms() -> None:
    both = announcement(MAC, "192.168.1.200")
    assert [frame[:6] for frame in both] == [BROADCAST, BROADCAST]
    assert [struct.unpack_from("!H", frame, 20)[0] for frame in both] == [1, 2]


@given(addresses.filter(lambda at: ":" in at))
def test_the_checksum_of_neighbour_discovery_is_right(at: str) -> None:
    for frame in (probe(MAC, at), *announcement(MAC, at)):
        body = frame[54:]
        total = frame[22:54] + struct.pack("!II", len(body), 58) + body
        assert sum(struct.unpack(f"!{len(total) // 2}H", total)) % 0xFFFF == 0


def test_an_address_is_looked_for_in_its_own_multicast_group() -> None:
    assert frames.solicited_node("fd00::1234:5678") == "ff02::1:ff34:5678"
    assert probe(MAC, "fd00::1234:5678")[:6] == bytes.fromhex("3333ff345678")


def test_what_passed_a_router_or_is_broken_is_not_heard() -> None:
    frame = bytearray(probe(MAC, "fd00::1"))
    frame[21] = 254
    assert heard(bytes(frame)) is None
    assert [heard(probe(MAC, at)[:length]) for at in ("10.0.0.1", "fd00::1") for length in (0, 13, 14, 40)] == [
        None
    ] * 8


@given(st.binary(max_size=120), st.sampled_from([b"\x08\x06", b"\x86\xdd"]))
def test_no_frame_is_too_strange(body: bytes, kind: bytes) -> None:
    heard(OTHER + MAC + kind + body)


def test_a_kernels_options_tell_the_mac_address() -> None:
    target = ipaddress.IPv6Address("fd00::9").packed
    told = frames._ipv6(
        OTHER,
        b"\x33\x33\0\0\0\x01",
        "fd00::2",
        "ff02::1",
        struct.pack("!BBHI", 135, 0, 0, 0) + target + b"\x01\x01" + MAC,
    )
    assert heard(told) == Heard(MAC, "fd00::2", "fd00::9")


# Which node


def node(name: str, *, is_ready: bool = True, devices: str = "eth0=02:00:00:00:00:01", **labels: str) -> Object:
    conditions = [{"type": "Ready", "status": "True" if is_ready else "False"}]
    meta = {"name": name, "labels": labels, "annotations": {announcing.DEVICES: devices}}
    return {"metadata": meta, "status": {"conditions": conditions}}


def service(*ips: str, name: str = "web", candidates: str = "", mode: str = "VIP", **spec: Any) -> Object:
    meta: Object = {"namespace": "default", "name": name, "annotations": {announcing.CANDIDATES: candidates}}
    ingress = {"ingress": [{"ip": ip, "ipMode": mode} for ip in ips]}
    return {"metadata": meta, "spec": {"type": "LoadBalancer", **spec}, "status": {"loadBalancer": ingress}}


def choice(services: list[Object], nodes: Iterable[Object], local: dict[tuple[str, str], set[str]], me: str) -> Choice:
    """The choice of one node, all at once."""
    choices = Choices(me)
    choices.nodes_are(nodes)
    for each in services:
        key = (each["metadata"]["namespace"], each["metadata"]["name"])
        choices.put(key, each, local.get(key, ()))
    return choices.whole()


histories = st.lists(
    st.tuples(
        st.sampled_from("xyz"), st.none() | st.lists(st.sampled_from(["10.0.0.1", "10.0.0.2", "fd00::1"]), max_size=2)
    )
)


@given(histories)
def test_after_any_history_the_choice_is_that_of_the_present(history: list[tuple[str, list[str] | None]]) -> None:
    choices, present = Choices("a"), {}
    choices.nodes_are([node("a"), node("b")])
    for name, ips in history:
        present[name] = None if ips is None else service(*ips, name=name, candidates=",".join(ips[:1]))
        choices.put(("default", name), present[name])
    left = [each for each in present.values() if each is not None]
    assert choices.whole() == choice(left, [node("a"), node("b")], {}, "a")


@given(st.sets(st.sampled_from("abcdef")), st.ip_addresses().map(str))
def test_exactly_one_of_the_nodes_that_can_answers(names: set[str], at: str) -> None:
    answering = [me for me in "abcdef" if at in choice([service(at)], map(node, names), {}, me).announced]
    assert len(answering) == bool(names)
    assert set(answering) <= names


@given(st.sets(st.sampled_from("abcdef"), min_size=2), st.ip_addresses().map(str))
def test_a_node_that_goes_moves_only_what_it_had(names: set[str], at: str) -> None:
    gone = min(names)
    assert chosen(at, names) == gone or chosen(at, names - {gone}) == chosen(at, names)


@pytest.mark.parametrize(
    "unable",
    [
        node("a", is_ready=False),
        node("a", devices=""),
        node("a", **{"node.kubernetes.io/exclude-from-external-load-balancers": ""}),
    ],
)
def test_a_node_that_is_not_ready_or_not_on_the_lan_or_excluded_leaves_it_to_others(unable: Object) -> None:
    answering = [me for me in "ab" if choice([service("10.0.0.1")], [unable, node("b")], {}, me).announced]
    assert answering == ["b"]


def test_where_no_node_is_ready_they_answer_all_the_same() -> None:
    nodes = [node("a", is_ready=False), node("b", is_ready=False), node("c", devices="")]
    answering = [me for me in "abc" if choice([service("10.0.0.1")], nodes, {}, me).announced]
    assert len(answering) == 1
    assert answering != ["c"]
    assert choice([service("10.0.0.1")], [node("c", devices="")], {}, "c") == Choice(active=frozenset(["10.0.0.1"]))


def test_of_a_local_service_only_nodes_with_endpoints_answer() -> None:
    services, nodes = [service("10.0.0.1", externalTrafficPolicy="Local")], [node("a"), node("b"), node("c")]
    found = [me for me in "abc" if choice(services, nodes, {("default", "web"): {"b"}}, me).announced]
    assert found == ["b"]
    assert not any(choice(services, nodes, {}, me).announced for me in "abc")
    endpoints = [{"nodeName": "a", "conditions": {"ready": False}}, {"nodeName": "b", "conditions": {}}, {}]
    assert ready_nodes([{"endpoints": endpoints}]) == {"b"}


@pytest.mark.parametrize(
    "other",
    [
        service("10.0.0.1", mode="Proxy"),
        service("10.0.0.1", loadBalancerClass="example.com/internal"),
        service("10.0.0.1", type="ClusterIP"),
    ],
)
def test_what_others_balance_is_not_announced(other: Object) -> None:
    assert choice([other], [node("a")], {}, "a") == Choice()


def test_candidates_are_looked_for_and_not_announced() -> None:
    found = choice([service(candidates="10.0.0.1,fd00::1")], [node("a")], {}, "a")
    assert found == Choice(probed=frozenset(["10.0.0.1", "fd00::1"]))


# Which are looked for ahead of time

RANGES = ("10.0.0.0/29", "10.0.1.1-10.0.1.20", "fd00::1-fd00::3")


def ahead(active: Collection[str] = (), last: str = "", bad: Collection[str] = ()) -> list[str]:
    return list(spares(pool_of(RANGES), active, {"IPv4": last}, lambda at: at in bad))


def test_the_next_free_addresses_of_each_family_are_looked_for() -> None:
    assert ahead() == [*(f"10.0.0.{n}" for n in range(1, 7)), "10.0.1.1", "10.0.1.2", "fd00::1", "fd00::2", "fd00::3"]
    assert ahead(active=["10.0.0.5"], last="10.0.0.5")[:3] == ["10.0.0.6", "10.0.1.1", "10.0.1.2"]
    assert ahead(last="10.0.1.18")[:4] == ["10.0.1.19", "10.0.1.20", "10.0.0.1", "10.0.0.2"]
    assert ahead(last="203.0.113.1")[0] == "10.0.0.1"


def test_those_that_another_machine_has_come_on_top() -> None:
    bad = ["10.0.0.2", "10.0.1.1"]
    found = [at for at in ahead(bad=bad) if ":" not in at]
    assert set(bad) <= set(found)
    assert len(found) == GOOD + len(bad)


@given(st.sets(st.integers(0, 25)), st.integers(0, 25))
def test_all_that_is_free_is_come_by_once(taken: set[int], last: int) -> None:
    everything = [at for at in ahead(bad=[f"10.0.{a}.{b}" for a in (0, 1) for b in range(21)]) if ":" not in at]
    assert len(everything) == len(set(everything)) == 26
    active = {everything[index] for index in taken}
    found = list(_free(pool_of(RANGES).of("IPv4"), active, everything[last]))
    assert sorted(found) == sorted(set(everything) - active)


def test_without_a_pool_nothing_is_looked_for() -> None:
    assert list(spares(pool_of(()), (), {}, bool)) == []


# What the controller knows


def said(name: str, **findings: str) -> Object:
    found = {at.replace("_", "."): who for at, who in findings.items()}
    meta = {
        "name": name,
        "annotations": {announcing.DEVICES: "eth0=x", announcing.FINDINGS: announcing.findings_text(found)},
    }
    return {"metadata": meta, "status": {"conditions": [{"type": "Ready", "status": "True"}]}}


A = "10_0_0_1"
AT = "10.0.0.1"


def test_an_address_is_proven_by_a_finding_by_silence_and_where_nobody_announces() -> None:
    lan = Lan()
    assert lan.is_proven(AT)
    silent = said("n")
    lan.observe(Change(None, silent))
    assert not lan.is_proven(AT)
    lan.ask([AT], 100.0)
    lan.tick(100.0 + ANSWER_LIMIT_S - 0.1)
    assert not lan.is_proven(AT)
    lan.tick(100.0 + ANSWER_LIMIT_S)
    assert lan.is_proven(AT)
    lan.settle([AT])
    assert not lan.is_proven(AT)
    free = said("n", **{A: ""})
    assert lan.observe(Change(silent, free)) == {AT}
    assert lan.is_proven(AT)
    assert lan.observe(Change(free, None)) == {AT}
    assert lan.is_proven(AT), "nobody announces any more"


def test_an_address_of_another_machine_is_left_in_peace_for_a_while() -> None:
    lan = Lan()
    taken, quiet = said("n", **{A: "02:03 on eth0"}), said("n")
    lan.observe(Change(None, taken))
    assert lan.rival(AT) == "02:03 on eth0"
    lan.bar(AT, 50.0)
    assert lan.observe(Change(taken, quiet)) == {AT}
    lan.tick(50.0 + BAR_S - 1)
    assert (lan.rival(AT), lan.is_proven(AT)) == ("02:03 on eth0", False)
    lan.tick(50.0 + BAR_S)
    assert lan.rival(AT) == ""


@pytest.mark.parametrize("text", ["", "[]", "{", "1", '{"10.0.0.1": null}'])
def test_findings_that_nobody_of_us_wrote_do_no_harm(text: str) -> None:
    found = announcing.findings({"metadata": {"name": "n", "annotations": {announcing.FINDINGS: text}}})
    assert all(isinstance(who, str) for who in found.values())
