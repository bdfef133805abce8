"""Amounts of resources in objects: their canonical form and their rules."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from fairway.kinds.rules.values import NON_NEGATIVE, dns_label, qualified_name
from fairway.objects import Object, names, quantity
from fairway.objects.errors import (
    Problem,
    duplicate,
    forbidden_value,
    invalid_value,
    not_found_value,
    not_supported,
    required,
)

_OF_CONTAINERS = ("cpu", "memory", "ephemeral-storage")
_STANDARD = frozenset(
    (
        *_OF_CONTAINERS, "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
        "persistentvolumeclaims", "storage", "services.nodeports", "services.loadbalancers",
        *(f"{side}.{name}" for side in ("requests", "limits") for name in _OF_CONTAINERS), "requests.storage",
    )
)  # fmt: skip

_COUNTED = frozenset(
    (
        "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    )
)  # fmt: skip
_OWN_DOMAIN, _REQUESTS, HUGE_PAGES = "kubernetes.io/", "requests.", "hugepages-"
_OF_WHOLE_PODS = ("cpu", "hugepages-", "memory")
_ONE = 10**9


def is_of_containers(name: str) -> bool:
    """Whether containers can ask for the resource of that plain name."""
    return name in _OF_CONTAINERS or name.startswith("hugepages-")


def is_standard(name: str) -> bool:
    """Whether anything can be counted in the resource of that plain name."""
    return name in _STANDARD or name.startswith(("hugepages-", "requests.hugepages-"))


def canonical_amount(value: object) -> object:
    """The canonical text of an amount; a malformed one stays as it is and fails validation."""
    try:
        return quantity.canonical(str(value))
    except ValueError:
        return value


def canonical_amounts(amounts: Object | None) -> None:
    """Rewrite every amount of a resource list."""
    for name, value in (amounts or {}).items():
        amounts[name] = canonical_amount(value)  # type: ignore[index]


def amount(path: str, value: object) -> Iterator[Problem]:
    """A well-formed amount that is not negative."""
    try:
        found = quantity.parse(str(value))
    except ValueError as error:
        yield invalid_value(path, value, str(error))
        return
    if found.nano < 0:
        yield invalid_value(path, str(value), NON_NEGATIVE)


def is_negative(value: object) -> bool:
    """Whether it is an amount below zero."""
    try:
        return value is not None and quantity.parse(str(value)).nano < 0
    except ValueError:
        return False


def whole(value: object) -> int:
    """A well-formed amount as a whole number, rounded away from zero."""
    nano = quantity.parse(str(value)).nano
    return -(-nano // _ONE) if nano > 0 else nano // _ONE


def is_native(name: str) -> bool:
    """Whether Kubernetes itself knows the resource: no domain, or its own."""
    return "/" not in name or _OWN_DOMAIN in name


def is_extended(name: str) -> bool:
    """Whether somebody else counts the resource."""
    return not (is_native(name) or name.startswith(_REQUESTS)) and names.is_qualified_name(f"{_REQUESTS}{name}")


def whole_amount(path: str, name: str, value: object) -> Iterator[Problem]:
    """An amount that is not negative, and no fraction of what comes in pieces."""
    faults = list(amount(path, value))
    yield from faults
    if (name in _COUNTED or is_extended(name)) and not faults and quantity.parse(str(value)).nano % _ONE:
        yield invalid_value(path, str(value), "must be an integer")


def resource_name(path: str, name: str) -> Iterator[Problem]:
    """A qualified name, or one of those that need no domain."""
    faults = list(qualified_name(path, name))
    yield from faults
    if not faults and "/" not in name and not is_standard(name):
        yield invalid_value(path, name, "must be a standard resource type or fully qualified")


def is_whole_pods(name: str) -> bool:
    """Whether a pod as a whole can ask for the resource of that name."""
    return name in ("cpu", "memory") or name.startswith(HUGE_PAGES)


def requirements(
    path: str, resources: Object | None, *, claims: Sequence[Object] | None = None, is_of_pod: bool = False
) -> Iterator[Problem]:
    """The resources of a container: known names, amounts, and no request above its limit.

    ``claims`` are those of the pod, which the container may use; ``is_of_pod``: the pod's own, beside its containers'.
    """
    name_problems = _pod_resource_name if is_of_pod else container_resource_name
    limits, requests = (resources or {}).get("limits") or {}, (resources or {}).get("requests") or {}
    for name, value in limits.items():
        yield from name_problems(f"{path}.limits[{name}]", name)
        yield from _entry(f"{path}.limits[{name}]", name, value)
    for name, value in requests.items():
        yield from name_problems(f"{path}.requests[{name}]", name)
        yield from _entry(f"{path}.requests[{name}]", name, value)
        can_be_shared = is_native(name) and not name.startswith(HUGE_PAGES)
        if name in limits:
            yield from _beside_limit(f"{path}.requests", name, str(value), str(limits[name]), can_differ=can_be_shared)
        elif not can_be_shared:
            yield required(f"{path}.limits", "Limit must be set for non overcommitable resources")
    asked = {*limits, *requests}
    if any(name.startswith(HUGE_PAGES) for name in asked) and asked.isdisjoint(("cpu", "memory")):
        yield forbidden_value(path, "HugePages require cpu or memory")
    yield from _claims(f"{path}.claims", (resources or {}).get("claims") or [], claims or [])


def _claims(path: str, found: list[Object], known: Sequence[Object]) -> Iterator[Problem]:
    """Claims that a container uses: each once, whole or one request of it, and all of them its pod's."""
    names_known = sorted({each["name"] for each in known if each.get("name")})
    seen: set[str] = set()
    for index, claim in enumerate(found):
        here, name, request = f"{path}[{index}]", claim.get("name") or "", claim.get("request") or ""
        if not name:
            yield required(here)
            continue
        if name in seen:
            yield duplicate(here, name)
        else:
            key = f"{name}/{request}" if request else name
            if request:
                yield from dns_label(f"{here}.request", request)
            if key in seen:
                yield duplicate(here, key)
            elif not request:
                yield from (duplicate(here, name) for one in seen if one.startswith(f"{name}/"))
            seen.add(key)
        if name not in names_known:
            which = f": {', '.join(names_known)}" if names_known else " which is empty"
            fault = not_found_value(here, name)
            detail = f"{fault.detail}: must be one of the names in pod.spec.resourceClaims{which}"
            yield replace(fault, detail=detail)


