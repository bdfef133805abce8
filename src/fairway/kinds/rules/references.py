"""References: rules for fields that name another object by group, kind and name."""

from collections.abc import Iterator

from fairway.kinds.rules.values import dns_subdomain, each
from fairway.objects import Object, names
from fairway.objects.errors import Problem, required


def typed_reference(path: str, found: Object) -> Iterator[Problem]:
    """apiGroup, kind and name of an object whose kind need not be known here."""
    if (group := found.get("apiGroup")) is not None:
        yield from dns_subdomain(f"{path}.apiGroup", group)
    for name in ("kind", "name"):
        if value := found.get(name):
            yield from each(f"{path}.{name}", value, names.path_segment(value))
        else:
            yield required(f"{path}.{name}", f"{name} is required")
