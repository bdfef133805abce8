"""What an Endpoints object says of the pods behind a Service."""

from collections.abc import Iterable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fairway.controllers import endpoints
from fairway.controllers.endpoints import offered
from fairway.controllers.rules.subsets import Offer, repack, truncate
from fairway.objects import Object


def service(**spec: Any) -> Object:
    spec = {
        "clusterIP": "10.96.0.7", "ipFamilies": ["IPv4"], "selector": {"app": "web"},
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}], **spec,
    }  # fmt: skip
    return {"metadata": {"namespace": "d", "name": "web", "labels": {"team": "a"}}, "spec": spec}


def pod(name: str, ip: str, port: int = 8080, ready: str = "True", **more: Any) -> Object:
    return {
        "metadata": {"namespace": "d", "name": name, "uid": f"uid-{name}", **more.get("metadata", {})},
        "spec": {
            "nodeName": "n1", **more.get("spec", {}),
            "containers": [{"name": "c", "ports": [{"name": "http", "containerPort": port}]}],
        },
        "status": {"phase": "Running", "podIP": ip, "conditions": [{"type": "Ready", "status": ready}]},
    }  # fmt: skip


def plan(service: Object, pods: Iterable[Object], current: Object | None, trigger_time: str = "") -> Object | None:
    return endpoints.plan(service, offered(service, pods), current, trigger_time)


def subsets(service: Object, *pods: Object) -> list[Object]:
    """The subsets with addresses cut down to their IP."""
    wanted = plan(service, pods, None)
    assert wanted is not None
    return [
        {name: [one["ip"] for one in value] if name != "ports" else value for name, value in subset.items()}
        for subset in wanted.get("subsets", [])
    ]


HTTP = [{"name": "http", "port": 8080, "protocol": "TCP"}]


def test_the_object_is_upstreams() -> None:
    assert plan(service(), [pod("a", "10.0.0.1")], None, "T") == {
        "kind": "Endpoints", "apiVersion": "v1",
        "metadata": {
            "name": "web", "namespace": "d",
            "labels": {"team": "a", "endpoints.kubernetes.io/managed-by": "endpoint-controller"},
            "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "T"},
        },
        "subsets": [
            {
                "addresses": [
                    {
                        "ip": "10.0.0.1", "nodeName": "n1",
                        "targetRef": {"kind": "Pod", "namespace": "d", "name": "a", "uid": "uid-a"},
                    }
                ],
                "ports": HTTP,
            }
        ],
    }  # fmt: skip


def test_without_pods_there_are_no_subsets() -> None:
    wanted = plan(service(), [], None)
    assert wanted is not None
    assert "subsets" not in wanted


def test_pods_that_are_not_ready_stand_apart() -> None:
    found = subsets(service(), pod("a", "10.0.0.1"), pod("b", "10.0.0.2", ready="False"))
    assert found == [{"addresses": ["10.0.0.1"], "notReadyAddresses": ["10.0.0.2"], "ports": HTTP}]
    publishing = service(publishNotReadyAddresses=True)
    found = subsets(publishing, pod("a", "10.0.0.1"), pod("b", "10.0.0.2", ready="False"))
    assert found == [{"addresses": ["10.0.0.1", "10.0.0.2"], "ports": HTTP}]


def test_a_leaving_pod_is_out_at_once_unless_all_are_published() -> None:
    leaving = pod("a", "10.0.0.1", metadata={"deletionTimestamp": "T"})
    assert subsets(service(), leaving) == []
    assert subsets(service(publishNotReadyAddresses=True), leaving) == [{"addresses": ["10.0.0.1"], "ports": HTTP}]


def test_pods_with_other_numbers_are_in_subsets_of_their_own() -> None:
    found = subsets(service(), pod("a", "10.0.0.1"), pod("b", "10.0.0.2", 9090))
    assert [(one["addresses"], one["ports"][0]["port"]) for one in found] == [
        (["10.0.0.1"], 8080),
        (["10.0.0.2"], 9090),
    ]


def test_ports_of_the_same_pods_stand_together() -> None:
    ports = [{"name": "a", "port": 80, "targetPort": 8080}, {"name": "b", "port": 443, "targetPort": 8443}]
    (found,) = subsets(service(ports=ports), pod("a", "10.0.0.1"), pod("b", "10.0.0.2"))
    assert [one["port"] for one in found["ports"]] == [8080, 8443]


