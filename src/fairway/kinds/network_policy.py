"""NetworkPolicy (networking.k8s.io/v1): who may talk to which pods.  Kept; Fairway does not enforce it yet.

Source: Kubernetes docs, "Network Policies"; API reference, "NetworkPolicy v1 networking.k8s.io".
"""

from collections.abc import Collection, Iterator

from fairway.kinds.kind import Column, Kind
from fairway.kinds.rules import addresses
from fairway.kinds.rules.address_forms import range_hint
from fairway.kinds.rules.cells import AGE, selector
from fairway.kinds.rules.values import child, drop_null, each, fill, port_number
from fairway.objects import Object, names
from fairway.objects.errors import Problem, forbidden_value, invalid_value, not_supported, required
from fairway.objects.labels import validate_label_selector

_DIRECTIONS = (("ingress", "from"), ("egress", "to"))
_TYPES = ("Ingress", "Egress")
_PROTOCOLS = ("TCP", "UDP", "SCTP")


def defaults(new: Object) -> None:
    """Ports are TCP's; a policy is about ingress, and about egress if it has rules for it."""
    spec = child(new, "spec")
    child(spec, "podSelector")
    drop_null(spec, "ingress", "egress", "policyTypes")
    for direction, _ in _DIRECTIONS:
        for rule in spec.get(direction) or ():
            for port in rule.get("ports") or ():
                fill(port, protocol="TCP")
    if not spec.get("policyTypes"):
        spec["policyTypes"] = list(_TYPES if spec.get("egress") else _TYPES[:1])


def validate(new: Object, old: Object | None) -> Iterator[Problem]:
    """Every broken rule; a range that stood in the old policy already need only be readable."""
    spec = new["spec"]
    known = frozenset(_ranges(old["spec"])) if old is not None else frozenset()
    yield from validate_label_selector(spec["podSelector"], "spec.podSelector")
    for direction, side in _DIRECTIONS:
        for index, rule in enumerate(spec.get(direction) or ()):
            path = f"spec.{direction}[{index}]"
            for place, port in enumerate(rule.get("ports") or ()):
                yield from _port(f"{path}.ports[{place}]", port)
            for place, peer in enumerate(rule.get(side) or ()):
                yield from _peer(f"{path}.{side}[{place}]", peer, known)
    types = spec["policyTypes"]
    if len(types) > len(_TYPES):
        yield invalid_value("spec.policyTypes", types, "may not specify more than two policyTypes")
        return
    for index, type_ in enumerate(types):
        if type_ not in _TYPES:
            yield not_supported(f"spec.policyTypes[{index}]", type_, _TYPES)


def _port(path: str, found: Object) -> Iterator[Problem]:
    protocol, port, end = found["protocol"], found.get("port"), found.get("endPort")
    if protocol not in _PROTOCOLS:
        yield not_supported(f"{path}.protocol", protocol, _PROTOCOLS)
    if isinstance(port, str):
        if end is not None:
            yield invalid_value(f"{path}.endPort", end, "may not be specified when `port` is non-numeric")
        yield from each(f"{path}.port", port, names.port_name(port))
    elif port is None:
        if end is not None:
            yield invalid_value(f"{path}.endPort", end, "may not be specified when `port` is not specified")
    else:
        yield from port_number(f"{path}.port", port)
        if end is not None:
            if end < port:
                yield invalid_value(f"{path}.endPort", end, "must be greater than or equal to `port`")
            yield from port_number(f"{path}.endPort", end)


def _peer(path: str, peer: Object, known: Collection[str]) -> Iterator[Problem]:
    selectors = [name for name in ("podSelector", "namespaceSelector") if peer.get(name) is not None]
    for name in selectors:
        yield from validate_label_selector(peer[name], f"{path}.{name}")
    block = peer.get("ipBlock")
    if block is not None:
        yield from _block(f"{path}.ipBlock", block, known)
        if selectors:
            yield forbidden_value(path, "may not specify both ipBlock and another peer")
    elif not selectors:
        yield required(path, "must specify a peer")


def _block(path: str, block: Object, known: Collection[str]) -> Iterator[Problem]:
    whole = block.get("cidr")
    if not whole:
        yield required(f"{path}.cidr")
        return
    yield from addresses.cidr(f"{path}.cidr", whole, known)
    outer = addresses.network(whole)
    if outer is None:
        return
    for index, text in enumerate(block.get("except") or ()):
        yield from addresses.cidr(f"{path}.except[{index}]", text, known)
        inner = addresses.network(text)
        if inner is not None and not _is_strictly_within(inner, outer):
            yield invalid_value(f"{path}.except[{index}]", text, "must be a strict subset of `cidr`")


def _is_strictly_within(inner: addresses.Network, outer: addresses.Network) -> bool:
    if inner.version != outer.version or inner.prefixlen <= outer.prefixlen:
        return False
    return inner.supernet(new_prefix=outer.prefixlen) == outer


def warnings(new: Object, old: Object | None) -> Iterator[str]:
    """Ranges of IPv6 that are better spelt another way."""
    for direction, side in _DIRECTIONS:
        for index, rule in enumerate(new["spec"].get(direction) or ()):
            for place, peer in enumerate(rule.get(side) or ()):
                block, path = peer.get("ipBlock") or {}, f"spec.{direction}[{index}].{side}[{place}].ipBlock"
                yield from range_hint(f"{path}.cidr", block.get("cidr") or "")
                for number, text in enumerate(block.get("except") or ()):
                    yield from range_hint(f"{path}.except[{number}]", text)


def _ranges(spec: Object) -> Iterator[str]:
    for direction, side in _DIRECTIONS:
        for rule in spec.get(direction) or ():
            for peer in rule.get(side) or ():
                block = peer.get("ipBlock") or {}
                yield from (block.get("cidr") or "", *(block.get("except") or ()))


NETWORK_POLICY = Kind(
    group="networking.k8s.io", version="v1", name="NetworkPolicy", plural="networkpolicies",
    short_names=("netpol",),
    columns=(Column("Pod-Selector", lambda policy, _: selector(policy["spec"].get("podSelector"))), AGE),
    defaults=defaults,
    validate=validate,
    warnings=warnings,
    judged_twice=True,
    has_generation=True,
)  # fmt: skip
