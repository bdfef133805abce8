"""A dataplane in a namespace and the tables behind it, driven step by step without informers."""

import asyncio
import random
from collections.abc import Iterable, Mapping
from typing import Any

from service_network import CLIENT_ADDRESS, NODE_ADDRESS, NODE_ADDRESS6, Namespace, Pod

from fairway.proxy.dataplanes.interface import Dataplane
from fairway.proxy.dataplanes.nftables import NftablesDataplane
from fairway.proxy.delta import Table
from fairway.proxy.fixed import fixed_elements
from fairway.proxy.inputs import service_of, slice_of
from fairway.proxy.inventory import Inventory
from fairway.proxy.model import NodeView, Settings, address
from fairway.proxy.words import AFFINITY_LIMIT, Elements

SETTINGS = Settings(
    service_cidrs=("10.96.0.0/16", "fd96::/112"), pod_cidrs=("10.244.0.0/24", "fd44::1:0/112", "fd44::1/128")
)  # fmt: skip
NODE = NodeView("here", zone="a", addresses=(address(NODE_ADDRESS), address(NODE_ADDRESS6)))


def service(name: str, *ips: str, ports: Iterable[Mapping[str, Any]] = (), **spec: Any) -> dict[str, Any]:
    """A Service object; one TCP port 80 unless others are named."""
    wanted = [dict(port) for port in ports] or [{"port": 80}]
    kind = spec.pop("type", "NodePort" if any("nodePort" in port for port in wanted) else "ClusterIP")
    status = spec.pop("status", {})
    return {
        "metadata": {"namespace": "default", "name": name},
        "spec": {"type": kind, "clusterIP": ips[0], "clusterIPs": list(ips), "ports": wanted, **spec},
        "status": status,
    }


def endpoint_slice(
    of: str, pods: Iterable[Pod], *, name: str = "1", ipv6: bool = False, ports: Iterable[Mapping[str, Any]] = (),
    conditions: Mapping[str, bool] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A slice with these pods; TCP port 8080 unless others are named."""
    return {
        "metadata": {
            "namespace": "default", "name": f"{of}-{name}", "labels": {"kubernetes.io/service-name": of},
        },
        "addressType": "IPv6" if ipv6 else "IPv4",
        "ports": [dict(port) for port in ports] or [{"port": 8080}],
        "endpoints": [
            {"addresses": [pod.ip6 if ipv6 else pod.ip], "nodeName": pod.node, "conditions": dict(conditions or {})}
            for pod in pods
        ],
    }  # fmt: skip


class ProgrammedTable:
    """Puts objects in and commits at once; ``restart`` is what a new process would do."""

    def __init__(self, where: Namespace, cluster: str = "t", settings: Settings = SETTINGS) -> None:
        self.where = where
        self.cluster = cluster
        self.inventory = Inventory(NODE, settings)
        self.dataplane: Dataplane = NftablesDataplane(cluster)
        self.tables: dict[int, Table] = {}
        self.operations = 0
        self._slices: dict[str, Any] = {}
        self.start()

    def start(self) -> int:
        """Adopt what is there; the answer is how many elements had to be touched."""
        return asyncio.run(self._start())

    def restart(self) -> int:
        """A new process: nothing is remembered but what the API tells and the kernel holds."""
        self.dataplane.close()
        self.dataplane = NftablesDataplane(self.cluster)
        return self.start()

    def put(self, *found: dict[str, Any]) -> int:
        """Services and slices come or change; the answer is how many elements were touched."""
        for each in found:
            if "addressType" in each:
                self._put_slice(each["metadata"]["name"], slice_of(each))
            else:
                self.inventory.put_service(f"default/{each['metadata']['name']}", service_of(each))
        return self.commit()

    def remove(self, *names: str) -> int:
        """Services (``web``) and slices (``web-1``) go."""
        for name in names:
            self.forget(name)
        return self.commit()

    def forget(self, name: str) -> None:
        """A Service or a slice goes with the next commit."""
        if name in self._slices:
            self._put_slice(name, None)
        else:
            self.inventory.put_service(f"default/{name}", None)

    def commit(self) -> int:
        return asyncio.run(self._commit())

    def sweep(self) -> int:
        """End stale flows; the answer is how many."""
        rules = {family: table.flow_rules() for family, table in self.tables.items()}
        return asyncio.run(self.dataplane.forget_flows(rules))

    def dump(self) -> dict[int, Elements]:
        return asyncio.run(self.dataplane.dump())

    def close(self) -> None:
        asyncio.run(self.dataplane.remove())

    def _put_slice(self, name: str, new: Any) -> None:
        self.inventory.put_slice(name, self._slices.pop(name, None), new)
        if new is not None:
            self._slices[name] = new

    async def _start(self) -> int:
        with self.where.entered():
            found = (await self.dataplane.open()).elements
        start = random.randrange(1, AFFINITY_LIMIT)
        self.tables = {family: Table(elements, affinity_start=start) for family, elements in found.items()}
        for family, table in self.tables.items():
            table.fix(fixed_elements(family, self.inventory.node, self.inventory.settings))
        self.inventory.touch_all()
        wanted = {key: self.inventory.resolved(key) for key in self.inventory.take()}
        changes = {
            family: table.start({key: ports[family == 6] for key, ports in wanted.items()}, found[family])
            for family, table in self.tables.items()
        }
        await self.dataplane.commit(changes)
        return sum(change.size for change in changes.values())

    async def _commit(self) -> int:
        wanted = {key: self.inventory.resolved(key) for key in self.inventory.take()}
        changes = {
            family: table.change({key: ports[family == 6] for key, ports in wanted.items()})
            for family, table in self.tables.items()
        }
        await self.dataplane.commit(changes)
        return sum(change.size for change in changes.values())


__all__ = ["CLIENT_ADDRESS", "NODE_ADDRESS", "ProgrammedTable", "endpoint_slice", "service"]
