"""Addresses and node ports: what a Service gets, what it is refused, what it gives back."""

from copy import deepcopy
from random import Random

import pytest
from service_cases import DUAL_CLUSTER, Cluster, problems_of, refusal, service

from fairway.apiserver.allocate import held
from fairway.apiserver.allocate.bands import of_cidr, of_ports
from fairway.objects import Object

# Bands


@pytest.mark.parametrize(
    ("cidr", "first", "dynamic", "last"),
    [
        ("10.0.0.0/24", "10.0.0.1", "10.0.0.17", "10.0.0.254"),
        ("10.96.0.0/20", "10.96.0.1", "10.96.1.1", "10.96.15.254"),
        ("10.96.0.0/16", "10.96.0.1", "10.96.1.1", "10.96.255.254"),
        ("10.0.0.0/28", "10.0.0.1", "10.0.0.1", "10.0.0.14"),
    ],
)
def test_a_range_of_addresses_starts_with_a_static_band(cidr: str, first: str, dynamic: str, last: str) -> None:
    found = of_cidr(cidr)
    shown = [".".join(map(str, number.to_bytes(4, "big"))) for number in (
        found.bands.first, found.bands.dynamic, found.bands.last
    )]  # fmt: skip
    assert shown == [first, dynamic, last]


def test_an_ipv6_range_has_no_broadcast_address() -> None:
    found = of_cidr("fd00::/112")
    assert (found.bands.last & 0xFFFF, "fd00::ffff" in found, "fd00::" in found) == (0xFFFF, True, False)


def test_node_ports_have_86_static_numbers() -> None:
    assert of_ports(30000, 32767).dynamic == 30086


def test_the_static_band_is_used_when_the_dynamic_one_is_full() -> None:
    bands = of_ports(30000, 32767)
    assert bands.free(lambda number: number >= 30086 or number != 30007, Random(1)) == 30007


def test_a_full_range_gives_nothing() -> None:
    assert of_ports(30000, 30015).free(lambda _: True, Random(1)) is None


# Creation


def test_a_plain_service_gets_an_address_and_a_family() -> None:
    cluster = Cluster()
    new = service()
    allocation = cluster.plan(new)
    ip = new["spec"]["clusterIP"]
    assert ip in of_cidr("10.96.0.0/16")
    assert {key: new["spec"][key] for key in ("clusterIPs", "ipFamilies", "ipFamilyPolicy")} == {
        "clusterIPs": [ip],
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
    }
    assert allocation.releases == []
    assert [(claim.key, claim.problem) for claim in allocation.claims] == [
        (f"/networking.k8s.io/ipaddresses/{ip}", None)
    ]


def test_the_claim_of_an_address_is_an_ip_address_object() -> None:
    claims = Cluster().plan(service(clusterIP="10.96.0.10")).claims
    assert claims[0].body == {
        "kind": "IPAddress",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {
            "name": "10.96.0.10",
            "labels": {
                "ipaddress.kubernetes.io/ip-family": "IPv4",
                "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io",
            },
        },
        "spec": {"parentRef": {"resource": "services", "namespace": "default", "name": "web"}},
    }


def test_who_loses_a_chosen_address_is_told_like_who_comes_late() -> None:
    problem = Cluster().plan(service(clusterIP="10.96.0.10")).claims[0].problem
    assert problem is not None
    assert problem.text == (
        'spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already'
        " allocated"
    )


def test_dynamic_addresses_avoid_the_static_band() -> None:
    cluster = Cluster(("10.0.0.0/24",))
    given = {cluster.put(service(f"s{n}"))["spec"]["clusterIP"] for n in range(238)}
    assert {int(ip.rpartition(".")[2]) for ip in given} == set(range(17, 255))
    assert int(cluster.put(service("late"))["spec"]["clusterIP"].rpartition(".")[2]) < 17


