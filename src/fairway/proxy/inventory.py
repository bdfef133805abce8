"""Inventory: the Services and slices that the proxy knows, and which Services are touched since it last looked.

Shape: changes go in one by one; ``take`` gives the touched keys; ``resolved`` answers for one of them.  Pure.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from fairway.proxy.model import NOTHING, READY, HealthCheck, NodeView, Resolved, Service, Settings, Slice, family_of
from fairway.proxy.resolve import resolve


class Inventory:
    """What there is, by Service (``namespace/name``)."""

    def __init__(self, node: NodeView, settings: Settings) -> None:
        self.node = node
        self.settings = settings
        self._given = settings
        self._service_cidrs: dict[str, tuple[str, ...]] = {}
        self._services: dict[str, Service] = {}
        self._slices: dict[str, dict[str, Slice]] = {}
        self._touched: dict[str, None] = {}
        self.changes: Counter[tuple[str, int]] = Counter()
        """How many there were, by ``service`` or ``endpoint`` and family."""
        self.pending_changes: Counter[tuple[str, int]] = Counter()
        """Those of them that came since everything was settled."""
        self._triggers: dict[str, list[tuple[int, float]]] = {}

    def __len__(self) -> int:
        return len(self._services)

    def __contains__(self, service: str) -> bool:
        return service in self._services

    @property
    def pending(self) -> int:
        """How many Services are touched."""
        return len(self._touched)

    def put_service(self, key: str, new: Service | None) -> None:
        """A Service came, changed or went."""
        old = self._services.get(key)
        if old == new:
            return
        if new is None:
            del self._services[key]
        else:
            self._services[key] = new
        ips = [at for each in (old, new) if each is not None for at in each.cluster_ips]
        self._count("service", {family_of(at) for at in ips})
        self._touched[key] = None

    def put_service_cidr(self, name: str, ranges: tuple[str, ...] | None) -> bool:
        """A ServiceCIDR came or went; those that there are count more than what the settings say.

        The answer is whether the ranges have changed.
        """
        if ranges is None:
            self._service_cidrs.pop(name, None)
        else:
            self._service_cidrs[name] = ranges
        known = tuple(sorted({each for mine in self._service_cidrs.values() for each in mine}))
        before, wanted = self.settings.service_cidrs, known or self._given.service_cidrs
        self.settings = replace(self.settings, service_cidrs=wanted)
        return before != wanted

    def put_slice(self, name: str, old: Slice | None, new: Slice | None) -> None:
        """A slice came, changed or went, perhaps from one Service to another."""
        if old is not None and (new is None or new.service != old.service):
            known = self._slices.get(old.service, {})
            known.pop(name, None)
            if not known:
                self._slices.pop(old.service, None)
            self._touch_endpoints(old.service, old.family, new)
        if new is not None:
            known = self._slices.setdefault(new.service, {})
            before = known.get(name)
            known[name] = new
            if before is None or before._replace(triggered_s=0) != new._replace(triggered_s=0):
                self._touch_endpoints(new.service, new.family, new)

    def _touch_endpoints(self, service: str, family: int, new: Slice | None) -> None:
        self._count("endpoint", (family,))
        self._touched[service] = None
        if new is not None and new.triggered_s:
            self._triggers.setdefault(service, []).append((family, new.triggered_s))

    def _count(self, kind: str, families: Iterable[int]) -> None:
        for family in families:
            self.changes[kind, family] += 1
            self.pending_changes[kind, family] += 1

    def touch(self, services: list[str]) -> None:
        """These are not done after all."""
        self._touched.update(dict.fromkeys(services))

    def touch_all(self) -> None:
        """Something changed that may concern every Service, such as the Node's zone."""
        self._touched.update(dict.fromkeys(self._services))

    def take(self, limit: int | None = None) -> list[str]:
        """The touched Services, oldest first, at most ``limit``; they count as untouched from here on."""
        if limit is None or len(self._touched) <= limit:
            taken, self._touched = list(self._touched), {}
            return taken
        taken = [key for key, _ in zip(self._touched, range(limit), strict=False)]
        for key in taken:
            del self._touched[key]
        return taken

    def settled(self) -> None:
        """Every change has been worked in."""
        self.pending_changes.clear()

    def take_triggers(self, services: list[str]) -> list[tuple[int, float]]:
        """Family and time (Unix time) of the changes that these Services answer to, where that is known."""
        return [each for key in services for each in self._triggers.pop(key, ())]

    def slices(self) -> Iterator[tuple[str, Slice]]:
        """All slices, by name (``namespace/name``)."""
        for known in self._slices.values():
            yield from known.items()

    def resolved(self, service: str) -> Resolved:
        """What the kernel should do for a Service; nothing if there is none."""
        found = self._services.get(service)
        if found is None:
            return NOTHING
        return resolve(found, self._slices.get(service, {}).values(), self.node, self.settings)

    def health_check(self, service: str) -> HealthCheck | None:
        """What load balancers may ask about a Service; ``None`` if nothing."""
        found = self._services.get(service)
        if found is None or not found.health_check_port:
            return None
        ready = {
            entry.address
            for each in self._slices.get(service, {}).values()
            for entry in each.endpoints
            if entry.node == self.node.name and entry.state & READY
        }
        ipv4 = sum(len(at) == 4 for at in ready)
        return HealthCheck(found.health_check_port, ipv4, len(ready) - ipv4)
