"""What is legal in a Service but has no effect, or will not last.

Source: Kubernetes docs, "Service"; KEP-3015 (traffic distribution), KEP-4858 (address forms).
"""

from collections.abc import Iterator

from fairway.kinds.rules import host_ports
from fairway.kinds.rules.address_forms import address_hint, address_hints, range_hint
from fairway.kinds.service.transitions import is_headless
from fairway.kinds.service.validation import TOPOLOGY_HINTS, TOPOLOGY_MODE
from fairway.objects import Object


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Texts for ``Warning:`` headers."""
    spec = new["spec"]
    if TOPOLOGY_HINTS in (new["metadata"].get("annotations") or ()):
        yield f"annotation {TOPOLOGY_HINTS} is deprecated, please use {TOPOLOGY_MODE} instead"
    yield from address_hints("spec.clusterIPs", [ip for ip in spec.get("clusterIPs") or () if ip != "None"])
    external = spec.get("externalIPs") or []
    if is_headless(spec):
        yield from _ignored_when_headless(spec)
    elif external and spec.get("type") != "ExternalName":
        yield "spec.externalIPs is deprecated and may no longer be implemented in some clusters"
    yield from address_hints("spec.externalIPs", external)
    if balancer := spec.get("loadBalancerIP"):
        yield from address_hint("spec.loadBalancerIP", balancer)
    for index, cidr in enumerate(spec.get("loadBalancerSourceRanges") or ()):
        yield from range_hint(f"spec.loadBalancerSourceRanges[{index}]", cidr)
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
