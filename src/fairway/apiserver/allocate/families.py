"""Families: which of IPv4 and IPv6 a Service has, inferred from what it says and what the cluster offers.

Shape: ``infer`` sets ipFamilyPolicy and ipFamilies of the fresh ``new`` or raises what is wrong with them.
Source: KEP-563 (dual-stack), "Service IP allocation".
"""

from collections.abc import Iterator, Sequence

from fairway.kinds.rules import addresses
from fairway.kinds.service import cluster_ips
from fairway.kinds.service.cluster_ips import PREFER_DUAL, REQUIRE_DUAL, SINGLE
from fairway.kinds.service.transitions import NO_ADDRESS, needs_cluster_ip
from fairway.objects import Object
from fairway.objects.errors import Problem, StatusError, first, invalid, invalid_value

_POLICY = "spec.ipFamilyPolicy"


def infer(new: Object, old: Object | None, available: Sequence[str]) -> None:
    """Decide policy and families; ``available`` are the cluster's families, the primary one first.

    1. a missing policy is the old one's, RequireDualStack for headless without selector, else SingleStack
    2. the four fields must make sense by themselves
    3. SingleStack on an unchanged dual-stack Service drops the second address and family
    4. families follow from the addresses given
    5. a headless Service without selector may have families that the cluster lacks; all others may not
    6. what is still open is the primary family, and the other one if the policy wants both and the cluster has it

    Raises: ``StatusError`` 422.
    """
    spec = new["spec"]
    had = {} if old is None else old["spec"]
    if not needs_cluster_ip(spec) or is_settled(spec, had):
        return
    if spec.get("ipFamilyPolicy") is None:
        spec["ipFamilyPolicy"] = had.get("ipFamilyPolicy") or (REQUIRE_DUAL if _is_unmanaged(spec) else SINGLE)
    _refuse(new, cluster_ips.problems(spec, had.get("clusterIPs") or ()))
    if old is not None and spec["ipFamilyPolicy"] == SINGLE:
        _shrink(spec, had)
    _refuse(new, _mismatches(spec, had, available))
    if _is_unmanaged(spec):
        _add_other(spec, spec.get("ipFamilies") or [available[0]], (addresses.IPV4, addresses.IPV6))
        return
    _refuse(new, _unavailable(spec, available))
    _add_other(spec, spec.get("ipFamilies") or [available[0]], available)


def is_settled(spec: Object, had: Object) -> bool:
    """Whether nothing may be added or taken: PreferDualStack as before never follows a change of the cluster."""
    return bool(
        had
        and spec.get("ipFamilyPolicy") == PREFER_DUAL
        and had.get("ipFamilyPolicy") in (None, PREFER_DUAL)
        and spec["type"] == had["type"]
        and _same(spec, had, "clusterIPs")
        and _same(spec, had, "ipFamilies")
    )


def _same(spec: Object, had: Object, name: str) -> bool:
    return (spec.get(name) or []) == (had.get(name) or [])


def _is_unmanaged(spec: Object) -> bool:
    """Headless without selector: the addresses are whatever the user puts into the slices."""
    return spec.get("clusterIP") == NO_ADDRESS and not spec.get("selector")


def _refuse(new: Object, problems: Iterator[Problem]) -> None:
    found = first(problems)
    if found:
        raise refused(new, found)


def refused(new: Object, problems: Sequence[Problem]) -> StatusError:
    """422 of the Service."""
    return invalid("", "Service", new["metadata"].get("name", ""), problems)


def _shrink(spec: Object, had: Object) -> None:
    for name in ("clusterIPs", "ipFamilies"):
        if _same(spec, had, name) and len(spec.get(name) or ()) > 1:
            spec[name] = spec[name][:1]


def _mismatches(spec: Object, had: Object, available: Sequence[str]) -> Iterator[Problem]:
    """Policy against the numbers of addresses and families; the families of the addresses are added on the way."""
    policy = spec["ipFamilyPolicy"]
    ips, families = spec.get("clusterIPs") or [], spec.get("ipFamilies") or []
    if policy == SINGLE:
        wanted = "must be 'RequireDualStack' or 'PreferDualStack' when multiple {} are specified"
        if len(ips) == 2:
            yield invalid_value(_POLICY, policy, wanted.format("cluster IPs"))
        if len(families) == 2:
            yield invalid_value(_POLICY, policy, wanted.format("IP families"))
    else:
        if 0 < len(ips) < len(had.get("clusterIPs") or ()):
            yield invalid_value(_POLICY, policy, "must be 'SingleStack' to release the secondary cluster IP")
        if 0 < len(families) < len(had.get("ipFamilies") or ()):
            yield invalid_value(_POLICY, policy, "must be 'SingleStack' to release the secondary IP family")
    if ips and ips[0] != NO_ADDRESS:
        yield from _families_of(spec, ips, families, available)


def _families_of(spec: Object, ips: list[str], families: list[str], available: Sequence[str]) -> Iterator[Problem]:
    inferred = list(families)
    for index, ip in enumerate(ips):
        if index < len(inferred):
            continue
        family = addresses.family(ip)
        if family in available:
            inferred.append(family)
        else:
            yield invalid_value(f"spec.clusterIPs[{index}]", ips, f"{family} is not configured on this cluster")
    if inferred:
        spec["ipFamilies"] = inferred


def _unavailable(spec: Object, available: Sequence[str]) -> Iterator[Problem]:
    if spec["ipFamilyPolicy"] == REQUIRE_DUAL and len(available) < 2:
        yield invalid_value(_POLICY, REQUIRE_DUAL, "this cluster is not configured for dual-stack services")
    for index, family in enumerate(spec.get("ipFamilies") or ()):
        if family not in available:
            yield invalid_value(f"spec.ipFamilies[{index}]", family, "not configured on this cluster")


def _add_other(spec: Object, families: list[str], choice: Sequence[str]) -> None:
    if len(families) == 1 and spec["ipFamilyPolicy"] != SINGLE:
        families = families + [family for family in choice if family not in families]
    spec["ipFamilies"] = families
