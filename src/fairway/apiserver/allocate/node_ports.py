"""Node ports: which number each port of a Service gets on every node.

A number belongs to one Service whatever the protocol; within a Service, entries of the same port share theirs.
Shape: ``allocate`` completes the nodePort and healthCheckNodePort fields of the fresh ``new`` and gives the problem to
report, by number, should somebody else take a number that the user chose.
Source: Kubernetes docs, "Service", "type: NodePort"; KEP-3668 (static band).
"""

from collections.abc import Callable
from random import Random

from fairway.apiserver.allocate.bands import Bands, of_ports
from fairway.apiserver.allocate.families import refused
from fairway.kinds.service.transitions import allocates_node_ports, needs_health_check, node_ports
from fairway.objects import Object
from fairway.objects.errors import Problem, StatusError, internal, invalid_value

_TAKEN = "provided port is already allocated"
_HEALTH = "spec.healthCheckNodePort"


def held(service: Object) -> list[int]:
    """The numbers that a Service owns, each once."""
    spec = service["spec"]
    numbers = node_ports(spec) if spec.get("type") in ("NodePort", "LoadBalancer") else []
    if needs_health_check(spec) and spec.get("healthCheckNodePort"):
        numbers.append(spec["healthCheckNodePort"])
    return list(dict.fromkeys(numbers))


def allocate(
    new: Object, old: Object | None, ports: range, is_taken: Callable[[int], bool], rng: Random
) -> dict[int, Problem]:
    """Fill in the missing numbers and check the chosen ones.

    Raises: ``StatusError`` 422 for a chosen nodePort that cannot be had, 500 when the range is full.
    """
    spec = new["spec"]
    pool = _Pool(of_ports(ports.start, ports.stop - 1), is_taken, rng)
    if spec["type"] in ("NodePort", "LoadBalancer"):
        if old is None:
            _first_numbers(new, pool)
        else:
            _changed_numbers(new, set(node_ports(old["spec"])), pool)
    if needs_health_check(spec) and not (old is not None and needs_health_check(old["spec"])):
        _health_check(spec, pool)
    return pool.chosen


class _Pool:
    """The numbers of one operation: nothing is taken twice in it."""

    __slots__ = ("_bands", "_is_taken", "_picked", "_rng", "chosen")

    def __init__(self, bands: Bands, is_taken: Callable[[int], bool], rng: Random) -> None:
        self._bands = bands
        self._is_taken = is_taken
        self._rng = rng
        self._picked: set[int] = set()
        self.chosen: dict[int, Problem] = {}

    def take(self, number: int, path: str) -> str:
        """Why ``number`` cannot be had; empty if it is now ours."""
        if number not in self._bands:
            lowest, highest = self._bands.first, self._bands.last
            return f"provided port is not in the valid range. The range of valid ports is {lowest}-{highest}"
        if number in self._picked or self._is_taken(number):
            return _TAKEN
        self._picked.add(number)
        self.chosen[number] = invalid_value(path, number, _TAKEN)
        return ""

    def pick(self) -> int | None:
        """A free number, now ours; ``None`` if there is none."""
        number = self._bands.free(lambda number: number in self._picked or self._is_taken(number), self._rng)
        if number is not None:
            self._picked.add(number)
        return number


def _take(new: Object, index: int, number: int, pool: _Pool) -> None:
    path = f"spec.ports[{index}].nodePort"
    why = pool.take(number, path)
    if why:
        raise refused(new, [invalid_value(path, number, why)])


def _pick(pool: _Pool) -> int:
    number = pool.pick()
    if number is None:
        raise internal("failed to allocate a nodePort: range is full")
    return number


def _first_numbers(new: Object, pool: _Pool) -> None:
    """On create an entry without a number shares that of another entry of the same port, wherever it stands."""
    spec = new["spec"]
    ports = spec.get("ports") or []
    by_port: dict[int, int] = {}
    for index, port in enumerate(ports):
        number = port.get("nodePort")
        if not number and not allocates_node_ports(spec):
            continue
        shared = by_port.get(port.get("port"))
        if shared is not None:
            if not number:
                port["nodePort"] = shared
            elif number != shared:
                _take(new, index, number, pool)
            continue
        asked = next((p["nodePort"] for p in ports if p.get("port") == port.get("port") and p.get("nodePort")), None)
        if asked:
            _take(new, index, asked, pool)
        by_port[port.get("port")] = port["nodePort"] = asked or _pick(pool)


def _changed_numbers(new: Object, owned: set[int], pool: _Pool) -> None:
    """On update every number is judged by itself; those that the Service has already stay free of charge."""
    spec = new["spec"]
    seen: set[tuple[str, int]] = set()
    taken: set[int] = set()
    for index, port in enumerate(spec.get("ports") or ()):
        number = port.get("nodePort")
        if not number:
            if not allocates_node_ports(spec):
                continue
            number = port["nodePort"] = _pick(pool)
        elif number not in owned and number not in taken:
            _take(new, index, number, pool)
        taken.add(number)
        pair = (port["protocol"], number)
        if pair in seen:
            raise StatusError(500, "", f"duplicate nodePort: {{{pair[0]} {pair[1]}}}")
        seen.add(pair)


def _health_check(spec: Object, pool: _Pool) -> None:
    number = spec.get("healthCheckNodePort")
    if number:
        why = pool.take(number, _HEALTH)
        if why:
            raise internal(f"failed to allocate requested HealthCheck NodePort {number}: {why}")
        return
    found = pool.pick()
    if found is None:
        raise internal("failed to allocate a HealthCheck NodePort 0: range is full")
    spec["healthCheckNodePort"] = found