def test_a_port_without_a_name_has_no_name() -> None:
    (found,) = subsets(service(ports=[{"port": 80, "targetPort": 8080}]), pod("a", "10.0.0.1"))
    assert found["ports"] == [{"port": 8080, "protocol": "TCP"}]


def test_a_headless_service_without_ports_still_has_addresses() -> None:
    assert subsets(service(clusterIP="None", ports=[]), pod("a", "10.0.0.1")) == [{"addresses": ["10.0.0.1"]}]


def test_a_pod_without_the_named_port_is_left_out() -> None:
    other = pod("a", "10.0.0.1")
    other["spec"]["containers"][0]["ports"] = []
    assert subsets(service(), other) == []


def test_a_host_name_within_the_service_is_told() -> None:
    named = pod("a", "10.0.0.1", spec={"hostname": "db-0", "subdomain": "web"})
    wanted = plan(service(), [named], None)
    assert wanted is not None
    assert wanted["subsets"][0]["addresses"][0]["hostname"] == "db-0"


def test_what_is_right_is_not_written_again_and_foreign_annotations_stay() -> None:
    wanted = plan(service(), [pod("a", "10.0.0.1")], None, "T")
    assert wanted is not None
    assert plan(service(), [pod("a", "10.0.0.1")], wanted, "later") is None
    wanted["metadata"]["annotations"]["mine"] = "x"
    changed = plan(service(), [pod("b", "10.0.0.2")], wanted)
    assert changed is not None
    assert changed["metadata"]["annotations"] == {"mine": "x"}


def test_more_than_a_thousand_addresses_are_cut_and_it_is_said() -> None:
    pods = [pod(f"p{n}", f"10.0.{n // 250}.{n % 250}", ready="True" if n % 2 else "False") for n in range(1500)]
    wanted = plan(service(), pods, None)
    assert wanted is not None
    (subset,) = wanted["subsets"]
    assert (len(subset["addresses"]), len(subset["notReadyAddresses"])) == (750, 250)
    assert wanted["metadata"]["annotations"] == {"endpoints.kubernetes.io/over-capacity": "truncated"}
    assert plan(service(), pods, wanted) is None
    fewer = plan(service(), pods[:10], wanted)
    assert fewer is not None
    assert "annotations" not in fewer["metadata"]


offers = st.lists(
    st.builds(
        lambda ip, ports, is_ready: Offer(
            {"ip": f"10.0.0.{ip}"}, [{"name": "", "port": port, "protocol": "TCP"} for port in sorted(ports)], is_ready
        ),
        st.integers(1, 6), st.sets(st.integers(1, 4), min_size=1, max_size=3), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


def expanded(subsets: list[Object]) -> set[tuple[str, int, bool]]:
    return {
        (address["ip"], port["port"], name == "addresses")
        for subset in subsets for name in ("addresses", "notReadyAddresses")
        for address in subset.get(name, ()) for port in subset["ports"]
    }  # fmt: skip


@given(offers)
def test_repacking_says_the_same_in_fewer_words(given_offers: list[Offer]) -> None:
    states: dict[tuple[str, int], bool] = {}
    for offer in given_offers:
        for port in offer.ports:
            key = (offer.address["ip"], port["port"])
            states[key] = states.get(key, True) and offer.is_ready
    found = repack(given_offers)
    assert expanded(found) == {(ip, port, is_ready) for (ip, port), is_ready in states.items()}
    assert len(found) <= len({port for _, port in states})
    assert repack(list(reversed(given_offers))) == found


@given(offers, st.integers(1, 8))
def test_cutting_keeps_ready_addresses_first(given_offers: list[Offer], limit: int) -> None:
    subsets = repack(given_offers)
    cut, is_cut = truncate(subsets, limit)
    counts = [sum(len(one.get(name, ())) for one in cut) for name in ("addresses", "notReadyAddresses")]
    before = [sum(len(one.get(name, ())) for one in subsets) for name in ("addresses", "notReadyAddresses")]
    assert sum(counts) == min(limit, sum(before))
    assert counts[0] == min(limit, before[0])
    assert is_cut is (sum(before) > limit)
