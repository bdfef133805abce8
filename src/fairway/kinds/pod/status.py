"""Rules of a Pod's status, as node agents write it."""

from collections.abc import Iterator, Sequence

from fairway.kinds.rules import addresses
from fairway.kinds.rules.restarts import restarts_all, should_restart
from fairway.kinds.rules.values import INT32_MAX, dns_label, dns_subdomain, qualified_name
from fairway.objects import Object
from fairway.objects.errors import Problem, duplicate, forbidden_value, invalid_value, not_supported, required, too_long

_CONDITIONS = ("PodScheduled", "Ready", "Initialized")
_HEALTHS, _MESSAGE_MAX = ("Healthy", "Unhealthy", "Unknown"), 1024
_LISTS = {
    "containerStatuses": "containers", "initContainerStatuses": "initContainers",
    "ephemeralContainerStatuses": "ephemeralContainers",
}  # fmt: skip
_NOT_NEGATIVE = "must be a non-negative integer"


def status_problems(new: Object, old: Object) -> Iterator[Problem]:
    """Conditions well named, nothing that ended for good running again, addresses valid."""
    status, had, spec = new.get("status") or {}, old.get("status") or {}, old["spec"]
    yield from _conditions(status)
    yield from _nominated(status.get("nominatedNodeName"), had.get("nominatedNodeName"), spec)
    if (seen := status.get("observedGeneration") or 0) < 0:
        yield invalid_value("status.observedGeneration", seen, _NOT_NEGATIVE)
    if not restarts_all(spec):
        for name in ("containerStatuses", "initContainerStatuses"):
            yield from _transitions(name, status, had, spec.get(_LISTS[name]) or (), spec.get("restartPolicy"))
    yield from _transitions("ephemeralContainerStatuses", status, had, (), "Never")
    yield from _claims(status.get("resourceClaimStatuses") or (), spec.get("resourceClaims") or ())
    if (extended := status.get("extendedResourceClaimStatus")) is not None:
        yield from _extended(extended, spec)
    yield from _addresses("status.podIPs", status.get("podIPs") or [])
    yield from _host_addresses(status)
    for name, field in _LISTS.items():
        for index, each in enumerate(status.get(name) or ()):
            yield from _user(f"status.{name}[{index}].user.linux", each, spec)
            yield from _devices(f"status.{name}[{index}].allocatedResourcesStatus", each, field, spec)


def _conditions(status: Object) -> Iterator[Problem]:
    for index, condition in enumerate(status.get("conditions") or ()):
        here = f"status.conditions[{index}]"
        if (seen := condition.get("observedGeneration") or 0) < 0:
            yield invalid_value(f"{here}.observedGeneration", seen, _NOT_NEGATIVE)
        if condition.get("type") not in _CONDITIONS:
            yield from qualified_name(f"{here}.Type", condition.get("type") or "")


def _nominated(name: str | None, was: str | None, spec: Object) -> Iterator[Problem]:
    if not name or name == was:
        return
    yield from dns_subdomain("status.nominatedNodeName", name)
    if spec.get("nodeName"):
        yield forbidden_value("status.nominatedNodeName", "may not be set on pods that are already bound to a node")


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


def _claims(found: Sequence[Object], claims: Sequence[Object]) -> Iterator[Problem]:
    known, seen = {claim.get("name") for claim in claims}, set[str]()
    for index, status in enumerate(found):
        here, name = f"status.resourceClaimStatuses[{index}]", status.get("name") or ""
        if name not in known:
            yield invalid_value(f"{here}.name", name, "must match the name of an entry in `spec.resourceClaims`")
        if name in seen:
            yield duplicate(f"{here}.name", name)
        seen.add(name)
        if (claim := status.get("resourceClaimName")) is not None:
            yield from dns_subdomain(f"{here}.resourceClaimName", claim)


