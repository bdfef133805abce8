"""Which slices mirror hand-written Endpoints."""

from typing import Any

from fairway.controllers.endpoint_slice_mirroring import is_mirrored, plan, skipped
from fairway.controllers.rules.slices import Writes
from fairway.objects import Object


def endpoints(*subsets: Object, **meta: Any) -> Object:
    return {"metadata": {"namespace": "d", "name": "web", "uid": "u", **meta}, "subsets": list(subsets)}


def subset(*ips: str, ready: bool = True, port: int = 80) -> Object:
    name = "addresses" if ready else "notReadyAddresses"
    return {name: [{"ip": ip} for ip in ips], "ports": [{"port": port, "protocol": "TCP"}]}


def stored(writes: Writes) -> list[Object]:
    return [
        {**new, "metadata": {**new["metadata"], "name": f"web-{number}"}} for number, new in enumerate(writes.create)
    ]


def test_a_mirror_is_upstreams() -> None:
    annotations = {
        "mine": "x", "endpoints.kubernetes.io/last-change-trigger-time": "T",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }  # fmt: skip
    (made,) = plan(endpoints(subset("192.0.2.1"), labels={"a": "b"}, annotations=annotations), []).create
    assert made == {
        "kind": "EndpointSlice", "apiVersion": "discovery.k8s.io/v1",
        "metadata": {
            "generateName": "web-", "namespace": "d",
            "labels": {
                "a": "b", "kubernetes.io/service-name": "web",
                "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
            },
            "ownerReferences": [
                {
                    "apiVersion": "v1", "kind": "Endpoints", "name": "web", "uid": "u",
                    "controller": True, "blockOwnerDeletion": True,
                }
            ],
            "annotations": {"mine": "x"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["192.0.2.1"], "conditions": {"ready": True}}],
        "ports": [{"name": "", "port": 80, "protocol": "TCP"}],
    }  # fmt: skip


def test_families_and_ports_have_slices_of_their_own() -> None:
    writes = plan(endpoints(subset("192.0.2.1", "2001:db8::1"), subset("192.0.2.2", port=81, ready=False)), [])
    shown = sorted(
        (one["addressType"], one["ports"][0]["port"], one["endpoints"][0]["conditions"]["ready"])
        for one in writes.create
    )
    assert shown == [("IPv4", 80, True), ("IPv4", 81, False), ("IPv6", 80, True)]


def test_what_is_mirrored_is_not_written_again_until_it_changes() -> None:
    before = endpoints(subset("192.0.2.1"))
    slices = stored(plan(before, []))
    assert not plan(before, slices)
    writes = plan(endpoints(subset("192.0.2.2")), slices)
    assert (len(writes.create), len(writes.update), len(writes.delete)) == (0, 1, 0)
    writes = plan(endpoints(subset("192.0.2.1"), annotations={"new": "x"}), slices)
    assert writes.update[0]["metadata"]["annotations"] == {"new": "x"}
    assert plan(endpoints(), slices).delete == slices


def test_only_endpoints_of_a_service_without_selector_are_mirrored() -> None:
    plain: Object = {"spec": {}}
    assert is_mirrored(endpoints(), plain)
    assert not is_mirrored(endpoints(), {"spec": {"selector": {"a": "b"}}})
    assert not is_mirrored(endpoints(), None)
    assert not is_mirrored(None, plain)
    assert not is_mirrored(endpoints(labels={"endpointslice.kubernetes.io/skip-mirror": "true"}), plain)
    assert not is_mirrored(endpoints(annotations={"control-plane.alpha.kubernetes.io/leader": "x"}), plain)


def test_addresses_that_cannot_be_mirrored_are_told() -> None:
    found = endpoints(subset("nonsense", *(f"10.0.{n // 250}.{n % 250}" for n in range(1003))))
    assert list(skipped(found)) == [
        ("InvalidIPAddress", "Skipped 1 invalid IP addresses when mirroring to EndpointSlices"),
        (
            "TooManyAddressesToMirror",
            "A max of 1000 addresses can be mirrored to EndpointSlices per Endpoints subset. 3 addresses were skipped",
        ),
    ]
    assert sum(len(one["endpoints"]) for one in plan(found, []).create) == 1000
