"""Rules of a Pod's status, as node agents write it."""

from collections.abc import Iterator, Sequence

from fairway.kinds.rules import addresses
from fairway.kinds.rules.restarts import should_restart
from fairway.kinds.rules.values import dns_subdomain, qualified_name
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value

_CONDITIONS = ("PodScheduled", "Ready", "Initialized")


def status_problems(new: Object, old: Object) -> Iterator[Problem]:
    """Conditions well named, nothing that ended for good running again, addresses valid."""
    status, had = new.get("status") or {}, old.get("status") or {}
    for index, condition in enumerate(status.get("conditions") or ()):
        if condition.get("type") not in _CONDITIONS:
            yield from qualified_name(f"metadata.conditions[{index}].Type", condition.get("type") or "")
    nominated = status.get("nominatedNodeName")
    if nominated and nominated != had.get("nominatedNodeName"):
        yield from dns_subdomain("status.nominatedNodeName", nominated)
    spec = old["spec"]
    for name, field in (("containerStatuses", "containers"), ("initContainerStatuses", "initContainers")):
        yield from _transitions(name, status, had, spec.get(field) or (), spec.get("restartPolicy"))
    yield from _transitions("ephemeralContainerStatuses", status, had, (), "Never")
    yield from _addresses("status.podIPs", status.get("podIPs") or [])
    yield from _host_addresses(status)


def _transitions(
    name: str, status: Object, had: Object, containers: Sequence[Object], policy: str | None
) -> Iterator[Problem]:  # fmt: skip
    """What has ended for good stays so."""
    specs = {each.get("name"): each for each in containers}
    running = {each.get("name") for each in status.get(name) or () if not (each.get("state") or {}).get("terminated")}
    for index, before in enumerate(had.get(name) or ()):
        ended = (before.get("state") or {}).get("terminated")
        if not ended or before.get("name") not in running:
            continue
        if not should_restart(specs.get(before.get("name")) or {}, policy, ended.get("exitCode") or 0):
            yield forbidden_value(f"status.{name}[{index}].state", "may not be transitioned to non-terminated state")


def _addresses(path: str, found: list[Object]) -> Iterator[Problem]:
    ips = [each.get("ip") or "" for each in found]
    for index, ip in enumerate(ips):
        yield from addresses.ip(f"{path}[{index}]", ip)
    if len(ips) > 2 or len({addresses.family(ip) for ip in ips}) < len(ips):
        yield invalid_value(path, found, "may specify no more than one IP for each IP family")
    seen: set[str] = set()
    for index, ip in enumerate(ips):
        if ip in seen:
            yield duplicate(f"{path}[{index}]", found[index])
        seen.add(ip)


def _host_addresses(status: Object) -> Iterator[Problem]:
    found = status.get("hostIPs") or []
    if found and found[0].get("ip") != status.get("hostIP"):
        yield invalid_value("status.hostIPs[0].ip", found[0].get("ip"), "must be equal to `hostIP`")
    yield from _addresses("status.hostIPs", found)