def _extended(found: Object, spec: Object) -> Iterator[Problem]:
    """The claim that was made for resources which devices stand for.  Source: KEP-5004."""
    path, mappings = "status.extendedResourceClaimStatus", found.get("requestMappings") or ()
    if not mappings:
        yield required(f"{path}.requestMappings", "at least one request mapping is required")
    known = {each.get("name"): each for field in ("initContainers", "containers") for each in spec.get(field) or ()}
    seen: set[tuple[str, str, str]] = set()
    for index, mapping in enumerate(mappings):
        here = f"{path}.requestMappings[{index}]"
        names = ("containerName", "resourceName", "requestName")
        container, resource, request = key = tuple(mapping.get(name) or "" for name in names)
        if container not in known:
            text = "must match the name of an entry in spec.initContainers.name or spec.containers.name"
            yield invalid_value(f"{here}.containerName", container, text)
        elif resource not in ((known[container].get("resources") or {}).get("requests") or ()):
            lists = "spec.initContainers.resources.requests or spec.containers.resources.requests"
            text = f"must match the extended resource name of an entry in {lists}"
            yield invalid_value(f"{here}.resourceName", resource, text)
        yield from dns_label(f"{path}.requestName", request)
        if key in seen:
            yield from (duplicate(f"{here}.{name}", value) for name, value in zip(names, key, strict=True))
        seen.add((container, resource, request))
    if claim := found.get("resourceClaimName"):
        yield from dns_subdomain(f"{path}.resourceClaimName", claim)
    else:
        yield required(f"{path}.resourceClaimName")


def _user(path: str, status: Object, spec: Object) -> Iterator[Problem]:
    user = (status.get("user") or {}).get("linux")
    if user is None:
        return
    if (spec.get("os") or {}).get("name") == "windows":
        yield forbidden_value(path, "cannot be set for a windows pod")
        return
    groups = [
        (f"supplementalGroups[{place}]", group) for place, group in enumerate(user.get("supplementalGroups") or ())
    ]
    for name, number in (("uid", user.get("uid") or 0), ("gid", user.get("gid") or 0), *groups):
        if not 0 <= number <= INT32_MAX:
            yield invalid_value(f"{path}.{name}", number, f"must be between 0 and {INT32_MAX}, inclusive")


def _devices(path: str, status: Object, field: str, spec: Object) -> Iterator[Problem]:
    """How devices of a container are.  Source: KEP-4680."""
    found = status.get("allocatedResourcesStatus") or ()
    if found and field == "ephemeralContainers":
        yield forbidden_value(path, "must not be specified in container status")
        return
    container = next((each for each in spec.get(field) or () if each.get("name") == status.get("name")), None)
    for index, resource in enumerate(found):
        name = resource.get("name") or ""
        if container is not None and (text := _unknown(name, container.get("resources") or {})):
            yield invalid_value(f"{path}[{index}].name", name, text)
        yield from _healths(f"{path}[{index}].resources", resource.get("resources") or ())


def _unknown(name: str, resources: Object) -> str:
    if not name.startswith("claim:"):
        is_known = name in (resources.get("requests") or ())
        return "" if is_known else "must match one of the container's resource requests"
    claims = [f"claim:{each.get('name')}" + f"/{each.get('request') or ''}".rstrip("/") for each in
              resources.get("claims") or ()]  # fmt: skip
    return "" if name in claims else (
        "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or"
        " 'claim:<claimName>' if request is empty"
    )  # fmt: skip


def _healths(path: str, found: Sequence[Object]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, resource in enumerate(found):
        health, message = resource.get("health") or "", resource.get("message")
        if health not in _HEALTHS:
            yield not_supported(f"{path}[{index}].health", health, _HEALTHS)
        if message is not None and not message:
            yield required(f"{path}[{index}].message", "must be non-empty if specified")
        elif message and len(message.encode(errors="surrogatepass")) > _MESSAGE_MAX:
            yield too_long(f"{path}[{index}].message", _MESSAGE_MAX)
        id_ = resource.get("resourceID") or ""
        if id_ in seen:
            yield duplicate(f"{path}[{index}].resourceID", id_)
        seen.add(id_)


def _addresses(path: str, found: list[Object]) -> Iterator[Problem]:
    ips = [each.get("ip") or "" for each in found]
    for index, ip in enumerate(ips):
        yield from addresses.ip(f"{path}[{index}]", ip)
    if len(ips) > 2 or len({addresses.family(ip) for ip in ips}) < len(ips):
        yield invalid_value(path, found, "may specify no more than one IP for each IP family")


def _host_addresses(status: Object) -> Iterator[Problem]:
    found = status.get("hostIPs") or []
    if found and found[0].get("ip") != status.get("hostIP"):
        yield invalid_value("status.hostIPs[0].ip", found[0].get("ip"), "must be equal to `hostIP`")
    yield from _addresses("status.hostIPs", found)
