"""Builders of Services for the tests of the kind and of its allocation."""

from collections.abc import Callable
from copy import deepcopy
from random import Random
from typing import Any

from fairway.apiserver.allocate import Allocation, held, plan
from fairway.kinds import SERVICE
from fairway.objects import Object
from fairway.objects.errors import StatusError, invalid

IPV4_CLUSTER = ("10.96.0.0/16",)
DUAL_CLUSTER = ("10.96.0.0/16", "fd00:10:96::/112")
PORTS = range(30000, 32768)


def service(name: str = "web", **spec: Any) -> Object:
    """A Service as a user writes it; one port unless said otherwise."""
    spec.setdefault("ports", [{"port": 80}])
    spec.setdefault("selector", {"app": "web"})
    return {
        "apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {key: value for key, value in deepcopy(spec).items() if value is not None},
    }  # fmt: skip


class Cluster:
    """The write path of Services over a set of claims, in memory."""

    def __init__(self, cidrs: tuple[str, ...] = IPV4_CLUSTER, ports: range = PORTS, seed: int = 1) -> None:
        self.cidrs, self.ports, self.rng = cidrs, ports, Random(seed)
        self.claims: set[str] = set()
        self.live: dict[str, Object] = {}

    def plan(self, new: Object, old: Object | None = None, *, dry_run: bool = False) -> Allocation:
        """Default, prepare and plan ``new``, which is filled in."""
        SERVICE.defaults(new)
        SERVICE.prepare(new, old, "")
        return plan(
            new, old, cidrs=self.cidrs, node_ports=self.ports, rng=self.rng, dry_run=dry_run,
            is_ip_taken=lambda ip: f"/networking.k8s.io/ipaddresses/{ip}" in self.claims,
            is_port_taken=lambda number: f"/claims/nodeports/{number}" in self.claims,
        )  # fmt: skip

    def put(self, written: Object) -> Object:
        """Create or replace; nothing changes if that is refused.  Raises: ``StatusError``."""
        new = deepcopy(written)
        name = new["metadata"]["name"]
        old = self.live.get(name)
        allocation = self.plan(new, old)
        problems = list(SERVICE.validate(new, old))
        if problems:
            raise invalid("", "Service", name, problems)
        claimed = {claim.key for claim in allocation.claims}
        assert len(claimed) == len(allocation.claims), "claimed twice in one write"
        assert not claimed & self.claims, "claimed what somebody has"
        self.claims = (self.claims - set(allocation.releases)) | claimed
        self.live[name] = new
        return new

    def delete(self, name: str) -> None:
        """Remove a Service and give back all it held."""
        self.claims -= set(held(self.live.pop(name)))


def refusal(act: Callable[[], Any]) -> StatusError:
    """The error that ``act`` ends with."""
    try:
        act()
    except StatusError as error:
        return error
    raise AssertionError("nothing was refused")


def problems_of(error: StatusError) -> list[str]:
    """``field: message`` of every cause."""
    return [f"{cause['field']}: {cause['message']}" for cause in error.details["causes"]]