def test_a_full_range_is_an_internal_error() -> None:
    cluster = Cluster(("10.0.0.0/30",))
    cluster.put(service("a"))
    cluster.put(service("b"))
    error = refusal(lambda: cluster.put(service("c")))
    assert (error.code, error.reason, error.message) == (
        500, "InternalError",
        'Internal error occurred: failed to allocate a serviceIP for Service "c": range is full',
    )  # fmt: skip


def test_a_second_range_extends_the_first() -> None:
    cluster = Cluster(("10.0.0.0/30", "10.1.0.0/30"))
    given = {cluster.put(service(f"s{n}"))["spec"]["clusterIP"] for n in range(4)}
    assert given == {"10.0.0.1", "10.0.0.2", "10.1.0.1", "10.1.0.2"}


@pytest.mark.parametrize(
    ("ip", "why"),
    [
        ("10.96.0.50", "provided IP is already allocated"),
        ("1.2.3.4", "the provided network does not match the current range"),
        ("10.96.0.0", "the provided network does not match the current range"),
        ("10.96.255.255", "the provided network does not match the current range"),
    ],
)
def test_an_address_that_cannot_be_had(ip: str, why: str) -> None:
    cluster = Cluster()
    cluster.put(service("first", clusterIP="10.96.0.50"))
    error = refusal(lambda: cluster.put(service("second", clusterIP=ip)))
    assert (error.code, problems_of(error)) == (
        422, [f'spec.clusterIPs: Invalid value: ["{ip}"]: failed to allocate IP {ip}: {why}'],
    )  # fmt: skip


def test_without_a_ready_range_nothing_is_allocated() -> None:
    error = refusal(lambda: Cluster(()).put(service()))
    assert (error.code, "failed to allocate IP: allocator not ready" in error.message) == (422, True)


def test_allocation_hides_later_problems() -> None:
    cluster = Cluster()
    error = refusal(lambda: cluster.put(service(clusterIP="1.2.3.4", ports=[{"port": 0}])))
    assert len(error.details["causes"]) == 1


def test_headless_and_external_name_hold_nothing() -> None:
    cluster = Cluster()
    headless = cluster.put(service("a", clusterIP="None"))
    external = cluster.put(service("b", type="ExternalName", externalName="a.b", ports=[]))
    assert (held(headless), held(external), cluster.claims) == ([], [], set())
    assert headless["spec"]["clusterIPs"] == ["None"]


# Families


