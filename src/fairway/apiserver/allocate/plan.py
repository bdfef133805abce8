"""The plan of one write of a Service: values to fill in, claims to make, claims to release."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from fairway.apiserver.allocate import cluster_ips, families, node_ports
from fairway.apiserver.allocate.bands import of_cidr
from fairway.kinds import IP_ADDRESS
from fairway.kinds.kind import Claim
from fairway.kinds.rules.addresses import IPV4, family
from fairway.kinds.service.transitions import carry_over, sync_cluster_ips, wipe
from fairway.objects import Object
from fairway.objects.errors import Problem

FAMILY_LABEL = "ipaddress.kubernetes.io/ip-family"
MANAGED_BY_LABEL = "ipaddress.kubernetes.io/managed-by"
MANAGER = "ipallocator.k8s.io"


@dataclass(frozen=True, slots=True)
class Allocation:
    """What to commit together with the Service.

    ``claims`` are puts that must not exist yet; one without a problem was picked at random, and losing it to somebody
    else means to plan again.  ``releases`` are store keys to delete.
    """

    claims: list[Claim] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)


def plan(
    new: Object,
    old: Object | None,
    *,
    cidrs: Sequence[str],
    node_ports: range,
    is_ip_taken: Callable[[str], bool],
    is_port_taken: Callable[[int], bool],
    rng: Random,
    dry_run: bool = False,
) -> Allocation:
    """Complete ``new`` (defaulted and prepared; ``old`` is ``None`` on create) and tell what that takes.

    ``cidrs`` are the ranges of the ready ServiceCIDRs, the cluster's first family first.  ``is_ip_taken`` gets
    canonical addresses.  A dry run checks all, shows plausible values and claims nothing.  Not for writes of the
    status: there the spec belongs to ``old``.

    Raises: ``StatusError`` 422 for wishes that cannot be met, 500 when a range is full; nothing was claimed then.
    """
    if old is not None:
        carry_over(new, old)
    sync_cluster_ips(new, old)
    if old is not None:
        wipe(new, old)
    ranges = [of_cidr(cidr) for cidr in cidrs]
    available = list(dict.fromkeys(each.family for each in ranges)) or [IPV4]
    families.infer(new, old, available)
    chosen_ips = cluster_ips.allocate(new, old, ranges, is_ip_taken, rng, dry_run=dry_run)
    chosen_ports = _node_ports(new, old, node_ports, is_port_taken, rng)
    if dry_run:
        return Allocation()
    return _difference(new, old, chosen_ips, chosen_ports)


def _node_ports(
    new: Object, old: Object | None, ports: range, is_taken: Callable[[int], bool], rng: Random
) -> dict[int, Problem]:
    if new["spec"]["type"] in ("ClusterIP", "ExternalName"):
        return {}
    return node_ports.allocate(new, old, ports, is_taken, rng)


def _difference(
    new: Object, old: Object | None, chosen_ips: dict[str, Problem], chosen_ports: dict[int, Problem]
) -> Allocation:
    had_ips = [] if old is None else cluster_ips.held(old)
    had_ports = [] if old is None else node_ports.held(old)
    ips, ports = cluster_ips.held(new), node_ports.held(new)
    claims = [_address_claim(new, ip, chosen_ips.get(ip)) for ip in ips if ip not in had_ips]
    claims += [Claim(node_port_key(n), None, chosen_ports.get(n)) for n in ports if n not in had_ports]
    releases = [IP_ADDRESS.key(None, ip) for ip in had_ips if ip not in ips]
    releases += [node_port_key(n) for n in had_ports if n not in ports]
    return Allocation(claims, releases)


def held(service: Object) -> list[str]:
    """Every store key that a live Service owns: its IPAddress objects and its node ports' claims."""
    keys = [IP_ADDRESS.key(None, ip) for ip in cluster_ips.held(service)]
    return keys + [node_port_key(number) for number in node_ports.held(service)]


def node_port_key(number: int) -> str:
    """The bare key that claims a node port."""
    return f"/claims/nodeports/{number}"


def address_of(service: Object, ip: str) -> Object:
    """The IPAddress object that says that a Service has an address (in canonical form)."""
    meta = service["metadata"]
    parent = {"resource": "services", "namespace": meta.get("namespace", ""), "name": meta.get("name", "")}
    return {
        "kind": "IPAddress",
        "apiVersion": "networking.k8s.io/v1",
        "metadata": {"name": ip, "labels": {FAMILY_LABEL: family(ip), MANAGED_BY_LABEL: MANAGER}},
        "spec": {"parentRef": parent},
    }


def _address_claim(service: Object, ip: str, problem: Problem | None) -> Claim:
    return Claim(IP_ADDRESS.key(None, ip), address_of(service, ip), problem)
