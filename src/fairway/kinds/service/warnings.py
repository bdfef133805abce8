"""What is legal in a Service but has no effect, or will not last.

Source: Kubernetes docs, "Service"; KEP-3015 (traffic distribution), KEP-4858 (address forms).
"""

from collections.abc import Iterator

from fairway.kinds.rules import addresses, host_ports
from fairway.kinds.service.transitions import is_headless
from fairway.kinds.service.validation import TOPOLOGY_HINTS, TOPOLOGY_MODE
from fairway.objects import Object


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Texts for ``Warning:`` headers."""
    spec = new["spec"]
    if TOPOLOGY_HINTS in (new["metadata"].get("annotations") or ()):
        yield f"annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"
    yield from _addresses("spec.clusterIPs", [ip for ip in spec.get("clusterIPs") or () if ip != "None"])
    external = spec.get("externalIPs") or []
    if is_headless(spec):
        yield from _ignored_when_headless(spec)
    elif external and spec.get("type") != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    yield from _addresses("spec.externalIPs", external)
    if balancer := spec.get("loadBalancerIP"):
        yield from _form("spec.loadBalancerIP", balancer)
    if spec.get("type") == "ExternalName":
        if external:
            yield 'spec.externalIPs is ignored when spec.type is "ExternalName"'
    elif spec.get("externalName"):
        yield 'spec.externalName is ignored when spec.type is not "ExternalName"'
    if spec.get("trafficDistribution") == "PreferClose":
        yield 'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"'
    yield from host_ports.warnings(new)


def _ignored_when_headless(spec: Object) -> Iterator[str]:
    if spec.get("loadBalancerIP"):
        yield "spec.loadBalancerIP is ignored for headless services"
    if spec.get("externalIPs"):
        yield "spec.externalIPs is ignored for headless services"
    if spec.get("sessionAffinity", "None") != "None":
        yield "spec.SessionAffinity is ignored for headless services"


def _addresses(path: str, ips: list[str]) -> Iterator[str]:
    for index, ip in enumerate(ips):
        yield from _form(f"{path}[{index}]", ip)


def _form(path: str, ip: str) -> Iterator[str]:
    wanted = addresses.canonical(ip)
    if wanted == ip or addresses.parsed(ip) is None:
        return
    if addresses.family(ip) == addresses.IPV6:
        yield f'{path}: IPv6 address "{ip}" should be in RFC 5952 canonical format ("{wanted}")'
    else:
        yield f'{path}: non-standard IP address "{ip}" is invalid: use "{wanted}"'
