"""Rules of clusterIP, clusterIPs, ipFamilies and ipFamilyPolicy, alone and across an update.

Shape: ``problems`` is run by the allocation before it infers anything, and again with the whole Service.
Source: KEP-563 (dual-stack).
"""

from collections.abc import Iterator, Sequence

from fairway.kinds.rules import addresses
from fairway.kinds.service.transitions import NO_ADDRESS, is_headless, needs_cluster_ip
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, first, invalid_value, not_supported, required

SINGLE = "SingleStack"
PREFER_DUAL = "PreferDualStack"
REQUIRE_DUAL = "RequireDualStack"
_POLICIES = (PREFER_DUAL, REQUIRE_DUAL, SINGLE)
_FAMILIES = (addresses.IPV4, addresses.IPV6)
_UNCHANGEABLE = "may not change once set"


def problems(spec: Object, known: Sequence[str] = ()) -> Iterator[Problem]:
    """What is wrong within the four fields; ``known`` are the addresses that the old Service had."""
    if not needs_cluster_ip(spec):
        return
    ips = spec.get("clusterIPs") or []
    yield from _pairing(spec.get("clusterIP", ""), ips)
    yield from _families(spec.get("ipFamilies") or ())
    policy = spec.get("ipFamilyPolicy")
    if policy is not None and policy not in _POLICIES:
        yield not_supported("spec.ipFamilyPolicy", policy, _POLICIES)
    faults = first(_addresses(ips, known))
    yield from faults
    if len(ips) > 2:
        yield invalid_value("spec.clusterIPs", ips, "may only hold up to 2 values")
    if not faults:
        yield from _matching(spec, ips)


def _pairing(single: str, several: list[str]) -> Iterator[Problem]:
    if not single:
        if several:
            yield invalid_value("spec.clusterIPs", several, "must be empty when `clusterIP` is not specified")
    elif not several:
        yield required("spec.clusterIPs")
    elif several[0] != single:
        yield invalid_value("spec.clusterIPs", several, "first value must match `clusterIP`")


def _families(families: Sequence[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, family in enumerate(families):
        if family not in _FAMILIES:
            yield not_supported(f"spec.ipFamilies[{index}]", family, _FAMILIES)
        if family in seen:
            yield duplicate(f"spec.ipFamilies[{index}]", family)
        seen.add(family)


def _addresses(ips: list[str], known: Sequence[str]) -> Iterator[Problem]:
    for index, ip in enumerate(ips):
        if index or ip != NO_ADDRESS:
            yield from addresses.ip(f"spec.clusterIPs[{index}]", ip, known)
        elif len(ips) > 1:
            yield invalid_value("spec.clusterIPs", ips, "'None' must be the first and only value")


def _matching(spec: Object, ips: list[str]) -> Iterator[Problem]:
    if len(ips) > 1 and len({addresses.family(ip) for ip in ips}) != 2:
        yield invalid_value("spec.clusterIPs", ips, "may specify no more than one IP for each IP family")
    if is_headless(spec):
        return
    for index, (ip, family) in enumerate(zip(ips, spec.get("ipFamilies") or (), strict=False)):
        if family in _FAMILIES and addresses.family(ip) != family:
            yield invalid_value(
                f"spec.clusterIPs[{index}]", ip, f"expected an {family} value as indicated by `ipFamilies[{index}]`"
            )


def update_problems(new: Object, old: Object) -> Iterator[Problem]:
    """What an update may not change; with ExternalName on either side everything may."""
    wanted, had = new["spec"], old["spec"]
    if not needs_cluster_ip(wanted) or not needs_cluster_ip(had):
        return
    is_headless_now, was_headless = is_headless(wanted), is_headless(had)
    if not (is_headless_now and was_headless):
        yield from _address_changes(wanted, had.get("clusterIPs") or [])
    if not is_headless_now and not was_headless:
        yield from _family_changes(wanted, had.get("ipFamilies") or [])


def _address_changes(wanted: Object, before: list[str]) -> Iterator[Problem]:
    after = wanted.get("clusterIPs") or []
    if len(before) == len(after):
        for index, (was, now) in enumerate(zip(before, after, strict=True)):
            if was != now:
                yield invalid_value(f"spec.clusterIPs[{index}]", after, _UNCHANGEABLE)
        return
    if not after:
        yield invalid_value("spec.clusterIPs[0]", after, "primary clusterIP can not be unset")
    elif before and before[0] != after[0]:
        yield invalid_value("spec.clusterIPs[0]", after, _UNCHANGEABLE)
    if len(before) > len(after) == 1:
        yield from _released(wanted, "secondary clusterIP")


def _family_changes(wanted: Object, before: list[str]) -> Iterator[Problem]:
    after = wanted.get("ipFamilies") or []
    path = "spec.ipFamilies[0]"
    if len(before) == len(after):
        yield from (
            invalid_value(path, after, _UNCHANGEABLE) for was, now in zip(before, after, strict=True) if was != now
        )
        return
    shrinks = len(before) > len(after)
    if shrinks and not wanted.get("clusterIPs"):
        yield invalid_value(path, after, "primary ipFamily can not be unset")
    if before and after and before[0] != after[0]:
        yield invalid_value(path, wanted.get("clusterIPs"), _UNCHANGEABLE)
    if shrinks and len(after) == 1:
        yield from _released(wanted, "secondary ipFamily")


def _released(wanted: Object, what: str) -> Iterator[Problem]:
    policy = wanted.get("ipFamilyPolicy")
    if policy != SINGLE:
        yield invalid_value("spec.ipFamilyPolicy", policy, f"must be set to 'SingleStack' when releasing the {what}")
