"""Amounts of resources in objects: their canonical form and their rules."""

from collections.abc import Iterator

from fairway.kinds.rules.values import NON_NEGATIVE, qualified_name
from fairway.objects import Object, quantity
from fairway.objects.errors import Problem, invalid_value

_OF_CONTAINERS = ("cpu", "memory", "ephemeral-storage")
_STANDARD = frozenset(
    (
        *_OF_CONTAINERS, "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
        "persistentvolumeclaims", "storage", "services.nodeports", "services.loadbalancers",
        *(f"{side}.{name}" for side in ("requests", "limits") for name in _OF_CONTAINERS), "requests.storage",
    )
)  # fmt: skip


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


def requirements(path: str, resources: Object | None) -> Iterator[Problem]:
    """The resources of a container: known names, amounts, and no request above its limit."""
    limits, requests = (resources or {}).get("limits") or {}, (resources or {}).get("requests") or {}
    for name, value in limits.items():
        yield from _entry(f"{path}.limits[{name}]", name, value)
    for name, value in requests.items():
        faults = list(_entry(f"{path}.requests[{name}]", name, value))
        yield from faults
        if faults or name not in limits:
            continue
        yield from _above(f"{path}.requests", name, str(value), str(limits[name]))


def _entry(path: str, name: str, value: object) -> Iterator[Problem]:
    faults = list(qualified_name(path, name))
    yield from faults
    if not faults and "/" not in name and not is_of_containers(name):
        yield invalid_value(path, name, "must be a standard resource for containers")
    yield from amount(path, value)


def _above(path: str, name: str, request: str, limit: str) -> Iterator[Problem]:
    try:
        is_above = quantity.parse(request) > quantity.parse(limit)
    except ValueError:
        return
    if is_above:
        yield invalid_value(path, request, f"must be less than or equal to {name} limit of {limit}")
    elif "/" in name and quantity.parse(request) != quantity.parse(limit):
        yield invalid_value(path, request, f"must be equal to {name} limit of {limit}")
