"""Cluster IPs: which address each family of a Service gets.

Shape: ``allocate`` completes clusterIPs of the fresh ``new`` and gives the problem to report, by address, should
somebody else take an address that the user chose.
Source: KEP-1880 (ServiceCIDR and IPAddress).
"""

from collections.abc import Callable, Sequence
from random import Random

from fairway.apiserver.allocate.bands import AddressRange
from fairway.apiserver.allocate.families import is_settled, refused
from fairway.kinds.rules.addresses import canonical
from fairway.kinds.service.transitions import NO_ADDRESS, needs_cluster_ip
from fairway.objects import Object
from fairway.objects.errors import Problem, internal, invalid_value

_TAKEN = "provided IP is already allocated"
_OUTSIDE = "the provided network does not match the current range"


def held(service: Object) -> list[str]:
    """The addresses that a Service owns, in canonical form."""
    spec = service["spec"]
    if not needs_cluster_ip(spec):
        return []
    return [canonical(ip) for ip in spec.get("clusterIPs") or () if ip and ip != NO_ADDRESS]


def allocate(
    new: Object, old: Object | None, ranges: Sequence[AddressRange], is_taken: Callable[[str], bool], rng: Random,
    *, dry_run: bool,
) -> dict[str, Problem]:  # fmt: skip
    """Fill in the missing addresses and check the chosen ones.

    Raises: ``StatusError`` 422 for a chosen address that cannot be had, 500 when every range is full.
    """
    spec = new["spec"]
    if spec.get("clusterIPs") == [NO_ADDRESS] or not needs_cluster_ip(spec):
        return {}
    first = _first_open(spec, {} if old is None else old["spec"])
    families = spec.get("ipFamilies") or []
    if first >= len(families):
        return {}
    ips = list(spec.get("clusterIPs") or ())
    ips += [""] * (len(families) - len(ips))
    spec["clusterIPs"] = ips
    chosen: dict[str, Problem] = {}
    for index in range(first, len(families)):
        usable = [each for each in ranges if each.family == families[index]]
        if not usable:
            raise refused(new, [invalid_value("spec.clusterIPs", ips, "failed to allocate IP: allocator not ready")])
        if ips[index]:
            chosen[canonical(ips[index])] = _check(new, ips[index], usable, is_taken)
        else:
            ips[index] = usable[0].base if dry_run else _pick(new, usable, is_taken, rng)
    if ips:
        spec["clusterIP"] = ips[0]
    return chosen


def _first_open(spec: Object, had: Object) -> int:
    """The first place whose address is not settled by the old Service."""
    if not had or not needs_cluster_ip(had):
        return 0
    grows = len(had.get("ipFamilies") or ()) == 1 and len(spec.get("ipFamilies") or ()) == 2
    if is_settled(spec, had) or had.get("clusterIPs") == [NO_ADDRESS] or not grows:
        return 2
    return 1


def _check(new: Object, ip: str, ranges: Sequence[AddressRange], is_taken: Callable[[str], bool]) -> Problem:
    ips = new["spec"]["clusterIPs"]

    def problem(why: str) -> Problem:
        return invalid_value("spec.clusterIPs", list(ips), f"failed to allocate IP {ip}: {why}")

    if not any(ip in each for each in ranges):
        raise refused(new, [problem(_OUTSIDE)])
    if is_taken(canonical(ip)):
        raise refused(new, [problem(_TAKEN)])
    return problem(_TAKEN)


def _pick(new: Object, ranges: Sequence[AddressRange], is_taken: Callable[[str], bool], rng: Random) -> str:
    for each in ranges:
        found = each.free(is_taken, rng)
        if found is not None:
            return found
    name = new["metadata"].get("name", "")
    raise internal(f'failed to allocate a serviceIP for Service "{name}": range is full')
