"""The name of a CSI driver, as every kind that names one judges it."""

from collections.abc import Iterator

from fairway.kinds.rules.values import each
from fairway.objects import names
from fairway.objects.errors import Problem, required, too_long

_NAME_MAX = 63


def driver_name(path: str, name: str) -> Iterator[Problem]:
    """A DNS subdomain, in any case, of 63 characters at most."""
    if not name:
        yield required(path)
    if len(name) > _NAME_MAX:
        yield too_long(path, _NAME_MAX)
    yield from each(path, name, names.dns_subdomain(name.lower()))
