"""What one change costs does not depend on what else there is: counted in calls, which no busy machine falsifies."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from fairway.proxy.delta import Table
from fairway.proxy.inputs import service_of, slice_of
from fairway.proxy.inventory import Inventory
from fairway.proxy.model import NodeView, Settings


def service(number: int) -> dict[str, Any]:
    at = f"10.96.{number >> 8}.{number & 255}"
    return {
        "metadata": {"namespace": "default", "name": f"s{number}"},
        "spec": {"type": "ClusterIP", "clusterIP": at, "ports": [{"port": 80}, {"name": "dns", "port": 53,
                 "protocol": "UDP"}]},
    }  # fmt: skip


def endpoint_slice(number: int, last: int = 1) -> dict[str, Any]:
    ips = [f"10.{number >> 8}.{number & 255}.{each}" for each in (last, 200, 201)]
    labels = {"kubernetes.io/service-name": f"s{number}"}
    return {
        "metadata": {"namespace": "default", "name": f"s{number}-1", "labels": labels},
        "addressType": "IPv4", "ports": [{"port": 8080}, {"name": "dns", "port": 53, "protocol": "UDP"}],
        "endpoints": [{"addresses": [ip], "nodeName": "here", "conditions": {}} for ip in ips],
    }  # fmt: skip


class World:
    """An inventory and a table with so many Services."""

    def __init__(self, size: int) -> None:
        self.inventory = Inventory(NodeView("here"), Settings(("10.96.0.0/16",), ("10.244.0.0/16",)))
        self.table = Table()
        for number in range(size):
            self.put_slice(number)
            self.inventory.put_service(f"default/s{number}", service_of(service(number)))
        self.commit()

    def put_slice(self, number: int, last: int = 1) -> None:
        self.inventory.put_slice(f"default/s{number}-1", None, slice_of(endpoint_slice(number, last)))

    def commit(self) -> None:
        touched = self.inventory.take()
        self.table.change({key: self.inventory.resolved(key).ipv4 for key in touched})
        self.table.flow_rules()


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, Python's own included."""
    count = 0

    def seen(_: Any, event: str, __: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(seen)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def change_endpoint(world: World) -> None:
    world.put_slice(3, last=7)
    world.commit()


def add_service(world: World) -> None:
    world.put_slice(50_000)
    world.inventory.put_service("default/s50000", service_of(service(50_000)))
    world.commit()


def remove_service(world: World) -> None:
    world.inventory.put_service("default/s3", None)
    world.commit()


@pytest.mark.parametrize("change", [change_endpoint, add_service, remove_service])
def test_one_change_costs_the_same_among_ten_and_among_three_thousand(change: Callable[[World], None]) -> None:
    few, many = World(10), World(3_000)
    assert calls(lambda: change(many)) == calls(lambda: change(few))
