"""Which Service has which load balancer address, decided without any I/O."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers.load_balancer.ledger import Ledger, is_ours
from fairway.controllers.load_balancer.plan import CONDITION, FINALIZER, Plan, plan
from fairway.kinds.rules import announcing
from fairway.kinds.rules.address_pool import pool_of
from fairway.objects import Object
from fairway.reconcile.indexes import object_key
from fairway.reconcile.informer import Change

POOL = pool_of(("10.97.0.0/29",))
NOW = "2026-01-02T03:04:05Z"


def service(name: str, *ips: str, created: str = "2026-01-01T00:00:00Z", **spec: Any) -> Object:
    ingress = {"ingress": [{"ip": ip, "ipMode": "VIP"} for ip in ips]} if ips else {}
    meta: Object = {"namespace": "default", "name": name, "creationTimestamp": created}
    if ips:
        meta["finalizers"] = [FINALIZER]
    return {
        "metadata": meta, "spec": {"type": "LoadBalancer", "ipFamilies": ["IPv4"], **spec},
        "status": {"loadBalancer": ingress},
    }  # fmt: skip


class World:
    """The API's Services and the controller's ledger; ``turn`` is one reconcile."""

    def __init__(self, *services: Object, pool: tuple[str, ...] = ("10.97.0.0/29",)) -> None:
        self.ledger = Ledger()
        self.pool = pool_of(pool)
        self.services: dict[str, Object] = {}
        for each in services:
            self.put(each)

    def put(self, new: Object) -> bool:
        name = new["metadata"]["name"]
        old, self.services[name] = self.services.get(name), new
        return self.ledger.observe(Change(old, new))

    def remove(self, name: str) -> bool:
        return self.ledger.observe(Change(self.services.pop(name), None))

    def decide(self, name: str) -> Plan:
        """What a reconcile decides and promises; nothing is written yet."""
        found = plan(self.services[name], self.ledger, self.pool, NOW)
        key = object_key(self.services[name])
        self.ledger.promise(key, found.addresses)
        self.ledger.advance(self.pool, self.ledger.promised_to(key))
        return found

    def turn(self, name: str) -> Plan:
        found = self.decide(name)
        if found.changed is not None:
            self.put(found.changed)
        return found

    def addresses(self, name: str) -> list[str]:
        return [entry["ip"] for entry in self.services[name]["status"]["loadBalancer"].get("ingress", ())]


def test_a_new_service_gets_the_first_address_and_the_finalizer_in_one_write() -> None:
    found = World(service("web")).decide("web")
    assert found.changed is not None
    assert found.changed["status"] == {"loadBalancer": {"ingress": [{"ip": "10.97.0.1", "ipMode": "VIP"}]}}
    assert found.changed["metadata"]["finalizers"] == ["service.kubernetes.io/load-balancer-cleanup"]
    assert [reason for reason, _ in (*found.before, *found.after)] == ["EnsuringLoadBalancer", "EnsuredLoadBalancer"]


def test_a_service_that_is_right_is_left_alone() -> None:
    found = World(service("web", "10.97.0.3")).decide("web")
    assert (found.changed, found.before, found.after) == (None, (), ())


def test_two_decisions_before_any_write_never_give_one_address_twice() -> None:
    world = World(service("a"), service("b"))
    assert (world.decide("a").addresses, world.decide("b").addresses) == (("10.97.0.1",), ("10.97.0.2",))


def test_a_refused_write_is_tried_again_with_the_same_address() -> None:
    world = World(service("a"))
    assert world.decide("a").addresses == world.decide("a").addresses == ("10.97.0.1",)


def test_an_address_that_was_given_back_rests() -> None:
    world = World(service("a"))
    world.turn("a")
    world.remove("a")
    world.put(service("b"))
    assert world.decide("b").addresses == ("10.97.0.2",)


def test_after_a_restart_the_statuses_tell_who_has_what() -> None:
    world = World(service("a", "10.97.0.1"), service("new"), service("b", "10.97.0.4"))
    assert world.decide("new").addresses == ("10.97.0.5",)
    assert world.decide("a").addresses == ("10.97.0.1",)


@pytest.mark.parametrize("class_", [None, "fairway.dev/load-balancer"])
def test_services_without_a_class_and_of_our_class_are_served(class_: str | None) -> None:
    assert World(service("web", loadBalancerClass=class_)).decide("web").addresses == ("10.97.0.1",)


def test_a_foreign_class_is_left_alone_whatever_it_says() -> None:
    foreign = service("web", "10.97.0.1", loadBalancerClass="example.com/internal")
    world = World(foreign, service("ours"))
    assert world.decide("web") == Plan()
    world.put({**foreign, "metadata": {**foreign["metadata"], "deletionTimestamp": NOW}})
    assert world.decide("web") == Plan()
    assert world.decide("ours").addresses == ("10.97.0.2",)


def test_a_pool_of_several_ranges_is_used_up_in_order_and_to_the_last_address() -> None:
    pool = ("192.168.1.200-192.168.1.201", "fd97::a-fd97::b", "10.97.0.0/30", "10.99.0.9/32")
    world = World(*(service(name) for name in "abcdef"), pool=pool)
    for name in "abcdef":
        world.turn(name)
    assert [world.addresses(name) for name in "abcde"] == [
        ["192.168.1.200"], ["192.168.1.201"], ["10.97.0.1"], ["10.97.0.2"], ["10.99.0.9"]
    ]  # fmt: skip
    assert world.services["f"]["status"]["conditions"][0]["message"] == (
        "no IPv4 address is free in the pool 192.168.1.200-192.168.1.201, fd97::a-fd97::b, 10.97.0.0/30, 10.99.0.9/32"
    )


@pytest.mark.parametrize("families", [["IPv4", "IPv6"], ["IPv6", "IPv4"]])
def test_a_dual_stack_service_gets_one_address_of_each_family_in_its_own_order(families: list[str]) -> None:
    world = World(service("web", ipFamilies=families), pool=("10.97.0.0/29", "fd97::/112"))
    world.turn("web")
    ours = {"IPv4": "10.97.0.1", "IPv6": "fd97::1"}
    assert world.addresses("web") == [ours[family] for family in families]


def test_without_a_pool_services_are_left_to_others() -> None:
    assert World(service("web"), pool=()).decide("web") == Plan()


def test_a_wanted_address_is_given_if_it_is_free() -> None:
    world = World(service("web", loadBalancerIP="10.97.0.5"), service("next"))
    assert world.decide("web").addresses == ("10.97.0.5",)


@pytest.mark.parametrize(
    ("wanted", "reason", "message"),
    [
        ("10.97.0.2", "AddressInUse", "10.97.0.2 is in use by Service default/other"),
        ("10.97.0.3", "AddressInUse", "10.97.0.3 is in use by Service default/outside"),
        ("10.97.0.7", "AddressNotInPool", "10.97.0.7 is not in the pool 10.97.0.0/29"),
        ("192.0.2.1", "AddressNotInPool", "192.0.2.1 is not in the pool 10.97.0.0/29"),
        ("a-name", "AddressNotInPool", "a-name is not in the pool 10.97.0.0/29"),
    ],
)
def test_a_wanted_address_that_cannot_be_had_is_said(wanted: str, reason: str, message: str) -> None:
    outside = service("outside", externalIPs=["10.97.0.3"])
    outside["spec"]["type"] = "ClusterIP"
    world = World(service("other", "10.97.0.2"), outside, service("web", loadBalancerIP=wanted))
    world.turn("web")
    assert world.services["web"]["status"]["conditions"] == [
        {"type": CONDITION, "status": "False", "lastTransitionTime": NOW, "reason": reason, "message": message}
    ]
    assert world.addresses("web") == []
    assert world.decide("web").changed is None


def test_who_waits_for_an_address_is_told_when_it_is_free() -> None:
    world = World(service("other", "10.97.0.2"), service("web", loadBalancerIP="10.97.0.2"))
    world.turn("web")
    assert world.remove("other") is True
    world.turn("web")
    assert world.addresses("web") == ["10.97.0.2"]
    assert "conditions" not in world.services["web"]["status"]


def test_another_wish_moves_a_service_and_a_wish_in_vain_does_not() -> None:
    world = World(service("other", "10.97.0.2"), service("web", "10.97.0.1"))
    had = world.services["web"]
    world.put({**had, "spec": {**had["spec"], "loadBalancerIP": "10.97.0.4"}})
    found = world.turn("web")
    assert world.addresses("web") == ["10.97.0.4"]
    assert ("LoadbalancerIP", "10.97.0.1 -> 10.97.0.4") in found.before
    had = world.services["web"]
    world.put({**had, "spec": {**had["spec"], "loadBalancerIP": "10.97.0.2"}})
    world.turn("web")
    assert world.addresses("web") == ["10.97.0.4"]
    assert world.services["web"]["status"]["conditions"][0]["reason"] == "AddressInUse"


def test_a_leaving_service_gives_up_its_address_before_it_goes() -> None:
    leaving = service("web", "10.97.0.1")
    leaving["metadata"] |= {"deletionTimestamp": NOW, "finalizers": ["example.com/mine", FINALIZER]}
    world = World(leaving)
    found = world.turn("web")
    assert world.services["web"]["metadata"]["finalizers"] == ["example.com/mine"]
    assert world.services["web"]["status"] == {"loadBalancer": {}}
    assert [reason for reason, _ in (*found.before, *found.after)] == ["DeletingLoadBalancer", "DeletedLoadBalancer"]


def test_a_service_that_became_a_node_port_loses_the_finalizer_and_frees_its_address() -> None:
    world = World(service("web", "10.97.0.1"))
    had = world.services["web"]
    other = {**had, "spec": {**had["spec"], "type": "NodePort"}, "status": {"loadBalancer": {}}}
    assert world.put(other) is True
    found = world.turn("web")
    assert found.changed is not None
    assert found.changed["metadata"]["finalizers"] == []


def test_a_full_pool_is_said_and_the_next_free_address_is_taken() -> None:
    world = World(*(service(f"s{number}") for number in range(7)))
    for number in range(7):
        world.turn(f"s{number}")
    assert [world.addresses(f"s{number}") for number in range(6)] == [[f"10.97.0.{number}"] for number in range(1, 7)]
    assert world.services["s6"]["status"]["conditions"][0]["reason"] == "PoolExhausted"
    world.remove("s2")
    world.turn("s6")
    assert world.addresses("s6") == ["10.97.0.3"]


def test_of_two_that_claim_one_address_the_older_keeps_it() -> None:
    world = World(
        service("young", "10.97.0.1", created="2026-01-02T00:00:00Z"),
        service("old", "10.97.0.1", created="2026-01-01T00:00:00Z"),
    )
    assert world.turn("old").addresses == ("10.97.0.1",)
    assert world.turn("young").addresses == ("10.97.0.2",)


def test_an_address_outside_the_pool_is_replaced() -> None:
    world = World(service("web", "10.50.0.1"))
    found = world.turn("web")
    assert world.addresses("web") == ["10.97.0.1"]
    assert ("LoadbalancerIP", "10.50.0.1 -> 10.97.0.1") in found.before


def test_ip_mode_and_ports_that_somebody_wrote_stay() -> None:
    written = service("web", "10.97.0.1")
    written["status"]["loadBalancer"]["ingress"][0]["ipMode"] = "Proxy"
    assert World(written).decide("web").changed is None


def test_a_dual_stack_service_has_one_address_of_each_family() -> None:
    world = World(service("web", ipFamilies=["IPv6", "IPv4"]), pool=("10.97.0.0/24", "fd97::/112"))
    assert world.decide("web").addresses == ("fd97::1", "10.97.0.1")


def test_a_family_that_the_pool_lacks_is_said() -> None:
    found = World(service("web", ipFamilies=["IPv6"])).decide("web")
    assert found.fault is not None
    assert (found.addresses, found.fault.reason) == ((), "NoPool")


NAMES = st.sampled_from("abcdefghij")
WISHES = st.sampled_from([None, None, "10.97.0.1", "10.97.0.3", "10.97.0.6", "10.1.1.1"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "wish", "decide", "write", "remove", "restart", "retype"]), NAMES, WISHES),
    max_size=60,
)


class Interleaved(World):
    """A world in which decisions are written later, or never."""

    def __init__(self) -> None:
        super().__init__()
        self.decided: dict[str, Plan] = {}

    def step(self, verb: str, name: str, wish: str | None) -> None:
        if verb == "create":
            if name not in self.services:
                self.put(service(name, loadBalancerIP=wish))
        elif verb == "restart":
            self.ledger, self.decided = Ledger(), {}
            for each in self.services.values():
                self.ledger.observe(Change(None, each))
        elif name in self.services:
            getattr(self, f"_{verb}")(name, wish)

    def _decide(self, name: str, _wish: str | None) -> None:
        self.decided[name] = self.decide(name)

    def _write(self, name: str, _wish: str | None) -> None:
        found = self.decided.pop(name, None)
        if found is not None and found.changed is not None:
            self.put(found.changed)

    def _remove(self, name: str, _wish: str | None) -> None:
        self.decided.pop(name, None)
        self.remove(name)

    def _wish(self, name: str, wish: str | None) -> None:
        self.decided.pop(name, None)  # its write would be refused as stale
        known = self.services[name]
        self.put({**known, "spec": {**known["spec"], "loadBalancerIP": wish}})

    def _retype(self, name: str, _wish: str | None) -> None:
        self.decided.pop(name, None)
        known = self.services[name]
        self.put({**known, "spec": {**known["spec"], "type": "NodePort"}, "status": {"loadBalancer": {}}})

    def held(self) -> list[str]:
        return [at for each in self.services for at in self.addresses(each)]


@given(STEPS)
def test_no_address_is_ever_with_two_services(steps: list[tuple[str, str, str | None]]) -> None:
    world = Interleaved()
    for verb, name, wish in steps:
        world.step(verb, name, wish)
        held = world.held()
        assert len(held) == len(set(held))
        assert all(at in world.pool for at in held)


@given(STEPS)
def test_whoever_wants_no_particular_address_has_one_while_one_is_free(
    steps: list[tuple[str, str, str | None]],
) -> None:
    world = Interleaved()
    for verb, name, wish in steps:
        world.step(verb, name, wish)
    for name in list(world.services):
        world.turn(name)
    waiting = [
        name
        for name, each in world.services.items()
        if is_ours(each) and not each["spec"].get("loadBalancerIP") and not world.addresses(name)
    ]
    assert not waiting or len(world.held()) == 6


# On a LAN


def node(**findings: str) -> Object:
    found = {f"10.97.0.{last[1:]}": who for last, who in findings.items()}
    annotations = {announcing.DEVICES: "eth0=02", announcing.FINDINGS: announcing.findings_text(found)}
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    return {"metadata": {"name": "n", "annotations": annotations}, "status": ready}


class LanWorld(World):
    """A node announces, and says what it found."""

    def __init__(self, *services: Object) -> None:
        super().__init__(*services)
        self._said: Object | None = None
        self.finds()

    def finds(self, **findings: str) -> set[str]:
        """The node says this now; the Services that this concerns."""
        old, self._said = self._said, node(**findings)
        return {name for _, name in self.ledger.concerned(self.ledger.lan.observe(Change(old, self._said)))}


def condition(world: World, name: str) -> tuple[str, str, str] | None:
    (found,) = world.services[name]["status"].get("conditions") or [None]
    return found and (found["status"], found["reason"], found["message"])


def candidates(world: World, name: str) -> list[str]:
    return announcing.candidates(world.services[name])


def test_an_address_is_given_when_it_was_looked_for_and_nobody_has_it() -> None:
    world = LanWorld(service("web"))
    assert world.turn("web").unproven == ("10.97.0.1",)
    assert (world.addresses("web"), candidates(world, "web")) == ([], ["10.97.0.1"])
    assert condition(world, "web") == ("Unknown", "Probing", "10.97.0.1 is looked for on the LAN before it is given")
    assert "finalizers" not in world.services["web"]["metadata"]
    assert world.decide("web").changed is None, "nothing more to say"
    assert world.finds(_1="") == {"web"}
    world.turn("web")
    assert (world.addresses("web"), candidates(world, "web"), condition(world, "web")) == (["10.97.0.1"], [], None)
    assert world.services["web"]["metadata"]["finalizers"] == [FINALIZER]


def test_an_address_of_another_machine_is_passed_over_and_said() -> None:
    world = LanWorld(service("web"))
    world.turn("web")
    assert world.finds(_1="02:03 on eth0") == {"web"}
    found = world.turn("web")
    assert found.unproven == ("10.97.0.2",)
    assert condition(world, "web") == (
        "False",
        "AddressInUse",
        "10.97.0.1 is in use by 02:03 on eth0: another is given",
    )
    assert world.decide("web").changed is not None, "the fault is no more, the new one is looked for"
    world.finds(_1="02:03 on eth0", _2="")
    world.turn("web")
    assert (world.addresses("web"), condition(world, "web")) == (["10.97.0.2"], None)


def test_what_was_looked_for_ahead_of_time_is_given_first_and_at_once() -> None:
    world = LanWorld(service("a"), service("b"), service("c"))
    world.finds(_1="02:03 on eth0", _4="", _5="")
    assert [world.turn(name).unproven for name in "abc"] == [(), (), ("10.97.0.6",)]
    assert [world.addresses(name) for name in "abc"] == [["10.97.0.4"], ["10.97.0.5"], []]


def test_an_address_that_another_machine_takes_is_exchanged_and_kept_until_the_other_is_found() -> None:
    world = LanWorld(service("web", "10.97.0.1"))
    assert world.finds(_1="02:03 on eth0") == {"web"}
    world.turn("web")
    assert (world.addresses("web"), candidates(world, "web")) == (["10.97.0.1"], ["10.97.0.2"])
    said = ("False", "AddressConflict", "10.97.0.1 is in use by 02:03 on eth0: another is given")
    assert condition(world, "web") == said
    assert world.decide("web").changed is None
    world.finds(_1="02:03 on eth0", _2="")
    found = world.turn("web")
    assert (world.addresses("web"), candidates(world, "web")) == (["10.97.0.2"], [])
    assert ("LoadbalancerIP", "10.97.0.1 -> 10.97.0.2") in found.before
    world.turn("web")
    assert condition(world, "web") is None


def test_an_address_that_was_asked_for_stays_though_another_machine_has_it_too() -> None:
    world = LanWorld(service("web", "10.97.0.1", loadBalancerIP="10.97.0.1"))
    world.finds(_1="02:03 on eth0")
    world.turn("web")
    assert world.addresses("web") == ["10.97.0.1"]
    assert condition(world, "web") == ("False", "AddressConflict", "10.97.0.1 is in use by 02:03 on eth0")
    assert world.finds() == {"web"}
    world.turn("web")
    assert condition(world, "web") is None


def test_where_no_other_is_free_an_address_with_a_rival_stays() -> None:
    world = LanWorld(service("web", "10.97.0.1"), *(service(f"s{n}", f"10.97.0.{n}") for n in range(2, 7)))
    world.finds(_1="02:03 on eth0")
    world.turn("web")
    assert world.addresses("web") == ["10.97.0.1"]
    assert condition(world, "web") == (
        "False",
        "AddressConflict",
        "10.97.0.1 is in use by 02:03 on eth0: no other is free",
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abc"),
            st.dictionaries(st.sampled_from(["_1", "_2", "_3", "_4"]), st.sampled_from(["", "02:03"])),
        )
    )
)
def test_whatever_nodes_say_no_two_services_share_and_nobody_gets_a_rivals_address(
    history: list[tuple[str, dict[str, str]]],
) -> None:
    world = LanWorld(service("a"), service("b"), service("c"))
    for name, findings in history:
        world.finds(**findings)
        had = set(world.addresses(name))
        world.turn(name)
        given_now = set(world.addresses(name)) - had
        assert not any(findings.get(f"_{at[-1]}") for at in given_now)
        assert all(findings.get(f"_{at[-1]}") == "" for at in given_now)
        taken = [at for each in "abc" for at in world.addresses(each)]
        assert len(taken) == len(set(taken))
