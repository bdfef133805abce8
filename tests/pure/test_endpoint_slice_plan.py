"""Which EndpointSlices are written when pods come and go."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from slice_cases import NODES, Stored, planned, pod, service

from fairway.controllers.endpoint_slice import plan
from fairway.controllers.rules.slices import Writes
from fairway.objects import Object


def endpoints(writes: Writes) -> list[Object]:
    return [endpoint for new in (*writes.create, *writes.update) for endpoint in new["endpoints"]]


def conditions(service: Object, one: Object) -> tuple[bool, bool, bool]:
    (endpoint,) = endpoints(planned(service, [one], []))
    found = endpoint["conditions"]
    return found["ready"], found["serving"], found["terminating"]


def test_a_slice_is_upstreams_byte_for_byte() -> None:
    writes = plan(service(), [pod(1)], [], lambda name: NODES.get(name), trigger_time="2026-01-01T00:00:00Z")
    assert writes.create == [
        {
            "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1",
            "metadata": {
                "generateName": "web-", "namespace": "default",
                "labels": {
                    "team": "a", "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
                    "kubernetes.io/service-name": "web",
                },
                "ownerReferences": [
                    {
                        "apiVersion": "v1", "kind": "Service", "name": "web", "uid": "uid-web",
                        "controller": True, "blockOwnerDeletion": True,
                    }
                ],
                "annotations": {"endpoints.kubernetes.io/last-change-trigger-time": "2026-01-01T00:00:00Z"},
            },
            "addressType": "IPv4",
            "endpoints": [
                {
                    "addresses": ["10.244.0.2"], "conditions": {"ready": True, "serving": True, "terminating": False},
                    "targetRef": {"kind": "Pod", "namespace": "default", "name": "web-1", "uid": "pod-1"},
                    "nodeName": "n1", "zone": "z1",
                }
            ],
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        }
    ]  # fmt: skip


def test_conditions_follow_the_truth_table() -> None:
    publishing = service(publishNotReadyAddresses=True)
    assert conditions(service(), pod(1)) == (True, True, False)
    assert conditions(service(), pod(1, "False")) == (False, False, False)
    assert conditions(service(), pod(1, leaving=True)) == (False, True, True)
    assert conditions(service(), pod(1, "False", leaving=True)) == (False, False, True)
    assert conditions(publishing, pod(1, "False")) == (True, False, False)
    assert conditions(publishing, pod(1, leaving=True)) == (True, True, True)


def test_pods_that_ended_or_have_no_address_are_left_out() -> None:
    pods = [pod(1, phase="Failed"), pod(2, phase="Succeeded"), {**pod(3), "status": {"phase": "Pending"}}]
    assert endpoints(planned(service(), pods, [])) == []


def test_a_pod_on_an_unknown_node_waits_unless_all_are_published() -> None:
    assert endpoints(planned(service(), [pod(1, node="gone")], [])) == []
    assert len(endpoints(planned(service(publishNotReadyAddresses=True), [pod(1, node="gone")], []))) == 1


def test_without_endpoints_there_is_one_empty_slice() -> None:
    stored = Stored()
    stored.apply(planned(service(), [], []))
    assert [(found["endpoints"], found["ports"]) for found in stored.all] == [([], [])]
    assert not planned(service(), [], stored.all)


def test_the_empty_slice_becomes_the_first_real_one() -> None:
    stored = Stored()
    stored.apply(planned(service(), [], []))
    writes = planned(service(), [pod(1)], stored.all)
    assert (len(writes.create), len(writes.update), len(writes.delete)) == (0, 1, 0)


def test_the_last_real_slice_becomes_the_empty_one() -> None:
    stored = Stored()
    stored.apply(planned(service(), [pod(1)], []))
    writes = planned(service(), [], stored.all)
    assert (len(writes.create), len(writes.update), len(writes.delete)) == (0, 1, 0)
    assert (writes.update[0]["endpoints"], writes.update[0]["ports"]) == ([], [])


def test_pods_with_other_numbers_behind_a_named_port_have_slices_of_their_own() -> None:
    named = service(ports=[{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web"}])
    writes = planned(named, [pod(1, port=8080), pod(2, port=9090), pod(3, port=8080)], [])
    shown = {new["ports"][0]["port"]: [one["addresses"][0] for one in new["endpoints"]] for new in writes.create}
    assert shown == {8080: ["10.244.0.2", "10.244.0.4"], 9090: ["10.244.0.3"]}


def test_a_sidecars_port_counts_but_not_an_init_containers() -> None:
    named = service(ports=[{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "side"}])
    ports = [{"name": "side", "containerPort": 7, "protocol": "TCP"}]
    sidecar = pod(1, spec={"initContainers": [{"name": "s", "restartPolicy": "Always", "ports": ports}]})
    initial = pod(2, spec={"initContainers": [{"name": "s", "ports": ports}]})
    writes = planned(named, [sidecar, initial], [])
    assert sorted(str(new["ports"]) for new in writes.create) == [
        "[]", "[{'name': 'http', 'port': 7, 'protocol': 'TCP'}]",
    ]  # fmt: skip


def test_a_headless_service_may_have_no_ports() -> None:
    writes = planned(service(clusterIP="None", ports=[]), [pod(1)], [])
    assert writes.create[0]["ports"] == []
    assert len(writes.create[0]["endpoints"]) == 1
    assert writes.create[0]["metadata"]["labels"]["service.kubernetes.io/headless"] == ""


def test_both_families_have_slices_and_a_family_that_is_given_up_loses_them() -> None:
    both = service(ipFamilies=["IPv4", "IPv6"])
    dual = pod(1, ips=[{"ip": "10.244.0.2"}, {"ip": "fd00::2"}])
    stored = Stored()
    stored.apply(planned(both, [dual], []))
    assert {found["addressType"]: found["endpoints"][0]["addresses"] for found in stored.all} == {
        "IPv4": ["10.244.0.2"], "IPv6": ["fd00::2"],
    }  # fmt: skip
    writes = planned(service(), [dual], stored.all)
    assert [old["addressType"] for old in writes.delete] == ["IPv6"]


def test_hints_follow_the_traffic_distribution() -> None:
    def hints(wish: str, **more: Any) -> Any:
        (endpoint,) = endpoints(planned(service(trafficDistribution=wish), [pod(1, **more)], []))
        return endpoint.get("hints")

    assert hints("PreferSameZone") == {"forZones": [{"name": "z1"}]}
    assert hints("PreferClose") == {"forZones": [{"name": "z1"}]}
    assert hints("PreferSameNode") == {"forZones": [{"name": "z1"}], "forNodes": [{"name": "n1"}]}
    assert hints("PreferSameZone", ready="False") is None
    assert hints("PreferSameZone", node="n2") is None


def test_a_slice_that_is_leaving_is_replaced_and_not_written() -> None:
    stored = Stored()
    stored.apply(planned(service(), [pod(1)], []))
    (found,) = stored.all
    leaving = {**found, "metadata": {**found["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    writes = planned(service(), [pod(1)], [leaving])
    assert (len(writes.create), len(writes.update), len(writes.delete)) == (1, 0, 0)


def test_slices_of_an_older_service_of_the_name_are_deleted() -> None:
    stored = Stored()
    older = service()
    older["metadata"]["uid"] = "uid-old"
    stored.apply(planned(older, [pod(1)], []))
    writes = planned(service(), [pod(1)], stored.all)
    assert (len(writes.create), len(writes.update), len(writes.delete)) == (1, 0, 1)


def test_what_somebody_else_changed_is_put_right() -> None:
    stored = Stored()
    stored.apply(planned(service(), [pod(1), pod(2)], []))
    (found,) = stored.all
    for spoiled in (
        {**found, "endpoints": found["endpoints"][:1]},
        {**found, "endpoints": [*found["endpoints"], {"addresses": ["9.9.9.9"], "conditions": {}}]},
        {**found, "metadata": {**found["metadata"], "labels": {**found["metadata"]["labels"], "foreign": "x"}}},
    ):
        writes = planned(service(), [pod(1), pod(2)], [spoiled])
        assert (len(writes.create), len(writes.update), len(writes.delete)) == (0, 1, 0)
        assert sorted(one["addresses"][0] for one in writes.update[0]["endpoints"]) == ["10.244.0.2", "10.244.0.3"]


def test_a_service_that_is_leaving_gets_no_new_slice() -> None:
    leaving = service()
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert planned(leaving, [pod(1)], []).create == []


def test_one_pod_more_is_one_write_to_the_slice_it_fits_most_tightly() -> None:
    stored = Stored()
    stored.apply(planned(service(), [pod(n) for n in range(7)], [], limit=4))
    sizes = sorted(len(found["endpoints"]) for found in stored.all)
    assert sizes == [3, 4]
    writes = planned(service(), [pod(n) for n in range(8)], stored.all, limit=4)
    assert (len(writes.create), len(writes.update), len(writes.delete)) == (0, 1, 0)


def test_one_pod_less_touches_its_slice_only() -> None:
    stored = Stored()
    stored.apply(planned(service(), [pod(n) for n in range(350)], []))
    writes = planned(service(), [pod(n) for n in range(350) if n != 120], stored.all)
    assert (len(writes.create), len(writes.update), len(writes.delete)) == (0, 1, 0)


pod_sets = st.dictionaries(
    st.integers(0, 40),
    st.tuples(st.sampled_from(["True", "False"]), st.sampled_from([8080, 9090]), st.booleans()),
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(pod_sets, min_size=1, max_size=6), st.integers(1, 7))
def test_after_any_history_every_pod_is_in_one_slice_and_nothing_is_left_to_do(
    history: list[dict[int, tuple[str, int, bool]]], limit: int
) -> None:
    named = service(ports=[{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "web"}])
    stored = Stored()
    for present in history:
        pods = [pod(n, ready, port, leaving=leaving) for n, (ready, port, leaving) in present.items()]
        stored.apply(planned(named, pods, stored.all, limit))
        assert not planned(named, pods, stored.all, limit)
        assert all(len(found["endpoints"]) <= limit for found in stored.all)
        found = sorted(one["targetRef"]["uid"] for each in stored.all for one in each["endpoints"])
        assert found == sorted(f"pod-{n}" for n in present)
        ready = {
            one["targetRef"]["uid"] for each in stored.all for one in each["endpoints"] if one["conditions"]["ready"]
        }
        assert ready == {f"pod-{n}" for n, (state, _, leaving) in present.items() if state == "True" and not leaving}


@settings(max_examples=100, deadline=None)
@given(st.sets(st.integers(0, 60), min_size=1, max_size=40), st.integers(0, 60), st.integers(2, 9))
def test_one_changed_pod_is_at_most_one_write(present: set[int], changed: int, limit: int) -> None:
    stored = Stored()
    stored.apply(planned(service(), [pod(n) for n in sorted(present)], [], limit))
    after = present ^ {changed}
    writes = planned(service(), [pod(n) for n in sorted(after)], stored.all, limit)
    assert len(writes.create) + len(writes.update) + len(writes.delete) <= 1
