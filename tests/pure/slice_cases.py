"""Services, pods and stored slices as the tests of EndpointSlices know them."""

import copy
from typing import Any

from fairway.controllers.endpoint_slice import plan
from fairway.controllers.endpoint_slice.plan import NO_ZONES
from fairway.controllers.endpoint_slice.topology import Zones
from fairway.controllers.rules.slices import Writes
from fairway.objects import Object


def service(name: str = "web", **spec: Any) -> Object:
    spec.setdefault("ports", [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}])
    spec = {"type": "ClusterIP", "clusterIP": "10.96.0.7", "ipFamilies": ["IPv4"], "selector": {"app": name}, **spec}
    meta = {"namespace": "default", "name": name, "uid": f"uid-{name}", "labels": {"team": "a"}}
    return {"metadata": meta, "spec": spec}


def pod(number: int, ready: str = "True", port: int = 8080, **more: Any) -> Object:
    ip = f"10.244.{number // 250}.{number % 250 + 1}"
    meta = {"namespace": "default", "name": f"web-{number}", "uid": f"pod-{number}", "labels": {"app": "web"}}
    if more.get("leaving"):
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {
        "metadata": meta,
        "spec": {
            "nodeName": more.get("node", "n1"), **more.get("spec", {}),
            "containers": [{"name": "c", "ports": [{"name": "web", "containerPort": port, "protocol": "TCP"}]}],
        },
        "status": {
            "phase": more.get("phase", "Running"), "podIP": ip, "podIPs": more.get("ips", [{"ip": ip}]),
            "conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}],
        },
    }  # fmt: skip


NODES: dict[str, Object] = {
    "n1": {"metadata": {"name": "n1", "labels": {"topology.kubernetes.io/zone": "z1"}}},
    "n2": {"metadata": {}},
    **{f"in-{zone}": {"metadata": {"labels": {"topology.kubernetes.io/zone": zone}}} for zone in ("a", "b", "c")},
}


def planned(
    service: Object, pods: list[Object], slices: list[Object], limit: int = 100, zones: Zones = NO_ZONES,
    only: set[str] | None = None,
) -> Writes:  # fmt: skip
    """What is to be written; what was read stays as it was."""
    before = copy.deepcopy((service, pods, slices))
    writes = plan(service, pods, slices, lambda name: NODES.get(name), limit=limit, zones=zones, only=only)
    assert (service, pods, slices) == before, "what was read was changed"
    return writes


class Stored:
    """The slices after writes were carried out."""

    def __init__(self) -> None:
        self.slices: dict[str, Object] = {}
        self.count = 0

    def apply(self, writes: Writes) -> None:
        for new in writes.create:
            self.count += 1
            name = f"{new['metadata']['generateName']}{self.count}"
            self.slices[name] = {**new, "metadata": {**new["metadata"], "name": name}}
        for new in writes.update:
            assert new["metadata"]["name"] in self.slices
            self.slices[new["metadata"]["name"]] = new
        for old in writes.delete:
            del self.slices[old["metadata"]["name"]]

    @property
    def all(self) -> list[Object]:
        return list(self.slices.values())
