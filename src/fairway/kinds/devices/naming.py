"""Names of pools, attributes and counters of devices."""

from collections.abc import Iterator

from fairway.kinds.rules.driver_name import driver_name
from fairway.kinds.rules.values import dns_subdomain, each
from fairway.objects import names
from fairway.objects.errors import Problem, invalid_value, required, too_long

_POOL_MAX, _IDENTIFIER_MAX = 253, 32
_NO_DOMAIN = "a fully qualified name must be a domain and a name separated by a slash"
ATTRIBUTE_MAX = 63 + 1 + _IDENTIFIER_MAX
"""Characters of the name of an attribute or capacity: domain, slash, identifier."""


def pool_name(path: str, name: str) -> Iterator[Problem]:
    """DNS subdomains with slashes between them."""
    if not name:
        yield required(path)
        return
    if len(name) > _POOL_MAX:
        yield too_long(path, _POOL_MAX)
    for part in name.split("/"):
        yield from dns_subdomain(path, part)


def attribute(path: str, name: str) -> Iterator[Problem]:
    """An identifier, which may stand behind the domain of a driver.

    More than one slash goes unnoticed, as it does upstream.
    """
    domain, slash, identifier = name.partition("/")
    if not slash:
        yield from _identifier(path, name)
    elif "/" not in identifier:
        yield from driver_name(path, domain) if domain else [invalid_value(path, "", "the domain must not be empty")]
        yield from (
            _identifier(path, identifier) if identifier else [invalid_value(path, "", "the name must not be empty")]
        )


def qualified_attribute(path: str, name: str) -> Iterator[Problem]:
    """An attribute with its domain."""
    yield from attribute(path, name)
    if "/" not in name:
        yield invalid_value(path, name, _NO_DOMAIN)


def _identifier(path: str, name: str) -> Iterator[Problem]:
    if len(name) > _IDENTIFIER_MAX:
        yield too_long(path, _IDENTIFIER_MAX)
    yield from each(path, name, names.identifier(name))


def label_name(path: str, name: str) -> Iterator[Problem]:
    """The name of a label: ``name`` or ``dns.subdomain/name``."""
    return each(path, name, names.qualified_name(name))