def _pod_resource_name(path: str, name: str) -> Iterator[Problem]:
    faults = list(resource_name(path, name))
    yield from faults
    if not faults and not is_whole_pods(name):
        yield not_supported(path, name, _OF_WHOLE_PODS)


def container_resource_name(path: str, name: str) -> Iterator[Problem]:
    """A resource that containers can ask for."""
    yield from resource_name(path, name)
    if "/" not in name:
        if not is_of_containers(name):
            yield invalid_value(path, name, "must be a standard resource for containers")
    elif not is_native(name) and not is_extended(name):
        yield invalid_value(path, name, "doesn't follow extended resource name standard")


def _entry(path: str, name: str, value: object) -> Iterator[Problem]:
    yield from whole_amount(path, name, value)
    if name.startswith(HUGE_PAGES) and not _is_of_pages(name, value):
        yield invalid_value(path, str(value), f"{value} is not positive integer multiple of {name}")


def _is_of_pages(name: str, value: object) -> bool:
    """Whether an amount of huge pages is one of whole pages."""
    try:
        page, found = quantity.parse(name.removeprefix(HUGE_PAGES)), quantity.parse(str(value))
    except ValueError:
        return False
    return page.nano > 0 and found.nano % page.nano == 0


def _beside_limit(path: str, name: str, request: str, limit: str, *, can_differ: bool) -> Iterator[Problem]:
    try:
        wanted, most = quantity.parse(request), quantity.parse(limit)
    except ValueError:
        return
    if not can_differ and wanted != most:
        yield invalid_value(path, request, f"must be equal to {name} limit of {limit}")
    elif wanted > most:
        yield invalid_value(path, request, f"must be less than or equal to {name} limit of {limit}")