@pytest.mark.parametrize(
    ("cidrs", "spec", "policy", "families"),
    [
        (DUAL_CLUSTER, {}, "SingleStack", ["IPv4"]),
        (DUAL_CLUSTER[::-1], {}, "SingleStack", ["IPv6"]),
        (DUAL_CLUSTER, {"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ["IPv4", "IPv6"]),
        (DUAL_CLUSTER, {"ipFamilyPolicy": "RequireDualStack"}, "RequireDualStack", ["IPv4", "IPv6"]),
        (
            DUAL_CLUSTER, {"ipFamilyPolicy": "PreferDualStack", "ipFamilies": ["IPv6"]},
            "PreferDualStack", ["IPv6", "IPv4"],
        ),
        (DUAL_CLUSTER, {"ipFamilies": ["IPv6"]}, "SingleStack", ["IPv6"]),
        (DUAL_CLUSTER, {"clusterIP": "fd00:10:96::5"}, "SingleStack", ["IPv6"]),
        (DUAL_CLUSTER[:1], {"ipFamilyPolicy": "PreferDualStack"}, "PreferDualStack", ["IPv4"]),
        (DUAL_CLUSTER[:1], {"clusterIP": "None"}, "SingleStack", ["IPv4"]),
        (DUAL_CLUSTER[:1], {"clusterIP": "None", "selector": None}, "RequireDualStack", ["IPv4", "IPv6"]),
        (
            DUAL_CLUSTER[:1], {"clusterIP": "None", "selector": None, "ipFamilyPolicy": "SingleStack"},
            "SingleStack", ["IPv4"],
        ),
        (
            DUAL_CLUSTER[:1], {"clusterIP": "None", "selector": None, "ipFamilies": ["IPv6"]},
            "RequireDualStack", ["IPv6", "IPv4"],
        ),
    ],
)  # fmt: skip
def test_families_are_inferred(cidrs: tuple[str, ...], spec: Object, policy: str, families: list[str]) -> None:
    written = service(**spec)
    if "selector" in spec:
        written["spec"].pop("selector", None)
    new = Cluster(cidrs).put(written)
    assert (new["spec"]["ipFamilyPolicy"], new["spec"]["ipFamilies"]) == (policy, families)
    ips = new["spec"]["clusterIPs"]
    if ips != ["None"]:
        assert [("IPv6" if ":" in ip else "IPv4") for ip in ips] == families


@pytest.mark.parametrize(
    ("spec", "problems"),
    [
        (
            {"ipFamilyPolicy": "RequireDualStack"},
            [
                'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack'
                " services"
            ],
        ),
        ({"ipFamilies": ["IPv6"]}, ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster']),
        (
            {"clusterIP": "fd00::1"},
            ['spec.clusterIPs[0]: Invalid value: ["fd00::1"]: IPv6 is not configured on this cluster'],
        ),
        (
            {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4", "IPv6"]},
            [
                "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack'"
                " when multiple IP families are specified"
            ],
        ),
        (
            {"clusterIP": "10.96.0.5", "clusterIPs": ["10.96.0.5", "fd00::5"]},
            [
                "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack'"
                " when multiple cluster IPs are specified",
                'spec.clusterIPs[1]: Invalid value: ["10.96.0.5","fd00::5"]: IPv6 is not configured on this cluster',
            ],
        ),
        (
            {"clusterIP": "10.96.0.6", "clusterIPs": ["10.96.0.5"]},
            ['spec.clusterIPs: Invalid value: ["10.96.0.5"]: first value must match `clusterIP`'],
        ),
        (
            {"clusterIPs": ["10.96.0.5"]},
            ['spec.clusterIPs: Invalid value: ["10.96.0.5"]: must be empty when `clusterIP` is not specified'],
        ),
    ],
)
def test_families_that_cannot_be(spec: Object, problems: list[str]) -> None:
    assert problems_of(refusal(lambda: Cluster().put(service(**spec)))) == problems


# Node ports


def node_port(name: str = "web", *ports: Object, **spec: object) -> Object:
    spec.setdefault("type", "NodePort")
    return service(name, ports=list(ports) or [{"port": 80}], **spec)


def numbers(found: Object) -> list[int | None]:
    return [port.get("nodePort") for port in found["spec"]["ports"]]


def test_every_port_gets_a_dynamic_number() -> None:
    new = Cluster().put(node_port("web", {"port": 80, "name": "a"}, {"port": 81, "name": "b"}))
    first, second = numbers(new)
    assert first != second
    assert all(number is not None and 30086 <= number <= 32767 for number in (first, second))


def test_one_port_in_two_protocols_shares_its_number() -> None:
    cluster = Cluster()
    new = cluster.put(node_port("dns", {"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP"}))
    first, second = numbers(new)
    assert first == second
    assert f"/claims/nodeports/{first}" in cluster.claims


def test_a_later_entry_tells_the_number_of_an_earlier_one() -> None:
    new = Cluster().put(
        node_port("dns", {"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP", "nodePort": 30053})
    )
    assert numbers(new) == [30053, 30053]


def test_a_number_belongs_to_one_service_whatever_the_protocol() -> None:
    cluster = Cluster()
    cluster.put(node_port("a", {"port": 80, "nodePort": 30080}))
    error = refusal(lambda: cluster.put(node_port("b", {"port": 80, "protocol": "UDP", "nodePort": 30080})))
    assert problems_of(error) == ["spec.ports[0].nodePort: Invalid value: 30080: provided port is already allocated"]


def test_one_number_on_two_ports_is_taken_already() -> None:
    ports = ({"port": 80, "name": "a", "nodePort": 30080}, {"port": 81, "name": "b", "nodePort": 30080})
    error = refusal(lambda: Cluster().put(node_port("web", *ports)))
    assert problems_of(error) == ["spec.ports[1].nodePort: Invalid value: 30080: provided port is already allocated"]


def test_a_number_outside_the_range() -> None:
    error = refusal(lambda: Cluster().put(node_port("web", {"port": 80, "nodePort": 123456})))
    assert problems_of(error) == [
        "spec.ports[0].nodePort: Invalid value: 123456: provided port is not in the valid range."
        " The range of valid ports is 30000-32767"
    ]


def test_a_full_range_of_ports_is_an_internal_error() -> None:
    cluster = Cluster(ports=range(30000, 30002))
    cluster.put(node_port("a"))
    cluster.put(node_port("b"))
    error = refusal(lambda: cluster.put(node_port("c")))
    assert (error.code, error.message) == (
        500, "Internal error occurred: failed to allocate a nodePort: range is full",
    )  # fmt: skip


def test_a_cluster_ip_service_claims_no_port() -> None:
    cluster = Cluster()
    cluster.put(service())
    assert [key for key in cluster.claims if "nodeports" in key] == []


def test_a_load_balancer_may_do_without_node_ports() -> None:
    new = Cluster().put(node_port(type="LoadBalancer", allocateLoadBalancerNodePorts=False))
    assert numbers(new) == [None]


def test_a_local_load_balancer_gets_a_health_check_port() -> None:
    cluster = Cluster()
    new = cluster.put(node_port(type="LoadBalancer", externalTrafficPolicy="Local"))
    assert f"/claims/nodeports/{new['spec']['healthCheckNodePort']}" in cluster.claims


def test_a_health_check_port_that_is_taken_is_an_internal_error() -> None:
    cluster = Cluster()
    cluster.put(node_port("a", {"port": 80, "nodePort": 31000}))
    balancer = node_port("b", type="LoadBalancer", externalTrafficPolicy="Local", healthCheckNodePort=31000)
    error = refusal(lambda: cluster.put(balancer))
    assert (error.code, error.message) == (
        500,
        "Internal error occurred: failed to allocate requested HealthCheck NodePort 31000: provided port is already"
        " allocated",
    )


# Dry run


def test_a_dry_run_shows_the_base_address_and_claims_nothing() -> None:
    new = node_port()
    allocation = Cluster().plan(new, dry_run=True)
    assert (new["spec"]["clusterIP"], allocation.claims, allocation.releases) == ("10.96.0.0", [], [])
    assert numbers(new)[0] in range(30000, 32768)


# Updates


def test_putting_the_first_manifest_again_changes_nothing() -> None:
    cluster = Cluster()
    manifest = node_port("web", {"port": 80, "name": "a"}, {"port": 81, "name": "b"})
    first = deepcopy(cluster.put(manifest))
    claims = set(cluster.claims)
    assert cluster.put(manifest) == first
    assert cluster.claims == claims


def test_node_ports_are_carried_over_by_name() -> None:
    cluster = Cluster()
    old = deepcopy(cluster.put(node_port("web", {"port": 80, "name": "a"}, {"port": 81, "name": "b"})))
    new = cluster.put(node_port("web", {"port": 8081, "name": "b"}, {"port": 8080, "name": "c"}))
    assert numbers(new)[0] == numbers(old)[1]
    assert numbers(new)[1] not in numbers(old)
    assert f"/claims/nodeports/{numbers(old)[0]}" not in cluster.claims


def test_a_number_that_stands_elsewhere_is_not_carried_over() -> None:
    cluster = Cluster()
    cluster.put(node_port("web", {"port": 80, "name": "a", "nodePort": 30080}))
    new = cluster.put(node_port("web", {"port": 80, "name": "a"}, {"port": 81, "name": "b", "nodePort": 30080}))
    assert numbers(new)[1] == 30080
    assert numbers(new)[0] != 30080


def test_changing_only_the_singular_address_is_refused_by_the_pair() -> None:
    cluster = Cluster()
    manifest = cluster.put(service(clusterIP="10.96.0.5"))
    manifest = deepcopy(manifest)
    manifest["spec"]["clusterIP"] = "10.96.0.6"
    assert problems_of(refusal(lambda: cluster.put(manifest))) == [
        'spec.clusterIPs[0]: Invalid value: ["10.96.0.6"]: may not change once set'
    ]
    assert cluster.live["web"]["spec"]["clusterIP"] == "10.96.0.5"


def test_an_address_that_was_left_out_is_carried_over() -> None:
    cluster = Cluster()
    first = cluster.put(service(clusterIP="10.96.0.5"))
    assert cluster.put(service())["spec"]["clusterIPs"] == first["spec"]["clusterIPs"]


def test_a_service_grows_to_two_families_and_shrinks_again() -> None:
    cluster = Cluster(DUAL_CLUSTER)
    first = deepcopy(cluster.put(service()))
    both = deepcopy(cluster.put(service(ipFamilyPolicy="RequireDualStack")))
    assert both["spec"]["clusterIPs"][0] == first["spec"]["clusterIP"]
    assert both["spec"]["ipFamilies"] == ["IPv4", "IPv6"]
    assert len(cluster.claims) == 2
    back = deepcopy(both)
    back["spec"]["ipFamilyPolicy"] = "SingleStack"
    assert cluster.put(back)["spec"]["clusterIPs"] == first["spec"]["clusterIPs"]
    assert len(cluster.claims) == 1


def test_dropping_the_second_address_needs_single_stack() -> None:
    cluster = Cluster(DUAL_CLUSTER)
    both = deepcopy(cluster.put(service(ipFamilyPolicy="RequireDualStack")))
    both["spec"]["clusterIPs"] = both["spec"]["clusterIPs"][:1]
    assert problems_of(refusal(lambda: cluster.put(both))) == [
        "spec.ipFamilyPolicy: Invalid value: \"RequireDualStack\": must be 'SingleStack' to release the secondary"
        " cluster IP"
    ]


def test_prefer_dual_stack_does_not_follow_the_cluster() -> None:
    cluster = Cluster()
    manifest = service(ipFamilyPolicy="PreferDualStack")
    first = deepcopy(cluster.put(manifest))
    cluster.cidrs = DUAL_CLUSTER
    assert cluster.put(deepcopy(first)) == first


# Type transitions


def transition(before: Object, **after: object) -> tuple[Cluster, Object, Object]:
    """Create ``before``, read it, change the given fields and write it back: what ``kubectl patch`` does."""
    cluster = Cluster()
    old = deepcopy(cluster.put(before))
    new = deepcopy(old)
    for key, value in after.items():
        if value is None:
            new["spec"].pop(key, None)
        else:
            new["spec"][key] = value
    return cluster, old, cluster.put(new)


def test_external_name_to_cluster_ip_allocates() -> None:
    before = service(type="ExternalName", externalName="a.b")
    cluster, _, new = transition(before, type="ClusterIP", externalName=None)
    assert new["spec"]["ipFamilies"] == ["IPv4"]
    assert f"/networking.k8s.io/ipaddresses/{new['spec']['clusterIP']}" in cluster.claims


@pytest.mark.parametrize("type_", ["ClusterIP", "NodePort", "LoadBalancer"])
def test_to_external_name_wipes_and_releases(type_: str) -> None:
    before = service(type=type_)
    cluster, _, new = transition(before, type="ExternalName", externalName="a.b", internalTrafficPolicy=None)
    assert cluster.claims == set()
    assert new["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"app": "web"},
        "sessionAffinity": "None",
        "type": "ExternalName",
        "externalName": "a.b",
    }


def test_to_external_name_with_another_address_is_refused() -> None:
    cluster = Cluster()
    cluster.put(service())
    written = service(type="ExternalName", externalName="a.b", clusterIP="10.96.0.99")
    assert problems_of(refusal(lambda: cluster.put(written)))[0] == (
        "spec.clusterIPs: Forbidden: may not be set for ExternalName services"
    )


def test_node_port_to_cluster_ip_wipes_and_releases() -> None:
    cluster, old, new = transition(node_port(), type="ClusterIP")
    assert numbers(new) == [None]
    assert "externalTrafficPolicy" not in new["spec"]
    assert new["spec"]["clusterIP"] == old["spec"]["clusterIP"]
    assert [key for key in cluster.claims if "nodeports" in key] == []


def test_node_port_to_cluster_ip_with_a_new_number_is_refused() -> None:
    cluster = Cluster()
    cluster.put(node_port("web", {"port": 80, "nodePort": 30080}))
    written = service(ports=[{"port": 80, "nodePort": 30081}])
    assert problems_of(refusal(lambda: cluster.put(written))) == [
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"
    ]


def test_load_balancer_to_cluster_ip_wipes_all_that_was_its_own() -> None:
    before = node_port(type="LoadBalancer", externalTrafficPolicy="Local", loadBalancerClass="a/b")
    cluster, old, new = transition(before, type="ClusterIP")
    assert new["spec"] == {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "selector": {"app": "web"},
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
        "ipFamilyPolicy": "SingleStack",
        "ipFamilies": ["IPv4"],
        "clusterIP": old["spec"]["clusterIP"],
        "clusterIPs": old["spec"]["clusterIPs"],
    }
    assert cluster.claims == set(held(new))


@pytest.mark.parametrize("type_", ["NodePort", "LoadBalancer"])
def test_cluster_ip_to_node_port_allocates(type_: str) -> None:
    cluster, _, new = transition(service(), type=type_)
    assert f"/claims/nodeports/{numbers(new)[0]}" in cluster.claims


def test_a_load_balancer_that_is_local_no_more_gives_its_health_check_port_back() -> None:
    before = node_port(type="LoadBalancer", externalTrafficPolicy="Local")
    cluster, old, new = transition(before, externalTrafficPolicy="Cluster")
    assert "healthCheckNodePort" not in new["spec"]
    assert f"/claims/nodeports/{old['spec']['healthCheckNodePort']}" not in cluster.claims


def test_a_load_balancer_that_becomes_local_gets_a_health_check_port() -> None:
    cluster, _, new = transition(node_port(type="LoadBalancer"), externalTrafficPolicy="Local")
    assert f"/claims/nodeports/{new['spec']['healthCheckNodePort']}" in cluster.claims


def test_a_load_balancer_without_allocation_keeps_only_the_numbers_that_are_sent() -> None:
    cluster, old, kept = transition(node_port(type="LoadBalancer"), allocateLoadBalancerNodePorts=False)
    assert numbers(kept) == numbers(old)
    dropped = cluster.put(node_port(type="LoadBalancer", allocateLoadBalancerNodePorts=False))
    assert numbers(dropped) == [None]
    assert cluster.claims == set(held(dropped))


def test_one_number_twice_in_an_update_is_an_internal_error() -> None:
    cluster = Cluster()
    cluster.put(node_port())
    ports = ({"port": 80, "name": "a", "nodePort": 30080}, {"port": 81, "name": "b", "nodePort": 30080})
    error = refusal(lambda: cluster.put(node_port("web", *ports)))
    assert (error.code, error.message) == (500, "duplicate nodePort: {TCP 30080}")


def test_deletion_gives_all_back() -> None:
    cluster = Cluster(DUAL_CLUSTER)
    cluster.put(node_port(type="LoadBalancer", externalTrafficPolicy="Local", ipFamilyPolicy="RequireDualStack"))
    assert len(cluster.claims) == 4
    cluster.delete("web")
    assert cluster.claims == set()


def test_two_protocols_of_one_port_stay_together_when_the_first_manifest_is_put_again() -> None:
    cluster = Cluster()
    manifest = node_port(
        "dns", {"port": 53, "name": "a"}, {"port": 53, "name": "b", "protocol": "UDP", "nodePort": 30053}
    )
    cluster.put(manifest)
    assert numbers(cluster.put(manifest)) == [30053, 30053]
